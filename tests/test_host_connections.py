"""What a host may lend, however it has set it up, and what is told of everything else; and two hosts that meet."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from threading import Thread
from typing import Any, TypeVar

import psycopg
import pytest
from psycopg import ClientCursor
from psycopg.rows import dict_row, namedtuple_row
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from adapters.bootstrap import bootstrap
from engine import Accepted, BadConnection, CaseExists, GongdanError, Personal, StaleVersion, StoreUnavailable
from engine.events import repair_order as ro
from tests.hosts import HOSTS, Floor, django_database, driver_connection, floor_on, libpq, sqlalchemy_engine
from tests.support import ADVISOR, PURPOSE, arrive, world

TICK = ro.WaitTick()
LEFT = ro.CustomerLeft(reason=Personal.clear("等太久，去了别家𫍯"))
T = TypeVar("T")
CHINESE = re.compile(r"[\u4e00-\u9fff]{2}")


@pytest.fixture
def floor(database: str) -> Iterator[Floor]:
    with floor_on(database) as floor:
        yield floor


@pytest.fixture
def on_sqlite(sqlite: str) -> Iterator[Floor]:
    with floor_on(sqlite) as floor:
        yield floor


@pytest.fixture
def on_postgresql(postgresql: str) -> Iterator[Floor]:
    with floor_on(postgresql) as floor:
        yield floor


def names(floor: Floor) -> list[str]:
    """What was put to RO-1 since it arrived, accepted or not."""
    return [entry.command.name for entry in floor.shop.entries("RO-1")[2:]]


def told(error: pytest.ExceptionInfo[GongdanError], **facts: str) -> None:
    """It says this, in Chinese and in English."""
    assert {name: error.value.facts[name] for name in facts} == facts
    assert CHINESE.search(error.value.text.zh)
    assert not CHINESE.search(error.value.text.en)
    assert str(error.value).isprintable()


def works(floor: Floor, connection: Any) -> None:
    """Everything that is written and read on this connection is as on any other, personal values too."""
    floor.shop.apply("RO-1", TICK, by=ADVISOR, id="again", connection=connection)
    floor.shop.apply("RO-1", LEFT, by=ADVISOR, connection=connection)
    [row] = floor.shop.find(open=False, connection=connection).rows
    assert (row.id, row.state, row.is_open, row.seq) == ("RO-1", "cancelled", False, 4)
    assert floor.shop.case("RO-1", connection=connection).version == 4
    assert floor.shop.apply("RO-1", TICK, by=ADVISOR, id="again", connection=connection).seq == 3
    assert floor.shop.options("RO-1", by=ADVISOR, connection=connection) == ()
    connection.commit()
    assert names(floor) == ["wait_tick", "customer_left"]
    assert floor.outside("SELECT value FROM gongdan_personal") == LEFT.reason.value
    assert floor.is_clean()


# --- however a host has set up its driver ------------------------------------------------------------------------


def _dicts(cursor: sqlite3.Cursor, row: tuple[object, ...]) -> dict[str, object]:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


@pytest.mark.parametrize("row_factory", [sqlite3.Row, _dicts], ids=["Row", "dict"])
@pytest.mark.parametrize("text_factory", [str, bytes, lambda raw: raw.decode().upper()], ids=["str", "bytes", "own"])
def test_rows_and_texts_of_a_sqlite_host_are_its_own_affair(on_sqlite, row_factory, text_factory):
    with closing(driver_connection(on_sqlite.url)) as connection:
        connection.row_factory, connection.text_factory = row_factory, text_factory

        works(on_sqlite, connection)

        assert (connection.row_factory, connection.text_factory) == (row_factory, text_factory)


def test_a_text_factory_is_the_hosts_again_after_a_mistake_too(on_sqlite):
    with closing(driver_connection(on_sqlite.url)) as connection:
        connection.text_factory = bytes

        with pytest.raises(StaleVersion):
            on_sqlite.shop.apply("RO-1", TICK, by=ADVISOR, expected=1, connection=connection)

        assert connection.text_factory is bytes


def test_a_sqlite_host_may_have_its_columns_converted(on_sqlite):
    types = sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES
    with closing(driver_connection(on_sqlite.url, detect_types=types)) as connection:
        works(on_sqlite, connection)


@pytest.mark.parametrize("level", ["", "DEFERRED", "IMMEDIATE", "EXCLUSIVE"])
def test_the_first_write_of_a_sqlite_host_may_begin_its_transaction(on_sqlite, level):
    with closing(driver_connection(on_sqlite.url, isolation_level=level)) as connection:
        works(on_sqlite, connection)


@pytest.mark.parametrize("begin", ["BEGIN", "BEGIN IMMEDIATE", "SAVEPOINT mine"])
def test_a_sqlite_host_may_begin_its_transaction_by_hand(on_sqlite, begin):
    with closing(driver_connection(on_sqlite.url, isolation_level=None)) as connection:
        connection.execute(begin)

        works(on_sqlite, connection)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sqlite3's autocommit came with Python 3.12")
def test_a_sqlite_host_may_have_autocommit_off(on_sqlite):
    with closing(driver_connection(on_sqlite.url, autocommit=False)) as connection:
        works(on_sqlite, connection)


@pytest.mark.parametrize(
    "options",
    [
        {"row_factory": dict_row},
        {"row_factory": namedtuple_row},
        {"cursor_factory": ClientCursor},
        {"prepare_threshold": 0},
        {"prepare_threshold": None},
        {"client_encoding": "utf8"},
    ],
    ids=["dict_row", "namedtuple_row", "ClientCursor", "prepared", "unprepared", "utf8"],
)
def test_rows_cursors_and_preparation_of_a_psycopg_host_are_its_own_affair(on_postgresql, options):
    with closing(driver_connection(on_postgresql.url, **options)) as connection:
        works(on_postgresql, connection)

        assert type(connection.cursor()) is options.get("cursor_factory", psycopg.Cursor)
        assert connection.row_factory is options.get("row_factory", connection.row_factory)


def test_a_psycopg_host_may_be_in_a_pipeline(on_postgresql):
    with closing(driver_connection(on_postgresql.url)) as connection, connection.pipeline():
        with pytest.raises(StaleVersion):
            on_postgresql.shop.apply("RO-1", TICK, by=ADVISOR, expected=1, connection=connection)

        works(on_postgresql, connection)


def test_another_encoding_is_refused_before_it_meets_a_name_that_it_cannot_spell(on_postgresql):
    gbk = driver_connection(on_postgresql.url, client_encoding="GBK")
    with closing(gbk) as connection, pytest.raises(BadConnection) as error:
        on_postgresql.shop.apply("RO-1", LEFT, by=ADVISOR, connection=connection)

    told(error, expected="utf-8", actual="gbk")


def test_a_database_without_an_encoding_keeps_every_letter(newest_server):
    url = newest_server.url("bytes")
    with psycopg.connect(libpq(newest_server.url("postgres")), autocommit=True) as admin:
        admin.execute("CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII'")
        engine = bootstrap(url, upgrade=True, world=world())
        arrive(engine.shop("S1"))
        floor = Floor(f"{url}&client_encoding=UTF8", engine, engine.shop("S1"))
        with closing(engine.store), closing(driver_connection(floor.url)) as connection:
            works(floor, connection)
        admin.execute("DROP DATABASE bytes")


def test_a_database_in_an_encoding_without_the_letters_says_so(newest_server):
    url = newest_server.url("latin")
    with psycopg.connect(libpq(newest_server.url("postgres")), autocommit=True) as admin:
        admin.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'")
        with floor_on(url) as floor:
            with pytest.raises(StoreUnavailable) as error:
                floor.shop.apply("RO-1", LEFT, by=ADVISOR)
            told(error, reason="encoding")
            assert names(floor) == []
        admin.execute("DROP DATABASE latin")


# --- connections that commit by themselves -----------------------------------------------------------------------


@contextmanager
def _autocommit(url: str) -> Iterator[Any]:
    with sqlalchemy_engine(url, isolation_level="AUTOCOMMIT") as engine, engine.connect() as connection:
        yield connection


def _driver_autocommit(url: str) -> AbstractContextManager[Any]:
    options = {"isolation_level": None} if url.startswith("sqlite") else {"autocommit": True}
    return closing(driver_connection(url, **options))


AUTOCOMMIT: dict[str, Callable[[str], AbstractContextManager[Any]]] = {
    "SQLAlchemy": _autocommit,
    "driver": _driver_autocommit,
    "Django": django_database,
}


@pytest.mark.parametrize("kind", AUTOCOMMIT)
def test_a_connection_that_commits_by_itself_is_refused_and_nothing_written(floor, kind):
    with AUTOCOMMIT[kind](floor.url) as connection:
        with pytest.raises(BadConnection) as error:
            floor.shop.apply("RO-1", TICK, by=ADVISOR, connection=connection)
        read = floor.shop.case("RO-1", connection=connection)

    told(error, expected="transaction", actual="autocommit")
    assert names(floor) == []
    assert read.seq == 2, "to ask takes no transaction"


def test_a_psycopg_host_that_commits_by_itself_may_open_a_transaction(on_postgresql):
    with closing(driver_connection(on_postgresql.url, autocommit=True)) as connection:
        with connection.transaction():
            on_postgresql.shop.apply("RO-1", TICK, by=ADVISOR, connection=connection)
        with connection.transaction(force_rollback=True):
            on_postgresql.shop.apply("RO-1", PURPOSE, by=ADVISOR, connection=connection)

    assert names(on_postgresql) == ["wait_tick"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sqlite3's autocommit came with Python 3.12")
def test_a_sqlite_host_with_autocommit_on_is_refused(on_sqlite):
    itself = driver_connection(on_sqlite.url, autocommit=True)
    with closing(itself) as connection, pytest.raises(BadConnection) as error:
        on_sqlite.shop.apply("RO-1", TICK, by=ADVISOR, connection=connection)

    told(error, expected="transaction", actual="autocommit")


# --- what is no connection of this database ----------------------------------------------------------------------


def test_a_connection_to_another_kind_of_database_is_refused(on_sqlite, postgresql):
    with floor_on(postgresql) as other:
        for floor, url, kind in ((on_sqlite, postgresql, "postgresql"), (other, on_sqlite.url, "sqlite")):
            for opened in HOSTS.values():
                with opened(url) as host:
                    with pytest.raises(BadConnection) as error:
                        floor.shop.apply("RO-1", TICK, by=ADVISOR, connection=host.connection)
                    told(error, expected=floor.engine.store.kind, actual=kind)


GARBAGE: dict[str, Callable[[Engine], object]] = {
    "builtins.str": lambda engine: str(engine.url),
    "builtins.int": lambda _: 0,
    "builtins.object": lambda _: object(),
    "sqlite3.Cursor": lambda _: sqlite3.connect(":memory:").cursor(),
    "sqlalchemy.engine.base.Engine": lambda engine: engine,
    "sqlalchemy.orm.session.sessionmaker": sessionmaker,
    "builtins.type": lambda _: Session,
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_what_is_no_connection_is_refused_by_its_type(on_sqlite, kind):
    with sqlalchemy_engine(on_sqlite.url) as engine, pytest.raises(BadConnection) as error:
        on_sqlite.shop.apply("RO-1", TICK, by=ADVISOR, connection=GARBAGE[kind](engine))

    told(error, expected="sqlite", actual=kind)


@pytest.mark.parametrize("kind", ["Connection", "raw_connection", "driver"])
def test_a_closed_connection_is_told(floor, kind):
    with HOSTS[kind](floor.url) as host:
        host.connection.close()

        with pytest.raises(StoreUnavailable) as error:
            floor.shop.apply("RO-1", TICK, by=ADVISOR, connection=host.connection)

        told(error, reason="closed")


def test_a_sqlite_connection_of_another_thread_is_told(on_sqlite):
    caught: list[StoreUnavailable] = []

    def apply() -> None:
        try:
            on_sqlite.shop.apply("RO-1", TICK, by=ADVISOR, connection=connection)
        except StoreUnavailable as error:
            caught.append(error)

    with closing(driver_connection(on_sqlite.url)) as connection:
        thread = Thread(target=apply)
        thread.start()
        thread.join()

    assert [error.facts["reason"] for error in caught] == ["same thread"]
    assert CHINESE.search(caught[0].text.zh)


def test_a_transaction_that_has_failed_is_told_and_the_next_one_works(on_postgresql):
    with closing(driver_connection(on_postgresql.url)) as connection:
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT 1 / 0")

        for ask in (
            lambda: on_postgresql.shop.apply("RO-1", TICK, by=ADVISOR, connection=connection),
            lambda: on_postgresql.shop.case("RO-1", connection=connection),
        ):
            with pytest.raises(StoreUnavailable) as error:
                ask()
            told(error, reason="transaction failed")

        connection.rollback()
        works(on_postgresql, connection)


@pytest.mark.parametrize("kind", ["Connection", "Session", "driver", "Django"])
def test_a_connection_that_the_server_has_ended_is_told(on_postgresql, newest_server, kind):
    with HOSTS[kind](on_postgresql.url) as host:
        host.visit()
        newest_server.terminate_backends(make_url(on_postgresql.url).database)

        with pytest.raises(StoreUnavailable) as error:
            on_postgresql.shop.apply("RO-1", TICK, by=ADVISOR, connection=host.connection)

        told(error, reason="connection")
        with suppress(Exception):
            host.rollback()
    on_postgresql.engine.store.close()
    assert names(on_postgresql) == []


class Base(DeclarativeBase):
    pass


class Visit(Base):
    __tablename__ = "visit"
    number: Mapped[int] = mapped_column(primary_key=True)


def test_a_session_whose_flush_has_failed_is_told_and_its_next_transaction_works(floor):
    with sqlalchemy_engine(floor.url) as engine, Session(engine) as session:
        session.execute(text("CREATE UNIQUE INDEX one_visit ON visit (number)"))
        session.execute(text("INSERT INTO visit VALUES (1)"))
        session.commit()
        session.add(Visit(number=1))
        with pytest.raises(IntegrityError):
            session.flush()

        with pytest.raises(StoreUnavailable) as error:
            floor.shop.apply("RO-1", TICK, by=ADVISOR, connection=session)
        told(error, reason="transaction failed")

        session.rollback()
        works(floor, session)


def test_a_connection_that_only_reads_is_told(on_postgresql):
    with closing(driver_connection(on_postgresql.url)) as connection:
        connection.read_only = True

        with pytest.raises(StoreUnavailable) as error:
            on_postgresql.shop.apply("RO-1", TICK, by=ADVISOR, connection=connection)

        told(error, reason="readonly")
        assert on_postgresql.shop.case("RO-1", connection=connection).seq == 2


# --- two that meet -----------------------------------------------------------------------------------------------


def test_the_first_statement_on_a_sqlite_connection_is_a_write(on_sqlite):
    with closing(driver_connection(on_sqlite.url)) as connection:
        traced: list[str] = []
        connection.set_trace_callback(traced.append)

        on_sqlite.shop.apply("RO-1", TICK, by=ADVISOR, connection=connection)

    assert traced[0].split()[0] == "BEGIN"
    assert traced[1].split()[0] == "UPDATE"


def test_a_sqlite_host_that_read_first_and_lost_its_lock_is_told(on_sqlite):
    with closing(driver_connection(on_sqlite.url, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        on_sqlite.shop.case("RO-1", connection=connection)
        on_sqlite.shop.apply("RO-1", TICK, by=ADVISOR)

        with pytest.raises(StoreUnavailable) as error:
            on_sqlite.shop.apply("RO-1", PURPOSE, by=ADVISOR, connection=connection)
        told(error, reason="locked")

        connection.rollback()
        connection.execute("BEGIN IMMEDIATE")
        on_sqlite.shop.apply("RO-1", PURPOSE, by=ADVISOR, connection=connection)
        connection.commit()

    assert names(on_sqlite) == ["wait_tick", "purpose_recorded"]


@contextmanager
def two_hosts(url: str) -> Iterator[tuple[Any, Any]]:
    """Two connections; whoever finds the other's lock waits a moment and is told."""
    with closing(driver_connection(url)) as one, closing(driver_connection(url)) as other:
        if not url.startswith("sqlite"):
            other.execute("SET lock_timeout = 100")
            other.commit()
        yield one, other


def test_of_two_hosts_on_one_case_the_second_is_told_to_wait_and_no_update_is_lost(floor):
    with two_hosts(floor.url) as (one, other):
        floor.shop.apply("RO-1", TICK, by=ADVISOR, expected=2, connection=one)
        with pytest.raises(StoreUnavailable) as error:
            floor.shop.apply("RO-1", PURPOSE, by=ADVISOR, expected=2, connection=other)
        told(error, reason="locked")
        one.commit()
        other.rollback()

        with pytest.raises(StaleVersion):
            floor.shop.apply("RO-1", PURPOSE, by=ADVISOR, expected=2, connection=other)
        floor.shop.apply("RO-1", PURPOSE, by=ADVISOR, expected=3, connection=other)
        other.commit()

    assert names(floor) == ["wait_tick", "purpose_recorded"]
    assert floor.is_clean()


def test_our_own_connection_waits_for_a_host_too_and_is_told(floor):
    with closing(driver_connection(floor.url)) as connection:
        floor.shop.apply("RO-1", TICK, by=ADVISOR, connection=connection)

        with pytest.raises(StoreUnavailable) as error:
            floor.shop.apply("RO-1", PURPOSE, by=ADVISOR)
        told(error, reason="locked")

        connection.commit()
        assert isinstance(floor.shop.apply("RO-1", PURPOSE, by=ADVISOR), Accepted)


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def met(floor: Floor, second: Callable[[], T], first: Callable[[], object]) -> T:
    """What the second one is answered, who is at it until he waits for the first; then that one goes on."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(second)
        while not answer.done() and not floor.outside(WAITING):
            pass  # each look is a round trip to the server
        first()
        return answer.result()


@pytest.mark.parametrize(("end", "answer"), [("commit", "Refused"), ("rollback", "Accepted")])
def test_a_host_that_waited_for_another_decides_on_what_that_one_left(on_postgresql, end, answer):
    floor = on_postgresql
    with closing(driver_connection(floor.url)) as one, closing(driver_connection(floor.url)) as other:
        floor.shop.apply("RO-1", LEFT, by=ADVISOR, connection=one)

        told = met(
            floor,
            lambda: floor.shop.apply("RO-1", PURPOSE, by=ADVISOR, connection=other),
            getattr(one, end),
        )
        other.commit()

    assert type(told).__name__ == answer
    assert names(floor) == ["customer_left"] * (end == "commit") + ["purpose_recorded"]
    assert floor.is_clean()


def test_a_case_that_two_hosts_open_at_once_is_opened_once(on_postgresql):
    floor = on_postgresql
    with closing(driver_connection(floor.url)) as one, closing(driver_connection(floor.url)) as other:
        floor.shop.open("RO-2", by=ADVISOR, connection=one)

        with pytest.raises(CaseExists):
            met(floor, lambda: floor.shop.open("RO-2", by=ADVISOR, connection=other), one.commit)

    assert floor.is_clean()


def test_one_command_put_by_two_hosts_at_once_is_answered_once_and_told_to_both(on_postgresql):
    floor = on_postgresql
    with closing(driver_connection(floor.url)) as one, closing(driver_connection(floor.url)) as other:
        first = floor.shop.apply("RO-1", LEFT, by=ADVISOR, id="same", connection=one)

        second = met(floor, lambda: floor.shop.apply("RO-1", LEFT, by=ADVISOR, id="same", connection=other), one.commit)

    assert (first.seq, second.seq) == (3, 3)
    assert names(floor) == ["customer_left"]


def test_of_two_hosts_that_wait_for_each_other_one_is_told_and_the_other_goes_on(on_postgresql):
    floor = on_postgresql
    floor.shop.open("RO-2", by=ADVISOR)
    floor.shop.apply("RO-2", ro.VehicleCheckedIn(), by=ADVISOR)

    def apply(connection: psycopg.Connection, case: str) -> str:
        try:
            floor.shop.apply(case, TICK, by=ADVISOR, connection=connection)
        except StoreUnavailable as error:
            connection.rollback()
            return str(error.facts["reason"])
        connection.commit()
        return "committed"

    with closing(driver_connection(floor.url)) as one, closing(driver_connection(floor.url)) as other:
        for connection, case in ((one, "RO-1"), (other, "RO-2")):
            connection.execute("SET deadlock_timeout = 10")
            floor.shop.apply(case, TICK, by=ADVISOR, connection=connection)
        ends: list[str] = []
        ends.append(met(floor, lambda: apply(other, "RO-1"), lambda: ends.append(apply(one, "RO-2"))))

    assert sorted(ends) == ["collision", "committed"]
    assert sum(row.seq for row in floor.shop.find().rows) == 2 + 2 + 2
    assert floor.is_clean()


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_host_whose_picture_is_too_old_is_told_and_nothing_is_half_written(on_postgresql, level):
    floor = on_postgresql
    with sqlalchemy_engine(floor.url, isolation_level=level) as engine, engine.connect() as connection:
        connection.execute(text("INSERT INTO visit VALUES (1)"))
        floor.shop.case("RO-1", connection=connection)
        floor.shop.apply("RO-1", TICK, by=ADVISOR)

        with pytest.raises(StoreUnavailable) as error:
            floor.shop.apply("RO-1", LEFT, by=ADVISOR, connection=connection)
        told(error, reason="collision")
        assert connection.scalar(text("SELECT count(*) FROM visit")) == 1, "the host's work is still there"

        connection.rollback()
        floor.shop.apply("RO-1", LEFT, by=ADVISOR, connection=connection)
        connection.commit()

    assert names(floor) == ["wait_tick", "customer_left"]
    assert floor.outside("SELECT count(*) FROM gongdan_personal") == 1
    assert (floor.visits(), floor.is_clean()) == (0, True)


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_strict_isolation_works_as_long_as_nobody_comes_in_between(on_postgresql, level):
    with sqlalchemy_engine(on_postgresql.url, isolation_level=level) as engine, engine.connect() as connection:
        works(on_postgresql, connection)
