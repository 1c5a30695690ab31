"""A host's connection: recognised, checked to be in a transaction of the host's, and lent for a while.

Must live here: what hosts may pass, and how it is left as it was. Must not be known here: any table of ours.
Nothing here begins a transaction that the host would not expect, and nothing commits one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from inspect import iscoroutinefunction
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import ResourceClosedError

from engine.errors import BadConnection

HostConnection = Any
"""A SQLAlchemy Connection or Session, a Django connection, or the driver's own (sqlite3, psycopg)."""

_KINDS = {"sqlite3": "sqlite", "aiosqlite": "sqlite", "psycopg": "postgresql"}
_UTF8 = "utf-8"
_SAVEPOINT = "gongdan"


class Lent(NamedTuple):
    """A host's connection while it is lent: a cursor of plain tuples on it, and its driver's connection."""

    cursor: Any
    driver: Any

    @property
    def in_transaction(self) -> bool:
        """A transaction of the host is under way, or the driver will begin one with the next statement."""
        if hasattr(self.driver, "in_transaction"):
            return bool(self.driver.in_transaction)
        return not self.driver.autocommit or self.driver.info.transaction_status.name != "IDLE"

    @property
    def pipelined(self) -> bool:
        """psycopg: statements are sent before those ahead of them were answered."""
        info = getattr(self.driver, "info", None)
        return info is not None and info.pipeline_status.name != "OFF"


@contextmanager
def lent(connection: HostConnection, kind: str) -> Iterator[Lent]:
    """A host's connection, fit for our statements. Raises BadConnection, or ResourceClosedError."""
    if iscoroutinefunction(getattr(connection, "commit", None)):
        raise BadConnection(expected="sync", actual=_name(connection))
    dbapi = _dbapi(connection)
    driver = getattr(dbapi, "driver_connection", None) or dbapi
    if driver is None:
        raise ResourceClosedError
    actual = _kind(driver)
    if actual != kind:
        raise BadConnection(expected=kind, actual=actual or _name(driver))
    with _LENDING[kind](driver):
        yield Lent(_cursor(dbapi, driver, kind), driver)


def of_sqlalchemy(connection: HostConnection) -> Connection:
    """The SQLAlchemy connection that a host passes, or that its session is on. Raises BadConnection for any other."""
    if hasattr(type(connection), "get_bind"):
        connection = connection.connection()
    if not isinstance(connection, Connection):
        raise BadConnection(expected="sqlalchemy", actual=_name(connection))
    return connection


def _dbapi(connection: HostConnection) -> Any:
    """The DB-API connection inside what a host passes; None where it was closed."""
    if hasattr(type(connection), "get_bind"):  # SQLAlchemy's Session, scoped_session
        connection = of_sqlalchemy(connection)
    if isinstance(connection, Connection):
        if not connection.in_transaction():
            connection.begin()  # as executing anything on it would
        return connection.connection.dbapi_connection
    if hasattr(connection, "ensure_connection"):  # Django's
        connection.ensure_connection()
        return connection.connection
    return getattr(connection, "dbapi_connection", connection)  # SQLAlchemy's raw_connection(), or the driver's own


def _name(connection: object) -> str:
    return f"{type(connection).__module__}.{type(connection).__qualname__}"


def _kind(driver: Any) -> str | None:
    modules = (base.__module__.partition(".")[0] for base in type(driver).__mro__)
    found = next((_KINDS[module] for module in modules if module in _KINDS), None)
    return found if callable(getattr(type(driver), "cursor", None)) else None


@contextmanager
def _sqlite(driver: Any) -> Iterator[None]:
    """Text is text while it is lent, whatever the host makes of it."""
    theirs = driver.text_factory
    driver.text_factory = str
    try:
        yield
    finally:
        driver.text_factory = theirs


@contextmanager
def _postgresql(driver: Any) -> Iterator[None]:
    """Another encoding would lose the names that it has no letters for."""
    if driver.closed:
        raise ResourceClosedError
    if driver.info.encoding != _UTF8:
        raise BadConnection(expected=_UTF8, actual=driver.info.encoding)
    yield


_LENDING = {"sqlite": _sqlite, "postgresql": _postgresql}


def _cursor(dbapi: Any, driver: Any, kind: str) -> Any:
    if dbapi is not driver:  # SQLAlchemy's adapter of an async driver, whose cursors give tuples
        return dbapi.cursor()
    if kind == "sqlite":
        cursor = driver.cursor()
        cursor.row_factory = None
        return cursor
    from psycopg import Cursor  # noqa: PLC0415 - a driver that only its users have
    from psycopg.rows import tuple_row  # noqa: PLC0415

    return Cursor(driver, row_factory=tuple_row)


@contextmanager
def savepoint(cursor: Any) -> Iterator[None]:
    """Whatever goes wrong inside is undone, and the host's transaction stays usable."""
    cursor.execute(f"SAVEPOINT {_SAVEPOINT}")
    try:
        yield
    except BaseException:
        with suppress(Exception):  # a database that gave up the whole transaction has no savepoint left to go back to
            cursor.execute(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
            cursor.execute(f"RELEASE SAVEPOINT {_SAVEPOINT}")
        raise
    cursor.execute(f"RELEASE SAVEPOINT {_SAVEPOINT}")
