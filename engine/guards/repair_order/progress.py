"""Clauses of following the work: customers told, boards true, promises watched, vehicles kept overnight registered."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.case import Fact
from engine.events import repair_order as ro
from engine.events.event import Event
from engine.guards.clause import NOT_CONCERNED, Attempt, Binding, Verdict, clause, met
from engine.guards.figure import Figure, minutes, number
from engine.guards.repair_order.lines import promised_at, signed_lines
from engine.guards.repair_order.order import earlier, happened, latest, put_or_last, since, waited, whole_minutes
from engine.roles import Role
from engine.text import Text


@clause(
    "work.progress-told-to-customer",
    ro.ProgressNoted,
    source="000 T06, 000 T10, 000 T01",
    owns=("progress_noted.channel", "progress_noted.content"),
    binding=Binding.CLOCK,
    zh="通报进度：距上次 {waited} 分钟（限 {limit} 分钟），方式 {channel}，内容已记 {content}。",
    en="The customer was told of the progress {waited} minutes after the last word (limit {limit}): channel {channel}, "
    "content recorded {content}.",
    do=Text(
        zh="到客休区当面或按约定方式及时通报，并记录方式与内容。",
        en="Tell the customer in the lounge or as agreed, in time; record how and what.",
    ),
)
def progress_told(
    attempt: Attempt[ro.ProgressNoted], limit: Figure[int] = minutes(60, tighter="lower", house=True)
) -> Verdict:
    """Each notice says how and what, and comes soon after the last one, or after work went on."""
    notice = attempt.event
    if notice.told_to_customer is not True:
        return NOT_CONCERNED
    at = happened(attempt)
    told = [fact.occurred_at for fact in earlier(attempt, ro.ProgressNoted) if fact.event.told_to_customer]
    delay = at - max((time for time in (*told, attempt.case.moved_at) if time and time <= at), default=at)
    content = notice.content is not None and notice.content.ok
    return met(
        content and notice.channel is not None and delay <= timedelta(minutes=limit.value),
        waited=whole_minutes(delay),
        limit=limit.value,
        channel=notice.channel,
        content=content,
    )


@clause(
    "work.channel-open",
    ro.ProgressNoted,
    source="001 P52, 001 P51",
    owns=("progress_noted.open_points",),
    binding=Binding.SCORE,
    zh="服务顾问跟进进度时没有记下待办事项。",
    en="The advisor followed the work without noting the open points.",
    do=Text(zh="随手记下待办事项；没有则记为无。", en="Note the open points; none is an answer."),
)
def open_points_noted(attempt: Attempt[ro.ProgressNoted]) -> Verdict:
    """What is still open stands in the advisor's notes."""
    if attempt.actor.role != Role.SERVICE_ADVISOR:
        return NOT_CONCERNED
    return met(attempt.event.open_points is not None)


@clause(
    "work.progress-board-truthful",
    ro.BoardUpdated,
    ro.WorkFinished,
    source="000 T06, 000 T10, 001 P51",
    owns=("board_updated.board_status",),
    binding=Binding.NOTE,
    zh="看板显示“{shown}”，实际是“{state}”。",
    en="The board shows '{shown}'; the vehicle is '{state}'.",
    do=Text(zh="按委托书的实际状态更新看板。", en="Bring the board up to the state of the order."),
)
def board_is_true(attempt: Attempt[ro.BoardUpdated | ro.WorkFinished]) -> Verdict:
    """The board shows the state that the order's facts lead to, when it is updated and when work ends."""
    board = put_or_last(attempt, ro.BoardUpdated)
    shown, state = board.board_status if board else None, attempt.case.state
    return met(shown == state, shown=shown, state=state)


@clause(
    "work.eta-at-risk-notified",
    ro.ProgressNoted,
    ro.EtaChanged,
    ro.WorkshopChased,
    source="001 P51",
    binding=Binding.CLOCK,
    zh="可能延误，须在承诺时间 {promised_at} 之前告知客户并督促车间，实际在 {at}。",
    en="With a delay in sight the customer is told and the workshop pressed before the promised time {promised_at}; "
    "this was at {at}.",
    do=Text(
        zh="发现可能延误就告知客户、督促车间加人，不要等到承诺时间。",
        en="Tell the customer and press the workshop for people as soon as it is seen, not at the promised time.",
    ),
)
def delay_told_in_time(attempt: Attempt[ro.ProgressNoted | ro.EtaChanged | ro.WorkshopChased]) -> Verdict:
    """The first word to the customer, and the first to the workshop, come before the promised time."""
    promised, risk = promised_at(attempt.case), attempt.case.last(ro.EtaRiskFound)
    quiet = isinstance(attempt.event, ro.ProgressNoted) and not attempt.event.delay_told
    if quiet or promised is None or risk is None or _in_time(risk.event, promised) or _said_before(attempt, risk):
        return NOT_CONCERNED
    at = happened(attempt)
    return met(at < promised, promised_at=promised, at=at)


def _in_time(risk: ro.EtaRiskFound, promised: datetime) -> bool:
    return risk.planned_finish is not None and risk.planned_finish <= promised


def _said_before(attempt: Attempt[Event], risk: Fact[Event]) -> bool:
    if isinstance(attempt.event, ro.WorkshopChased):
        return bool(since(attempt.case.all(ro.WorkshopChased), risk))
    return any(notice.delay_told for notice in since(attempt.case.all(ro.ProgressNoted), risk))


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
    zh="新的完工时间 {new_promised_at} 不生效：已说明原因 {explained}，客户已确认 {confirmed}，凭证已留存 {kept}。",
    en="The new time {new_promised_at} is not in force: explained {explained}, confirmed by the customer {confirmed}, "
    "evidence kept {kept}.",
    do=Text(zh="说明原因，取得客户确认并留存凭证。", en="Explain, have it confirmed, and keep the evidence."),
)
def new_time_confirmed(attempt: Attempt[ro.EtaChanged]) -> Verdict:
    """Explained, confirmed, with evidence."""
    change = attempt.event
    explained = change.reason is not None and change.reason.ok
    confirmed, kept = change.customer_confirmed is True, change.consent_evidence is not None
    return met(
        explained and confirmed and kept and change.new_promised_at is not None,
        new_promised_at=change.new_promised_at,
        explained=explained,
        confirmed=confirmed,
        kept=kept,
    )


@clause(
    "work.kept-vehicle-registered",
    ro.VehicleKept,
    ro.WorkFinished,
    source="001 P51",
    owns=("vehicle_kept.kept_reason", "vehicle_kept.next_action"),
    binding=Binding.NOTE,
    zh="车辆留厂须登记（到店已 {hours} 小时）：原因已记 {reason}，下一步已记 {action}。",
    en="A vehicle that is kept must be registered ({hours} hours with us): reason recorded {reason}, next action "
    "recorded {action}.",
    do=Text(
        zh="由责任服务顾问登记留厂原因和下一步（vehicle_kept）。",
        en="Have its advisor register the reason and the next action (vehicle_kept).",
    ),
)
def kept_vehicle_registered(
    attempt: Attempt[ro.VehicleKept | ro.WorkFinished],
    limit: Figure[int] = number(12, "hours", tighter="lower", house=True),
) -> Verdict:
    """Whatever stays beyond the day is registered, with its reason and what comes next."""
    came, back = attempt.case.last(ro.VehicleCheckedIn), attempt.case.last(ro.VehicleReturned)
    stay = waited(attempt, back or came)
    if isinstance(attempt.event, ro.WorkFinished) and stay <= timedelta(hours=limit.value):
        return NOT_CONCERNED
    kept = put_or_last(attempt, ro.VehicleKept) or ro.VehicleKept()
    reason, action = (text is not None and text.ok for text in (kept.kept_reason, kept.next_action))
    return met(reason and action, hours=stay // timedelta(hours=1), reason=reason, action=action)


@clause(
    "work.inspection-only-plan-chased",
    ro.RepairPlanReceived,
    source="001 P51, 001 P40",
    owns=("next_step_agreed.plan_due_at",),
    binding=Binding.CLOCK,
    zh="只作检查的车辆，维修方案约定 {due} 前拿到，实际 {at} 收到（督促车间 {chased} 次）。",
    en="In for diagnosis only: the repair plan, agreed for {due}, came at {at} (workshop pressed {chased} times).",
    do=Text(
        zh="与客户约定方案时间，到时之前督促车间给出维修方案。",
        en="Agree a time for the plan with the customer, and press the workshop for it before that time.",
    ),
)
def plan_came_in_time(attempt: Attempt[ro.RepairPlanReceived]) -> Verdict:
    """On an order of nothing but diagnosis the first plan comes by the earliest time agreed with the customer."""
    case, at = attempt.case, happened(attempt)
    kinds = {line.operation_kind for line in signed_lines(case).values()}
    if kinds != {ro.OperationKind.DIAGNOSIS} or earlier(attempt, ro.RepairPlanReceived):
        return NOT_CONCERNED
    agreed = latest((fact.event for fact in case.all(ro.NextStepAgreed)), "symptom_id").values()
    due = min((step.plan_due_at for step in agreed if step.plan_due_at), default=None)
    return met(due is not None and at <= due, due=due, at=at, chased=len(case.all(ro.WorkshopChased)))
