"""Clauses of the customer's rest, the workshop and quality control, at the boundaries of their figures.

The worked cases are scenario files; here is what a file of whole minutes cannot say, and what takes a special history.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine import Accepted, Actor, Answer, Refused
from engine.events import repair_order as ro
from engine.events.event import Event
from engine.states.repair_order import State as S
from tests import conforming as co
from tests.flaws import CASE, changed, desk_at, prepare, record, without
from tests.floor import noted, put, refused
from tests.support import ADVISOR, START

PROMISE = START + timedelta(hours=6)
DISPATCHER = co.actor("workshop_dispatcher")
INSPECTOR = co.actor("quality_inspector")
ANNA, BO = Actor("t-anna", "technician"), Actor("t-bo", "technician")


# --- rest ------------------------------------------------------------------------------------------------------------

SETTLED = "rest.customer-settled"
IN_THE_LOUNGE = ro.CustomerSettled(
    customer_whereabouts=ro.Whereabouts.LOUNGE, facilities_told=True, contact_way_told=True
)
AWAY = ro.CustomerSettled(customer_whereabouts=ro.Whereabouts.AWAY, contact_way_told=True)


def just_signed(profile: str = "base") -> co.Desk:
    """Signed, the customer not yet settled."""
    desk = desk_at(S.QUOTED, profile)
    prepare(desk, ro.OrderSigned, without(ro.CustomerSettled))
    put(desk, co.fact(desk.case(CASE), ro.OrderSigned))
    return desk


def test_a_customer_settled_within_ten_minutes_of_signing_is_in_time() -> None:
    assert noted(put(just_signed(), IN_THE_LOUNGE, minutes=10), SETTLED) is None


def test_a_second_later_is_late_and_counts_as_another_minute() -> None:
    told = noted(put(just_signed(), IN_THE_LOUNGE, minutes=10, seconds=1), SETTLED)

    assert told is not None
    assert (told["waited"], told["limit"], told["whereabouts"]) == (11, 10, "lounge")


def test_only_the_first_time_is_held_to_the_minutes() -> None:
    desk = just_signed()
    put(desk, IN_THE_LOUNGE)

    assert noted(put(desk, AWAY, hours=2), SETTLED) is None


def test_a_correction_is_judged_at_the_time_of_what_it_corrects() -> None:
    desk = just_signed()
    put(desk, IN_THE_LOUNGE.model_copy(update={"facilities_told": None}))
    first = desk.case(CASE).the(ro.CustomerSettled).version

    again = put(desk, IN_THE_LOUNGE.model_copy(update={"corrects": first}), hours=2)

    assert noted(again, SETTLED) is None


def test_who_leaves_needs_no_word_on_the_lounge_and_who_stays_does() -> None:
    silent = IN_THE_LOUNGE.model_copy(update={"facilities_told": False})

    assert noted(put(just_signed(), AWAY), SETTLED) is None
    assert noted(put(just_signed(), silent), SETTLED) is not None


@pytest.mark.parametrize(
    ("offered", "accepted", "fine"),
    [
        (ro.Transport.SHUTTLE, True, True),
        (ro.Transport.TAXI, False, True),
        (ro.Transport.TAXI, None, False),
        (ro.Transport.NOT_OFFERED, False, False),
        (None, None, False),
    ],
)
def test_who_leaves_is_offered_a_way_and_answers(
    offered: ro.Transport | None, accepted: bool | None, fine: bool
) -> None:
    leaving = AWAY.model_copy(update={"transport_offered": offered, "transport_accepted": accepted})

    told = noted(put(just_signed(), leaving), "rest.transport-offered")

    assert (told is None) is fine


def test_who_stays_is_offered_no_way() -> None:
    assert noted(put(just_signed(), IN_THE_LOUNGE), "rest.transport-offered") is None


def test_the_gallery_is_for_who_stays() -> None:
    assert noted(put(just_signed("lexus"), AWAY), "rest.viewing-gallery") is None
    assert noted(put(just_signed("lexus"), IN_THE_LOUNGE), "rest.viewing-gallery") == {}


@pytest.mark.parametrize(("settled", "cared_for"), [(AWAY, True), (IN_THE_LOUNGE, False)])
def test_lounge_care_is_for_who_waits(settled: ro.CustomerSettled, cared_for: bool) -> None:
    desk = desk_at(S.IN_WORK)
    put(desk, settled)
    prepare(desk, ro.WorkFinished, without(ro.LoungeVisited))

    told = noted(put(desk, ro.WorkFinished(), ANNA), "rest.lounge-care")

    assert (told is None) is cared_for


# --- dispatch and clocked time ---------------------------------------------------------------------------------------

TIME = "work.technician-time-recorded"


def test_nobody_starts_before_somebody_was_assigned() -> None:
    start = ro.OperationStarted(line_id="L1")

    assert isinstance(put(desk_at(S.SIGNED), start, ANNA), Refused)
    assert isinstance(put(desk_at(S.IN_WORK), start, ANNA), Accepted)


@pytest.mark.parametrize(("tenths", "hours"), [(25, "2.5"), (None, None)])
def test_who_dispatches_is_told_whether_the_technician_has_the_time(tenths: int | None, hours: str | None) -> None:
    desk = desk_at(S.SIGNED)
    prepare(desk, ro.WorkDispatched)
    job = ro.WorkDispatched(technician_id="t-1", skill_ok=True, hours_available_tenths=tenths)

    told = refused(put(desk, job), "work.dispatch-to-suitable-technician")

    assert told == {"role": "service_advisor", "technician": "t-1", "skill": True, "hours": hours}


def finish(desk: co.Desk, *kinds: co.Kind) -> Answer:
    """Report every line, and whatever else the end of work needs, but for some; then end it."""
    prepare(desk, ro.WorkFinished, *map(without, kinds))
    return put(desk, ro.WorkFinished(), ANNA)


def test_each_technician_has_a_clock_of_his_own_and_a_report_stops_all_clocks_of_its_line() -> None:
    desk = desk_at(S.IN_WORK)
    put(desk, ro.OperationStarted(line_id="L1"), ANNA)
    put(desk, ro.OperationStarted(line_id="L1"), BO, minutes=10)
    put(desk, ro.OperationPaused(line_id="L1"), ANNA, minutes=20)
    desk.clock.forward(minutes=15)

    told = noted(finish(desk, ro.OperationStarted), TIME)

    assert told == {"unclocked": ["L2"], "running": [], "unplanned": [], "minutes": ["L1 65/60"]}


def test_a_pause_stops_the_clock_of_its_own_line_alone() -> None:
    desk = desk_at(S.IN_WORK)
    put(desk, ro.OperationStarted(line_id="L1"), ANNA)
    put(desk, ro.OperationStarted(line_id="L2"), BO)
    put(desk, ro.OperationPaused(line_id="L1"), ANNA, minutes=20)
    desk.clock.forward(minutes=15)
    prepare(desk, ro.WorkFinished, without(ro.OperationStarted))
    put(desk, ro.OperationStarted(line_id="L1"), BO)

    told = noted(put(desk, ro.WorkFinished(), ANNA), TIME)

    assert told is not None
    assert (told["running"], told["minutes"]) == (["L1"], ["L1 20/60", "L2 35/12"])


def test_no_clock_runs_while_work_is_suspended() -> None:
    desk = desk_at(S.IN_WORK)
    put(desk, ro.OperationStarted(line_id="L1"), ANNA)
    put(desk, co.fact(desk.case(CASE), ro.WorkSuspended), DISPATCHER, minutes=25)
    put(desk, ro.WorkResumed(reason_cleared=True), DISPATCHER, hours=30)

    told = noted(finish(desk, ro.OperationStarted), TIME)

    assert told is not None
    assert told["minutes"] == ["L1 25/60"]


def test_a_clock_that_still_runs_at_the_end_of_work_is_named() -> None:
    desk = desk_at(S.IN_WORK)
    prepare(desk, ro.WorkFinished)
    put(desk, ro.OperationStarted(line_id="L1"), ANNA)

    told = noted(put(desk, ro.WorkFinished(), ANNA), TIME)

    assert told is not None
    assert told["running"] == ["L1"]


def test_a_line_without_planned_hours_is_named_with_the_minutes_worked() -> None:
    desk = desk_at(S.INSPECTED)
    prepare(desk, ro.QuoteIssued)
    line = desk.case(CASE).all(ro.LineQuoted)[-1].event
    put(desk, line.model_copy(update={"planned_hours_tenths": None}))
    put(desk, co.fact(desk.case(CASE), ro.QuoteIssued))
    co.walk(desk, CASE, S.IN_WORK)

    told = noted(finish(desk), TIME)

    assert told is not None
    assert told["unplanned"] == [line.line_id]
    assert f"{line.line_id} 0/-" in told["minutes"]


def test_time_clocked_late_counts_where_it_happened() -> None:
    desk = desk_at(S.IN_WORK)
    begun = desk.clock()
    put(desk, ro.OperationPaused(line_id="L1"), ANNA, minutes=20)
    desk.apply(CASE, ro.OperationStarted(line_id="L1"), by=ANNA, occurred_at=begun)

    told = noted(finish(desk, ro.OperationStarted), TIME)

    assert told is not None
    assert told["minutes"] == ["L1 20/60"]


# --- progress --------------------------------------------------------------------------------------------------------

PROGRESS, RISK, KEPT = "work.progress-told-to-customer", "work.eta-at-risk-notified", "work.kept-vehicle-registered"
TOLD = ro.ProgressNoted(
    told_to_customer=True, channel=ro.NoticeChannel.SMS, content=co.words("正在换件"), open_points=()
)
DELAY_TOLD = TOLD.model_copy(update={"delay_told": True})


@pytest.mark.parametrize(("seconds", "fine"), [(0, True), (1, False)])
def test_the_customer_hears_of_the_work_within_an_hour(seconds: int, fine: bool) -> None:
    desk = desk_at(S.IN_WORK)

    told = noted(put(desk, TOLD, hours=1, seconds=seconds), PROGRESS)

    assert (told is None) is fine


def test_the_hour_runs_from_the_last_word_and_a_note_of_the_workshop_is_none() -> None:
    desk = desk_at(S.IN_WORK)
    put(desk, TOLD, minutes=50)
    put(desk, ro.ProgressNoted(percent_done=40), ANNA, minutes=50)

    told = noted(put(desk, TOLD, minutes=20), PROGRESS)

    assert told is not None
    assert told["waited"] == 70


def test_a_word_at_the_very_moment_of_the_last_one_has_no_hour_to_keep() -> None:
    desk = desk_at(S.IN_WORK)
    put(desk, TOLD, minutes=70)

    assert noted(put(desk, TOLD), PROGRESS) is None


def test_the_hour_runs_anew_when_work_goes_on() -> None:
    desk = desk_at(S.IN_WORK)
    put(desk, co.fact(desk.case(CASE), ro.WorkSuspended), DISPATCHER)
    put(desk, ro.WorkResumed(reason_cleared=True), DISPATCHER, hours=30)

    assert noted(put(desk, TOLD, minutes=60), PROGRESS) is None


@pytest.mark.parametrize("missing", ["channel", "content"])
def test_a_word_to_the_customer_says_how_and_what(missing: str) -> None:
    assert noted(put(desk_at(S.IN_WORK), TOLD.model_copy(update={missing: None})), PROGRESS) is not None


def test_open_points_are_the_advisors_business() -> None:
    silent = ro.ProgressNoted(percent_done=40)

    assert noted(put(desk_at(S.IN_WORK), silent, ANNA), "work.channel-open") is None
    assert noted(put(desk_at(S.IN_WORK), silent, ADVISOR), "work.channel-open") == {}


def test_the_board_is_compared_with_the_state_of_the_order() -> None:
    desk = desk_at(S.QC)
    true, false = (ro.BoardUpdated(board_status=status) for status in ("QC", "in-work"))

    assert noted(put(desk, true, DISPATCHER), "work.progress-board-truthful") is None
    assert noted(put(desk, false, DISPATCHER), "work.progress-board-truthful") == {"shown": "in-work", "state": "QC"}


def at_risk(planned_finish_in: timedelta | None) -> co.Desk:
    """In work, promised in six hours, when the technician sees when it will be finished."""
    desk = desk_at(S.IN_WORK)
    planned = None if planned_finish_in is None else START + planned_finish_in
    put(desk, ro.EtaRiskFound(planned_finish=planned), ANNA)
    return desk


@pytest.mark.parametrize("event", [DELAY_TOLD, ro.WorkshopChased()], ids=["customer", "workshop"])
@pytest.mark.parametrize(("seconds", "fine"), [(-1, True), (0, False)])
def test_a_delay_is_told_and_pressed_for_before_the_promised_time(event: Event, seconds: int, fine: bool) -> None:
    desk = at_risk(timedelta(hours=8))

    told = noted(put(desk, event, hours=6, seconds=seconds), RISK)

    assert (told is None) is fine


def test_a_time_that_will_be_kept_is_no_risk_and_one_unknown_is() -> None:
    for planned, fine in ((timedelta(hours=6), True), (timedelta(hours=6, seconds=1), False), (None, False)):
        told = noted(put(at_risk(planned), ro.WorkshopChased(), hours=7), RISK)

        assert (told is None) is fine


def test_only_the_first_word_counts() -> None:
    desk = at_risk(timedelta(hours=8))
    put(desk, DELAY_TOLD, hours=1)
    put(desk, ro.WorkshopChased())

    assert noted(put(desk, DELAY_TOLD, hours=6), RISK) is None
    assert noted(put(desk, ro.WorkshopChased()), RISK) is None


def test_a_new_time_agreed_too_late_is_a_late_word() -> None:
    desk = at_risk(timedelta(hours=8))

    told = noted(put(desk, co.fact(desk.case(CASE), ro.EtaChanged), hours=7), RISK)

    assert told is not None
    assert told["promised_at"] == "2026-11-23T07:00:00.000000Z"


def test_progress_told_without_the_delay_is_no_word_of_it() -> None:
    assert noted(put(at_risk(timedelta(hours=8)), TOLD, hours=7), RISK) is None


def test_a_supplement_moves_the_promise_when_it_is_signed() -> None:
    desk = at_risk(timedelta(hours=6, minutes=30))
    co.perform(desk, CASE, ro.SupplementFound)
    put(desk, ro.OrderSigned(customer_signature=co.evidence("supplement"), customer_present=True))
    co.walk(desk, CASE, S.IN_WORK)

    assert noted(put(desk, ro.WorkshopChased(), hours=6, minutes=30), RISK) is None


def test_a_supplement_that_nobody_signed_moves_no_promise() -> None:
    desk = at_risk(timedelta(hours=6, minutes=30))
    co.perform(desk, CASE, ro.SupplementFound)
    put(desk, co.fact(desk.case(CASE), ro.SupplementDeclined))

    assert noted(put(desk, ro.WorkshopChased(), hours=6, minutes=30), RISK) is not None


@pytest.mark.parametrize(("seconds", "fine"), [(0, True), (1, False)])
def test_a_vehicle_is_kept_when_it_is_with_us_for_more_than_twelve_hours(seconds: int, fine: bool) -> None:
    desk = desk_at(S.IN_WORK)
    prepare(desk, ro.WorkFinished)

    told = noted(put(desk, ro.WorkFinished(), ANNA, hours=12, seconds=seconds), KEPT)

    assert (told is None) is fine


def test_a_kept_vehicle_that_is_registered_is_in_order() -> None:
    desk = desk_at(S.IN_WORK)
    prepare(desk, ro.WorkFinished)
    put(desk, co.fact(desk.case(CASE), ro.VehicleKept), hours=9)

    assert noted(put(desk, ro.WorkFinished(), ANNA, hours=15), KEPT) is None


@pytest.mark.parametrize("missing", ["kept_reason", "next_action"])
def test_a_registration_says_why_and_what_next(missing: str) -> None:
    desk = desk_at(S.IN_WORK)
    whole = co.fact(desk.case(CASE), ro.VehicleKept)

    assert noted(put(desk, whole), KEPT) is None
    assert noted(put(desk, whole.model_copy(update={missing: None})), KEPT) is not None


# --- diagnosis only --------------------------------------------------------------------------------------------------

PLAN = "work.inspection-only-plan-chased"


def in_for_diagnosis(*, kind: ro.OperationKind = ro.OperationKind.DIAGNOSIS, agreed: bool = True) -> co.Desk:
    """In work, with every line of one kind, the plan agreed for two hours from the start."""
    desk = desk_at(S.INSPECTED)
    for step in co.preparation(desk.case(CASE), ro.QuoteIssued):
        event = step.event
        if isinstance(event, ro.LineQuoted):
            event = event.model_copy(update={"operation_kind": kind})
        if not isinstance(event, ro.NextStepAgreed):
            desk.apply(CASE, event, by=step.actor)
    if agreed:
        put(desk, ro.NextStepAgreed(symptom_id="s1", plan_due_at=START + timedelta(hours=2)))
    put(desk, co.fact(desk.case(CASE), ro.QuoteIssued))
    co.walk(desk, CASE, S.IN_WORK)
    return desk


@pytest.mark.parametrize(("seconds", "fine"), [(0, True), (1, False)])
def test_the_plan_of_a_diagnosis_comes_by_the_time_agreed(seconds: int, fine: bool) -> None:
    told = noted(put(in_for_diagnosis(), ro.RepairPlanReceived(), hours=2, seconds=seconds), PLAN)

    assert (told is None) is fine


def test_without_a_time_agreed_no_plan_is_in_time() -> None:
    desk = in_for_diagnosis(agreed=False)
    put(desk, ro.WorkshopChased())

    told = noted(put(desk, ro.RepairPlanReceived()), PLAN)

    assert told is not None
    assert (told["due"], told["chased"]) == (None, 1)


def test_the_first_plan_counts_and_other_work_needs_none() -> None:
    desk = in_for_diagnosis()
    put(desk, ro.RepairPlanReceived())

    assert noted(put(desk, ro.RepairPlanReceived(), hours=3), PLAN) is None
    assert noted(put(desk_at(S.IN_WORK), ro.RepairPlanReceived(), hours=3), PLAN) is None


# --- quality control -------------------------------------------------------------------------------------------------

PASSED = ro.QcPassed(unmet_demands=(), inspector_signature=co.evidence("qc"), filed_with_order=True)
OTHERS_CHECK = "qc.inspector-not-the-technician"
WASHED = "handover.clean-and-undamaged"


@pytest.mark.parametrize("kind", [ro.OperationStarted, ro.OperationReported, ro.WorkFinished])
def test_whoever_did_any_of_the_work_does_not_inspect_it(kind: co.Kind) -> None:
    desk = desk_at(S.IN_WORK)
    both = Actor("t-9", "technician")
    for step in [*co.preparation(desk.case(CASE), ro.WorkFinished), co.Step(ro.WorkFinished(), ANNA)]:
        desk.apply(CASE, step.event, by=both if isinstance(step.event, kind) else step.actor)
    prepare(desk, ro.QcPassed)

    assert noted(put(desk, PASSED, Actor("t-9", "quality_inspector")), OTHERS_CHECK) == {"inspector": "t-9"}


def test_whom_the_work_was_assigned_to_does_not_inspect_it() -> None:
    desk = desk_at(S.QC)
    assigned = desk.case(CASE).the(ro.WorkDispatched).event.technician_id
    prepare(desk, ro.QcPassed)

    assert assigned is not None
    assert noted(put(desk, PASSED, Actor(assigned, "quality_inspector")), OTHERS_CHECK) is not None


@pytest.mark.parametrize("back", [ro.QcFailed, ro.HandoverRejected])
def test_a_wash_from_before_a_rework_does_not_count_after_it(back: co.Kind) -> None:
    desk = desk_at(S.QC)
    prepare(desk, ro.QcPassed)
    if back is ro.HandoverRejected:
        put(desk, PASSED, INSPECTOR)
    co.perform(desk, CASE, back)
    co.perform(desk, CASE, ro.WorkFinished)
    prepare(desk, ro.QcPassed, without(ro.VehicleWashed))

    told = refused(put(desk, PASSED, INSPECTOR), WASHED)

    assert told == {"wash_wanted": True, "washed": False, "compare": "same"}


def test_a_wash_before_the_end_of_work_counts() -> None:
    desk = desk_at(S.IN_WORK)
    put(desk, ro.VehicleWashed(), DISPATCHER)
    co.perform(desk, CASE, ro.WorkFinished)
    prepare(desk, ro.QcPassed, without(ro.VehicleWashed))

    assert isinstance(put(desk, PASSED, INSPECTOR), Accepted)


@pytest.mark.parametrize(("line", "fine"), [({}, False), ({"part_no": None}, True)], ids=["a part", "none"])
def test_old_parts_have_a_place_where_a_part_was_replaced(line: dict[str, object], fine: bool) -> None:
    desk = desk_at(S.INSPECTED)
    prepare(desk, ro.QuoteIssued, changed(ro.LineQuoted, line))
    record(desk, co.fact(desk.case(CASE), ro.QuoteIssued))
    co.walk(desk, CASE, S.QC)
    prepare(desk, ro.QcPassed, without(ro.OldPartsPlaced))

    answer = put(desk, PASSED, INSPECTOR)

    assert isinstance(answer, Accepted) if fine else refused(answer, "handover.old-parts-in-place") == {}


@pytest.mark.parametrize(
    ("outcome", "fine"),
    [
        (ro.SymptomOutcome.NOT_REPRODUCED, True),
        (ro.SymptomOutcome.GONE, True),
        (ro.SymptomOutcome.PRESENT, False),
        (None, False),
    ],
)
def test_a_fault_that_never_showed_may_stay_unseen_at_the_end(outcome: ro.SymptomOutcome | None, fine: bool) -> None:
    desk = desk_at(S.PROTECTED)
    unseen = {"reproduced": False, "customer_confirmed_same": None, "suspected_cause": None}
    prepare(desk, ro.InspectionCompleted, changed(ro.SymptomChecked, unseen))
    record(desk, co.fact(desk.case(CASE), ro.InspectionCompleted))
    prepare(desk, ro.QuoteIssued, changed(ro.LineQuoted, {"symptom_id": None}))
    record(desk, co.fact(desk.case(CASE), ro.QuoteIssued))
    co.walk(desk, CASE, S.QC)
    prepare(desk, ro.QcPassed, changed(ro.SymptomRechecked, {"outcome": outcome}))

    answer = put(desk, PASSED, INSPECTOR)

    assert isinstance(answer, Accepted) if fine else refused(answer, "qc.all-demands-met")["symptoms"] == ["s1"]


def test_a_road_test_says_how_far() -> None:
    desk = desk_at(S.QC, "lexus")
    prepare(desk, ro.QcPassed)
    put(desk, co.fact(desk.case(CASE), ro.RoadTested).model_copy(update={"distance_km": None}), INSPECTOR)

    told = refused(put(desk, PASSED, INSPECTOR), "qc.final-road-test")

    assert told == {"result": "pass", "distance": None, "signed": True}


def test_a_line_that_nobody_signed_for_need_not_be_done() -> None:
    desk = desk_at(S.IN_WORK)
    put(desk, ro.OperationReported(line_id="L-99", action="looked-at", result=ro.OperationResult.NOT_DONE), ANNA)
    co.perform(desk, CASE, ro.WorkFinished)

    assert isinstance(co.perform(desk, CASE, ro.QcPassed), Accepted)
