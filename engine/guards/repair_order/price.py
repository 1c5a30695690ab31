"""Clauses of the price: what is billed is what was told, signed or decided."""

from __future__ import annotations

from decimal import Decimal

from engine.events import repair_order as ro
from engine.guards.clause import Attempt, Verdict, clause, met
from engine.guards.figure import Figure, percent
from engine.guards.repair_order.lines import amount, billed, estimate, signed_lines, total
from engine.guards.repair_order.order import latest
from engine.text import Text

Billing = ro.StatementPrinted | ro.Paid


@clause(
    "settle.price-matches-quote",
    ro.StatementPrinted,
    ro.Paid,
    source="001 P58",
    owns=("statement_line_listed.labour_amount", "line_price_decided.decision"),
    zh="结算单与签字报价逐项不符：{differences}；未列出：{unlisted}。",
    en="The statement differs from the signed quotation: {differences}; not listed: {unlisted}.",
    do=Text(
        zh="按报价改正，或由经理裁定差异（line_price_decided），再打印。",
        en="Correct the line to the quotation, or have a manager decide it (line_price_decided); then print.",
    ),
)
def price_matches_quote(attempt: Attempt[Billing]) -> Verdict:
    """Every signed line is listed; none is above its quotation undecided. A lower actual price is in order."""
    case, decided = attempt.case, _decisions(attempt)
    signed, listed = signed_lines(case), billed(case)
    differences = [key for key, line in listed.items() if key not in decided and not _as_told(line, signed.get(key))]
    unlisted = sorted(set(signed) - set(listed))
    return met(not differences and not unlisted, differences=differences, unlisted=unlisted)


def _as_told(line: ro.StatementLineListed, told: ro.LineQuoted | None) -> bool:
    if told is None or line.labour_amount is None:
        return False
    return line.labour_amount <= (told.labour_amount or 0) and (line.parts_amount or 0) <= (told.parts_amount or 0)


def _decisions(attempt: Attempt[Billing]) -> dict[str, ro.LinePriceDecided]:
    made = latest((fact.event for fact in attempt.case.all(ro.LinePriceDecided)), "line_id")
    return {key: decided for key, decided in made.items() if decided.decision is not None}


@clause(
    "settle.variance-10pct",
    ro.StatementPrinted,
    ro.Paid,
    source="001 P60, 001 P58",
    owns=("total_decided.approved_total", "total_decided.consent_evidence"),
    zh="结算金额 {total} 元超过签字估价 {estimate} 元的 {limit}%，须有签字增项或经理处理决定。",
    en="The total of {total} yuan exceeds the signed estimate of {estimate} by more than {limit} %: "
    "a signed supplement or a manager's decision is needed.",
    do=Text(
        zh="由客户签增项，或由经理在客户同意下裁定总额（total_decided）。",
        en="Have a supplement signed, or a manager decide the total with the customer's consent (total_decided).",
    ),
)
def settlement_within_estimate(
    attempt: Attempt[Billing], limit: Figure[Decimal] = percent("10", tighter="lower")
) -> Verdict:
    """At most the limit above the signed estimate, or within a total decided with consent."""
    asked, signed = total(attempt.case), estimate(attempt.case)
    fact = attempt.case.last(ro.TotalDecided)
    decided = fact.event if fact else ro.TotalDecided()
    approved = decided.approved_total is not None and decided.consent_evidence is not None
    within = asked * 100 <= signed * (100 + limit.value) or (approved and asked <= (decided.approved_total or 0))
    return met(within, total=asked, estimate=signed, limit=limit.value)


@clause(
    "settle.unannounced-increase-blocked",
    ro.StatementPrinted,
    ro.Paid,
    source="001 P59, 001 P58",
    owns=("line_price_decided.decision", "line_price_decided.consent_evidence"),
    zh="未告知客户的涨价不得转嫁：{lines}。",
    en="Increases that the customer was not told of may not be passed on: {lines}.",
    do=Text(
        zh="由经理裁定：按原报价结算、换回原件，或取得客户同意并留凭证。",
        en="Have a manager decide: bill as quoted, put the quoted part, or get the customer's consent with evidence.",
    ),
)
def increases_are_decided(attempt: Attempt[Billing]) -> Verdict:
    """A line above what was signed needs a manager's decision to charge it, with the customer's consent."""
    signed, decided = signed_lines(attempt.case), _decisions(attempt)
    risen = {
        key
        for key, line in billed(attempt.case).items()
        if amount(line) > (amount(signed[key]) if key in signed else 0)
    }
    consented = {
        key
        for key, made in decided.items()
        if made.decision is ro.PriceDecision.CUSTOMER_CONSENTS and made.consent_evidence is not None
    }
    return met(risen <= consented, lines=sorted(risen - consented))


@clause(
    "settle.overestimate-billed-at-actual",
    ro.Paid,
    source="001 P58",
    owns=("paid.amount",),
    zh="收取 {amount} 元，高于结算单的实际金额 {actual} 元（或未登记）。",
    en="{amount} yuan were taken; the statement's actual amount is {actual} (or nothing was recorded).",
    do=Text(
        zh="按实际内容计价收款；估价签高了也不例外。",
        en="Charge the actual amount, even where a higher estimate was signed.",
    ),
)
def billed_at_actual(attempt: Attempt[ro.Paid]) -> Verdict:
    """No more is taken than the statement says."""
    taken, actual = attempt.event.amount, total(attempt.case)
    return met(taken is not None and taken <= actual, amount=taken, actual=actual)
