"""Clauses of the workshop: hand-over, dispatch, clocked time, parts, interruptions, the repair report."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.case import Case, Fact
from engine.events import repair_order as ro
from engine.events.event import Event
from engine.guards.clause import Attempt, Binding, Verdict, clause, met
from engine.guards.repair_order.lines import signed_lines
from engine.guards.repair_order.order import latest, put_or_last, whole_minutes
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
    ro.OperationStarted,
    source="000 T36, 000 T23, 002 L25",
    owns=(
        "work_dispatched.technician_id",
        "work_dispatched.skill_ok",
        "work_dispatched.hours_available_tenths",
    ),
    zh="开工前须由车间调度派工（派工人：{role}）：技师 {technician}，技能相符 {skill}，空闲工时 {hours} 小时。",
    en="Before work starts the dispatcher assigns it (assigned by: {role}): technician {technician}, skill fits "
    "{skill}, free hours {hours}.",
    do=Text(
        zh="请车间调度指派技能与工时匹配的技师。",
        en="Have the dispatcher assign a technician whose skill and hours fit.",
    ),
)
def dispatched_well(attempt: Attempt[ro.WorkDispatched | ro.OperationStarted]) -> Verdict:
    """By the dispatcher, to somebody who can and has the time; and before anybody starts."""
    if isinstance(attempt.event, ro.OperationStarted):
        dispatched = attempt.case.last(ro.WorkDispatched) is not None
        return met(dispatched, role=None, technician=None, skill=None, hours=None)
    job, role = attempt.event, attempt.actor.role
    fits = job.technician_id is not None and job.skill_ok is True and bool(job.hours_available_tenths)
    hours = None if job.hours_available_tenths is None else f"{job.hours_available_tenths / 10}"
    return met(
        fits and role == Role.WORKSHOP_DISPATCHER,
        role=role,
        technician=job.technician_id,
        skill=job.skill_ok,
        hours=hours,
    )


@clause(
    "work.technician-time-recorded",
    ro.WorkFinished,
    source="002 L04, 000 T42",
    owns=("line_quoted.planned_hours_tenths",),
    binding=Binding.NOTE,
    zh="作业计时不全：未打卡 {unclocked}，未停表 {running}，无计划工时 {unplanned}；实际/计划（分钟）{minutes}。",
    en="The clocked time is not whole: not clocked in {unclocked}, still running {running}, without planned hours "
    "{unplanned}; minutes worked/planned {minutes}.",
    do=Text(
        zh="技师逐项打卡开工、暂停、完工；报价时写明计划工时。",
        en="Clock in, pause and finish every line; quote it with its planned hours.",
    ),
)
def time_clocked(attempt: Attempt[ro.WorkFinished]) -> Verdict:
    """Every signed line was clocked in and out, against its planned hours."""
    lines, (worked, running) = signed_lines(attempt.case), _clocked(attempt.case)
    unclocked = sorted(lines.keys() - worked.keys() - running)
    unplanned = sorted(key for key, line in lines.items() if line.planned_hours_tenths is None)
    return met(
        not unclocked and not running and not unplanned,
        unclocked=unclocked,
        running=sorted(running),
        unplanned=unplanned,
        minutes=[f"{key} {whole_minutes(time)}/{_planned(lines.get(key))}" for key, time in sorted(worked.items())],
    )


def _planned(line: ro.LineQuoted | None) -> str:
    tenths = line.planned_hours_tenths if line else None
    return "-" if tenths is None else str(6 * tenths)


def _clocked(case: Case) -> tuple[dict[str, timedelta], set[str]]:
    """How long each line was worked on, each technician by a clock of his own; and the lines whose clock runs."""
    kinds = (ro.OperationStarted, ro.OperationPaused, ro.OperationReported, ro.WorkSuspended)
    facts: list[Fact[Event]] = [fact for kind in kinds for fact in case.all(kind)]
    running: dict[tuple[str, str], datetime] = {}
    worked: dict[str, timedelta] = {}
    for fact in sorted(facts, key=lambda fact: (fact.occurred_at, fact.version)):
        if isinstance(fact.event, ro.OperationStarted):
            running.setdefault((fact.event.line_id, fact.actor.id), fact.occurred_at)
            continue
        for line, who in [clock for clock in running if _stops(fact, *clock)]:
            worked[line] = worked.get(line, timedelta()) + fact.occurred_at - running.pop((line, who))
    return worked, {line for line, _ in running}


def _stops(fact: Fact[Event], line: str, who: str) -> bool:
    """A pause stops the clock of who clocks out, a report every clock of its line, a suspension every clock."""
    match fact.event:
        case ro.OperationPaused(line_id=paused):
            return (paused, fact.actor.id) == (line, who)
        case ro.OperationReported(line_id=reported):
            return reported == line
        case _:
            return True


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
    ro.WorkResumed,
    source="000 T38, 001 P17",
    owns=("work_suspended.suspend_reason", "work_suspended.vehicle_zone", "work_resumed.reason_cleared"),
    zh="中断须注明原因（{why}）并移车到维修中断区（现在：{zone}）；原因消除才能恢复（已消除：{cleared}）。",
    en="A suspension needs a reason ({why}) and the vehicle in the interrupted-repair zone (now: {zone}); work goes "
    "on when the reason is gone (gone: {cleared}).",
    do=Text(
        zh="注明原因、移车到维修中断区；恢复前确认原因已消除。",
        en="Give the reason and move the vehicle there; before going on see that the reason is gone.",
    ),
)
def suspended_with_reason(attempt: Attempt[ro.WorkSuspended | ro.WorkResumed]) -> Verdict:
    """A reason, and the vehicle out of the way; it goes on when the reason is gone."""
    rest = put_or_last(attempt, ro.WorkSuspended) or ro.WorkSuspended()
    why, zone = rest.suspend_reason, rest.vehicle_zone
    if isinstance(attempt.event, ro.WorkResumed):
        cleared = attempt.event.reason_cleared
        return met(cleared is True, why=why, zone=zone, cleared=cleared)
    return met(why is not None and zone is ro.Zone.INTERRUPTED, why=why, zone=zone, cleared=None)


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
