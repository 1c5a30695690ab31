"""What the engine asks of the world, as the smallest protocols that will do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from engine.journal import Entry

Clock = Callable[[], datetime]
"""The time now, with its zone."""
NewId = Callable[[], str]
"""A new opaque identifier, for commands whose caller gave none."""
NewSalt = Callable[[], bytes]
"""A new secret salt of at least 16 bytes, for one personal value."""


class Adapter(Protocol):
    """Carries entries out of the engine: to a log, a broker, a person."""

    @property
    def name(self) -> str:
        """The name by which subscriptions call it."""
        ...

    def deliver(self, entry: Entry) -> None:
        """Carry one entry out. Raise to be tried again. May be called twice with one entry."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """The time, ids and salts that an engine is given: everything about it that is not a function of its arguments."""

    clock: Clock
    new_id: NewId
    new_salt: NewSalt
