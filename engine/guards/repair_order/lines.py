"""Lines: what stands on an order in print: quoted, put to the customer, signed, listed on the statement, billed.

Must live here: questions about lines and their money that several clauses ask. Must not be known here: any clause.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from engine.case import Case, Fact
from engine.events import repair_order as ro
from engine.events.event import Event
from engine.guards.repair_order.order import latest, purposes, since


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
