"""The store: what can be wrong with a database, said clearly; and the same statements for every database."""

from __future__ import annotations

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event

from adapters.bootstrap import bootstrap
from engine import Accepted, Store, StoreUnavailable
from engine.errors import OtherSchema
from engine.events import repair_order as ro
from engine.store import schema
from engine.store.statements import STATEMENTS, compiled
from tests.support import ADVISOR, engine_on, world

SECRET = "s3cret-pass"
CHINESE = re.compile(r"[\u4e00-\u9fff]{3}")


def said(error: pytest.ExceptionInfo[StoreUnavailable], reason: str) -> None:
    """The reason is this one, in Chinese and in English, without any secret."""
    assert error.value.facts["reason"] == reason
    words = StoreUnavailable.codes[reason]
    assert words.zh in error.value.text.zh
    assert words.en in error.value.text.en
    assert CHINESE.search(words.zh)
    assert SECRET not in str(error.value)
    assert error.value.__context__ is None or error.value.__suppress_context__


# --- addresses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "url"),
        ("nonsense", "url"),
        ("journal.db", "url"),
        ("sqlite://host/journal.db", "url"),
        ("sqlite:///journal.db?timeout=soon", "url"),
        (f"dms:{SECRET}@host/journal", "url"),
        (f"://dms:{SECRET}@host/journal?password={SECRET}", "url"),
        (f"postgresql://dms:{SECRET}@host:port/journal", "url"),
        (f"oracle9://dms:{SECRET}@host/journal", "dialect"),
        (f"mysql://dms:{SECRET}@host/journal", "dialect"),
        (f"postgresql+nosuch://dms:{SECRET}@host/journal", "driver"),
        (f"postgresql+pg8000://dms:{SECRET}@host/journal?password={SECRET}", "driver"),
    ],
)
def test_a_wrong_url_is_told_without_its_password(url, reason):
    with pytest.raises(StoreUnavailable) as error:
        Store(url)

    said(error, reason)


def test_a_url_is_shown_without_password_and_query():
    with pytest.raises(StoreUnavailable) as error:
        Store(f"postgresql+pg8000://dms:{SECRET}@db.example/journal?sslpassword={SECRET}")

    assert error.value.facts["url"] == "postgresql+pg8000://dms:***@db.example/journal"


# --- files -------------------------------------------------------------------------------------------------------


def test_a_missing_folder_is_no_place_for_a_database(tmp_path):
    with pytest.raises(StoreUnavailable) as error:
        engine_on(tmp_path / "missing")

    said(error, "unable to open")
    assert not (tmp_path / "missing").exists()


def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path):
    file = tmp_path / "shop.db"
    file.write_bytes(b"a letter to the customer, not a database\n" * 100)

    with pytest.raises(StoreUnavailable) as error:
        engine_on(tmp_path)

    said(error, "not a database")
    assert file.read_bytes() == b"a letter to the customer, not a database\n" * 100


def test_a_damaged_database_is_told(tmp_path):
    engine = engine_on(tmp_path)
    engine.shop("S1").open("RO-1", by=ADVISOR)
    engine.store.close()
    file = tmp_path / "shop.db"
    whole = bytearray(file.read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)
    file.write_bytes(whole)

    with pytest.raises(StoreUnavailable) as error:
        Store(f"sqlite:///{file}").check()

    said(error, "malformed")


def test_check_creates_no_file_that_was_not_there(tmp_path):
    with pytest.raises(StoreUnavailable) as error:
        Store(f"sqlite:///{tmp_path}/new.db").check()

    said(error, "unable to open")
    assert not any(tmp_path.iterdir())


def test_check_refuses_an_empty_database(tmp_path):
    sqlite3.connect(tmp_path / "shop.db").close()
    assert (tmp_path / "shop.db").exists()
    store = Store(f"sqlite:///{tmp_path}/shop.db")

    with pytest.raises(OtherSchema) as error:
        store.check()

    assert error.value.facts["actual"] == "none"
    store.upgrade()
    assert store.check() == schema.REVISIONS[-1]


def test_check_of_an_address_with_a_uri_or_in_memory_asks_the_database_itself(tmp_path):
    engine_on(tmp_path)

    Store(f"sqlite:///file:{tmp_path}/shop.db?mode=ro&uri=true").check()
    with pytest.raises(OtherSchema) as error:
        Store("sqlite://").check()

    assert error.value.facts["actual"] == "none"


def test_a_path_with_signs_of_a_uri_is_still_a_path(tmp_path):
    engine = bootstrap(f"sqlite:///{tmp_path}/50%25#1.db", upgrade=True, world=world())

    engine.store.check()

    assert (tmp_path / "50%#1.db").exists()


def test_a_read_only_file_can_be_read_and_not_written(tmp_path):
    with_case = engine_on(tmp_path)
    with_case.shop("S1").open("RO-1", by=ADVISOR)
    with_case.store.close()
    engine = bootstrap(f"sqlite:///file:{tmp_path}/shop.db?mode=ro&uri=true", upgrade=True, world=world())

    with pytest.raises(StoreUnavailable) as error:
        engine.shop("S1").apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR, id="c-1")

    said(error, "readonly")
    assert engine.shop("S1").case("RO-1").seq == 1
    assert engine.audit().sound


def test_a_database_without_its_tables_is_told(tmp_path):
    engine = engine_on(tmp_path)
    with sqlite3.connect(tmp_path / "shop.db") as raw:
        raw.execute("DROP TABLE gongdan_case")
    raw.close()

    with pytest.raises(StoreUnavailable) as error:
        engine.shop("S1").find()

    said(error, "no such table")


def test_a_complaint_without_a_word_of_its_own_is_named_by_its_kind(tmp_path):
    engine = engine_on(tmp_path)
    with sqlite3.connect(tmp_path / "shop.db") as raw:
        raw.execute("ALTER TABLE gongdan_case RENAME COLUMN state TO stage")
    raw.close()

    with pytest.raises(StoreUnavailable) as error:
        engine.shop("S1").find()

    assert error.value.facts["reason"] == "OperationalError"


def test_another_schema_version_is_refused_naming_both(tmp_path):
    engine_on(tmp_path).store.close()
    with sqlite3.connect(tmp_path / "shop.db") as raw:
        raw.execute("UPDATE gongdan_schema_version SET version_num = '9999'")
    raw.close()

    for ask in (Store.upgrade, Store.check):
        with pytest.raises(OtherSchema) as error:
            ask(Store(f"sqlite:///{tmp_path}/shop.db"))
        assert (error.value.facts["expected"], error.value.facts["actual"]) == (schema.REVISIONS[-1], "9999")
        assert CHINESE.search(error.value.text.zh)


# --- locks -------------------------------------------------------------------------------------------------------


def test_a_new_file_that_somebody_else_begins_to_write_is_waited_for(tmp_path):
    other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    asked: list[str] = []

    def give_way(statement: str) -> None:
        asked.append(statement)
        if statement == "BEGIN EXCLUSIVE":
            other.execute("COMMIT")

    store = Store(f"sqlite:///{tmp_path}/shop.db")
    event.listen(store._engine, "connect", lambda raw, _: raw.set_trace_callback(give_way), insert=True)
    store.upgrade()

    waiting = [statement for statement in asked if "EXCLUSIVE" in statement or "journal_mode" in statement]
    assert waiting[:3] == ["PRAGMA journal_mode=WAL", "BEGIN EXCLUSIVE", "PRAGMA journal_mode=WAL"]
    assert store.check()
    store.close()
    other.close()


def test_a_new_file_that_somebody_else_goes_on_writing_is_told(tmp_path):
    other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable) as error:
        Store(f"sqlite:///{tmp_path}/shop.db", busy_seconds=0.01).upgrade()

    said(error, "locked")
    other.close()


def test_a_locked_database_is_told_and_the_next_call_works(tmp_path):
    engine = bootstrap(f"sqlite:///{tmp_path}/shop.db", upgrade=True, world=world(), busy_seconds=0.01)
    shop = engine.shop("S1")
    shop.open("RO-1", by=ADVISOR)
    other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable) as error:
        shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR, id="c-1")
    said(error, "locked")
    assert shop.case("RO-1").seq == 1

    other.execute("ROLLBACK")
    other.close()
    assert isinstance(shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR, id="c-1"), Accepted)
    assert engine.audit().sound


def test_a_database_that_another_one_writes_can_still_be_opened_and_read(tmp_path):
    engine_on(tmp_path).shop("S1").open("RO-1", by=ADVISOR)
    other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    engine = bootstrap(f"sqlite:///{tmp_path}/shop.db", world=world(), busy_seconds=0.01)

    assert engine.shop("S1").case("RO-1").seq == 1
    assert engine.audit().sound
    other.close()


def test_upgrading_is_whole_or_nothing(tmp_path):
    other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable) as error:
        bootstrap(f"sqlite:///{tmp_path}/shop.db", upgrade=True, world=world(), busy_seconds=0.01)

    said(error, "locked")
    other.execute("ROLLBACK")
    assert other.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    other.close()
    engine_on(tmp_path).store.check()


def test_upgrading_what_another_process_has_just_upgraded_changes_nothing(tmp_path):
    engine = engine_on(tmp_path)
    engine.shop("S1").open("RO-1", by=ADVISOR)

    assert Store(f"sqlite:///{tmp_path}/shop.db").upgrade() == (schema.REVISIONS[-1], schema.REVISIONS[-1])

    assert engine.audit().entries == 1


def test_durability_is_full_unless_chosen_otherwise(tmp_path):
    levels = {}
    for choice in ("FULL", "NORMAL"):
        engine = bootstrap(f"sqlite:///{tmp_path}/shop.db", upgrade=True, world=world(), synchronous=choice)
        with engine.store._engine.connect() as connection:
            levels[choice] = connection.exec_driver_sql("PRAGMA synchronous").scalar()
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"

    assert levels == {"FULL": 2, "NORMAL": 1}


# --- memory ------------------------------------------------------------------------------------------------------


def test_a_database_in_memory_serves_many_threads():
    engine = bootstrap("sqlite://", upgrade=True, world=world())
    shop = engine.shop("S1")

    def play(number: int) -> int:
        case = f"RO-{number}"
        shop.open(case, by=ADVISOR)
        shop.apply(case, ro.VehicleCheckedIn(), by=ADVISOR)
        return shop.case(case).seq

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(play, range(40))) == [2] * 40
    assert len(shop.find().rows) == 40
    assert engine.audit().sound


def test_two_databases_in_memory_are_two():
    one, other = (
        bootstrap("sqlite://", upgrade=True, world=world()),
        bootstrap("sqlite:///:memory:", upgrade=True, world=world()),
    )
    one.shop("S1").open("RO-1", by=ADVISOR)

    assert other.shop("S1").find().rows == ()


# --- statements --------------------------------------------------------------------------------------------------

PLACEHOLDER = {
    "sqlite": re.compile(r"(?<![:\w]):(\w+)"),
    "postgresql": re.compile(r"%\((\w+)\)s"),
}


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_statement_takes_the_same_parameters_in_every_database(name):
    asked = {}
    for dialect, placeholder in PLACEHOLDER.items():
        statement = compiled(dialect)[name]
        asked[dialect] = set(placeholder.findall(statement.text)) - set(statement.constants)
        assert set(statement.constants) <= set(placeholder.findall(statement.text))

    assert asked["sqlite"] == asked["postgresql"]


def test_postgresql_locks_the_row_that_sqlite_locks_by_its_transaction():
    assert compiled("postgresql")["lock_case"].text.endswith("FOR UPDATE")
    assert "FOR UPDATE" not in compiled("sqlite")["lock_case"].text


def test_every_table_carries_the_prefix_and_all_but_the_global_ones_lead_with_the_shop():
    tables = {name.removeprefix(schema.PREFIX): table for name, table in schema.metadata.tables.items()}

    assert set(tables) == {
        *("schema_version", "rules", "entry", "case", "personal", "subscription", "filter", "outbox"),
        *("pending", "leaf", "tile", "head", "page", "checkpoint", "key", "restricted", "hold"),
    }
    assert {name for name, table in tables.items() if table.primary_key.columns.keys()[0] == "shop"} == {
        "head",
        "page",
        "entry",
        "case",
        "personal",
        "restricted",
        "hold",
    }


def test_a_store_file_is_where_its_url_says(tmp_path: Path):
    engine_on(tmp_path, name="floor.db")

    assert (tmp_path / "floor.db").read_bytes().startswith(b"SQLite format 3\0")
