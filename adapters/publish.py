"""A log shown to others in a folder: its hashes as C2SP tiles, then its checkpoint; and what witnesses write back.

The folder may be shared, synchronized or served: `checkpoint`, `tile/…`, `cosignatures/<witness>`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from adapters import keys
from adapters.folders import MOST_NOTE, file_name, held, read, write
from adapters.tiles import HASH, Tiles
from engine import GongdanError, Text
from engine.proof.note import with_cosignatures
from engine.proof.tree import tiles
from engine.proof.verify import Checkpoint, Key, parse_checkpoint, parse_note
from engine.proof.witness import makes_root


class Republished(GongdanError):
    """What stands in a folder is no beginning of the log that is to be published there: it is not written over."""

    words = Text(
        zh="{folder} 中已发布的检查点与现在的账本不符；发布过的不会改写。",
        en="The checkpoint published in {folder} does not belong to this log as it is; it is not written over.",
    )


def publish(folder: Path, checkpoint: bytes, tile: Callable[[int, int], bytes]) -> None:
    """Publish a signed checkpoint: the hashes it needs, then itself. Full tiles that are there are left as they are.

    Nothing is done where a larger one of the same log is there: another process was quicker. `tile` gives the hashes
    of a level and index; more than the checkpoint needs do no harm. Raises Republished, OSError, and ValueError for
    what is no checkpoint.
    """
    new = parse_checkpoint(parse_note(checkpoint).text)
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder, wait=True):
        before = _published(folder)
        if before and (before.origin != new.origin or not makes_root(tile, before)):
            raise Republished(folder=str(folder))
        size = before.size if before else 0
        if size <= new.size:
            _put(Tiles(folder, size), new.size, tile)
            write(folder, "checkpoint", checkpoint)


def _put(there: Tiles, size: int, tile: Callable[[int, int], bytes]) -> None:
    """What a log of this size has in tiles, and was not there when it was smaller."""
    for level, index, width in tiles(size):
        if not there.is_full(level, index):
            there.put(level, index, tile(level, index)[: width * HASH])


def _published(folder: Path) -> Checkpoint | None:
    raw = read(folder, "checkpoint", MOST_NOTE)
    if raw is None:
        return None
    try:
        return parse_checkpoint(parse_note(raw).text)
    except ValueError:
        raise Republished(folder=str(folder)) from None


def with_published(folder: Path, checkpoint: bytes, witnesses: Iterable[Key]) -> bytes:
    """A checkpoint with the cosignatures that these witnesses have written back for it, whatever else they wrote."""
    for key in witnesses:
        lines = read(folder, f"cosignatures/{file_name(key.name)}", MOST_NOTE) or b""
        checkpoint = with_cosignatures(checkpoint, lines, [key], keys.verify)
    return checkpoint
