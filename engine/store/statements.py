"""Every statement, written once in SQLAlchemy Core and compiled once per database, then run on the driver's cursor.

Built per call, Core would cost more than all the rest of an apply together. Parameters are named after columns, so
that one set of values serves every statement of an append.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    LargeBinary,
    Select,
    String,
    Table,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.expression import ClauseElement

from engine.store.filters import LISTED, Shape, listing
from engine.store.schema import case, entry, outbox, personal, revision, rules, subscription

_this_case = and_(case.c.shop == bindparam("shop"), case.c.case_id == bindparam("case_id"))
_of_case = and_(entry.c.shop == bindparam("shop"), entry.c.case_id == bindparam("case_id"))
_answered = and_(entry.c.shop == bindparam("shop"), entry.c.command_id == bindparam("command_id"))
_ROW = LISTED[1:]
_HEAD = (case.c.rules, case.c.seq, case.c.version, case.c.head)
_MOVED = ("state", "is_open", "advisor", "promised_at", "seq", "version", "head", "recorded_at")
_place = (entry.c.shop, entry.c.case_id, entry.c.seq)
_case_key = (case.c.shop, case.c.case_id)


def _after(*key: Any) -> Any:
    """Rows behind the last one of a page."""
    return tuple_(*key) > tuple_(*(bindparam(column.name, type_=column.type) for column in key))


def _insert(table: Table, kind: Any = insert) -> Any:
    return kind(table).values({column.name: bindparam(column.name) for column in table.c})


def _insert_from(table: Table, rows: Select[Any]) -> Any:
    return insert(table).from_select([column.name for column in rows.selected_columns], rows)


def _given(table: Table, *names: str) -> list[Any]:
    """Values of an entry as columns of a SELECT, cast without a length: a cast to a length would cut in silence."""
    return [cast(bindparam(f"{name}_new"), type(table.c[name].type)()).label(name) for name in names]


_lock = select(*_HEAD, select(entry.c.case_id).where(_answered).scalar_subquery().label("answered")).where(_this_case)
_move = (
    update(case)
    .where(_this_case, case.c.head == bindparam("old_head"))
    .values({name: bindparam(name) for name in _MOVED})
)
_subscribed = and_(
    subscription.c.workflow.in_((literal_column("'*'"), bindparam("workflow", type_=String()))),
    subscription.c.answer.in_((literal_column("'*'"), bindparam("answer", type_=String()))),
)
_queued = select(
    subscription.c.adapter,
    *_given(outbox, "shop", "case_id", "seq"),
    literal_column("0").label("attempts"),
    *_given(outbox, "due_at"),
).where(_subscribed)


def _append_at_once() -> Select[Any]:
    """PostgreSQL: move the row by compare-and-set and, if it moved, write all the rest, in one round trip."""
    moved = _move.returning(case.c.shop).cte("moved")
    kept = (
        func.unnest(
            cast(bindparam("paths"), ARRAY(String)),
            cast(bindparam("salts"), ARRAY(LargeBinary)),
            cast(bindparam("values"), ARRAY(String)),
        )
        .table_valued("path", "salt", "value", name="kept")
        .render_derived()
    )
    writes = (
        _insert_from(entry, select(*_given(entry, *entry.c.keys())).select_from(moved)),
        _insert_from(outbox, _queued.select_from(subscription, moved)),
        _insert_from(
            personal,
            select(
                *_given(personal, "shop", "case_id", "seq", "subject"), kept.c.path, kept.c.salt, kept.c.value
            ).select_from(moved, kept),
        ),
    )
    ctes = [write.cte(f"write_{number}") for number, write in enumerate(writes)]
    return select(literal_column("1")).select_from(moved).add_cte(*ctes)


_DUE = and_(
    outbox.c.adapter == bindparam("adapter"), outbox.c.due_at <= bindparam("now"), outbox.c.attempts < bindparam("most")
)
_earlier = outbox.alias("earlier")

STATEMENTS: Mapping[str, ClauseElement] = MappingProxyType(
    {
        "touch": update(revision).values(version_num=revision.c.version_num),
        "lock_case": _lock.with_for_update(),
        "peek_case": _lock,
        "head": select(*_HEAD).where(_this_case),
        "case": select(*_ROW).where(_this_case),
        "answered": select(entry.c.body).where(_answered),
        "entries": select(entry.c.body)
        .where(_of_case, entry.c.seq > bindparam("after"), entry.c.seq <= bindparam("until"))
        .order_by(entry.c.seq),
        "all_entries": select(*_place, entry.c.body, entry.c.seal)
        .where(_after(*_place))
        .order_by(*_place)
        .limit(bindparam("limit")),
        "all_cases": select(case.c.shop, *LISTED)
        .where(_after(*_case_key))
        .order_by(*_case_key)
        .limit(bindparam("limit")),
        "case_ids": select(entry.c.shop, entry.c.case_id)
        .where(entry.c.seq == 1, _after(entry.c.shop, entry.c.case_id))
        .order_by(entry.c.shop, entry.c.case_id)
        .limit(bindparam("limit")),
        "insert_entry": _insert(entry),
        "insert_case": _insert(case),
        "drop_orphans": delete(case).where(
            ~select(entry.c.seq)
            .where(entry.c.shop == case.c.shop, entry.c.case_id == case.c.case_id)
            .correlate(case)
            .exists()
        ),
        "move_case": _move,
        "queue": _insert_from(outbox, _queued),
        "insert_personal": _insert(personal),
        "personal": select(personal.c.path, personal.c.salt, personal.c.value).where(
            personal.c.shop == bindparam("shop"),
            personal.c.case_id == bindparam("case_id"),
            personal.c.seq == bindparam("seq"),
        ),
        "forget": delete(personal).where(
            personal.c.shop == bindparam("shop"), personal.c.subject == bindparam("subject")
        ),
        "rules": select(rules.c.body).where(rules.c.digest == bindparam("digest")),
        "all_rules": select(rules.c.digest, rules.c.body).order_by(rules.c.digest),
        "due": select(outbox.c.id, outbox.c.attempts, entry.c.body)
        .select_from(
            outbox.join(
                entry,
                and_(
                    entry.c.shop == outbox.c.shop,
                    entry.c.case_id == outbox.c.case_id,
                    entry.c.seq == outbox.c.seq,
                ),
            )
        )
        .where(
            _DUE,
            ~select(_earlier.c.id)
            .where(
                _earlier.c.adapter == outbox.c.adapter,
                _earlier.c.shop == outbox.c.shop,
                _earlier.c.case_id == outbox.c.case_id,
                _earlier.c.id < outbox.c.id,
            )
            .exists(),
        )
        .order_by(outbox.c.id)
        .limit(bindparam("limit")),
        "delivered": delete(outbox).where(outbox.c.id == bindparam("id")),
        "failed": update(outbox)
        .where(outbox.c.id == bindparam("id"))
        .values(attempts=bindparam("attempts"), due_at=bindparam("due_at"), error=bindparam("error")),
    }
)


def _upserts(kind: Any) -> Mapping[str, ClauseElement]:
    """What a row that is there already does not stop; each dialect has its own INSERT for it."""
    given: dict[str, Any] = {name: bindparam(name) for name in ("workflow", "answer")}
    row: dict[str, Any] = {column.name: bindparam(column.name) for column in _ROW}
    return {
        "put_case": _insert(case, kind).on_conflict_do_update(index_elements=[*_case_key], set_=row),
        "keep_rules": kind(rules).values(digest=bindparam("digest"), body=bindparam("body")).on_conflict_do_nothing(),
        "subscribe": kind(subscription)
        .values(adapter=bindparam("adapter"), **given)
        .on_conflict_do_update(index_elements=["adapter"], set_=given),
    }


_OWN: Mapping[str, Mapping[str, ClauseElement]] = {
    "sqlite": _upserts(sqlite.insert),
    "postgresql": {**_upserts(postgresql.insert), "append": _append_at_once()},
}
_DIALECTS: Mapping[str, Any] = {
    "sqlite": sqlite.dialect(paramstyle="named"),
    "postgresql": postgresql.dialect(paramstyle="pyformat"),  # type: ignore[no-untyped-call]
}


class Compiled(NamedTuple):
    """A statement's text for one driver, and the constants that Core turned into parameters."""

    text: str
    constants: Mapping[str, object]


class Statements:
    """Every statement as text for one kind of database; the tables of ours are those of a schema, if one is given."""

    def __init__(self, dialect: str, schema: str | None) -> None:
        """Compile them all."""
        self._dialect = dialect
        self._schema = schema
        self._named = {name: self._compiled(each) for name, each in {**STATEMENTS, **_OWN[dialect]}.items()}
        self._lists: dict[Shape, Compiled] = {}
        self.append_at_once = "append" in self._named

    def __getitem__(self, name: str) -> Compiled:
        """A statement by name."""
        return self._named[name]

    def listing(self, shape: Shape) -> Compiled:
        """The statement of a list, compiled when a shape is first asked for."""
        if shape not in self._lists:
            self._lists[shape] = self._compiled(listing(shape))
        return self._lists[shape]

    def _compiled(self, statement: ClauseElement) -> Compiled:
        schema: dict[str, Any] = (
            {"schema_translate_map": {None: self._schema}, "render_schema_translate": True} if self._schema else {}
        )
        made = statement.compile(
            dialect=_DIALECTS[self._dialect], compile_kwargs={"render_postcompile": True}, **schema
        )
        return Compiled(str(made), {name: value for name, value in made.params.items() if value is not None})


@cache
def compiled(dialect: str, schema: str | None = None) -> Statements:
    """All statements for one kind of database."""
    return Statements(dialect, schema)
