"""How often PostgreSQL is asked: counted on the wire, not in our code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from adapters.bootstrap import bootstrap
from engine import Accepted, Engine, Refused
from engine.events import repair_order as ro
from tests.support import ADVISOR, world

WARM = 8
"""Runs after which the driver has prepared a statement; preparing it costs a trip of its own, once a connection."""
_TURN = re.compile(rb"^[^\t\n]+\tF\t\d+\t(?:Sync|Query)", re.MULTILINE)
"""A message of the client after which it waits for the server."""


class Wire:
    """What an engine's connections send, as libpq traces it."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._files = (folder / f"wire-{number}" for number in count())
        self._engine = engine

    def trips(self, act: Callable[[], object]) -> int:
        """How often the client handed the turn to the server while it acted."""
        file = next(self._files)
        with file.open("wb") as wire:
            traced = self._trace_into(wire.fileno())
            act()
            for connection in traced:
                connection.pgconn.untrace()
        return len(_TURN.findall(file.read_bytes()))

    def _trace_into(self, descriptor: int) -> list[Any]:
        with self._engine.store._engine.connect() as pooled:
            connection = pooled.connection.driver_connection
        connection.pgconn.trace(descriptor)
        return [connection]


@pytest.fixture
def engine(postgresql: str) -> Iterator[Engine]:
    engine = bootstrap(postgresql, upgrade=True, world=world())
    engine.subscribe("log")
    shop = engine.shop("S1", profile="dpca")
    shop.open("RO-1", by=ADVISOR)
    shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR)
    for _ in range(WARM):
        shop.apply("RO-1", ro.WaitTick(), by=ADVISOR)
        shop.apply("RO-1", ro.KitFitted(), by=ADVISOR)
        shop.case("RO-1")
        shop.find(open=True)
    yield engine
    engine.store.close()


def test_an_accepted_fact_takes_two_round_trips(engine, tmp_path):
    wire, shop = Wire(engine, tmp_path), engine.shop("S1")

    trips = wire.trips(lambda: shop.apply("RO-1", ro.WaitTick(), by=ADVISOR))

    assert trips == 2
    assert isinstance(shop.apply("RO-1", ro.WaitTick(), by=ADVISOR), Accepted)


def test_a_refusal_and_a_fact_with_personal_data_take_two_round_trips_as_well(engine, tmp_path):
    wire, shop = Wire(engine, tmp_path), engine.shop("S1")

    refused = wire.trips(lambda: shop.apply("RO-1", ro.KitFitted(), by=ADVISOR))
    personal = wire.trips(lambda: shop.apply("RO-1", ro.CustomerLeft.read({"reason": "等太久"}), by=ADVISOR))

    assert (refused, personal) == (2, 2)
    assert isinstance(shop.apply("RO-1", ro.KitFitted(), by=ADVISOR), Refused)


def test_a_case_that_is_known_and_a_list_take_one_round_trip_each(engine, tmp_path):
    wire, shop = Wire(engine, tmp_path), engine.shop("S1")

    assert wire.trips(lambda: shop.case("RO-1")) == 1
    assert wire.trips(lambda: shop.find(open=True)) == 1


def test_a_case_that_somebody_else_moved_takes_one_trip_more(engine, postgresql, tmp_path):
    other = bootstrap(postgresql, world=world())
    other.shop("S1").apply("RO-1", ro.WaitTick(), by=ADVISOR, id="other-1")
    other.store.close()
    wire, shop = Wire(engine, tmp_path), engine.shop("S1")

    trips = wire.trips(lambda: shop.apply("RO-1", ro.WaitTick(), by=ADVISOR))

    assert trips == 3
    assert engine.audit().sound
