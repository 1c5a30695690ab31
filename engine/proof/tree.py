"""Tree: the RFC 6962 tree over the log, kept as C2SP tiles: what an append changes, its root, its proofs.

Must live here: which hash stands in which tile, and which tiles an answer needs. Must not be known here: entries, what
a hash is made of (`engine.proof.verify`), where tiles are kept.

A tile of level `l` and index `i` holds up to 256 hashes. The one at place `p` covers the 256**l entries from
(256 * i + p) * 256**l on; it is there once they all are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from engine.errors import BadLog
from engine.proof.verify import EMPTY_ROOT, TILE, node_hash, tile_path

Read = Callable[[int, int], bytes]
"""Level and index of a tile to the hashes in it that are there, in a row; it may hold more than a size needs."""
Tile = tuple[int, int]
"""Level and index."""
Span = tuple[int, int]
"""The entries from a first one on and before another: those below one node of the tree."""
Rows = Callable[[int, int], list[list[bytes]]]
"""Level and index of a tile to the hashes over it: those in it, those of two, of four, and so on up."""

_HEIGHT = 8
_HASH = 32
_KEPT = 64
"""Tiles that are kept at hand while one question is answered: 2 MB at most."""


def appended(size: int, hashes: Sequence[bytes], read: Read) -> dict[Tile, bytes]:
    """Every tile that changes when these leaf hashes follow the `size` that are there, whole, as it is then.

    Raises BadLog where a tile lacks hashes.
    """
    tiles: dict[Tile, bytes] = {}
    level = 0
    while hashes:
        first, held = divmod(size, TILE)
        row = [*_held(level, first, held, read), *hashes]
        parts = [row[start : start + TILE] for start in range(0, len(row), TILE)]
        tiles |= {(level, index): b"".join(part) for index, part in enumerate(parts, first)}
        hashes = [_rows(part)[_HEIGHT][0] for part in parts if len(part) == TILE]
        size, level = first, level + 1
    return tiles


def root(size: int, read: Read) -> bytes:
    """The root over the first `size` entries. Raises BadLog where a tile lacks hashes."""
    return _spanned((0, size), _over(read)) if size else EMPTY_ROOT


def inclusion(index: int, size: int, read: Read) -> list[bytes]:
    """The proof that the root over `size` entries covers the one at `index`.

    Raises IndexError when it does not, BadLog where a tile lacks hashes.
    """
    return next(inclusions([index], size, read))


def inclusions(indexes: Iterable[int], size: int, read: Read) -> Iterator[list[bytes]]:
    """`inclusion` of each; neighbours share what was read and hashed for them."""
    rows = _over(read)
    for index in indexes:
        if not 0 <= index < size:
            raise IndexError(index)
        yield [_spanned(span, rows) for span in _siblings(index, size)]


def consistency(old: int, new: int, read: Read) -> list[bytes]:
    """The proof that the first `old` of `new` entries are those that the root over `old` covers; none from nothing.

    Raises IndexError when `old` is larger than `new`, BadLog where a tile lacks hashes.
    """
    if not 0 <= old <= new:
        raise IndexError(old)
    if old in {0, new}:
        return []
    whole = old & -old
    last = [(old - whole, old)] if old > whole else []
    rows = _over(read)
    return [_spanned(span, rows) for span in last + _siblings(old - 1, new)[whole.bit_length() - 1 :]]


def tiles(size: int) -> Iterator[tuple[int, int, int]]:
    """Level, index and width of every tile of a log of that size, level by level; the last of each may be partial."""
    level = 0
    while size:
        full, rest = divmod(size, TILE)
        yield from ((level, index, TILE) for index in range(full))
        if rest:
            yield level, full, rest
        size, level = full, level + 1


def _siblings(index: int, size: int) -> list[Span]:
    """What stands beside the way from an entry up to the root."""
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def _spanned(span: Span, rows: Rows) -> bytes:
    """The hash of a node: of its complete subtrees, largest first, the last two are joined until one is left."""
    start, end = span
    hashes = []
    while start < end:
        count = end - start
        whole = count & -count
        end -= whole
        hashes.append(_complete(end, whole.bit_length() - 1, rows))
    right, *lefts = hashes
    for left in lefts:
        right = node_hash(left, right)
    return right


def _complete(start: int, height: int, rows: Rows) -> bytes:
    """The hash of the complete subtree of that height over the entries from `start` on."""
    level, row = divmod(height, _HEIGHT)
    index, place = divmod(start >> level * _HEIGHT, TILE)
    over = rows(level, index)
    try:
        return over[row][place >> row]
    except IndexError:
        raise BadLog(what=tile_path(level, index)) from None


def _over(read: Read) -> Rows:
    """The hashes over each tile, read and made once."""
    return lru_cache(_KEPT)(lambda level, index: _rows(_hashes(read(level, index))))


def _rows(hashes: list[bytes]) -> list[list[bytes]]:
    """Hashes, and of each row the pairs of the one before; what has no pair has no place above."""
    rows = [hashes]
    while len(hashes) > 1:
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=False)]
        rows.append(hashes)
    return rows


def _held(level: int, index: int, count: int, read: Read) -> list[bytes]:
    """The first hashes of a tile."""
    hashes = _hashes(read(level, index))[:count] if count else []
    if len(hashes) < count:
        raise BadLog(what=tile_path(level, index))
    return hashes


def _hashes(body: bytes) -> list[bytes]:
    """Those that are whole."""
    return [body[end - _HASH : end] for end in range(_HASH, len(body) + 1, _HASH)]
