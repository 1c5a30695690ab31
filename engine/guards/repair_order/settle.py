"""Clauses of delivery: what the advisor checks, prepares, explains and takes back before the vehicle goes."""

from __future__ import annotations

from engine.events import repair_order as ro
from engine.guards.clause import Attempt, Verdict, clause, met
from engine.guards.repair_order.order import (
    billed,
    is_maintenance,
    parts_used,
    put_or_last,
    signed_lines,
    since,
)
from engine.text import Text


@clause(
    "peak.handwritten-order-entered",
    ro.OrderHandwritten,
    ro.Paid,
    source="001 P25",
    zh="手写单仅限高峰（高峰：{peak}），且结算前须补录DMS（已补录：{entered}）。",
    en="Handwritten orders are for peak mode only (peak: {peak}) and must be in the DMS before settlement "
    "(entered: {entered}).",
    do=Text(
        zh="把手写单补录进DMS（handwritten_order_entered）。",
        en="Enter the handwritten order in the DMS (handwritten_order_entered).",
    ),
)
def handwritten_is_entered(attempt: Attempt[ro.OrderHandwritten | ro.Paid]) -> Verdict:
    """Written by hand at peak only, and entered before settlement."""
    case = attempt.case
    peak, written = case.last(ro.PeakRaised) is not None, case.last(ro.OrderHandwritten)
    entered = bool(since(case.all(ro.HandwrittenOrderEntered), written))
    if isinstance(attempt.event, ro.OrderHandwritten):
        return met(peak, peak=peak, entered=False)
    return met(entered or written is None, peak=peak, entered=entered)


@clause(
    "handover.all-requests-done",
    ro.Paid,
    source="001 P55, 001 P44",
    owns=("line_confirmed_done.done",),
    zh="未确认完成的项目（含免费检查）：{lines}。",
    en="Lines not confirmed as done, free checks included: {lines}.",
    do=Text(zh="完成并逐项确认后再结算。", en="Have them done and confirm each before settlement."),
)
def all_requests_done(attempt: Attempt[ro.Paid]) -> Verdict:
    """The advisor confirmed every signed line since quality control passed."""
    confirmed = since(attempt.case.all(ro.LineConfirmedDone), attempt.case.last(ro.QcPassed))
    done = {fact.line_id for fact in confirmed if fact.done is True}
    missing = sorted(set(signed_lines(attempt.case)) - done)
    return met(not missing, lines=missing)


@clause(
    "handover.record-and-key-box-signed",
    ro.HandoverSigned,
    ro.Paid,
    source="001 P55, 001 P56",
    owns=(
        "handover_signed.documents_checked",
        "handover_signed.vehicle_checked",
        "handover_signed.key_received_signature",
    ),
    zh="内部交车未正式交接：单据已查 {documents}，车辆已查 {vehicle}，钥匙接收栏已签 {signed}。",
    en="The internal hand-over is not formal: papers checked {documents}, vehicle checked {vehicle}, key "
    "box signed {signed}.",
    do=Text(
        zh="查验单据与车辆后在钥匙接收栏签字。",
        en="Examine papers and vehicle, then sign the key-received box.",
    ),
)
def key_box_signed(attempt: Attempt[ro.HandoverSigned | ro.Paid]) -> Verdict:
    """Papers and vehicle examined, key box signed."""
    record = put_or_last(attempt, ro.HandoverSigned, ro.QcPassed) or ro.HandoverSigned()
    signed = record.key_received_signature is not None
    return met(
        record.documents_checked is True and record.vehicle_checked is True and signed,
        documents=record.documents_checked,
        vehicle=record.vehicle_checked,
        signed=signed,
    )


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
    needed: dict[str, object] = {
        "order_advice_signed": papers.order_advice_signed,
        "statement_signed_by_advisor": papers.statement_signed_by_advisor,
    }
    if is_maintenance(attempt.case):
        needed |= {
            "maintenance_sheet_signed": papers.maintenance_sheet_signed,
            "booklet_stamped": papers.booklet_stamped,
            "next_service_entered": papers.next_service_entered,
        }
    if parts_used(signed_lines(attempt.case)):
        needed["parts_issue_slip_id"] = papers.parts_issue_slip_id
    missing = [name for name, ready in needed.items() if not ready]
    return met(not missing, missing=missing)


@clause(
    "settle.itemised-explanation",
    ro.StatementSigned,
    ro.Paid,
    source="001 P69, 000 T31, 000 T01, 001 P67",
    zh="签字前未逐项说明：{lines}。",
    en="Lines not explained before the signature: {lines}.",
    do=Text(
        zh="依委托书逐项说明作业与费用，再请客户签字。",
        en="Explain every job and charge against the order; then have it signed.",
    ),
)
def every_line_explained(attempt: Attempt[ro.StatementSigned | ro.Paid]) -> Verdict:
    """Each billed line was explained since the statement was printed."""
    told = since(attempt.case.all(ro.LineExplained), attempt.case.last(ro.StatementPrinted))
    explained = {fact.line_id for fact in told}
    missing = sorted(set(billed(attempt.case)) - explained)
    return met(not missing, lines=missing)


@clause(
    "settle.statement-and-sheet-signed",
    ro.StatementSigned,
    ro.Paid,
    source="001 P69",
    owns=("statement_signed.statement_signature", "statement_signed.maintenance_sheet_signature"),
    zh="客户未分别签字：结算单 {statement}，定期保养单 {sheet}。",
    en="Not signed separately by the customer: statement {statement}, maintenance sheet {sheet}.",
    do=Text(
        zh="请客户在结算单及（保养时）保养单上分别签字。",
        en="Have the statement and, after a maintenance, the sheet signed.",
    ),
)
def statement_and_sheet_signed(attempt: Attempt[ro.StatementSigned | ro.Paid]) -> Verdict:
    """Both signatures; the sheet's only after a maintenance."""
    signed = (
        put_or_last(attempt, ro.StatementSigned, ro.StatementPrinted, ro.StatementLineListed) or ro.StatementSigned()
    )
    statement, sheet = signed.statement_signature is not None, signed.maintenance_sheet_signature is not None
    return met(statement and (sheet or not is_maintenance(attempt.case)), statement=statement, sheet=sheet)


@clause(
    "settle.customer-copy-returned",
    ro.CustomerCopyReturned,
    ro.Paid,
    source="001 P65, 001 P46",
    owns=("customer_copy_returned.customer_copy_no",),
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
