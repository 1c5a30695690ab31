"""Workflow: a table of transitions, and nothing that runs.

Must live here: the shape of a table. Must not be known here: guards, figures, `transitions`, storage.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from engine.events.event import Event
from engine.roles import Role
from engine.text import Text, Word


@dataclass(frozen=True, slots=True)
class Transition:
    """In `source`, `event` may be recorded by `roles`; it leads to `dest`, or moves nothing when that is None."""

    event: type[Event]
    source: str
    dest: str | None
    roles: frozenset[Role]
    label: Text

    @property
    def name(self) -> str:
        """The name of the command: the event's kind."""
        return self.event.kind


@dataclass(frozen=True, slots=True)
class Promise:
    """A field in which a time is promised to the customer; with `once`, in force when that event has followed."""

    event: type[Event]
    field: str
    once: type[Event] | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """A table by name: where a case begins, where it ends, and every row between.

    For lists: `path` is the way a case takes when nothing comes in between; `keeper` the role whose work a case is;
    `promises` where its customer is promised a time; from the states `kept` on nothing promised is outstanding.

    `remembers`: its cases carry their history, for clauses to look at. One that only records, and never moves, may do
    without: then a case costs the same however long it is.
    """

    name: str
    label: Text
    states: type[Word]
    initial: str
    ends: frozenset[str]
    rows: tuple[Transition, ...]
    path: tuple[str, ...]
    keeper: Role
    promises: tuple[Promise, ...] = ()
    kept: frozenset[str] = frozenset()
    remembers: bool = True

    def waiting_for(self, role: str) -> frozenset[str]:
        """The states whose next step is this role's: forward on the path, or from beside it back to it."""
        steps = {*pairwise(self.path)}
        return frozenset(
            row.source
            for row in self.rows
            if role in row.roles
            and ((row.source, row.dest) in steps or (row.source not in self.path and row.dest in self.path[:-1]))
        )


def move(event: type[Event], source: str, dest: str, roles: Iterable[Role], zh: str, en: str) -> tuple[Transition, ...]:
    """A row that moves the case."""
    return (Transition(event, str(source), str(dest), frozenset(roles), Text(zh, en)),)


def note(event: type[Event], sources: Iterable[str], roles: Iterable[Role], zh: str, en: str) -> tuple[Transition, ...]:
    """Rows for a fact that moves nothing, one for each state in which it may be recorded."""
    return tuple(Transition(event, str(source), None, frozenset(roles), Text(zh, en)) for source in sources)
