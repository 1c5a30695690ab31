"""The tables of the database, from the schema that makes them."""

from __future__ import annotations

from sqlalchemy import Column, Dialect, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateColumn, CreateIndex

from engine.store.schema import metadata
from tests.reference.markdown import blocks, code, fenced, table

_SQLITE, _POSTGRESQL = sqlite.dialect(), postgresql.dialect()


def tables() -> str:
    """Every table with its columns, keys and indexes."""
    return blocks(*(_table(one) for one in metadata.tables.values()))


def _table(one: Table) -> str:
    rows = [
        (code(column.name), _type(column, _SQLITE), _type(column, _POSTGRESQL), _null(column), column.comment or "")
        for column in one.columns
    ]
    return blocks(
        f"## `{one.name}`",
        one.comment or "",
        table(("column", "SQLite", "PostgreSQL", "null", "meaning"), rows),
        _keys(one),
        _indexes(one),
    )


def _type(column: Column[object], dialect: Dialect) -> str:
    """The type as this database is told it, its default included."""
    words = str(CreateColumn(column).compile(dialect=dialect)).split()[1:]
    return code(" ".join(words).removesuffix(" NOT NULL"))


def _null(column: Column[object]) -> str:
    return "yes" if column.nullable else ""


def _keys(one: Table) -> str:
    keys = [("Primary key", one.primary_key.columns)]
    unique = sorted(
        (key for key in one.constraints if isinstance(key, UniqueConstraint)), key=lambda key: str(key.name)
    )
    keys += [(f"Unique (`{key.name}`)", key.columns) for key in unique]
    lines = [f"- {what}: {code(*(column.name for column in columns))}" for what, columns in keys]
    lines += [
        f"- Foreign key: {code(key.parent.name)} → `{key.target_fullname}`"
        for key in sorted(one.foreign_keys, key=lambda key: key.target_fullname)
    ]
    return "\n".join(lines)


def _indexes(one: Table) -> str:
    """The statements that make the indexes; one that differs between the databases stands here twice."""
    indexes = sorted(one.indexes, key=lambda index: str(index.name))
    made = [str(CreateIndex(index).compile(dialect=dialect)) for index in indexes for dialect in (_SQLITE, _POSTGRESQL)]
    return fenced("sql", "".join(f"{statement};\n" for statement in dict.fromkeys(made))) if made else ""


PARTS = {"tables": tables}
