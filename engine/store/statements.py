"""Every statement, written once in SQLAlchemy Core and compiled once per database, then run on the driver's cursor.

Built per call, Core would cost more than all the rest of an apply together. Parameters are named after columns, so
that one set of values serves every statement of an append.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
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
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.expression import ClauseElement

from engine.store.erasure_statements import ERASURE_STATEMENTS, erasure_statements, scrubbing
from engine.store.extract_statements import extract_statements
from engine.store.filters import LISTED, Shape, listing
from engine.store.log_statements import log_statements
from engine.store.schema import case, entry, filter_, outbox, pending, personal, revision, rules, subscription

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


def _matches(tags: Any) -> Any:
    """A subscription whose filter finds the entry's tag in each field that it names."""
    tag = filter_.c.field + literal_column("':'") + filter_.c.value
    found = select(func.count(func.distinct(filter_.c.field))).where(
        filter_.c.adapter == subscription.c.adapter, tag.in_(tags)
    )
    return or_(subscription.c.fields == literal_column("0"), subscription.c.fields == found.scalar_subquery())


def _queued(tags: Any) -> Select[Any]:
    """A row of the outbox for each subscription that matches."""
    return select(
        subscription.c.adapter,
        *_given(outbox, "shop", "case_id", "seq"),
        literal_column("0").label("attempts"),
        *_given(outbox, "queued_at", "due_at"),
    ).where(_matches(tags))


def _queued_for(tags: Any, kind: Any) -> Any:
    """The same for one adapter; what waits for it already is left as it is."""
    rows = _queued(tags).where(subscription.c.adapter == bindparam("adapter", type_=String()))
    return kind(outbox).from_select([column.name for column in rows.selected_columns], rows).on_conflict_do_nothing()


def _append_at_once(tags: Any) -> Select[Any]:
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
        _insert_from(outbox, _queued(tags).select_from(subscription, moved)),
        _insert_from(pending, select(*_given(pending, "shop", "case_id", "seq")).select_from(moved)),
        _insert_from(
            personal,
            select(
                *_given(personal, "shop", "case_id", "seq", "subject"), kept.c.path, kept.c.salt, kept.c.value
            ).select_from(moved, kept),
        ),
    )
    ctes = [write.cte(f"write_{number}") for number, write in enumerate(writes)]
    return select(literal_column("1")).select_from(moved).add_cte(*ctes)


_earlier = outbox.alias("earlier")
_head = outbox.alias("head")
_LETTER = [column for column in outbox.c if column.name != "claim"]
_is_dead = outbox.c.dead_at.is_not(None)
_chosen = or_(outbox.c.id == bindparam("row"), outbox.c.adapter == bindparam("adapter"))


def _same_lane(one: Any, other: Any) -> Any:
    """Rows of one adapter and one case, whose order is kept."""
    return and_(*(one.c[name] == other.c[name] for name in ("adapter", "shop", "case_id")))


def _claim() -> Any:
    """Take the first rows of cases that are due, until a time at which somebody else may.

    PostgreSQL skips what others are taking.
    """
    due = (
        select(outbox.c.id)
        .where(
            outbox.c.adapter == bindparam("adapter"),
            outbox.c.due_at <= bindparam("now"),
            ~_is_dead,
            ~select(subscription.c.adapter)
            .where(subscription.c.adapter == outbox.c.adapter, subscription.c.stopped.is_not(None))
            .exists(),
            ~select(_earlier.c.id).where(_same_lane(_earlier, outbox), _earlier.c.seq < outbox.c.seq).exists(),
        )
        .order_by(outbox.c.due_at)
        .limit(bindparam("lanes"))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    return (
        update(outbox)
        .where(outbox.c.id.in_(select(due.c.id)))
        .values(claim=bindparam("claim"), due_at=bindparam("until"))
        .returning(outbox.c.id)
    )


def _claimed(ids: Any) -> Select[Any]:
    """The rows of those cases from the first one on, with what is to be delivered."""
    return (
        select(outbox.c.id, outbox.c.shop, outbox.c.case_id, outbox.c.attempts, outbox.c.failing_since, entry.c.body)
        .select_from(
            _head.join(outbox, and_(_same_lane(outbox, _head), outbox.c.seq >= _head.c.seq)).join(
                entry, and_(*(entry.c[name] == outbox.c[name] for name in ("shop", "case_id", "seq")))
            )
        )
        .where(_head.c.id.in_(ids), outbox.c.seq < _head.c.seq + bindparam("depth"))
        .order_by(_head.c.id, outbox.c.seq)
    )


STATEMENTS: Mapping[str, ClauseElement] = MappingProxyType(
    {
        **ERASURE_STATEMENTS,
        "touch": update(revision).values(version_num=revision.c.version_num),
        "lock_case": _lock.with_for_update(),
        "peek_case": _lock,
        "head": select(*_HEAD).where(_this_case),
        "case": select(*_ROW).where(_this_case),
        "answered": select(entry.c.body).where(_answered),
        "entries": select(entry.c.body)
        .where(_of_case, entry.c.seq > bindparam("after"), entry.c.seq <= bindparam("until"))
        .order_by(entry.c.seq),
        "all_entries": select(*_place, entry.c.command_id, entry.c.body, entry.c.seal)
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
        "insert_personal": _insert(personal),
        "rules": select(rules.c.body).where(rules.c.digest == bindparam("digest")),
        "all_rules": select(rules.c.digest, rules.c.body).order_by(rules.c.digest),
        "claim": _claim(),
        "hold": update(outbox)
        .where(outbox.c.id == bindparam("row"))
        .values(claim=bindparam("claim"), due_at=bindparam("until")),
        "put_off": update(outbox)
        .where(outbox.c.id == bindparam("row"), outbox.c.attempts == bindparam("tried"))
        .values(
            attempts=bindparam("tried") + 1,
            claim=null(),
            **{name: bindparam(name) for name in ("due_at", "failing_since", "error", "dead_at")},
        ),
        "release": update(outbox)
        .where(outbox.c.claim == bindparam("round"))
        .values(claim=null(), due_at=bindparam("due_at")),
        "stop": update(subscription)
        .where(subscription.c.adapter == bindparam("rests"))
        .values(stopped=bindparam("stopped")),
        "letters": select(*_LETTER)
        .where(
            outbox.c.id > bindparam("after"),
            or_(cast(bindparam("adapter"), String).is_(None), outbox.c.adapter == bindparam("adapter")),
            or_(cast(bindparam("dead"), Integer) == 0, _is_dead),
            or_(cast(bindparam("late"), String).is_(None), and_(~_is_dead, outbox.c.queued_at < bindparam("late"))),
        )
        .order_by(outbox.c.id)
        .limit(bindparam("limit")),
        "letter": select(*_LETTER).where(outbox.c.id == bindparam("row")),
        "retry": update(outbox)
        .where(_chosen, _is_dead)
        .values(attempts=0, failing_since=null(), dead_at=null(), claim=null(), due_at=bindparam("due_at")),
        "drop": delete(outbox).where(_chosen, _is_dead),
        "counts": select(
            outbox.c.adapter,
            func.count().filter(~_is_dead),
            func.count().filter(~_is_dead, outbox.c.queued_at < bindparam("late")),
            func.count().filter(_is_dead),
            func.min(outbox.c.queued_at),
        )
        .group_by(outbox.c.adapter)
        .order_by(outbox.c.adapter),
        "subscriptions": select(subscription.c.adapter, subscription.c.begins_at, subscription.c.stopped).order_by(
            subscription.c.adapter
        ),
        "filters": select(filter_.c.field, filter_.c.value)
        .where(filter_.c.adapter == bindparam("adapter"))
        .order_by(filter_.c.field, filter_.c.value),
        "insert_filter": _insert(filter_),
        "delete_filters": delete(filter_).where(filter_.c.adapter == bindparam("adapter")),
        "unsubscribe": delete(subscription).where(subscription.c.adapter == bindparam("adapter")),
    }
)


def _own(kind: Any, tags: Any, ids: Any, listed: Callable[..., Any]) -> Mapping[str, ClauseElement]:
    """What each dialect spells in its own way: an INSERT that a row which is there does not stop, and lists."""
    given: dict[str, Any] = {name: bindparam(name) for name in ("fields", "begins_at", "stopped")}
    row: dict[str, Any] = {column.name: bindparam(column.name) for column in _ROW}
    return {
        "put_case": _insert(case, kind).on_conflict_do_update(index_elements=[*_case_key], set_=row),
        "keep_rules": kind(rules).values(digest=bindparam("digest"), body=bindparam("body")).on_conflict_do_nothing(),
        "subscribe": kind(subscription)
        .values(adapter=bindparam("adapter"), **given)
        .on_conflict_do_update(index_elements=["adapter"], set_=given),
        "queue": _insert_from(outbox, _queued(tags)),
        "queue_for": _queued_for(tags, kind),
        "claimed": _claimed(ids),
        "delivered": delete(outbox).where(outbox.c.id.in_(ids)),
        **erasure_statements(listed),
        **log_statements(kind, listed),
        **extract_statements(listed),
    }


def _each(function: str, kind: Any, name: str, made: Any = String) -> Select[Any]:
    """The items of a JSON list that is bound to a name."""
    listed = getattr(func, function)(cast(bindparam(name), kind)).table_valued("value", name=f"each_{name}")
    return select(cast(listed.c.value, made))


def _of_sqlite() -> Mapping[str, ClauseElement]:
    tags, ids = _each("json_each", String, "tags"), _each("json_each", String, "ids", Integer)
    return _own(sqlite.insert, tags, ids, partial(_each, "json_each", String))


def _of_postgresql() -> Mapping[str, ClauseElement]:
    tags = _each("jsonb_array_elements_text", JSONB, "tags")
    ids = _each("jsonb_array_elements_text", JSONB, "ids", BigInteger)
    own = _own(postgresql.insert, tags, ids, partial(_each, "jsonb_array_elements_text", JSONB))
    return {**own, "append": _append_at_once(tags)}


_OWN: Mapping[str, Mapping[str, ClauseElement]] = {"sqlite": _of_sqlite(), "postgresql": _of_postgresql()}
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
        self.scrub = () if dialect == "sqlite" else scrubbing(self._place)
        self.fence = None if dialect == "sqlite" else f"LOCK TABLE {self._place(entry)} IN SHARE MODE"

    def _place(self, table: Table) -> str:
        """A table's name as SQL spells it, for what Core has no statement for."""
        quoted = _DIALECTS[self._dialect].identifier_preparer.quote
        return f"{quoted(self._schema)}.{table.name}" if self._schema else table.name

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
