"""Migrations: Alembic on a connection that somebody else opened, and the SQL of them for hosts that run it themselves.

Must live here: how Alembic is told what to do. Must not be known here: any table, whose transaction it is.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from sqlalchemy import Connection, column, select, table, text

from engine.store.schema import REVISIONS, revision

if TYPE_CHECKING:
    from alembic.config import Config

_UPGRADING = 0x676F6E67  # "gong": the advisory lock that upgrades of one PostgreSQL database queue for


def current(connection: Connection, schema: str | None) -> str | None:
    """The revision that a database is at, or None when it has none of our tables."""
    if not connection.dialect.has_table(connection, revision.name, schema=schema):
        return None
    at: str | None = connection.scalar(select(column("version_num")).select_from(table(revision.name, schema=schema)))
    return at


def queue(connection: Connection) -> None:
    """Wait for whoever else is upgrading, until the end of the transaction; SQLite's writers queue anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADING})


def upgrade(connection: Connection, schema: str | None) -> None:
    """Bring a database to the newest revision, inside the connection's transaction."""
    from alembic import command  # noqa: PLC0415 - most processes never migrate, and need not load it

    command.upgrade(_config(connection=connection, schema=schema), REVISIONS[-1])


def sql(dialect: str, schema: str | None) -> str:
    """All migrations as the SQL of one kind of database."""
    from alembic import command  # noqa: PLC0415

    written = StringIO()
    command.upgrade(_config(written, dialect=dialect, schema=schema), REVISIONS[-1], sql=True)
    return written.getvalue()


def _config(output: StringIO | None = None, **given: object) -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config(output_buffer=output, attributes=given)
    config.set_main_option("script_location", "engine.store:migrations")
    config.set_main_option("path_separator", "os")
    return config
