"""The way in by a folder: the log publishes there, the witness reads, keeps a copy of the hashes, and writes back.

The copy grows by hashes of entries only; what stands above them is computed here. So a copy that makes the root which
the log signed shows that the log still begins with all that was witnessed before. Nothing in the folder is trusted.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from adapters import keys
from adapters.folders import MOST_NOTE, file_name, read, write
from adapters.tiles import HASH, WIDTH, Tiles, first_difference
from adapters.witness.core import Found, Reply, Witness
from engine.proof.note import with_cosignatures
from engine.proof.tree import appended
from engine.proof.verify import Checkpoint, parse_vkey
from engine.proof.witness import Objection, makes_root

_log = structlog.get_logger("gongdan.witness")

_BATCH = 64
"""How many tiles of entries are taken in at a time: half a megabyte."""


def witnessed(witness: Witness, published: Path) -> Reply:
    """Look at what a log publishes, once; the cosignature stands in its folder. Raises OSError, BadSettings."""
    raw = read(published, "checkpoint", MOST_NOTE) or b""
    reply = witness.consider(raw, lambda known, new: _judged(witness.home(new.origin), published, known, new))
    if reply.cosignature:
        _hand_in(witness, published, raw, reply.cosignature)
    return reply


def watch(
    witness: Witness,
    published: Sequence[Path],
    stop: threading.Event,
    seconds: float,
    told: Callable[[Path, Reply], None],
) -> None:
    """Look at what logs publish until told to stop, again after some seconds. What is new about each is told once.

    A folder that is away is waited for. Raises BadSettings.
    """
    last: dict[Path, tuple[object, object]] = {}
    while not stop.is_set():
        for folder in published:
            try:
                reply = witnessed(witness, folder)
            except OSError as error:
                _log.warning("witness_waits", reason=errno.errorcode.get(error.errno or 0, type(error).__name__))
                continue
            if last.get(folder) != (reply.objection, reply.offered):
                last[folder] = reply.objection, reply.offered
                told(folder, reply)
        stop.wait(seconds)


def _hand_in(witness: Witness, published: Path, note: bytes, line: bytes) -> None:
    """Write a cosignature where the log looks for it, unless a good one for this checkpoint is there."""
    name = f"cosignatures/{file_name(witness.key.name)}"
    there = read(published, name, MOST_NOTE) or b""
    ours = note[: note.rindex(b"\n\n") + 2] + line
    if with_cosignatures(ours, there, [parse_vkey(witness.vkey)], keys.verify) == ours:
        write(published, name, line)


def _judged(home: Path, published: Path, known: Checkpoint, new: Checkpoint) -> Found:
    theirs, ours = Tiles(published, new.size), Tiles(home, known.size)
    if new.size > known.size:
        return _extended(ours, theirs, known, new)
    first = None if new.root == known.root else first_difference(ours, theirs)
    if first is not None:
        return Found(Objection.REWRITTEN, first)
    if new.size < known.size:
        return Found(Objection.SMALLER)
    return Found(None if new.root == known.root else Objection.FORK)


def _extended(ours: Tiles, theirs: Tiles, known: Checkpoint, new: Checkpoint) -> Found:
    """Take in the hashes that are new, all of them where the copy is not whole, and see what they make."""
    copy = _Copy(ours if makes_root(ours.read, known) else Tiles(ours.folder, 0))
    if not copy.take(theirs):
        return Found(Objection.UNPUBLISHED)
    if makes_root(copy.read, new) and makes_root(copy.read, known):
        copy.finish()
        return Found(None)
    first = first_difference(ours, theirs)
    return Found(Objection.UNPROVEN if first is None else Objection.REWRITTEN, first)


class _Copy:
    """The hashes of a log as they grow. Those beyond what is witnessed may be wrong, and are written anew next time."""

    def __init__(self, tiles: Tiles) -> None:
        self._tiles = tiles
        self._partial: dict[tuple[int, int], bytes] = {}

    def read(self, level: int, index: int) -> bytes:
        return self._partial.get((level, index)) or self._tiles.read(level, index)

    def take(self, theirs: Tiles) -> bool:
        """Every entry's hash from where this copy ends; False where some are missing."""
        hashes: list[bytes] = []
        for first, body in theirs.leaves(self._tiles.size):
            if len(body) < HASH * min(WIDTH, theirs.size - first):
                return False
            begin = max(self._tiles.size - first, 0) * HASH
            hashes += [body[at : at + HASH] for at in range(begin, len(body), HASH)]
            if len(hashes) >= _BATCH * WIDTH:
                self._append(hashes)
                hashes = []
        self._append(hashes)
        return True

    def _append(self, hashes: list[bytes]) -> None:
        self._partial |= appended(self._tiles.size, hashes, self.read)
        self._tiles = Tiles(self._tiles.folder, self._tiles.size + len(hashes))
        for place in [place for place, body in self._partial.items() if len(body) == HASH * WIDTH]:
            self._tiles.put(*place, self._partial.pop(place))

    def finish(self) -> None:
        """Write what is not full."""
        for place, body in self._partial.items():
            self._tiles.put(*place, body)
