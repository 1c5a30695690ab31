"""Catalogues of SOP clauses in YAML: what the sources ask for, to be compared with what is loaded.

Must live here: reading such a file. Must not be known here: how the comparison is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import yaml

from adapters.inbound.scenario import Scenario
from engine import Catalogue, Clause, GongdanError, Text

_LARGEST = 16 * 1024 * 1024
_TEXTS = ("id", "machine", "tier", "effect")


class BadCatalogue(GongdanError):
    """A catalogue file that cannot be read."""

    words = Text(zh="条款目录 {file}：{where} 应为 {expected}。", en="Catalogue {file}: {where} should be {expected}.")
    codes: ClassVar[Mapping[str, Text]] = {
        "yaml": Text(zh="至多 16 MiB 的 YAML 列表", en="a list in YAML, at most 16 MiB"),
        "text": Text(zh="文字", en="text"),
        "clause": Text(zh="一条条款", en="a clause"),
        "once": Text(zh="只出现一次", en="there only once"),
        "list": Text(zh="文字列表", en="a list of texts"),
    }


@dataclass(frozen=True, slots=True)
class Wanted:
    """A clause as a catalogue asks for it."""

    id: str
    machine: str
    tier: str
    effect: str
    profiles: tuple[str, ...]

    @property
    def enforced(self) -> bool:
        """The software has to see to it; an observed one is only stored, told or counted."""
        return self.tier == "enforced"


@dataclass(frozen=True, slots=True)
class Implemented:
    """A clause that is loaded: the function that judges it, the profiles that hold it, what fails without it."""

    id: str
    wanted: Wanted | None
    function: str
    profiles: tuple[str, ...]
    binding: str
    scenarios: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a catalogue asks for and what is loaded, side by side."""

    implemented: tuple[Implemented, ...]
    missing: tuple[Wanted, ...]
    extra: tuple[Implemented, ...]


def read_catalogue(file: Path) -> list[Wanted]:
    """The clauses that a file asks for. Raises BadCatalogue, OSError."""
    with file.open("rb") as stream:
        raw = stream.read(_LARGEST + 1)
    try:
        document = yaml.safe_load(raw) if len(raw) <= _LARGEST else None
    except (yaml.YAMLError, RecursionError, ValueError):
        document = None
    if not isinstance(document, list):
        raise BadCatalogue(file=file.name, where="file", expected="yaml")
    clauses = [_wanted(file, number, clause) for number, clause in enumerate(document, 1)]
    for id_, times in Counter(clause.id for clause in clauses).items():
        if times > 1:
            raise BadCatalogue(file=file.name, where=id_, expected="once")
    return clauses


def _wanted(file: Path, number: int, clause: object) -> Wanted:
    if not isinstance(clause, dict):
        raise BadCatalogue(file=file.name, where=f"#{number}", expected="clause")
    for name in _TEXTS:
        if not isinstance(clause.get(name), str):
            raise BadCatalogue(file=file.name, where=f"#{number}.{name}", expected="text")
    profiles = clause.get("profiles", [])
    if not isinstance(profiles, list) or not all(isinstance(name, str) for name in profiles):
        raise BadCatalogue(file=file.name, where=f"#{number}.profiles", expected="list")
    id_, machine, tier, effect = (cast("str", clause[name]) for name in _TEXTS)
    return Wanted(id_, machine, tier, effect, tuple(profiles))


def compare(wanted: Iterable[Wanted], catalogue: Catalogue, scenarios: Mapping[str, Scenario]) -> Coverage:
    """Which clauses of a catalogue are loaded, which are not, and which are loaded beside it."""
    asked = {clause.id: clause for clause in wanted}
    held = _held(catalogue)
    loaded = [
        _implemented(rule, asked.get(rule.id), held.get(rule.id, {}), scenarios) for rule in catalogue.clauses.values()
    ]
    return Coverage(
        implemented=tuple(one for one in loaded if one.wanted),
        missing=tuple(clause for clause in asked.values() if clause.id not in catalogue.clauses),
        extra=tuple(one for one in loaded if not one.wanted),
    )


def _held(catalogue: Catalogue) -> dict[str, dict[str, str]]:
    """Of each clause the profiles that hold it, each with its binding."""
    held: dict[str, dict[str, str]] = {}
    for profile in catalogue.profiles:
        for workflow in catalogue.workflows:
            for id_, bound in catalogue.rules(profile, workflow).clauses.items():
                held.setdefault(id_, {})[profile] = str(bound.binding)
    return held


def _implemented(
    rule: Clause, wanted: Wanted | None, held: Mapping[str, str], scenarios: Mapping[str, Scenario]
) -> Implemented:
    judge: Any = rule.judge
    return Implemented(
        id=rule.id,
        wanted=wanted,
        function=f"{judge.__module__}:{judge.__qualname__}",
        profiles=tuple(held),
        binding=next(iter(held.values()), str(rule.binding)),
        scenarios=tuple(name for name, scenario in scenarios.items() if _needs(scenario, rule.id)),
    )


def _needs(scenario: Scenario, clause: str) -> bool:
    """A step expects this clause to refuse, or to leave its note: without the clause the scenario fails."""
    steps = (step for step in scenario.steps if not step.only or scenario.profile in step.only)
    return any(clause in step.then.refused | step.then.notes for step in steps)
