"""Clauses of the statement: everything is on it, in definite words, printed and checked again."""

from __future__ import annotations

from engine.case import Case
from engine.events import repair_order as ro
from engine.guards.clause import NOT_CONCERNED, Attempt, Binding, Verdict, clause, met
from engine.guards.repair_order.lines import amount, billed, lines_with_part, open_advice, signed_lines, statement
from engine.guards.repair_order.order import latest, put_or_last, since
from engine.text import Text

Billing = ro.StatementPrinted | ro.Paid


@clause(
    "settle.all-payables-listed",
    ro.StatementPrinted,
    ro.Paid,
    source="001 P60",
    owns=("statement_line_listed.parts_amount", "statement_line_listed.result"),
    zh="结算单没有列全：缺作业 {operations}，缺备件费 {parts}，结果没写或与维修报告不符 {results}。",
    en="The statement is not complete: operations that are missing {operations}, parts without a charge {parts}, "
    "results not stated as reported {results}.",
    do=Text(
        zh="把做过的每项作业、用过的备件和维修报告上的结果列上结算单，再打印。",
        en="List every operation done, every part used and the result as reported; then print.",
    ),
)
def payables_listed(attempt: Attempt[Billing]) -> Verdict:
    """What was done is listed; a part has its charge, though it be nothing; a result is the one reported."""
    case, listed = attempt.case, billed(attempt.case)
    reports = latest((fact.event for fact in case.all(ro.OperationReported)), "line_id")
    results = {key: report.result for key, report in reports.items()}
    operations = [key for key, result in results.items() if result is ro.OperationResult.DONE and key not in listed]
    parts = [key for key in lines_with_part(case) if key in listed and listed[key].parts_amount is None]
    unstated = [key for key, line in listed.items() if line.result is None or line.result is not results.get(key)]
    return met(not (operations or parts or unstated), operations=operations, parts=parts, results=unstated)


@clause(
    "settle.no-vague-item",
    ro.StatementPrinted,
    ro.Paid,
    source="001 P45, 001 P61",
    owns=("statement_line_listed.worded_from",),
    zh="结算单项目含糊或与维修报告不符：{lines}。",
    en="Statement lines that are vague or not what the repair report says: {lines}.",
    do=Text(
        zh="按维修报告改写为所做作业，不得照抄报修描述。",
        en="Word them as the report says what was done, not as the complaint.",
    ),
)
def lines_are_definite(attempt: Attempt[Billing]) -> Verdict:
    """Each operation is worded by the repair report, and reported."""
    reported = {fact.event.line_id for fact in attempt.case.all(ro.OperationReported)}
    vague = [
        key
        for key, line in billed(attempt.case).items()
        if line.worded_from is not ro.WordedFrom.REPAIR_REPORT or key not in reported
    ]
    return met(not vague, lines=vague)


@clause(
    "settle.advice-lines-printed",
    ro.StatementPrinted,
    ro.Paid,
    source="001 P61, 001 P60",
    owns=("statement_line_listed.advice_id",),
    zh="未印在结算单上的建议：{advice}。",
    en="Advice not printed on the statement: {advice}.",
    do=Text(
        zh="把每条建议作为文字行印在结算单上。",
        en="Print each as an advice line; the statement is the customer's only record.",
    ),
)
def advice_is_printed(attempt: Attempt[Billing]) -> Verdict:
    """Every open advice is a line of the statement."""
    printed = {line.advice_id for line in statement(attempt.case).values() if line.line_type is ro.LineType.ADVICE}
    missing = sorted(set(open_advice(attempt.case)) - printed)
    return met(not missing, advice=missing)


@clause(
    "settle.wear-parts-noted",
    ro.StatementPrinted,
    ro.Paid,
    source="001 P63, 001 P64",
    owns=(
        "advice_given.wear_part",
        "advice_given.replace_before",
        "advice_given.noted_on_order",
        "advice_given.measured_tenths_mm",
    ),
    zh="下次保养前须更换的损耗件未在委托书上注明是哪一件、测量状况如何：{advice}。",
    en="Wear parts due before the next service are not noted on the order with what they are and their measurement: "
    "{advice}.",
    do=Text(
        zh="在委托书上注明损耗件并附测量值（更正 advice_given）。",
        en="Note each part on the order with the measured value (correct advice_given).",
    ),
)
def wear_parts_noted(attempt: Attempt[Billing]) -> Verdict:
    """What wears out before the next service stands on the order, measured; and when it wears out is known."""
    unnoted = [key for key, advice in open_advice(attempt.case).items() if not _is_noted(advice)]
    return met(not unnoted, advice=unnoted)


def _is_noted(advice: ro.AdviceGiven) -> bool:
    due = {ro.ReplaceBefore.NOW, ro.ReplaceBefore.BEFORE_NEXT_SERVICE}
    measured = advice.wear_part is not None and advice.measured_tenths_mm is not None
    noted = advice.noted_on_order is True and measured
    return advice.replace_before is not None and (noted or advice.replace_before not in due)


@clause(
    "settle.statement-from-dms",
    ro.StatementPrinted,
    ro.Paid,
    source="001 P60, 001 P25",
    owns=("statement_printed.statement_no", "statement_printed.printed_from"),
    zh="结算单须由品牌DMS统一打印（现为：{printed_from}，单号：{number}）。",
    en="The statement must be the one printed by the brand DMS (here: {printed_from}, number: {number}).",
    do=Text(zh="在DMS中打印统一结算单。", en="Print the uniform statement from the DMS."),
)
def statement_from_dms(attempt: Attempt[Billing]) -> Verdict:
    """Printed by the DMS, with its number, since the last line was listed."""
    printed = put_or_last(attempt, ro.StatementPrinted, ro.QcPassed, ro.StatementLineListed) or ro.StatementPrinted()
    uniform = printed.printed_from is ro.PrintedFrom.DMS and printed.statement_no is not None
    return met(uniform, printed_from=printed.printed_from, number=printed.statement_no)


@clause(
    "settle.statement-rechecked",
    ro.CustomerNotified,
    ro.Paid,
    source="001 P60",
    zh="结算单打印后尚未复核。",
    en="The statement was not checked again after printing.",
    do=Text(
        zh="复核结算单（statement_rechecked），再通知客户。",
        en="Check it again (statement_rechecked), then call the customer.",
    ),
)
def statement_rechecked(attempt: Attempt[ro.CustomerNotified | ro.Paid]) -> Verdict:
    """Checked again since it was printed."""
    printed = attempt.case.last(ro.StatementPrinted)
    return met(printed is not None and bool(since(attempt.case.all(ro.StatementRechecked), printed)))


@clause(
    "settle.by-account-type",
    ro.Paid,
    source="001 P60",
    owns=("statement_printed.account_type", "statement_printed.given_to_customer"),
    binding=Binding.NOTE,
    zh="本单有多个账类（{accounts}），须各打一张结算单，只把客账的交给客户：已打 {printed}，交给客户 {given}。",
    en="This order has several accounts ({accounts}): each has its own statement, and the customer gets only his. "
    "Printed {printed}, given to the customer {given}.",
    do=Text(
        zh="按账类分别打印；索赔、保险、内部结算单留存，不交客户。",
        en="Print one for each account; keep those of warranty, insurance and the house.",
    ),
)
def accounts_apart(attempt: Attempt[ro.Paid]) -> Verdict:
    """A statement for each account that pays something; the customer gets the customer's."""
    accounts = _accounts(attempt.case)
    if len(accounts) <= 1:
        return NOT_CONCERNED
    prints = since(attempt.case.all(ro.StatementPrinted), attempt.case.last(ro.QcPassed))
    printed = {one.account_type for one in prints if one.account_type is not None}
    given = {one.account_type or "other" for one in prints if one.given_to_customer}
    fine = accounts <= printed and given == accounts & {ro.AccountType.CUSTOMER}
    return met(fine, accounts=accounts, printed=printed, given=given)


_ACCOUNTS = {
    ro.PayType.WARRANTY: ro.AccountType.WARRANTY,
    ro.PayType.INSURANCE_PAY: ro.AccountType.INSURANCE,
    ro.PayType.GOODWILL: ro.AccountType.INTERNAL,
    ro.PayType.FREE: ro.AccountType.INTERNAL,
}
"""Who pays what the customer does not."""


def _accounts(case: Case) -> set[ro.AccountType]:
    """The accounts that some line of the statement charges."""
    signed = signed_lines(case)
    payers = [signed[key].pay_type if key in signed else None for key, line in billed(case).items() if amount(line)]
    return {_ACCOUNTS.get(payer, ro.AccountType.CUSTOMER) if payer else ro.AccountType.CUSTOMER for payer in payers}
