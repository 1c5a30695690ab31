"""The public names of the package, in groups, from their signatures and docstrings.

A name belongs to the group of the module that `engine` imports it from. One that has no group fails a test.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cached_property, partial
from importlib import import_module
from itertools import chain
from types import FunctionType, ModuleType
from typing import TypeVar

from pydantic import BaseModel

import engine
from engine import GongdanError, Text
from tests.reference.markdown import blocks, code, fenced, table
from tests.reference.source import Constant, constants, first_sentence, imported, literal, said, signature

GROUPS: Mapping[str, tuple[str, ...]] = {
    "api.start": ("adapters.bootstrap", "engine.engine", "engine.store"),
    "api.shop": (
        "engine.shop",
        "engine.batch",
        "engine.erasure",
        "engine.holds",
        "engine.retention",
        "engine.store.erasures",
    ),
    "api.answers": ("engine.command", "engine.text", "engine.roles"),
    "api.facts": ("engine.events.event", "engine.events.personal", "engine.case"),
    "api.errors": ("engine.errors",),
    "api.sop": ("engine.guards.clause", "engine.guards.figure", "engine.rules", "engine.profiles"),
    "api.journal": ("engine.journal", "engine.findings", "engine.transfer"),
    "api.audit": ("engine.audit", "engine.evidence", "engine.tally", "engine.timeline"),
    "api.proof": ("engine.checkpoints", "engine.bundle", "engine.proof.note"),
    "api.delivery": (
        "engine.envelope",
        "engine.subscription",
        "engine.delivery",
        "engine.outbox",
        "adapters.settings",
    ),
    "api.world": ("engine.ports",),
}
_ALSO = ("adapters.bootstrap", "adapters.settings", "engine.guards.figure")
"""Modules whose own functions hosts and SOP developers import from where they are."""


def public() -> dict[str, str]:
    """Every public name of the package, with the module that it is from."""
    return {name: imported(engine)[name] for name in engine.__all__}


def group(modules: tuple[str, ...]) -> str:
    """Every name of some modules, one after the other."""
    return blocks(*(described(name, module) for module in modules for name in _names(module)))


def _names(module: str) -> list[str]:
    names = [name for name, home in public().items() if home == module]
    return names + ([*_functions(import_module(module))] if module in _ALSO else [])


def _functions(module: ModuleType) -> Iterator[str]:
    for name, one in vars(module).items():
        if isinstance(one, FunctionType) and one.__module__ == module.__name__ and not name.startswith("_"):
            yield name


def described(name: str, module: str) -> str:
    """One name: how it is written, and what it says of itself."""
    home = import_module(module)
    thing = getattr(home, name)
    title = f"### `{name if name in engine.__all__ else f'{module}.{name}'}`"
    if name in constants(home):
        return blocks(title, *_constant(name, thing, constants(home)[name]))
    if isinstance(thing, type):
        return blocks(title, said(thing), *_class(thing))
    return blocks(title, fenced("python", signature(name, thing)), said(thing))


def _constant(name: str, value: object, constant: Constant) -> Iterator[str]:
    is_text = isinstance(value, Text)
    yield fenced("python", f"{name}: Text\n" if is_text else f"{name} = {constant.expression}\n")
    yield constant.note
    yield f"> {value.zh}\n>\n> {value.en}" if is_text else ""


# --- classes -----------------------------------------------------------------------------------------------------


def _class(kind: type) -> Iterator[str]:
    lines = [*_declared(kind)]
    if lines:
        yield fenced("python", f"class {kind.__name__}:\n" + "".join(f"    {line}\n" for line in lines))
    made = vars(kind).get("__init__")
    if isinstance(made, FunctionType) and made.__module__ == kind.__module__ and not is_dataclass(kind):
        yield fenced("python", signature(kind.__name__, made))
        yield said(made)
    yield _properties(kind)
    yield from _methods(kind)


def _declared(kind: type) -> Iterator[str]:
    """The members of an enumeration, else the fields."""
    if issubclass(kind, Enum):
        yield from (f"{one.name} = {literal(str(one.value))}" for one in kind)
        return
    for name, annotation in inspect.get_annotations(kind).items():
        if not name.startswith("_"):
            spelled = getattr(annotation, "__forward_arg__", annotation)  # a named tuple keeps its own so
            yield f"{name}: {spelled}{_default(kind, name)}"


def _default(kind: type, name: str) -> str:
    if issubclass(kind, BaseModel):
        field = kind.model_fields.get(name)
        return "" if field is None or field.is_required() else f" = {literal(field.default)}"
    if not is_dataclass(kind):
        return ""
    (given,) = (one for one in fields(kind) if one.name == name)
    if given.default_factory is not MISSING:
        return f" = {literal(given.default_factory())}"
    return "" if given.default is MISSING else f" = {literal(given.default)}"


def _properties(kind: type) -> str:
    getters = {
        name: member.func if isinstance(member, cached_property) else member.fget
        for name, member in vars(kind).items()
        if isinstance(member, property | cached_property) and not name.startswith("_")
    }
    rows = [
        (f"`{name}`", f"`{inspect.signature(getter).return_annotation}`", said(getter))
        for name, getter in getters.items()
    ]
    return table(("property", "type", "meaning"), rows) if rows else ""


def _methods(kind: type) -> Iterator[str]:
    for name, member in vars(kind).items():
        if isinstance(member, FunctionType | classmethod | staticmethod) and not name.startswith("_"):
            method, title = getattr(kind, name), f"{kind.__name__}.{name}"
            yield blocks(f"#### `{title}`", fenced("python", signature(title, method)), said(method))


# --- other types -------------------------------------------------------------------------------------------------


def others() -> str:
    """The types that signatures name and that are no public names."""
    named = {
        name: origin(module, name)
        for module in chain.from_iterable(GROUPS.values())
        for name in re.findall(r"\b[A-Z]\w+\b", group((module,)))
        if name not in engine.__all__
    }
    rows = [
        (f"`{name}`", f"`{home}`", *_told(name, import_module(home))) for name, home in sorted(named.items()) if home
    ]
    return table(("type", "module", "is", "meaning"), rows)


def origin(module: str, name: str) -> str | None:
    """The module of ours that makes a type which this one names; None for a type variable, and for what is not ours."""
    source = imported(import_module(module)).get(name)
    if source is not None:
        return origin(source, name) if source.startswith("engine") else None
    thing = getattr(import_module(module), name, None)
    return None if thing is None or isinstance(thing, TypeVar) else module


def _told(name: str, home: ModuleType) -> tuple[str, str]:
    if name in constants(home):
        return code(constants(home)[name].expression), constants(home)[name].note
    return code(*_declared(getattr(home, name))), first_sentence(said(getattr(home, name)))


# --- errors ------------------------------------------------------------------------------------------------------


def errors() -> str:
    """Every error with its words; then the words for what may stand in their braces."""
    kinds = {name: getattr(engine, name) for name in _names("engine.errors")}
    rows = [
        (f"`{name}`", _when(kind), kind.words.zh, kind.words.en) for name, kind in kinds.items() if _has_words(kind)
    ]
    parts = [
        (f"`{name}`", f"`{one}`", text.zh, text.en) for name, kind in kinds.items() for one, text in kind.codes.items()
    ]
    return blocks(
        described("GongdanError", "engine.errors"),
        table(("error", "when", "zh", "en"), rows),
        "What may stand in their braces is a code with words of its own:",
        table(("error", "code", "zh", "en"), parts),
    )


def _when(kind: type[GongdanError]) -> str:
    base = kind.__mro__[1]
    return said(kind) if base is GongdanError else f"{said(kind)} A `{base.__name__}`."


def _has_words(kind: type[GongdanError]) -> bool:
    return kind.words is not GongdanError.words


PARTS = {
    **{name: partial(group, modules) for name, modules in GROUPS.items()},
    "api.others": others,
    "api.errors": errors,
}
