"""Sweeping: what somebody asked to be erased is erased when its term has ended, in time.

Must live here: when to look. Must not be known here: what is due, signals, the command line.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import structlog

from engine import Contended, Engine, StoreUnavailable, Swept

_log = structlog.get_logger("gongdan.erasure")

SECONDS = 3600.0
"""How long after its term a value is there at most, while the database answers."""
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Sweeping:
    """Erases what is due by the terms of an engine. Any number of processes may do so; a value goes once."""

    engine: Engine
    clock: Callable[[], float] = monotonic

    def sweep(self) -> Swept:
        """Erase what is due now, and tell the log how much. Raises StoreUnavailable, Contended."""
        swept = self.engine.erase_due()
        if swept.erased:
            _log.info("erased", values=swept.erased, requests=swept.requests, held=swept.held)
        return swept

    def run(self, stop: threading.Event) -> None:
        """Until `stop`: at once, then every hour. What fails is tried again."""
        due = self.clock()
        while not stop.is_set():
            try:
                if self.clock() >= due:
                    self.sweep()
                    due = self.clock() + SECONDS
            except (StoreUnavailable, Contended) as error:
                _log.warning("sweep_waits", reason=type(error).__name__)
            stop.wait(LOOK_SECONDS)
