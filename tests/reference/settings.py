"""The settings of an engine and of a store, from their signatures and docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from adapters.bootstrap import bootstrap
from engine import Store
from tests.reference.markdown import code, table
from tests.reference.source import literal, said, said_of


def settings(function: Callable[..., object]) -> str:
    """Every parameter: its type, its default, and what the docstring says of it."""
    rows = [
        (code(one.name), code(one.annotation), _default(one), said_of(one.name, said(function)))
        for one in inspect.signature(function).parameters.values()
        if one.name != "self"
    ]
    return table(("setting", "type", "default", "meaning"), rows)


def _default(one: inspect.Parameter) -> str:
    return "required" if one.default is one.empty else code(literal(one.default))


PARTS = {"settings.bootstrap": lambda: settings(bootstrap), "settings.store": lambda: settings(Store.__init__)}
