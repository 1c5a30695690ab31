"""Store: one concrete store over SQLAlchemy; SQLite and PostgreSQL differ by their URL.

Must live here: connections, transactions, what a database's complaint means. Must not be known here: any statement.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import URL, Engine, StaticPool, create_engine, event, insert, inspect, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from engine.errors import GongdanError, OtherSchema, StoreUnavailable
from engine.store import schema
from engine.store.address import address, existing, in_memory, shown
from engine.store.statements import compiled
from engine.store.transaction import Abandoned, LostRace, Transaction

BUSY_SECONDS = 10.0


class _Begin(NamedTuple):
    """What the first statements of a transaction are, in one kind of database."""

    write: tuple[str, ...]
    read: tuple[str, ...]


_BEGIN = {
    "sqlite": _Begin(write=("BEGIN IMMEDIATE",), read=("BEGIN",)),
    "postgresql": _Begin(write=(), read=("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",)),
}

_COMPLAINTS = (
    "locked",
    "readonly",
    "full",
    "unable to open",
    "not a database",
    "malformed",
    "no such table",
)


class Store:
    """Opens transactions on one database. Safe to share between threads; open one per process."""

    def __init__(self, url: str, *, synchronous: str = "FULL", busy_seconds: float = BUSY_SECONDS) -> None:
        """Prepare for a database; nothing is opened yet. Raises StoreUnavailable for a URL that cannot be one.

        `synchronous` is SQLite's: FULL keeps every commit, NORMAL may lose the last. `busy_seconds` is how long
        SQLite waits for another process that writes.
        """
        parsed = address(url)
        self.url = shown(parsed)
        is_sqlite = parsed.get_backend_name() == "sqlite"
        self._existing = existing(parsed)
        self._engine = _engine(parsed, busy_seconds)
        _tune(self._engine, ("journal_mode=WAL", f"synchronous={synchronous}", "secure_delete=ON") if is_sqlite else ())
        self._begin = _BEGIN[parsed.get_backend_name()]
        self._statements = compiled(parsed.get_backend_name())
        # One connection in memory is one transaction at a time; elsewhere writers of one process queue here,
        # fairly, instead of in SQLite's sleeping busy handler.
        self._writing = threading.RLock() if is_sqlite else None
        self._reading = self._writing if in_memory(parsed) else None

    def create(self) -> None:
        """Create what is missing, all or nothing. Raises StoreUnavailable for a database with another schema."""
        with self._guarded(), _held(self._reading):
            known = self._schema() or self._created()
        self._expect(known)

    def check(self) -> None:
        """Raise StoreUnavailable unless this database holds a journal of this version. Creates no file."""
        with self._guarded(), _held(self._reading):
            if self._existing is not None:
                self._engine.dialect.loaded_dbapi.connect(self._existing, uri=True).close()
            known = self._schema()
        if known is None:
            raise StoreUnavailable(url=self.url, reason="empty")
        self._expect(known)

    def _schema(self) -> str | None:
        """The schema version of the database, or None when it has none."""
        with self._engine.connect() as connection:
            if not inspect(connection).has_table(schema.meta.name):
                return None
            return connection.scalar(select(schema.meta.c.value).where(schema.meta.c.key == "schema"))

    def _created(self) -> str:
        with self._engine.begin() as connection:
            for statement in self._begin.write:
                connection.exec_driver_sql(statement)
            schema.metadata.create_all(connection)
            known = connection.scalar(select(schema.meta.c.value).where(schema.meta.c.key == "schema"))
            if known is None:
                connection.execute(insert(schema.meta).values(key="schema", value=schema.VERSION))
            return known or schema.VERSION

    def _expect(self, known: str) -> None:
        if known != schema.VERSION:
            raise OtherSchema(url=self.url, expected=schema.VERSION, actual=known)

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A writing transaction: committed at the end, rolled back on any error."""
        with self._guarded(), _held(self._writing), self._transaction(self._begin.write) as transaction:
            yield transaction

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A reading transaction: one consistent picture."""
        with self._guarded(), _held(self._reading), self._transaction(self._begin.read) as transaction:
            yield transaction

    @contextmanager
    def _transaction(self, begin: tuple[str, ...]) -> Iterator[Transaction]:
        pooled = self._engine.raw_connection()
        try:
            cursor = pooled.cursor()
            for statement in begin:
                cursor.execute(statement)
            try:
                yield Transaction(cursor, self._statements)
            except Abandoned:
                pooled.rollback()
            except BaseException:
                pooled.rollback()
                raise
            else:
                pooled.commit()
        finally:
            pooled.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """A database's complaint becomes one clear error; its message may quote values, so only its kind is kept."""
        try:
            yield
        except (GongdanError, LostRace, Abandoned):
            raise
        except self._engine.dialect.loaded_dbapi.IntegrityError:
            raise LostRace from None  # the same command id, or the same case, written by two at once
        except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error) as error:
            raise StoreUnavailable(url=self.url, reason=_complaint(error)) from None


@contextmanager
def _held(lock: threading.RLock | None) -> Iterator[None]:
    if lock is None:
        yield
        return
    with lock:
        yield


def _engine(url: URL, busy_seconds: float) -> Engine:
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory(url) else {}
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {
            "check_same_thread": False,
            "timeout": busy_seconds,
            "isolation_level": None,  # or the driver begins transactions behind our back
        }
    try:
        return create_engine(url, **options)
    except (ImportError, NoSuchModuleError):
        raise StoreUnavailable(url=shown(url), reason="driver") from None
    except (ArgumentError, ValueError):
        raise StoreUnavailable(url=shown(url), reason="url") from None


def _tune(engine: Engine, pragmas: tuple[str, ...]) -> None:
    """Tell each new connection how to behave. What is erased is overwritten, not only unlinked."""

    def on_connect(connection: Any, _record: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    event.listen(engine, "connect", on_connect)


def _complaint(error: Exception) -> str:
    """The code of what a database complains of, or the name of its error."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    message = str(cause).lower()
    return next((known for known in _COMPLAINTS if known in message), type(cause).__name__)
