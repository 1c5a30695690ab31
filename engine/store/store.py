"""Store: one concrete store over SQLAlchemy; SQLite and PostgreSQL differ by their URL.

Must live here: connections and transactions, our own and the host's. Must not be known here: any statement's meaning.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from engine.errors import BadConnection, OtherSchema, StoreUnavailable
from engine.store import migrate
from engine.store.address import address, existing, in_memory, shown
from engine.store.complaints import Guarded
from engine.store.host import HostConnection, Lent, lent, of_sqlalchemy, savepoint
from engine.store.schema import REVISIONS
from engine.store.statements import compiled
from engine.store.transaction import Abandoned, Transaction
from engine.telemetry import Committing

BUSY_SECONDS = 10.0


class _Begin(NamedTuple):
    """How the transactions of one kind of database begin; None: each statement stands alone."""

    write: str
    once: str | None
    steady: str
    snapshot: str


_BEGIN = {
    # One write lock for the whole file: to take it late would be to lose what was read before.
    "sqlite": _Begin(write="BEGIN IMMEDIATE", once="BEGIN IMMEDIATE", steady="BEGIN IMMEDIATE", snapshot="BEGIN"),
    "postgresql": _Begin(
        write="BEGIN",
        once=None,
        steady="BEGIN ISOLATION LEVEL REPEATABLE READ",
        snapshot="BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    ),
}


class Store:
    """Opens transactions on one database. Safe to share between threads; open one per process."""

    def __init__(
        self, url: str, *, schema: str | None = None, synchronous: str = "FULL", busy_seconds: float = BUSY_SECONDS
    ) -> None:
        """Prepare for a database; nothing is opened yet. Raises StoreUnavailable for a URL that cannot be one.

        `schema` is PostgreSQL's: where the tables are, when not in the first of the search path. `synchronous` is
        SQLite's: FULL keeps every commit, NORMAL may lose the last. `busy_seconds` is how long to wait for a lock
        that another writer holds.
        """
        parsed = address(url)
        self.url = shown(parsed)
        self.kind = parsed.get_backend_name()
        self.schema = schema
        if schema is not None and self.kind == "sqlite":
            raise StoreUnavailable(url=self.url, reason="schema")
        self._existing = existing(parsed)
        self._engine = _engine(parsed, busy_seconds)
        _tune(self._engine, _settings(self.kind, synchronous, busy_seconds))
        self._begin = _BEGIN[self.kind]
        self._statements = compiled(self.kind, schema)
        # One connection in memory is one transaction at a time; elsewhere writers of one process queue here,
        # fairly, instead of in SQLite's sleeping busy handler.
        self._writing = _Turn(self.url, busy_seconds) if self.kind == "sqlite" else nullcontext()
        self._reading = self._writing if in_memory(parsed) else nullcontext()
        complaints = (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error)
        self._guarded = Guarded(self.url, complaints)
        self._host_guarded = Guarded(self.url, complaints, "joined")
        self._connecting = Guarded(self.url, complaints, "connecting")

    # --- the tables ----------------------------------------------------------------------------------------------

    def upgrade(self, connection: HostConnection = None) -> tuple[str | None, str]:
        """Bring the tables to this version, all or nothing; in a host's transaction, if one is given.

        Then `connection` is a Connection or a Session of SQLAlchemy. The revision before, None when there were no
        tables, and after. Raises OtherSchema for tables of a newer version, BadConnection, StoreUnavailable.
        """
        if connection is not None:
            connection = of_sqlalchemy(connection)
            with self._guarded, lent(connection, self.kind) as host:
                if self.kind == "sqlite" and not host.in_transaction:
                    connection.exec_driver_sql(self._begin.write)  # its driver begins none for a CREATE TABLE
                self._in_transaction(host)
                return self._upgraded(connection)
        with self._guarded, self._reading, self._connected() as own:
            own.exec_driver_sql(self._begin.write)
            revisions = self._upgraded(own)
            own.exec_driver_sql("COMMIT")
        return revisions

    def _upgraded(self, connection: Connection) -> tuple[str | None, str]:
        migrate.queue(connection)
        known = migrate.current(connection, self.schema)
        if known is not None:
            self._expect(known, REVISIONS)
        migrate.upgrade(connection, self.schema)
        return known, REVISIONS[-1]

    def check(self, connection: HostConnection = None) -> str:
        """The revision of the tables, when it is this version's; else OtherSchema is raised. Creates no file."""
        with self._guarded:
            known = self._known() if connection is None else migrate.current(of_sqlalchemy(connection), self.schema)
        if known is None:
            raise OtherSchema(url=self.url, expected=REVISIONS[-1], actual="none", remedy="upgrade")
        self._expect(known, REVISIONS[-1:])
        return known

    def sql(self) -> str:
        """Every migration as SQL, for hosts that run it with tools of their own."""
        return migrate.sql(self.kind, self.schema)

    def _known(self) -> str | None:
        if self._existing is not None:
            self._engine.dialect.loaded_dbapi.connect(self._existing, uri=True).close()
        with self._reading, self._connected() as connection:
            return migrate.current(connection, self.schema)

    def _expect(self, known: str, fine: tuple[str, ...]) -> None:
        if known not in fine:
            remedy = "upgrade" if known in REVISIONS else "install"
            raise OtherSchema(url=self.url, expected=REVISIONS[-1], actual=known, remedy=remedy)

    def _connected(self) -> Connection:
        with self._connecting:
            return self._engine.connect()

    def scrub(self) -> bool:
        """Leave nothing of what was erased in the database's own files; whether that is so now.

        SQLite: the write-ahead log is emptied, for which every reader must be done; False when one was not, in time.
        PostgreSQL: the two small tables that hold values in clear are made anew, under a lock that nothing else may
        share (ACCESS EXCLUSIVE), held while they are copied; the role must own them. Raises StoreUnavailable.
        """
        with self._guarded, self._writing, self._reading, self._connected() as connection:
            for statement in self._statements.scrub:
                connection.exec_driver_sql(statement)
            if self.kind == "sqlite":
                busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
                return not busy
        return True

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()

    # --- transactions --------------------------------------------------------------------------------------------

    def write(
        self, connection: HostConnection = None, *, once: bool = False, steady: bool = False
    ) -> AbstractContextManager[Transaction]:
        """A writing transaction: committed at the end, rolled back on any error.

        On a host's connection it is a savepoint in the host's transaction, which the host commits. `once` promises
        that at most one `append` is made: where one statement does that, no transaction is opened round it. `steady`:
        all that is read is one picture, and a race is lost where another writer has changed it.
        """
        if connection is not None:
            return self._joined(connection)
        begin = self._begin.steady if steady else self._begin.once if once else self._begin.write
        return self._own(self._writing, begin, partial(Committing, self.kind))

    def read(self, connection: HostConnection = None) -> AbstractContextManager[Transaction]:
        """Statements that each stand alone: enough for a row and the entries up to it, which never change."""
        return self._lent(connection) if connection is not None else self._own(self._reading, None)

    def snapshot(self) -> AbstractContextManager[Transaction]:
        """One consistent picture of everything, however long it is read."""
        return self._own(self._reading, self._begin.snapshot)

    @contextmanager
    def _own(
        self,
        turn: AbstractContextManager[None],
        begin: str | None,
        ending: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> Iterator[Transaction]:
        """On a connection of our own, in its turn."""
        with self._guarded, turn:
            with self._connecting:
                pooled = self._engine.raw_connection()
            connection: Any = pooled.dbapi_connection
            try:
                cursor = connection.cursor()
                if begin is not None:
                    cursor.execute(begin)
                try:
                    transaction = Transaction(cursor, self._statements, locking=begin is not None)
                    yield transaction
                except Abandoned:
                    connection.rollback()
                else:
                    with ending():
                        transaction.flush()
                        connection.commit()
            except BaseException:
                self._undo(pooled)
                raise
            finally:
                pooled.close()

    def _undo(self, pooled: Any) -> None:
        """Roll back; where the connection is gone the server has done so, and its siblings are not to be trusted."""
        try:
            pooled.rollback()
        except self._engine.dialect.loaded_dbapi.Error:
            pooled.invalidate()
            self._engine.dispose()

    @contextmanager
    def _lent(self, connection: HostConnection) -> Iterator[Transaction]:
        with self._host_guarded, lent(connection, self.kind) as host:
            yield Transaction(host.cursor, self._statements)

    @contextmanager
    def _joined(self, connection: HostConnection) -> Iterator[Transaction]:
        with suppress(Abandoned), self._host_guarded, lent(connection, self.kind) as host:
            transaction = Transaction(host.cursor, self._statements, pipelined=host.pipelined)
            self._begun(host, transaction)
            with savepoint(host.cursor):
                yield transaction
                transaction.flush()

    def _begun(self, host: Lent, transaction: Transaction) -> None:
        """SQLite: our first statement is a write, or a deferred transaction would read first and lose its lock."""
        if self.kind == "sqlite":
            transaction.run("touch")
        self._in_transaction(host)

    def _in_transaction(self, host: Lent) -> None:
        if not host.in_transaction:
            raise BadConnection(expected="transaction", actual="autocommit")


class _Turn:
    """A lock that one waits for, but not for ever. Safe to share between threads, as it must be."""

    def __init__(self, url: str, seconds: float) -> None:
        self._url = url
        self._seconds = seconds
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=self._seconds):
            raise StoreUnavailable(url=self._url, reason="locked")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _engine(url: URL, busy_seconds: float) -> Engine:
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory(url) else {}
    options["pool_reset_on_return"] = None  # what was begun has ended by then
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {
            "check_same_thread": False,
            "timeout": busy_seconds,
            "isolation_level": None,  # or the driver begins transactions behind our back
        }
    else:
        options["isolation_level"] = "AUTOCOMMIT"  # likewise: transactions begin where we say so
        options["pool_timeout"] = busy_seconds
        options["connect_args"] = {"client_encoding": "UTF8"}  # whatever the environment or the server prefers
    try:
        if url.get_dialect().is_async:
            raise StoreUnavailable(url=shown(url), reason="asynchronous")
        return create_engine(url, **options)
    except (ImportError, NoSuchModuleError):
        raise StoreUnavailable(url=shown(url), reason="driver") from None
    except (ArgumentError, ValueError):
        raise StoreUnavailable(url=shown(url), reason="url") from None


def _settings(kind: str, synchronous: str, busy_seconds: float) -> tuple[str, ...]:
    """How a new connection is told to behave. What is erased is overwritten, not only unlinked."""
    if kind == "sqlite":
        return ("PRAGMA journal_mode=WAL", f"PRAGMA synchronous={synchronous}", "PRAGMA secure_delete=ON")
    return (
        f"SET lock_timeout = {max(round(busy_seconds * 1000), 1)}",  # 0 would be for ever
        "SET default_transaction_isolation = 'read committed'",  # what locks and compare-and-set are made for
    )


def _tune(engine: Engine, statements: tuple[str, ...]) -> None:
    def on_connect(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for statement in statements:
            _patiently(cursor, statement, engine.dialect.loaded_dbapi.OperationalError)
        cursor.close()

    event.listen(engine, "connect", on_connect)


def _patiently(cursor: Any, statement: str, refused: type[Exception], turns: int = 100) -> None:
    """SQLite does not wait its turn to change how a file is journalled; so wait for whoever has it, and ask again."""
    try:
        cursor.execute(statement)
    except refused as error:
        if "locked" not in str(error) or not turns:
            raise
        cursor.execute("BEGIN EXCLUSIVE")
        cursor.execute("ROLLBACK")
        _patiently(cursor, statement, refused, turns - 1)
