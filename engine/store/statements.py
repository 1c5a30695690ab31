"""Every statement, written once in SQLAlchemy Core and compiled once per database, then run on the driver's cursor.

Built per call, Core would cost more than all the rest of an apply together.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy import (
    Insert,
    Integer,
    String,
    and_,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.expression import ClauseElement

from engine.store.schema import case, entry, outbox, personal, rules, subscription

_this_case = and_(case.c.shop == bindparam("shop"), case.c.case_id == bindparam("case_id"))
_of_case = and_(entry.c.shop == bindparam("shop"), entry.c.case_id == bindparam("case_id"))
_answered = and_(entry.c.shop == bindparam("shop"), entry.c.command_id == bindparam("command_id"))
_row = (
    case.c.workflow,
    case.c.rules,
    case.c.state,
    case.c.seq,
    case.c.version,
    case.c.head,
    case.c.recorded_at,
)
_listed = (case.c.case_id, *_row)
_place = (entry.c.shop, entry.c.case_id, entry.c.seq)


def _columns(table_insert: Insert, *names: str) -> Insert:
    return table_insert.values({name: bindparam(name) for name in names})


_DUE = and_(
    outbox.c.adapter == bindparam("adapter"), outbox.c.due_at <= bindparam("now"), outbox.c.attempts < bindparam("most")
)
_earlier = outbox.alias("earlier")

STATEMENTS: Mapping[str, ClauseElement] = MappingProxyType(
    {
        "lock_case": select(*_row, select(entry.c.case_id).where(_answered).scalar_subquery().label("answered"))
        .where(_this_case)
        .with_for_update(),
        "case": select(*_row).where(_this_case),
        "answered": select(entry.c.case_id, entry.c.seq, entry.c.body).where(_answered),
        "entries": select(entry.c.body, entry.c.seal)
        .where(_of_case, entry.c.seq > bindparam("after"))
        .order_by(entry.c.seq),
        "all_entries": select(*_place, entry.c.body, entry.c.seal)
        .where(tuple_(*_place) > tuple_(*(bindparam(column.name, type_=column.type) for column in _place)))
        .order_by(*_place)
        .limit(bindparam("limit")),
        "all_cases": select(case.c.shop, *_listed)
        .where(
            tuple_(case.c.shop, case.c.case_id) > tuple_(bindparam("shop", String()), bindparam("case_id", String()))
        )
        .order_by(case.c.shop, case.c.case_id)
        .limit(bindparam("limit")),
        "insert_entry": _columns(insert(entry), "shop", "case_id", "seq", "command_id", "body", "seal"),
        "insert_case": _columns(
            insert(case),
            "shop",
            "case_id",
            "workflow",
            "rules",
            "state",
            "seq",
            "version",
            "head",
            "recorded_at",
        ),
        "move_case": update(case)
        .where(_this_case, case.c.head == bindparam("old_head"))
        .values({name: bindparam(name) for name in ("state", "seq", "version", "head", "recorded_at")}),
        "queue": insert(outbox).from_select(
            ["adapter", "shop", "case_id", "seq", "attempts", "due_at"],
            select(
                subscription.c.adapter,
                bindparam("to_shop", type_=String()),
                bindparam("to_case", type_=String()),
                bindparam("to_seq", type_=Integer()),
                literal_column("0"),
                bindparam("now", type_=String()),
            ).where(
                subscription.c.workflow.in_((literal_column("'*'"), bindparam("workflow", type_=String()))),
                subscription.c.answer.in_((literal_column("'*'"), bindparam("answer", type_=String()))),
            ),
        ),
        "insert_personal": _columns(insert(personal), "shop", "case_id", "seq", "path", "subject", "salt", "value"),
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
        "insert_rules": _columns(insert(rules), "digest", "body"),
        "list_cases": select(*_listed)
        .where(case.c.shop == bindparam("shop"), case.c.case_id > bindparam("after"))
        .order_by(case.c.case_id)
        .limit(bindparam("limit")),
        "list_state": select(*_listed)
        .where(
            case.c.shop == bindparam("shop"),
            case.c.state == bindparam("state"),
            case.c.case_id > bindparam("after"),
        )
        .order_by(case.c.case_id)
        .limit(bindparam("limit")),
        "insert_subscription": _columns(insert(subscription), "adapter", "workflow", "answer"),
        "delete_subscription": delete(subscription).where(subscription.c.adapter == bindparam("adapter")),
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


class Compiled(NamedTuple):
    """A statement's text for one driver, and the constants that Core turned into parameters."""

    text: str
    constants: Mapping[str, object]


@cache
def compiled(dialect: str) -> Mapping[str, Compiled]:
    """All statements for one database, with named parameters as its driver wants them."""
    kind = {"sqlite": (sqlite.dialect, "named"), "postgresql": (postgresql.dialect, "pyformat")}[dialect]
    named = kind[0](paramstyle=kind[1])
    return MappingProxyType({name: _compile(statement, named) for name, statement in STATEMENTS.items()})


def _compile(statement: ClauseElement, dialect: Dialect) -> Compiled:
    made = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    return Compiled(str(made), {name: value for name, value in made.params.items() if value is not None})
