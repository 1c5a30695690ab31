"""Merkle trees by the definitions, as plainly as they are written: what the real ones are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from engine.proof.verify import EMPTY_ROOT, leaf_hash, node_hash

LEAVES = [leaf_hash(b"%d" % number) for number in range(66_000)]


# --- RFC 6962, 2.1, and C2SP's tlog-tiles ----------------------------------------------------------------------------


@cache
def mth(start: int, end: int) -> bytes:
    """The Merkle tree hash of these leaves."""
    if start == end:
        return EMPTY_ROOT
    if end - start == 1:
        return LEAVES[start]
    middle = start + split(end - start)
    return node_hash(mth(start, middle), mth(middle, end))


def split(count: int) -> int:
    """The largest power of two below a number."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def path(index: int, start: int, end: int) -> list[bytes]:
    """The audit path of a leaf among these."""
    if end - start == 1:
        return []
    middle = start + split(end - start)
    if index < middle:
        return [*path(index, start, middle), mth(middle, end)]
    return [*path(index, middle, end), mth(start, middle)]


def subproof(old: int, start: int, end: int, known: bool) -> list[bytes]:
    """The consistency proof that ends at a leaf, below one node."""
    if old == end:
        return [] if known else [mth(start, end)]
    middle = start + split(end - start)
    if old <= middle:
        return [*subproof(old, start, middle, known), mth(middle, end)]
    return [*subproof(old, middle, end, known=False), mth(start, middle)]


def served(size: int) -> Iterator[tuple[int, int, list[bytes]]]:
    """Every tile of a log of that size, by the formulas of C2SP's tlog-tiles."""
    for level in range(8):
        span = 256**level
        for index in range(-(-(size // span) // 256)):
            starts = range(index * 256 * span, min((index + 1) * 256, size // span) * span, span)
            yield level, index, [mth(start, start + span) for start in starts]


# --- a log where every leaf is the same: of any size, without keeping it ---------------------------------------------


@cache
def alike(height: int) -> bytes:
    """The hash of a complete tree of that height."""
    return node_hash(alike(height - 1), alike(height - 1)) if height else LEAVES[0]


class Endless:
    """Its tiles as they are at a size, and how many were asked for."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked: list[tuple[int, int]] = []

    def read(self, level: int, index: int) -> bytes:
        self.asked.append((level, index))
        return alike(8 * level) * min(256, (self.size >> 8 * level) - 256 * index)


def alike_root(size: int) -> bytes:
    """Its root, by the definition."""
    if size & (size - 1) == 0:
        return alike(size.bit_length() - 1)
    return node_hash(alike(split(size).bit_length() - 1), alike_root(size - split(size)))
