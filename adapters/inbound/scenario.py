"""Scenarios: a repair order as a readable file — who records what, and what the SOP answers.

A scenario may start from another one, played before a named step, with steps left out, facts dropped or changed.
A step without `then` must be accepted. The format is described in docs/reference/scenarios.md.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from adapters.bootstrap import bootstrap
from engine import Accepted, Actor, Answer, BadScenario, Engine, GongdanError, Late, Personal, Shop, Text, World

_OPENING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
_SHOP = "S1"
_A_YEAR = 365 * 24 * 60


class StageClock:
    """A clock that a scenario moves: it opens on a Monday at nine in China, and each step takes its minutes."""

    def __init__(self) -> None:
        """At the opening."""
        self.now = _OPENING

    def __call__(self) -> datetime:
        """The time on stage."""
        return self.now


def stage(url: str = "sqlite://") -> Engine:
    """An engine to play scenarios on: its clock moves with their steps. Nothing on a stage is secret or random."""
    ids, salts = count(1), count(1)
    world = World(StageClock(), lambda: f"stage-{next(ids)}", lambda: next(salts).to_bytes(16, "big"))
    return bootstrap(url, world=world)


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


# --- reading -------------------------------------------------------------------------------------------------------


def load(path: Path) -> Scenario:
    """A scenario from its file. Raises BadScenario, which says where and what was expected."""
    return _Reader(path, ()).scenario()


class _Reader:
    """Reads one file; knows its name, so that every complaint does."""

    def __init__(self, path: Path, starters: tuple[Path, ...]) -> None:
        self.path = path
        self.starters = (*starters, path)
        if path in starters:
            self._refuse("start.path", "a scenario that does not start from this one")
        try:
            self.data = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            self._refuse("file", f"a readable file ({error.strerror})")
        except ValueError as error:
            self._refuse("file", f"TOML in UTF-8 ({type(error).__name__})")

    def scenario(self) -> Scenario:
        self._known(self.data, "", {"id", "title", "source", "profile", "start", "step"})
        profile = self._text(self.data, "profile")
        start = self._start(profile)
        steps = self._steps(self.data.get("step", []))
        if not steps:
            self._refuse("step", "at least one [[step]]")
        return Scenario(
            id=self._text(self.data, "id"),
            title=self._words(self.data.get("title"), "title"),
            source=self._text(self.data, "source"),
            profile=profile,
            steps=tuple(steps),
            start=tuple(start),
        )

    def _start(self, profile: str) -> list[Step]:
        start = self.data.get("start")
        if start is None:
            return []
        self._known(start, "start", {"path", "before", "without", "drop", "change", "insert"})
        other = _Reader(self.path.parent / f"{self._text(start, 'path', 'start')}.toml", self.starters).scenario()
        steps = [step for step in other.steps if not step.only or profile in step.only]
        if "before" in start:
            steps = steps[: steps.index(self._one_of(steps, self._text(start, "before", "start")))]
        for number, inserted in enumerate(start.get("insert", []), 1):
            place = self._one_of(steps, self._text(inserted, "before", f"start.insert {number}"))
            step = {key: value for key, value in inserted.items() if key != "before"}
            steps.insert(steps.index(place), self._step(step, f"start.insert {number}"))
        for selector in start.get("without", []):
            self._one_of(steps, selector)
            steps = [step for step in steps if not step.matches(selector)]
        for dropped in start.get("drop", []):
            selector, _, name = dropped.rpartition(".")
            found = self._one_of(steps, selector)
            without = {key: value for key, value in found.facts.items() if key != name}
            steps[steps.index(found)] = replace(found, facts=without)
        for selector, facts in start.get("change", {}).items():
            found = self._one_of(steps, selector)
            steps[steps.index(found)] = replace(found, facts={**found.facts, **_expanded(facts)})
        return steps

    def _one_of(self, steps: list[Step], selector: str) -> Step:
        found = next((step for step in steps if step.matches(selector)), None)
        return found or self._refuse(f"start ({selector})", "a step of the scenario it starts from")

    def _steps(self, listed: object) -> list[Step]:
        if not isinstance(listed, list) or not all(isinstance(step, dict) for step in listed):
            self._refuse("step", "tables: [[step]]")
        return [self._step(step, f"step {number}") for number, step in enumerate(listed, 1)]

    def _step(self, step: dict[str, Any], where: str) -> Step:
        self._known(
            step, where, {"by", "do", "facts", "then", "say", "minutes", "late_minutes", "late", "only", "corrects"}
        )
        then = step.get("then", {})
        self._known(then, f"{where}.then", {"refused", "accepted", "notes"})
        who, _, role = self._text(step, "by", where).partition(":")
        late = step.get("late")
        try:
            return Step(
                by=Actor(who, role),
                name=self._text(step, "do", where),
                facts=_expanded(step.get("facts", {})),
                then=Expectation(
                    frozenset(then.get("refused", ())), then.get("accepted"), frozenset(then.get("notes", ()))
                ),
                say=self._words(step["say"], where) if "say" in step else None,
                minutes=self._minutes(step, "minutes", 1, where),
                late_minutes=self._minutes(step, "late_minutes", 0, where),
                late=Late(Personal.clear(late["reason"]), late["paper"]) if late else None,
                only=frozenset(step.get("only", ())),
                corrects=step.get("corrects", ""),
            )
        except BadScenario:
            raise
        except (GongdanError, TypeError, KeyError, AttributeError) as error:
            self._refuse(where, f"a step as the format has it ({type(error).__name__})")

    def _minutes(self, step: Mapping[str, Any], name: str, usual: int, where: str) -> int:
        minutes = step.get(name, usual)
        if isinstance(minutes, int) and not isinstance(minutes, bool) and 0 <= minutes <= _A_YEAR:
            return minutes
        return self._refuse(f"{where}.{name}", f"a whole number of minutes, at most {_A_YEAR}")

    def _known(self, table: object, where: str, names: set[str]) -> None:
        if not isinstance(table, Mapping):
            self._refuse(where, "a table")
        unknown = sorted(set(table) - names)
        if unknown:
            self._refuse(".".join(filter(None, [where, unknown[0]])), f"one of {sorted(names)}")

    def _text(self, table: Mapping[str, Any], name: str, where: str = "") -> str:
        value = table.get(name)
        if isinstance(value, str) and value:
            return value
        return self._refuse(".".join(filter(None, [where, name])), "text")

    def _words(self, value: object, where: str) -> Text:
        match value:
            case {"zh": str() as zh, "en": str() as en}:
                return Text(zh, en)
        return self._refuse(where, "words in zh and en")

    def _refuse(self, where: str, expected: str) -> NoReturn:
        raise BadScenario(file=self.path.name, where=where, expected=expected) from None


def _expanded(facts: Mapping[str, Any]) -> dict[str, Any]:
    """`"@name"` stands for an attachment of that name: a signature, a photo, a fax."""
    return {key: _attachment(value[1:]) if _is_attachment(value) else value for key, value in facts.items()}


def _is_attachment(value: object) -> bool:
    return isinstance(value, str) and value.startswith("@")


def _attachment(name: str) -> dict[str, str]:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {"sha256": digest, "media_type": "image/png", "uri": f"scenario:{name}"}
