"""After an erasure nothing of it is left in any file of the database: no value, no salt, no link to the subject."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import psycopg
import pytest

from adapters.bootstrap import bootstrap
from engine import Engine, StoreUnavailable
from engine.events import repair_order as ro
from tests.servers import Server
from tests.support import ADVISOR, AT_ONCE, MANAGER, Clock, arrive, forget, world

GONE, STAYS = "person-who-goes-7", "person-who-stays-8"
LENGTHS = (1, 4, 13, 55, 60)
"""How many digests a value is long: from a few words to more than a page of a database has room for."""
PIECE = 24
VALUES = 40


@dataclass(frozen=True)
class Traces:
    """What must not be found: the beginning, the middle and the end of each text, as UTF-8 and UTF-16; each salt."""

    values: list[str]
    salts: list[bytes]

    def found_in(self, raw: bytes) -> int:
        pieces = [value[at : at + PIECE] for value in self.values for at in (0, len(value) // 2, len(value) - PIECE)]
        spelled = [piece.encode(coding) for piece in pieces for coding in ("utf-8", "utf-16-le", "utf-16-be")]
        return sum(one in raw for one in [*spelled, *self.salts])


def value(number: int) -> str:
    """A text that is found nowhere else and cannot be made shorter, the same in each run."""
    parts = (hashlib.sha512(f"{number}.{part}".encode()).hexdigest() for part in range(LENGTHS[number % 5]))
    return "".join(parts)[:4000]


def filled(url: str, clock: Clock) -> tuple[Engine, Traces]:
    """An engine whose shop holds values of two subjects, one after the other, all of cases that have ended."""
    numbers, salts = count(), []

    def new_salt() -> bytes:
        salts.append(hashlib.md5(str(next(numbers)).encode()).digest())
        return salts[-1]

    engine = bootstrap(url, upgrade=True, world=replace(world(clock), new_salt=new_salt), retention=AT_ONCE)
    shop = engine.shop("S1")
    for number in range(VALUES):
        case, whose = f"RO-{number * 37 % VALUES}", STAYS if number % 2 else GONE
        arrive(shop, case)
        shop.apply(case, ro.CustomerLeft(reason=value(number), subject=whose), by=ADVISOR)
    gone = range(0, VALUES, 2)
    return engine, Traces([value(number) for number in gone], [salts[number] for number in gone])


def links(engine: Engine, raw: bytes) -> int:
    """How often the subject's id stands there, but for the entries that were put with it."""
    entries = b"".join(body for _, body, _ in engine.export_journal())
    return sum(raw.count(GONE.encode(coding)) for coding in ("utf-8", "utf-16-le", "utf-16-be")) - entries.count(
        GONE.encode()
    )


def files(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


# --- SQLite ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def sqlite_shop(folder: Path) -> Iterator[tuple[Engine, Traces]]:
    engine, traces = filled(f"sqlite:///{folder / 'shop.db'}", Clock())
    yield engine, traces
    engine.store.close()


def test_nothing_is_left_in_a_sqlite_file_its_log_or_its_free_pages(sqlite_shop: tuple[Engine, Traces], folder: Path):
    engine, traces = sqlite_shop
    before, linked = traces.found_in(files(folder)), links(engine, files(folder))

    assert forget(engine.shop("S1"), GONE).erased == VALUES // 2
    scrubbed = engine.scrub()

    assert (before > VALUES, linked > 0, scrubbed) == (True, True, True)
    assert (traces.found_in(files(folder)), links(engine, files(folder))) == (0, 0)
    assert (folder / "shop.db-wal").stat().st_size == 0


def test_values_that_are_only_stored_are_there_until_the_sweep(folder: Path):
    clock = Clock()
    engine, traces = filled(f"sqlite:///{folder / 'shop.db'}", clock)
    engine.retention = replace(AT_ONCE, days={**AT_ONCE.days, "record": 1})
    forget(engine.shop("S1"), GONE)
    engine.scrub()
    stored = traces.found_in(files(folder))

    clock.forward(days=1)
    swept = engine.erase_due()
    engine.scrub()

    assert stored > VALUES
    assert swept.erased == VALUES // 2
    assert (traces.found_in(files(folder)), links(engine, files(folder))) == (0, 0)
    engine.store.close()


def test_a_reader_that_is_not_done_keeps_the_log_and_that_is_said(folder: Path):
    url = f"sqlite:///{folder / 'shop.db'}"
    engine, traces = filled(url, Clock())
    patient = bootstrap(url, busy_seconds=0.1, retention=AT_ONCE)
    with closing(sqlite3.connect(folder / "shop.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM gongdan_personal").fetchone()
        forget(engine.shop("S1"), GONE)

        while_read = (patient.scrub(), traces.found_in(files(folder)) > 0)
        reader.execute("ROLLBACK")

    assert while_read == (False, True)
    assert (patient.scrub(), traces.found_in(files(folder))) == (True, 0)
    patient.store.close()
    engine.store.close()


def test_a_database_in_memory_has_no_files_to_scrub():
    engine = bootstrap("sqlite://", upgrade=True)

    assert engine.scrub()


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def heap(server: Server, url: str) -> Callable[[], bytes]:
    """Every file of a database as it is on the disk, tables, indexes and catalogues."""

    def raw() -> bytes:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            (oid,) = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
        return files(server.data / "base" / str(oid))

    return raw


def run(url: str, statement: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement)


def test_nothing_is_left_in_the_files_of_a_postgresql_database(newest_server: Server, postgresql: str):
    raw = heap(newest_server, postgresql)
    engine, traces = filled(postgresql, Clock())
    run(postgresql, "ANALYZE")
    before, linked = traces.found_in(raw()), links(engine, raw())

    assert forget(engine.shop("S1"), GONE).erased == VALUES // 2
    run(postgresql, "VACUUM gongdan_personal")
    vacuumed = traces.found_in(raw())
    scrubbed = engine.scrub()

    assert (before > VALUES, linked > 0, scrubbed) == (True, True, True)
    assert vacuumed > 0, "a plain VACUUM would do; then `scrub` has no purpose"
    assert (traces.found_in(raw()), links(engine, raw())) == (0, 0)
    assert engine.shop("S1").forget(STAYS, by=MANAGER, reason="asked").erased == VALUES // 2
    engine.store.close()


def test_an_older_transaction_elsewhere_keeps_nothing_alive(newest_server: Server, postgresql: str):
    raw = heap(newest_server, postgresql)
    engine, traces = filled(postgresql, Clock())
    with psycopg.connect(postgresql.replace("+psycopg", "")) as older:
        older.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        older.execute("SELECT count(*) FROM gongdan_case")
        forget(engine.shop("S1"), GONE)

        run(postgresql, "VACUUM FULL gongdan_personal")
        kept_by_vacuum = traces.found_in(raw())
        engine.scrub()

        assert (kept_by_vacuum > 0, traces.found_in(raw())) == (True, 0)
    engine.store.close()


def test_who_uses_the_table_is_waited_for_and_then_it_is_said_that_nothing_was_done(postgresql: str):
    bootstrap(postgresql, upgrade=True).store.close()
    engine = bootstrap(postgresql, busy_seconds=0.1)
    with psycopg.connect(postgresql.replace("+psycopg", "")) as user:
        user.execute("LOCK TABLE gongdan_personal IN ACCESS SHARE MODE")

        with pytest.raises(StoreUnavailable) as caught:
            engine.scrub()

    assert caught.value.facts["reason"] == "locked"
    assert engine.scrub()
    engine.store.close()
