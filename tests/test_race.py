"""Several writers on one case: real processes, and threads. Nothing is lost, nothing forks, one of each race wins."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from threading import Barrier as ThreadBarrier

import pytest

from adapters.bootstrap import bootstrap, real_world
from engine import (
    Accepted,
    Answer,
    CaseExists,
    CommandConflict,
    Contended,
    Engine,
    GongdanError,
    StaleVersion,
    standard_catalogue,
)
from engine.events import repair_order as ro
from engine.store import LostRace
from tests.support import ADVISOR, Clock, engine_on

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.test_crash", "tests.test_race"])
standard_catalogue().rules("base", "repair_order")  # resolved once, in the process that forks

EACH = 12
Told = object
Racer = Callable[[Engine, int, Callable[[], object]], Told]


def engine_at(folder: Path) -> Engine:
    """The engine of one racer, its ids its own."""
    return bootstrap(f"sqlite:///{folder}/shop.db", world=real_world(), synchronous="NORMAL")


def start(folder: Path) -> Engine:
    """A case that has arrived, on a real clock, for others to race on."""
    engine = engine_at(folder)
    engine.shop("S1").open("RO-1", by=ADVISOR)
    engine.shop("S1").apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR)
    return engine


def kind(act: Callable[[], Answer]) -> str:
    """What came of it, by name."""
    try:
        return type(act()).__name__
    except GongdanError as error:
        return type(error).__name__


# --- racers: what each process does ------------------------------------------------------------------------------


def tick(engine: Engine, number: int, ready: Callable[[], object]) -> Told:
    """Many facts without `expected`."""
    shop = engine.shop("S1")
    ready()
    return [
        kind(lambda n=n: shop.apply("RO-1", ro.WaitTick(), by=ADVISOR, id=f"tick-{number}-{n}")) for n in range(EACH)
    ]


def expect(engine: Engine, number: int, ready: Callable[[], object]) -> Told:
    """One fact a round, each decided on the version that the round begins with."""
    shop = engine.shop("S1")
    told = []
    for version in range(2, 2 + EACH):
        ready()
        told.append(
            kind(lambda v=version: shop.apply("RO-1", ro.WaitTick(), by=ADVISOR, id=f"v{v}-{number}", expected=v))
        )
    return told


def same(engine: Engine, number: int, ready: Callable[[], object]) -> Told:
    """One and the same command, put by everybody."""
    shop = engine.shop("S1")
    facts = ro.CustomerLeft.read({"reason": "等太久"})
    ready()
    answer = shop.apply("RO-1", facts, by=ADVISOR, id="same")
    return type(answer).__name__, answer.seq, answer.version, answer.state


def move(engine: Engine, number: int, ready: Callable[[], object]) -> Told:
    """The same step by different commands: only the first finds it open."""
    shop = engine.shop("S1")
    ready()
    return kind(lambda: shop.apply("RO-1", ro.CustomerLeft(), by=ADVISOR, id=f"left-{number}"))


def open_all(engine: Engine, number: int, ready: Callable[[], object]) -> Told:
    """Everybody opens the same cases."""
    shop = engine.shop("S1")
    ready()
    return [kind(lambda n=n: shop.open(f"NEW-{n}", by=ADVISOR, id=f"open-{n}-{number}")) for n in range(EACH)]


def racing(racer: Racer, folder: Path, number: int, barrier: Barrier, wire: Connection) -> None:
    barrier.wait(60)
    wire.send(racer(engine_at(folder), number, lambda: barrier.wait(60)))


def race(racer: Racer, folder: Path, processes: int) -> list[Told]:
    """Let processes race, and gather what each was told."""
    barrier = FORKS.Barrier(processes)
    wires, running = [], []
    for number in range(processes):
        here, there = FORKS.Pipe(duplex=False)
        running.append(FORKS.Process(target=racing, args=(racer, folder, number, barrier, there)))
        running[-1].start()
        there.close()
        wires.append(here)
    told = [wire.recv() if wire.poll(120) else None for wire in wires]
    for process, wire in zip(running, wires, strict=True):
        process.join(60)
        wire.close()
    assert [process.exitcode for process in running] == [0] * processes
    return told


def sound(engine: Engine, case: str = "RO-1") -> list[int]:
    """The journal is clean and without a gap; the seqs of its case."""
    report = engine.audit()
    assert report.findings == []
    seqs = [entry.seq for entry in engine.shop("S1").entries(case)]
    assert seqs == list(range(1, len(seqs) + 1))
    return seqs


# --- processes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("processes", [2, 4])
def test_no_fact_of_racing_processes_is_lost(tmp_path, processes):
    engine = start(tmp_path)

    told = race(tick, tmp_path, processes)

    assert told == [["Accepted"] * EACH] * processes
    assert len(sound(engine)) == 2 + processes * EACH
    ids = {entry.command.id for entry in engine.shop("S1").entries("RO-1")}
    assert {f"tick-{number}-{n}" for number in range(processes) for n in range(EACH)} <= ids


@pytest.mark.parametrize("processes", [2, 4])
def test_of_commands_decided_on_one_version_exactly_one_is_accepted(tmp_path, processes):
    engine = start(tmp_path)

    told = race(expect, tmp_path, processes)

    for round_ in zip(*told, strict=True):
        assert sorted(round_) == ["Accepted", *["StaleVersion"] * (processes - 1)]
    assert len(sound(engine)) == 2 + EACH


def test_one_command_put_by_four_processes_is_answered_once_and_told_to_all(tmp_path):
    engine = start(tmp_path)

    told = race(same, tmp_path, 4)

    assert told == [("Accepted", 3, 3, "cancelled")] * 4
    assert len(sound(engine)) == 3


def test_a_step_that_four_processes_take_is_taken_once_and_refused_thrice(tmp_path):
    engine = start(tmp_path)

    told = race(move, tmp_path, 4)

    assert sorted(map(str, told)) == ["Accepted", "Refused", "Refused", "Refused"]
    assert len(sound(engine)) == 6
    assert engine.shop("S1").case("RO-1").version == 3


def test_processes_that_meet_on_a_new_database_create_it_once_and_each_case_once(tmp_path):
    told = race(open_all, tmp_path, 4)

    for each in zip(*told, strict=True):
        assert sorted(each) == ["Accepted", "CaseExists", "CaseExists", "CaseExists"]
    engine = engine_at(tmp_path)
    assert len(engine.shop("S1").find(limit=100).rows) == EACH
    sound(engine, "NEW-0")


@pytest.mark.soak
@pytest.mark.parametrize("round_", range(30))
def test_processes_race_again_and_again(tmp_path, round_):
    engine = start(tmp_path)
    assert race(tick, tmp_path, 6) == [["Accepted"] * EACH] * 6
    assert len(sound(engine)) == 2 + 6 * EACH


# --- threads -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engines", [1, 4])
def test_no_fact_of_racing_threads_is_lost(tmp_path, engines):
    shared = [start(tmp_path), *(engine_at(tmp_path) for _ in range(engines - 1))]
    barrier = ThreadBarrier(4)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda n: tick(shared[n % engines], n, barrier.wait), range(4)))

    assert told == [["Accepted"] * EACH] * 4
    assert len(sound(shared[0])) == 2 + 4 * EACH


def test_of_threads_deciding_on_one_version_exactly_one_is_accepted(tmp_path):
    engine = start(tmp_path)
    barrier = ThreadBarrier(4)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda n: expect(engine, n, barrier.wait), range(4)))

    for round_ in zip(*told, strict=True):
        assert sorted(round_) == ["Accepted", "StaleVersion", "StaleVersion", "StaleVersion"]
    assert len(sound(engine)) == 2 + EACH


# --- the seams of a race, one at a time --------------------------------------------------------------------------


def test_a_move_from_a_head_that_is_no_longer_there_is_a_lost_race(tmp_path):
    engine = start(tmp_path)
    entry = engine.shop("S1").entries("RO-1")[-1]

    with pytest.raises(LostRace), engine.store.write() as transaction:
        transaction.append(entry, "f" * 64)

    assert len(sound(engine)) == 2


def test_two_entries_for_one_place_are_a_lost_race(tmp_path):
    engine = start(tmp_path)
    entry = engine.shop("S1").entries("RO-1")[-1]

    with pytest.raises(LostRace), engine.store.write() as transaction:
        transaction.insert_entry(entry)

    assert len(sound(engine)) == 2


def test_a_race_that_is_always_lost_ends(tmp_path):
    class Loser(Clock):
        """A clock that loses every race: SQLite's lock lets nobody else in between, so nothing else here can."""

        def __call__(self):
            raise LostRace

    engine = engine_on(tmp_path, Loser())

    with pytest.raises(Contended) as error:
        engine.shop("S1").open("RO-1", by=ADVISOR)

    assert error.value.facts == {"case": "RO-1", "attempts": 20}


def test_the_losers_of_a_race_are_told_in_both_languages():
    for error in (
        StaleVersion(case="RO-1", expected=2, actual=3),
        CaseExists(shop="S1", case="RO-1"),
        CommandConflict(case="RO-1", command="c-1"),
        Contended(case="RO-1", attempts=20),
    ):
        assert "RO-1" in error.text.zh
        assert "RO-1" in error.text.en


def test_the_time_of_recording_never_runs_backwards_even_when_the_clock_does(tmp_path):
    clock = Clock()
    shop = engine_on(tmp_path, clock).shop("S1")
    shop.open("RO-1", by=ADVISOR)
    clock.forward(hours=-1)

    answer = shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR)

    assert isinstance(answer, Accepted)
    times = [entry.recorded_at for entry in shop.entries("RO-1")]
    assert times[1] == times[0]
