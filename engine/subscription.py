"""Subscription: which entries go to which adapter, as data. Writers read it; only workers load adapters.

Must live here: the fields that a filter may name, and what an entry is in each. Must not be known here: adapters, SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Self

from engine.command import identifier
from engine.errors import BadCommand
from engine.journal import Entry

ANSWERS = ("accepted", "refused")


@dataclass(frozen=True, slots=True)
class Filter:
    """An entry passes when, in each field that is given, it is one of these; a field left empty lets all pass.

    `events` are the kinds of the facts, refused ones too; `clauses` those that refused, noted or were waived.
    """

    workflows: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    answers: frozenset[str] = frozenset()
    clauses: frozenset[str] = frozenset()
    shops: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse what no entry can be."""
        for field, value in self.items():
            identifier(field, value)
        if not self.answers <= {*ANSWERS}:
            raise BadCommand(where="answers", expected="accepted or refused")

    @classmethod
    def of(cls, *values: Iterable[str]) -> Self:
        """A filter from any collections, in the order of its fields; a lone text would be its letters."""
        if any(isinstance(value, str) for value in values):
            raise BadCommand(where="filter", expected="a list of values")
        return cls(*map(frozenset, values))

    def items(self) -> Iterator[tuple[str, str]]:
        """Every field with every value that it asks for."""
        return ((field.name, value) for field in fields(self) for value in sorted(getattr(self, field.name)))


@dataclass(frozen=True, slots=True)
class Subscription:
    """An adapter, its filter, and where it begins: entries recorded from `begins_at` on.

    `stopped` is why nothing is carried to it at present, though entries are queued; None while it runs.
    """

    adapter: str
    filter: Filter
    begins_at: datetime
    stopped: str | None = None


def tags(entry: Entry) -> list[str]:
    """What an entry is in each field of a filter: `field:value`."""
    clauses = {clause for clause, _ in (*entry.refusals, *entry.notes)} | {*entry.waived}
    return [
        tag("workflows", entry.workflow),
        tag("events", entry.command.name),
        tag("answers", "accepted" if entry.accepted else "refused"),
        tag("shops", entry.shop),
        *(tag("clauses", clause) for clause in clauses),
    ]


def tag(field: str, value: str) -> str:
    """One value of one field."""
    return f"{field}:{value}"
