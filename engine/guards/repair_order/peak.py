"""Clauses of waiting customers and of the reception peak: who looks after them, who may stand in, and when."""

from __future__ import annotations

from engine.case import Case
from engine.events import repair_order as ro
from engine.events.event import Event
from engine.guards.clause import NOT_CONCERNED, Attempt, Binding, Verdict, clause, met
from engine.guards.figure import Figure, minutes
from engine.guards.repair_order.order import (
    ARRIVALS,
    arrival,
    at_peak,
    day_of,
    earlier,
    first_this_visit,
    put_or_last,
    since,
    standing,
    waited,
    whole_minutes,
)
from engine.text import Text


@clause(
    "arrive.wait-over-10-min-escalates",
    ro.WaitEscalated,
    ro.PurposeRecorded,
    ro.CustomerLeft,
    source="001 P25",
    owns=("wait_escalated.escalated_to", "peak_raised.reinforcement"),
    binding=Binding.CLOCK,
    zh="客户等待接待已到第 {minutes} 分钟（限 {limit} 分钟）：上报给 {told}，抽调支援 {called_in}。",
    en="The customer has been waiting to be received for {minutes} minutes (limit {limit}): reported to {told}, "
    "called in {called_in}.",
    do=Text(
        zh="满十分钟前报告售后业务经理或服务经理（wait_escalated），由其抽调人手并登记（peak_raised）。",
        en="Before the ten minutes are over tell a manager (wait_escalated), who calls people in (peak_raised).",
    ),
)
def long_wait_is_escalated(
    attempt: Attempt[ro.WaitEscalated | ro.PurposeRecorded | ro.CustomerLeft],
    limit: Figure[int] = minutes(10, tighter="lower"),
) -> Verdict:
    """Received in time; or a manager was told in time, and answered with people."""
    if not first_this_visit(attempt):
        return NOT_CONCERNED
    wait = whole_minutes(waited(attempt, arrival(attempt.case)))
    told = put_or_last(attempt, ro.WaitEscalated, *ARRIVALS)
    raised = standing(attempt.case, ro.PeakRaised, *ARRIVALS)
    manager, called_in = told.escalated_to if told else None, raised.event.reinforcement if raised else None
    in_time, known = wait <= limit.value, manager is not None
    fine = in_time and known if isinstance(attempt.event, ro.WaitEscalated) else in_time or (known and bool(called_in))
    return met(fine, minutes=wait, limit=limit.value, told=manager, called_in=called_in)


@clause(
    "arrive.waiting-customer-acknowledged",
    ro.WaitTick,
    source="001 P25, 000 T28, 000 T30",
    owns=("wait_tick.acknowledged", "wait_tick.expected_wait_minutes", "wait_tick.seated"),
    binding=Binding.CLOCK,
    zh="等待的客户在第 {minutes} 分钟（限 {limit} 分钟）仍未安顿好：已打招呼 {acknowledged}，"
    "预计等待 {expected} 分钟，已就座 {seated}。",
    en="A waiting customer is not looked after in minute {minutes} (limit {limit}): spoken to {acknowledged}, told to "
    "wait {expected} minutes, seated {seated}.",
    do=Text(
        zh="在场的任何员工先打招呼、告知还要等多久、请客户坐下，并登记（wait_tick）。",
        en="Whoever is there greets the customer, tells the wait, offers a seat, and records it (wait_tick).",
    ),
)
def waiting_customer_is_looked_after(
    attempt: Attempt[ro.WaitTick], limit: Figure[int] = minutes(5, tighter="lower", house=True)
) -> Verdict:
    """Soon after arriving somebody has spoken to the customer, said how long, and found a seat."""
    tick, came = attempt.event, arrival(attempt.case)
    if any(_is_looked_after(before) for before in since(earlier(attempt, ro.WaitTick), came)):
        return NOT_CONCERNED
    wait = whole_minutes(waited(attempt, came))
    return met(
        _is_looked_after(tick) and wait <= limit.value,
        minutes=wait,
        limit=limit.value,
        acknowledged=tick.acknowledged,
        expected=tick.expected_wait_minutes,
        seated=tick.seated,
    )


def _is_looked_after(tick: ro.WaitTick) -> bool:
    return bool(tick.acknowledged and tick.seated) and tick.expected_wait_minutes is not None


@clause(
    "peak.reinforcement-by-managers",
    Event,
    source="001 P25",
    zh="{role}只有在接待高峰时才能顶岗办理“{command}”，本单未进入高峰模式。",
    en="{role} may stand in for '{command}' in peak mode only, and this order is not in it.",
    do=Text(
        zh="请服务顾问办理；确是高峰的，先由经理进入高峰模式（peak_raised）。",
        en="Have an advisor do it; if it is a peak, a manager raises it first (peak_raised).",
    ),
)
def managers_stand_in_at_peak(attempt: Attempt[Event]) -> Verdict:
    """Whoever only stands in does so in peak mode."""
    role, command = attempt.actor.role, attempt.event.kind
    return met(role not in attempt.stand_ins or at_peak(attempt.case), role=role, command=command)


@clause(
    "peak.second-line-standby",
    Event,
    source="000 T37",
    owns=("standby_called.standby_id", "standby_called.reception_training_on"),
    zh="二线人员 {person} 不能接待：须在高峰模式（{peak}），且已通过接车培训（{trained_on}）并被叫来备位。",
    en="{person} of the second line may not receive customers: it takes peak mode ({peak}), a reception training on "
    "record ({trained_on}) and having been called in.",
    do=Text(
        zh="请服务顾问办理；确是高峰的，由经理进入高峰模式（peak_raised）并叫来受过培训的人员（standby_called）。",
        en="Have an advisor do it; at a peak a manager raises it (peak_raised) and calls in somebody trained "
        "(standby_called).",
    ),
)
def second_line_is_trained(attempt: Attempt[Event]) -> Verdict:
    """Only the trained are called in; and whoever only stands in was called, in peak mode."""
    event, peak = attempt.event, at_peak(attempt.case)
    if isinstance(event, ro.StandbyCalled):
        trained_on = event.reception_training_on
        fit = event.standby_id is not None and trained_on is not None and trained_on <= day_of(attempt)
        return met(fit, person=event.standby_id, peak=peak, trained_on=trained_on)
    if attempt.actor.role not in attempt.stand_ins:
        return NOT_CONCERNED
    called = _called(attempt.case, attempt.actor.id)
    trained_on = called.reception_training_on if called else None
    return met(peak and trained_on is not None, person=attempt.actor.id, peak=peak, trained_on=trained_on)


def _called(case: Case, person: str) -> ro.StandbyCalled | None:
    calls = [fact.event for fact in case.all(ro.StandbyCalled) if fact.event.standby_id == person]
    return calls[-1] if calls else None
