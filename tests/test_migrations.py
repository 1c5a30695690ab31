"""The tables are made and changed by migrations: the same in every database, in the host's transaction, or refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import count
from multiprocessing.connection import Connection as Wire
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, insert, inspect, make_url, select, text
from sqlalchemy.schema import CreateSchema

from adapters.bootstrap import bootstrap
from adapters.outbound.mirror import Mirror
from engine import (
    Accepted,
    Engine,
    Filter,
    OtherSchema,
    Refused,
    Store,
    StoreUnavailable,
    Subscription,
    standard_catalogue,
)
from engine.events import repair_order as ro
from engine.store import migrate, schema
from engine.store import store as stores
from tests import processes
from tests.support import ADVISOR, arrive, forget, world
from tests.test_delivery import Board

ROOT = Path(__file__).parent.parent
LATEST = schema.REVISIONS[-1]
NAMES = {table.name for table in schema.metadata.sorted_tables}
QUOTED = 'Werk "Süd" 50%'
"""A schema's name that must be quoted, and whose percent sign is none of a placeholder."""


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A host's connection."""
    host = create_engine(url)
    try:
        with host.connect() as connection:
            yield connection
    finally:
        host.dispose()


def tables(url: str, schema_name: str | None = None) -> set[str]:
    with connected(url) as connection:
        return {*inspect(connection).get_table_names(schema_name)}


def execute(url: str, *statements: Any) -> None:
    with connected(url) as connection, connection.begin():
        for statement in statements:
            connection.execute(text(statement) if isinstance(statement, str) else statement)


def picture(connection: Connection, schema_name: str | None = None) -> dict[str, object]:
    """All that a database knows of our tables."""
    known = inspect(connection)

    def shown(column: Any) -> tuple[object, ...]:
        kind = column["type"].compile(connection.dialect)
        generated = str(column["default"]).replace(f"{schema_name}.", "") if column["default"] else None
        return column["name"], kind, column["nullable"], generated

    return {
        name: (
            [shown(column) for column in known.get_columns(name, schema_name)],
            known.get_pk_constraint(name, schema_name)["constrained_columns"],
            sorted((one["name"], *one["column_names"]) for one in known.get_unique_constraints(name, schema_name)),
            sorted((one["name"], *one["column_names"]) for one in known.get_indexes(name, schema_name)),
        )
        for name in sorted(NAMES)
    }


def upgraded(url: str, **options: Any) -> Store:
    store = Store(url, **options)
    assert store.upgrade() == (None, LATEST)
    return store


# --- the same tables everywhere ------------------------------------------------------------------------------------


def differences(connection: Connection, schema_name: str | None = None) -> list[object]:
    """What Alembic would migrate to get from the database to the tables as the code has them.

    Comments are not compared: they are words for docs/reference/tables.md.
    """
    wanted = MetaData()
    for table in schema.metadata.sorted_tables:
        copy = table.to_metadata(wanted, schema=schema_name)
        copy.comment = None
        for column in copy.columns:
            column.comment = None
    options = {
        "version_table": "nobody's",
        "compare_server_default": True,
        "include_schemas": True,
        "include_name": lambda name, kind, _: kind != "schema" or name == schema_name,
    }
    found: list[object] = compare_metadata(MigrationContext.configure(connection, opts=options), wanted)
    return found


def test_migrated_tables_are_those_of_the_code(database: str):
    upgraded(database).close()

    with connected(database) as connection:
        assert differences(connection) == []


def test_a_difference_would_be_found(database: str):
    upgraded(database).close()
    execute(database, "DROP INDEX gongdan_case_open", "ALTER TABLE gongdan_case ADD COLUMN colour VARCHAR(9)")

    with connected(database) as connection:
        assert {difference[0] for difference in differences(connection)} == {"add_index", "remove_column"}


def test_migrated_tables_are_what_the_code_would_create(database: str):
    store = Store(database)
    with connected(database) as connection:
        store.upgrade(connection)
        migrated = picture(connection)
        connection.rollback()
        schema.metadata.create_all(connection)
        created = picture(connection)

    assert migrated == created
    store.close()


def test_a_key_sorts_by_its_bytes_whatever_the_language_of_the_database(postgresql: str):
    upgraded(postgresql).close()

    with connected(postgresql) as connection:
        collations = connection.execute(
            text(
                "SELECT DISTINCT column_name, collation_name FROM information_schema.columns "
                "WHERE column_name IN ('shop', 'case_id') AND table_schema = 'public'"
            )
        ).all()

    assert sorted(map(tuple, collations)) == [("case_id", "C"), ("shop", "C")]


def test_an_id_of_the_outbox_is_never_given_again(sqlite: str):
    upgraded(sqlite).close()

    with connected(sqlite) as connection:
        made = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'gongdan_outbox'"))

    assert "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT" in " ".join(made.split())


def test_the_known_revisions_are_the_scripts_that_are_there():
    scripts = ScriptDirectory.from_config(migrate._config())

    assert tuple(script.revision for script in reversed([*scripts.walk_revisions()])) == schema.REVISIONS
    assert scripts.get_heads() == [LATEST]


def test_an_upgrade_is_made_once(database: str):
    store = upgraded(database)
    arrive(Engine(store, standard_catalogue(), world()).shop("S1"))

    again = store.upgrade()

    assert again == (LATEST, LATEST)
    assert store.check() == LATEST
    assert Engine(store, standard_catalogue(), world()).audit().entries == 2
    store.close()


def test_there_is_nothing_below_the_first_revision():
    scripts = ScriptDirectory.from_config(migrate._config())

    with pytest.raises(NotImplementedError, match="drop the tables by hand"):
        scripts.get_revision(schema.REVISIONS[0]).module.downgrade()


# --- from one revision to the next ---------------------------------------------------------------------------------

OLD_SUBSCRIPTION = ("gongdan_subscription", "adapter", "workflow", "answer")
OLD_OUTBOX = ("gongdan_outbox", "adapter", "shop", "case_id", "seq", "attempts", "due_at", "error")
OLD_SUBSCRIPTIONS = [
    ("accepted", "*", "accepted"),
    ("all", "*", "*"),
    ("other-flow", "appointment", "*"),
    ("refused-orders", "repair_order", "refused"),
]
OLD_ROWS = [("all", "RO-1", 1), ("all", "RO-2", 1), ("all", "RO-1", 2), ("all", "RO-1", 3), ("gone", "RO-2", 1)]
"""What waits: adapter, case, seq, in the order of queueing. Nobody subscribes `gone` any more."""
KEPT = ("rules", "entry", "case", "personal")
"""The tables that are in 0001 what they are today."""


@pytest.fixture
def journal(tmp_path: Path) -> dict[str, list[Any]]:
    """The rows of an engine that has answered: three times on RO-1, once on RO-2."""
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    engine = bootstrap(url, upgrade=True, world=world())
    shop = engine.shop("S1")
    for case in ("RO-1", "RO-2"):
        shop.open(case, by=ADVISOR)
    assert isinstance(shop.apply("RO-1", ro.KitFitted(), by=ADVISOR), Refused)
    assert isinstance(shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR), Accepted)
    engine.store.close()
    with connected(url) as connection:
        return {name: [dict(row._mapping) for row in connection.execute(select(_table(name)))] for name in KEPT}


def _table(name: str) -> Any:
    return schema.metadata.tables[schema.PREFIX + name]


def released_as_0001(url: str, schema_name: str | None, journal: dict[str, list[Any]]) -> None:
    """A database as the first release left it: with subscriptions, and with entries on their way."""
    with connected(url) as connection, connection.begin():
        command.upgrade(migrate._config(connection=connection, schema=schema_name), "0001")
        ours = connection.execution_options(schema_translate_map={None: schema_name})
        for name, rows in journal.items():
            if rows:
                ours.execute(insert(_table(name)), rows)
        for names, rows in ((OLD_SUBSCRIPTION, OLD_SUBSCRIPTIONS), (OLD_OUTBOX, map(_old_row, count(), OLD_ROWS))):
            there = sqlalchemy.table(names[0], *map(sqlalchemy.column, names[1:]), schema=schema_name)
            connection.execute(insert(there), [dict(zip(names[1:], row, strict=True)) for row in rows])


def _old_row(number: int, waiting: tuple[str, str, int]) -> tuple[object, ...]:
    adapter, case, seq = waiting
    return adapter, "S1", case, seq, number, "2026-11-23T01:00:00.000000Z", "ConnectionError"


PLACES = {"sqlite": None, "postgresql": None, "other_postgresql": None, "quoted schema": QUOTED}


@pytest.fixture(params=PLACES)
def released(request: pytest.FixtureRequest, journal: dict[str, list[Any]]) -> tuple[str, str | None]:
    """URL and schema of a database at 0001."""
    schema_name = PLACES[request.param]
    url = request.getfixturevalue("postgresql" if schema_name else request.param)
    if schema_name:
        execute(url, CreateSchema(schema_name))
    released_as_0001(url, schema_name, journal)
    return url, schema_name


def test_an_older_database_keeps_its_subscriptions_with_their_meaning(released):
    url, schema_name = released
    with pytest.raises(OtherSchema):
        bootstrap(url, schema=schema_name)

    engine = bootstrap(url, schema=schema_name, upgrade=True, world=world())

    first = datetime(1970, 1, 1, tzinfo=UTC)
    assert engine.outbox.subscriptions() == [
        Subscription("accepted", Filter(answers=frozenset({"accepted"})), first),
        Subscription("all", Filter(), first),
        Subscription("other-flow", Filter(workflows=frozenset({"appointment"})), first),
        Subscription(
            "refused-orders", Filter(workflows=frozenset({"repair_order"}), answers=frozenset({"refused"})), first
        ),
    ]
    before = len(engine.outbox.letters())
    engine.shop("S1").apply("RO-2", ro.KitFitted(), by=ADVISOR, id="new")
    assert [letter.adapter for letter in engine.outbox.letters()[before:]] == ["all", "refused-orders"]
    engine.store.close()


def test_what_waits_in_an_older_database_is_delivered_in_order(released):
    url, schema_name = released
    everything, gone = Board("all"), Board("gone")

    engine = bootstrap(url, schema=schema_name, upgrade=True, world=world(), adapters=[everything, gone])

    letters = engine.outbox.letters()
    assert [(letter.adapter, letter.case, letter.seq) for letter in letters] == OLD_ROWS
    assert {(letter.attempts, letter.error, letter.dead_at) for letter in letters} == {(0, None, None)}
    assert engine.deliver().delivered == len(OLD_ROWS)
    assert [seq for case, seq in everything.got if case == "RO-1"] == [1, 2, 3]
    assert gone.got == [("RO-2", 1)]
    assert engine.audit().sound
    with connected(url) as connection:
        assert differences(connection, schema_name) == []
    engine.store.close()


# --- a host's database ---------------------------------------------------------------------------------------------


def test_the_hosts_own_history_stays_untouched(database: str):
    execute(
        database,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('host-42')",
    )

    upgraded(database).close()

    with connected(database) as connection:
        assert connection.scalars(text("SELECT version_num FROM alembic_version")).all() == ["host-42"]
    assert tables(database) == {*NAMES, "alembic_version"}


@pytest.mark.parametrize("begun", [True, False])
def test_a_host_that_rolls_back_takes_the_tables_with_it(database: str, begun: bool):
    store = Store(database)
    with connected(database) as connection:
        if begun and store.kind == "sqlite":  # its driver begins a transaction for rows, and none for tables
            connection.exec_driver_sql("BEGIN")
        if begun:
            connection.execute(text("CREATE TABLE dms_order (number VARCHAR(20) PRIMARY KEY)"))

        assert store.upgrade(connection) == (None, LATEST)
        assert store.check(connection) == LATEST
        connection.rollback()

    assert tables(database) == set()
    with pytest.raises(OtherSchema):
        store.check()
    store.close()


def test_a_host_that_commits_keeps_the_tables(database: str):
    store = Store(database)
    with connected(database) as connection:
        store.upgrade(connection)
        connection.commit()

    assert store.check() == LATEST
    store.close()


def test_a_host_goes_on_in_its_transaction_after_an_upgrade(database: str):
    store = Store(database)
    engine = Engine(store, standard_catalogue(), world())
    with connected(database) as connection:
        store.upgrade(connection)
        engine.shop("S1").open("RO-1", by=ADVISOR, connection=connection)
        connection.commit()

    assert engine.shop("S1").case("RO-1").seq == 1
    store.close()


# --- a schema of its own -------------------------------------------------------------------------------------------


def played(url: str, schema_name: str, folder: Path) -> Engine:
    """An engine in a schema that has done all that engines do."""
    engine = bootstrap(url, upgrade=True, schema=schema_name, world=world(), adapters=[Mirror("mirror", folder=folder)])
    engine.subscribe("mirror")
    shop = engine.shop("S1")
    arrive(shop)
    assert isinstance(shop.apply("RO-1", ro.KitFitted(), by=ADVISOR), Refused)
    assert isinstance(shop.apply_all("RO-1", [ro.WaitTick(), ro.WaitTick()], by=ADVISOR)[1], Accepted)
    batch = shop.batch()
    batch.open("RO-2", by=ADVISOR)
    batch.run()
    return engine


def test_an_engine_in_a_schema_does_everything_there(postgresql: str, tmp_path):
    execute(postgresql, CreateSchema(QUOTED))

    engine = played(postgresql, QUOTED, tmp_path)

    assert [row.id for row in engine.shop("S1").find(open=True, role="guide").rows] == ["RO-2"]
    assert forget(engine.shop("S1"), "RO-1").erased == 0
    assert engine.rebuild() == 0
    assert engine.audit().entries == 6
    assert engine.audit().sound
    assert engine.deliver().delivered == 6
    assert (tables(postgresql), tables(postgresql, QUOTED)) == (set(), NAMES)
    with connected(postgresql) as connection:
        assert differences(connection, QUOTED) == []
    engine.store.close()


def test_engines_in_two_schemas_of_a_database_see_nothing_of_each_other(postgresql: str, tmp_path):
    execute(postgresql, CreateSchema(QUOTED), CreateSchema("other"))
    one = played(postgresql, QUOTED, tmp_path)
    other = bootstrap(postgresql, upgrade=True, schema="other", world=world())

    empty = other.shop("S1").find().rows, other.audit().entries, other.deliver().delivered
    other.shop("S1").open("RO-9", by=ADVISOR)

    assert empty == ((), 0, 0)
    assert [row.id for row in one.shop("S1").find().rows] == ["RO-1", "RO-2"]
    for engine in (one, other):
        assert engine.audit().sound
        engine.store.close()


def test_a_schema_that_is_not_there_is_told(postgresql: str):
    store = Store(postgresql, schema=QUOTED)

    with pytest.raises(OtherSchema) as checked:
        store.check()
    with pytest.raises(StoreUnavailable) as upgrading:
        store.upgrade()

    assert checked.value.facts["actual"] == "none"
    assert upgrading.value.facts["reason"] == "no such schema"
    assert "schema" in upgrading.value.text.zh
    assert tables(postgresql) == set()
    store.close()


def test_sqlite_has_no_schemas(sqlite: str):
    with pytest.raises(StoreUnavailable) as error:
        Store(sqlite, schema="dms")

    assert error.value.facts["reason"] == "schema"
    assert "只有 postgresql 才有 schema" in error.value.text.zh
    assert "only postgresql has schemas" in error.value.text.en


# --- start-up refuses other tables ---------------------------------------------------------------------------------


def refused(url: str) -> OtherSchema:
    with pytest.raises(OtherSchema) as error:
        bootstrap(url, world=world())
    return error.value


def test_start_up_without_tables_names_the_command_that_makes_them(database: str):
    if database.startswith("sqlite"):
        sqlite3.connect(make_url(database).database).close()

    error = refused(database)

    assert (error.facts["expected"], error.facts["actual"]) == (LATEST, "none")
    assert "实为 无；请运行 gongdan db upgrade" in error.text.zh
    assert "they are at none; run `gongdan db upgrade`" in error.text.en
    assert tables(database) == set()


def test_start_up_on_the_right_tables_does_not_load_what_migrates(sqlite: str):
    upgraded(sqlite).close()
    start_up = (
        "import sys; from adapters.bootstrap import bootstrap; bootstrap(sys.argv[1]); print('alembic' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", start_up, sqlite], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"


def test_start_up_on_older_tables_names_the_command_that_brings_them_up_to_date(database: str, monkeypatch):
    upgraded(database).close()
    monkeypatch.setattr(stores, "REVISIONS", (*schema.REVISIONS, "9998"))  # there is no older revision yet

    error = refused(database)

    assert (error.facts["expected"], error.facts["actual"]) == ("9998", LATEST)
    assert "请运行 gongdan db upgrade" in error.text.zh
    assert "run `gongdan db upgrade`" in error.text.en


def test_tables_of_a_newer_version_are_left_alone_and_the_newer_version_is_asked_for(database: str):
    upgraded(database).close()
    execute(database, "UPDATE gongdan_schema_version SET version_num = '9999'")

    error = refused(database)
    with closing(Store(database)) as store, pytest.raises(OtherSchema) as upgrading:
        store.upgrade()

    assert upgrading.value.facts == error.facts
    assert (error.facts["expected"], error.facts["actual"]) == (LATEST, "9999")
    assert "请安装新版 gongdan" in error.text.zh
    assert "install the newer gongdan that made them" in error.text.en


def test_tables_of_our_names_that_have_no_revision_are_left_alone(database: str):
    execute(database, "CREATE TABLE gongdan_case (colour VARCHAR(9))")

    with closing(Store(database)) as store, pytest.raises(StoreUnavailable) as error:
        store.upgrade()

    assert error.value.facts["reason"] == "already exists"
    assert tables(database) == {"gongdan_case"}


# --- many at once --------------------------------------------------------------------------------------------------


def upgrading(url: str, barrier: Barrier, wire: Wire) -> None:
    store = Store(url, busy_seconds=processes.SECONDS)
    barrier.wait(processes.SECONDS)
    wire.send(store.upgrade())
    store.close()


def test_of_eight_processes_that_upgrade_at_once_one_makes_the_tables(database: str):
    barrier = processes.FORKS.Barrier(8)
    running = [processes.started(upgrading, database, barrier) for _ in range(8)]

    told = [processes.ended(process, wire) for process, wire in running]

    assert sorted(told, key=str) == sorted([(0, (None, LATEST)), *[(0, (LATEST, LATEST))] * 7], key=str)
    with connected(database) as connection:
        assert differences(connection) == []


# --- for hosts that run SQL with tools of their own ----------------------------------------------------------------


def run_sql(url: str, sql: str) -> None:
    """Execute a script as the tools of a database do: the whole text, each statement on its own."""
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(parts.database)) as raw:
            raw.executescript(sql)
        return
    host = parts.query["host"]
    with psycopg.connect(host=host, user=parts.username, dbname=parts.database, autocommit=True) as raw:
        for statement in sql.split(";\n"):
            raw.execute(statement)


def test_the_sql_makes_the_same_tables(database: str):
    store = Store(database)

    run_sql(database, store.sql())

    assert store.check() == LATEST
    assert store.upgrade() == (LATEST, LATEST)
    with connected(database) as connection:
        assert differences(connection) == []
    store.close()


def test_the_sql_for_a_schema_makes_the_tables_there(postgresql: str):
    execute(postgresql, CreateSchema(QUOTED))
    store = Store(postgresql, schema=QUOTED)

    run_sql(postgresql, store.sql())

    assert store.check() == LATEST
    assert (tables(postgresql), tables(postgresql, QUOTED)) == (set(), NAMES)
    store.close()


def test_the_sql_is_asked_for_without_any_database():
    assert "CREATE TABLE gongdan_entry" in Store("postgresql+psycopg://nobody@nowhere/none").sql()
