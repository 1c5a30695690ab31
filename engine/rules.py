"""Rules: what a case is judged by, as data; and the catalogue and profiles they are resolved from.

Must live here: layering profiles, the body of the rules and its digest. Must not be known here: cases, storage.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from engine.canonical import canonical, digest
from engine.errors import BadProfile, RulesUnknown, UnknownProfile
from engine.events.event import Event
from engine.guards import flow
from engine.guards.clause import Binding, Clause, Figure
from engine.roles import Role
from engine.states.workflow import Workflow
from engine.text import Text

FORMAT = 1
_STRENGTH = {Binding.SCORE: 0, Binding.NOTE: 1, Binding.REFUSE: 2}


@dataclass(frozen=True, slots=True)
class Profile:
    """A layer of rules: the clauses it switches on, their bindings and figures. `extends` names the layer below."""

    name: str
    version: str
    label: Text
    extends: str | None
    draft: bool
    clauses: Mapping[str, Mapping[str, Mapping[str, object]]]

    @classmethod
    def load(cls, text: str) -> Self:
        """A profile from its TOML. Raises BadProfile."""
        try:
            data = tomllib.loads(text)
            return cls(
                name=data["name"],
                version=data["version"],
                label=Text(**data["label"]),
                extends=data.get("extends"),
                draft=data.get("draft", False),
                clauses=data.get("clauses", {}),
            )
        except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
            raise BadProfile(profile="?", where=str(error), expected="a profile in TOML") from None


@dataclass(frozen=True)
class Catalogue:
    """All that the code can do: workflows, events, clauses and profiles, as one value."""

    workflows: Mapping[str, Workflow]
    events: Mapping[str, type[Event]]
    clauses: Mapping[str, Clause]
    profiles: Mapping[str, Profile]
    codes: Mapping[str, Text] = field(default_factory=dict)

    @cached_property
    def words(self) -> Mapping[str, Text]:
        """The label of every code that a person may meet: fact codes, roles, states, commands."""
        states = {str(state): state.label for flow_ in self.workflows.values() for state in flow_.states}
        commands = {row.name: row.label for flow_ in self.workflows.values() for row in flow_.rows}
        return {**self.codes, **{str(role): role.label for role in Role}, **states, **commands}

    def rules(self, profile: str, workflow: str) -> Rules:
        """The rules of a profile, all its layers resolved. Raises UnknownProfile, BadProfile."""
        layers = list(self._layers(profile))
        table = self.workflows[workflow]
        bound: dict[str, Bound] = {rule.id: self._bind(rule, {}, "flow") for rule in _built_in(self)}
        for layer in layers:
            for id_, settings in layer.clauses.get(workflow, {}).items():
                rule = self.clauses.get(id_)
                if rule is None or not isinstance(settings, Mapping):
                    raise BadProfile(
                        profile=layer.name, where=id_, expected="a clause of the catalogue with its settings"
                    )
                bound[id_] = self._bind(rule, settings, layer.name, bound.get(id_))
        top = layers[-1]
        return Rules.of(table, top, bound, {row.name: row.event for row in table.rows})

    def _layers(self, name: str) -> Iterable[Profile]:
        profile = self.profiles.get(name)
        if profile is None:
            raise UnknownProfile(name=name, expected=sorted(self.profiles))
        if profile.extends is not None:
            yield from self._layers(profile.extends)
        yield profile

    def _bind(self, rule: Clause, settings: Mapping[str, Any], layer: str, below: Bound | None = None) -> Bound:
        values = dict(settings)
        binding = self._binding(rule, values.pop("binding", None), layer)
        unknown = sorted(set(values) - set(rule.figures))
        if unknown:
            raise BadProfile(profile=layer, where=f"{rule.id}.{unknown[0]}", expected=f"one of {sorted(rule.figures)}")
        figures = below.figures if below else {name: figure.document() for name, figure in rule.figures.items()}
        for name, value in values.items():
            try:
                figures = {**figures, name: rule.figures[name].having(value).document()}
            except (ValueError, ArithmeticError) as error:
                raise BadProfile(profile=layer, where=f"{rule.id}.{name}", expected=str(error)) from None
        return Bound(tuple(event.kind for event in rule.on if event is not Event), binding, figures)

    @staticmethod
    def _binding(rule: Clause, asked: str | None, layer: str) -> Binding:
        if asked is None:
            return rule.binding
        if asked not in {*Binding} or _STRENGTH[Binding(asked)] < _STRENGTH[rule.binding]:
            raise BadProfile(profile=layer, where=f"{rule.id}.binding", expected=f"{rule.binding} or harder")
        return Binding(asked)


def _built_in(catalogue: Catalogue) -> Iterable[Clause]:
    return (rule for rule in catalogue.clauses.values() if rule.id.startswith("flow.") and rule is not flow.NOT_OPEN)


@dataclass(frozen=True, slots=True)
class Bound:
    """How one clause binds: on which events (none named: all), how hard, with which figures."""

    events: tuple[str, ...]
    binding: Binding
    figures: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table as rules keep it."""

    name: str
    source: str
    dest: str | None
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Rules:
    """The rules of a case, whole and as data: table with roles, clauses with figures, event schemas."""

    profile: str
    version: str
    workflow: str
    initial: str
    states: tuple[str, ...]
    ends: frozenset[str]
    rows: tuple[Row, ...]
    clauses: Mapping[str, Bound]
    body: bytes = field(repr=False)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the body: what a case is pinned to."""
        return digest(self.body)

    @classmethod
    def of(
        cls, table: Workflow, profile: Profile, bound: Mapping[str, Bound], events: Mapping[str, type[Event]]
    ) -> Self:
        """Rules from what was resolved."""
        document = {
            "format": FORMAT,
            "profile": profile.name,
            "version": profile.version,
            "draft": profile.draft,
            "workflow": table.name,
            "initial": table.initial,
            "ends": sorted(table.ends),
            "states": [str(state) for state in table.states],
            "table": [
                {"name": row.name, "source": row.source, "dest": row.dest, "roles": sorted(row.roles)}
                for row in table.rows
            ],
            "clauses": {
                id_: {"events": [*one.events], "binding": str(one.binding), "figures": dict(one.figures)}
                for id_, one in bound.items()
            },
            "events": {kind: event.model_json_schema() for kind, event in events.items()},
        }
        return cls.from_body(canonical(document))

    @classmethod
    def from_body(cls, body: bytes) -> Self:
        """Rules as they were stored. Raises RulesUnknown when the body is not of a format known here."""
        try:
            data = json.loads(body)
            if data["format"] != FORMAT:
                raise RulesUnknown(what=f"format {data['format']}")
            return cls(
                profile=data["profile"],
                version=data["version"],
                workflow=data["workflow"],
                initial=data["initial"],
                states=tuple(data["states"]),
                ends=frozenset(data["ends"]),
                rows=tuple(Row(row["name"], row["source"], row["dest"], tuple(row["roles"])) for row in data["table"]),
                clauses={
                    id_: Bound(tuple(one["events"]), Binding(one["binding"]), one["figures"])
                    for id_, one in data["clauses"].items()
                },
                body=body,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RulesUnknown(what=f"unreadable body ({type(error).__name__})") from None

    def figures(self, rule: Clause) -> dict[str, Figure[Any]]:
        """The figures in force of one clause, ready for its function."""
        bound = self.clauses[rule.id].figures
        return {name: figure.having(bound[name]) if name in bound else figure for name, figure in rule.figures.items()}
