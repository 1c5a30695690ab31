"""A clause of the house that only notes: it is told on the answer, hinders nothing, and can be made to refuse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.bootstrap import bootstrap
from engine import (
    Accepted,
    Attempt,
    Binding,
    Catalogue,
    Engine,
    Profile,
    Refused,
    Text,
    Verdict,
    clause,
    met,
    standard_catalogue,
)
from engine.events import repair_order as ro
from tests.support import ADVISOR, world

HOUSE = """
name = "house"
version = "1"
extends = "dpca"
label = {{ zh = "本店", en = "house" }}

[clauses.repair_order]
"house.origin-known" = {settings}
"""


@clause(
    "house.origin-known",
    ro.VehicleCheckedIn,
    source="house",
    binding=Binding.NOTE,
    zh="未登记来店方式（{origin}）。",
    en="How the order came about is not recorded ({origin}).",
    do=Text(zh="登记来店方式。", en="Record it."),
)
def origin_known(attempt: Attempt[ro.VehicleCheckedIn]) -> Verdict:
    """The origin is recorded."""
    return met(attempt.event.order_origin is not None, origin=attempt.event.order_origin)


def house(settings: str) -> Catalogue:
    """All that ships, a clause of the house and a profile that switches it on."""
    shipped = standard_catalogue()
    profiles = {**shipped.profiles, "house": Profile.load(HOUSE.format(settings=settings))}
    return replace(shipped, clauses={**shipped.clauses, origin_known.id: origin_known}, profiles=profiles)


def engine_of_the_house(folder: Path, settings: str) -> Engine:
    engine = bootstrap(
        f"sqlite:///{folder / 'shop.db'}", upgrade=True, catalogue=house(settings), world=world(), synchronous="NORMAL"
    )
    engine.shop("S1", profile="house").open("RO-1", by=ADVISOR)
    return engine


@pytest.mark.parametrize("settings", ["{}", '{ binding = "note" }'])
def test_a_noting_clause_that_is_not_met_is_told_and_the_fact_stands(tmp_path: Path, settings: str):
    engine = engine_of_the_house(tmp_path, settings)
    shop = engine.shop("S1", profile="house")

    answer = shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR, id="c-1")

    assert isinstance(answer, Accepted)
    (note,) = answer.notes
    assert (note.clause, note.facts) == ("house.origin-known", {"origin": None})
    assert note.text == Text("未登记来店方式（未记录）。", "How the order came about is not recorded (not recorded).")
    assert note.next_step == Text("登记来店方式。", "Record it.")
    assert shop.case("RO-1").state == "arrived"


def test_a_note_is_sealed_replayed_and_told_again_to_a_retry(tmp_path: Path):
    engine = engine_of_the_house(tmp_path, "{}")
    shop = engine.shop("S1", profile="house")
    answer = shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR, id="c-1")

    assert shop.entries("RO-1")[-1].notes == (("house.origin-known", {"origin": None}),)
    assert shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR, id="c-1") == answer
    assert engine.audit().sound


def test_a_noting_clause_that_is_met_says_nothing(tmp_path: Path):
    shop = engine_of_the_house(tmp_path, "{}").shop("S1")

    answer = shop.apply("RO-1", ro.VehicleCheckedIn(order_origin="booked"), by=ADVISOR)

    assert isinstance(answer, Accepted)
    assert answer.notes == ()


def test_the_same_clause_refuses_where_the_profile_makes_it_harder(tmp_path: Path):
    shop = engine_of_the_house(tmp_path, '{ binding = "refuse" }').shop("S1")

    answer = shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR)

    assert isinstance(answer, Refused)
    assert answer.clauses == ("house.origin-known",)


def test_a_refused_command_tells_no_notes(tmp_path: Path):
    shop = engine_of_the_house(tmp_path, "{}").shop("S1")

    answer = shop.apply("RO-1", ro.VehicleCheckedIn(order_origin="comeback"), by=ADVISOR)

    assert isinstance(answer, Refused)
    assert answer.clauses == ("comeback.linked-order",)
    assert shop.entries("RO-1")[-1].notes == ()


def test_a_binding_is_shown_among_the_options(tmp_path: Path):
    shop = engine_of_the_house(tmp_path, "{}").shop("S1")

    (option,) = shop.options("RO-1", by=ADVISOR)
    assert ("house.origin-known", Binding.NOTE) in option.clauses
