"""Cases that conform, step by step: how each stood before an entry, and how it would go on from a forged one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from bench.histories import History, Piece, golden
from engine import standard_catalogue
from engine.audit import Deciders, library
from engine.case import Case
from engine.decider import Decider
from engine.journal import Entry
from engine.listing import row_of

Document = dict[str, Any]
CATALOGUE = standard_catalogue()
MORE = 3
"""Entries of a case behind a forged one."""


@dataclass(frozen=True)
class Walk:
    """A case that conforms: its entries, and how it stood before each."""

    decider: Decider
    entries: Sequence[Entry]
    cases: Sequence[Case]

    @classmethod
    def of(cls, bodies: Sequence[bytes], deciders: Deciders) -> Walk:
        entries = [Entry.read(body, CATALOGUE.events) for body in bodies]
        decider = deciders(entries[0].rules)
        cases = [decider.open(entries[0].shop, entries[0].case)]
        for entry in entries:
            cases.append(Decider.evolve(cases[-1], entry))
        return cls(decider, entries, cases)

    @cached_property
    def pieces(self) -> Sequence[Piece]:
        return [Piece.cut(entry.body) for entry in self.entries]

    def upto(self, count: int) -> History:
        """Its first entries: a case conforms wherever it has got to."""
        return History(self.pieces[:count], row_of(self.cases[count], self.decider.workflow))

    def forged(self, at: int, entry: Entry) -> History:
        """Its entries up to a place, the forged one there, and honest answers to what was asked next."""
        case, pieces = Decider.evolve(self.cases[at], entry), [*self.pieces[:at], Piece.cut(entry.body)]
        for later in self.entries[at + 1 : at + 1 + MORE]:
            try:
                answer = self.decider.decide(case, later.command, later.recorded_at)
            except (LookupError, TypeError, AttributeError, ValueError):
                break  # what a guard relies on is not there any more
            honest = Entry.of(case, later.command, later.recorded_at, answer)
            pieces.append(Piece.cut(honest.body))
            case = Decider.evolve(case, honest)
        return History(pieces, row_of(case, self.decider.workflow))


@dataclass(frozen=True)
class Step:
    """One entry of a walk."""

    walk: Walk
    at: int

    @property
    def entry(self) -> Entry:
        return self.walk.entries[self.at]

    @property
    def case(self) -> Case:
        return self.walk.cases[self.at]

    @property
    def name(self) -> str:
        return self.entry.command.name

    @cached_property
    def document(self) -> Document:
        return dict(json.loads(self.entry.body))

    @property
    def outcome(self) -> Document:
        return dict(self.document["outcome"])

    def said(self, **outcome: object) -> Document:
        """The entry with another outcome."""
        return {**self.document, "outcome": {**self.outcome, **outcome}}

    def commanded(self, **command: object) -> Document:
        """The entry with another command."""
        return {**self.document, "command": {**self.document["command"], **command}}


@cache
def golden_rules() -> Mapping[str, bytes]:
    """The rules of the golden journals, by digest."""
    return golden()[0]


@cache
def walks() -> Sequence[Walk]:
    """Every case of the golden journals."""
    rules, cases = golden()
    deciders = library(CATALOGUE, rules.get)
    return [Walk.of(bodies, deciders) for bodies in cases]
