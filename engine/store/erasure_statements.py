"""The statements of erasure: what is restricted, held and erased of the personal values.

PostgreSQL has no statistics on rows of the same transaction, and nests the loops of a join over them. So those of a
request are read table by table, and erased by their keys.

They are a part of `engine.store.statements`, and compiled there with all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Integer, String, Table, and_, bindparam, cast, delete, func, insert, or_, select
from sqlalchemy.sql.expression import ClauseElement

from engine.states.ledger import LEDGER
from engine.store.schema import case, hold, personal, restricted

VALUE = ("shop", "case_id", "seq", "path")
"""What names a personal value."""


def _named(table: Table, names: Iterable[str] = VALUE) -> Any:
    """The row of a personal value that the parameters name."""
    return and_(*(table.c[name] == bindparam(name) for name in names))


_values_of_entry = _named(personal, VALUE[:-1])


def _same_value(one: Any, other: Any) -> Any:
    """Rows of one personal value."""
    return and_(*(one.c[name] == other.c[name] for name in VALUE))


def restriction(value: Any) -> Any:
    """Whether a personal value is only stored: it is restricted, or stands in a ledger as whose request that was."""
    return or_(select(restricted.c.seq).where(_same_value(restricted, value)).exists(), value.c.case_id == LEDGER)


_requested = and_(restricted.c.shop == bindparam("shop"), restricted.c.request == bindparam("request"))
_kind = and_(case.c.workflow == bindparam("workflow"), restricted.c.record_class == bindparam("record_class"))
_whose = personal.alias("whose")
_subject = select(_whose.c.subject).where(_same_value(_whose, restricted)).correlate(restricted).scalar_subquery()
_held = (
    select(hold.c.seq)
    .where(
        hold.c.shop == restricted.c.shop,
        or_(hold.c.case_id == restricted.c.case_id, hold.c.subject == _subject),
    )
    .exists()
)
_of_cases = restricted.join(case, and_(case.c.shop == restricted.c.shop, case.c.case_id == restricted.c.case_id))
_ended = and_(_kind, ~case.c.is_open, case.c.recorded_at <= bindparam("ended_by"), ~_held)
"""Values of a workflow and a class whose case ended long enough ago, and that no hold keeps."""


def restrict(*of: Any) -> Any:
    """Values of a subject that are not restricted yet."""
    rows = select(
        *(personal.c[name] for name in VALUE),
        cast(bindparam("request"), Integer).label("request"),
        cast(bindparam("record_class"), String).label("record_class"),
    ).where(
        personal.c.shop == bindparam("shop"),
        personal.c.subject == bindparam("subject"),
        ~restriction(personal),
        *of,
    )
    return insert(restricted).from_select([*VALUE, "request", "record_class"], rows)


ERASURE_STATEMENTS: Mapping[str, ClauseElement] = MappingProxyType(
    {
        "kept": select(personal.c.path, personal.c.salt, personal.c.value).where(_values_of_entry),
        "personal": select(personal.c.path, personal.c.salt, personal.c.value).where(
            _values_of_entry, ~restriction(personal)
        ),
        "restrict": restrict(),
        "free": delete(restricted).where(_requested),
        "requests_of": select(select(restricted.c.request).where(_same_value(restricted, personal)).scalar_subquery())
        .where(personal.c.shop == bindparam("shop"), personal.c.subject == bindparam("subject"))
        .distinct(),
        "requested": select(restricted.c.record_class, _held, *(restricted.c[name] for name in VALUE)).where(
            _requested
        ),
        "left": select(func.count()).select_from(restricted).where(_requested),
        "restricted_kinds": select(case.c.workflow, restricted.c.record_class).select_from(_of_cases).distinct(),
        "requests_due": select(restricted.c.shop, restricted.c.request)
        .select_from(_of_cases)
        .where(_ended)
        .distinct()
        .order_by(restricted.c.shop, restricted.c.request),
        "erase_value": delete(personal).where(_named(personal)),
        "free_value": delete(restricted).where(_named(restricted)),
        "drop_values": delete(personal).where(_values_of_entry),
        "held_values": select(func.count()).select_from(_of_cases).where(_held),
        "place_hold": insert(hold).values({column.name: bindparam(column.name) for column in hold.c}),
        "lift_hold": delete(hold).where(hold.c.shop == bindparam("shop"), hold.c.seq == bindparam("seq")),
        "holds": select(*hold.c).order_by(hold.c.shop, hold.c.seq),
        "values_on_hold": select(func.count())
        .select_from(personal)
        .where(
            personal.c.shop == bindparam("shop"),
            personal.c.case_id != LEDGER,
            or_(personal.c.subject == bindparam("subject"), personal.c.case_id == bindparam("case_id")),
        ),
    }
)


def erasure_statements(listed: Callable[..., Any]) -> Mapping[str, ClauseElement]:
    """Those that are given lists; `listed` is a list that is bound to a name."""
    return {
        "restrict_fields": restrict(personal.c.path.in_(listed("paths"))),
        "cases_named": select(case.c.case_id, case.c.workflow, case.c.is_open, case.c.recorded_at).where(
            case.c.shop == bindparam("shop"), case.c.case_id.in_(listed("cases"))
        ),
    }


def scrubbing(place: Callable[[Table], str]) -> tuple[str, ...]:
    """Make the tables with values in clear anew from the rows that are there, and their indexes.

    VACUUM FULL would take along dead rows that an older transaction might still see, and skip what it may not touch.
    """
    return tuple(
        f"ALTER TABLE {place(column.table)} ALTER COLUMN {column.name} TYPE {kind} USING {column.name} || ''"
        for column, kind in ((personal.c.value, "VARCHAR"), (hold.c.subject, "VARCHAR(200)"))
    )
