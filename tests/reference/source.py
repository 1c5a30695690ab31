"""What the source says of its own names: signatures, docstrings, the string below a constant.

The same text on every Python that runs the package: nothing of it is the `repr` of an object.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import cache
from inspect import Parameter
from itertools import pairwise
from types import ModuleType
from typing import NamedTuple

_WIDTH = 100


class Constant(NamedTuple):
    """A name of a module that is neither class nor function: its expression, and the string that stands below it."""

    expression: str
    note: str


@cache
def constants(module: ModuleType) -> Mapping[str, Constant]:
    """The constants and type aliases of a module."""
    source = inspect.getsource(module)
    return {
        target.id: Constant(ast.get_source_segment(source, node.value) or "", _string(below))
        for node, below in pairwise([*ast.parse(source).body, ast.Pass()])
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }


def _string(node: ast.stmt) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str() as note)):
            return inspect.cleandoc(note)
    return ""


@cache
def imported(module: ModuleType) -> Mapping[str, str]:
    """Where a module has its names from."""
    body = ast.parse(inspect.getsource(module)).body
    return {one.name: str(node.module) for node in body if isinstance(node, ast.ImportFrom) for one in node.names}


def said(thing: object) -> str:
    """The docstring of a thing."""
    return inspect.getdoc(thing) or ""


def said_of(name: str, doc: str) -> str:
    """What a docstring says of a name: from the name in backticks to the end of its part of the sentence."""
    found = re.search(rf"`{name}`(?::| is| are)? (.+?)(?=[;.](?: |$)|, `|$)", " ".join(doc.split()))
    return found[1] if found else ""


def first_sentence(text: str) -> str:
    """Up to the first full stop."""
    return re.split(r"(?<=[.。])(?:\s|$)", " ".join(text.split()), maxsplit=1)[0]


def signature(name: str, function: Callable[..., object]) -> str:
    """How a function is called, over several lines where one would be too long."""
    whole = inspect.signature(function)
    parts = _parts([_shown(one) for one in whole.parameters.values() if one.name not in {"self", "cls"}])
    answer = "" if whole.return_annotation in {whole.empty, "None"} else f" -> {whole.return_annotation}"
    line = f"{_decorator(function)}{name}({', '.join(parts)}){answer}\n"
    if len(line) <= _WIDTH:
        return line
    return "".join([f"{_decorator(function)}{name}(\n", *(f"    {part},\n" for part in parts), f"){answer}\n"])


def _decorator(function: Callable[..., object]) -> str:
    """A context manager says that it yields; one has to know what yields it."""
    yields = inspect.isgeneratorfunction(inspect.unwrap(function)) and not inspect.isgeneratorfunction(function)
    return "@contextmanager\n" if yields else ""


class _Bare(str):
    """Text that `inspect` writes as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _shown(one: Parameter) -> Parameter:
    given = one.default if one.default is one.empty else _Bare(literal(one.default))
    return one.replace(annotation=one.annotation and _Bare(one.annotation), default=given)


def _parts(parameters: Iterable[Parameter]) -> list[str]:
    kinds: dict[object, list[str]] = {}
    for one in parameters:
        kinds.setdefault(one.kind, []).append(str(one))
    first, named = kinds.get(Parameter.POSITIONAL_ONLY, []), kinds.get(Parameter.KEYWORD_ONLY, [])
    return [
        *first,
        *(["/"] if first else []),
        *kinds.get(Parameter.POSITIONAL_OR_KEYWORD, []),
        *kinds.get(Parameter.VAR_POSITIONAL, ["*"] if named else []),
        *named,
        *kinds.get(Parameter.VAR_KEYWORD, []),
    ]


def literal(value: object) -> str:
    """A value as one writes it in Python; an ellipsis for what has no such form."""
    match value:
        case Enum():
            return f"{type(value).__name__}.{value.name}"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case None | bool() | int() | float() | tuple() | list() | dict():
            return repr(value)
        case frozenset() if not value:
            return "frozenset()"
    return "…"
