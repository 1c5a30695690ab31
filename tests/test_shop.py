"""A shop opens cases and puts facts to them: what is answered, what is recorded, what moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import (
    Accepted,
    BadCommand,
    BadProfile,
    CaseExists,
    CaseNotFound,
    Contended,
    Engine,
    Profile,
    Refused,
    Shop,
    StaleVersion,
    Store,
    UnknownCommand,
    UnknownProfile,
    standard_catalogue,
)
from engine.desk import Sitting
from engine.events import repair_order as ro
from engine.events.common import CaseOpened
from engine.store import LostRace
from tests.support import ADVISOR, GUARD, KIT, MANAGER, PURPOSE, arrive, engine_on, world

MALFORMED = ("", " RO-1", "RO 1", "单号", "x" * 101, "RO-1\n")
TICK = ro.WaitTick(acknowledged=True)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return engine_on(tmp_path)


@pytest.fixture
def shop(engine: Engine) -> Shop:
    return engine.shop("S1", profile="dpca")


# --- open ---------------------------------------------------------------------------------------------------------


def test_opening_is_the_first_version_of_a_case_in_its_initial_state(shop: Shop):
    opened = shop.open("RO-1", by=ADVISOR)

    assert (opened.state, opened.seq, opened.version) == ("new", 1, 1)
    assert opened.event == CaseOpened(profile="dpca", version="2026.1")


def test_a_case_stays_under_the_rules_it_was_opened_with(engine: Engine, shop: Shop):
    arrive(shop)
    under_lexus = engine.shop("S1", profile="lexus")
    three = ro.KitFitted(kit_pieces=frozenset({"floor_mat", "steering_cover", "seat_cover"}))
    under_lexus.apply("RO-1", PURPOSE, by=ADVISOR)

    answer = under_lexus.apply("RO-1", three, by=ADVISOR)

    assert isinstance(answer, Refused)
    assert answer.clauses == ("protect.kit-four-piece",)


def test_a_case_is_opened_once(shop: Shop):
    shop.open("RO-1", by=ADVISOR)

    with pytest.raises(CaseExists) as caught:
        shop.open("RO-1", by=ADVISOR)
    assert caught.value.facts == {"shop": "S1", "case": "RO-1"}
    assert len(shop.entries("RO-1")) == 1


def test_the_same_case_id_in_two_shops_is_two_cases(engine: Engine, shop: Shop):
    other = engine.shop("S2")
    shop.open("RO-1", by=ADVISOR, id="o-1")
    other.open("RO-1", by=ADVISOR, id="o-1")
    shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR, id="a-1")

    assert shop.case("RO-1").state == "arrived"
    assert other.case("RO-1").state == "new"


def test_opening_under_an_unknown_profile_or_workflow_names_the_known_ones(engine: Engine, shop: Shop):
    with pytest.raises(UnknownProfile) as profile:
        engine.shop("S1", profile="tesla").open("RO-1", by=ADVISOR)
    with pytest.raises(UnknownCommand) as workflow:
        shop.open("RO-1", by=ADVISOR, workflow="wash")

    assert profile.value.facts["expected"] == ["base", "dpca", "faw-toyota", "lexus"]
    assert workflow.value.facts["expected"] == ["ledger", "repair_order"]
    assert shop.find().rows == ()


def test_a_profile_that_contradicts_the_catalogue_opens_nothing(tmp_path: Path):
    broken = Profile.load(
        'name = "house"\nversion = "1"\n[label]\nzh = "店"\nen = "house"\n[clauses.repair_order]\n"no.clause" = {}'
    )
    catalogue = standard_catalogue()
    with_broken = type(catalogue)(
        catalogue.workflows, catalogue.events, catalogue.clauses, {"house": broken}, catalogue.codes
    )
    store = Store(f"sqlite:///{tmp_path / 'shop.db'}")
    store.upgrade()

    with pytest.raises(BadProfile):
        Engine(store, with_broken, world()).shop("S1", profile="house").open("RO-1", by=ADVISOR)


@pytest.mark.parametrize("id_", MALFORMED)
def test_a_malformed_id_is_a_bad_command_wherever_it_stands(engine: Engine, shop: Shop, id_: str):
    for attempt in (
        lambda: engine.shop(id_),
        lambda: shop.open(id_, by=ADVISOR),
        lambda: shop.apply(id_, TICK, by=ADVISOR),
        lambda: shop.explain(id_, TICK, by=ADVISOR),
        lambda: shop.case(id_),
        lambda: shop.entries(id_),
        lambda: shop.options(id_, by=ADVISOR),
        lambda: shop.forget(id_, by=MANAGER, reason="asked"),
        lambda: shop.forget("RO-1", by=MANAGER, reason=id_),
        lambda: shop.place_hold(id_, by=MANAGER, reason="asked"),
    ):
        with pytest.raises(BadCommand) as caught:
            attempt()
        assert "an opaque id" in caught.value.text.en


def test_a_malformed_command_id_is_a_bad_command(shop: Shop):
    with pytest.raises(BadCommand) as caught:
        shop.open("RO-1", by=ADVISOR, id="not an id")
    assert caught.value.facts["where"] == "command.id"


# --- apply --------------------------------------------------------------------------------------------------------


def test_an_accepted_fact_moves_the_case_and_its_version(shop: Shop):
    shop.open("RO-1", by=ADVISOR)

    answer = shop.apply("RO-1", ro.VehicleCheckedIn(), by=GUARD)

    assert isinstance(answer, Accepted)
    assert (answer.state, answer.seq, answer.version) == ("arrived", 2, 2)
    assert shop.case("RO-1").the(ro.VehicleCheckedIn).actor == GUARD


def test_a_fact_without_destination_moves_the_version_only(shop: Shop):
    arrive(shop)

    answer = shop.apply("RO-1", TICK, by=ADVISOR)

    assert (answer.state, answer.seq, answer.version) == ("arrived", 3, 3)


def test_a_refused_command_leaves_the_state_and_is_recorded(shop: Shop):
    arrive(shop)
    before = shop.case("RO-1")

    answer = shop.apply("RO-1", ro.KitFitted(), by=ADVISOR)

    after = shop.case("RO-1")
    assert isinstance(answer, Refused)
    assert (after.state, after.version, after.history) == (before.state, before.version, before.history)
    assert after.seq == before.seq + 1 == answer.seq
    assert [entry.accepted for entry in shop.entries("RO-1")] == [True, True, False]


def test_every_clause_that_is_not_met_is_named(shop: Shop):
    arrive(shop)

    answer = shop.apply("RO-1", ro.KitFitted(waiver_offered_by_customer=True), by=GUARD)

    assert isinstance(answer, Refused)
    assert set(answer.clauses) == {
        "flow.role",
        "arrive.purpose-recorded",
        "protect.kit-before-entry",
        "protect.no-waiver",
        "protect.kit-four-piece",
    }
    for refusal in answer.refusals:
        assert refusal.text.zh
        assert refusal.text.en
        assert refusal.next_step.zh
        assert refusal.next_step.en


def test_a_case_that_was_never_opened_is_not_found(shop: Shop):
    for attempt in (
        lambda: shop.apply("RO-9", TICK, by=ADVISOR),
        lambda: shop.apply_all("RO-9", [TICK, TICK], by=ADVISOR),
        lambda: shop.explain("RO-9", TICK, by=ADVISOR),
        lambda: shop.options("RO-9", by=ADVISOR),
        lambda: shop.case("RO-9"),
        lambda: shop.entries("RO-9"),
    ):
        with pytest.raises(CaseNotFound):
            attempt()


def test_an_opening_cannot_be_put_as_a_fact(shop: Shop):
    arrive(shop)

    with pytest.raises(UnknownCommand) as caught:
        shop.apply("RO-1", CaseOpened(profile="lexus", version="1"), by=ADVISOR)
    assert "vehicle_checked_in" in caught.value.facts["expected"]
    assert "case_opened" not in caught.value.facts["expected"]


def test_facts_that_do_not_fit_an_entry_are_a_bad_command_and_nothing_is_recorded(shop: Shop):
    arrive(shop)
    endless = ro.QcPassed(unmet_demands=tuple(f"{'x' * 90}{n}" for n in range(1000)))

    with pytest.raises(BadCommand) as applied:
        shop.apply("RO-1", endless, by=ADVISOR)
    with pytest.raises(BadCommand) as explained:
        shop.explain("RO-1", endless, by=ADVISOR)
    assert "65535" in applied.value.text.en
    assert explained.value.facts == applied.value.facts
    assert len(shop.entries("RO-1")) == 2


def test_a_writer_who_always_loses_is_told_so_after_a_bounded_number_of_attempts(shop: Shop):
    attempts = []

    def loses(_sitting: Sitting) -> None:
        attempts.append(1)
        raise LostRace

    with pytest.raises(Contended) as caught:
        shop._desk.sit("RO-1", loses)
    assert caught.value.facts == {"case": "RO-1", "attempts": len(attempts)}


def test_a_writer_who_loses_once_tries_again(shop: Shop):
    outcomes = iter([LostRace(), None])

    def loses_once(_sitting: Sitting) -> str:
        lost = next(outcomes)
        if lost:
            raise lost
        return "won"

    assert shop._desk.sit("RO-1", loses_once) == "won"


# --- expected -----------------------------------------------------------------------------------------------------


def test_a_stale_version_is_told_the_current_one_and_nothing_is_recorded(shop: Shop):
    arrive(shop)
    shop.apply("RO-1", TICK, by=ADVISOR, expected=2)

    with pytest.raises(StaleVersion) as caught:
        shop.apply("RO-1", TICK, by=ADVISOR, expected=2)
    assert caught.value.facts == {"case": "RO-1", "expected": 2, "actual": 3}
    assert len(shop.entries("RO-1")) == 3


@pytest.mark.parametrize("expected", [0, 1, 3, -1])
def test_any_other_version_than_the_current_one_is_stale(shop: Shop, expected: int):
    arrive(shop)

    with pytest.raises(StaleVersion):
        shop.apply("RO-1", TICK, by=ADVISOR, expected=expected)


def test_a_refused_attempt_makes_nobody_stale(shop: Shop):
    arrive(shop)
    version = shop.case("RO-1").version
    assert isinstance(shop.apply("RO-1", ro.KitFitted(), by=ADVISOR), Refused)

    assert isinstance(shop.apply("RO-1", TICK, by=ADVISOR, expected=version), Accepted)


def test_expected_guards_all_facts_of_apply_all_at_once(shop: Shop):
    arrive(shop)

    with pytest.raises(StaleVersion):
        shop.apply_all("RO-1", [PURPOSE, KIT], by=ADVISOR, expected=1)
    answers = shop.apply_all("RO-1", [PURPOSE, KIT], by=ADVISOR, expected=2)
    assert [answer.version for answer in answers] == [3, 4]


# --- apply_all ----------------------------------------------------------------------------------------------------


def test_several_facts_are_recorded_in_order_under_numbered_ids(shop: Shop):
    arrive(shop)

    answers = shop.apply_all("RO-1", [PURPOSE, KIT], by=ADVISOR, id="together")

    assert [answer.state for answer in answers] == ["arrived", "protected"]
    assert [entry.command.id for entry in shop.entries("RO-1")][2:] == ["together.1", "together.2"]


def test_when_one_fact_is_refused_none_is_recorded_and_the_answers_end_with_the_refusal(shop: Shop):
    arrive(shop)
    before = shop.case("RO-1")

    answers = shop.apply_all("RO-1", [PURPOSE, ro.KitFitted(), TICK], by=ADVISOR, id="together")

    assert [type(answer) for answer in answers] == [Accepted, Refused]
    assert shop.case("RO-1") == before
    assert len(shop.entries("RO-1")) == 2


def test_after_a_refused_apply_all_the_same_ids_may_be_put_again(shop: Shop):
    arrive(shop)
    shop.apply_all("RO-1", [PURPOSE, ro.KitFitted()], by=ADVISOR, id="together")

    answers = shop.apply_all("RO-1", [PURPOSE, KIT], by=ADVISOR, id="together")

    assert all(isinstance(answer, Accepted) for answer in answers)


def test_one_fact_in_apply_all_is_recorded_even_when_refused(shop: Shop):
    arrive(shop)

    (answer,) = shop.apply_all("RO-1", [ro.KitFitted()], by=ADVISOR, id="alone")

    assert isinstance(answer, Refused)
    assert shop.entries("RO-1")[-1].command.id == "alone.1"


def test_apply_all_needs_a_fact(shop: Shop):
    arrive(shop)

    with pytest.raises(BadCommand):
        shop.apply_all("RO-1", [], by=ADVISOR)


def test_a_mistake_in_the_middle_of_apply_all_records_nothing(shop: Shop):
    arrive(shop)

    with pytest.raises(UnknownCommand):
        shop.apply_all("RO-1", [TICK, CaseOpened(profile="dpca", version="1")], by=ADVISOR)
    assert len(shop.entries("RO-1")) == 2
    assert shop.case("RO-1").version == 2
