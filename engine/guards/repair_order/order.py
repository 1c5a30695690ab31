"""Questions that many guards of a repair order ask of its history. One home for each; none of them judges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

from engine.case import Case, Fact
from engine.events import repair_order as ro
from engine.events.event import Event
from engine.guards.clause import Attempt

E = TypeVar("E", bound=Event)


def put_or_last(attempt: Attempt[Event], kind: type[E], *after: type[Event]) -> E | None:
    """The fact of a kind that is being put, else the last one on the case: for clauses that judge at two steps.

    What was recorded before one of the kinds in `after` no longer counts: a rework or a new print voids it.
    """
    if isinstance(attempt.event, kind):
        return attempt.event
    fact = attempt.case.last(kind)
    voiding = [mark.version for mark in map(attempt.case.last, after) if mark is not None]
    return fact.event if fact is not None and fact.version > max(voiding, default=0) else None


def since(facts: Iterable[Fact[E]], mark: Fact[Event] | None) -> list[E]:
    """The facts recorded after a mark (all of them without one)."""
    return [fact.event for fact in facts if mark is None or fact.version > mark.version]


def latest(facts: Iterable[E], key: str) -> dict[str, E]:
    """The last fact of each id."""
    return {getattr(fact, key): fact for fact in facts}


def purposes(case: Case) -> frozenset[ro.Purpose]:
    """Why the customer came, as recorded last."""
    fact = case.last(ro.PurposeRecorded)
    return (fact.event.purposes if fact else None) or frozenset()


def kit_on(case: Case) -> bool:
    """A kit with pieces was fitted since the vehicle came (or came back), and not removed."""
    fitted = case.last(ro.KitFitted)
    if fitted is None or not fitted.event.kit_pieces:
        return False
    later = [case.last(ro.KitRemoved), case.last(ro.VehicleReturned)]
    return all(fact is None or fact.version < fitted.version for fact in later)


def complaints(case: Case) -> dict[str, ro.ComplaintRecorded]:
    """The complaints that stand on the order."""
    closed = {fact.event.symptom_id for fact in case.all(ro.ComplaintClosed)}
    recorded = latest((fact.event for fact in case.all(ro.ComplaintRecorded)), "symptom_id")
    return {symptom: complaint for symptom, complaint in recorded.items() if symptom not in closed}


def checks(case: Case) -> dict[str, ro.SymptomChecked]:
    """The last check of each symptom."""
    return latest((fact.event for fact in case.all(ro.SymptomChecked)), "symptom_id")


def unreproduced(case: Case, symptom: str) -> bool:
    """The symptom did not show when it was checked, and was not seen since."""
    check = checks(case).get(symptom)
    seen = {fact.event.symptom_id for fact in case.all(ro.SymptomSeen)}
    return check is not None and check.reproduced is False and symptom not in seen


def _issues(case: Case) -> list[Fact[Event]]:
    """The quotation's revisions: each time that lines were put to the customer."""
    return sorted((*case.all(ro.QuoteIssued), *case.all(ro.SupplementFound)), key=lambda fact: fact.version)


def pending_lines(case: Case) -> dict[str, ro.LineQuoted]:
    """The lines quoted since the last revision: what the next one will hold."""
    issues = _issues(case)
    return latest(since(case.all(ro.LineQuoted), issues[-1] if issues else None), "line_id")


def signed_lines(case: Case) -> dict[str, ro.LineQuoted]:
    """The lines of every signed revision; a line quoted anew and signed again replaces itself."""
    signed: dict[str, ro.LineQuoted] = {}
    issues = _issues(case)
    for signature in case.all(ro.OrderSigned):
        before = [0, 0, *(issue.version for issue in issues if issue.version < signature.version)]
        signed |= _as_put(case, *before[-2:])
    return signed


def _as_put(case: Case, after: int, until: int) -> dict[str, ro.LineQuoted]:
    """The lines of one revision as they stood when put to the customer: a later correction changes nothing signed."""
    noted: dict[int, ro.LineQuoted] = {}
    for fact in case.history:
        if isinstance(fact.event, ro.LineQuoted) and fact.version < until:
            noted[fact.event.corrects or fact.version] = fact.event
    return latest((line for version, line in noted.items() if version > after), "line_id")


def is_signed(case: Case) -> bool:
    """Some revision of the order is signed."""
    return case.last(ro.OrderSigned) is not None


def is_supplement(case: Case, signature: ro.OrderSigned) -> bool:
    """The signature is for a supplement: the order was signed before, and this does not correct that signature."""
    signed = case.all(ro.OrderSigned)
    return bool(signed) and signature.corrects != signed[0].version


def points(case: Case) -> dict[str, ro.PointConfirmed]:
    """The last answer to each of the five confirmations."""
    return latest((fact.event for fact in case.all(ro.PointConfirmed)), "point")


def parts_used(lines: Mapping[str, ro.LineQuoted]) -> bool:
    """Some line has a part."""
    return any(line.part_no is not None for line in lines.values())


def is_maintenance(case: Case) -> bool:
    """The visit is for maintenance, or a signed line is maintenance work."""
    work = {line.operation_kind for line in signed_lines(case).values()}
    return ro.Purpose.MAINTENANCE in purposes(case) or ro.OperationKind.MAINTENANCE_WORK in work


def amount(line: ro.LineQuoted | ro.StatementLineListed) -> Decimal:
    """Labour and part of one line, in yuan."""
    return (line.labour_amount or Decimal(0)) + (line.parts_amount or Decimal(0))


def customer_pays(line: ro.LineQuoted | None) -> bool:
    """The line goes to the customer's account; what nobody quoted does too."""
    return line is None or line.pay_type in {None, ro.PayType.CUSTOMER_PAY}


def estimate(case: Case) -> Decimal:
    """The signed estimate of the customer's account: every signed revision together."""
    return sum((amount(line) for line in signed_lines(case).values() if customer_pays(line)), Decimal("0.00"))


def statement(case: Case) -> dict[str, ro.StatementLineListed]:
    """The statement's lines since quality control passed, each as listed last."""
    return latest(since(case.all(ro.StatementLineListed), case.last(ro.QcPassed)), "line_id")


def billed(case: Case) -> dict[str, ro.StatementLineListed]:
    """The operations on the statement; advice lines bill nothing."""
    return {key: line for key, line in statement(case).items() if line.line_type is not ro.LineType.ADVICE}


def total(case: Case) -> Decimal:
    """What the statement asks of the customer."""
    signed = signed_lines(case)
    return sum(
        (amount(line) for key, line in billed(case).items() if customer_pays(signed.get(key))),
        Decimal("0.00"),
    )


def open_advice(case: Case) -> dict[str, ro.AdviceGiven]:
    """Advice that no signed line carries out."""
    signed = signed_lines(case)
    given = latest((fact.event for fact in case.all(ro.AdviceGiven)), "advice_id")
    return {key: advice for key, advice in given.items() if advice.line_id not in signed}
