"""The hashes of a log in a folder, as C2SP tiles: full ones never change, partial ones stand in `.p/`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.folders import read, write
from engine.proof.verify import tile_path

WIDTH = 256
HASH = 32
_BITS = 8
_FULL = WIDTH * HASH


@dataclass(frozen=True, slots=True)
class Tiles:
    """The tiles of a log of some size in a folder; what stands there beyond that size is not seen."""

    folder: Path
    size: int

    def read(self, level: int, index: int) -> bytes:
        """The hashes of a tile that belong to this size; empty where they are missing."""
        width = min(WIDTH, (self.size >> _BITS * level) - WIDTH * index)
        if width <= 0:
            return b""
        for name in dict.fromkeys((tile_path(level, index, width), tile_path(level, index))):
            body = read(self.folder, name, _FULL) or b""
            if len(body) >= width * HASH:
                return body[: width * HASH]
        return b""

    def leaves(self, first: int) -> Iterator[tuple[int, bytes]]:
        """The hashes of entries from the tile of entry `first` on, a tile at a time, each with its first index."""
        for index in range(first // WIDTH, -(-self.size // WIDTH)):
            yield index * WIDTH, self.read(0, index)

    def is_full(self, level: int, index: int) -> bool:
        """Whether a log of this size has all hashes of a tile."""
        return self.size >> _BITS * level >= WIDTH * (index + 1)

    def put(self, level: int, index: int, body: bytes) -> None:
        """Write a tile; a full one takes the place of its partial ones. Raises OSError."""
        write(self.folder, tile_path(level, index, len(body) // HASH), body)
        if len(body) == _FULL:
            shutil.rmtree(self.folder / f"{tile_path(level, index)}.p", ignore_errors=True)


def first_difference(one: Tiles, other: Tiles) -> int | None:
    """The index of the first entry whose hash differs between two logs, as far as both have hashes without a gap."""
    for (first, ours), (_, theirs) in zip(one.leaves(0), other.leaves(0), strict=False):
        for at in range(0, min(len(ours), len(theirs)), HASH):
            if ours[at : at + HASH] != theirs[at : at + HASH]:
                return first + at // HASH
    return None
