"""One witness: what it has seen of each log, and its answer to one more checkpoint.

Its folder holds the key, the logs it knows, and a folder for each log: `checkpoint`, the largest one that it has
cosigned, `tile/…` where it was given hashes, and `refused/…`, signed by the log and not cosigned. A checkpoint is on
the disk before its cosignature leaves, so a witness that is killed at any moment never signs two that disagree.
Must live here: what is kept, and in which order. Must not be known here: by which way a checkpoint came.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import structlog

from adapters import keys
from adapters.folders import MOST_NOTE, file_name, read, write
from engine import BadSettings, Text
from engine.proof.note import cosignature, vkey, with_signature
from engine.proof.verify import EMPTY_ROOT, Checkpoint, Key, parse_checkpoint, parse_note
from engine.proof.witness import Objection, Opened, opened

_log = structlog.get_logger("gongdan.witness")

MOST_REFUSED = 100
"""How many refused checkpoints are kept that anybody who has them could bring again and again."""

_COSIGNER = 4
_NEWEST = "checkpoint"
_PROOF_OF_LIES = {Objection.FORK, Objection.REWRITTEN, Objection.SMALLER}
_KEPT = _PROOF_OF_LIES | {Objection.UNPROVEN}
_OURS = Text(zh="本见证人写下的检查点", en="a checkpoint as this witness wrote it")


class Found(NamedTuple):
    """What speaks against a checkpoint, if anything does, and the index of the first entry that shows it, if known."""

    objection: Objection | None
    first: int | None = None


class Reply(NamedTuple):
    """What a witness answers: a line with its cosignature, or its objection.

    `known` is the largest checkpoint of that log that it has cosigned by then; None for a log that it does not know.
    """

    objection: Objection | None
    cosignature: bytes = b""
    known: Checkpoint | None = None
    offered: Checkpoint | None = None
    first: int | None = None


Judge = Callable[[Checkpoint, Checkpoint], Found]
"""The largest checkpoint that was cosigned, and one that its log has signed, to what is found against it."""


def machine_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Witness:
    """A witness at work. `logs` are the keys of each log that it knows. Threads may share one; processes may not."""

    folder: Path
    key: keys.PrivateKey
    logs: Mapping[str, Sequence[Key]]
    clock: Callable[[], datetime] = machine_clock
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def vkey(self) -> str:
        """The public key, as policies name it."""
        return vkey(self.key.name, self.key.public, _COSIGNER)

    def consider(self, note: bytes, judge: Judge) -> Reply:
        """Cosign a checkpoint, or say why not. What is cosigned is on the disk. Raises OSError, BadSettings."""
        offered = opened(note, self.logs, keys.verify)
        if isinstance(offered, Objection):
            return Reply(offered)
        with self._lock:
            return self._judged(offered, judge)

    def _judged(self, offered: Opened, judge: Judge) -> Reply:
        new = offered.checkpoint
        known = self.known(new.origin)
        found = judge(known, new)
        if found.objection:
            _log.warning("witness_refuses", origin=new.origin, size=new.size, why=found.objection.value)
            self._keep(offered, found.objection)
            return Reply(found.objection, known=known, offered=new, first=found.first)
        line = cosignature(offered.text, self.key, int(self.clock().timestamp()))
        if new.size > known.size or not (self.home(new.origin) / _NEWEST).exists():
            write(self.home(new.origin), _NEWEST, with_signature(offered.note, line))
        return Reply(None, line, known=new, offered=new)

    def home(self, origin: str) -> Path:
        """The folder of one log."""
        return self.folder / "logs" / file_name(origin)

    def known(self, origin: str) -> Checkpoint:
        """The largest checkpoint of a log that was cosigned; that of no entries where there is none.

        Raises BadSettings where what stands there is not what this witness wrote.
        """
        place = self.home(origin) / _NEWEST
        if not place.exists() and not place.is_symlink():
            return Checkpoint(origin, 0, EMPTY_ROOT)
        try:
            known = parse_checkpoint(parse_note(read(place.parent, place.name, MOST_NOTE) or b"").text)
        except ValueError:
            known = None
        if known is None or known.origin != origin:
            raise BadSettings(where=str(place), expected=_OURS)
        return known

    def _keep(self, offered: Opened, objection: Objection) -> None:
        """Evidence: what the log has signed and this witness has not. Once for each content."""
        if objection not in _KEPT:
            return
        home, (_, size, root) = self.home(offered.checkpoint.origin), offered.checkpoint
        name = f"refused/{objection.value}-{size}-{root.hex()}"
        kept = [] if objection in _PROOF_OF_LIES else [*(home / "refused").glob("*")]
        if len(kept) < MOST_REFUSED and not (home / name).exists():
            write(home, name, offered.note)
