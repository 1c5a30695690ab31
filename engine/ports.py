"""What the engine asks of the world, as the smallest protocols that will do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from engine.journal import Entry
from engine.proof import note

Clock = Callable[[], datetime]
"""The time now, with its zone."""
NewId = Callable[[], str]
"""A new opaque identifier, for commands whose caller gave none."""
NewSalt = Callable[[], bytes]
"""A new secret salt of at least 16 bytes, for one personal value."""
Signer = note.Signer
"""A private key that signs checkpoints; it may be anywhere but in the database."""


class Adapter(Protocol):
    """Carries entries out of the engine: to a log, a broker, a person."""

    @property
    def name(self) -> str:
        """The name by which subscriptions call it."""
        ...

    def deliver(self, entry: Entry) -> None:
        """Carry one entry out. May be called twice with one entry; receivers de-duplicate by its seal.

        Raise to be tried again: `Undelivered` says why and when, `Undeliverable` that no try will help,
        `ReceiverGone` that the adapter is to rest. Of any other exception only the class is kept.
        """
        ...

    def close(self) -> None:
        """Give back what it holds. Called once nothing more is delivered; may be called twice."""
        ...


@runtime_checkable
class Reveal(Protocol):
    """Gives an adapter personal values of an entry in clear, against an entry in the shop's ledger."""

    def __call__(self, entry: Entry, paths: Sequence[str], *, to: str, purpose: str) -> Mapping[str, str]:
        """The values of these fields that were not erased. `to`: the role that sees them; `purpose`: a code."""
        ...


@runtime_checkable
class Revealing(Protocol):
    """An adapter that names personal data: an engine gives it the way to them when it is built."""

    def reveal_by(self, reveal: Reveal) -> None:
        """Take it, and ask it for every value anew; what was given is not to be kept."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """The time, ids and salts that an engine is given: everything about it that is not a function of its arguments."""

    clock: Clock
    new_id: NewId
    new_salt: NewSalt
