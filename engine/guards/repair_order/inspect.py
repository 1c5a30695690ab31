"""Clauses of the inspection as a whole: forgotten needs, the vehicle's history, its age, the readings."""

from __future__ import annotations

from datetime import date

from engine.events import repair_order as ro
from engine.guards.clause import NOT_CONCERNED, Attempt, Binding, Verdict, clause, met
from engine.guards.figure import Figure, number
from engine.guards.repair_order.order import day_of, latest, purposes, since, undecided
from engine.text import Text


@clause(
    "arrive.forgotten-needs-prompted",
    ro.InspectionCompleted,
    source="001 P26",
    binding=Binding.NOTE,
    owns=("forgotten_needs_asked.more_needs", "forgotten_needs_asked.needs"),
    zh="没有提示客户是否遗忘了需求并记下答复（另有需求：{more}，内容已记：{recorded}）。",
    en="The customer was not asked for forgotten needs, or the answer is not recorded (more needs: {more}, recorded: "
    "{recorded}).",
    do=Text(
        zh="问一句“还有别的需要处理吗”，没有也登记（forgotten_needs_asked）。",
        en="Ask once: “anything else?”, and record the answer, a no as well (forgotten_needs_asked).",
    ),
)
def forgotten_needs_asked(attempt: Attempt[ro.InspectionCompleted]) -> Verdict:
    """Asked, and answered: a no, or what else is wanted."""
    fact = attempt.case.last(ro.ForgottenNeedsAsked)
    answer = fact.event if fact else ro.ForgottenNeedsAsked()
    recorded = answer.needs is not None and answer.needs.ok
    return met(
        answer.more_needs is False or (answer.more_needs is True and recorded),
        more=answer.more_needs,
        recorded=recorded,
    )


@clause(
    "inspect.history-consulted",
    ro.QuoteIssued,
    source="000 T03, 001 P53, 002 L26",
    binding=Binding.NOTE,
    zh="报价前没有查阅该车的保养维修记录。",
    en="The vehicle's history was not looked at before the quotation.",
    do=Text(
        zh="查阅以往保养维修记录并登记（history_consulted）。", en="Open the history and record it (history_consulted)."
    ),
)
def history_consulted(attempt: Attempt[ro.QuoteIssued]) -> Verdict:
    """The history was opened before the quotation."""
    return met(attempt.case.last(ro.HistoryConsulted) is not None)


@clause(
    "inspect.requests-restated",
    ro.QuoteIssued,
    source="000 T03, 001 P34",
    binding=Binding.NOTE,
    owns=("request_restated.confirmed_by_customer",),
    zh="没有向客户复述并确认的要求：{requests}。",
    en="Requests that were not restated to the customer and confirmed: {requests}.",
    do=Text(
        zh="逐条复述，逐条记下客户确认（request_restated）。",
        en="Say each back and record the customer's confirmation (request_restated).",
    ),
)
def requests_restated(attempt: Attempt[ro.QuoteIssued]) -> Verdict:
    """Each request was said back, and the customer confirmed it."""
    asked = latest((fact.event for fact in attempt.case.all(ro.RequestRecorded)), "request_id")
    said = latest((fact.event for fact in attempt.case.all(ro.RequestRestated)), "request_id")
    unsure = [key for key in asked if key not in said or said[key].confirmed_by_customer is not True]
    return met(not unsure, requests=unsure)


@clause(
    "inspect.precheck-required",
    ro.InspectionCompleted,
    source="001 P35",
    owns=(
        "vehicle_assessed.first_used_on",
        "vehicle_assessed.condition_poor",
        "precheck_done.lift_used",
        "precheck_done.checklist_version",
    ),
    zh="应做预检而未做全：首次使用 {first_used_on}（限 {years} 年），车况差 {poor}，不能直接判断的报修 {undecided}；"
    "举升检查底部 {lift}，入场检查表 {checklist}。",
    en="A pre-check is due and not complete: first used {first_used_on} (limit {years} years), poor condition {poor}, "
    "complaints not judged directly {undecided}; underbody on the lift {lift}, entry-inspection list {checklist}.",
    do=Text(
        zh="上举升机做预检；超龄车按入场检查表，有抱怨的按描述重点查（precheck_done）。",
        en="Pre-check it on the lift; an over-age vehicle by the entry-inspection list (precheck_done).",
    ),
)
def prechecked(
    attempt: Attempt[ro.InspectionCompleted], years: Figure[int] = number(2, "years", tighter="lower")
) -> Verdict:
    """A repair of an old or poor vehicle, or of what cannot be judged directly; what is not known counts as due."""
    case = attempt.case
    if ro.Purpose.REPAIR not in purposes(case):
        return NOT_CONCERNED
    fact, done = case.last(ro.VehicleAssessed), since(case.all(ro.PrecheckDone), case.last(ro.VehicleReturned))
    vehicle, check = fact.event if fact else ro.VehicleAssessed(), done[-1] if done else ro.PrecheckDone()
    over_age = _older(vehicle.first_used_on, years.value, day_of(attempt))
    due = over_age or vehicle.condition_poor is not False or bool(undecided(case))
    whole = check.lift_used is True and not (over_age and check.checklist_version is None)
    return met(
        whole or not due,
        first_used_on=vehicle.first_used_on and vehicle.first_used_on.isoformat(),
        years=years.value,
        poor=vehicle.condition_poor,
        undecided=undecided(case),
        lift=check.lift_used,
        checklist=check.checklist_version,
    )


def _older(first: date | None, years: int, today: date) -> bool:
    """More than so many years old; on the anniversary it is not yet, and nobody knows how old what has no date is."""
    return first is None or (today.year - years, today.month, today.day) > (first.year, first.month, first.day)


@clause(
    "inspect.odometer-and-fuel",
    ro.InspectionCompleted,
    source="001 P37, 001 P38",
    owns=("inspection_completed.odometer_in_km", "inspection_completed.fuel_percent"),
    zh="里程（{odometer} 公里，上次 {previous} 公里）与油量（{fuel}%）须登记；里程倒退须注明原因。",
    en="Odometer ({odometer} km, previously {previous} km) and fuel ({fuel} %) must be recorded; a lower "
    "reading needs a note.",
    do=Text(
        zh="登记里程与油量；里程低于上次的写明原因。",
        en="Record both; explain a reading below the previous one.",
    ),
)
def odometer_and_fuel(attempt: Attempt[ro.InspectionCompleted]) -> Verdict:
    """Both recorded, and a reading that went down explained."""
    seen = attempt.event
    explained = seen.odometer_note is not None and seen.odometer_note.ok
    went_down = (seen.odometer_in_km or 0) < (seen.previous_odometer_km or 0)
    recorded = seen.odometer_in_km is not None and seen.fuel_percent is not None
    return met(
        recorded and (explained or not went_down),
        odometer=seen.odometer_in_km,
        previous=seen.previous_odometer_km,
        fuel=seen.fuel_percent,
    )
