"""The tree of the log is RFC 6962's, its tiles are C2SP's, and an answer reads only the tiles on its way."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import BadLog
from engine.proof import tree
from engine.proof.verify import Frontier, verify_consistency, verify_inclusion
from tests.merkle import LEAVES, Endless, alike_root, mth, path, served, subproof

EDGES = [0, 1, 255, 256, 257, 65535, 65536, 65537]
"""Sizes around a full tile and a full tile of full tiles."""
HUGE = 10**15 + 12345


class Shelf(dict[tuple[int, int], bytes]):
    """Tiles, and which of them were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, int]] = []

    def read(self, level: int, index: int) -> bytes:
        self.asked.append((level, index))
        return self.get((level, index), b"")

    def append(self, size: int, hashes: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
        changed = tree.appended(size, hashes, self.read)
        self.update(changed)
        return changed


@cache
def shelf(size: int) -> Shelf:
    """The tiles of a log of the first leaves, appended at once."""
    made = Shelf()
    made.append(0, LEAVES[:size])
    return made


# --- tiles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", EDGES)
def test_tiles_are_the_hashes_that_c2sp_puts_into_them(size: int) -> None:
    expected = {(level, index): b"".join(hashes) for level, index, hashes in served(size)}

    assert shelf(size) == expected


@pytest.mark.parametrize("size", [*EDGES, 70_000, 256**3])
def test_a_log_serves_every_tile_that_is_not_empty(size: int) -> None:
    widths = {(level, index): width for level, index, width in tree.tiles(size)}

    assert all(0 < width <= 256 for width in widths.values())
    assert [sum(width for (at, _), width in widths.items() if at == level) for level in range(5)] == [
        size // 256**level for level in range(5)
    ]
    assert len([*tree.tiles(size)]) == len(widths) == sum(-(-(size // 256**level) // 256) for level in range(5))


def test_a_log_of_70_000_serves_the_tiles_of_the_published_example() -> None:
    made = [*tree.tiles(70_000)]

    assert made == [
        *((0, index, 256) for index in range(273)),
        (0, 273, 112),
        (1, 0, 256),
        (1, 1, 17),
        (2, 0, 1),
    ]
    assert [*tree.tiles(256)] == [(0, 0, 256), (1, 0, 1)]
    assert next(tree.tiles(HUGE)) == (0, 0, 256)


@given(st.lists(st.integers(0, 700), max_size=6))
@settings(max_examples=30, deadline=None)
def test_any_history_of_appends_leaves_the_same_tiles(counts: list[int]) -> None:
    grown, size = Shelf(), 0

    for count in counts:
        grown.append(size, LEAVES[size : size + count])
        size += count

    assert grown == {(level, index): b"".join(hashes) for level, index, hashes in served(size)}


@pytest.mark.parametrize("size", [255, 256, 65535, 65536])
def test_an_append_over_the_edge_of_a_tile_is_as_one_made_at_once(size: int) -> None:
    grown = Shelf()
    grown.update(shelf(size))

    changed = grown.append(size, LEAVES[size : size + 300])

    assert grown == shelf(size + 300)
    assert {tile for tile in grown if grown[tile] != shelf(size).get(tile)} == set(changed)


def test_an_append_that_is_made_again_changes_nothing() -> None:
    grown = Shelf()
    grown.update(shelf(557))

    grown.append(257, LEAVES[257:557])

    assert grown == shelf(557)


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_an_append_touches_its_own_tiles_and_one_a_level(count: int) -> None:
    log = Endless(HUGE)

    changed = tree.appended(HUGE, [LEAVES[0]] * count, log.read)

    assert changed == {tile: Endless(HUGE + count).read(*tile) for tile in changed}
    assert len(changed) <= (count // 256 + 2) + 7
    assert len(log.asked) <= 7
    assert tree.appended(HUGE, [], log.read) == {}


# --- roots and proofs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", EDGES)
def test_the_root_is_that_of_rfc_6962(size: int) -> None:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)

    assert tree.root(size, shelf(size).read) == mth(0, size) == frontier.root()


@given(st.integers(0, max(EDGES)))
@settings(max_examples=50, deadline=None)
def test_a_longer_log_gives_the_root_of_every_shorter_one(size: int) -> None:
    assert tree.root(size, shelf(max(EDGES)).read) == mth(0, size)


@pytest.mark.parametrize("size", EDGES[1:])
def test_the_proofs_at_the_edges_are_those_of_rfc_6962(size: int) -> None:
    for index in {at for at in (0, 1, 254, 255, 256, size // 2, size - 2, size - 1) if 0 <= at < size}:
        proof = tree.inclusion(index, size, shelf(max(EDGES)).read)

        assert proof == path(index, 0, size)
        assert verify_inclusion(index, size, LEAVES[index], proof, mth(0, size))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_proof_of_inclusion_holds_for_its_entry_alone(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 700) | st.integers(60_000, max(EDGES)))
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))

    proof = tree.inclusion(index, size, shelf(max(EDGES)).read)

    assert proof == path(index, 0, size)
    assert verify_inclusion(index, size, LEAVES[index], proof, mth(0, size))
    assert verify_inclusion(index, size, LEAVES[other], proof, mth(0, size)) == (index == other)
    assert verify_inclusion(other, size, LEAVES[index], proof, mth(0, size)) == (index == other)


def test_many_proofs_are_the_same_and_read_each_tile_once() -> None:
    log, indexes = Endless(HUGE), range(HUGE // 3, HUGE // 3 + 1000)

    proofs = [*tree.inclusions(indexes, HUGE, log.read)]

    assert proofs == [tree.inclusion(index, HUGE, Endless(HUGE).read) for index in indexes]
    assert len(log.asked) == len({*log.asked}) <= 1000 // 256 + 2 + 2 * 7


@pytest.mark.parametrize("new", EDGES)
@pytest.mark.parametrize("old", EDGES)
def test_the_proofs_between_the_edges_are_those_of_rfc_6962(old: int, new: int) -> None:
    if old > new:
        with pytest.raises(IndexError):
            tree.consistency(old, new, shelf(new).read)
        return

    proof = tree.consistency(old, new, shelf(max(EDGES)).read)

    assert proof == (subproof(old, 0, new, known=True) if old else [])
    assert verify_consistency(old, new, mth(0, old), mth(0, new), proof)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_proof_of_consistency_holds_for_its_two_roots_alone(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 700) | st.integers(60_000, max(EDGES)))
    old = data.draw(st.integers(1, new - 1))

    proof = tree.consistency(old, new, shelf(max(EDGES)).read)

    assert proof == subproof(old, 0, new, known=True)
    assert verify_consistency(old, new, mth(0, old), mth(0, new), proof)
    assert not verify_consistency(old, new, LEAVES[-1], mth(0, new), proof)
    assert not verify_consistency(old, new, mth(0, old), LEAVES[-1], proof)


# --- what an answer costs --------------------------------------------------------------------------------------------


@given(st.integers(2, 2**60), st.data())
@settings(max_examples=100, deadline=None)
def test_an_answer_from_a_log_of_any_size_reads_two_tiles_a_level_at_most(size: int, data: st.DataObject) -> None:
    log, index, old = Endless(size), data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size - 1))
    levels = -(-size.bit_length() // 8)

    root = tree.root(size, log.read)
    by_root = len(log.asked)
    inclusion = tree.inclusion(index, size, log.read)
    by_inclusion = len(log.asked) - by_root
    consistency = tree.consistency(old, size, log.read)
    by_consistency = len(log.asked) - by_root - by_inclusion

    assert root == alike_root(size)
    assert verify_inclusion(index, size, LEAVES[0], inclusion, root)
    assert verify_consistency(old, size, alike_root(old), root, consistency)
    assert by_root <= levels
    assert by_inclusion <= 2 * levels
    assert by_consistency <= 2 * levels


# --- what cannot be answered -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_what_the_log_does_not_have_is_not_proven(index: int, size: int) -> None:
    with pytest.raises(IndexError):
        tree.inclusion(index, size, shelf(257).read)


def test_a_tile_that_lacks_hashes_is_named() -> None:
    torn = Shelf()
    torn.update(shelf(65537))
    torn[0, 1] = torn[0, 1][:-1]
    del torn[1, 0]

    with pytest.raises(BadLog, match="tile/0/001"):
        tree.inclusion(300, 65537, torn.read)
    with pytest.raises(BadLog, match="tile/1/000"):
        tree.consistency(256, 65537, torn.read)
    with pytest.raises(BadLog, match="tile/0/255"):
        tree.appended(65535, LEAVES[:1], Shelf().read)
    with pytest.raises(BadLog, match="tile/0/000"):
        tree.root(200, Shelf().read)
