"""Subscribing and delivering while other processes write: nothing is missed, nothing comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event as Signal

import pytest

from adapters.bootstrap import bootstrap
from engine.events import repair_order as ro
from tests.processes import FORKS, SECONDS, ended, started
from tests.support import ADVISOR
from tests.test_delivery import Board

EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)
WRITERS, SUBSCRIPTIONS, ENOUGH = 4, 5, 40
Place = tuple[str, int]


def write(url: str, name: str, begun: Signal, over: Signal, wire: Connection) -> None:
    """Case after case, two entries each, until it is over; which they were."""
    written: list[Place] = []
    engine = bootstrap(url, synchronous="NORMAL", busy_seconds=SECONDS)
    shop = engine.shop("S1")
    with closing(engine.store):
        while not (over.is_set() and len(written) >= ENOUGH):
            case = f"{name}-{len(written)}"
            shop.open(case, by=ADVISOR)
            shop.apply(case, ro.VehicleCheckedIn(), by=ADVISOR)
            written += [(case, 1), (case, 2)]
            begun.set()
    wire.send(written)


@contextmanager
def writing(url: str) -> Iterator[tuple[Signal, list[Place]]]:
    """Processes that write, each of which has begun; told that it is over, they are ended with the block."""
    over, written = FORKS.Event(), list[Place]()
    begun = [FORKS.Event() for _ in range(WRITERS)]
    at_work = [started(write, url, f"W{place}", signal, over) for place, signal in enumerate(begun)]
    try:
        assert all(signal.wait(SECONDS) for signal in begun)
        yield over, written
    finally:
        over.set()
        for process, wire in at_work:
            code, sent = ended(process, wire)
            assert code == 0
            written += sent


def each_once_and_in_order(got: list[Place], written: list[Place]) -> bool:
    """No entry missed, none twice; of each case the first before the second."""
    places = {place: number for number, place in enumerate(got)}
    in_order = all(places[case, 1] < places[case, 2] for case, _ in written)
    return sorted(got) == sorted(written) and in_order


@EITHER
def test_a_subscription_from_the_first_entry_misses_nothing_that_is_written_meanwhile(database):
    engine = bootstrap(database, upgrade=True, busy_seconds=SECONDS)
    boards = [Board(f"board-{number}") for number in range(SUBSCRIPTIONS)]

    with writing(database) as (over, written):
        for board in boards:
            engine.subscribe(board.name, begin="first")
        over.set()
    engine.deliver(boards)

    assert len(written) >= WRITERS * ENOUGH
    for board in boards:
        assert each_once_and_in_order(board.got, written)
    engine.store.close()


@EITHER
def test_a_reader_beside_four_writers_misses_nothing_and_gets_nothing_twice(database):
    engine = bootstrap(database, upgrade=True, busy_seconds=SECONDS)
    engine.subscribe("board")
    board = Board("board")

    with writing(database) as (over, written):
        while len(board.got) < WRITERS * ENOUGH // 2:  # writers may outrun a reader for ever
            engine.deliver([board], stop=lambda: len(board.got) >= WRITERS * ENOUGH // 2)
        over.set()
    engine.deliver([board])

    assert len(written) >= WRITERS * ENOUGH
    assert each_once_and_in_order(board.got, written)
    engine.store.close()
