"""Filters: which cases a list shows, as a value; and the one statement for every shape of it.

Must live here: what each filter compares. Must not be known here: what a role or a promise is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, false, or_, select, true

from engine.store.schema import case

LISTED = tuple(column for column in case.c if column.name != "shop")
"""What a list reads of a case."""
_EQUAL = ("workflow", "state", "advisor", "is_open")

Shape = tuple[tuple[str, ...], tuple[int, ...] | None]
"""Which filters are set, and how many states each waiting workflow brings: one compiled statement for each."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What cases have in common; None is no filter. `waiting`: in one of these states of this workflow."""

    workflow: str | None = None
    state: str | None = None
    advisor: str | None = None
    is_open: bool | None = None
    promised_before: str | None = None
    waiting: Mapping[str, tuple[str, ...]] | None = None

    @property
    def shape(self) -> Shape:
        """What the statement depends on."""
        given = tuple(name for name in (*_EQUAL, "promised_before") if getattr(self, name) is not None)
        return given, None if self.waiting is None else tuple(len(states) for states in self.waiting.values())

    @property
    def values(self) -> dict[str, object]:
        """The parameters of the statement."""
        values: dict[str, object] = {name: getattr(self, name) for name in self.shape[0]}
        for number, (workflow, states) in enumerate((self.waiting or {}).items()):
            values[f"workflow_{number}"] = workflow
            values.update({f"state_{number}_{place}": state for place, state in enumerate(states)})
        return values


def listing(shape: Shape) -> Select[tuple[object, ...]]:
    """Rows of a shop by case id, behind a given one, that pass filters of a shape."""
    return (
        select(*LISTED)
        .where(case.c.shop == bindparam("shop"), case.c.case_id > bindparam("after"), *_conditions(shape))
        .order_by(case.c.case_id)
        .limit(bindparam("limit"))
    )


def _conditions(shape: Shape) -> Iterator[ColumnElement[bool]]:
    given, waiting = shape
    yield from (case.c[name] == bindparam(name) for name in _EQUAL if name in given)
    if "promised_before" in given:
        yield case.c.promised_at < bindparam("promised_before")
    if waiting is not None:
        yield case.c.is_open == true()  # it waits, so it is open: those few have an index
        yield or_(false(), *(_waiting(number, states) for number, states in enumerate(waiting) if states))


def _waiting(number: int, states: int) -> ColumnElement[bool]:
    names: list[BindParameter[str]] = [bindparam(f"state_{number}_{place}") for place in range(states)]
    return and_(case.c.workflow == bindparam(f"workflow_{number}"), case.c.state.in_(names))
