"""A dealer's own layer over a brand: it tightens and adds, and is refused where it would loosen."""

from __future__ import annotations

import re

import pytest

from adapters.bootstrap import bootstrap
from engine import BadProfile, Profile, Refused, standard_catalogue
from engine.guards.figure import codes, minutes, percent
from tests.support import ADVISOR, KIT, PURPOSE, arrive, world

HEAD = 'name = "our-house"\nversion = "1"\nlabel = { zh = "本店", en = "Our house" }\n'


def dealer(settings: str, extends: str = "dpca") -> Profile:
    return Profile.load(f'{HEAD}extends = "{extends}"\n[clauses.repair_order]\n{settings}')


def refused(profile: Profile) -> BadProfile:
    with pytest.raises(BadProfile) as error:
        standard_catalogue().with_dealer(profile)
    assert re.search(r"[\u4e00-\u9fff]", error.value.text.zh)
    return error.value


@pytest.mark.parametrize(
    "settings",
    [
        '"settle.variance-10pct" = { limit = "10" }',
        '"settle.variance-10pct" = { limit = "9.99" }',
        '"flow.late" = { limit = 29 }',
        '"flow.late" = { roles = ["service_manager"] }',
        '"protect.kit-four-piece" = { pieces = ["floor_mat", "steering_cover", "gear_cover", "seat_cover"] }',
        '"work.absent-customer-consent-kept" = { durable = ["fax"] }',
    ],
)
def test_a_dealer_may_hold_or_tighten_a_figure(settings):
    catalogue = standard_catalogue().with_dealer(dealer(settings))

    assert catalogue.rules("our-house", "repair_order").profile == "our-house"


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ('"settle.variance-10pct" = { limit = "10.01" }', "settle.variance-10pct.limit"),
        ('"flow.late" = { limit = 31 }', "flow.late.limit"),
        ('"flow.late" = { roles = ["technician"] }', "flow.late.roles"),
        ('"protect.kit-four-piece" = { pieces = ["floor_mat"] }', "protect.kit-four-piece.pieces"),
        (
            '"work.absent-customer-consent-kept" = { durable = ["fax", "spoken"] }',
            "work.absent-customer-consent-kept.durable",
        ),
        ('"flow.waiver" = { waivable = ["protect.kit-four-piece"] }', "flow.waiver.waivable"),
        ('"protect.kit-four-piece" = { binding = "note" }', "protect.kit-four-piece.binding"),
        ('"no.such-clause" = {}', "no.such-clause"),
    ],
)
def test_a_dealer_is_refused_where_he_would_loosen_what_the_brand_holds(settings, where):
    error = refused(dealer(settings))

    assert (error.facts["profile"], error.facts["where"]) == ("our-house", where)


def test_a_dealer_may_turn_a_note_into_a_refusal(tmp_path):
    catalogue = standard_catalogue().with_dealer(dealer('"order.free-requests-listed" = { binding = "refuse" }'))

    bound = catalogue.rules("our-house", "repair_order").clauses["order.free-requests-listed"]

    assert bound.binding == "refuse"


def test_a_dealer_may_bind_a_clause_that_his_brand_does_not_and_waive_it(tmp_path):
    """The road test is Lexus's; a DPCA dealer may ask for it too, and for his own sake let it pass now and then."""
    profile = dealer('"qc.final-road-test" = {}\n"flow.waiver" = { waivable = ["qc.final-road-test"] }')

    rules = standard_catalogue().with_dealer(profile).rules("our-house", "repair_order")

    assert "qc.final-road-test" not in standard_catalogue().rules("dpca", "repair_order").clauses
    assert rules.clauses["qc.final-road-test"].binding == "refuse"
    assert rules.clauses["flow.waiver"].figures["waivable"] == ["qc.final-road-test"]


def test_a_group_of_dealers_may_tighten_and_its_shop_tighten_again():
    group = Profile.load(
        HEAD.replace("our-house", "group") + 'extends = "dpca"\n[clauses.repair_order]\n"flow.late" = { limit = 20 }'
    )
    catalogue = standard_catalogue().with_dealer(group)

    assert catalogue.with_dealer(dealer('"flow.late" = { limit = 15 }', "group"))
    with pytest.raises(BadProfile):
        catalogue.with_dealer(dealer('"flow.late" = { limit = 25 }', "group"))


def test_a_dealers_layer_stands_on_a_brand_under_a_name_of_its_own_and_lets_nobody_in():
    alone = Profile.load(HEAD)
    taken = Profile.load(HEAD.replace("our-house", "dpca") + 'extends = "base"\n')
    wide = Profile.load(HEAD + 'extends = "dpca"\n[stand_ins.repair_order]\ncashier = ["kit_fitted"]')

    assert [refused(profile).facts["where"] for profile in (alone, taken, wide)] == ["extends", "name", "stand_ins"]


def test_an_order_under_a_dealers_layer_is_refused_by_what_he_added_and_audits_without_it(tmp_path):
    pieces = ["floor_mat", "gear_cover", "seat_cover", "steering_cover", "key_tag"]
    catalogue = standard_catalogue().with_dealer(dealer(f'"protect.kit-four-piece" = {{ pieces = {pieces} }}'))
    url = f"sqlite:///{tmp_path}/shop.db"
    engine = bootstrap(url, upgrade=True, catalogue=catalogue, world=world(), synchronous="NORMAL")
    shop = engine.shop("S1", profile="our-house")
    arrive(shop)
    shop.apply("RO-1", PURPOSE, by=ADVISOR)

    answer = shop.apply("RO-1", KIT, by=ADVISOR)

    assert isinstance(answer, Refused)
    assert "protect.kit-four-piece" in answer.clauses
    assert bootstrap(url, world=world()).audit().sound


@pytest.mark.parametrize(
    ("below", "tighter", "looser"),
    [
        (minutes(10, tighter="lower"), 9, 11),
        (minutes(10, tighter="higher"), 11, 9),
        (percent("10", tighter="lower"), "9.9", "10.1"),
        (codes("a", "b", unit="x", tighter="more"), ["a", "b", "c"], ["a"]),
        (codes("a", "b", unit="x", tighter="fewer"), ["a"], ["a", "b", "c"]),
    ],
)
def test_a_figure_knows_which_way_is_tighter(below, tighter, looser):
    assert below.no_looser_than(below)
    assert below.having(tighter).no_looser_than(below)
    assert not below.having(looser).no_looser_than(below)
