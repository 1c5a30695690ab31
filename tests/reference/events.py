"""Every fact: its label, its fields, where it is open and to whom, and the clauses that bind it."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Any

from pydantic import TypeAdapter

from engine import Event, standard_catalogue
from engine.events import event as basic
from engine.events import personal
from engine.text import Word
from tests.reference.markdown import blocks, code, table
from tests.reference.source import constants, first_sentence, said, said_of

_CATALOGUE = standard_catalogue()
_MANY = {"frozenset": "set of ", "tuple": "list of ", "": ""}
_UNITS = {
    r".*_km": "km",
    r".*_days": "days",
    r".*_tenths_mm": "tenths of a millimetre",
    r"hours_.*_tenths": "tenths of an hour",
}
"""Units that the name of a field tells."""


def facts() -> str:
    """Every fact, a section for each stage."""
    staged = groupby(_CATALOGUE.events.values(), key=lambda kind: kind.__module__)
    return blocks(*(blocks(_title(module), *(_fact(kind) for kind in kinds)) for module, kinds in staged))


def _title(module: str) -> str:
    return f"## {first_sentence(said(sys.modules[module])).removesuffix('.')}"


def _fact(kind: type[Event]) -> str:
    label = _CATALOGUE.words.get(kind.kind)
    rows = [_field(kind, name, annotation) for name, annotation in inspect.get_annotations(kind).items()]
    return blocks(
        f"### `{kind.kind}`",
        f"**{label}**" if label else "",
        said(kind),
        "\n".join([*_open(kind), *_bound(kind)]),
        table(("field", "type", "meaning", "owned by"), rows) if rows else "",
    )


def _open(kind: type[Event]) -> Iterator[str]:
    """Where it may be recorded, by whom, and where it leads."""
    rows = [row for flow in _CATALOGUE.workflows.values() for row in flow.rows if row.event is kind]
    places: dict[tuple[str | None, str], list[str]] = {}
    for row in rows:
        places.setdefault((row.dest, code(*sorted(row.roles))), []).append(row.source)
    for (dest, roles), sources in places.items():
        yield f"- Open in {code(*sources)}{f', leads to {code(dest)}' if dest else ''}; for {roles}."


def _bound(kind: type[Event]) -> Iterator[str]:
    bound = [clause.id for clause in _CATALOGUE.clauses.values() if kind in clause.on]
    if bound:
        yield f"- Bound by {code(*bound)}."


def everywhere() -> str:
    """The clauses that bind every command."""
    return f"Every command is bound by {code(*(one.id for one in _CATALOGUE.clauses.values() if Event in one.on))}.\n"


# --- fields ------------------------------------------------------------------------------------------------------


def _field(kind: type[Event], name: str, annotation: str) -> tuple[str, str, str, str]:
    field = kind.model_fields[name]
    owners = [clause.id for clause in _CATALOGUE.clauses.values() if f"{kind.kind}.{name}" in clause.owns]
    marks = ["required"] * field.is_required() + ["personal"] * (name in kind.personal)
    many, one = re.findall(r"(?:Annotated\[)?(?:(frozenset|tuple)\[)?(\w+)", annotation)[0]
    link = f"{_MANY[many]}[`{one}`](#{one.lower() if one in words() else 'types'})"
    listed = first_sentence(said(words()[one])) if one in words() else ""
    meaning = field.description or said_of(name, said(kind)) or listed
    return code(name), ", ".join([link, *_unit(name), *marks]), meaning, code(*owners)


def _unit(name: str) -> list[str]:
    return [unit for pattern, unit in _UNITS.items() if re.fullmatch(pattern, name)][:1]


@cache
def words() -> dict[str, type[Word]]:
    """Every list of codes that a field takes its value from."""
    listed = (vars(sys.modules[kind.__module__]) for kind in _CATALOGUE.events.values())
    every = (one for module in listed for one in module.values() if isinstance(one, type))
    return {one.__name__: one for one in every if issubclass(one, Word) and one is not Word}


def codes() -> str:
    """Every list of codes, with their labels."""
    return blocks(*(blocks(f"### `{name}`", said(kind), _labels(kind)) for name, kind in words().items()))


def _labels(kind: type[Word]) -> str:
    return table(("code", "zh", "en"), [(code(str(one)), one.label.zh, one.label.en) for one in kind])


def types() -> str:
    """Every type that fields are made of: what it means, and its JSON schema."""
    homes = {name: module for module in (basic, personal) for name in constants(module)}
    used = [name for name in homes if name in _used()]
    rows = [(code(name), constants(homes[name])[name].note, _schema(getattr(homes[name], name))) for name in used]
    attachment = (code("Attachment"), said(basic.Attachment), _schema(basic.Attachment))
    return table(("type", "meaning", "JSON schema"), [*rows, attachment])


def _used() -> set[str]:
    annotations = (str(one) for kind in _CATALOGUE.events.values() for one in inspect.get_annotations(kind).values())
    return {name for annotation in annotations for name in re.findall(r"\w+", annotation)} - {"Listed"}


def _schema(kind: Any) -> str:
    return code(json.dumps(_bare(TypeAdapter(kind).json_schema()), ensure_ascii=False, sort_keys=True))


def _bare(schema: Any) -> Any:
    """A schema without the titles and sentences that this page says in its own place."""
    if not isinstance(schema, dict):
        return schema
    return {name: _bare(value) for name, value in schema.items() if name not in {"title", "description"}}


PARTS = {"events.every": everywhere, "events.facts": facts, "events.types": types, "events.codes": codes}
