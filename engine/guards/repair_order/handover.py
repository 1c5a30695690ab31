"""Clauses of the internal hand-over: what the advisor checks before a vehicle is the front desk's."""

from __future__ import annotations

from collections.abc import Sequence

from engine.case import Case
from engine.events import repair_order as ro
from engine.guards.clause import Attempt, Binding, Verdict, clause, met
from engine.guards.repair_order.lines import promised_at, signed_lines
from engine.guards.repair_order.order import happened, put_or_last, since, whole_minutes
from engine.text import Text


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
    "handover.report-corrected",
    ro.ReportReviewed,
    ro.Paid,
    source="001 P57",
    owns=(
        "report_reviewed.unclear_lines",
        "report_reviewed.missed_lines",
        "report_reviewed.warranty_fields_complete",
        "report_reviewed.inspector_signed",
    ),
    zh="维修报告还不能用：含糊未改 {unclear}，漏项 {missed}，索赔栏填好 {warranty}，检验员已签名 {signed}。",
    en="The repair report is not in order: unclear and not corrected {unclear}, missed {missed}, warranty fields "
    "complete {warranty}, signed by the inspector {signed}.",
    do=Text(
        zh="请技师改正报告（更正 operation_reported）、检验员补签；有漏项的退回车间（handover_rejected）。",
        en="Have the technician correct the report (correct operation_reported) and the inspector sign it; with missed "
        "items send the vehicle back (handover_rejected).",
    ),
)
def report_corrected(attempt: Attempt[ro.ReportReviewed | ro.Paid]) -> Verdict:
    """Reviewed since quality control passed: clear or corrected, nothing missed, warranty filled in, signed."""
    review = put_or_last(attempt, ro.ReportReviewed, ro.QcPassed) or ro.ReportReviewed()
    unclear = _uncorrected(attempt.case, review.unclear_lines)
    warranty = review.warranty_fields_complete is True or not _claims_warranty(attempt.case)
    sound = unclear == [] and review.missed_lines == () and review.inspector_signed is True and warranty
    return met(sound, unclear=unclear, missed=review.missed_lines, warranty=warranty, signed=review.inspector_signed)


def _uncorrected(case: Case, lines: Sequence[str] | None) -> list[str] | None:
    """Of the lines found unclear those whose report was not corrected since quality control passed."""
    corrections = [fact for fact in case.history if fact.event.corrects is not None]
    reports = since(corrections, case.last(ro.QcPassed))
    corrected = {report.line_id for report in reports if isinstance(report, ro.OperationReported)}
    return None if lines is None else [line for line in lines if line not in corrected]


def _claims_warranty(case: Case) -> bool:
    return any(line.pay_type is ro.PayType.WARRANTY for line in signed_lines(case).values())


@clause(
    "handover.promised-time-compared",
    ro.HandoverSigned,
    source="001 P55",
    binding=Binding.NOTE,
    zh="车辆比承诺时间（{promised_at}）晚 {minutes_late} 分钟备好。",
    en="The vehicle is ready {minutes_late} minutes after the promised time ({promised_at}).",
    do=Text(
        zh="向客户说明延误，并与车间查明原因。",
        en="Explain the delay to the customer, and find its cause with the workshop.",
    ),
)
def promise_compared(attempt: Attempt[ro.HandoverSigned]) -> Verdict:
    """Ready, which is handed over to the front desk, no later than the promise in force."""
    promised, ready = promised_at(attempt.case), happened(attempt)
    late = whole_minutes(ready - promised) if promised else 0
    return met(late <= 0, promised_at=promised, ready_at=ready, minutes_late=late)


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
