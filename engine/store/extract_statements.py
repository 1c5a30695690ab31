"""The statements of an extract: entries of a scope, heads and personal values. `statements.py` compiles them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, or_, select, tuple_
from sqlalchemy import String as Text
from sqlalchemy import cast as as_type
from sqlalchemy.sql.expression import ClauseElement

from engine.store.erasure_statements import restriction
from engine.store.schema import entry, head, leaf, personal

_PLACE = ("shop", "case_id", "seq")


def _same(one: Any, other: Any) -> Any:
    """Rows of the same entry."""
    return and_(*(one.c[name] == other.c[name] for name in _PLACE))


def _after(*key: Any) -> Any:
    """Rows behind the last one of a page."""
    return tuple_(*key) > tuple_(*(bindparam(column.name, type_=column.type) for column in key))


def extract_statements(listed: Callable[..., Any]) -> Mapping[str, ClauseElement]:
    """All of them, by name; `listed` is a list that is bound to a name."""
    place = [leaf.c[name] for name in _PLACE]
    indexes = leaf.c.idx.in_(listed("indexes", BigInteger))
    of_case = or_(as_type(bindparam("case_id"), Text).is_(None), personal.c.case_id == bindparam("case_id"))
    free = ~restriction(personal)  # what is only stored leaves for nobody
    return {
        "placed": select(leaf.c.idx, *place, entry.c.body)
        .join_from(leaf, entry, _same(leaf, entry))
        .where(_after(*place), leaf.c.idx < bindparam("until"))
        .order_by(*place)
        .limit(bindparam("limit")),
        "chosen": select(leaf.c.idx, *place, entry.c.body)
        .join_from(leaf, entry, _same(leaf, entry))
        .where(indexes)
        .order_by(leaf.c.idx),
        "head_shops": select(head.c.shop).distinct(),
        "head_cases": select(head.c.case_id)
        .where(head.c.shop == bindparam("shop"), head.c.case_id > bindparam("after"))
        .order_by(head.c.case_id)
        .limit(bindparam("limit")),
        "some_heads": select(head.c.case_id, head.c.seq, head.c.head, head.c.row).where(
            head.c.shop == bindparam("shop"), head.c.case_id.in_(listed("cases"))
        ),
        "kept_of": select(leaf.c.idx, personal.c.path)
        .join_from(personal, leaf, _same(personal, leaf))
        .where(
            personal.c.shop == bindparam("shop"),
            of_case,
            free,
            or_(personal.c.subject.in_(listed("subjects")), personal.c.path.in_(listed("paths"))),
        )
        .order_by(leaf.c.idx),
        "kept_at": select(leaf.c.idx, *place, personal.c.path, personal.c.salt, personal.c.value)
        .join_from(leaf, personal, _same(leaf, personal))
        .where(indexes, free)
        .order_by(leaf.c.idx, personal.c.path),
    }
