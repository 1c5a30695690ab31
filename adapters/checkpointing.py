"""Checkpointing: checkpoints in time, shown to others, cosigned by those whom a policy asks.

Must live here: when to make one, and whom to ask. Must not be known here: how one is made, signals, the command line.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

import structlog

from adapters import keys
from adapters.publish import publish, with_published
from adapters.witness.client import Unwitnessed, ask
from engine import Contended, Engine, Signed, Signer, StoreUnavailable
from engine.proof.note import with_cosignatures
from engine.proof.verify import Policy

_log = structlog.get_logger("gongdan.checkpoints")

SECONDS = 60.0
"""How long an entry waits for its checkpoint at most."""
ENTRIES = 1_000
"""How many entries make one at once."""
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Checkpointing:
    """Makes the checkpoints of one log. `folder`: where they are published. `policy`: whose cosignatures are wanted.

    Any number of processes may do so; what one has made the others leave.
    """

    engine: Engine
    signers: Sequence[Signer]
    folder: Path | None = None
    policy: Policy | None = None
    clock: Callable[[], float] = monotonic

    def make(self) -> Signed | None:
        """One now, published and cosigned as far as witnesses answer at once; None when nothing is new.

        Raises BadKey, NameTaken, BadLog, Republished, StoreUnavailable, Contended, OSError.
        """
        signed = self.engine.checkpoints.make(*self.signers)
        return None if signed is None else self._shown(signed)

    def rotate(self) -> Signed:
        """Change keys from the first signer's to the second's, and make a checkpoint as `make` does."""
        return self._shown(self.engine.checkpoints.rotate(*self.signers))

    def collect(self) -> Signed | None:
        """The last checkpoint, with what witnesses have written into the folder since. Raises what `make` raises."""
        last = self.engine.checkpoints.last()
        if last is None or last.note is None or self.folder is None or self.policy is None:
            return last
        return self._kept(last, with_published(self.folder, last.note, self.policy.witnesses.values()))

    def run(self, stop: threading.Event) -> None:
        """Until `stop`: a checkpoint once 1,000 entries wait, or one for 60 seconds. What fails is tried again."""
        made = self.clock() - SECONDS
        while not stop.is_set():
            try:
                waiting = self.engine.checkpoints.waiting(ENTRIES)
                if waiting >= ENTRIES or (waiting and self.clock() - made >= SECONDS):
                    made = self.clock()
                    self.make()
                self.collect()
            except (StoreUnavailable, Contended, OSError) as error:
                _log.warning("checkpoint_waits", reason=type(error).__name__)
            stop.wait(LOOK_SECONDS)

    # --- parts -----------------------------------------------------------------------------------------------------

    def _shown(self, signed: Signed) -> Signed:
        self._publish(signed)
        return self._kept(signed, self._asked(signed))

    def _publish(self, signed: Signed) -> None:
        if self.folder is not None and signed.note is not None:
            with self.engine.checkpoints.tiles() as tile:
                publish(self.folder, signed.note, tile)

    def _asked(self, signed: Signed) -> bytes:
        """The note with the cosignatures of the witnesses that have an address."""
        note = signed.note or b""
        for name, key in (self.policy.witnesses if self.policy else {}).items():
            url = self.policy.urls.get(name) if self.policy else None
            if url is not None:
                try:
                    lines = ask(url, note, signed.size, partial(self._proof, signed.size))
                except Unwitnessed as error:
                    _log.warning("not_cosigned", witness=name, reason=str(error.facts["reason"]))
                else:
                    note = with_cosignatures(note, lines, [key], keys.verify)
        return note

    def _proof(self, size: int, old: int) -> list[bytes]:
        return self.engine.checkpoints.consistency(old, size)

    def _kept(self, signed: Signed, note: bytes) -> Signed:
        """Keep what came; where another process was quicker, its word stands, and ours is asked for again."""
        if note == signed.note or not self.engine.checkpoints.cosigned(signed, note):
            return signed
        if self.folder is not None:
            self._publish(signed._replace(note=note))
        return signed._replace(note=note)
