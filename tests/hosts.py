"""The hosts of the tests: every kind of connection that a developer may lend us, each in a transaction of its own.

Here lives how each is opened, and what only the host does with it. What must hold for all of them is in `test_host.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from adapters.bootstrap import bootstrap
from engine import Engine as Gongdan
from engine import Shop
from tests.support import arrive, world

BUSY_SECONDS = 0.2
"""How long one writer of these tests waits for another: none of them gives way."""


@dataclass(frozen=True)
class Host:
    """What a host lends, and how it goes on with it by itself."""

    connection: Any
    execute: Callable[[str], list[Any]]
    commit: Callable[[], None]
    rollback: Callable[[], None]

    def visit(self) -> None:
        """Write a row of the host's own."""
        self.execute("INSERT INTO visit VALUES (1)")


@dataclass(frozen=True)
class Floor:
    """A database with our tables and one of the host's, and a case that has arrived: RO-1."""

    url: str
    engine: Gongdan
    shop: Shop

    def visits(self) -> int:
        """How many rows of the host's are committed."""
        return int(self.outside("SELECT count(*) FROM visit"))

    def outside(self, statement: str) -> Any:
        """One value, as another connection sees it."""
        with sqlalchemy_engine(self.url) as other, other.connect() as connection:
            return connection.exec_driver_sql(statement).scalar()

    def is_clean(self) -> bool:
        """Replayed without a finding, by this engine and by one that has read nothing before."""
        with closing(bootstrap(self.url).store) as fresh:
            again = Gongdan(fresh, self.engine.catalogue, self.engine.world)
            return self.engine.audit().sound and again.audit().sound


@contextmanager
def floor_on(url: str) -> Iterator[Floor]:
    """A floor on an empty database."""
    engine = bootstrap(url, upgrade=True, world=world(), synchronous="NORMAL", busy_seconds=BUSY_SECONDS)
    with closing(engine.store), sqlalchemy_engine(url) as own:
        with own.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE visit (number INTEGER)")
        arrive(engine.shop("S1"))
        yield Floor(url, engine, engine.shop("S1"))


# --- what hosts have ---------------------------------------------------------------------------------------------


@contextmanager
def sqlalchemy_engine(url: str, **options: Any) -> Iterator[Engine]:
    engine = create_engine(url, **options)
    yield engine
    engine.dispose()


def driver_connection(url: str, **options: Any) -> Any:
    """The driver's own connection to a database."""
    if url.startswith("sqlite"):
        return sqlite3.connect(str(make_url(url).database), **{"timeout": BUSY_SECONDS, **options})
    return psycopg.connect(libpq(url), **options)


def libpq(url: str) -> str:
    """A PostgreSQL address as psycopg itself reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _rows(cursor: Any, statement: str) -> list[Any]:
    cursor.execute(statement)
    return list(cursor.fetchall()) if cursor.description else []


def of_sqlalchemy(passed: Any, connection: Callable[[], Connection]) -> Host:
    def execute(statement: str) -> list[Any]:
        result = connection().exec_driver_sql(statement)
        return list(result) if result.returns_rows else []

    return Host(passed, execute, passed.commit, passed.rollback)


def of_driver(connection: Any) -> Host:
    return Host(connection, lambda text: _rows(connection.cursor(), text), connection.commit, connection.rollback)


@contextmanager
def _connection(url: str) -> Iterator[Host]:
    with sqlalchemy_engine(url) as engine, engine.connect() as connection:
        yield of_sqlalchemy(connection, lambda: connection)


@contextmanager
def _session(url: str) -> Iterator[Host]:
    with sqlalchemy_engine(url) as engine, Session(engine) as session:
        yield of_sqlalchemy(session, session.connection)


@contextmanager
def _scoped_session(url: str) -> Iterator[Host]:
    with sqlalchemy_engine(url) as engine:
        session = scoped_session(sessionmaker(engine))
        yield of_sqlalchemy(session, session.connection)
        session.remove()


@contextmanager
def _raw_connection(url: str) -> Iterator[Host]:
    with sqlalchemy_engine(url) as engine, closing(engine.raw_connection()) as connection:
        yield of_driver(connection)


@contextmanager
def _driver(url: str) -> Iterator[Host]:
    with closing(driver_connection(url)) as connection:
        yield of_driver(connection)


@contextmanager
def _django(url: str) -> Iterator[Host]:
    from django.db import transaction

    with django_database(url) as connection:
        transaction.set_autocommit(False)
        yield Host(connection, lambda text: _rows(connection.cursor(), text), transaction.commit, transaction.rollback)


@contextmanager
def django_database(url: str) -> Iterator[Any]:
    """`django.db.connection`, as it is outside of any transaction, on a database of the test's."""
    import django
    from django.conf import settings
    from django.db import connection, connections

    if not settings.configured:
        settings.configure(LOGGING_CONFIG=None)
        django.setup()
    connections.settings = connections.configure_settings({"default": _django_settings(url)})
    yield connection
    connection.close()
    del connections["default"]


def _django_settings(url: str) -> dict[str, Any]:
    parsed = make_url(url)
    if url.startswith("sqlite"):
        options = {"timeout": BUSY_SECONDS}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": parsed.database, "OPTIONS": options}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parsed.database,
        "USER": parsed.username,
        "HOST": parsed.query["host"],
    }


HOSTS: dict[str, Callable[[str], AbstractContextManager[Host]]] = {
    "Connection": _connection,
    "Session": _session,
    "scoped_session": _scoped_session,
    "raw_connection": _raw_connection,
    "driver": _driver,
    "Django": _django,
}
"""Every kind of connection, opened on a database and closed again, rolled back if nothing else was done."""
