"""Callback: entries to a function of the host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine import Entry


@dataclass(frozen=True, slots=True)
class Callback:
    """Calls a function with each entry; `Envelope.of(entry)` makes an event of it where one is wanted.

    The function returns once the entry is in its hands for good. It is called again after any exception: `Undelivered`
    says why and when, `Undeliverable` that no try will help, `ReceiverGone` that nothing more is wanted.
    """

    name: str
    function: Callable[[Entry], object]

    def deliver(self, entry: Entry) -> None:
        """Call the function. Raises what it raises."""
        self.function(entry)

    def close(self) -> None:
        """Nothing is held."""
