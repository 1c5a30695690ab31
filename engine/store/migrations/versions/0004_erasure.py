"""Erasure: what is restricted, and what is on hold. Personal values stay out of the planner's statistics.

Of an index that began with the shop PostgreSQL would take that alone, where it has no statistics yet.
"""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import Column, Integer, String, text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = String(100).with_variant(String(100, collation="C"), "postgresql")
_CLEAR = ("subject", "salt", "value")


def upgrade() -> None:
    """Make both tables; PostgreSQL would keep samples of the values where no erasure reaches them."""
    schema = context.config.attributes["schema"]
    op.create_table(
        "gongdan_restricted",
        Column("shop", KEY, primary_key=True),
        Column("case_id", KEY, primary_key=True),
        Column("seq", Integer, primary_key=True),
        Column("path", String(100), primary_key=True),
        Column("request", Integer, nullable=False),
        Column("record_class", String(20), nullable=False),
        schema=schema,
    )
    op.create_index("gongdan_restricted_request", "gongdan_restricted", ["request", "shop"], schema=schema)
    op.drop_index("gongdan_personal_subject", "gongdan_personal", schema=schema)
    op.create_index("gongdan_personal_subject", "gongdan_personal", ["subject", "shop"], schema=schema)
    op.create_table(
        "gongdan_hold",
        Column("shop", KEY, primary_key=True),
        Column("seq", Integer, primary_key=True),
        Column("subject", String(200)),
        Column("case_id", KEY),
        Column("reason", String(100), nullable=False),
        Column("placed_at", String(27), nullable=False),
        schema=schema,
    )
    if context.get_context().dialect.name == "postgresql":
        for table, columns in (("personal", _CLEAR), ("hold", ("subject",))):
            _unsampled(f"{_quoted(schema)}.gongdan_{table}" if schema else f"gongdan_{table}", columns)


def _unsampled(table: str, columns: tuple[str, ...]) -> None:
    for column in columns:
        op.execute(text(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0"))


def _quoted(schema: str) -> str:
    """A schema's name as a part of `text`, for which a colon would be a parameter."""
    return '"' + schema.replace('"', '""').replace(":", "\\:") + '"'
