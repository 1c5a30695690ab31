"""Clause: one rule of the SOP as an id, words, a source and one pure function; and what such a function works with.

Must live here: the shape of a rule, its figures, its verdict. Must not be known here: any rule, any table, any store.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Concatenate, Generic, TypeVar, overload

from engine.canonical import instant
from engine.case import Case
from engine.command import Actor, Late, Refusal
from engine.events.event import Event
from engine.guards.figure import Figure
from engine.text import Text

E_co = TypeVar("E_co", bound=Event, covariant=True)
A = TypeVar("A", bound=Event)
B = TypeVar("B", bound=Event)
C = TypeVar("C", bound=Event)
D = TypeVar("D", bound=Event)


class Binding(StrEnum):
    """How hard a clause binds: it refuses, it leaves a note, or it is only counted.

    A clock's clause has a time limit: the fact that comes too late leaves a note, and what never comes fires later.
    """

    REFUSE = "refuse"
    NOTE = "note"
    SCORE = "score"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Attempt(Generic[E_co]):
    """All that a guard may look at.

    `at` is when the thing happened; `open` are the commands open in the case's state, `roles` who may put this one,
    `stand_ins` those of them who only stand in for the others.
    """

    case: Case
    event: E_co
    actor: Actor
    at: datetime
    recorded_at: datetime
    late: Late | None
    open: tuple[str, ...]
    roles: frozenset[str]
    stand_ins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Met or not, and the facts that show it, as JSON values."""

    met: bool
    facts: Mapping[str, object] = field(default_factory=dict)


def met(condition: bool, **facts: object) -> Verdict:
    """A clause's verdict; the facts are kept when it is not met, and fill its words."""
    return _MET if condition else Verdict(met=False, facts={name: _plain(value) for name, value in facts.items()})


_MET = Verdict(met=True)
NOT_CONCERNED = _MET
"""The clause is not in force here: it passes."""


_SETS = (set, frozenset)
_AS_TEXT = (str, Decimal, date)


def _plain(value: object) -> object:
    if isinstance(value, _SETS):
        return sorted(str(item) for item in value)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, _AS_TEXT):
        return str(value)
    return [_plain(item) for item in value] if isinstance(value, Sequence) else value


Judge = Callable[..., Verdict]


@dataclass(frozen=True, slots=True)
class Clause:
    """A rule of the SOP. `owns` names the fields whose absence makes it refuse (`kind.field`)."""

    id: str
    on: tuple[type[Event], ...]
    source: str
    owns: tuple[str, ...]
    binding: Binding
    reason: Text
    remedy: Text
    figures: Mapping[str, Figure[Any]]
    judge: Judge = field(repr=False)

    def refusal(self, facts: Mapping[str, object], words: Mapping[str, Text]) -> Refusal:
        """A refusal by this clause, in words."""
        return Refusal(self.id, facts, self.reason, self.remedy, words)


@overload
def clause(
    id: str,
    a: type[A],
    /,
    *,
    source: str,
    zh: str,
    en: str,
    do: Text,
    owns: tuple[str, ...] = ...,
    binding: Binding = ...,
    figures: Mapping[str, Figure[Any]] = ...,
) -> Callable[[Callable[Concatenate[Attempt[A], ...], Verdict]], Clause]: ...
@overload
def clause(
    id: str,
    a: type[A],
    b: type[B],
    /,
    *,
    source: str,
    zh: str,
    en: str,
    do: Text,
    owns: tuple[str, ...] = ...,
    binding: Binding = ...,
    figures: Mapping[str, Figure[Any]] = ...,
) -> Callable[[Callable[Concatenate[Attempt[A | B], ...], Verdict]], Clause]: ...
@overload
def clause(
    id: str,
    a: type[A],
    b: type[B],
    c: type[C],
    /,
    *,
    source: str,
    zh: str,
    en: str,
    do: Text,
    owns: tuple[str, ...] = ...,
    binding: Binding = ...,
    figures: Mapping[str, Figure[Any]] = ...,
) -> Callable[[Callable[Concatenate[Attempt[A | B | C], ...], Verdict]], Clause]: ...
@overload
def clause(
    id: str,
    a: type[A],
    b: type[B],
    c: type[C],
    d: type[D],
    /,
    *,
    source: str,
    zh: str,
    en: str,
    do: Text,
    owns: tuple[str, ...] = ...,
    binding: Binding = ...,
    figures: Mapping[str, Figure[Any]] = ...,
) -> Callable[[Callable[Concatenate[Attempt[A | B | C | D], ...], Verdict]], Clause]: ...
def clause(
    id: str,
    /,
    *on: type[Event],
    source: str,
    zh: str,
    en: str,
    do: Text,
    owns: tuple[str, ...] = (),
    binding: Binding = Binding.REFUSE,
    figures: Mapping[str, Figure[Any]] = MappingProxyType({}),
) -> Callable[[Callable[..., Verdict]], Clause]:
    """Make a clause of a guard function. Its figures are the defaults of its keyword parameters, or a table given here.

    `zh` and `en` say why it refuses, with the verdict's facts in braces; `do` says what to do next.
    """

    def declare(judge: Callable[..., Verdict]) -> Clause:
        parameters = inspect.signature(judge).parameters.values()
        defaults = {item.name: item.default for item in parameters if isinstance(item.default, Figure)}
        return Clause(id, on, source, owns, binding, Text(zh, en), do, {**figures, **defaults}, judge)

    return declare
