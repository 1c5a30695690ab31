"""A correction is the same fact again, naming the version it corrects: the last wins, both stay, nothing moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.inbound.scenario import PlayedStep, play, stage
from adapters.inbound.scenario_file import load
from engine import Accepted, Case, Event, Fact, Refused, Shop, standard_catalogue
from engine.command import Actor, Command
from engine.decider import Decider
from engine.events import repair_order as ro
from engine.profiles import SHIPPED
from tests.support import ADVISOR, GUARD, KIT, PURPOSE, START, TECHNICIAN, Clock, arrive, engine_on, protect

ROOT = Path(__file__).parents[1]
TICK = ro.WaitTick(acknowledged=False)


def corrected(facts: Event, version: int, **changes: object) -> Event:
    return type(facts).read({**facts.document(), **changes, "corrects": version})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(tmp_path: Path, clock: Clock) -> Shop:
    return engine_on(tmp_path, clock).shop("S1", profile="dpca")


def _clauses(shop: Shop, facts: Event, by: Actor = ADVISOR) -> tuple[str, ...]:
    answer = shop.apply("RO-1", facts, by=by)
    return answer.clauses if isinstance(answer, Refused) else ()


def test_the_last_correction_wins_and_both_stay_in_history(shop: Shop):
    arrive(shop)
    shop.apply("RO-1", TICK, by=ADVISOR)
    shop.apply("RO-1", corrected(TICK, 3, acknowledged=True), by=ADVISOR)

    case = shop.case("RO-1")
    assert [fact.event.acknowledged for fact in case.all(ro.WaitTick)] == [True]
    assert [fact.event.acknowledged for fact in case.history[-2:]] == [False, True]
    assert case.version == 4


def test_a_correction_stands_in_the_place_and_at_the_time_of_the_first(shop: Shop, clock: Clock):
    arrive(shop)
    shop.apply("RO-1", TICK, by=ADVISOR)
    clock.forward(minutes=3)
    shop.apply("RO-1", ro.WaitTick(), by=ADVISOR)
    shop.apply("RO-1", corrected(TICK, 3, acknowledged=True), by=ADVISOR)

    first, second = shop.case("RO-1").all(ro.WaitTick)
    assert (first.event.acknowledged, first.version, first.occurred_at) == (True, 3, START)
    assert (second.event.acknowledged, second.version) == (None, 4)
    assert first.recorded_at == clock.now


def test_a_correction_leaves_the_other_facts_of_its_kind_alone(shop: Shop):
    arrive(shop)
    for _ in range(3):
        shop.apply("RO-1", TICK, by=ADVISOR)
    shop.apply("RO-1", corrected(TICK, 4, acknowledged=True), by=ADVISOR)

    ticks = shop.case("RO-1").all(ro.WaitTick)
    assert [(tick.version, tick.event.acknowledged) for tick in ticks] == [(3, False), (4, True), (5, False)]


def test_a_corrected_fact_can_be_corrected_again_by_its_first_version_only(shop: Shop):
    arrive(shop)
    shop.apply("RO-1", TICK, by=ADVISOR)
    shop.apply("RO-1", corrected(TICK, 3, acknowledged=True), by=ADVISOR)

    assert _clauses(shop, corrected(TICK, 4)) == ("flow.correction",)
    assert _clauses(shop, corrected(TICK, 3)) == ()
    assert shop.case("RO-1").last(ro.WaitTick).event.acknowledged is False


@pytest.mark.parametrize("version", [0, 1, 2, 4, 99], ids=["none", "opening", "another kind", "itself", "to come"])
def test_a_correction_of_anything_but_a_fact_of_its_kind_is_refused(shop: Shop, version: int):
    arrive(shop)
    shop.apply("RO-1", TICK, by=ADVISOR)

    answer = shop.apply("RO-1", corrected(TICK, version), by=ADVISOR)

    assert isinstance(answer, Refused)
    assert answer.clauses == ("flow.correction",)
    assert answer.refusals[0].facts == {"version": version, "command": "wait_tick"}
    assert shop.case("RO-1").version == 3


def test_a_correction_of_a_moving_fact_moves_nothing(shop: Shop, clock: Clock):
    protect(shop)
    moved_at = shop.case("RO-1").moved_at
    clock.forward(minutes=5)

    answer = shop.apply("RO-1", corrected(KIT, 4), by=ADVISOR)

    assert isinstance(answer, Accepted)
    assert (answer.state, answer.version) == ("protected", 5)
    assert shop.case("RO-1").moved_at == moved_at


def test_a_fact_of_an_earlier_state_can_be_corrected_where_it_is_not_open(shop: Shop):
    protect(shop)
    assert "purpose_recorded" not in {option.name for option in shop.options("RO-1", by=ADVISOR)}

    assert _clauses(shop, corrected(PURPOSE, 3, purposes=["repair", "maintenance"])) == ()
    assert shop.case("RO-1").state == "protected"


def test_a_correction_is_judged_by_the_clauses_of_its_fact(shop: Shop):
    protect(shop)

    assert "protect.kit-four-piece" in _clauses(shop, corrected(KIT, 4, kit_pieces=["floor_mat"]))


def test_a_correction_is_for_whoever_may_put_the_fact_in_any_state(shop: Shop):
    protect(shop)

    assert _clauses(shop, corrected(ro.VehicleCheckedIn(), 2), by=GUARD) == ()
    assert _clauses(shop, corrected(ro.VehicleCheckedIn(), 2), by=TECHNICIAN) == ("flow.role",)


# --- where nothing is corrected -----------------------------------------------------------------------------------


def _answer(state: str, facts: Event, by: Actor) -> Accepted | Refused:
    """What the rules say of a fact on a case in this state that has one fact of its kind, as version 2."""
    decider = Decider(standard_catalogue().rules("dpca", "repair_order"), standard_catalogue())
    first = type(facts).read({**facts.document(), "corrects": None})
    opened = replace(decider.open("S1", "RO-1"), seq=1, version=1)
    case = opened.accepted(Fact(first, by, START, START, 2), state, "0" * 64)
    return decider.decide(case, Command("c-1", by, facts), START + timedelta(minutes=1))


LIVING = ("arrived", "protected", "inspected", "quoted", "signed", "in-work", "suspended", "QC", "settled")


@pytest.mark.parametrize("state", ["followed-up", "diverted", "cancelled", "new"])
def test_nothing_is_corrected_in_an_end_state_or_before_the_first_step(state: str):
    answer = _answer(state, ro.VehicleCheckedIn(corrects=2), GUARD)

    assert isinstance(answer, Refused)
    assert answer.clauses == ("flow.not-open",)


@pytest.mark.parametrize("state", LIVING)
def test_everything_is_corrected_in_a_living_state(state: str):
    answer = _answer(state, ro.VehicleCheckedIn(corrects=2), GUARD)

    assert isinstance(answer, Accepted)
    assert answer.state == state


@pytest.mark.parametrize(
    ("state", "facts"), [("new", ro.VehicleCheckedIn(corrects=2)), ("followed-up", ro.ComebackOpened(corrects=2))]
)
def test_a_correction_where_only_the_fact_itself_is_open_is_refused_in_words_that_say_so(state: str, facts: Event):
    answer = _answer(state, facts, ADVISOR)

    assert isinstance(answer, Refused)
    (refusal,) = answer.refusals
    assert refusal.facts == {"command": f"correct:{facts.kind}", "state": state, "open": [facts.kind]}
    assert f"correct:{facts.kind}" in refusal.text.zh
    assert f"'correct:{facts.kind}' is not open" in refusal.text.en


def test_a_case_whose_history_holds_corrections_folds_to_the_same_case(shop: Shop, tmp_path: Path):
    protect(shop)
    shop.apply("RO-1", corrected(PURPOSE, 3, purposes=["repair", "maintenance"]), by=ADVISOR)
    shop.apply("RO-1", corrected(PURPOSE, 3, purposes=["maintenance"], primary_purpose="maintenance"), by=ADVISOR)

    cached: Case = shop.case("RO-1")
    folded = engine_on(tmp_path).shop("S1").case("RO-1")
    assert folded == cached
    assert folded.all(ro.PurposeRecorded) == cached.all(ro.PurposeRecorded)


@pytest.mark.parametrize("profile", SHIPPED)
def test_a_correction_of_anything_is_answered_in_every_state(profile: str):
    """Even of what was never recorded: a guard finds nothing there, and says so."""
    engine = stage()
    shop = engine.shop("S1", profile=profile)
    happy = replace(load(ROOT / "scenarios" / "J-happy-path.toml"), profile=profile)
    facts = {step.name: step.facts for step in happy.steps}
    states = set()

    def correct_everything(played: PlayedStep) -> None:
        if played.answer.state not in states:
            states.add(played.answer.state)
            for name, said in facts.items():
                fact = shop.fact(name, {**said, "corrects": 1})
                assert isinstance(shop.explain("J", fact, by=played.step.by), Accepted | Refused)

    assert play(happy, engine, correct_everything).ok
    assert len(states) == 10
    engine.store.close()
