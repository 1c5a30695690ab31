"""Delivery: filters of several fields, claims and dead letters. What is subscribed and what waits is kept."""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import BigInteger, Column, Integer, String, text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = String(100).with_variant(String(100, collation="C"), "postgresql")
_EPOCH = "1970-01-01T00:00:00.000000Z"


def upgrade() -> None:
    """Set the rows aside, make both tables anew and a third one, and put the rows back."""
    schema = context.config.attributes["schema"]
    place = f"{_quoted(schema)}.gongdan_" if schema else "gongdan_"
    for name in ("subscription", "outbox"):
        op.execute(text(f"CREATE TABLE {place}{name}_1 AS SELECT * FROM {place}{name}"))  # noqa: S608 - names of ours
        op.drop_table(f"gongdan_{name}", schema=schema)
    _create(schema)
    for field, column in (("workflows", "workflow"), ("answers", "answer")):
        op.execute(
            text(
                f"INSERT INTO {place}filter (adapter, field, value) "  # noqa: S608 - likewise
                f"SELECT adapter, '{field}', {column} FROM {place}subscription_1 WHERE {column} <> '*'"
            )
        )
    op.execute(
        text(
            f"INSERT INTO {place}subscription (adapter, fields, begins_at) SELECT adapter, "  # noqa: S608 - likewise
            f"(SELECT count(*) FROM {place}filter AS f WHERE f.adapter = s.adapter), '{_EPOCH}' "
            f"FROM {place}subscription_1 AS s"
        )
    )
    op.execute(
        text(
            f"INSERT INTO {place}outbox (adapter, shop, case_id, seq, attempts, queued_at, due_at) "  # noqa: S608 - likewise
            f"SELECT adapter, shop, case_id, seq, 0, due_at, due_at FROM {place}outbox_1 ORDER BY id"
        )
    )
    for name in ("subscription", "outbox"):
        op.drop_table(f"gongdan_{name}_1", schema=schema)


def _quoted(schema: str) -> str:
    """A schema's name as a part of `text`, for which a colon would be a parameter."""
    return '"' + schema.replace('"', '""').replace(":", "\\:") + '"'


def _create(schema: str | None) -> None:
    op.create_table(
        "gongdan_subscription",
        Column("adapter", String(100), primary_key=True),
        Column("fields", Integer, nullable=False),
        Column("begins_at", String(27), nullable=False),
        Column("stopped", String(500)),
        schema=schema,
    )
    op.create_table(
        "gongdan_filter",
        Column("adapter", String(100), primary_key=True),
        Column("field", String(10), primary_key=True),
        Column("value", String(100), primary_key=True),
        schema=schema,
    )
    op.create_table(
        "gongdan_outbox",
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("adapter", String(100), nullable=False),
        Column("shop", KEY, nullable=False),
        Column("case_id", KEY, nullable=False),
        Column("seq", Integer, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("queued_at", String(27), nullable=False),
        Column("due_at", String(27), nullable=False),
        Column("failing_since", String(27)),
        Column("error", String(500)),
        Column("claim", String(100)),
        Column("dead_at", String(27)),
        schema=schema,
        sqlite_autoincrement=True,
    )
    lane = ["adapter", "shop", "case_id", "seq"]
    op.create_index("gongdan_outbox_lane", "gongdan_outbox", lane, unique=True, schema=schema)
    op.create_index("gongdan_outbox_due", "gongdan_outbox", ["adapter", "due_at"], schema=schema)
