"""The tables. `shop` leads every key: it is what one shards, bills and audits by.

An entry's columns are projections of its `body`, never evidence. Times are UTC text of fixed width, so that they sort
and mean the same in every database.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

PREFIX = "gongdan_"
VERSION = "1"

metadata = MetaData()

meta = Table(
    PREFIX + "meta",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", String(200), nullable=False),
)

rules = Table(
    PREFIX + "rules",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

entry = Table(
    PREFIX + "entry",
    metadata,
    Column("shop", String(100), primary_key=True),
    Column("case_id", String(100), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("command_id", String(100), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("seal", String(64), nullable=False),
    UniqueConstraint("shop", "command_id", name=PREFIX + "entry_command"),
)

case = Table(
    PREFIX + "case",
    metadata,
    Column("shop", String(100), primary_key=True),
    Column("case_id", String(100), primary_key=True),
    Column("workflow", String(60), nullable=False),
    Column("rules", String(64), nullable=False),
    Column("state", String(60), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("head", String(64), nullable=False),
    Column("recorded_at", String(27), nullable=False),
)
Index(PREFIX + "case_state", case.c.shop, case.c.state, case.c.case_id)

personal = Table(
    PREFIX + "personal",
    metadata,
    Column("shop", String(100), primary_key=True),
    Column("case_id", String(100), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("path", String(100), primary_key=True),
    Column("subject", String(200), nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("value", String, nullable=False),
)
Index(PREFIX + "personal_subject", personal.c.shop, personal.c.subject)

subscription = Table(
    PREFIX + "subscription",
    metadata,
    Column("adapter", String(60), primary_key=True),
    Column("workflow", String(60), nullable=False),
    Column("answer", String(10), nullable=False),
)

outbox = Table(
    PREFIX + "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("adapter", String(60), nullable=False),
    Column("shop", String(100), nullable=False),
    Column("case_id", String(100), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", String(27), nullable=False),
    Column("error", String(500)),
    sqlite_autoincrement=True,  # or SQLite gives the id of a delivered row to a new one
)
Index(PREFIX + "outbox_due", outbox.c.due_at)
