"""The tables. `shop` leads every key: it is what one shards, bills and audits by.

An entry's columns are projections of its `body`, never evidence. Times are UTC text of fixed width, so that they sort
and mean the same in every database. What is changed here needs a migration beside it (`engine/store/migrations`).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
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
KEY = String(100).with_variant(String(100, collation="C"), "postgresql")
"""A key sorts by its bytes in every database, whatever the language of the host's."""
REVISIONS = ("0001", "0002")
"""Every revision of the tables, oldest first; the last is what this version of the package works with."""

metadata = MetaData()

revision = Table(
    PREFIX + "schema_version",
    metadata,
    Column("version_num", String(32), primary_key=True, comment="the revision that these tables are at"),
    comment="Alembic's own version table, apart from the host's.",
)

rules = Table(
    PREFIX + "rules",
    metadata,
    Column("digest", String(64), primary_key=True, comment="SHA-256 of the body"),
    Column("body", LargeBinary, nullable=False, comment="canonical JSON: table, clauses, figures, event schemas"),
    comment="The rules that cases are pinned to, as data.",
)

entry = Table(
    PREFIX + "entry",
    metadata,
    Column("shop", KEY, primary_key=True, comment="the shop"),
    Column("case_id", KEY, primary_key=True, comment="the case"),
    Column("seq", Integer, primary_key=True, comment="the place in the case's chain, from 1"),
    Column("command_id", String(100), nullable=False, comment="the idempotency key that was answered"),
    Column("body", LargeBinary, nullable=False, comment="the sealed bytes: the only evidence in this row"),
    Column("seal", String(64), nullable=False, comment="SHA-256 of a zero byte and the body"),
    UniqueConstraint("shop", "command_id", name=PREFIX + "entry_command"),
    comment="The journal: every answer, refusals too. Rows are added, never changed or removed.",
)

case = Table(
    PREFIX + "case",
    metadata,
    Column("shop", KEY, primary_key=True, comment="the shop"),
    Column("case_id", KEY, primary_key=True, comment="the case"),
    Column("workflow", String(60), nullable=False, comment="the workflow"),
    Column("rules", String(64), nullable=False, comment="digest of the rules that the case is pinned to"),
    Column("state", String(60), nullable=False, comment="the state it is in"),
    Column("is_open", Boolean, nullable=False, comment="whether that state is not an end"),
    Column("advisor", String(100), comment="id of the advisor who last moved it"),
    Column("promised_at", String(27), comment="the time promised to the customer, while it is outstanding"),
    Column("seq", Integer, nullable=False, comment="how many answers it has had"),
    Column("version", Integer, nullable=False, comment="how many of them were accepted"),
    Column("head", String(64), nullable=False, comment="seal of the last entry: what the next one is sealed to"),
    Column("recorded_at", String(27), nullable=False, comment="when the last entry was recorded"),
    comment="One row a case, for lists and locks: a projection of the journal (`gongdan db rebuild`).",
)
Index(PREFIX + "case_state", case.c.shop, case.c.state, case.c.case_id)
Index(PREFIX + "case_open", case.c.shop, case.c.is_open, case.c.case_id)
Index(PREFIX + "case_advisor", case.c.shop, case.c.advisor, case.c.is_open, case.c.case_id)
Index(PREFIX + "case_promised", case.c.shop, case.c.promised_at)

personal = Table(
    PREFIX + "personal",
    metadata,
    Column("shop", KEY, primary_key=True, comment="the shop"),
    Column("case_id", KEY, primary_key=True, comment="the case"),
    Column("seq", Integer, primary_key=True, comment="the entry that holds the commitment"),
    Column("path", String(100), primary_key=True, comment="the field in that entry"),
    Column("subject", String(200), nullable=False, comment="whose value it is: what `forget` is asked by"),
    Column("salt", LargeBinary, nullable=False, comment="what the commitment was salted with"),
    Column("value", String, nullable=False, comment="the value in clear"),
    comment="Personal values and their salts, kept beside the journal so that they can be erased.",
)
Index(PREFIX + "personal_subject", personal.c.shop, personal.c.subject)

subscription = Table(
    PREFIX + "subscription",
    metadata,
    Column("adapter", String(100), primary_key=True, comment="the adapter's name"),
    Column("fields", Integer, nullable=False, comment="how many fields its filter names"),
    Column("begins_at", String(27), nullable=False, comment="it begins with the entries recorded from here on"),
    Column("stopped", String(500), comment="why nothing is carried to it at present"),
    comment="Who gets entries.",
)

filter_ = Table(
    PREFIX + "filter",
    metadata,
    Column("adapter", String(100), primary_key=True, comment="whose filter"),
    Column("field", String(10), primary_key=True, comment="workflows, events, answers, clauses or shops"),
    Column("value", String(100), primary_key=True, comment="one of the values that pass"),
    comment="Which entries an adapter gets: in each field named here, one of these.",
)

outbox = Table(
    PREFIX + "outbox",
    metadata,
    Column(
        "id",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
        comment="in the order of queueing",
    ),
    Column("adapter", String(100), nullable=False, comment="who is to get the entry"),
    Column("shop", KEY, nullable=False, comment="the shop"),
    Column("case_id", KEY, nullable=False, comment="the case"),
    Column("seq", Integer, nullable=False, comment="the entry"),
    Column("attempts", Integer, nullable=False, comment="how often delivery failed"),
    Column("queued_at", String(27), nullable=False, comment="since when it waits"),
    Column("due_at", String(27), nullable=False, comment="not before this time; while a worker has it, till when"),
    Column("failing_since", String(27), comment="when delivery failed first"),
    Column("error", String(500), comment="why delivery failed last"),
    Column("claim", String(100), comment="the worker's round that has it"),
    Column("dead_at", String(27), comment="when it was given up: a dead letter"),
    comment="Entries on their way out; a row goes when its entry has arrived.",
    sqlite_autoincrement=True,  # or SQLite gives the id of a delivered row to a new one
)
Index(PREFIX + "outbox_lane", outbox.c.adapter, outbox.c.shop, outbox.c.case_id, outbox.c.seq, unique=True)
Index(PREFIX + "outbox_due", outbox.c.adapter, outbox.c.due_at)
