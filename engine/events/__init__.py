"""All facts, collected by name: a forgotten module is a failing test, not an unknown command."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.events import common, ledger, repair_order
from engine.events.event import Event
from engine.text import Text, Word

EVENTS: Mapping[str, type[Event]] = MappingProxyType(
    {event.kind: event for event in (*common.EVENTS, *repair_order.EVENTS, *ledger.EVENTS)}
)
WORDS: Mapping[str, Text] = MappingProxyType(
    {
        str(member): member.label
        for module in repair_order.STAGES
        for listed in vars(module).values()
        if isinstance(listed, type) and issubclass(listed, Word)
        for member in listed
    }
)
"""The label of every code that a fact may hold."""
