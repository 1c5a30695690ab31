"""Clauses of the workshop: hand-over, dispatch, changes, parts, refusals, interruptions, cancellations."""

from __future__ import annotations

from engine.events import repair_order as ro
from engine.guards.clause import Attempt, Binding, Verdict, clause, met
from engine.guards.figure import Figure, number
from engine.guards.repair_order.order import (
    is_signed,
    latest,
    pending_lines,
    signed_lines,
)
from engine.roles import Role
from engine.text import Text


@clause(
    "inspect.damage-recorded-before-work",
    ro.WorkDispatched,
    source="002 L10",
    owns=("acceptance_recorded.damage_entries",),
    zh="开工前未完成验车，车身已有损伤未记入施工单。",
    en="The vehicle was not accepted with its existing damage on the job order before work.",
    do=Text(
        zh="完成验车并登记已有损伤（没有则登记为无）。",
        en="Accept the vehicle and record existing damage (none is an answer).",
    ),
)
def damage_recorded(attempt: Attempt[ro.WorkDispatched]) -> Verdict:
    """The existing damage is known before the first work."""
    fact = attempt.case.last(ro.AcceptanceRecorded)
    return met(fact is not None and fact.event.damage_entries is not None)


@clause(
    "work.order-and-key-handed-to-workshop",
    ro.WorkDispatched,
    source="000 T36",
    owns=(
        "order_handed_to_workshop.order_handed",
        "order_handed_to_workshop.keys_handed",
        "order_handed_to_workshop.received_by",
    ),
    zh="工单（{order}）、钥匙（{keys}）未交车间，或无接收人（{received_by}）。",
    en="Order ({order}) or keys ({keys}) were not handed to the workshop, or nobody received them ({received_by}).",
    do=Text(zh="交接工单与钥匙并登记接收人。", en="Hand over order and keys, and record who took them."),
)
def order_and_keys_handed(attempt: Attempt[ro.WorkDispatched]) -> Verdict:
    """Order and keys are with a named person of the workshop."""
    fact = attempt.case.last(ro.OrderHandedToWorkshop)
    given = fact.event if fact else ro.OrderHandedToWorkshop()
    whole = given.order_handed is True and given.keys_handed is True and given.received_by is not None
    return met(whole, order=given.order_handed, keys=given.keys_handed, received_by=given.received_by)


@clause(
    "work.dispatch-to-suitable-technician",
    ro.WorkDispatched,
    source="000 T36, 000 T23, 002 L25",
    owns=(
        "work_dispatched.technician_id",
        "work_dispatched.skill_ok",
        "work_dispatched.hours_available_tenths",
    ),
    zh="须由车间调度（现为{role}）派给技能（{skill}）与工时相符的技师（{technician}）。",
    en="The dispatcher (here: {role}) assigns work, to a technician ({technician}) of fitting skill "
    "({skill}) and free hours.",
    do=Text(
        zh="请车间调度指派技能与工时匹配的技师。",
        en="Have the dispatcher assign a technician whose skill and hours fit.",
    ),
)
def dispatched_well(attempt: Attempt[ro.WorkDispatched]) -> Verdict:
    """By the dispatcher, to somebody who can and has the time."""
    job, role = attempt.event, attempt.actor.role
    fits = job.technician_id is not None and job.skill_ok is True and bool(job.hours_available_tenths)
    return met(fits and role == Role.WORKSHOP_DISPATCHER, role=role, skill=job.skill_ok, technician=job.technician_id)


@clause(
    "work.change-confirmed-immediately",
    ro.SupplementFound,
    ro.OperationStarted,
    source="001 P53, 000 T36",
    owns=(
        "supplement_found.told_to_customer",
        "supplement_found.reason",
        "supplement_found.new_promised_at",
    ),
    zh="新增或变更的项目未经客户确认：{lines}（已告知：{told}）。",
    en="New or changed items are not confirmed by the customer: {lines} (told: {told}).",
    do=Text(
        zh="立即告知原因、费用与时间，确认后方可施工。",
        en="Tell reason, price and time at once; start only after confirmation.",
    ),
)
def change_confirmed(attempt: Attempt[ro.SupplementFound | ro.OperationStarted]) -> Verdict:
    """A change is told with reason, price and time; its work waits for the signature."""
    event = attempt.event
    if isinstance(event, ro.OperationStarted):
        unsigned = is_signed(attempt.case) and event.line_id not in signed_lines(attempt.case)
        return met(not unsigned, lines=[event.line_id], told=None)
    lines = sorted(pending_lines(attempt.case))
    explained = event.reason is not None and event.reason.ok and event.new_promised_at is not None
    return met(bool(lines) and explained and event.told_to_customer is True, lines=lines, told=event.told_to_customer)


@clause(
    "work.technician-records-extra-work",
    ro.SupplementFound,
    source="002 L09",
    owns=("supplement_found.finding_id", "extra_work_found.follow_up"),
    zh="增项 {finding} 没有技师登记的发现。",
    en="Supplement {finding} has no finding recorded by a technician.",
    do=Text(
        zh="请技师先把发现写入施工单并注明“立即增项”。",
        en="Have the technician record the finding, to be supplemented now.",
    ),
)
def technician_wrote_it(attempt: Attempt[ro.SupplementFound]) -> Verdict:
    """A technician's finding stands behind the supplement."""
    found = latest((fact.event for fact in attempt.case.all(ro.ExtraWorkFound)), "finding_id")
    finding = found.get(attempt.event.finding_id or "")
    return met(
        finding is not None and finding.follow_up is ro.FollowUp.SUPPLEMENT_NOW,
        finding=attempt.event.finding_id,
    )


@clause(
    "work.findings-reported-once",
    ro.SupplementFound,
    source="001 P53",
    binding=Binding.SCORE,
    zh="本单已是第 {rounds} 轮增项（宜不超过 {limit} 轮）。",
    en="This is supplement round {rounds} of the order (better not more than {limit}).",
    do=Text(zh="宜把各项发现合并成一次与客户沟通。", en="Tell all findings of an inspection in one go."),
)
def findings_told_once(
    attempt: Attempt[ro.SupplementFound], limit: Figure[int] = number(1, "rounds", tighter="lower")
) -> Verdict:
    """Not more supplement rounds than wished."""
    rounds = len(attempt.case.all(ro.SupplementFound)) + 1
    return met(rounds <= limit.value, rounds=rounds, limit=limit.value)


@clause(
    "work.eta-change-confirmed",
    ro.EtaChanged,
    source="001 P53",
    owns=(
        "eta_changed.new_promised_at",
        "eta_changed.reason",
        "eta_changed.customer_confirmed",
        "eta_changed.consent_evidence",
    ),
    zh="新的完工时间 {new_promised_at} 未说明原因、未经客户确认或无凭证，不生效。",
    en="The new time {new_promised_at} is not in force: reason, the customer's confirmation or its evidence "
    "is missing.",
    do=Text(zh="说明原因，取得客户确认并留存凭证。", en="Explain, have it confirmed, and keep the evidence."),
)
def new_time_confirmed(attempt: Attempt[ro.EtaChanged]) -> Verdict:
    """Explained, confirmed, with evidence."""
    change = attempt.event
    explained = change.reason is not None and change.reason.ok
    kept = change.customer_confirmed is True and change.consent_evidence is not None
    return met(explained and kept and change.new_promised_at is not None, new_promised_at=change.new_promised_at)


@clause(
    "parts.substitution-stops-issue",
    ro.PartIssued,
    source="001 P59",
    owns=("part_issued.part_origin", "part_issued.parts_amount"),
    zh="拟发备件与签字报价不同（{quoted} → {issued}，差额 {difference} 元），不得发料。",
    en="The part differs from the signed quotation ({quoted} → {issued}, difference {difference} yuan): it "
    "may not be issued.",
    do=Text(
        zh="先通知服务顾问，经客户同意并修订报价。",
        en="Tell the advisor first; have the customer agree and the quotation revised.",
    ),
)
def quoted_part_is_issued(attempt: Attempt[ro.PartIssued]) -> Verdict:
    """What leaves the store is what was signed for: part, origin, price."""
    issued, line = attempt.event, signed_lines(attempt.case).get(attempt.event.line_id)
    quoted = (line.part_no, line.part_origin, line.parts_amount) if line else None
    same = quoted == (issued.part_no, issued.part_origin, issued.parts_amount) and issued.parts_amount is not None
    rise = (issued.parts_amount or 0) - ((line.parts_amount if line else None) or 0)
    return met(
        same,
        quoted=[line.part_no, line.part_origin] if line else None,
        issued=[issued.part_no, issued.part_origin],
        difference=rise,
    )


@clause(
    "work.suspended-with-reason",
    ro.WorkSuspended,
    source="000 T38, 001 P17",
    owns=("work_suspended.suspend_reason", "work_suspended.vehicle_zone"),
    zh="中断须注明原因（{why}），车辆移入维修中断区（现在：{zone}）。",
    en="A suspension needs a reason ({why}) and the vehicle in the interrupted-repair zone (now: {zone}).",
    do=Text(
        zh="注明原因并把车辆移入维修中断区。",
        en="Give the reason and move the vehicle to the interrupted-repair zone.",
    ),
)
def suspended_with_reason(attempt: Attempt[ro.WorkSuspended]) -> Verdict:
    """A reason, and the vehicle out of the way."""
    why, zone = attempt.event.suspend_reason, attempt.event.vehicle_zone
    return met(why is not None and zone is ro.Zone.INTERRUPTED, why=why, zone=zone)


@clause(
    "qc.work-report-complete",
    ro.WorkFinished,
    source="001 P57, 001 P45",
    owns=("operation_reported.action", "operation_reported.result"),
    zh="维修报告未答的项目：{lines}。",
    en="Lines that the repair report leaves unanswered: {lines}.",
    do=Text(zh="逐项写明所做作业与结果。", en="State for every line what was done and with what result."),
)
def report_complete(attempt: Attempt[ro.WorkFinished]) -> Verdict:
    """Every signed line is answered."""
    reported = latest((fact.event for fact in attempt.case.all(ro.OperationReported)), "line_id")
    answered = {key for key, report in reported.items() if report.action is not None and report.result is not None}
    unanswered = sorted(set(signed_lines(attempt.case)) - answered)
    return met(not unanswered, lines=unanswered)
