"""A waiver lets one refused command pass one clause that the profile lists, given by another person, with a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.bootstrap import bootstrap
from engine import Accepted, Actor, Answer, Catalogue, Engine, Event, Profile, Refused, Shop, standard_catalogue
from engine.events import repair_order as ro
from engine.events.common import ClauseWaived
from tests.support import ADVISOR, KIT, MANAGER, PURPOSE, arrive, engine_on, forget, world

HOUSE = """
name = "house"
version = "1"
extends = "dpca"
label = { zh = "本店", en = "house" }

[clauses.repair_order]
"flow.waiver" = { waivable = ["arrive.purpose-recorded", "protect.kit-four-piece"] }
"""
REFUSED = 3
"""The entry that refuses `KIT` on a case that has only arrived."""
WAIVER = ClauseWaived(refused_seq=REFUSED, clause="arrive.purpose-recorded", reason="客户已电话说明")


def house() -> Catalogue:
    shipped = standard_catalogue()
    return replace(shipped, profiles={**shipped.profiles, "house": Profile.load(HOUSE)})


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return bootstrap(
        f"sqlite:///{tmp_path / 'shop.db'}",
        upgrade=True,
        catalogue=house(),
        world=world(),
        synchronous="NORMAL",
    )


@pytest.fixture
def shop(engine: Engine) -> Shop:
    """A shop where the advisor was refused the kit, because nobody asked for the purpose."""
    shop = engine.shop("S1", profile="house")
    arrive(shop)
    assert _clauses(shop.apply("RO-1", KIT, by=ADVISOR)) == ("arrive.purpose-recorded",)
    return shop


def _clauses(answer: Answer) -> tuple[str, ...]:
    return answer.clauses if isinstance(answer, Refused) else ()


def _waived(answer: Answer) -> tuple[str, ...]:
    assert isinstance(answer, Accepted)
    return answer.waived


def test_a_waived_clause_lets_the_refused_command_pass_and_is_listed_on_the_answer(shop: Shop):
    shop.apply("RO-1", WAIVER, by=MANAGER)

    answer = shop.apply("RO-1", KIT, by=ADVISOR, id="kit")

    assert _waived(answer) == ("arrive.purpose-recorded",)
    assert answer.state == "protected"
    assert shop.entries("RO-1")[-1].waived == ("arrive.purpose-recorded",)
    assert shop.apply("RO-1", KIT, by=ADVISOR, id="kit") == answer


def test_a_waived_answer_is_what_a_replay_gives(engine: Engine, shop: Shop):
    shop.apply("RO-1", WAIVER, by=MANAGER)
    shop.apply("RO-1", KIT, by=ADVISOR)

    assert engine.audit().sound


def test_a_clause_that_is_met_by_now_is_not_listed_as_waived(shop: Shop):
    shop.apply("RO-1", WAIVER, by=MANAGER)
    shop.apply("RO-1", PURPOSE, by=ADVISOR)

    assert _waived(shop.apply("RO-1", KIT, by=ADVISOR)) == ()


@pytest.mark.parametrize(
    "changed",
    [
        ro.KitFitted(kit_pieces=KIT.kit_pieces, waiver_offered_by_customer=True),
        ro.KitFitted(kit_pieces=KIT.kit_pieces, subject="person-7"),
    ],
)
def test_a_waiver_is_void_when_the_facts_change(shop: Shop, changed: Event):
    shop.apply("RO-1", WAIVER, by=MANAGER)

    assert _clauses(shop.apply("RO-1", changed, by=ADVISOR)) == ("arrive.purpose-recorded",)


def test_a_waiver_lets_only_its_own_clause_pass(shop: Shop):
    bare = ro.KitFitted(kit_pieces=frozenset({"floor_mat"}))
    refused = shop.apply("RO-1", bare, by=ADVISOR)
    shop.apply("RO-1", WAIVER.model_copy(update={"refused_seq": refused.seq}), by=MANAGER)

    assert _clauses(shop.apply("RO-1", bare, by=ADVISOR)) == ("protect.kit-four-piece",)


def test_two_waivers_let_two_clauses_pass(shop: Shop):
    bare = ro.KitFitted(kit_pieces=frozenset({"floor_mat"}))
    seq = shop.apply("RO-1", bare, by=ADVISOR).seq
    for clause in ("arrive.purpose-recorded", "protect.kit-four-piece"):
        assert _clauses(shop.apply("RO-1", _waiver(refused_seq=seq, clause=clause), by=MANAGER)) == ()

    waived = _waived(shop.apply("RO-1", bare, by=ADVISOR))
    assert set(waived) == {"arrive.purpose-recorded", "protect.kit-four-piece"}


def test_a_waiver_on_one_case_says_nothing_of_another(shop: Shop):
    shop.apply("RO-1", WAIVER, by=MANAGER)
    arrive(shop, "RO-2")

    assert _clauses(shop.apply("RO-2", KIT, by=ADVISOR)) == ("arrive.purpose-recorded",)


def test_facts_with_the_same_words_under_another_salt_are_the_same_facts(shop: Shop):
    shop.apply("RO-1", ro.CustomerLeft(reason="不愿再等"), by=Actor("x-1", "guide"))
    refusing = shop.case("RO-1").refused

    shop.apply("RO-1", ro.CustomerLeft(reason="不愿再等"), by=Actor("x-1", "guide"))

    again = shop.case("RO-1").refused
    assert again[5].fingerprint == refusing[4].fingerprint


def _waiver(**changes: object) -> ClauseWaived:
    facts = {"refused_seq": REFUSED, "clause": "arrive.purpose-recorded", "reason": "客户已电话说明"}
    return ClauseWaived.read({**facts, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"refused_seq": None},
        {"refused_seq": 0},
        {"refused_seq": 2},
        {"refused_seq": 4},
        {"clause": None},
        {"clause": "protect.kit-four-piece"},
        {"clause": "flow.role"},
        {"clause": "no.such-clause"},
        {"reason": None},
        {"reason": "  "},
    ],
    ids=str,
)
def test_a_waiver_that_does_not_answer_its_refusal_with_a_reason_is_refused(shop: Shop, changes: dict[str, object]):
    answer = shop.apply("RO-1", _waiver(**changes), by=MANAGER)

    assert _clauses(answer) == ("flow.waiver",)
    assert _clauses(shop.apply("RO-1", KIT, by=ADVISOR)) == ("arrive.purpose-recorded",)


@pytest.mark.parametrize("role", ["service_manager", "after_sales_business_manager"])
def test_the_asker_does_not_waive_for_oneself_whatever_the_role(shop: Shop, role: str):
    assert _clauses(shop.apply("RO-1", WAIVER, by=Actor(ADVISOR.id, role))) == ("flow.waiver",)


def test_another_person_of_a_role_that_may_not_is_refused_by_role_alone(shop: Shop):
    assert _clauses(shop.apply("RO-1", WAIVER, by=Actor("sa-2", "service_advisor"))) == ("flow.role",)


def test_a_clause_that_the_profile_does_not_list_cannot_be_waived(shop: Shop):
    refused = shop.apply("RO-1", ro.KitFitted(), by=ADVISOR)

    waiver = _waiver(refused_seq=refused.seq, clause="protect.kit-before-entry")
    assert _clauses(shop.apply("RO-1", waiver, by=MANAGER)) == ("flow.waiver",)


@pytest.mark.parametrize("profile", ["base", "dpca", "faw-toyota", "lexus"])
def test_by_default_nothing_can_be_waived_and_the_refusal_says_so(tmp_path: Path, profile: str):
    shop = engine_on(tmp_path).shop("S1", profile=profile)
    arrive(shop)
    shop.apply("RO-1", KIT, by=ADVISOR)

    answer = shop.apply("RO-1", WAIVER, by=MANAGER)

    assert isinstance(answer, Refused)
    assert answer.refusals[0].facts == {"clause": "arrive.purpose-recorded", "seq": REFUSED, "waivable": []}
    assert "（无）" in answer.refusals[0].text.zh
    assert "(none)" in answer.refusals[0].text.en


def test_the_reason_of_a_waiver_is_a_personal_value(shop: Shop):
    shop.apply("RO-1", WAIVER, by=MANAGER)

    assert "客户已电话说明".encode() not in shop.entries("RO-1")[-1].body
    assert forget(shop, "RO-1").restricted == 1
    assert _waived(shop.apply("RO-1", KIT, by=ADVISOR)) == ("arrive.purpose-recorded",)
