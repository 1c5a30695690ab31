"""Case: the history of one repair order (or appointment, or follow-up), and the questions it answers.

Must live here: what a case is in memory. Must not be known here: what any fact means, where a case is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from engine.command import Actor
from engine.events.event import Event

E_co = TypeVar("E_co", bound=Event, covariant=True)
E = TypeVar("E", bound=Event)

FIRST = "0" * 64
"""What the first entry of a case is sealed to."""


@dataclass(frozen=True, slots=True)
class Fact(Generic[E_co]):
    """An accepted event: who, when it happened, when it was recorded, and as which version of its case.

    `moved` is whether it changed the state.
    """

    event: E_co
    actor: Actor
    occurred_at: datetime
    recorded_at: datetime
    version: int
    moved: bool = False

    def after(self, other: Fact[Event] | None) -> bool:
        """Recorded after another fact; every fact is after nothing."""
        return other is None or self.version > other.version


@dataclass(frozen=True, slots=True)
class Refusing:
    """What a case remembers of a refused command, so that a waiver can answer it."""

    fingerprint: str
    clauses: frozenset[str]
    actor: Actor


@dataclass(frozen=True, slots=True)
class Case:
    """A case as its entries left it.

    `seq` counts every answer, `version` the accepted ones; `head` is the seal of the last entry; `moved_at` is when
    the state last changed, by the clock of the floor. Without `remembers` it keeps neither facts nor refusals.
    """

    shop: str
    id: str
    workflow: str
    rules: str
    state: str
    seq: int = 0
    version: int = 0
    head: str = FIRST
    moved_at: datetime | None = None
    recorded_at: datetime | None = None
    history: tuple[Fact[Event], ...] = ()
    refused: Mapping[int, Refusing] = field(default_factory=dict)
    _by_kind: Mapping[str, tuple[Fact[Event], ...]] = field(default_factory=dict, repr=False, compare=False)
    remembers: bool = True

    def all(self, kind: type[E]) -> tuple[Fact[E], ...]:
        """Every fact of a kind as it stands after corrections, in the order of recording."""
        facts: tuple[Any, ...] = self._by_kind.get(kind.kind, ())
        return facts

    def last(self, kind: type[E]) -> Fact[E] | None:
        """The latest fact of a kind, or None."""
        facts = self.all(kind)
        return facts[-1] if facts else None

    def the(self, kind: type[E]) -> Fact[E]:
        """The latest fact of a kind that the table says must exist. Raises LookupError when it does not."""
        fact = self.last(kind)
        if fact is None:
            message = f"case {self.id} has no {kind.kind}"
            raise LookupError(message)
        return fact

    def accepted(self, fact: Fact[Event], state: str, head: str) -> Case:
        """The case after an accepted fact."""
        history, by_kind = self._remembering(fact) if self.remembers else (self.history, self._by_kind)
        return replace(
            self,
            state=state,
            seq=self.seq + 1,
            version=fact.version,
            head=head,
            moved_at=fact.occurred_at if state != self.state or self.moved_at is None else self.moved_at,
            recorded_at=fact.recorded_at,
            history=history,
            _by_kind=by_kind,
        )

    def _remembering(self, fact: Fact[Event]) -> tuple[tuple[Fact[Event], ...], Mapping[str, tuple[Fact[Event], ...]]]:
        kind = fact.event.kind
        facts = _corrected(self._by_kind.get(kind, ()), fact)
        return (*self.history, fact), {**self._by_kind, kind: facts}

    def refusing(self, memory: Refusing, recorded_at: datetime, head: str) -> Case:
        """The case after a refused command: the same, one answer longer."""
        seq = self.seq + 1
        refused = {**self.refused, seq: memory} if self.remembers else self.refused
        return replace(self, seq=seq, head=head, recorded_at=recorded_at, refused=refused)


def _corrected(facts: tuple[Fact[Event], ...], fact: Fact[Event]) -> tuple[Fact[Event], ...]:
    """The last of a fact and its corrections wins, in the place and at the time of the first."""
    target = fact.event.corrects
    if target is None:
        return (*facts, fact)
    return tuple(
        replace(fact, occurred_at=old.occurred_at, version=old.version) if old.version == target else old
        for old in facts
    )


class Head(NamedTuple):
    """How far a case has got: what it takes to load it, and to move it on from there."""

    shop: str
    id: str
    rules: str
    seq: int
    version: int
    head: str


class CaseRow(NamedTuple):
    """What lists and screens show of a case: a projection of its journal, which the audit compares with it.

    `advisor` is the keeper who last moved it; `promised_at` the promise still to be kept. Times are UTC text.
    """

    shop: str
    id: str
    workflow: str
    rules: str
    state: str
    is_open: bool
    advisor: str | None
    promised_at: str | None
    seq: int
    version: int
    head: str
    recorded_at: str
