"""Clauses of reception, its peak, vehicle protection and the brands' process maps, at the second where they turn.

The worked cases are scenario files; here is what a file of whole minutes cannot say, and what takes a special history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.inbound.scenario import play, stage
from adapters.inbound.scenario_file import load
from engine import Accepted, Actor, Catalogue, Profile, Role, standard_catalogue
from engine.decider import Decider
from engine.events import repair_order as ro
from engine.events.event import Event
from engine.guards import CLAUSES
from engine.guards.repair_order.phases import phase_of
from engine.rules import Rules
from engine.states.repair_order import State as S
from tests import conforming as co
from tests.flaws import CASE, decider, desk_at
from tests.floor import noted, put, refused
from tests.support import ADVISOR, DISPATCHER, GUARD, MANAGER, START, TECHNICIAN

GUIDE = Actor("gu-1", "guide")
CLERK = Actor("x-warranty_clerk", "warranty_clerk")
SUPERVISOR = Actor("fs-1", "front_desk_supervisor")
REPAIR = ro.PurposeRecorded(purposes=frozenset({ro.Purpose.REPAIR}), primary_purpose=ro.Purpose.REPAIR)
HAPPY = load(Path(__file__).parent.parent / "scenarios" / "J-happy-path.toml")


def arrived(profile: str = "base", origin: ro.OrderOrigin | None = None) -> co.Desk:
    """A vehicle that came in a moment ago, and nothing else."""
    desk = co.Desk(decider(profile))
    desk.open(CASE)
    put(desk, ro.VehicleCheckedIn(order_origin=origin), by=GUARD)
    return desk


def given(desk: co.Desk, *events: Event, by: Actor = ADVISOR) -> None:
    """What must be accepted before."""
    for event in events:
        assert isinstance(put(desk, event, by=by), Accepted), event


def kit(**facts: object) -> ro.KitFitted:
    """The whole kit, fitted as it should be but for some facts."""
    whole = ro.KitFitted(
        kit_pieces=frozenset(ro.KitPiece),
        form_carried=True,
        kit_carried=True,
        customer_present=True,
        announced_to_customer=True,
    )
    return whole.model_copy(update=facts)


# --- the gate --------------------------------------------------------------------------------------------------------

CALLED = "arrive.security-radios-advisor"
CALL = ro.AdvisorNotified(advisor_id="sa-1", channel=ro.CallChannel.RADIO)


def test_an_advisor_called_within_a_minute_is_called_at_once() -> None:
    assert noted(put(arrived(), CALL, by=GUARD, minutes=1), CALLED) is None


def test_an_advisor_called_a_second_later_is_noted() -> None:
    assert noted(put(arrived(), CALL, by=GUARD, seconds=61), CALLED) == {
        "minutes": 2,
        "limit": 1,
        "advisor": "sa-1",
        "channel": "radio",
    }


@pytest.mark.parametrize("missing", ["advisor_id", "channel"])
def test_a_call_that_does_not_say_who_and_how_is_noted(missing: str) -> None:
    assert noted(put(arrived(), CALL.model_copy(update={missing: None}), by=GUARD), CALLED)


def test_a_second_call_is_not_measured() -> None:
    desk = arrived()
    given(desk, CALL, by=GUARD)

    assert noted(put(desk, CALL, by=GUARD, minutes=20), CALLED) is None


def test_a_correction_of_the_call_stands_at_its_time() -> None:
    desk = arrived()
    given(desk, CALL.model_copy(update={"channel": None}), by=GUARD)
    version = desk.case(CASE).the(ro.AdvisorNotified).version

    answer = put(desk, CALL.model_copy(update={"corrects": version}), by=GUARD, minutes=20)

    assert noted(answer, CALLED) is None


# --- the greeting ----------------------------------------------------------------------------------------------------

GREETED, INTRODUCED = "arrive.greet-on-sight", "arrive.first-visit-introduction"
GREETING = ro.CustomerGreeted(location=ro.GreetingPlace.DESK, first_visit=True, introduced=True, card_given=True)


def test_a_customer_greeted_within_three_minutes_is_greeted_on_sight() -> None:
    assert noted(put(arrived(), GREETING, minutes=3), GREETED) is None


def test_a_customer_greeted_a_second_later_is_noted() -> None:
    facts = noted(put(arrived(), GREETING, seconds=181), GREETED)

    assert facts == {"minutes": 4, "limit": 3, "location": "desk"}


def test_a_greeting_nobody_knows_where_is_noted() -> None:
    assert noted(put(arrived(), GREETING.model_copy(update={"location": None})), GREETED)


def test_a_customer_greeted_before_is_not_measured_again() -> None:
    desk = arrived()
    given(desk, GREETING)

    assert noted(put(desk, GREETING, minutes=20), GREETED) is None


@pytest.mark.parametrize(
    ("first_visit", "introduced", "card_given", "met"),
    [
        (True, True, True, True),
        (True, True, False, False),
        (True, None, True, False),
        (False, None, None, True),
        (None, True, True, False),
    ],
)
def test_a_newcomer_hears_a_name_and_gets_a_card(
    first_visit: bool | None, introduced: bool | None, card_given: bool | None, met: bool
) -> None:
    greeting = ro.CustomerGreeted(
        location=ro.GreetingPlace.YARD, first_visit=first_visit, introduced=introduced, card_given=card_given
    )

    assert (noted(put(arrived(), greeting), INTRODUCED) is None) == met


# --- the guide -------------------------------------------------------------------------------------------------------

ROTATING, STANDING = "arrive.guide-rotating-at-peak", "arrive.guide-standing-role"
GUIDED = ro.VehicleGuided(guide_shift_id="shift-1", vehicle_zone=ro.Zone.YARD)
PEAK = ro.PeakRaised(reinforcement=("sm-1",))


@pytest.mark.parametrize(
    ("by", "shift", "met"), [(ADVISOR, "g-1", True), (ADVISOR, None, False), (GUIDE, "g-1", False)]
)
def test_the_guide_of_dpca_is_an_advisor_on_a_shift(by: Actor, shift: str | None, met: bool) -> None:
    answer = put(arrived("dpca"), GUIDED.model_copy(update={"guide_shift_id": shift}), by=by)

    assert (noted(answer, ROTATING) is None) == met


@pytest.mark.parametrize(("peak", "guided", "met"), [(True, False, False), (True, True, True), (False, False, True)])
def test_a_vehicle_of_dpca_is_guided_at_peak(peak: bool, guided: bool, met: bool) -> None:
    desk = arrived("dpca")
    given(desk, *[GUIDED] * guided, REPAIR)
    given(desk, *[PEAK] * peak, by=MANAGER)

    assert (noted(put(desk, kit()), ROTATING) is None) == met


@pytest.mark.parametrize(
    ("by", "origin", "zone", "met"),
    [
        (GUIDE, ro.OrderOrigin.WALK_IN, ro.Zone.YARD, True),
        (GUIDE, ro.OrderOrigin.WALK_IN, None, False),
        (GUIDE, ro.OrderOrigin.BOOKED, ro.Zone.YARD, False),
        (GUIDE, ro.OrderOrigin.BOOKED, ro.Zone.BOOKED_SPACE, True),
        (ADVISOR, ro.OrderOrigin.WALK_IN, ro.Zone.YARD, False),
    ],
)
def test_the_guide_of_faw_toyota_is_the_guide_and_a_booked_vehicle_has_its_own_space(
    by: Actor, origin: ro.OrderOrigin, zone: ro.Zone | None, met: bool
) -> None:
    answer = put(arrived("faw-toyota", origin), ro.VehicleGuided(vehicle_zone=zone), by=by)

    assert (noted(answer, STANDING) is None) == met


def test_a_vehicle_of_faw_toyota_that_nobody_guided_is_noted_once() -> None:
    desk = arrived("faw-toyota")
    given(desk, REPAIR)

    assert noted(put(desk, kit()), STANDING) == {"guide": None, "zone": None}
    assert noted(put(desk, kit()), STANDING) is None


# --- waiting ---------------------------------------------------------------------------------------------------------

WAITED, ACKNOWLEDGED = "arrive.wait-over-10-min-escalates", "arrive.waiting-customer-acknowledged"
ESCALATED = ro.WaitEscalated(escalated_to="sm-1")
SPOKEN_TO = ro.WaitTick(acknowledged=True, expected_wait_minutes=5, seated=True)


@pytest.mark.parametrize("event", [REPAIR, ESCALATED, ro.CustomerLeft()], ids=lambda event: event.kind)
def test_ten_minutes_of_waiting_are_no_matter(event: Event) -> None:
    assert noted(put(arrived(), event, minutes=10), WAITED) is None


@pytest.mark.parametrize(
    ("event", "told"),
    [(REPAIR, None), (ESCALATED, "sm-1"), (ro.CustomerLeft(), None)],
    ids=["received", "told", "left"],
)
def test_a_second_more_is_noted(event: Event, told: str | None) -> None:
    facts = noted(put(arrived(), event, minutes=10, seconds=1), WAITED)

    assert facts == {"minutes": 11, "limit": 10, "told": told, "called_in": None}


def test_a_manager_without_an_id_was_not_told() -> None:
    assert noted(put(arrived(), ro.WaitEscalated()), WAITED)


@pytest.mark.parametrize(
    ("told", "called_in", "met"),
    [("sm-1", ("cr-1",), True), (None, ("cr-1",), False), ("sm-1", None, False), ("sm-1", (), False)],
)
def test_a_long_wait_needs_a_manager_told_and_people_called_in(
    told: str | None, called_in: tuple[str, ...] | None, met: bool
) -> None:
    desk = arrived()
    given(desk, ro.WaitEscalated(escalated_to=told))
    given(desk, ro.PeakRaised(reinforcement=called_in), by=MANAGER)

    assert (noted(put(desk, REPAIR, minutes=15), WAITED) is None) == met


def test_a_long_wait_that_was_told_and_never_answered_is_noted() -> None:
    desk = arrived()
    given(desk, ESCALATED)

    assert noted(put(desk, REPAIR, minutes=15), WAITED)


def test_only_the_first_reception_of_a_visit_ends_the_wait() -> None:
    desk = arrived()
    given(desk, REPAIR)

    assert noted(put(desk, REPAIR, minutes=30), WAITED) is None


def test_a_vehicle_that_comes_back_waits_anew() -> None:
    desk = desk_at(S.UNDER_OBSERVATION)
    put(desk, ro.VehicleReturned(), days=7)

    assert noted(put(desk, REPAIR, minutes=10), WAITED) is None


def test_a_vehicle_that_comes_back_can_wait_too_long_again() -> None:
    desk = desk_at(S.UNDER_OBSERVATION)
    put(desk, ro.VehicleReturned(), days=7)

    assert noted(put(desk, REPAIR, minutes=11), WAITED)


def test_a_customer_looked_after_within_five_minutes_is_in_time() -> None:
    assert noted(put(arrived(), SPOKEN_TO, by=GUARD, minutes=5), ACKNOWLEDGED) is None


def test_a_customer_looked_after_a_second_later_is_noted() -> None:
    facts = noted(put(arrived(), SPOKEN_TO, by=GUARD, seconds=301), ACKNOWLEDGED)

    assert facts == {"minutes": 6, "limit": 5, "acknowledged": True, "expected": 5, "seated": True}


@pytest.mark.parametrize(
    "missing",
    [{"acknowledged": False}, {"expected_wait_minutes": None}, {"seated": None}],
    ids=lambda facts: next(iter(facts)),
)
def test_a_customer_who_is_half_looked_after_is_noted(missing: dict[str, object]) -> None:
    assert noted(put(arrived(), SPOKEN_TO.model_copy(update=missing), by=GUARD), ACKNOWLEDGED)


def test_a_customer_looked_after_once_is_told_again_at_any_time() -> None:
    desk = arrived()
    given(desk, SPOKEN_TO, by=GUARD)

    assert noted(put(desk, ro.WaitTick(acknowledged=True), by=GUARD, minutes=20), ACKNOWLEDGED) is None


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in {Role.CUSTOMER, Role.SENDER, Role.OEM, Role.SYSTEM}]
)
def test_whoever_of_the_staff_is_there_may_look_after_a_waiting_customer(role: Role) -> None:
    assert isinstance(put(arrived(), SPOKEN_TO, by=co.actor(role)), Accepted)


@pytest.mark.parametrize("role", [Role.SERVICE_ADVISOR, Role.CUSTOMER_RELATIONS, Role.FRONT_DESK_SUPERVISOR])
def test_nobody_but_a_manager_raises_a_peak(role: Role) -> None:
    refused(put(arrived(), PEAK, by=co.actor(role)), "flow.role")


# --- standing in at peak ---------------------------------------------------------------------------------------------

REINFORCED, STANDBY = "peak.reinforcement-by-managers", "peak.second-line-standby"
CALLED_IN = ro.StandbyCalled(standby_id=CLERK.id, reception_training_on=START.date())


@pytest.mark.parametrize("profile", ["base", "lexus"])
def test_where_no_stand_in_is_named_a_manager_is_a_stranger_at_reception_even_at_peak(profile: str) -> None:
    desk = arrived(profile)
    given(desk, PEAK, by=MANAGER)

    assert refused(put(desk, GREETING, by=MANAGER), "flow.role")["roles"] == ["service_advisor"]


def test_a_manager_of_dpca_stands_in_at_peak_only() -> None:
    desk = arrived("dpca")

    assert refused(put(desk, GREETING, by=MANAGER), REINFORCED) == {
        "role": "service_manager",
        "command": "customer_greeted",
    }
    given(desk, PEAK, by=MANAGER)
    assert isinstance(put(desk, GREETING, by=MANAGER), Accepted)


@pytest.mark.parametrize(
    ("profile", "by"),
    [("dpca", MANAGER), ("dpca", co.actor("after_sales_business_manager")), ("faw-toyota", CLERK)],
    ids=lambda value: getattr(value, "role", value),
)
def test_whoever_stands_in_receives_as_far_as_the_quotation_and_no_further(profile: str, by: Actor) -> None:
    desk = arrived(profile)
    given(desk, PEAK, CALLED_IN, by=MANAGER)
    for kind in (ro.KitFitted, ro.InspectionCompleted, ro.QuoteIssued):
        for step in co.preparation(desk.case(CASE), kind):
            given(desk, step.event, by=by if step.actor.role == ADVISOR.role else step.actor)
        given(desk, co.fact(desk.case(CASE), kind), by=by)
    for step in co.preparation(desk.case(CASE), ro.OrderSigned):
        given(desk, step.event, by=step.actor)

    assert desk.case(CASE).state == S.QUOTED
    refused(put(desk, co.fact(desk.case(CASE), ro.OrderSigned), by=by), "flow.role")


def test_an_advisor_needs_no_peak() -> None:
    assert isinstance(put(arrived("dpca"), GREETING), Accepted)


def test_what_is_a_managers_own_needs_no_peak() -> None:
    assert isinstance(put(arrived("dpca"), SPOKEN_TO, by=MANAGER), Accepted)


def test_a_stand_in_does_not_correct_after_the_peak_is_over_what_an_advisor_wrote() -> None:
    desk = arrived("dpca")
    given(desk, GREETING)
    version = desk.case(CASE).the(ro.CustomerGreeted).version

    refused(put(desk, GREETING.model_copy(update={"corrects": version}), by=MANAGER), REINFORCED)


def test_the_peak_of_an_earlier_visit_is_over() -> None:
    desk = desk_at(S.UNDER_OBSERVATION, "dpca")
    given(desk, ro.VehicleReturned())

    refused(put(desk, GREETING, by=MANAGER), REINFORCED)


def test_a_clerk_who_is_trained_and_called_stands_in_at_peak() -> None:
    desk = arrived("faw-toyota")
    given(desk, PEAK, CALLED_IN, by=MANAGER)

    assert isinstance(put(desk, GREETING, by=CLERK), Accepted)


def test_a_clerk_who_is_called_without_a_peak_does_not() -> None:
    desk = arrived("faw-toyota")
    given(desk, CALLED_IN, by=MANAGER)

    assert refused(put(desk, GREETING, by=CLERK), STANDBY) == {
        "person": CLERK.id,
        "peak": False,
        "trained_on": "2026-11-23",
    }


def test_a_clerk_who_was_not_called_does_not_though_another_was() -> None:
    desk = arrived("faw-toyota")
    given(desk, PEAK, CALLED_IN, by=MANAGER)

    assert refused(put(desk, GREETING, by=Actor("wc-2", "warranty_clerk")), STANDBY)["trained_on"] is None


@pytest.mark.parametrize("by", [MANAGER, SUPERVISOR], ids=lambda by: by.role)
@pytest.mark.parametrize(
    ("person", "trained_on", "met"),
    [
        ("wc-1", START.date(), True),
        ("wc-1", None, False),
        (None, date(2026, 3, 2), False),
        ("wc-1", date(2026, 11, 24), False),
    ],
)
def test_only_a_person_trained_by_now_is_called_in(by: Actor, person: str | None, trained_on: date, met: bool) -> None:
    answer = put(arrived("faw-toyota"), ro.StandbyCalled(standby_id=person, reception_training_on=trained_on), by=by)

    assert isinstance(answer, Accepted) if met else refused(answer, STANDBY)


@pytest.mark.parametrize("profile", co.PROFILES)
def test_a_profile_lends_commands_of_the_table_to_roles_that_do_not_hold_them(profile: str) -> None:
    lent = standard_catalogue().profiles[profile].stand_ins.get("repair_order", {})
    rows = decider(profile).rules.rows

    for role, commands in lent.items():
        for command in commands:
            assert any(row.name == command and role in row.stand_ins for row in rows), (role, command)


# --- the kit ---------------------------------------------------------------------------------------------------------

EQUIPPED, SEEN, FIRST = (
    "arrive.advisor-carries-forms-and-kit",
    "protect.fitted-before-customers-eyes",
    "protect.immediately-after-purpose",
)
COMPLAINT = ro.ComplaintRecorded(symptom_id="s1", customer_words=co.words("左前轮有响声"))


THREE = {ro.KitPiece.FLOOR_MAT, ro.KitPiece.STEERING_COVER, ro.KitPiece.SEAT_COVER}
KITS = {
    "dpca": ("protect.kit-four-piece", {*THREE, ro.KitPiece.GEAR_COVER}),
    "faw-toyota": ("protect.kit-three-piece", THREE),
    "lexus": ("protect.kit-three-piece", THREE),
}


@pytest.mark.parametrize(
    ("profile", "piece"), [(profile, piece) for profile, (_, pieces) in KITS.items() for piece in sorted(pieces)]
)
def test_every_piece_of_the_kit_is_asked_for(profile: str, piece: ro.KitPiece) -> None:
    clause, pieces = KITS[profile]
    desk = arrived(profile)
    given(desk, REPAIR)

    answer = put(desk, kit(kit_pieces=frozenset(pieces - {piece})))

    assert refused(answer, clause)["missing"] == [str(piece)]


def toyota_at_the_vehicle() -> co.Desk:
    desk = arrived("faw-toyota")
    given(desk, REPAIR)
    return desk


@pytest.mark.parametrize("missing", ["form_carried", "kit_carried"])
def test_an_advisor_who_comes_without_form_or_kit_is_noted(missing: str) -> None:
    assert noted(put(toyota_at_the_vehicle(), kit(**{missing: False})), EQUIPPED)


@pytest.mark.parametrize("missing", ["customer_present", "announced_to_customer"])
@pytest.mark.parametrize("value", [False, None])
def test_a_kit_the_customer_did_not_see_or_hear_of_does_not_protect(missing: str, value: bool | None) -> None:
    refused(put(toyota_at_the_vehicle(), kit(**{missing: value})), SEEN)


def test_a_kit_put_back_later_needs_neither_form_nor_audience() -> None:
    desk = toyota_at_the_vehicle()
    given(desk, kit(), ro.KitRemoved())

    answer = put(desk, ro.KitFitted(kit_pieces=frozenset(ro.KitPiece)))

    assert noted(answer, EQUIPPED) is None


def test_a_correction_of_the_first_fitting_needs_its_audience() -> None:
    desk = toyota_at_the_vehicle()
    given(desk, kit())
    version = desk.case(CASE).the(ro.KitFitted).version

    refused(put(desk, kit(customer_present=False, corrects=version)), SEEN)


@pytest.mark.parametrize(
    "event",
    [COMPLAINT, ro.SymptomChecked(symptom_id="s1"), ro.PrecheckDone(), ro.WalkaroundStarted(customer_present=True)],
    ids=lambda event: event.kind,
)
def test_neither_inquiry_nor_pre_check_nor_walk_around_begins_without_the_kit(event: Event) -> None:
    desk = desk_at(S.PROTECTED)
    given(desk, ro.KitRemoved())

    refused(put(desk, event), FIRST)
    given(desk, kit())
    assert isinstance(put(desk, event), Accepted)


def test_an_inquiry_that_happened_before_the_kit_was_put_back_is_refused_when_recorded_after() -> None:
    desk = desk_at(S.PROTECTED)
    given(desk, ro.KitRemoved())
    put(desk, kit(), minutes=10)

    refused(put(desk, COMPLAINT, at=START + timedelta(minutes=9)), FIRST)
    assert isinstance(put(desk, COMPLAINT, at=START + timedelta(minutes=10)), Accepted)


def test_what_the_customer_said_can_be_corrected_when_the_kit_is_off() -> None:
    desk = desk_at(S.PROTECTED)
    given(desk, COMPLAINT, ro.KitRemoved())
    version = desk.case(CASE).the(ro.ComplaintRecorded).version

    assert isinstance(put(desk, COMPLAINT.model_copy(update={"corrects": version})), Accepted)


@pytest.mark.parametrize(
    ("handler", "rough", "met"),
    [("sa-1", False, True), ("sa-1", True, False), ("sa-1", None, False), (None, False, False)],
)
def test_gentle_handling_is_what_somebody_saw_of_a_person(handler: str | None, rough: bool | None, met: bool) -> None:
    check = ro.HandlingChecked(handler_id=handler, deviation_noted=rough)

    assert (noted(put(desk_at(S.PROTECTED), check, by=MANAGER), "protect.gentle-handling") is None) == met


# --- the brands' process maps ----------------------------------------------------------------------------------------

MAPS = {
    "dpca": "flow.dpca-six-phases",
    "lexus": "flow.lexus-eight-steps",
    "faw-toyota": "flow.toyota-reception-nine-steps",
}


def table(rules: Rules) -> Mapping[str, Any]:
    """The process map in some rules: the phases in order, each with the facts that begin it."""
    return rules.figures(CLAUSES[MAPS[rules.profile]])


def phases_of(history: list[Event], rules: Rules) -> list[str]:
    """The phase of each fact, from the facts up to it."""
    return [phase_of(reversed(history[: number + 1]), table(rules)) for number in range(len(history))]


@pytest.mark.parametrize(("profile", "phases"), [("dpca", 6), ("lexus", 8), ("faw-toyota", 9)])
def test_every_fact_of_the_happy_path_has_its_phase_by_the_rules_it_is_pinned_to_and_all_come_in_order(
    profile: str, phases: int
) -> None:
    engine = stage()
    play(replace(HAPPY, profile=profile), engine)
    history = [fact.event for fact in engine.shop("S1").case("J").history]
    pinned = Rules.from_body(engine.catalogue.rules(profile, "repair_order").body)

    found = phases_of(history, pinned)

    assert [*dict.fromkeys(found)] == [*table(pinned)]
    assert len(table(pinned)) == phases


@pytest.mark.parametrize("profile", MAPS)
def test_a_process_map_names_facts_of_the_table(profile: str) -> None:
    kinds = {kind for figure in table(decider(profile).rules).values() for kind in figure.value}

    assert kinds <= {row.name for row in decider(profile).rules.rows}


def test_a_supplement_is_quoted_and_signed_during_repair() -> None:
    desk = desk_at(S.IN_WORK, "dpca")
    co.perform(desk, CASE, ro.SupplementFound)
    co.perform(desk, CASE, ro.OrderSigned)

    assert current_phase(desk) == "in_repair"


def test_a_failed_quality_control_is_repair_again() -> None:
    desk = desk_at(S.QC, "dpca")
    assert current_phase(desk) == "pre_delivery"
    co.perform(desk, CASE, ro.QcFailed)

    assert current_phase(desk) == "in_repair"


def test_a_correction_begins_no_phase() -> None:
    desk = desk_at(S.QC, "dpca")
    dispatched = desk.case(CASE).the(ro.WorkDispatched)
    given(desk, dispatched.event.model_copy(update={"corrects": dispatched.version}), by=DISPATCHER)

    assert current_phase(desk) == "pre_delivery"


def current_phase(desk: co.Desk) -> str:
    return phases_of([fact.event for fact in desk.case(CASE).history], desk.decider.rules)[-1]


def house(settings: str) -> co.Desk:
    """A vehicle that came in at a house over dpca, with a process map of its own."""
    shipped = standard_catalogue()
    layer = Profile.load(
        'name = "house"\nversion = "1"\nextends = "dpca"\nlabel = { zh = "本店", en = "house" }\n'
        f'[clauses.repair_order."flow.dpca-six-phases"]\n{settings}'
    )
    catalogue: Catalogue = replace(shipped, profiles={**shipped.profiles, "house": layer})
    desk = co.Desk(Decider(catalogue.rules("house", "repair_order"), catalogue))
    desk.open(CASE)
    return desk


def test_every_phase_passed_over_is_named() -> None:
    answer = put(
        house('reception = ["kit_fitted"]\nin_repair = ["work_finished"]\npre_delivery = ["vehicle_checked_in"]'),
        ro.VehicleCheckedIn(),
        by=GUARD,
    )

    assert noted(answer, MAPS["dpca"]) == {
        "command": "vehicle_checked_in",
        "phase": "pre_delivery",
        "skipped": ["reception", "in_repair"],
    }


def test_a_technician_checks_symptoms_at_peak_only() -> None:
    check = ro.SymptomChecked(symptom_id="s1", reproduced=True, customer_confirmed_same=True)
    calm = arrived("dpca")
    given(calm, REPAIR, kit())

    refused(put(calm, check, by=TECHNICIAN), REINFORCED)
    assert isinstance(put(desk_at(S.PROTECTED, "dpca"), check, by=TECHNICIAN), Accepted)
