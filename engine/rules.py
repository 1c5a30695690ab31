"""Rules: what a case is judged by, as data; and the catalogue and profiles they are resolved from.

Must live here: layering profiles, the body of the rules and its digest. Must not be known here: cases, storage.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

from pydantic import ConfigDict, TypeAdapter, ValidationError

from engine.binding import Bound, bind, refuse_looser, refuse_unknown
from engine.canonical import canonical, digest
from engine.errors import BadProfile, RulesUnknown, UnknownProfile
from engine.events.common import OPENED, CaseOpened
from engine.events.event import Code, Event, bad_command
from engine.guards import flow
from engine.guards.clause import Clause
from engine.guards.figure import Figure
from engine.roles import Role
from engine.states.workflow import Transition, Workflow
from engine.text import Text

FORMAT = 1
_DEALERS = {
    "extends": Text("所基于的品牌口径", "the brand's profile that it stands on"),
    "stand_ins": Text("空缺：岗位由品牌口径规定", "left out: who may do what is the brand's"),
    "name": Text("尚未用过的名称", "a name that is not taken"),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """A layer of rules: the clauses it switches on, their bindings and figures. `extends` names the layer below.

    A `dealer`'s layer may tighten what lies below it and bind more, never loosen it.
    `stand_ins` widens the table: by workflow and role, the commands that this role may put too, where clauses of
    the layer say when.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: Code
    version: Code
    label: Text
    extends: Code | None = None
    draft: bool = False
    dealer: bool = False
    clauses: Mapping[str, Mapping[str, Mapping[str, object]]] = field(default_factory=dict)
    stand_ins: Mapping[str, Mapping[Role, tuple[Code, ...]]] = field(default_factory=dict)

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
        rows = {row.name: row.label for flow_ in self.workflows.values() for row in flow_.rows}
        commands = {CaseOpened.kind: OPENED, **rows}
        return {**self.codes, **{str(role): role.label for role in Role}, **states, **commands}

    def rules(self, profile: str, workflow: str) -> Rules:
        """The rules of a profile, all its layers resolved. Raises UnknownProfile, BadProfile."""
        layers = list(self._layers(profile))
        table = self.workflows[workflow]
        bound: dict[str, Bound] = {rule.id: bind(rule, {}, "flow") for rule in flow.BUILT_IN}
        for layer in layers:
            refuse_unknown(layer.stand_ins.get(workflow, {}), table, layer.name)
            held = dict(bound)
            for id_, settings in layer.clauses.get(workflow, {}).items():
                rule = self.clauses.get(id_)
                if rule is None:
                    raise BadProfile(profile=layer.name, where=id_, expected="a clause of the catalogue")
                bound[id_] = bind(rule, settings, layer.name, bound.get(id_))
                if layer.dealer:
                    refuse_looser(rule, bound[id_], held, layer.name)
        top = layers[-1]
        rows = [self._widened(row, layers, workflow) for row in table.rows]
        return Rules.of(table, top, rows, bound)

    def with_dealer(self, profile: Profile) -> Catalogue:
        """The catalogue with a dealer's own layer over one of its profiles. Raises BadProfile where it would loosen it.

        Resolved at once for every workflow that it speaks of, so that a mistake shows here and not at the counter.
        """
        if profile.extends is None or profile.stand_ins:
            where = "extends" if profile.extends is None else "stand_ins"
            raise BadProfile(profile=profile.name, where=where, expected=_DEALERS[where])
        if profile.name in self.profiles:
            raise BadProfile(profile=profile.name, where="name", expected=_DEALERS["name"])
        catalogue = replace(self, profiles={**self.profiles, profile.name: replace(profile, dealer=True)})
        for workflow in self.workflows:
            catalogue.rules(profile.name, workflow)
        return catalogue

    def _widened(self, row: Transition, layers: list[Profile], workflow: str) -> Row:
        """A row with the roles of the table, and those that the layers let stand in for them."""
        stand_ins = {
            str(role)
            for layer in layers
            for role, commands in layer.stand_ins.get(workflow, {}).items()
            if row.name in commands
        }
        roles = {str(role) for role in row.roles}
        return Row(row.name, row.source, row.dest, tuple(sorted(roles)), tuple(sorted(stand_ins - roles)))

    def _layers(self, name: str, above: tuple[str, ...] = ()) -> Iterable[Profile]:
        profile = self.profiles.get(name)
        if profile is None:
            raise UnknownProfile(name=name, expected=sorted(self.profiles))
        if name in above:
            raise BadProfile(profile=name, where="extends", expected="a profile that does not lead back here")
        for part in ("clauses", "stand_ins"):
            unknown = sorted(set(getattr(profile, part)) - set(self.workflows))
            if unknown:
                raise BadProfile(
                    profile=name, where=f"{part}.{unknown[0]}", expected=f"one of {sorted(self.workflows)}"
                )
        if profile.extends is not None:
            yield from self._layers(profile.extends, (*above, name))
        yield profile


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table as rules keep it: who may put it, and who may stand in for them where clauses say so."""

    name: str
    source: str
    dest: str | None
    roles: tuple[str, ...]
    stand_ins: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """The row as it stands in a body: without stand-ins where it has none."""
        row: dict[str, object] = {"name": self.name, "source": self.source, "dest": self.dest, "roles": [*self.roles]}
        return {**row, "stand_ins": [*self.stand_ins]} if self.stand_ins else row


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
    def of(cls, table: Workflow, profile: Profile, rows: Iterable[Row], bound: Mapping[str, Bound]) -> Self:
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
            "table": [row.document() for row in rows],
            "clauses": {
                id_: {"events": [*one.events], "binding": str(one.binding), "figures": dict(one.figures)}
                for id_, one in bound.items()
            },
            "events": {row.name: row.event.shape() for row in table.rows},
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
