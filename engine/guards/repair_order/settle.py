"""Clauses of settlement: documents, notice, the customer's copy, the cashier."""

from __future__ import annotations

from engine.case import Case, Fact
from engine.events import repair_order as ro
from engine.events.event import Event
from engine.guards.clause import Attempt, Binding, Verdict, clause, met
from engine.guards.figure import Figure, minutes
from engine.guards.repair_order.lines import is_maintenance, lines_with_part
from engine.guards.repair_order.order import (
    at_peak,
    earlier,
    happened,
    put_or_last,
    since,
    standing,
    waited,
    whole_minutes,
)
from engine.text import Text


@clause(
    "peak.handwritten-order-entered",
    ro.OrderHandwritten,
    ro.Paid,
    source="001 P25",
    owns=("order_handwritten.image",),
    zh="手写单仅限高峰（高峰：{peak}），须留影像（已留：{image}），结算前须补录DMS（已补录：{entered}）。",
    en="Handwritten orders are for peak mode only (peak: {peak}), kept as an image (kept: {image}) and entered in the "
    "DMS before settlement (entered: {entered}).",
    do=Text(
        zh="拍下手写单存档；事后补录进DMS（handwritten_order_entered）。",
        en="Keep an image of the paper; enter the order in the DMS afterwards (handwritten_order_entered).",
    ),
)
def handwritten_is_entered(attempt: Attempt[ro.OrderHandwritten | ro.Paid]) -> Verdict:
    """Written by hand at peak only and the paper kept; entered before settlement."""
    peak, written = at_peak(attempt.case), attempt.case.last(ro.OrderHandwritten)
    if isinstance(attempt.event, ro.OrderHandwritten):
        image = attempt.event.image is not None
        return met(peak and image, peak=peak, image=image, entered=False)
    entered = bool(since(attempt.case.all(ro.HandwrittenOrderEntered), written))
    image = written is not None and written.event.image is not None
    return met(entered or written is None, peak=peak, image=image, entered=entered)


@clause(
    "settle.documents-ready",
    ro.DocumentsReadied,
    ro.Paid,
    source="001 P62",
    owns=(
        "documents_readied.order_advice_signed",
        "documents_readied.statement_signed_by_advisor",
        "documents_readied.maintenance_sheet_signed",
        "documents_readied.parts_issue_slip_id",
        "documents_readied.booklet_stamped",
        "documents_readied.next_service_entered",
    ),
    zh="交车单据未备齐：{missing}。",
    en="Documents of delivery that are not ready: {missing}.",
    do=Text(
        zh="备齐委托书建议、结算单、保养单、出库单、保养手册。",
        en="Complete order advice, statement, sheet, issue slip and booklet.",
    ),
)
def documents_ready(attempt: Attempt[ro.DocumentsReadied | ro.Paid]) -> Verdict:
    """All five; sheet and booklet after a maintenance, the issue slip where parts were used."""
    papers = put_or_last(attempt, ro.DocumentsReadied, ro.QcPassed) or ro.DocumentsReadied()
    paper = ro.DeliveryPaper
    needed = [paper.ORDER_ADVICE, paper.STATEMENT]
    if is_maintenance(attempt.case):
        needed += [paper.MAINTENANCE_SHEET, paper.BOOKLET, paper.NEXT_SERVICE]
    if lines_with_part(attempt.case):
        needed.append(paper.ISSUE_SLIP)
    missing = [one for one in needed if not getattr(papers, one)]
    return met(not missing, missing=missing)


@clause(
    "settle.customer-notified-at-once",
    ro.CustomerNotified,
    ro.Paid,
    source="001 P66, 000 T01",
    owns=("customer_notified.channel", "customer_notified.result", "customer_notified.retry_at"),
    binding=Binding.CLOCK,
    zh="通知取车不及时或记录不全：晚 {minutes_late} 分钟（限 {limit} 分钟内），方式 {channel}，结果 {result}，"
    "再次联系 {retry_at}，看板已更新 {board}。",
    en="The notice to collect came late or is not complete: {minutes_late} minutes late (within {limit} minutes), by "
    "{channel}, {result}, next try {retry_at}, board updated {board}.",
    do=Text(
        zh="备好即通知；没联系上的登记下次联系时间并更新看板，直到联系上。",
        en="Call as soon as all is ready; when nobody answers record the next try and update the board until reached.",
    ),
)
def notified_at_once(
    attempt: Attempt[ro.CustomerNotified | ro.Paid],
    limit: Figure[int] = minutes(10, tighter="lower", house=True),
) -> Verdict:
    """A notice comes in time and says what came of it; by payment somebody was reached."""
    paying = isinstance(attempt.event, ro.Paid)
    notice = put_or_last(attempt, ro.CustomerNotified, ro.QcPassed) or ro.CustomerNotified()
    late = 0 if paying else _minutes_late(attempt, limit.value)
    board = not paying or _board_knows(attempt.case)
    reached = notice.result is ro.NoticeResult.REACHED
    told = notice.channel is not None and notice.result is not None and (reached or notice.retry_at is not None)
    return met(
        late == 0 and told and board and (reached or not paying),
        minutes_late=late,
        limit=limit.value,
        channel=notice.channel,
        result=notice.result,
        retry_at=notice.retry_at,
        board=board,
    )


def _minutes_late(attempt: Attempt[ro.CustomerNotified | ro.Paid], limit: int) -> int:
    """The first notice is due when all is prepared, the next one when it was planned."""
    before = since(earlier(attempt, ro.CustomerNotified), attempt.case.last(ro.QcPassed))
    if before:
        planned = before[-1].retry_at
        return max(whole_minutes(happened(attempt) - planned), 0) if planned else 0
    return max(whole_minutes(waited(attempt, _prepared(attempt.case))) - limit, 0)


def _prepared(case: Case) -> Fact[Event] | None:
    """What completed the preparation: the documents, or the statement checked again."""
    documents, recheck = (standing(case, kind, ro.QcPassed) for kind in (ro.DocumentsReadied, ro.StatementRechecked))
    return max(documents, recheck, key=lambda fact: fact.occurred_at) if documents and recheck else None


def _board_knows(case: Case) -> bool:
    """A customer who was not told in person is away: the board was updated after the first such notice."""
    passed, in_person = case.last(ro.QcPassed), ro.NoticeChannel.IN_PERSON
    notices = [fact for fact in case.all(ro.CustomerNotified) if fact.after(passed)]
    away = [fact for fact in notices if fact.event.channel is not in_person]
    return not away or bool(since(case.all(ro.BoardUpdated), away[0]))


@clause(
    "settle.customer-copy-returned",
    ro.CustomerCopyReturned,
    ro.Paid,
    source="001 P65, 001 P46",
    owns=(
        "customer_copy_returned.customer_copy_no",
        "customer_copy_lost.identity_checked",
        "copy_loss_accepted.manager_note",
    ),
    zh="未收回本单的客户联（应为 {expected}，收到 {returned}）。",
    en="The customer copy of this order is not back (expected {expected}, returned {returned}).",
    do=Text(
        zh="收回客户联；遗失的核验身份（customer_copy_lost）并由经理备注（copy_loss_accepted）。",
        en="Take the copy back; when lost, check the identity (customer_copy_lost) and have a manager note "
        "it (copy_loss_accepted).",
    ),
)
def copy_is_back(attempt: Attempt[ro.CustomerCopyReturned | ro.Paid]) -> Verdict:
    """The copy that was handed out is back, or its loss is checked and noted by a manager."""
    case = attempt.case
    handed = case.all(ro.OrderSigned)
    expected = handed[0].event.customer_copy_no if handed else None
    copy = put_or_last(attempt, ro.CustomerCopyReturned)
    returned = copy.customer_copy_no if copy else None
    lost, note = case.last(ro.CustomerCopyLost), case.last(ro.CopyLossAccepted)
    checked = lost is not None and lost.event.identity_checked is True
    noted = note is not None and note.event.manager_note is not None and note.event.manager_note.ok
    return met(
        (returned is not None and returned == expected) or (checked and noted),
        expected=expected,
        returned=returned,
    )


@clause(
    "settle.accompany-to-cashier",
    ro.Paid,
    source="001 P71",
    owns=("cashier_reached.accompanied_by", "paid.receipt_no", "paid.keys_handed"),
    binding=Binding.NOTE,
    zh="陪同结算不到位：陪同人 {accompanied_by}，收据 {receipt}，付款后交钥匙 {keys}。",
    en="The customer was not seen through payment: accompanied by {accompanied_by}, receipt {receipt}, keys given "
    "after payment {keys}.",
    do=Text(
        zh="陪客户到收银处；付款后当面交收据和钥匙。",
        en="Go to the cashier with the customer; give receipt and keys after payment.",
    ),
)
def accompanied_to_cashier(attempt: Attempt[ro.Paid]) -> Verdict:
    """The advisor came along; receipt and keys went to the customer."""
    counter = standing(attempt.case, ro.CashierReached, ro.QcPassed)
    companion, paid = counter.event.accompanied_by if counter else None, attempt.event
    whole = None not in {companion, paid.receipt_no} and paid.keys_handed is True
    return met(whole, accompanied_by=companion, receipt=paid.receipt_no, keys=paid.keys_handed)


@clause(
    "settle.cashier-two-minutes",
    ro.Paid,
    source="000 T03",
    binding=Binding.CLOCK,
    zh="收银用了 {minutes_taken} 分钟（应不超过 {limit} 分钟）。",
    en="The cashier took {minutes_taken} minutes (at most {limit}).",
    do=Text(
        zh="客户到收银台即登记（cashier_reached），提前备好票据，缩短收银时间。",
        en="Record when the customer reaches the counter (cashier_reached); have the papers ready before.",
    ),
)
def cashier_is_quick(attempt: Attempt[ro.Paid], limit: Figure[int] = minutes(2, tighter="lower")) -> Verdict:
    """From the counter to the receipt; when the customer reached the counter is known."""
    counter = standing(attempt.case, ro.CashierReached, ro.QcPassed)
    taken = whole_minutes(waited(attempt, counter)) if counter else None
    return met(taken is not None and taken <= limit.value, minutes_taken=taken, limit=limit.value)
