"""What Alembic runs: our migrations, on the connection it is given, under a version table of our own."""

from __future__ import annotations

from alembic import context

from engine.store import schema

given = context.config.attributes
options = {
    "version_table": schema.revision.name,
    "version_table_schema": given["schema"],
    "target_metadata": schema.metadata,
    "transactional_ddl": False,  # the transaction is the caller's
}

if context.is_offline_mode():
    # "named", or a percent sign in a schema's name is doubled
    context.configure(
        dialect_name=given["dialect"], dialect_opts={"paramstyle": "named"}, literal_binds=True, **options
    )
else:
    context.configure(connection=given["connection"], **options)
with context.begin_transaction():
    context.run_migrations()
