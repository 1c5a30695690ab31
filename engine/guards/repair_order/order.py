"""Questions that many guards of a repair order ask of its history. One home for each; none of them judges."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TypeVar

from engine.case import Case, Fact
from engine.events import repair_order as ro
from engine.events.event import Event
from engine.guards.clause import Attempt

E = TypeVar("E", bound=Event)
_CHINA = timezone(timedelta(hours=8))


def put_or_last(attempt: Attempt[Event], kind: type[E], *after: type[Event]) -> E | None:
    """The fact of a kind that is being put, else the last one on the case: for clauses that judge at two steps.

    What was recorded before one of the kinds in `after` no longer counts: a rework or a new print voids it.
    """
    if isinstance(attempt.event, kind):
        return attempt.event
    fact = standing(attempt.case, kind, *after)
    return fact.event if fact else None


def standing(case: Case, kind: type[E], *after: type[Event]) -> Fact[E] | None:
    """The last fact of a kind that nothing has voided: recorded after the last one of each kind in `after`."""
    fact = case.last(kind)
    return fact if fact is not None and all(fact.after(case.last(mark)) for mark in after) else None


def happened(attempt: Attempt[Event]) -> datetime:
    """When the thing happened: a correction stands at the time of the fact that it corrects."""
    corrected = (fact for fact in attempt.case.all(type(attempt.event)) if fact.version == attempt.event.corrects)
    return next((fact.occurred_at for fact in corrected), attempt.at)


def earlier(attempt: Attempt[Event], kind: type[E]) -> list[Fact[E]]:
    """The facts of a kind recorded before this one: a correction stands in the place of the fact that it corrects."""
    place = attempt.event.corrects
    return [fact for fact in attempt.case.all(kind) if place is None or fact.version < place]


def waited(attempt: Attempt[Event], start: Fact[Event] | None) -> timedelta:
    """How long after another fact this one happened; no time at all without that fact."""
    return happened(attempt) - start.occurred_at if start else timedelta(0)


def whole_minutes(span: timedelta) -> int:
    """A span in minutes, one begun counted as a whole one: what came too late never looks in time."""
    return -(-span // timedelta(minutes=1))


def day_of(attempt: Attempt[Event]) -> date:
    """The day on the floor, in China, on which it happened; of a time to come, which is refused, it is today."""
    return min(happened(attempt), attempt.recorded_at).astimezone(_CHINA).date()


ARRIVALS: tuple[type[Event], ...] = (ro.VehicleCheckedIn, ro.VehicleReturned)
"""What begins a visit: a vehicle under observation comes back for another one."""


def arrival(case: Case) -> Fact[Event] | None:
    """The start of this visit."""
    came = [fact for kind in ARRIVALS for fact in case.all(kind)]
    return max(came, key=lambda fact: fact.version, default=None)


def first_this_visit(attempt: Attempt[Event]) -> bool:
    """Nothing of its kind was recorded before it since the vehicle came."""
    return not since(earlier(attempt, type(attempt.event)), arrival(attempt.case))


def at_peak(case: Case) -> bool:
    """Reception is in peak mode on this visit."""
    return standing(case, ro.PeakRaised, *ARRIVALS) is not None


def since(facts: Iterable[Fact[E]], mark: Fact[Event] | None) -> list[E]:
    """The facts recorded after a mark (all of them without one)."""
    return [fact.event for fact in facts if fact.after(mark)]


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
    return all(fitted.after(case.last(kind)) for kind in (ro.KitRemoved, ro.VehicleReturned))


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


def undecided(case: Case) -> list[str]:
    """The complaints that nobody said can be judged directly."""
    known = checks(case)
    return [key for key in complaints(case) if key not in known or known[key].directly_judgeable is not True]


def open_plans(case: Case) -> list[str]:
    """The undecided complaints that showed, and whose cause the workshop has not found: their repair plan is open."""
    shown = {key for key, check in checks(case).items() if check.reproduced is True}
    found = {fact.event.symptom_id for fact in case.all(ro.CauseDetermined)}
    return [key for key in undecided(case) if key in shown - found]


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
    for signature in case.all(ro.OrderSigned):
        put = [issue for issue in _issues(case) if signature.after(issue)]
        signed |= _as_put(case, put[-1]) if put else {}
    return signed


def put_lines(case: Case) -> dict[str, ro.LineQuoted]:
    """The lines of the last revision as they were put to the customer: what the next signature signs."""
    issues = _issues(case)
    return _as_put(case, issues[-1]) if issues else {}


def lines_of(case: Case, revision: ro.QuoteIssued | ro.SupplementFound) -> dict[str, ro.LineQuoted]:
    """The lines that a revision puts to the customer; a correction of it puts the same ones again."""
    corrected = [issue for issue in _issues(case) if issue.version == revision.corrects]
    return _as_put(case, corrected[0]) if corrected else pending_lines(case)


def _as_put(case: Case, issue: Fact[Event]) -> dict[str, ro.LineQuoted]:
    """The lines of one revision as they stood when put to the customer: a later correction changes nothing signed."""
    before = [other for other in _issues(case) if issue.after(other)]
    own = {fact.version for fact in case.all(ro.LineQuoted) if fact.after(before[-1] if before else None)}
    stood: dict[int, ro.LineQuoted] = {}
    for fact in case.history:
        if isinstance(fact.event, ro.LineQuoted) and issue.after(fact):
            stood[fact.event.corrects or fact.version] = fact.event
    return latest((line for version, line in stood.items() if version in own), "line_id")


def is_signed(case: Case) -> bool:
    """Some revision of the order is signed."""
    return case.last(ro.OrderSigned) is not None


def is_supplement(case: Case, signature: ro.OrderSigned) -> bool:
    """The signature is for a supplement: the order was signed before, and this does not correct that signature."""
    signed = case.all(ro.OrderSigned)
    return bool(signed) and signature.corrects != signed[0].version


def promised_at(case: Case) -> datetime | None:
    """The promised time in force: the first, or the last confirmed since; a supplement's waits for its signature."""
    signed = case.last(ro.OrderSigned)
    promises = [(fact.version, fact.event.promised_at) for fact in case.all(ro.OrderSigned)]
    promises += [(fact.version, fact.event.new_promised_at) for fact in case.all(ro.EtaChanged)]
    for fact in case.all(ro.SupplementFound):
        if signed is not None and signed.after(fact):
            promises.append((fact.version, fact.event.new_promised_at))
    return max((one for one in promises if one[1] is not None), default=(0, None))[1]


def points(case: Case) -> dict[str, ro.PointConfirmed]:
    """The last answer to each of the five confirmations."""
    return latest((fact.event for fact in case.all(ro.PointConfirmed)), "point")


def is_maintenance(case: Case) -> bool:
    """The visit is for maintenance, or a signed line is maintenance work."""
    work = {line.operation_kind for line in signed_lines(case).values()}
    return ro.Purpose.MAINTENANCE in purposes(case) or ro.OperationKind.MAINTENANCE_WORK in work


def is_overhaul(case: Case) -> bool:
    """A signed line repairs a major accident or overhauls an assembly."""
    return any(line.operation_kind is ro.OperationKind.OVERHAUL for line in signed_lines(case).values())


def lines_with_part(case: Case) -> dict[str, ro.LineQuoted]:
    """The signed lines that put a part in, and so take an old one out."""
    return {key: line for key, line in signed_lines(case).items() if line.part_no is not None}


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
