"""Clauses of the quotation. A supplement is a revision of it, so most hold for both."""

from __future__ import annotations

from collections.abc import Iterable

from engine.events import repair_order as ro
from engine.guards.clause import Attempt, Binding, Verdict, clause, met
from engine.guards.repair_order.lines import billed, lines_of, pending_lines
from engine.guards.repair_order.order import latest, open_plans
from engine.text import Text

Quotation = ro.QuoteIssued | ro.SupplementFound


@clause(
    "inspect.customer-acknowledges-condition",
    ro.QuoteIssued,
    source="000 T41, 000 T09",
    owns=("condition_acknowledged.condition_signature",),
    zh="客户尚未签名认可车况记录。",
    en="The customer has not signed the recorded condition of the vehicle.",
    do=Text(zh="请客户在环检单或工单上签名认可。", en="Have the customer sign the walk-around sheet or the order."),
)
def condition_acknowledged(attempt: Attempt[ro.QuoteIssued]) -> Verdict:
    """The condition is signed before the quotation."""
    fact = attempt.case.last(ro.ConditionAcknowledged)
    return met(fact is not None and fact.event.condition_signature is not None)


@clause(
    "quote.items-price-eta",
    ro.QuoteIssued,
    ro.SupplementFound,
    source="001 P40, 000 T31, 000 T35, 001 P22",
    owns=("quote_issued.eta", "quote_issued.explained", "line_quoted.labour_amount"),
    zh="报价不完整：未列工时费的项目 {unpriced}，共 {lines} 项，预计完工 {eta}，已解释 {explained}。",
    en="The quotation is incomplete: lines without a labour price {unpriced}, lines {lines}, completion "
    "{eta}, explained {explained}.",
    do=Text(
        zh="补齐项目、工时与备件价、预计完工时间并向客户解释。",
        en="Complete lines, prices and completion time, and explain them.",
    ),
)
def items_price_eta(attempt: Attempt[Quotation]) -> Verdict:
    """Lines with prices, a completion time, and an explanation; a supplement tells its own time and reason."""
    quote = attempt.event
    lines = lines_of(attempt.case, quote)
    unpriced = sorted(key for key, line in lines.items() if line.labour_amount is None)
    if isinstance(quote, ro.SupplementFound):
        told = quote.told_to_customer
        return met(not unpriced, unpriced=unpriced, lines=len(lines), eta=quote.new_promised_at, explained=told)
    whole = bool(lines) and not unpriced and quote.eta is not None and quote.explained is True
    return met(whole, unpriced=unpriced, lines=len(lines), eta=quote.eta, explained=quote.explained)


@clause(
    "quote.payer-known-per-item",
    ro.QuoteIssued,
    ro.SupplementFound,
    source="001 P31",
    owns=("line_quoted.pay_type", "line_quoted.charge_accepted"),
    zh="承担方未定的项目：{unknown}；客户未认可收费的项目：{unaccepted}。",
    en="Lines without a payer: {unknown}; lines whose charge the customer has not accepted: {unaccepted}.",
    do=Text(
        zh="逐项确定承担方；收费项目先告知并取得认可。",
        en="Decide who pays each line; tell charges and have them accepted.",
    ),
)
def payer_known(attempt: Attempt[Quotation]) -> Verdict:
    """Each line has a payer, and each charge the customer's acceptance."""
    lines = pending_lines(attempt.case)
    unknown = sorted(key for key, line in lines.items() if line.pay_type is None)
    charged = {key: line for key, line in lines.items() if line.pay_type is ro.PayType.CUSTOMER_PAY}
    unaccepted = sorted(key for key, line in charged.items() if line.charge_accepted is not True)
    return met(not unknown and not unaccepted, unknown=unknown, unaccepted=unaccepted)


@clause(
    "quote.no-free-promise-before-diagnosis",
    ro.QuoteIssued,
    ro.SupplementFound,
    source="001 P32, 001 P31",
    owns=("line_quoted.payer_status",),
    zh="车间确定原因之前，不得承诺免费或索赔：{lines}。",
    en="Free or warranty work may not be promised before the workshop knows the cause: {lines}.",
    do=Text(
        zh="改为“暂定”，待车间登记原因后再确定。",
        en="Mark it provisional until the workshop has recorded the cause.",
    ),
)
def no_free_promise(attempt: Attempt[Quotation]) -> Verdict:
    """Warranty and free repairs stay provisional until the workshop's cause."""
    causes = {fact.event.symptom_id for fact in attempt.case.all(ro.CauseDetermined)}
    promised = [key for key, line in pending_lines(attempt.case).items() if _promised(line, causes)]
    return met(not promised, lines=promised)


def _promised(line: ro.LineQuoted, causes: set[str]) -> bool:
    if line.pay_type not in {ro.PayType.WARRANTY, ro.PayType.FREE}:
        return False
    if line.payer_status is ro.PayerStatus.CONFIRMED:
        needs_cause = line.pay_type is ro.PayType.WARRANTY or line.symptom_id is not None
        return needs_cause and line.symptom_id not in causes
    return line.payer_status is None


@clause(
    "quote.warranty-risk-disclosed",
    ro.QuoteIssued,
    ro.SupplementFound,
    source="001 P40, 001 P31, 001 P32, 001 P41",
    owns=("risk_disclosed.risk_reason", "risk_disclosed.possible_charge", "risk_disclosed.consent_signature"),
    zh="索赔可能不成立的项目未告知收费风险并取得同意：{lines}。",
    en="Warranty lines whose possible charge is not disclosed and consented to: {lines}.",
    do=Text(
        zh="告知可能的原因与金额，请客户签字同意。",
        en="Disclose the reason and the amount, and have the customer sign.",
    ),
)
def warranty_risk_disclosed(attempt: Attempt[Quotation]) -> Verdict:
    """A warranty line that may still be refused has its charge disclosed and signed for."""
    disclosed = {fact.event.line_id for fact in attempt.case.all(ro.RiskDisclosed) if _signed(fact.event)}
    candidates = {
        key
        for key, line in pending_lines(attempt.case).items()
        if line.pay_type is ro.PayType.WARRANTY and line.payer_status is not ro.PayerStatus.CONFIRMED
    }
    return met(candidates <= disclosed, lines=sorted(candidates - disclosed))


def _signed(risk: ro.RiskDisclosed) -> bool:
    return None not in {risk.risk_reason, risk.possible_charge, risk.consent_signature}


@clause(
    "quote.inspection-fee-consent",
    ro.QuoteIssued,
    ro.SupplementFound,
    ro.OperationStarted,
    ro.StatementPrinted,
    source="001 P41, 001 P40",
    owns=("inspection_fee_agreed.inspection_fee", "inspection_fee_agreed.consent_signature"),
    zh="诊断需拆解，未报明检查拆装费并取得客户同意：{lines}。",
    en="The diagnosis needs dismantling, and its fee was not told and consented to: {lines}.",
    do=Text(
        zh="先报明索赔不成立时的检查拆装费，请客户签字同意（inspection_fee_agreed）；未同意的不得拆、不得收。",
        en="Tell the fee that is due if warranty is refused and have it signed for (inspection_fee_agreed); without "
        "that, neither dismantle nor charge.",
    ),
)
def dismantling_fee_agreed(
    attempt: Attempt[ro.QuoteIssued | ro.SupplementFound | ro.OperationStarted | ro.StatementPrinted],
) -> Verdict:
    """Before a line that needs dismantling is put, begun or billed, its fee is told and consented to."""
    quoted = latest((fact.event for fact in attempt.case.all(ro.LineQuoted)), "line_id")
    agreed = {fact.event.line_id for fact in attempt.case.all(ro.InspectionFeeAgreed) if _consented(fact.event)}
    dismantled = {key for key, line in quoted.items() if line.dismantling_needed}
    lines = sorted(key for key in _concerned(attempt) if key in dismantled - agreed)
    return met(not lines, lines=lines)


def _concerned(
    attempt: Attempt[ro.QuoteIssued | ro.SupplementFound | ro.OperationStarted | ro.StatementPrinted],
) -> Iterable[str]:
    """The lines that are put, begun or billed."""
    match attempt.event:
        case ro.OperationStarted(line_id=line_id):
            return [line_id]
        case ro.StatementPrinted():
            return billed(attempt.case)
        case _:
            return pending_lines(attempt.case)


def _consented(fee: ro.InspectionFeeAgreed) -> bool:
    return fee.inspection_fee is not None and fee.consent_signature is not None


@clause(
    "quote.next-step-time-and-contact",
    ro.QuoteIssued,
    source="001 P40",
    binding=Binding.NOTE,
    owns=("next_step_agreed.plan_due_at", "next_step_agreed.contact_channel", "next_step_agreed.contact"),
    zh="故障已重现而方案未定，没有约定确定方案的时间与联系方式：{symptoms}。",
    en="Faults that showed and whose plan is open, without an agreed time and contact: {symptoms}.",
    do=Text(
        zh="与客户约定何时确定方案、怎样联系并登记（next_step_agreed）。",
        en="Agree when the plan will be settled and how to reach the customer, and record it (next_step_agreed).",
    ),
)
def next_step_agreed(attempt: Attempt[ro.QuoteIssued]) -> Verdict:
    """Each fault whose plan is open has a time at which it will be settled, a channel and a contact."""
    agreed = latest((fact.event for fact in attempt.case.all(ro.NextStepAgreed)), "symptom_id")
    loose = [symptom for symptom in open_plans(attempt.case) if not _reachable(agreed.get(symptom))]
    return met(not loose, symptoms=loose)


def _reachable(step: ro.NextStepAgreed | None) -> bool:
    if step is None or step.contact is None:
        return False
    return step.contact.ok and step.plan_due_at is not None and step.contact_channel is not None


@clause(
    "quote.part-source-and-stock-checked",
    ro.QuoteIssued,
    ro.SupplementFound,
    source="001 P59, 002 L21",
    owns=("line_quoted.part_origin", "stock_checked.in_stock"),
    zh="备件来源未注明：{unsourced}；报价前未查库存：{unchecked}。",
    en="Parts without an origin: {unsourced}; parts whose stock was not checked before the price was told: "
    "{unchecked}.",
    do=Text(
        zh="注明国产、进口等来源，查询库存后再报价。",
        en="State the origin and check the stock before telling the price.",
    ),
)
def part_source_and_stock(attempt: Attempt[Quotation]) -> Verdict:
    """Each part has an origin and a stock check."""
    parts = [line for line in pending_lines(attempt.case).values() if line.part_no is not None]
    looked_up = {fact.event.part_no for fact in attempt.case.all(ro.StockChecked) if fact.event.in_stock is not None}
    unsourced = [line.line_id for line in parts if line.part_origin is None]
    unchecked = [line.line_id for line in parts if line.part_no not in looked_up]
    return met(not unsourced and not unchecked, unsourced=unsourced, unchecked=unchecked)
