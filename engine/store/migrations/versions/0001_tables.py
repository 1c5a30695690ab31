"""The tables as they were first released."""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, PrimaryKeyConstraint, String, UniqueConstraint

revision = "0001"
down_revision = None
branch_labels = ("gongdan",)
depends_on = None


KEY = String(100).with_variant(String(100, collation="C"), "postgresql")


def upgrade() -> None:
    """Create every table."""
    schema = context.config.attributes["schema"]
    op.create_table(
        "gongdan_rules",
        Column("digest", String(64), primary_key=True),
        Column("body", LargeBinary, nullable=False),
        schema=schema,
    )
    op.create_table(
        "gongdan_entry",
        Column("shop", KEY, nullable=False),
        Column("case_id", KEY, nullable=False),
        Column("seq", Integer, nullable=False),
        Column("command_id", String(100), nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("seal", String(64), nullable=False),
        PrimaryKeyConstraint("shop", "case_id", "seq"),
        UniqueConstraint("shop", "command_id", name="gongdan_entry_command"),
        schema=schema,
    )
    op.create_table(
        "gongdan_case",
        Column("shop", KEY, nullable=False),
        Column("case_id", KEY, nullable=False),
        Column("workflow", String(60), nullable=False),
        Column("rules", String(64), nullable=False),
        Column("state", String(60), nullable=False),
        Column("is_open", Boolean, nullable=False),
        Column("advisor", String(100)),
        Column("promised_at", String(27)),
        Column("seq", Integer, nullable=False),
        Column("version", Integer, nullable=False),
        Column("head", String(64), nullable=False),
        Column("recorded_at", String(27), nullable=False),
        PrimaryKeyConstraint("shop", "case_id"),
        schema=schema,
    )
    op.create_index("gongdan_case_state", "gongdan_case", ["shop", "state", "case_id"], schema=schema)
    op.create_index("gongdan_case_open", "gongdan_case", ["shop", "is_open", "case_id"], schema=schema)
    op.create_index("gongdan_case_advisor", "gongdan_case", ["shop", "advisor", "is_open", "case_id"], schema=schema)
    op.create_index("gongdan_case_promised", "gongdan_case", ["shop", "promised_at"], schema=schema)
    op.create_table(
        "gongdan_personal",
        Column("shop", KEY, nullable=False),
        Column("case_id", KEY, nullable=False),
        Column("seq", Integer, nullable=False),
        Column("path", String(100), nullable=False),
        Column("subject", String(200), nullable=False),
        Column("salt", LargeBinary, nullable=False),
        Column("value", String, nullable=False),
        PrimaryKeyConstraint("shop", "case_id", "seq", "path"),
        schema=schema,
    )
    op.create_index("gongdan_personal_subject", "gongdan_personal", ["shop", "subject"], schema=schema)
    op.create_table(
        "gongdan_subscription",
        Column("adapter", String(100), primary_key=True),
        Column("workflow", String(60), nullable=False),
        Column("answer", String(10), nullable=False),
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
        Column("due_at", String(27), nullable=False),
        Column("error", String(500)),
        schema=schema,
        sqlite_autoincrement=True,
    )
    op.create_index("gongdan_outbox_due", "gongdan_outbox", ["due_at"], schema=schema)


def downgrade() -> None:
    """There is nothing before: a journal is not thrown away by a migration."""
    message = "the first revision has none before it; drop the tables by hand if that is meant"
    raise NotImplementedError(message)
