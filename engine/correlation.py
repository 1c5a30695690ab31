"""Correlation: the ids that say what a log line, a span or a metric is about.

Must live here: that nothing passes but identifiers and numbers; the context of log lines. Must not be known here:
facts, names of spans and metrics.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar, Token
from typing import Any, Self

from structlog.contextvars import bind_contextvars

from engine.events.event import ID_PATTERN

Value = str | int | Sequence[str] | None

_fits = re.compile(ID_PATTERN).fullmatch


def told(values: Mapping[str, Value]) -> dict[str, Any]:
    """The numbers and identifiers among values: a text that was passed as an id does not get through."""
    return {name: value for name, value in values.items() if _is_told(value)}


def _is_told(value: Value) -> bool:
    if isinstance(value, str):
        return _fits(value) is not None
    return isinstance(value, int) or (value is not None and all(map(_is_told, value)))


def _variable(name: str) -> ContextVar[Any]:
    """The variable in which structlog keeps what is bound by this name."""
    token = bind_contextvars(**{name: None})[name]
    token.var.reset(token)
    return token.var


_VARIABLES = {name: _variable(name) for name in ("shop", "case", "command", "adapter", "letter", "correlation_id")}
_CORRELATION = _VARIABLES["correlation_id"]


class About:
    """What log lines inside `with` are about: ids in structlog's context, for hosts that merge it.

    The `correlation_id` is the one that the host has bound, else the command's id.
    """

    __slots__ = ("_ids", "_tokens")

    def __init__(self, **ids: Value) -> None:
        """Nothing is bound before `with`."""
        self._ids = ids
        self._tokens: list[Token[Any]] = []

    def __enter__(self) -> Self:
        """Bind."""
        self.bind(**self._ids)
        return self

    def bind(self, **ids: Value) -> None:
        """Bind more, each once."""
        for name, value in ids.items():
            if _is_told(value):
                self._tokens.append(_VARIABLES[name].set(value))
        command = ids.get("command")
        if command is not None and _CORRELATION.get(...) is ...:
            self._tokens.append(_CORRELATION.set(command))

    def __exit__(self, *_: object) -> None:
        """Leave the context as it was."""
        for token in self._tokens:
            token.var.reset(token)
