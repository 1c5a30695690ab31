"""The log: a place for every entry, the tree over them, the map of heads, checkpoints and their keys."""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, UniqueConstraint, text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = String(100).with_variant(String(100, collation="C"), "postgresql")
LONG = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    """Create the tables; every entry that is there waits for its place."""
    schema = context.config.attributes["schema"]
    _create_places(schema)
    _create_proofs(schema)
    place = f"{_quoted(schema)}.gongdan_" if schema else "gongdan_"
    op.execute(
        text(
            f"INSERT INTO {place}pending (shop, case_id, seq) "  # noqa: S608 - names of ours
            f"SELECT shop, case_id, seq FROM {place}entry ORDER BY shop, case_id, seq"
        )
    )


def _quoted(schema: str) -> str:
    """A schema's name as a part of `text`, for which a colon would be a parameter."""
    return '"' + schema.replace('"', '""').replace(":", "\\:") + '"'


def _create_places(schema: str | None) -> None:
    op.create_table(
        "gongdan_pending",
        Column("id", LONG, primary_key=True, autoincrement=True),
        Column("shop", KEY, nullable=False),
        Column("case_id", KEY, nullable=False),
        Column("seq", Integer, nullable=False),
        schema=schema,
        sqlite_autoincrement=True,
    )
    op.create_table(
        "gongdan_leaf",
        Column("idx", LONG, primary_key=True, autoincrement=False),
        Column("shop", KEY, nullable=False),
        Column("case_id", KEY, nullable=False),
        Column("seq", Integer, nullable=False),
        UniqueConstraint("shop", "case_id", "seq", name="gongdan_leaf_entry"),
        schema=schema,
    )


def _create_proofs(schema: str | None) -> None:
    op.create_table(
        "gongdan_tile",
        Column("level", Integer, primary_key=True, autoincrement=False),
        Column("idx", LONG, primary_key=True, autoincrement=False),
        Column("body", LargeBinary, nullable=False),
        schema=schema,
    )
    op.create_table(
        "gongdan_head",
        Column("shop", KEY, primary_key=True),
        Column("case_id", KEY, primary_key=True),
        Column("seq", Integer, nullable=False),
        Column("head", String(64), nullable=False),
        Column("row", String(64), nullable=False),
        schema=schema,
    )
    op.create_table(
        "gongdan_page",
        Column("shop", KEY, primary_key=True),
        Column("prefix", KEY, primary_key=True),
        Column("body", LargeBinary, nullable=False),
        schema=schema,
    )
    op.create_table(
        "gongdan_checkpoint",
        Column("size", LONG, primary_key=True, autoincrement=False),
        Column("root", String(64), nullable=False),
        Column("note", LargeBinary),
        schema=schema,
    )
    op.create_table(
        "gongdan_key",
        Column("seq", Integer, primary_key=True, autoincrement=False),
        Column("name", String(100), nullable=False),
        Column("public", String(64), nullable=False),
        schema=schema,
    )
