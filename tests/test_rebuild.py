"""A rebuild makes every row what its entries say, whoever changed it, and whoever writes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from adapters.bootstrap import bootstrap, real_world
from adapters.inbound.scenario import play, stage
from adapters.inbound.scenario_file import load
from engine import BadJournal, CaseRow, Engine, RulesUnknown, Store, StoreUnavailable, standard_catalogue
from engine.cases import Cases
from engine.events import repair_order as ro
from engine.rebuild import rebuild
from engine.store import LostRace
from tests import processes
from tests.support import ADVISOR, KIT, PURPOSE, arrive, engine_on, protect

SCENARIOS = sorted((Path(__file__).parent.parent / "scenarios").glob("*.toml"))
PATIENCE = 60.0
"""Seconds that a writer waits for the others: on a busy machine SQLite lets one of them in again and again."""
WRITERS, ROUNDS, CASES = 3, 8, ("RO-1", "RO-2", "RO-3", "RO-4")


def rows(store: Store) -> list[CaseRow]:
    """Every row of a store."""
    with store.read() as transaction:
        return list(transaction.all_cases())


def execute(url: str, *statements: str) -> int:
    """Change a database behind the engine's back; how many rows were changed."""
    host = create_engine(url, connect_args={"timeout": PATIENCE} if url.startswith("sqlite") else {})
    with host.begin() as connection:
        changed = sum(connection.execute(text(statement)).rowcount for statement in statements)
    host.dispose()
    return changed


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Two shops with two cases each."""
    engine = engine_on(tmp_path)
    for shop in ("S1", "S2"):
        for case in ("RO-1", "RO-2"):
            arrive(engine.shop(shop), case)
    return engine


@pytest.fixture
def changes(engine: Engine, tmp_path: Path) -> Callable[[str], int]:
    """A hand in the database of this engine."""
    return lambda statement: execute(f"sqlite:///{tmp_path / 'shop.db'}", statement)


# --- what is mended ------------------------------------------------------------------------------------------------

WRONG = (
    "UPDATE gongdan_case SET advisor = 'sa-9', is_open = NOT is_open, state = 'settled', head = 'f', seq = seq + 1, "
    "version = 0, promised_at = '2000', recorded_at = '2000', workflow = 'wash', rules = 'none'"
)


@pytest.mark.broad
def test_every_scenario_leaves_the_rows_that_its_journal_says(database: str):
    engine = bootstrap(database, upgrade=True, world=stage().world, synchronous="NORMAL")
    for file in SCENARIOS:
        play(load(file), engine)
    left = rows(engine.store)

    untouched = engine.rebuild()
    changed = execute(database, WRONG)
    mended = engine.rebuild()

    assert (untouched, changed, mended) == (0, len(SCENARIOS), len(SCENARIOS))
    assert rows(engine.store) == left
    assert engine.audit().sound
    engine.store.close()


COLUMNS = {
    "workflow": "'wash'",
    "rules": "'none'",
    "state": "'settled'",
    "is_open": "NOT is_open",
    "advisor": "NULL",
    "promised_at": "'2026-11-24T09:00:00.000000Z'",
    "seq": "seq + 1",
    "version": "version + 1",
    "head": "'none'",
    "recorded_at": "'2026-11-24T09:00:00.000000Z'",
}


def test_every_column_of_a_row_is_changed():
    assert {*COLUMNS, "shop", "id"} == {*CaseRow._fields}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_row_that_was_changed_in_one_place_is_mended(engine, changes, column):
    before = rows(engine.store)
    changes(f"UPDATE gongdan_case SET {column} = {COLUMNS[column]} WHERE shop = 'S1' AND case_id = 'RO-2'")

    assert engine.rebuild() == 1

    assert rows(engine.store) == before


def test_rows_that_were_deleted_are_there_again(engine, changes):
    before = rows(engine.store)
    changes("DELETE FROM gongdan_case WHERE shop = 'S2'")

    assert engine.rebuild() == 2

    assert rows(engine.store) == before
    assert engine.audit().sound


def test_the_row_of_a_case_without_entries_goes(engine, changes):
    before = rows(engine.store)
    changes(
        "INSERT INTO gongdan_case SELECT shop, 'RO-9', workflow, rules, state, is_open, advisor, promised_at, seq, "
        "version, head, recorded_at FROM gongdan_case WHERE case_id = 'RO-1'"
    )

    assert engine.rebuild() == 2

    assert rows(engine.store) == before
    assert engine.audit().sound


def test_an_empty_store_has_nothing_to_mend(tmp_path):
    assert engine_on(tmp_path).rebuild() == 0


def test_more_cases_than_fit_one_transaction_are_all_mended(tmp_path):
    engine = engine_on(tmp_path)
    batch = engine.shop("S1").batch()
    for number in range(205):
        batch.open(f"RO-{number}", by=ADVISOR)
    batch.run()
    before = rows(engine.store)
    execute(f"sqlite:///{tmp_path / 'shop.db'}", "UPDATE gongdan_case SET state = 'settled'")

    assert engine.rebuild() == 205

    assert rows(engine.store) == before


def test_a_mended_case_goes_on(engine, changes):
    changes("DELETE FROM gongdan_case WHERE shop = 'S1'")
    engine.rebuild()

    protect(engine.shop("S1"), "RO-3")
    answers = engine.shop("S1").apply_all("RO-1", [PURPOSE, KIT], by=ADVISOR)

    assert [answer.state for answer in answers] == ["arrived", "protected"]
    assert engine.audit().sound


# --- what is not ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tampering", "error"),
    [
        ("DELETE FROM gongdan_rules", RulesUnknown),
        ("UPDATE gongdan_entry SET body = CAST('{}' AS BLOB) WHERE shop = 'S2'", BadJournal),
    ],
)
def test_a_case_that_cannot_be_read_is_told(engine, changes, tampering, error):
    changes(tampering)

    with pytest.raises(error):
        rebuild(engine.store, Cases(standard_catalogue()))


# --- while others write --------------------------------------------------------------------------------------------


class Losing(Cases):
    """Cases whose first readings lose a race: a deadlock, say, in which the database chose this side."""

    def __init__(self, losses: int) -> None:
        super().__init__(standard_catalogue())
        self.losses = losses

    def folded_anew(self, *args, **named):
        self.losses -= 1
        if self.losses >= 0:
            raise LostRace
        return super().folded_anew(*args, **named)


def test_a_rebuild_that_loses_a_race_tries_again(engine, changes):
    changes("UPDATE gongdan_case SET state = 'settled'")

    assert rebuild(engine.store, Losing(2)) == 4

    assert engine.audit().sound


def test_a_rebuild_that_always_loses_says_so(engine):
    with pytest.raises(StoreUnavailable) as error:
        rebuild(engine.store, Losing(1_000_000))

    assert error.value.facts["reason"] == "locked"


def write(url: str, number: int, wire: Connection) -> None:
    """One writer: facts alone and together on cases that all share, and cases of its own."""
    shop = bootstrap(url, world=real_world(), synchronous="NORMAL", busy_seconds=PATIENCE).shop("S1")
    told = []
    for round_ in range(ROUNDS):
        for case in CASES:
            told += [shop.apply(case, ro.WaitTick(), by=ADVISOR, id=f"tick-{number}-{round_}-{case}")]
            told += shop.apply_all(case, [PURPOSE, ro.WaitTick()], by=ADVISOR, id=f"all-{number}-{round_}-{case}")
        told += [shop.open(f"NEW-{number}-{round_}", by=ADVISOR)]
    wire.send([type(answer).__name__ for answer in told])


def test_rows_are_mended_while_other_processes_write(database: str):
    engine = bootstrap(database, upgrade=True, world=real_world(), synchronous="NORMAL", busy_seconds=PATIENCE)
    for case in ("RO-0", *CASES):  # nobody writes to RO-0: there is always something to mend
        arrive(engine.shop("S1"), case)
    running = [processes.started(write, database, number) for number in range(WRITERS)]

    mended = changed = 0
    while not changed or any(process.is_alive() for process, _ in running):
        changed += execute(database, "UPDATE gongdan_case SET advisor = 'nobody', promised_at = '2000'")
        mended += engine.rebuild()

    told = [processes.ended(process, wire) for process, wire in running]
    each = ROUNDS * (3 * len(CASES) + 1)
    assert told == [(0, ["Accepted"] * each)] * WRITERS
    assert 0 < mended <= changed
    assert engine.rebuild() == 0
    report = engine.audit()
    assert report.sound
    assert report.entries == 2 * (1 + len(CASES)) + WRITERS * each
    engine.store.close()


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def wait_for_a_wait(url: str) -> None:
    """Until somebody waits for a lock in this database."""
    host = create_engine(url, isolation_level="AUTOCOMMIT")
    with host.connect() as connection:
        assert any(connection.scalar(text(WAITING)) for _ in range(100_000))
    host.dispose()


def test_a_fact_that_waits_for_a_row_finds_it_mended(postgresql: str):
    """PostgreSQL finds no row for whoever waited for one that was deleted: a row is mended in its place."""
    engine = bootstrap(postgresql, upgrade=True, world=real_world())
    shop = engine.shop("S1")
    arrive(shop)
    (row,) = rows(engine.store)

    with ThreadPoolExecutor(1) as pool:
        with engine.store.write() as transaction:
            transaction.replace_case(row)
            waiting = pool.submit(shop.apply_all, "RO-1", [PURPOSE, KIT], by=ADVISOR)
            wait_for_a_wait(postgresql)
        answers = waiting.result(60)

    assert [answer.state for answer in answers] == ["arrived", "protected"]
    engine.store.close()
