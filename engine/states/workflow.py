"""Workflow: a table of transitions, and nothing that runs.

Must live here: the shape of a table. Must not be known here: guards, figures, `transitions`, storage.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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
class Workflow:
    """A table by name: where a case begins, where it ends, and every row between."""

    name: str
    label: Text
    states: type[Word]
    initial: str
    ends: frozenset[str]
    rows: tuple[Transition, ...]


def move(event: type[Event], source: str, dest: str, roles: Iterable[Role], zh: str, en: str) -> tuple[Transition, ...]:
    """A row that moves the case."""
    return (Transition(event, str(source), str(dest), frozenset(roles), Text(zh, en)),)


def note(event: type[Event], sources: Iterable[str], roles: Iterable[Role], zh: str, en: str) -> tuple[Transition, ...]:
    """Rows for a fact that moves nothing, one for each state in which it may be recorded."""
    return tuple(Transition(event, str(source), None, frozenset(roles), Text(zh, en)) for source in sources)
