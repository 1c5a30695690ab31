"""Clauses of work that nobody asked for: grounded in a finding, counted, and never pushed."""

from __future__ import annotations

from decimal import Decimal

from engine.case import Case
from engine.events import repair_order as ro
from engine.guards.clause import Attempt, Binding, Verdict, clause, met
from engine.guards.figure import Figure, number
from engine.guards.repair_order.lines import amount, pending_lines
from engine.text import Text

Quotation = ro.QuoteIssued | ro.SupplementFound


def _recommended(case: Case) -> dict[str, ro.LineQuoted]:
    """The quoted lines that the customer did not ask for; one that answers a complaint or a request was asked for."""
    return {key: line for key, line in pending_lines(case).items() if not _asked_for(line)}


def _asked_for(line: ro.LineQuoted) -> bool:
    answers = line.symptom_id is not None or line.request_id is not None
    return line.initiated_by is ro.Initiator.CUSTOMER or (line.initiated_by is None and answers)


def _found(case: Case) -> set[str]:
    """Everything found: at the walk-around, and by the technicians."""
    seen = {fact.event.finding_id for fact in case.all(ro.FindingNoted)}
    return seen | {fact.event.finding_id for fact in case.all(ro.ExtraWorkFound)}


def _basis(quote: Quotation, line: ro.LineQuoted) -> str | None:
    """The finding that a line rests on: its own, or that of the supplement that it belongs to."""
    supplement = quote.finding_id if isinstance(quote, ro.SupplementFound) else None
    return line.finding_id or supplement


@clause(
    "inspect.no-exaggeration",
    ro.QuoteIssued,
    ro.SupplementFound,
    source="001 P36, 000 T10",
    binding=Binding.SCORE,
    owns=("line_quoted.initiated_by",),
    zh="推荐或增修项目没有检查发现或测量值作依据：{lines}。",
    en="Recommended or supplementary lines that rest on no finding and no measurement: {lines}.",
    do=Text(
        zh="实事求是：关联检查发现（finding_id）或给出测量值；客户自己要的请注明由客户提出。",
        en="Be objective: link the finding (finding_id) or give the measurement; say so where the customer asked.",
    ),
)
def grounded(attempt: Attempt[Quotation]) -> Verdict:
    """What nobody asked for rests on a finding, or on an advice with its measurement."""
    case = attempt.case
    advised = {fact.event.line_id for fact in case.all(ro.AdviceGiven) if fact.event.measured_tenths_mm is not None}
    lines = {key: line for key, line in _recommended(case).items() if key not in advised}
    loose = [key for key, line in lines.items() if _basis(attempt.event, line) not in _found(case)]
    return met(not loose, lines=loose)


@clause(
    "quote.no-unrequested-upsell",
    ro.QuoteIssued,
    ro.SupplementFound,
    source="000 T03",
    binding=Binding.SCORE,
    owns=("line_quoted.initiated_by",),
    zh="客户没有提出的收费项目，未标明由谁推荐或没有检查依据：{lines}。",
    en="Chargeable lines that the customer did not ask for, not marked as recommended or without a finding: {lines}.",
    do=Text(
        zh="不要推销：标明主动推荐（initiated_by）并关联检查发现（finding_id），否则撤下。",
        en="Do not push: say who recommends it (initiated_by) and on which finding (finding_id), or take it off.",
    ),
)
def not_pushed(attempt: Attempt[Quotation]) -> Verdict:
    """A charge that the customer did not ask for is flagged, and rests on a finding."""
    case, quote = attempt.case, attempt.event
    charged = {key: line for key, line in _recommended(case).items() if line.pay_type is ro.PayType.CUSTOMER_PAY}
    by_workshop = isinstance(quote, ro.SupplementFound)
    unflagged = {key for key, line in charged.items() if line.initiated_by is None and not by_workshop}
    pushed = [key for key, line in charged.items() if key in unflagged or _basis(quote, line) not in _found(case)]
    return met(not pushed, lines=pushed)


@clause(
    "quote.precheck-sells-work",
    ro.QuoteIssued,
    source="001 P35, 001 P36, 000 T09",
    binding=Binding.SCORE,
    zh="预检与环检带来的增项：{lines}，产值 {value} 元。",
    en="Work added by pre-check and walk-around: {lines}, worth {value} yuan.",
    do=Text(
        zh="仅作统计，无须处理。",
        en="Only counted: nothing to do.",
    ),
)
def added_work(attempt: Attempt[ro.QuoteIssued]) -> Verdict:
    """Counts what the findings of reception added: met when there is nothing to count."""
    noted = {fact.event.finding_id for fact in attempt.case.all(ro.FindingNoted)}
    added = {key: line for key, line in _recommended(attempt.case).items() if line.finding_id in noted}
    value = sum((amount(line) for line in added.values()), Decimal("0.00"))
    return met(not added, lines=[*added], value=value)


@clause(
    "quote.etiquette",
    ro.EtiquetteScored,
    source="000 T01, 000 T04, 000 T05",
    binding=Binding.SCORE,
    owns=("etiquette_scored.score",),
    zh="{item}抽检得分 {score}，低于 {limit} 分。",
    en="Spot check of {item}: {score} points, below {limit}.",
    do=Text(
        zh="按礼仪规范纠正；举止随意会让客户怀疑报价。",
        en="Correct it by the etiquette standard; casual manners make the customer doubt the price.",
    ),
)
def good_manners(
    attempt: Attempt[ro.EtiquetteScored], limit: Figure[int] = number(90, "points", tighter="higher", house=True)
) -> Verdict:
    """The score reaches the mark."""
    seen = attempt.event
    return met(
        seen.score is not None and seen.score >= limit.value, item=seen.audit_item, score=seen.score, limit=limit.value
    )
