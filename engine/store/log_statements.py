"""The statements of the log: places, tiles, the map of heads, checkpoints. `statements.py` compiles them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import String as Text
from sqlalchemy import Table, and_, bindparam, cast, delete, func, literal_column, or_, select, update
from sqlalchemy.sql.expression import ClauseElement

from engine.store.filters import LISTED
from engine.store.schema import case, checkpoint, entry, head, key, leaf, page, pending, tile

_PLACE = ("shop", "case_id", "seq")


def _same(one: Any, other: Any, *names: str) -> Any:
    """Rows that agree in these columns."""
    return and_(*(one.c[name] == other.c[name] for name in names))


def _given(table: Table) -> dict[str, Any]:
    return {column.name: bindparam(column.name) for column in table.c}


def _put(kind: Any, table: Table, *names: str) -> Any:
    """An INSERT that takes the place of the row that is there."""
    given = _given(table)
    changed = {name: value for name, value in given.items() if name not in names}
    return kind(table).values(given).on_conflict_do_update(index_elements=[*names], set_=changed)


def _sequenced() -> Any:
    """Places for the entries that wait, up to one of them, in the order in which they were written."""
    number: Any = bindparam("first") + func.row_number().over(order_by=pending.c.id) - literal_column("1")
    rows = (
        select(number, *(pending.c[name] for name in _PLACE))
        .join_from(pending, entry, _same(pending, entry, *_PLACE))
        .where(pending.c.id <= bindparam("last"))
    )
    return leaf.insert().from_select(["idx", *_PLACE], rows)


def _moved() -> Any:
    """The last entry of each case that has got a place since, with its seal and the case's row as it is."""
    later = leaf.alias("later")
    is_last = ~(
        select(later.c.seq)
        .where(_same(later, leaf, "shop", "case_id"), later.c.seq == leaf.c.seq + literal_column("1"))
        .exists()
    )
    return (
        select(leaf.c.shop, leaf.c.case_id, leaf.c.seq, entry.c.seal, *LISTED)
        .select_from(
            leaf.join(entry, _same(leaf, entry, *_PLACE)).outerjoin(case, _same(leaf, case, "shop", "case_id"))
        )
        .where(leaf.c.idx >= bindparam("first"), is_last)
        .order_by(leaf.c.idx)  # by shop and case, SQLite would read the whole log
    )


def _leaves() -> Any:
    """Entries by place: of every case, or of one shop or case."""
    return (
        select(leaf.c.idx, *(leaf.c[name] for name in _PLACE), entry.c.body)
        .join_from(leaf, entry, _same(leaf, entry, *_PLACE))
        .where(leaf.c.idx > bindparam("after"), leaf.c.idx < bindparam("until"))
        .order_by(leaf.c.idx)
        .limit(bindparam("limit"))
    )


def log_statements(kind: Any, listed: Callable[..., Any]) -> Mapping[str, ClauseElement]:
    """All of them, by name; `kind` is the dialect's INSERT, `listed` a list that is bound to a name."""
    waiting = select(pending.c.id).order_by(pending.c.id).limit(bindparam("limit")).subquery()
    one_shop = or_(cast(bindparam("shop"), Text).is_(None), head.c.shop == bindparam("shop"))
    return {
        "insert_pending": pending.insert().inline().values({name: bindparam(name) for name in _PLACE}),
        "waiting": select(func.count(), func.max(waiting.c.id)).select_from(waiting),
        "sequence": _sequenced(),
        "unqueue": delete(pending).where(pending.c.id <= bindparam("last")),
        "log_size": select(func.max(leaf.c.idx)),
        "seals": select(entry.c.seal)
        .join_from(leaf, entry, _same(leaf, entry, *_PLACE))
        .where(leaf.c.idx >= bindparam("first"))
        .order_by(leaf.c.idx),
        "moved": _moved(),
        "leaves": _leaves(),
        "index": select(leaf.c.idx).where(
            leaf.c.shop == bindparam("shop"), leaf.c.case_id == bindparam("case_id"), leaf.c.seq == bindparam("seq")
        ),
        "tile": select(tile.c.body).where(tile.c.level == bindparam("level"), tile.c.idx == bindparam("idx")),
        "put_tile": _put(kind, tile, "level", "idx"),
        "pages": select(page.c.prefix, page.c.body).where(
            page.c.shop == bindparam("shop"), page.c.prefix.in_(listed("prefixes"))
        ),
        "put_page": _put(kind, page, "shop", "prefix"),
        "put_head": _put(kind, head, "shop", "case_id"),
        "heads": select(*head.c)
        .where(
            one_shop,
            or_(
                head.c.shop > bindparam("after_shop"),
                and_(head.c.shop == bindparam("after_shop"), head.c.case_id > bindparam("after_case")),
            ),
        )
        .order_by(head.c.shop, head.c.case_id)
        .limit(bindparam("limit")),
        "head_of": select(head.c.seq, head.c.head, head.c.row).where(
            head.c.shop == bindparam("shop"), head.c.case_id == bindparam("case_id")
        ),
        "put_checkpoint": checkpoint.insert().values(
            size=bindparam("size"), root=bindparam("root"), note=bindparam("note")
        ),
        "sign": update(checkpoint)
        .where(checkpoint.c.size == bindparam("signed"), checkpoint.c.note.is_(None))
        .values(note=bindparam("given")),
        "cosign": update(checkpoint)
        .where(checkpoint.c.size == bindparam("signed"), checkpoint.c.note == bindparam("before"))
        .values(note=bindparam("given")),
        "last_checkpoint": select(*checkpoint.c).order_by(checkpoint.c.size.desc()).limit(literal_column("1")),
        "last_signed": select(*checkpoint.c)
        .where(checkpoint.c.note.is_not(None))
        .order_by(checkpoint.c.size.desc())
        .limit(literal_column("1")),
        "checkpoint_from": select(*checkpoint.c)
        .where(checkpoint.c.size >= bindparam("size"))
        .order_by(checkpoint.c.size)
        .limit(literal_column("1")),
        "keys": select(*key.c).order_by(key.c.seq),
        "insert_key": key.insert().values(_given(key)),
    }
