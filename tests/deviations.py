"""Deviations of every kind, put into cases that conform; the rest of such a case is answered honestly from there on.

Each is one lie in one entry, sealed and linked like the truth: only who asks the rules again can tell.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterator, Mapping
from typing import NamedTuple

from bench.histories import History, Piece
from engine.canonical import canonical, digest
from engine.evidence import Sealed
from engine.journal import seal
from tests.lies import OPENINGS, WAYS, Change, Way
from tests.walks import CATALOGUE, Document, Step, golden_rules, walks


class Expected(NamedTuple):
    """What must be found: of which kind, at which entry of the case, with which clauses."""

    kind: str
    seq: int
    clauses: tuple[str, ...] = ()


class Deviation(NamedTuple):
    """A forged case. `about` is a clause, a command, a state."""

    way: str
    about: str
    history: History
    expected: Expected


def deviations(told_apart: Callable[[str], str] = str) -> Iterator[Deviation]:
    """Of every way to lie one for each thing it can be about, as far as these are told apart; and the rest."""
    seen: set[tuple[str, str]] = set()
    for step in (Step(walk, at) for walk in walks() for at in range(len(walk.entries))):
        for way, about in wanted(step, told_apart, seen):
            if change := way.lie(step, about):
                seen.add((way.lie.__name__, told_apart(about)))
                yield _deviation(step, way, about, change)
    yield from _unreadable()
    yield from _of_the_whole_case()


def family(about: str) -> str:
    """Tell clauses apart by their family, and nothing else."""
    return about.partition(".")[0] if "." in about else ""


def wanted(step: Step, told_apart: Callable[[str], str], seen: Container[tuple[str, str]]) -> Iterator[tuple[Way, str]]:
    for way in WAYS if step.at else OPENINGS:
        for about in way.about(step):
            if (way.lie.__name__, told_apart(about)) not in seen:
                yield way, about


def _deviation(step: Step, way: Way, about: str, change: Change) -> Deviation:
    forged = _read(change.document)
    assert forged.entry, (way, about)
    expected = Expected(change.kind, step.at + 1, tuple(change.clauses))
    return Deviation(way.lie.__name__, about, step.walk.forged(step.at, forged.entry), expected)


def _read(document: Document) -> Sealed:
    body = canonical(document)
    return Sealed.read(body, seal(body), CATALOGUE)


def _unreadable() -> Iterator[Deviation]:
    """The last entry of a case is none that can be read, though it is sealed."""
    walk = walks()[-1]
    step = Step(walk, 9)
    command = step.document["command"]
    documents = {
        "a field too many": {**step.document, "more": 1},
        "no such fact": step.commanded(facts={**command["facts"], "nothing_known": True}),
        "a foreign kind": {
            **step.commanded(name="tea_served", facts={}),
            "outcome": {**step.outcome, "event": "tea_served"},
        },
        "no such time": {**step.document, "recorded_at": "2026-13-01T00:00:00.000000Z"},
        "no event": step.said(event=None),
    }
    for label, document in documents.items():
        read = _read(document).entry  # a foreign kind can be read as far as it goes on from there
        whole = step.walk.forged(step.at, read) if read else None
        cut = History([*step.walk.pieces[: step.at], Piece.cut(canonical(document))], None)
        yield Deviation("unreadable", label, whole or cut, Expected("entry.unreadable", step.at + 1))


def _of_the_whole_case() -> Iterator[Deviation]:
    """What lists show is not what happened; rules that the auditor has no code for."""
    walk = walks()[0]
    history = walk.upto(10)
    assert history.row
    for name, value in (("state", "closed"), ("is_open", False), ("advisor", "sa-9"), ("version", 99)):
        row = history.row._replace(**{name: value})
        yield Deviation("other_row", name, History(history.pieces, row), Expected("row.differs", 10))
    known = next(iter(plugged()))
    bodies = [canonical({**json.loads(entry.body), "rules": known}) for entry in walk.entries[:10]]
    yield Deviation("plug_in", "", History([*map(Piece.cut, bodies)], history.row), Expected("rules.unknown", 1))


def plugged() -> Mapping[str, bytes]:
    """Rules that bind a clause of a plug-in that is not here."""
    rules = json.loads(golden_rules()[walks()[0].entries[0].rules])
    clauses = rules["clauses"]
    body = canonical({**rules, "clauses": {**clauses, "plugin.not-here": clauses["arrive.purpose-recorded"]}})
    return {digest(body): body}
