"""Batches: commands of many cases in one transaction, an answer for each, all of them or none of them kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.bootstrap import bootstrap
from engine import Accepted, BadCommand, CaseExists, CaseNotFound, CommandConflict, Engine, Refused, StaleVersion
from engine.events import repair_order as ro
from tests.support import ADVISOR, KIT, PURPOSE, world


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = bootstrap(database, upgrade=True, world=world(), synchronous="NORMAL")
    yield engine
    engine.store.close()


def test_a_batch_answers_each_command_in_the_order_in_which_they_were_gathered(engine):
    shop = engine.shop("S1", profile="dpca")
    batch = shop.batch()
    for case in ("RO-9", "RO-1", "RO-5"):
        batch.open(case, by=ADVISOR)
        batch.apply(case, ro.VehicleCheckedIn(), by=ADVISOR)
    batch.apply("RO-1", KIT, by=ADVISOR)
    batch.apply("RO-5", PURPOSE, by=ADVISOR)
    batch.apply("RO-5", KIT, by=ADVISOR)

    outcomes = batch.run()

    assert [type(outcome) for outcome in outcomes] == [Accepted] * 6 + [Refused, Accepted, Accepted]
    assert {row.id: (row.state, row.seq) for row in shop.find().rows} == {
        "RO-1": ("arrived", 3),
        "RO-5": ("protected", 4),
        "RO-9": ("arrived", 2),
    }
    assert engine.audit().sound


def test_a_mistake_in_a_batch_is_its_outcome_and_touches_no_other_command(engine):
    shop = engine.shop("S1")
    shop.open("RO-1", by=ADVISOR, id="c-1")
    shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR, id="c-2")
    batch = shop.batch()
    batch.open("RO-1", by=ADVISOR, id="c-3")
    batch.apply("RO-2", ro.VehicleCheckedIn(), by=ADVISOR, id="c-4")
    batch.apply("RO-1", PURPOSE, by=ADVISOR, id="c-5", expected=1)
    batch.apply("RO-1", PURPOSE, by=ADVISOR, id="c-2")
    batch.apply("RO-1", PURPOSE, by=ADVISOR, id="c-6", expected=2)

    outcomes = batch.run()

    kinds = [CaseExists, CaseNotFound, StaleVersion, CommandConflict, Accepted]
    assert [type(outcome) for outcome in outcomes] == kinds
    assert [entry.command.id for entry in shop.entries("RO-1")] == ["c-1", "c-2", "c-6"]


def test_a_batch_that_is_run_again_gets_the_recorded_answers(engine):
    shop = engine.shop("S1")

    def gathered():
        batch = shop.batch()
        batch.open("RO-1", by=ADVISOR, id="c-1")
        batch.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR, id="c-2")
        batch.apply("RO-1", KIT, by=ADVISOR, id="c-3")
        return batch

    first = gathered().run()

    assert gathered().run() == first
    assert len(shop.entries("RO-1")) == 3


def test_a_malformed_command_is_not_gathered(engine):
    batch = engine.shop("S1").batch()

    with pytest.raises(BadCommand):
        batch.apply("RO-1", PURPOSE, by=ADVISOR, id="not an id")

    assert batch.run() == ()


def test_the_subscribers_of_a_batch_are_told_of_each_entry(engine):
    engine.subscribe("log")
    batch = engine.shop("S1").batch()
    for number in range(3):
        batch.open(f"RO-{number}", by=ADVISOR)

    batch.run()

    assert [letter.case for letter in engine.outbox.letters()] == ["RO-0", "RO-1", "RO-2"]
