"""A retry is normal: the same id with the same content gets the recorded answer, with other content an error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import Accepted, Actor, Answer, CommandConflict, Engine, Event, Late, Personal, Refused, Shop
from engine.events import repair_order as ro
from tests.support import ADVISOR, AT_ONCE, KIT, MANAGER, PURPOSE, START, Clock, arrive, engine_on, forget

TICK = ro.WaitTick(acknowledged=True)
LEFT = ro.CustomerLeft(reason="不愿再等", subject="person-7")
WHY = Late(Personal.clear("系统停机"), "P-1")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> Engine:
    return engine_on(tmp_path, clock, retention=AT_ONCE)


@pytest.fixture
def shop(engine: Engine) -> Shop:
    shop = engine.shop("S1", profile="dpca")
    arrive(shop)
    return shop


Put = Callable[[], Answer | tuple[Answer, ...]]


def _again(shop: Shop, put: Put) -> None:
    """Put twice: the same answer, and nothing new in the journal."""
    first = put()
    entries = shop.entries("RO-1")

    assert put() == first
    assert shop.entries("RO-1") == entries


def test_an_accepted_command_put_again_gets_its_recorded_answer(shop: Shop):
    _again(shop, lambda: shop.apply("RO-1", TICK, by=ADVISOR, id="c-1"))


def test_a_refused_command_put_again_gets_its_recorded_refusal_even_when_it_would_pass_now(shop: Shop):
    refused = shop.apply("RO-1", KIT, by=ADVISOR, id="c-1")
    shop.apply("RO-1", PURPOSE, by=ADVISOR)

    assert isinstance(refused, Refused)
    assert shop.apply("RO-1", KIT, by=ADVISOR, id="c-1") == refused
    assert isinstance(shop.apply("RO-1", KIT, by=ADVISOR, id="c-2"), Accepted)


def test_a_recorded_refusal_comes_back_with_its_words(shop: Shop):
    refused = shop.apply("RO-1", KIT, by=ADVISOR, id="c-1")
    again = shop.apply("RO-1", KIT, by=ADVISOR, id="c-1")

    assert isinstance(refused, Refused)
    assert isinstance(again, Refused)
    assert [one.text for one in again.refusals] == [one.text for one in refused.refusals]


def test_an_opening_put_again_gets_its_recorded_answer(shop: Shop):
    opened = shop.open("RO-2", by=ADVISOR, id="o-2")
    shop.apply("RO-2", ro.VehicleCheckedIn(), by=ADVISOR)

    assert shop.open("RO-2", by=ADVISOR, id="o-2") == opened
    assert len(shop.entries("RO-2")) == 2


def test_an_opening_put_again_under_another_profile_is_still_the_same_command(engine: Engine, shop: Shop):
    opened = shop.open("RO-2", by=ADVISOR, id="o-2")

    assert engine.shop("S1", profile="lexus").open("RO-2", by=ADVISOR, id="o-2") == opened


def test_several_facts_put_again_get_their_recorded_answers(shop: Shop):
    _again(shop, lambda: shop.apply_all("RO-1", [PURPOSE, KIT], by=ADVISOR, id="c-1"))


def test_a_retry_is_answered_before_its_expected_version_is_looked_at(shop: Shop):
    _again(shop, lambda: shop.apply("RO-1", TICK, by=ADVISOR, id="c-1", expected=2))


def test_a_retry_after_hours_is_the_same_command(shop: Shop, clock: Clock):
    answer = shop.apply("RO-1", TICK, by=ADVISOR, id="c-1", occurred_at=START)
    clock.forward(hours=5)

    assert shop.apply("RO-1", TICK, by=ADVISOR, id="c-1", occurred_at=START) == answer


def test_personal_values_are_compared_by_the_kept_salt(shop: Shop):
    _again(shop, lambda: shop.apply("RO-1", LEFT, by=ADVISOR, id="c-1"))
    with pytest.raises(CommandConflict):
        shop.apply("RO-1", ro.CustomerLeft(reason="另有急事", subject="person-7"), by=ADVISOR, id="c-1")


def test_a_late_reason_is_compared_too(shop: Shop, clock: Clock):
    clock.forward(hours=2)
    _again(shop, lambda: shop.apply("RO-1", TICK, by=ADVISOR, id="c-1", occurred_at=START, late=WHY))
    for late in (None, Late(Personal.clear("忘了"), "P-1"), Late(WHY.reason, "P-2")):
        with pytest.raises(CommandConflict):
            shop.apply("RO-1", TICK, by=ADVISOR, id="c-1", occurred_at=START, late=late)


def test_a_late_reason_put_only_the_second_time_is_another_command(shop: Shop):
    shop.apply("RO-1", TICK, by=ADVISOR, id="c-1")

    with pytest.raises(CommandConflict):
        shop.apply("RO-1", TICK, by=ADVISOR, id="c-1", late=WHY)


@pytest.mark.parametrize(
    "facts",
    [ro.WaitTick(), ro.WaitTick(acknowledged=False), ro.PeakRaised(), ro.WaitTick(acknowledged=True, corrects=2)],
)
def test_the_same_id_with_other_facts_is_a_conflict_and_records_nothing(shop: Shop, facts: Event):
    shop.apply("RO-1", TICK, by=ADVISOR, id="c-1")

    with pytest.raises(CommandConflict) as caught:
        shop.apply("RO-1", facts, by=ADVISOR, id="c-1")
    assert caught.value.facts == {"case": "RO-1", "command": "c-1"}
    assert len(shop.entries("RO-1")) == 3


@pytest.mark.parametrize("by", [MANAGER, Actor(ADVISOR.id, MANAGER.role)])
def test_the_same_id_by_another_actor_is_a_conflict(shop: Shop, by: Actor):
    shop.apply("RO-1", TICK, by=ADVISOR, id="c-1")
    shop.open("RO-2", by=ADVISOR, id="o-2")

    with pytest.raises(CommandConflict):
        shop.apply("RO-1", TICK, by=by, id="c-1")
    with pytest.raises(CommandConflict):
        shop.open("RO-2", by=by, id="o-2")


def test_the_same_id_at_another_time_is_a_conflict(shop: Shop):
    shop.apply("RO-1", TICK, by=ADVISOR, id="c-1")

    with pytest.raises(CommandConflict):
        shop.apply("RO-1", TICK, by=ADVISOR, id="c-1", occurred_at=START)


def test_the_same_id_on_another_case_is_a_conflict_that_names_the_first_case(shop: Shop):
    arrive(shop, "RO-2")
    shop.apply("RO-1", TICK, by=ADVISOR, id="c-1")

    for attempt in (
        lambda: shop.apply("RO-2", TICK, by=ADVISOR, id="c-1"),
        lambda: shop.apply("RO-9", TICK, by=ADVISOR, id="c-1"),
        lambda: shop.open("RO-3", by=ADVISOR, id="c-1"),
    ):
        with pytest.raises(CommandConflict) as caught:
            attempt()
        assert caught.value.facts["case"] == "RO-1"


def test_an_opening_and_a_fact_are_never_the_same_command(shop: Shop):
    shop.open("RO-2", by=ADVISOR, id="o-2")
    shop.apply("RO-1", TICK, by=ADVISOR, id="c-1")

    with pytest.raises(CommandConflict):
        shop.apply("RO-2", ro.VehicleCheckedIn(), by=ADVISOR, id="o-2")
    with pytest.raises(CommandConflict):
        shop.open("RO-1", by=ADVISOR, id="c-1")


@pytest.mark.parametrize("used", ["c-1.1", "c-1.2"])
def test_a_group_of_facts_of_which_one_id_was_used_before_is_a_conflict(shop: Shop, used: str):
    shop.apply("RO-1", PURPOSE if used == "c-1.1" else KIT, by=ADVISOR, id=used)

    with pytest.raises(CommandConflict):
        shop.apply_all("RO-1", [PURPOSE, KIT], by=ADVISOR, id="c-1")
    assert len(shop.entries("RO-1")) == 3


def test_a_retried_group_with_one_fact_more_is_a_conflict(shop: Shop):
    shop.apply_all("RO-1", [TICK, PURPOSE], by=ADVISOR, id="c-1")

    with pytest.raises(CommandConflict):
        shop.apply_all("RO-1", [TICK, PURPOSE, KIT], by=ADVISOR, id="c-1")


# --- after an erasure ---------------------------------------------------------------------------------------------


def test_a_retry_after_an_erasure_gets_its_recorded_answer(shop: Shop, clock: Clock):
    clock.forward(hours=2)
    answer = shop.apply("RO-1", LEFT, by=ADVISOR, id="c-1", occurred_at=START, late=WHY)
    assert forget(shop, "person-7").erased == 2

    assert shop.apply("RO-1", LEFT, by=ADVISOR, id="c-1", occurred_at=START, late=WHY) == answer


def test_after_an_erasure_the_value_is_not_compared_but_the_rest_is(shop: Shop):
    shop.apply("RO-1", LEFT, by=ADVISOR, id="c-1")
    forget(shop, "person-7")

    other_words = ro.CustomerLeft(reason="另有急事", subject="person-7")
    assert isinstance(shop.apply("RO-1", other_words, by=ADVISOR, id="c-1"), Accepted)
    for facts in (
        ro.CustomerLeft(reason=" ", subject="person-7"),
        ro.CustomerLeft(subject="person-7"),
        ro.CustomerLeft(reason="不愿再等", subject="person-8"),
    ):
        with pytest.raises(CommandConflict):
            shop.apply("RO-1", facts, by=ADVISOR, id="c-1")


def test_a_value_that_was_not_given_the_first_time_is_another_command_even_after_an_erasure(shop: Shop):
    shop.apply("RO-1", ro.CustomerLeft(), by=ADVISOR, id="c-1")
    forget(shop, "RO-1")

    with pytest.raises(CommandConflict):
        shop.apply("RO-1", ro.CustomerLeft(reason="不愿再等"), by=ADVISOR, id="c-1")
