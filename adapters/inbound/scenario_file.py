"""Scenario files: read one, and the one that it starts from. docs/reference/scenarios.md describes the format.

A scenario may start from another one, played before a named step, with steps put in or left out, facts changed.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from adapters.inbound.scenario import Expectation, Scenario, Step
from engine import Actor, BadScenario, GongdanError, Late, Personal, Text

_A_YEAR = 365 * 24 * 60


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
