"""Clauses of the order as a paper: whose it is, what it is counted as, what stands on it."""

from __future__ import annotations

from decimal import Decimal

from engine.case import Case
from engine.events import repair_order as ro
from engine.guards.clause import NOT_CONCERNED, Attempt, Binding, Verdict, clause, met
from engine.guards.repair_order.lines import amount, customer_pays, is_supplement, put_lines
from engine.guards.repair_order.order import latest, since, standing
from engine.text import Text

_QUOTED = (ro.LineQuoted, ro.QuoteIssued)
"""What a printed order says; a correction of it makes the paper say something else."""


@clause(
    "order.customer-data-verified",
    ro.OrderSigned,
    source="001 P42, 000 T32",
    owns=("customer_data_verified.owner_phone",),
    zh="客户资料未核实（电话有效：{phone_ok}，有出入：{deviation}，已在系统改正：{corrected}）。",
    en="The customer's data are not verified (phone valid: {phone_ok}, deviation: {deviation}, corrected in "
    "the DMS: {corrected}).",
    do=Text(
        zh="核对电话等资料，不符的先在DMS改正再打印。",
        en="Verify phone and data; correct deviations in the DMS before printing.",
    ),
)
def customer_data_verified(attempt: Attempt[ro.OrderSigned]) -> Verdict:
    """A valid phone, and every deviation corrected first."""
    if is_supplement(attempt.case, attempt.event):
        return NOT_CONCERNED
    fact = attempt.case.last(ro.CustomerDataVerified)
    data = fact.event if fact else ro.CustomerDataVerified()
    phone_ok = data.owner_phone is not None and data.owner_phone.ok
    sound = phone_ok and (not data.deviation_found or data.corrected_in_dms is True)
    return met(sound, phone_ok=phone_ok, deviation=data.deviation_found, corrected=data.corrected_in_dms)


@clause(
    "order.sender-phone",
    ro.OrderSigned,
    source="001 P43",
    owns=("sender_identified.sender_name", "sender_identified.sender_phone"),
    zh="送修人非车主，须登记姓名（{name}）与有效电话（{phone}）。",
    en="The sender is not the owner: name ({name}) and a valid telephone ({phone}) must be on the order.",
    do=Text(zh="补登送修人姓名与电话。", en="Record the sender's name and telephone."),
)
def sender_can_be_reached(attempt: Attempt[ro.OrderSigned]) -> Verdict:
    """A sender who is not the owner has a name and a telephone on the order."""
    fact = attempt.case.last(ro.SenderIdentified)
    if fact is None or fact.event.sender_is_owner is not False:
        return NOT_CONCERNED
    name, phone = fact.event.sender_name, fact.event.sender_phone
    name_ok, phone_ok = name is not None and name.ok, phone is not None and phone.ok
    return met(name_ok and phone_ok, name=name_ok, phone=phone_ok)


@clause(
    "order.free-requests-listed",
    ro.OrderSigned,
    source="001 P44",
    binding=Binding.NOTE,
    zh="客户提出的免费小问题未列入委托书：{requests}。",
    en="Free requests of the customer are not on the order: {requests}.",
    do=Text(
        zh="把每个小问题列为委托书项目，以免技师遗漏。",
        en="List each as a line of the order, so that the technician cannot forget it.",
    ),
)
def free_requests_listed(attempt: Attempt[ro.OrderSigned]) -> Verdict:
    """Each free request is a line of the order."""
    listed = {fact.event.request_id for fact in attempt.case.all(ro.LineQuoted)}
    asked = latest((fact.event for fact in attempt.case.all(ro.RequestRecorded)), "request_id")
    missing = [key for key, request in asked.items() if request.chargeable is False and key not in listed]
    return met(not missing, requests=missing)


@clause(
    "order.repair-category",
    ro.OrderSigned,
    source="003 M01, 002 L25, 002 L16",
    binding=Binding.NOTE,
    owns=("vehicle_checked_in.order_origin", "quote_issued.repair_category"),
    zh="委托书没有标明来源（{origin}）或维修类别（{category}）。",
    en="The order carries no origin ({origin}) or no repair category ({category}).",
    do=Text(
        zh="补上来源和维修类别（更正 vehicle_checked_in、quote_issued）。",
        en="Add both (correct vehicle_checked_in, quote_issued).",
    ),
)
def categorised(attempt: Attempt[ro.OrderSigned]) -> Verdict:
    """Where the order comes from, and what it is counted as."""
    if is_supplement(attempt.case, attempt.event):
        return NOT_CONCERNED
    arrival, quote = attempt.case.last(ro.VehicleCheckedIn), attempt.case.last(ro.QuoteIssued)
    origin = arrival.event.order_origin if arrival else None
    category = quote.event.repair_category if quote else None
    return met(origin is not None and category is not None, origin=origin, category=category)


@clause(
    "order.printed-contract",
    ro.OrderSigned,
    source="001 P42, 000 T35",
    owns=("order_printed.paper", "order_printed.line_ids", "order_printed.estimate", "order_printed.eta"),
    zh="委托书不是按要签的报价打印的：已打印 {printed}，打印后有改动 {changed}，与报价不符 {differences}"
    "（纸上估价 {estimate} 元，报价 {quoted} 元）。",
    en="The paper is not the quotation to be signed: printed {printed}, changed since {changed}, different "
    "{differences} (estimate on paper {estimate} yuan, quoted {quoted}).",
    do=Text(
        zh="按现在的报价打印委托书（order_printed），再请客户签字。",
        en="Print the order from the quotation as it is now (order_printed); then have it signed.",
    ),
)
def printed_as_quoted(attempt: Attempt[ro.OrderSigned]) -> Verdict:
    """The signed paper was printed after the last change, and says what was put: lines, estimate, completion.

    What was written by hand at peak has no print, until it is entered in the DMS.
    """
    case, event = attempt.case, attempt.event
    if event.corrects is not None or is_supplement(case, event) or _handwritten(case):
        return NOT_CONCERNED
    fact = case.last(ro.OrderPrinted)
    paper = fact.event if fact else ro.OrderPrinted()
    changed = fact is not None and any(isinstance(event, _QUOTED) for event in since(case.history, fact))
    quoted = sum((amount(line) for line in put_lines(case).values() if customer_pays(line)), Decimal("0.00"))
    differences = _differences(case, paper, quoted)
    return met(
        paper.paper is not None and not changed and not differences,
        printed=paper.paper is not None,
        changed=changed,
        differences=differences,
        estimate=paper.estimate,
        quoted=quoted,
    )


def _differences(case: Case, paper: ro.OrderPrinted, quoted: Decimal) -> list[ro.Point]:
    """What the paper says otherwise than the quotation."""
    quote = case.last(ro.QuoteIssued)
    same = {
        ro.Point.ITEMS: paper.line_ids == put_lines(case).keys(),
        ro.Point.PRICE: paper.estimate == quoted,
        ro.Point.ETA: quote is not None and paper.eta == quote.event.eta,
    }
    return [point for point, agrees in same.items() if not agrees]


def _handwritten(case: Case) -> bool:
    by_hand = standing(case, ro.OrderHandwritten, ro.HandwrittenOrderEntered)
    return by_hand is not None and by_hand.event.image is not None


@clause(
    "order.unclear-item-handwritten",
    ro.OrderSigned,
    source="001 P45",
    binding=Binding.NOTE,
    owns=("line_quoted.definite",),
    zh="项目还不明确，却直接机打成了标准项目：{lines}。",
    en="Lines that are not definite yet and were printed as standard operations: {lines}.",
    do=Text(
        zh="不明确的用手工描述，结算时再按维修报告整理；已明确的请标明。",
        en="Keep what is unclear as free text until the repair report; mark what is definite.",
    ),
)
def unclear_is_free_text(attempt: Attempt[ro.OrderSigned]) -> Verdict:
    """Only what is definite is a coded operation."""
    unclear = [
        key for key, line in put_lines(attempt.case).items() if line.operation_code and line.definite is not True
    ]
    return met(not unclear, lines=unclear)
