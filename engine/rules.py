"""Rules: what a case is judged by, as data; and the catalogue and profiles they are resolved from.

Must live here: layering profiles, the body of the rules and its digest. Must not be known here: cases, storage.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Self

from pydantic import ConfigDict, TypeAdapter, ValidationError

from engine.canonical import canonical, digest
from engine.errors import BadProfile, RulesUnknown, UnknownProfile
from engine.events.event import Code, Event, bad_command
from engine.guards import flow
from engine.guards.clause import Binding, Clause
from engine.guards.figure import Figure
from engine.roles import Role
from engine.states.workflow import Workflow
from engine.text import Text

FORMAT = 1
_STRENGTH = {Binding.SCORE: 0, Binding.NOTE: 1, Binding.REFUSE: 2}


@dataclass(frozen=True, slots=True)
class Profile:
    """A layer of rules: the clauses it switches on, their bindings and figures. `extends` names the layer below."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: Code
    version: Code
    label: Text
    extends: Code | None = None
    draft: bool = False
    clauses: Mapping[str, Mapping[str, Mapping[str, object]]] = field(default_factory=dict)

    @classmethod
    def load(cls, text: str) -> Self:
        """A profile from its TOML. Raises BadProfile."""
        try:
            return TypeAdapter(cls).validate_python(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise BadProfile(profile="?", where=str(error), expected="a profile in TOML") from None
        except ValidationError as error:
            raise BadProfile(profile="?", **bad_command("profile", error).facts) from None


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
                if rule is None:
                    raise BadProfile(profile=layer.name, where=id_, expected="a clause of the catalogue")
                bound[id_] = self._bind(rule, settings, layer.name, bound.get(id_))
        top = layers[-1]
        return Rules.of(table, top, bound, {row.name: row.event for row in table.rows})

    def _layers(self, name: str, above: tuple[str, ...] = ()) -> Iterable[Profile]:
        profile = self.profiles.get(name)
        if profile is None:
            raise UnknownProfile(name=name, expected=sorted(self.profiles))
        if name in above:
            raise BadProfile(profile=name, where="extends", expected="a profile that does not lead back here")
        unknown = sorted(set(profile.clauses) - set(self.workflows))
        if unknown:
            raise BadProfile(profile=name, where=f"clauses.{unknown[0]}", expected=f"one of {sorted(self.workflows)}")
        if profile.extends is not None:
            yield from self._layers(profile.extends, (*above, name))
        yield profile

    def _bind(self, rule: Clause, settings: Mapping[str, Any], layer: str, below: Bound | None = None) -> Bound:
        values = dict(settings)
        softest = below.binding if below else rule.binding
        binding = self._binding(rule, values.pop("binding", softest), layer, softest)
        unknown = sorted(set(values) - set(rule.figures))
        if unknown:
            raise BadProfile(profile=layer, where=f"{rule.id}.{unknown[0]}", expected=f"one of {sorted(rule.figures)}")
        figures = below.figures if below else {name: figure.document() for name, figure in rule.figures.items()}
        for name, value in values.items():
            try:
                figures = {**figures, name: rule.figures[name].having(value).document()}
            except ValueError as error:
                raise BadProfile(profile=layer, where=f"{rule.id}.{name}", expected=str(error)) from None
        return Bound(tuple(event.kind for event in rule.on if event is not Event), binding, figures)

    @staticmethod
    def _binding(rule: Clause, asked: object, layer: str, softest: Binding) -> Binding:
        for binding in Binding:
            if asked == binding and _STRENGTH[binding] >= _STRENGTH[softest]:
                return binding
        raise BadProfile(profile=layer, where=f"{rule.id}.binding", expected=f"{softest} or harder")


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


_ROWS = TypeAdapter(tuple[Row, ...])
_BOUND = TypeAdapter(dict[str, Bound])
_CODES = TypeAdapter(tuple[str, ...])


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
            "events": {kind: event.form() for kind, event in events.items()},
        }
        return cls.from_body(canonical(document))

    @classmethod
    def from_body(cls, body: bytes) -> Self:
        """Rules as they were stored. Raises RulesUnknown when the body is not of a format known here."""
        try:
            data = json.loads(body)
            if data["format"] != FORMAT:
                raise RulesUnknown(what=f"format {data['format']}")
            profile, version, workflow, initial = _CODES.validate_python(
                [data["profile"], data["version"], data["workflow"], data["initial"]]
            )
            rules = cls(
                profile=profile,
                version=version,
                workflow=workflow,
                initial=initial,
                states=_CODES.validate_python(data["states"]),
                ends=frozenset(_CODES.validate_python(data["ends"])),
                rows=_ROWS.validate_python(data["table"]),
                clauses=_BOUND.validate_python(data["clauses"]),
                body=body,
            )
        except (ValueError, KeyError, TypeError) as error:
            raise RulesUnknown(what=f"unreadable body ({type(error).__name__})") from None
        for state in (rules.initial, *rules.ends, *(end for row in rules.rows for end in (row.source, row.dest))):
            if state is not None and state not in rules.states:
                raise RulesUnknown(what=f"state {state}")
        return rules

    @classmethod
    def stored(cls, wanted: str, body: bytes | None) -> Self:
        """Rules as they were stored under a digest. Raises RulesUnknown when there are none, or others."""
        if body is None or digest(body) != wanted:
            raise RulesUnknown(what=f"digest {wanted[:12]}…")
        return cls.from_body(body)

    def figures(self, rule: Clause) -> dict[str, Figure[Any]]:
        """The figures in force of one clause, ready for its function. Raises RulesUnknown for others than it has."""
        bound = self.clauses[rule.id].figures
        try:
            return {**rule.figures, **{name: rule.figures[name].having(value) for name, value in bound.items()}}
        except (KeyError, ValueError):
            raise RulesUnknown(what=f"figures {sorted(bound)} of clause {rule.id}") from None
