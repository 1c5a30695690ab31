"""Eight writers at once, threads and real processes, on SQLite and PostgreSQL, ours and a host's.

Nothing is lost, nothing forks, nothing waits in a circle; one of each race wins, and everybody is told so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from threading import Barrier as ThreadBarrier
from threading import Event

import pytest
import sqlalchemy
from sqlalchemy import create_engine

from adapters.bootstrap import bootstrap, real_world
from engine import (
    Accepted,
    CaseExists,
    CaseRow,
    CommandConflict,
    Contended,
    Engine,
    GongdanError,
    Line,
    Outcome,
    Shop,
    StaleVersion,
    StoreUnavailable,
)
from engine.command import Command
from engine.events import repair_order as ro
from engine.sealing import SealedCommand
from engine.store import LostRace, schema
from engine.store.migrate import _UPGRADING as UPGRADING
from tests.acts import ACTS, Scene, another_journal
from tests.processes import FORKS, SECONDS, ended, started
from tests.support import ADVISOR, START, Clock, arrive, engine_on

EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)
ALL = 8
EACH = 5
Told = object


@dataclass(frozen=True)
class Entrant:
    """One of those who race: an engine, a host's connections, and a number."""

    engine: Engine
    host: sqlalchemy.Engine
    number: int
    ready: Callable[[], object]

    @property
    def shop(self) -> Shop:
        return self.engine.shop("S1")

    def close(self) -> None:
        self.engine.store.close()
        self.host.dispose()


Racer = Callable[[Entrant], Told]


def engine_at(url: str, **options: object) -> Engine:
    return bootstrap(url, world=real_world(), synchronous="OFF", **options)


def entrant(url: str, number: int, ready: Callable[[], object], **options: object) -> Entrant:
    return Entrant(engine_at(url, **options), create_engine(url), number, ready)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """Eight cases that have arrived, on a real clock, for others to race on."""
    made = engine_at(database, upgrade=True)
    for number in range(ALL):
        arrive(made.shop("S1"), f"RO-{number}")
    yield made
    made.store.close()


def came_of(act: Callable[[], object]) -> str:
    """The name of the answer, or of the error."""
    try:
        return type(act()).__name__
    except GongdanError as error:
        return type(error).__name__


def names(outcomes: tuple[Outcome, ...]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


# --- racers: what each of them does --------------------------------------------------------------------------------


def tick(me: Entrant) -> Told:
    """Many facts on one case, without `expected`."""
    me.ready()
    return [
        came_of(lambda n=n: me.shop.apply("RO-0", ro.WaitTick(), by=ADVISOR, id=f"tick-{me.number}-{n}"))
        for n in range(EACH)
    ]


def tick_alone(me: Entrant) -> Told:
    """Many facts, each on a case of its own."""
    me.ready()
    case = f"RO-{me.number}"
    return [came_of(lambda: me.shop.apply(case, ro.WaitTick(), by=ADVISOR)) for _ in range(EACH)]


def tick_as_a_host(me: Entrant) -> Told:
    """Every second one puts its facts on a host's connection, two in each transaction."""
    if me.number % 2:
        return tick(me)
    me.ready()
    told = []
    for n in range(EACH):
        with me.host.begin() as connection:
            put = {"by": ADVISOR, "id": f"tick-{me.number}-{n}", "connection": connection}
            told.append(came_of(lambda put=put: me.shop.apply("RO-0", ro.WaitTick(), **put)))
    return told


def expect(me: Entrant) -> Told:
    """One fact a round, each decided on the version that the round begins with."""
    told = []
    for version in range(2, 2 + EACH):
        me.ready()
        told.append(
            came_of(
                lambda v=version: me.shop.apply("RO-0", ro.WaitTick(), by=ADVISOR, id=f"v{v}-{me.number}", expected=v)
            )
        )
    return told


def same(me: Entrant) -> Told:
    """One and the same command, put by everybody."""
    facts = ro.CustomerLeft.read({"reason": "等太久"})
    me.ready()
    answer = me.shop.apply("RO-0", facts, by=ADVISOR, id="same")
    return type(answer).__name__, answer.seq, answer.version, answer.state


def same_twice(me: Entrant) -> Told:
    """One and the same two commands, put by everybody."""
    me.ready()
    answers = me.shop.apply_all("RO-0", [ro.WaitTick(), ro.CustomerLeft()], by=ADVISOR, id="same")
    return [(type(answer).__name__, answer.seq, answer.state) for answer in answers]


def move(me: Entrant) -> Told:
    """The same step by different commands: only the first finds it open."""
    me.ready()
    return came_of(lambda: me.shop.apply("RO-0", ro.CustomerLeft(), by=ADVISOR, id=f"left-{me.number}"))


def open_all(me: Entrant) -> Told:
    """Everybody opens the same cases."""
    me.ready()
    return [came_of(lambda n=n: me.shop.open(f"NEW-{n}", by=ADVISOR)) for n in range(EACH)]


def turned(me: Entrant) -> list[int]:
    """The numbers of all cases but one's own, for everybody in another order."""
    order = [(me.number + n) % ALL for n in range(1, ALL)]
    return order if me.number % 2 else order[::-1]


def batch(me: Entrant) -> Told:
    """Batches of most cases, for everybody in another order."""
    me.ready()
    told = []
    for _ in range(EACH):
        gathered = me.shop.batch()
        for number in turned(me):
            gathered.apply(f"RO-{number}", ro.WaitTick(), by=ADVISOR)
        told += names(gathered.run())
    return told


def batch_openings(me: Entrant) -> Told:
    """Everybody opens the same cases, in another order."""
    gathered = me.shop.batch()
    for number in turned(me):
        gathered.open(f"NEW-{number}", by=ADVISOR)
    me.ready()
    return names(gathered.run())


def bring_in(me: Entrant) -> Told:
    lines = another_journal()
    me.ready()
    return came_of(lambda: me.engine.import_journal(lines))


def rebuild_and_tick(me: Entrant) -> Told:
    """Half of them make the rows anew while the others write."""
    if me.number % 2:
        return tick(me)
    me.ready()
    return [me.engine.rebuild() for _ in range(EACH)]


# --- the race itself -----------------------------------------------------------------------------------------------


def racing(racer: Racer, url: str, options: dict[str, object], number: int, barrier: Barrier, wire: Connection) -> None:
    """Be one of the processes; where one fails, none of the others waits for it."""
    try:
        if options:
            barrier.wait(SECONDS)
        wire.send(racer(entrant(url, number, lambda: barrier.wait(SECONDS), **options)))
    except BaseException:
        barrier.abort()
        raise


def race(racer: Racer, url: str, **options: object) -> list[Told]:
    """Let processes race, and gather what each was told."""
    barrier = FORKS.Barrier(ALL)
    running = [started(racing, racer, url, options, number, barrier) for number in range(ALL)]
    ends = [ended(*each) for each in running]
    assert [exit_code for exit_code, _ in ends] == [0] * ALL
    return [told for _, told in ends]


def race_in_threads(racer: Racer, engine: Engine, url: str) -> list[Told]:
    """Let threads race that share an engine."""
    barrier = ThreadBarrier(ALL)
    host = create_engine(url)
    with ThreadPoolExecutor(ALL) as pool:
        entrants = [Entrant(engine, host, number, lambda: barrier.wait(SECONDS)) for number in range(ALL)]
        told = list(pool.map(racer, entrants))
    host.dispose()
    return told


def run(racer: Racer, engine: Engine, url: str, runners: str) -> list[Told]:
    return race(racer, url) if runners == "processes" else race_in_threads(racer, engine, url)


def sound(engine: Engine, case: str = "RO-0") -> list[int]:
    """The journal is clean and without a gap; the seqs of a case."""
    report = engine.audit()
    assert report.sound
    seqs = [entry.seq for entry in engine.shop("S1").entries(case)]
    assert seqs == list(range(1, len(seqs) + 1))
    return seqs


def circles(url: str) -> int:
    """How often transactions waited for one another in a circle, and PostgreSQL broke it."""
    if url.startswith("sqlite"):
        return 0
    host = create_engine(url)
    with host.connect() as connection:
        statement = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        found = connection.exec_driver_sql(statement).scalar_one()
    host.dispose()
    return int(found)


RUNNERS = pytest.mark.parametrize("runners", ["processes", "threads"])


# --- facts ---------------------------------------------------------------------------------------------------------


@EITHER
@RUNNERS
@pytest.mark.parametrize("racer", [tick, tick_as_a_host])
def test_no_fact_on_one_case_is_lost(engine, database, racer, runners):
    told = run(racer, engine, database, runners)

    assert told == [["Accepted"] * EACH] * ALL
    assert len(sound(engine)) == 2 + ALL * EACH
    ids = [entry.command.id for entry in engine.shop("S1").entries("RO-0")[2:]]
    assert sorted(ids) == sorted(f"tick-{number}-{n}" for number in range(ALL) for n in range(EACH))


@EITHER
@RUNNERS
def test_no_fact_on_different_cases_is_lost(engine, database, runners):
    told = run(tick_alone, engine, database, runners)

    assert told == [["Accepted"] * EACH] * ALL
    assert [len(sound(engine, f"RO-{number}")) for number in range(ALL)] == [2 + EACH] * ALL


@EITHER
@RUNNERS
def test_of_commands_decided_on_one_version_exactly_one_is_accepted(engine, database, runners):
    told = run(expect, engine, database, runners)

    for round_ in zip(*told, strict=True):
        assert sorted(round_) == ["Accepted", *["StaleVersion"] * (ALL - 1)]
    assert len(sound(engine)) == 2 + EACH


@EITHER
@RUNNERS
def test_one_command_put_by_eight_is_answered_once_and_told_to_all(engine, database, runners):
    told = run(same, engine, database, runners)

    assert told == [("Accepted", 3, 3, "cancelled")] * ALL
    assert len(sound(engine)) == 3


@EITHER
def test_several_facts_put_by_eight_are_answered_once_and_told_to_all(engine, database):
    told = race(same_twice, database)

    assert told == [[("Accepted", 3, "arrived"), ("Accepted", 4, "cancelled")]] * ALL
    assert len(sound(engine)) == 4


@EITHER
def test_a_step_that_eight_take_is_taken_once_and_refused_seven_times(engine, database):
    told = race(move, database)

    assert Counter(told) == {"Accepted": 1, "Refused": ALL - 1}
    assert len(sound(engine)) == 2 + ALL
    assert engine.shop("S1").case("RO-0").version == 3


# --- cases ---------------------------------------------------------------------------------------------------------


def test_eight_that_meet_on_a_new_database_upgrade_it_once_and_open_each_case_once(database):
    told = race(open_all, database, upgrade=True)

    for each in zip(*told, strict=True):
        assert Counter(each) == {"Accepted": 1, "CaseExists": ALL - 1}
    engine = engine_at(database)
    assert len(engine.shop("S1").find(limit=100).rows) == EACH
    sound(engine, "NEW-0")
    engine.store.close()


@EITHER
def test_overlapping_batches_in_different_orders_wait_for_one_another_and_never_in_a_circle(engine, database):
    told = race(batch, database)

    assert told == [["Accepted"] * EACH * (ALL - 1)] * ALL
    assert [len(sound(engine, f"RO-{number}")) for number in range(ALL)] == [2 + EACH * (ALL - 1)] * ALL
    assert circles(database) == 0


@EITHER
def test_batches_that_open_the_same_cases_in_different_orders_open_each_once(engine, database):
    told = race(batch_openings, database)

    assert Counter(name for each in told for name in each) == {"Accepted": ALL, "CaseExists": ALL * (ALL - 2)}
    sound(engine, "NEW-0")


# --- the whole database --------------------------------------------------------------------------------------------


@EITHER
def test_a_journal_that_eight_bring_in_comes_in_once(engine, database):
    told = race(bring_in, database)

    assert told.count("Report") == 1
    assert set(told) <= {"Report", "CaseExists", "BadJournal", "StoreUnavailable"}
    assert engine.audit().sound
    assert len(engine.shop("S2").find().rows) == 1


@EITHER
def test_rows_are_made_anew_while_others_write(engine, database):
    told = race(rebuild_and_tick, database)

    assert told == [[0] * EACH, ["Accepted"] * EACH] * (ALL // 2)
    assert len(sound(engine)) == 2 + EACH * ALL // 2


# --- waits are bounded, and reported ---------------------------------------------------------------------------------


@contextmanager
def held(scene: Scene) -> Iterator[None]:
    """Another program keeps every writer out: it has SQLite's one lock, or a lock on each of PostgreSQL's tables."""
    ours = ", ".join(schema.metadata.tables)
    statement = "BEGIN IMMEDIATE" if scene.host.dialect.name == "sqlite" else f"LOCK TABLE {ours} IN EXCLUSIVE MODE"
    with scene.host.connect() as connection:
        connection.exec_driver_sql(statement)
        yield


def locked(act: Callable[[], object]) -> None:
    with pytest.raises(StoreUnavailable) as error:
        act()
    assert error.value.facts["reason"] == "locked"
    assert "稍后再试" in error.value.text.zh
    assert "try again later" in error.value.text.en


@EITHER
@pytest.mark.parametrize("name", sorted(ACTS.keys() - {"a host's transaction"}))
def test_a_lock_that_another_program_holds_is_told_and_nothing_is_written(database, name):
    with closing(Scene.at(database, upgrade=True, busy_seconds=0.05)) as scene:
        for earlier in ACTS[name].before:
            earlier(scene)
        before = scene.picture()

        with held(scene):
            locked(lambda: ACTS[name].do(scene))

        assert scene.picture() == before
        ACTS[name].do(scene)
        assert scene.engine.audit().sound


@EITHER
def test_an_upgrade_that_another_one_keeps_out_is_told(database):
    with closing(Scene.at(database, upgrade=True, busy_seconds=0.05)) as scene, scene.host.connect() as other:
        on_sqlite = scene.host.dialect.name == "sqlite"
        other.exec_driver_sql("BEGIN IMMEDIATE" if on_sqlite else f"SELECT pg_advisory_xact_lock({UPGRADING})")

        locked(scene.engine.store.upgrade)

        other.rollback()
        assert scene.engine.store.upgrade() == (schema.REVISIONS[-1],) * 2


@EITHER
def test_a_case_in_a_host_s_open_transaction_is_locked_for_others(database):
    with closing(Scene.at(database, upgrade=True, busy_seconds=0.05)) as scene:
        for case in ("RO-1", "RO-2"):
            arrive(scene.shop, case)

        with scene.host.begin() as connection:
            scene.shop.apply("RO-1", ro.WaitTick(), by=ADVISOR, connection=connection)
            locked(lambda: scene.shop.apply("RO-1", ro.WaitTick(), by=ADVISOR))
            assert scene.shop.case("RO-1").seq == 2
            if scene.host.dialect.name == "postgresql":
                assert scene.shop.apply("RO-2", ro.WaitTick(), by=ADVISOR).seq == 3

        assert scene.shop.apply("RO-1", ro.WaitTick(), by=ADVISOR).seq == 4
        assert scene.engine.audit().sound


@EITHER
def test_a_lock_that_another_thread_holds_is_told(database):
    with closing(Scene.at(database, upgrade=True, busy_seconds=0.05)) as scene, ThreadPoolExecutor(1) as other:
        arrive(scene.shop)

        with scene.engine.store.write() as transaction:
            transaction.lock("S1", "RO-1", "")
            locked(other.submit(scene.shop.apply, "RO-1", ro.WaitTick(), by=ADVISOR).result)

        assert scene.shop.apply("RO-1", ro.WaitTick(), by=ADVISOR).seq == 3


# --- circles ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def circle(postgresql: str) -> Iterator[Scene]:
    """Two cases on PostgreSQL, where the engine's own transactions look early for a circle that they wait in."""
    scene = Scene.at(postgresql, upgrade=True)
    for case in ("RO-1", "RO-2"):
        arrive(scene.shop, case)
    scene.configure("deadlock_timeout", "100ms")
    yield scene
    scene.close()


def hold_and_reach(scene: Scene, cases: tuple[str, str], meet: Callable[[], object], patience: str) -> str:
    """A host's transaction on two cases, between which others get theirs; what became of it."""
    try:
        with scene.host.begin() as connection:
            connection.exec_driver_sql(f"SET LOCAL deadlock_timeout = '{patience}'")
            for case, wait in zip(cases, (meet, lambda: None), strict=True):
                scene.shop.apply(case, ro.WaitTick(), by=ADVISOR, connection=connection)
                wait()
    except StoreUnavailable as error:
        return str(error.facts["reason"])
    return "committed"


def test_of_two_hosts_that_wait_in_a_circle_one_is_told_to_begin_anew(circle):
    barrier = ThreadBarrier(2)

    with ThreadPoolExecutor(2) as pool:
        each = [("RO-1", "RO-2"), ("RO-2", "RO-1")]
        told = list(pool.map(lambda cases: hold_and_reach(circle, cases, lambda: barrier.wait(SECONDS), "10ms"), each))

    assert sorted(told) == ["collision", "committed"]
    words = StoreUnavailable(url=circle.engine.store.url, reason="collision").text
    assert "整个事务重做" in words.zh
    assert "roll it back and do all of it again" in words.en
    assert [len(sound(circle.engine, case)) for case in ("RO-1", "RO-2")] == [3, 3]


def test_a_batch_that_waits_for_a_host_in_a_circle_gives_way_and_is_done_again(circle):
    holding, go = Event(), Event()

    def hold() -> object:
        holding.set()
        return go.wait(SECONDS)

    def clock() -> datetime:
        if not go.is_set():
            go.set()
            circle.waited_for()
        return START

    engine = bootstrap(circle.url, world=replace(real_world(), clock=clock))
    batch = engine.shop("S1").batch()
    for case in ("RO-1", "RO-2"):
        batch.apply(case, ro.WaitTick(), by=ADVISOR)
    with ThreadPoolExecutor(1) as pool:
        host = pool.submit(hold_and_reach, circle, ("RO-2", "RO-1"), hold, "1s")
        holding.wait(SECONDS)
        outcomes = batch.run()

    assert names(outcomes) == ["Accepted", "Accepted"]
    seqs = {"committed": 4, "collision": 3}[host.result()]  # PostgreSQL says who of them gives way the second time
    assert [len(sound(engine, case)) for case in ("RO-1", "RO-2")] == [seqs, seqs]
    engine.store.close()


def test_a_database_whose_own_isolation_is_another_one_loses_nothing(postgresql):
    with closing(Scene.at(postgresql, upgrade=True)) as scene:
        arrive(scene.shop, "RO-0")
        scene.configure("default_transaction_isolation", "serializable")

        told = race(tick, postgresql)

        with scene.engine.store.write() as transaction:
            isolation = transaction._cursor.execute("SHOW transaction_isolation").fetchone()
        assert isolation == ("read committed",)
        assert told == [["Accepted"] * EACH] * ALL
        assert len(sound(scene.engine)) == 2 + ALL * EACH


# --- the seams of a race, one at a time ------------------------------------------------------------------------------


@EITHER
def test_a_move_from_a_head_that_is_no_longer_there_is_a_lost_race(engine):
    entry, kept = engine.shop("S1").entries("RO-0")[-1], SealedCommand(Command("c", ADVISOR, ro.WaitTick()), "RO-0", ())
    (row, *_) = engine.shop("S1").find().rows

    with pytest.raises(LostRace), engine.store.write() as transaction:
        transaction.append(entry, row, "f" * 64, kept)

    assert len(sound(engine)) == 2


@EITHER
def test_two_entries_for_one_place_are_a_lost_race(engine):
    entry = engine.shop("S1").entries("RO-0")[-1]

    with pytest.raises(LostRace), engine.store.write() as transaction:
        transaction.insert_entry(entry)

    assert len(sound(engine)) == 2


def test_a_journal_whose_case_another_writer_has_just_opened_is_not_brought_in(postgresql):
    with closing(Scene.at(postgresql, upgrade=True)) as scene, closing(Scene.at(postgresql)) as other:

        def lines() -> Iterator[Line]:
            """The journal, while somebody else makes the row of its case."""
            yield from another_journal()
            with other.engine.store.write() as transaction:
                transaction.insert_case(row_of_another())

        locked(lambda: scene.engine.import_journal(lines()))

        assert scene.picture()["gongdan_entry"] == []


def row_of_another() -> CaseRow:
    engine = bootstrap("sqlite://", upgrade=True)
    engine.import_journal(another_journal())
    return engine.shop("S2").find().rows[0]


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


# --- at length -------------------------------------------------------------------------------------------------------


@pytest.mark.soak
@EITHER
@pytest.mark.parametrize("round_", range(30))
@pytest.mark.parametrize("racer", [tick, tick_as_a_host, batch])
def test_processes_race_again_and_again(engine, database, racer, round_):
    told = race(racer, database)

    assert {name for each in told for name in each} == {"Accepted"}
    expected = 2 + EACH * (ALL - 1 if racer is batch else ALL)
    assert len(sound(engine)) == expected
