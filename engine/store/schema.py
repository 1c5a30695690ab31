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
REVISIONS = ("0001", "0002", "0003", "0004")
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
Index(PREFIX + "personal_subject", personal.c.subject, personal.c.shop)

restricted = Table(
    PREFIX + "restricted",
    metadata,
    Column("shop", KEY, primary_key=True, comment="the shop"),
    Column("case_id", KEY, primary_key=True, comment="the case"),
    Column("seq", Integer, primary_key=True, comment="the entry that holds the commitment"),
    Column("path", String(100), primary_key=True, comment="the field in that entry"),
    Column("request", Integer, nullable=False, comment="the entry of the shop's ledger that restricted it"),
    Column("record_class", String(20), nullable=False, comment="the class of record, which says how long it is kept"),
    comment="Personal values that are only stored: nobody gets them, until they are erased.",
)
Index(PREFIX + "restricted_request", restricted.c.request, restricted.c.shop)

hold = Table(
    PREFIX + "hold",
    metadata,
    Column("shop", KEY, primary_key=True, comment="the shop"),
    Column("seq", Integer, primary_key=True, comment="the entry of the shop's ledger that placed it"),
    Column("subject", String(200), comment="whose values it keeps"),
    Column("case_id", KEY, comment="or the case whose values it keeps"),
    Column("reason", String(100), nullable=False, comment="a code that says why"),
    Column("placed_at", String(27), nullable=False, comment="when it was placed"),
    comment="Legal holds that are in force: what they are on is not erased.",
)

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

pending = Table(
    PREFIX + "pending",
    metadata,
    Column(
        "id",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
        comment="in the order of writing",
    ),
    Column("shop", KEY, nullable=False, comment="the shop"),
    Column("case_id", KEY, nullable=False, comment="the case"),
    Column("seq", Integer, nullable=False, comment="the entry"),
    comment="Entries that have no place in the log yet; a row goes when its entry gets one.",
    sqlite_autoincrement=True,
)

leaf = Table(
    PREFIX + "leaf",
    metadata,
    Column(
        "idx", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False, comment="the place"
    ),
    Column("shop", KEY, nullable=False, comment="the shop"),
    Column("case_id", KEY, nullable=False, comment="the case"),
    Column("seq", Integer, nullable=False, comment="the entry"),
    UniqueConstraint("shop", "case_id", "seq", name=PREFIX + "leaf_entry"),
    comment="The log: every entry of the journal in one order, without gaps.",
)

tile = Table(
    PREFIX + "tile",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False, comment="the height above the leaves, in tiles"),
    Column(
        "idx",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
        comment="the place of the tile in its level",
    ),
    Column("body", LargeBinary, nullable=False, comment="up to 256 hashes"),
    comment="The Merkle tree over the log, as C2SP tiles.",
)

head = Table(
    PREFIX + "head",
    metadata,
    Column("shop", KEY, primary_key=True, comment="the shop"),
    Column("case_id", KEY, primary_key=True, comment="the case"),
    Column("seq", Integer, nullable=False, comment="the last entry of the case that the heads entry covers"),
    Column("head", String(64), nullable=False, comment="its seal"),
    Column("row", String(64), nullable=False, comment="SHA-256 of the case row as it was"),
    comment="The leaves of the map of heads, as the last heads entry has it.",
)

page = Table(
    PREFIX + "page",
    metadata,
    Column("shop", KEY, primary_key=True, comment="whose cases; empty in the map of the shops"),
    Column("prefix", KEY, primary_key=True, comment="what the keys in it begin with, in hexadecimal"),
    Column("body", LargeBinary, nullable=False, comment="hashes and leaves below it"),
    comment="The maps of heads, as pages of a sparse Merkle tree.",
)

checkpoint = Table(
    PREFIX + "checkpoint",
    metadata,
    Column(
        "size",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
        comment="how many entries it covers; the last of them is its heads entry",
    ),
    Column("root", String(64), nullable=False, comment="the root of the tree over them"),
    Column("note", LargeBinary, comment="the signed note; nothing until it is signed"),
    comment="What the log was at some moments, signed.",
)

key = Table(
    PREFIX + "key",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False, comment="its entry in the log's own ledger"),
    Column("name", String(100), nullable=False, comment="the name of the key: the origin of the log"),
    Column("public", String(64), nullable=False, comment="the public key"),
    comment="The keys that sign checkpoints, oldest first: a projection of the journal.",
)
