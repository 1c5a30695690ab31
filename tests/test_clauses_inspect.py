"""The clauses of inspection and diagnosis: met by a conforming case, and each unmet by one flaw and by nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engine import Accepted, standard_catalogue
from engine.events import repair_order as ro
from engine.events.event import Event
from engine.states.repair_order import State as S
from tests import conforming as co
from tests.flaws import CASE, Flaw, changed, desk_at, facts, prepare, put, record, said, without

SYMPTOM = "s1"
NO_WORDS = [None, co.words("  ")]


def inspected(*flaws: Flaw, profile: str = "base") -> Any:
    """The answer to the end of an inspection that was prepared with flaws."""
    return put(prepare(desk_at(S.PROTECTED, profile), ro.InspectionCompleted, *flaws), ro.InspectionCompleted)


def quoted(*flaws: Flaw, profile: str = "base") -> Any:
    """The answer to a quotation that was prepared with flaws."""
    return put(prepare(desk_at(S.INSPECTED, profile), ro.QuoteIssued, *flaws), ro.QuoteIssued)


@pytest.mark.parametrize("profile", co.PROFILES)
def test_a_conforming_inspection_and_quotation_leave_no_note(profile):
    desk = prepare(desk_at(S.PROTECTED, profile), ro.InspectionCompleted)
    assert said(put(desk, ro.InspectionCompleted)) == set()

    prepare(desk, ro.QuoteIssued)
    assert said(put(desk, ro.QuoteIssued)) == set()


# --- the sheet -------------------------------------------------------------------------------------------------------

SHEET = "inspect.four-zones-complete"
FINDINGS = "inspect.every-finding-told-and-written"


@pytest.mark.parametrize("point", ro.Checkpoint)
def test_every_checkpoint_of_the_sheet_is_asked_for(point):
    answer = inspected(without(ro.CheckpointChecked, checkpoint=point))

    assert said(answer) == {SHEET}
    assert facts(answer, SHEET) == {"unchecked": [str(point)], "unphotographed": []}


def test_a_checkpoint_without_a_result_was_not_checked():
    answer = inspected(changed(ro.CheckpointChecked, {"result": None}, checkpoint=ro.Checkpoint.GLASS))

    assert facts(answer, SHEET)["unchecked"] == ["glass"]


@pytest.mark.parametrize("result", [ro.FindingResult.DAMAGED, ro.FindingResult.ABNORMAL, ro.FindingResult.MISSING])
def test_what_is_wrong_has_a_photo(result):
    sill = changed(ro.CheckpointChecked, {"result": result, "photo": None}, checkpoint=ro.Checkpoint.LOWER_SILLS)

    answer = inspected(sill)

    assert said(answer) == {SHEET}
    assert facts(answer, SHEET) == {"unchecked": [], "unphotographed": ["lower_sills"]}


def test_what_could_not_be_checked_needs_no_photo():
    unseen = {"result": ro.FindingResult.NOT_CHECKED, "photo": None}

    assert said(inspected(changed(ro.CheckpointChecked, unseen, checkpoint=ro.Checkpoint.LOWER_SILLS))) == set()


@pytest.mark.parametrize("result", [result for result in ro.FindingResult if result is not ro.FindingResult.OK])
def test_a_checkpoint_that_is_not_in_order_is_a_finding_to_be_told_and_written(result):
    wrong = {"result": result, "photo": co.evidence("glass")}

    answer = inspected(changed(ro.CheckpointChecked, wrong, checkpoint=ro.Checkpoint.GLASS))

    assert said(answer) == {FINDINGS}
    assert facts(answer, FINDINGS) == {"untold": ["glass"], "unwritten": ["glass"]}


def came_back(profile: str) -> co.Desk:
    """The vehicle is back after observation, with its kit on."""
    return record(desk_at(S.UNDER_OBSERVATION, profile), ro.VehicleReturned(), *_kit(profile))


def _kit(profile: str) -> list[Event]:
    desk = desk_at(S.ARRIVED, profile)
    return [
        *(step.event for step in co.preparation(desk.case(CASE), ro.KitFitted)),
        co.fact(desk.case(CASE), ro.KitFitted),
    ]


def test_the_sheet_is_filled_in_again_when_the_vehicle_comes_back():
    desk = prepare(came_back("base"), ro.InspectionCompleted, without(ro.CheckpointChecked))

    answer = put(desk, ro.InspectionCompleted)

    assert said(answer) == {SHEET}
    assert len(facts(answer, SHEET)["unchecked"]) == len(ro.Checkpoint)


def test_a_sheet_filled_in_again_is_complete():
    desk = prepare(came_back("base"), ro.InspectionCompleted)

    assert said(put(desk, ro.InspectionCompleted)) == set()


# --- what is in the vehicle ------------------------------------------------------------------------------------------

BELONGINGS = "inspect.belongings-noted"


@pytest.mark.parametrize("note", NO_WORDS, ids=["none", "blank"])
def test_the_belongings_are_named(note):
    answer = inspected(changed(ro.CheckpointChecked, {"note": note}, checkpoint=ro.Checkpoint.BELONGINGS))

    assert said(answer) == {BELONGINGS}
    assert facts(answer, BELONGINGS) == {"noted": False, "unseen": []}


@pytest.mark.parametrize("point", [ro.Checkpoint.SPARE_WHEEL, ro.Checkpoint.TOOLS])
def test_spare_wheel_and_tools_are_looked_for(point):
    unseen = {"result": ro.FindingResult.NOT_CHECKED}
    finding = changed(ro.FindingNoted, {"checkpoint": point})
    sill = changed(ro.CheckpointChecked, {"result": ro.FindingResult.OK}, checkpoint=ro.Checkpoint.LOWER_SILLS)

    answer = inspected(changed(ro.CheckpointChecked, unseen, checkpoint=point), finding, sill)

    assert said(answer) == {BELONGINGS}
    assert facts(answer, BELONGINGS) == {"noted": True, "unseen": [str(point)]}


# --- the route -------------------------------------------------------------------------------------------------------

ROUTE = "inspect.route-order"
STATIONS = standard_catalogue().clauses[ROUTE].figures["route"].value


def walked(*stations: str) -> Any:
    """The answer to the end of a walk-around along these stations."""
    desk = record(desk_at(S.PROTECTED, "dpca"), ro.WalkaroundStarted(customer_present=True))
    record(desk, *(ro.StationVisited(station=ro.Station(station)) for station in stations))
    return put(desk, ro.WalkaroundFinished)


def test_the_route_has_fourteen_stations_and_closes_at_the_left_front_door():
    assert len(STATIONS) == 14
    assert (STATIONS[0], STATIONS[12], STATIONS[13]) == ("left_front_door", "left_front_door", "vehicle_interior")
    assert said(walked(*STATIONS)) == set()


@pytest.mark.parametrize("number", range(1, 15))
def test_each_station_has_its_place_on_the_route(number):
    answer = walked(*STATIONS[: number - 1], *STATIONS[number:])

    told = facts(answer, ROUTE)
    assert said(answer) == {ROUTE}
    assert (told["stations"], told["number"], told["expected"]) == (14, number, STATIONS[number - 1])
    assert told["visited"] == (STATIONS[number] if number < 14 else None)


def test_another_look_after_the_route_is_no_deviation():
    assert said(walked(*STATIONS, "boot")) == set()


def test_the_route_goes_by_the_times_of_the_visits_and_not_by_their_recording():
    desk = record(desk_at(S.PROTECTED, "dpca"), ro.WalkaroundStarted(customer_present=True))
    times = {number: desk.clock.forward(seconds=10) for number in range(14)}
    for number in reversed(range(14)):
        visit = ro.StationVisited(station=ro.Station(STATIONS[number]))
        desk.apply(CASE, visit, by=co.actor("service_advisor"), occurred_at=times[number])

    assert said(put(desk, ro.WalkaroundFinished)) == set()


def test_a_walkaround_begun_anew_has_its_route_still_before_it():
    desk = record(desk_at(S.PROTECTED, "dpca"), ro.WalkaroundStarted(customer_present=True))
    record(desk, *(ro.StationVisited(station=ro.Station(station)) for station in STATIONS))
    record(desk, ro.WalkaroundStarted(customer_present=True))

    assert facts(put(desk, ro.WalkaroundFinished), ROUTE)["number"] == 1


# --- measured, closed, shown -----------------------------------------------------------------------------------------

MEASURED = "inspect.measured-not-guessed"


@pytest.mark.parametrize("wheel", ro.Wheel)
@pytest.mark.parametrize("missing", ["pressure_kpa", "tread_tenths_mm"])
def test_each_wheel_has_its_pressure_and_its_tread_as_numbers(wheel, missing):
    answer = inspected(changed(ro.TyreMeasured, {missing: None}, wheel=wheel), profile="faw-toyota")

    assert said(answer) == {MEASURED}
    assert facts(answer, MEASURED) == {"wheels": [str(wheel)]}


def test_a_flat_tyre_is_a_measurement():
    flat = changed(ro.TyreMeasured, {"pressure_kpa": 0, "tread_tenths_mm": 0}, wheel=ro.Wheel.REAR_LEFT)

    assert said(inspected(flat, profile="faw-toyota")) == set()


DOORS = "inspect.doors-closed-afterwards"


@pytest.mark.parametrize(("closed", "noted"), [(True, set()), (False, {DOORS}), (None, {DOORS})])
def test_everything_is_closed_when_the_advisor_leaves_the_vehicle(closed, noted):
    assert said(put(desk_at(S.PROTECTED, "faw-toyota"), ro.WalkaroundFinished, all_closed=closed)) == noted


OIL = "inspect.oil-demonstrated"
OIL_CHANGE = changed(ro.LineQuoted, {"operation_code": "oil-change"}, line_id="L1")


def oil_change(*flaws: Flaw) -> co.Desk:
    """An oil change put to the customer; the oil was not shown at the inspection."""
    desk = prepare(desk_at(S.PROTECTED, "faw-toyota"), ro.InspectionCompleted, without(ro.OilShown))
    put(desk, ro.InspectionCompleted)
    prepare(desk, ro.QuoteIssued, OIL_CHANGE, *flaws)
    put(desk, ro.QuoteIssued)
    return prepare(desk, ro.OrderSigned)


def test_who_orders_an_oil_change_is_shown_the_old_oil_before_signing():
    assert said(put(oil_change(), ro.OrderSigned)) == {OIL}
    assert said(put(record(oil_change(), ro.OilShown()), ro.OrderSigned)) == set()


def test_nobody_is_shown_the_oil_who_did_not_order_an_oil_change():
    other = changed(ro.LineQuoted, {"operation_code": "brake-pads"}, line_id="L1")

    assert said(put(oil_change(other), ro.OrderSigned)) == set()


def delivered(*shown: Event) -> Any:
    """The answer to the payment of an oil change, with this shown at delivery."""
    desk = oil_change()
    record(desk, ro.OilShown())
    put(desk, ro.OrderSigned)
    co.walk(desk, CASE, S.INTERNAL_HANDOVER)
    prepare(desk, ro.Paid)
    record(desk, *shown)
    return put(desk, ro.Paid, keys_handed=True)


def test_the_new_oil_is_shown_in_contrast_at_delivery():
    assert OIL in said(delivered())
    assert OIL not in said(delivered(ro.OilShown()))


def test_an_oil_change_found_later_is_shown_at_no_reception():
    desk = desk_at(S.IN_WORK, "faw-toyota")
    prepare(desk, ro.SupplementFound, changed(ro.LineQuoted, {"operation_code": "oil-change"}))
    put(desk, ro.SupplementFound)

    assert OIL not in said(put(desk, ro.OrderSigned))


# --- asked and looked up ---------------------------------------------------------------------------------------------

NEEDS = "arrive.forgotten-needs-prompted"


@pytest.mark.parametrize(
    "answer",
    [{"more_needs": None}, {"needs": None}, {"needs": co.words(" ")}],
    ids=["neither yes nor no", "no words", "blank"],
)
def test_the_answer_to_what_was_forgotten_is_recorded(answer):
    assert said(inspected(changed(ro.ForgottenNeedsAsked, answer))) == {NEEDS}


def test_a_no_is_an_answer():
    assert said(inspected(changed(ro.ForgottenNeedsAsked, {"more_needs": False, "needs": None}))) == set()


def test_nobody_asked_is_noted():
    assert said(inspected(without(ro.ForgottenNeedsAsked))) == {NEEDS}


def test_the_history_is_opened_before_the_quotation():
    assert said(quoted(without(ro.HistoryConsulted))) == {"inspect.history-consulted"}


UNCONFIRMED: dict[str, Flaw] = {
    "not said back": without(ro.RequestRestated),
    "not answered": changed(ro.RequestRestated, {"confirmed_by_customer": None}),
    "denied": changed(ro.RequestRestated, {"confirmed_by_customer": False}),
    "another one": changed(ro.RequestRestated, {"request_id": "another"}),
}


@pytest.mark.parametrize("flaw", UNCONFIRMED.values(), ids=UNCONFIRMED)
def test_each_request_is_said_back_and_confirmed_before_the_quotation(flaw):
    answer = quoted(flaw)

    assert said(answer) == {"inspect.requests-restated"}
    assert facts(answer, "inspect.requests-restated") == {"requests": ["r1"]}


# --- pre-check -------------------------------------------------------------------------------------------------------

PRECHECK = "inspect.precheck-required"
YOUNG = {"first_used_on": date(2024, 11, 23)}
NONE_DONE = without(ro.PrecheckDone)


def prechecked(*flaws: Flaw, now: datetime = co.START) -> Any:
    desk = prepare(desk_at(S.PROTECTED, "dpca", now), ro.InspectionCompleted, *flaws)
    return put(desk, ro.InspectionCompleted)


def test_exactly_two_years_old_in_good_shape_and_judged_directly_needs_no_precheck():
    assert said(prechecked(NONE_DONE, changed(ro.VehicleAssessed, YOUNG))) == set()


def test_a_day_more_than_two_years_needs_one():
    answer = prechecked(NONE_DONE)

    told = facts(answer, PRECHECK)
    assert said(answer) == {PRECHECK}
    assert (told["first_used_on"], told["years"], told["lift"], told["checklist"]) == ("2024-11-22", 2, None, None)


@pytest.mark.parametrize(
    ("first", "now", "due"),
    [
        (date(2024, 11, 23), datetime(2026, 11, 23, 15, 59, tzinfo=UTC), False),
        (date(2024, 11, 23), datetime(2026, 11, 23, 16, 0, tzinfo=UTC), True),  # the next day in China
        (date(2024, 2, 29), datetime(2026, 2, 28, 1, 0, tzinfo=UTC), False),
        (date(2024, 2, 29), datetime(2026, 3, 1, 1, 0, tzinfo=UTC), True),
        (date(2023, 12, 31), datetime(2026, 1, 1, 1, 0, tzinfo=UTC), True),
        (date(2024, 1, 2), datetime(2026, 1, 1, 1, 0, tzinfo=UTC), False),
    ],
)
def test_the_age_is_counted_in_years_and_days_of_the_floor(first, now, due):
    answer = prechecked(NONE_DONE, changed(ro.VehicleAssessed, {"first_used_on": first}), now=now)

    assert said(answer) == ({PRECHECK} if due else set())


DUE: dict[str, Flaw] = {
    "not assessed": without(ro.VehicleAssessed),
    "age unknown": changed(ro.VehicleAssessed, {"first_used_on": None}),
    "condition unknown": changed(ro.VehicleAssessed, {**YOUNG, "condition_poor": None}),
    "in poor condition": changed(ro.VehicleAssessed, {**YOUNG, "condition_poor": True}),
}


@pytest.mark.parametrize("flaw", DUE.values(), ids=DUE)
def test_a_poor_vehicle_needs_one_and_so_does_what_is_not_known(flaw):
    assert said(prechecked(NONE_DONE, flaw)) == {PRECHECK}


@pytest.mark.parametrize("judgeable", [None, False])
def test_what_cannot_be_judged_directly_needs_one(judgeable):
    unsure = changed(ro.SymptomChecked, {"directly_judgeable": judgeable})

    answer = prechecked(NONE_DONE, changed(ro.VehicleAssessed, YOUNG), unsure)

    assert said(answer) == {PRECHECK}
    assert facts(answer, PRECHECK)["undecided"] == [SYMPTOM]


def test_what_nobody_looked_at_needs_one():
    answer = prechecked(NONE_DONE, changed(ro.VehicleAssessed, YOUNG), without(ro.SymptomChecked))

    assert facts(answer, PRECHECK)["undecided"] == [SYMPTOM]


@pytest.mark.parametrize("lift", [None, False])
def test_the_underbody_is_looked_at_on_the_lift(lift):
    assert said(prechecked(changed(ro.PrecheckDone, {"lift_used": lift}))) == {PRECHECK}


def test_an_over_age_vehicle_follows_the_entry_list_and_a_poor_one_need_not():
    no_list = changed(ro.PrecheckDone, {"checklist_version": None})
    young_and_poor = changed(ro.VehicleAssessed, {**YOUNG, "condition_poor": True})

    assert said(prechecked(no_list)) == {PRECHECK}
    assert said(prechecked(no_list, young_and_poor)) == set()


def test_a_maintenance_needs_no_precheck():
    desk = desk_at(S.ARRIVED, "dpca")
    maintenance = {"purposes": frozenset({ro.Purpose.MAINTENANCE}), "primary_purpose": ro.Purpose.MAINTENANCE}
    prepare(desk, ro.KitFitted, changed(ro.PurposeRecorded, maintenance))
    put(desk, ro.KitFitted)
    prepare(desk, ro.InspectionCompleted, NONE_DONE)

    assert said(put(desk, ro.InspectionCompleted)) == set()


def test_a_precheck_of_the_visit_before_does_not_count():
    desk = prepare(came_back("dpca"), ro.InspectionCompleted, NONE_DONE)

    assert said(put(desk, ro.InspectionCompleted)) == {PRECHECK}


# --- the interview ---------------------------------------------------------------------------------------------------

INTERVIEW = "inspect.five-w-one-h"


@pytest.mark.parametrize("question", ro.Question)
def test_each_of_the_six_questions_is_asked(question):
    answer = inspected(without(ro.InquiryAnswered, question=question))

    assert said(answer) == {INTERVIEW}
    assert facts(answer, INTERVIEW) == {"symptoms": [SYMPTOM], "questions": [str(question)], "unconfirmed": []}


@pytest.mark.parametrize("words", NO_WORDS, ids=["none", "blank"])
def test_a_question_without_an_answer_was_not_asked(words):
    answer = inspected(changed(ro.InquiryAnswered, {"answer": words}, question=ro.Question.WHY))

    assert facts(answer, INTERVIEW)["questions"] == ["why"]


OPEN_END: dict[str, Flaw] = {
    "no summary": without(ro.InquirySummarised),
    "of another complaint": changed(ro.InquirySummarised, {"symptom_id": "another"}),
    "not answered": changed(ro.InquirySummarised, {"confirmed": None}),
    "denied": changed(ro.InquirySummarised, {"confirmed": False}),
    "without words": changed(ro.InquirySummarised, {"summary": None}),
    "blank": changed(ro.InquirySummarised, {"summary": co.words(" ")}),
}


@pytest.mark.parametrize("flaw", OPEN_END.values(), ids=OPEN_END)
def test_a_summary_closes_the_interview_and_the_customer_confirms_it(flaw):
    answer = inspected(flaw)

    assert said(answer) == {INTERVIEW}
    assert facts(answer, INTERVIEW) == {"symptoms": [], "questions": [], "unconfirmed": [SYMPTOM]}


# --- what the advisor cannot judge -----------------------------------------------------------------------------------

BLUFF, CAUSES, NEXT = "inspect.no-bluffing-escalate", "inspect.candidate-causes", "quote.next-step-time-and-contact"


def unsure(*then: Event, **checked: object) -> Flaw:
    """The advisor cannot judge the complaint; what is done about it."""

    def flaw(event: Event) -> list[Event]:
        if not isinstance(event, ro.SymptomChecked):
            return [event]
        return [event.model_copy(update={"directly_judgeable": False, **checked}), *then]

    return flaw


def _but(event: Event, **values: object) -> Event:
    return event.model_copy(update=values)


ESCALATED = ro.IssueEscalated(issue_id=SYMPTOM, escalated_to="te-1")
TOLD = ro.CandidateCausesTold(symptom_id=SYMPTOM, candidate_causes=frozenset({"outer-cv-joint", "tie-rod"}))


UNSURE: dict[str, tuple[Flaw, set[str]]] = {
    "nothing done": (unsure(), {BLUFF, CAUSES}),
    "not said": (unsure(directly_judgeable=None), {BLUFF, CAUSES}),
    "handed on": (unsure(ESCALATED), {CAUSES}),
    "causes told": (unsure(TOLD), {BLUFF}),
    "both": (unsure(ESCALATED, TOLD), set()),
    "to nobody": (unsure(_but(ESCALATED, escalated_to=None), TOLD), {BLUFF}),
    "another issue": (unsure(_but(ESCALATED, issue_id="another"), TOLD), {BLUFF}),
    "no causes": (unsure(ESCALATED, _but(TOLD, candidate_causes=None)), {CAUSES}),
    "empty causes": (unsure(ESCALATED, _but(TOLD, candidate_causes=frozenset())), {CAUSES}),
    "did not show": (unsure(reproduced=False, customer_confirmed_same=None), set()),
}
"""What was done about a complaint that cannot be judged directly, and what is noted. What did not show is observed."""


@pytest.mark.parametrize(("flaw", "noted"), UNSURE.values(), ids=UNSURE)
def test_what_cannot_be_judged_goes_to_an_expert_and_its_possible_causes_are_told(flaw, noted):
    assert said(inspected(flaw)) == noted


def test_a_finding_that_cannot_be_judged_goes_to_an_expert():
    desk = prepare(
        desk_at(S.PROTECTED), ro.InspectionCompleted, changed(ro.FindingNoted, {"directly_judgeable": False})
    )

    noted = put(desk, ro.InspectionCompleted)
    prepare(record(desk, ro.IssueEscalated(issue_id="f1", escalated_to="te-1")), ro.QuoteIssued)

    assert said(noted) == {BLUFF}
    assert facts(noted, BLUFF) == {"issues": ["f1"]}
    assert said(put(desk, ro.QuoteIssued)) == set()


def undecided(*then: Event) -> co.Desk:
    """A case inspected with a complaint that the advisor could not judge."""
    desk = prepare(desk_at(S.PROTECTED), ro.InspectionCompleted, unsure(ESCALATED, *then))
    put(desk, ro.InspectionCompleted)
    return desk


@pytest.mark.parametrize(("cause", "noted"), [("tie-rod", set()), ("wheel-bearing", {CAUSES})])
def test_a_cause_outside_those_told_is_a_change(cause, noted):
    answer = put(undecided(TOLD), ro.CauseDetermined, workshop_cause=cause)

    assert isinstance(answer, Accepted)
    assert said(answer) == noted
    if noted:
        assert facts(answer, CAUSES) == {"symptoms": [SYMPTOM], "cause": "wheel-bearing"}


def test_where_no_causes_were_told_none_is_outside_them():
    assert said(put(undecided(), ro.CauseDetermined)) == set()


AGREED = ro.NextStepAgreed(
    symptom_id=SYMPTOM,
    plan_due_at=co.START + timedelta(hours=2),
    contact_channel=ro.NoticeChannel.PHONE,
    contact=co.words("13800138000"),
)


STEPS: dict[str, tuple[list[Event], set[str]]] = {
    "nothing agreed": ([], {NEXT}),
    "agreed": ([AGREED], set()),
    "for another complaint": ([_but(AGREED, symptom_id="another")], {NEXT}),
    "no time": ([_but(AGREED, plan_due_at=None)], {NEXT}),
    "no channel": ([_but(AGREED, contact_channel=None)], {NEXT}),
    "no contact": ([_but(AGREED, contact=None)], {NEXT}),
    "a blank contact": ([_but(AGREED, contact=co.words(" "))], {NEXT}),
    "the workshop knows": ([ro.CauseDetermined(symptom_id=SYMPTOM, workshop_cause="tie-rod")], set()),
}


@pytest.mark.parametrize(("step", "noted"), STEPS.values(), ids=STEPS)
def test_while_the_plan_is_open_its_time_and_a_contact_are_agreed(step, noted):
    desk = prepare(record(undecided(TOLD), *step), ro.QuoteIssued)

    assert said(put(desk, ro.QuoteIssued)) == noted


# --- what did not show -----------------------------------------------------------------------------------------------

KEPT = "inspect.unreproduced-fault-kept"
AWAY, WITHDRAWN = ro.CloseReason.NOT_EXISTING, ro.CloseReason.WITHDRAWN_BY_CUSTOMER
CLOSINGS: dict[str, tuple[bool | None, ro.CloseReason, bool]] = {
    "unseen, judged away": (None, AWAY, True),
    "unseen, withdrawn": (None, WITHDRAWN, False),
    "seen, judged away": (True, AWAY, False),
    "seen, withdrawn": (True, WITHDRAWN, False),
    "did not show, judged away": (False, AWAY, True),
    "did not show, withdrawn": (False, WITHDRAWN, True),
}
"""Whether the symptom showed when it was checked (None: nobody looked), the reason to close it, and the refusal."""


@pytest.mark.parametrize(("showed", "reason", "refused"), CLOSINGS.values(), ids=CLOSINGS)
def test_a_complaint_is_neither_judged_away_unseen_nor_closed_because_it_did_not_show(showed, reason, refused):
    desk = record(desk_at(S.INSPECTED), ro.ComplaintRecorded(symptom_id="s2"))
    if showed is not None:
        record(desk, ro.SymptomChecked(symptom_id="s2", reproduced=showed))

    answer = put(desk, ro.ComplaintClosed, symptom_id="s2", reason=reason)

    assert said(answer) == ({KEPT} if refused else set())
