"""Command, and the two answers it can get. Refused is a value: the SOP said no, and says why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from engine.canonical import canonical, digest
from engine.errors import BadCommand
from engine.events.event import ID_PATTERN, Event
from engine.events.personal import TEXT, Personal
from engine.text import Text

_ID = re.compile(ID_PATTERN)


def identifier(where: str, value: object) -> str:
    """The value, if it is an opaque identifier; BadCommand otherwise."""
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise BadCommand(where=where, expected="an opaque id: 1 to 100 of A-Z a-z 0-9 . _ : @ / + -")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an opaque id, never a name, and a role (a code of `engine.roles`)."""

    id: str
    role: str

    def __post_init__(self) -> None:
        """Refuse what is no identifier."""
        identifier("actor.id", self.id)
        identifier("actor.role", self.role)


@dataclass(frozen=True, slots=True)
class Late:
    """Why a fact is recorded long after it happened, and the paper that shows when it did."""

    reason: Personal
    paper: str

    def __post_init__(self) -> None:
        """Refuse a reason that is no text and a paper that is no identifier."""
        if not isinstance(self.reason, Personal) or not self.reason.readable:
            raise BadCommand(where="late.reason", expected=TEXT)
        identifier("late.paper", self.paper)


@dataclass(frozen=True, slots=True)
class Command:
    """A fact somebody wants recorded. `id` is the client's idempotency key; `occurred_at` None means now."""

    id: str
    actor: Actor
    facts: Event
    occurred_at: datetime | None = None
    late: Late | None = None

    def __post_init__(self) -> None:
        """Refuse a malformed id and a time without a zone."""
        identifier("command.id", self.id)
        if self.occurred_at is not None and not _has_utc(self.occurred_at):
            raise BadCommand(where="occurred_at", expected="a time with its zone")

    @property
    def name(self) -> str:
        """A command's name is its event's kind."""
        return self.facts.kind

    @property
    def fingerprint(self) -> str:
        """Same name and same facts, whatever the salts: what a waiver holds on to."""
        facts = self.facts.document()
        for name in self.facts.personal:
            if name in facts:
                facts[name] = {"given": facts[name]["given"], "valid": facts[name]["valid"]}
        return digest(canonical([self.name, facts]))


def _has_utc(moment: datetime) -> bool:
    """It has a zone, and is a moment in UTC too: the calendar ends somewhere."""
    try:
        return moment.tzinfo is not None and moment.astimezone(UTC).tzinfo is UTC
    except OverflowError:
        return False


@dataclass(frozen=True, slots=True)
class Refusal:
    """One clause that is not met, with the facts that show it. Equal by clause and facts; words may get better."""

    clause: str
    facts: Mapping[str, object]
    reason: Text = field(compare=False, repr=False)
    remedy: Text = field(compare=False, repr=False)
    words: Mapping[str, Text] = field(default_factory=dict, compare=False, repr=False)

    @property
    def text(self) -> Text:
        """The reason, in both languages."""
        return self.reason.render(self.facts, self.words)

    @property
    def next_step(self) -> Text:
        """What to do about it, in both languages."""
        return self.remedy.render(self.facts, self.words)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The fact stands, and the case is in `state`. Notes are clauses not met that do not refuse."""

    event: Event
    state: str
    seq: int
    version: int
    notes: tuple[Refusal, ...] = ()
    waived: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The SOP says no; the case stays in `state`. Every clause that is not met is named."""

    refusals: tuple[Refusal, ...]
    state: str
    seq: int
    version: int

    @property
    def clauses(self) -> tuple[str, ...]:
        """The ids of the clauses that refuse."""
        return tuple(refusal.clause for refusal in self.refusals)


Answer = Accepted | Refused
