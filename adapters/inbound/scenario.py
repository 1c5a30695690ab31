"""Scenarios: a repair order as a readable file — who records what, and what the SOP answers.

A step without an expectation must be accepted. `scenario_file` reads the files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from adapters.bootstrap import bootstrap
from engine import Accepted, Actor, Answer, Catalogue, Engine, Late, Shop, Text, World

_OPENING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
_SHOP = "S1"


class StageClock:
    """A clock that a scenario moves: it opens on a Monday at nine in China, and each step takes its minutes."""

    def __init__(self) -> None:
        """At the opening."""
        self.now = _OPENING

    def __call__(self) -> datetime:
        """The time on stage."""
        return self.now


def stage(url: str = "sqlite://", *, catalogue: Catalogue | None = None) -> Engine:
    """An engine to play scenarios on: its clock moves with their steps. Nothing on a stage is secret or random."""
    ids, salts = count(1), count(1)
    world = World(StageClock(), lambda: f"stage-{next(ids)}", lambda: next(salts).to_bytes(16, "big"))
    return bootstrap(url, upgrade=True, catalogue=catalogue, world=world)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a step should be answered: refused by exactly these clauses, or accepted (into a state, with notes)."""

    refused: frozenset[str] = frozenset()
    state: str | None = None
    notes: frozenset[str] = frozenset()

    def holds(self, answer: Answer) -> bool:
        """The answer is the expected one."""
        if isinstance(answer, Accepted):
            noted = frozenset(note.clause for note in answer.notes)
            return not self.refused and self.state in {None, answer.state} and self.notes <= noted
        return self.refused == frozenset(answer.clauses)


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody records a fact: after some minutes, perhaps late by some. `corrects` selects the fact it replaces."""

    by: Actor
    name: str
    facts: Mapping[str, Any]
    then: Expectation = Expectation()
    say: Text | None = None
    minutes: int = 1
    late_minutes: int = 0
    late: Late | None = None
    only: frozenset[str] = frozenset()
    corrects: str = ""

    def matches(self, selector: str) -> bool:
        """`kind`, or `kind:id` where one of its facts has that value."""
        kind, _, key = selector.partition(":")
        return self.name == kind and (not key or key in self.facts.values())


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario as its file tells it. `start` are the steps of another one that come before its own."""

    id: str
    title: Text
    source: str
    profile: str
    steps: tuple[Step, ...]
    start: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class PlayedStep:
    """A step with its answer."""

    step: Step
    answer: Answer

    @property
    def expectation(self) -> Expectation:
        """What was expected."""
        return self.step.then

    @property
    def ok(self) -> bool:
        """The answer was the expected one."""
        return self.step.then.holds(self.answer)


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario as it went."""

    scenario: Scenario
    case_id: str
    steps: tuple[PlayedStep, ...]
    started: tuple[PlayedStep, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Every step was answered as expected."""
        return all(step.ok for step in (*self.started, *self.steps))


# --- playing -------------------------------------------------------------------------------------------------------


def play(scenario: Scenario, engine: Engine, on_step: Callable[[PlayedStep], None] | None = None) -> Played:
    """Play a scenario on an engine, as a case named like it. Raises what `Shop.apply` raises."""
    shop = engine.shop(_SHOP, profile=scenario.profile)
    shop.open(scenario.id, by=Actor("sa-1", "service_advisor"))
    started = [_put(shop, engine, scenario, step) for step in scenario.start]
    played = []
    for step in scenario.steps:
        if not step.only or scenario.profile in step.only:
            played.append(_put(shop, engine, scenario, step))
            if on_step is not None:
                on_step(played[-1])
    return Played(scenario, scenario.id, tuple(played), tuple(started))


def _put(shop: Shop, engine: Engine, scenario: Scenario, step: Step) -> PlayedStep:
    clock = engine.world.clock
    if isinstance(clock, StageClock):
        clock.now += timedelta(minutes=step.minutes)
    occurred_at = clock() - timedelta(minutes=step.late_minutes) if step.late_minutes else None
    facts = {**step.facts, "corrects": _version(shop, scenario, step)} if step.corrects else step.facts
    fact = shop.fact(step.name, facts)
    return PlayedStep(step, shop.apply(scenario.id, fact, by=step.by, occurred_at=occurred_at, late=step.late))


def _version(shop: Shop, scenario: Scenario, step: Step) -> int:
    """The version of the last fact that a step corrects; 0, which is none, when there is no such fact."""
    kind, _, key = step.corrects.partition(":")
    facts = (fact for fact in shop.case(scenario.id).history if fact.event.kind == kind and not fact.event.corrects)
    matching = [fact.version for fact in facts if not key or key in fact.event.document().values()]
    return matching[-1] if matching else 0
