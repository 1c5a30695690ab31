"""The map of heads: whatever its history, its root is the one of its leaves, and it proves what it has and has not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import BadLog
from engine.proof import headmap
from engine.proof.verify import EMPTY_MAP, map_key, map_leaf, map_proven, map_root, node_hash

ZERO, LAST_BIT, FIRST_BIT = bytes(32), bytes(31) + b"\x01", b"\x80" + bytes(31)
"""Keys that part at the last bit, and at the first."""
VALUES = [sha256(b"%d" % number).digest() for number in range(4)]
MANY = {map_key(f"ro-{number}"): sha256(b"head %d" % number).digest() for number in range(20_000)}


def flipped(bits: list[int]) -> bytes:
    """A key of zeros with some bits set: keys that share long beginnings."""
    return sum(1 << (255 - bit) for bit in {*bits}).to_bytes(32, "big")


KEYS = st.binary(min_size=32, max_size=32) | st.lists(st.integers(0, 255), max_size=3).map(flipped)
HISTORIES = st.lists(st.dictionaries(KEYS, st.sampled_from(VALUES), max_size=8), max_size=5)


class Shelf(dict[str, bytes]):
    """Pages, and the questions for them."""

    def __init__(self, *history: Mapping[bytes, bytes]) -> None:
        super().__init__()
        self.asked: list[list[str]] = []
        self.root = EMPTY_MAP
        for changes in history:
            self.change(changes)

    def read(self, names: Sequence[str]) -> dict[str, bytes]:
        self.asked.append([*names])
        return {name: self[name] for name in names if name in self}

    def change(self, changes: Mapping[bytes, bytes]) -> dict[str, bytes]:
        self.asked.clear()
        self.root, pages = headmap.updated(changes, self.read)
        self.update(pages)
        return pages


def of(leaves: Mapping[bytes, bytes], bit: int = 0) -> bytes:
    """The root of some leaves, by the definition."""
    if len(leaves) < 2:
        return next((map_leaf(key, value) for key, value in leaves.items()), EMPTY_MAP)
    ones = {key: value for key, value in leaves.items() if key[bit // 8] >> (7 - bit % 8) & 1}
    return node_hash(of({key: leaves[key] for key in leaves.keys() - ones.keys()}, bit + 1), of(ones, bit + 1))


def merged(history: Sequence[Mapping[bytes, bytes]]) -> dict[bytes, bytes]:
    """What a map has at last."""
    return {key: value for changes in history for key, value in changes.items()}


@pytest.fixture(scope="module")
def many() -> Shelf:
    """A map of many leaves; a test leaves it as it is."""
    return Shelf(MANY)


# --- the root --------------------------------------------------------------------------------------------------------


@given(HISTORIES)
@example([])
@example([{}])
@example([{ZERO: VALUES[0]}, {ZERO: VALUES[1]}])
@example([{ZERO: VALUES[0]}, {LAST_BIT: VALUES[1]}, {FIRST_BIT: VALUES[2]}, {LAST_BIT: VALUES[3]}])
@settings(max_examples=200, deadline=None)
def test_the_root_is_that_of_all_leaves_whatever_the_history(history: list[dict[bytes, bytes]]) -> None:
    leaves = merged(history)

    shelf = Shelf(*history)

    assert shelf.root == of(leaves) == map_root(sorted(leaves.items())) == headmap.root(shelf.read)


@given(HISTORIES)
@settings(max_examples=100, deadline=None)
def test_the_pages_are_the_same_whatever_the_history(history: list[dict[bytes, bytes]]) -> None:
    grown = Shelf(*history)

    assert grown == Shelf(merged(history))


def test_nothing_changed_is_nothing_to_keep() -> None:
    shelf = Shelf({ZERO: VALUES[0]})

    assert shelf.change({}) == {}
    assert shelf.root == map_leaf(ZERO, VALUES[0])


def test_a_map_of_many_leaves_has_their_root(many: Shelf) -> None:
    assert many.root == map_root(sorted(MANY.items())) == of(MANY)


# --- proofs ----------------------------------------------------------------------------------------------------------


@given(HISTORIES, KEYS)
@example([], ZERO)
@example([{ZERO: VALUES[0]}], LAST_BIT)
@example([{ZERO: VALUES[0], LAST_BIT: VALUES[0]}], flipped([254]))
@example([{ZERO: VALUES[0], LAST_BIT: VALUES[0]}], FIRST_BIT)
@settings(max_examples=200, deadline=None)
def test_a_proof_holds_for_what_the_map_has_and_for_nothing_else(
    history: list[dict[bytes, bytes]], stranger: bytes
) -> None:
    leaves, shelf = merged(history), Shelf(*history)

    for key in [*leaves, stranger]:
        proof = headmap.proof(key, shelf.read)

        for value in [None, *VALUES]:
            assert map_proven(shelf.root, key, value, proof) == (leaves.get(key) == value)


@given(HISTORIES.filter(merged), KEYS, KEYS)
@settings(max_examples=100, deadline=None)
def test_the_proof_of_one_key_says_nothing_of_what_another_has(
    history: list[dict[bytes, bytes]], asked: bytes, other: bytes
) -> None:
    leaves, shelf = merged(history), Shelf(*history)

    proof = headmap.proof(asked, shelf.read)

    for value in [None, *VALUES]:
        assert leaves.get(other) == value or not map_proven(shelf.root, other, value, proof)


def test_an_empty_place_and_another_leaf_are_told_apart() -> None:
    shelf = Shelf({ZERO: VALUES[0], LAST_BIT: VALUES[1]})

    assert headmap.proof(ZERO, Shelf().read) == {"siblings": [], "leaf": None}
    assert headmap.proof(FIRST_BIT, Shelf({ZERO: VALUES[0]}).read) == {
        "siblings": [],
        "leaf": [ZERO.hex(), VALUES[0].hex()],
    }
    assert headmap.proof(LAST_BIT, shelf.read) == {
        "siblings": [""] * 255 + [map_leaf(ZERO, VALUES[0]).hex()],
        "leaf": None,
    }
    assert headmap.proof(FIRST_BIT, shelf.read)["leaf"] is None


def test_every_leaf_of_a_large_map_is_proven(many: Shelf) -> None:
    for key in [*MANY][::200]:
        proof = headmap.proof(key, many.read)

        assert map_proven(many.root, key, MANY[key], proof)
        assert not map_proven(many.root, key, None, proof)
        assert not map_proven(many.root, key, VALUES[0], proof)


# --- what it costs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 40, 1000])
def test_a_change_costs_one_question_a_level_and_a_page_a_level_for_a_key(many: Shelf, count: int) -> None:
    shelf = Shelf()
    shelf.update(many)
    changes = dict.fromkeys([*MANY][:count], VALUES[0])

    pages = shelf.change(changes)

    questions = [{len(name) for name in names} for names in shelf.asked]
    assert questions == [{depth} for depth in range(len(questions))]
    assert {name for names in shelf.asked for name in names} == pages.keys()
    assert pages.keys() <= {key.hex()[:depth] for key in changes for depth in range(len(questions))}
    assert len(pages) <= 5 * count
    assert len(questions) <= 8
    assert shelf.root == map_root(sorted((MANY | changes).items()))


def test_a_new_key_makes_only_the_pages_that_part_it_from_its_neighbour() -> None:
    shelf = Shelf({ZERO: VALUES[0]})

    pages = shelf.change({flipped([14]): VALUES[1]})

    assert {*pages} == {"", "0", "00", "000"}
    assert shelf.asked == [[""]]


def test_a_proof_asks_for_the_pages_above_its_key(many: Shelf) -> None:
    key = next(iter(MANY))
    many.asked.clear()

    headmap.proof(key, many.read)

    assert many.asked == [[key.hex()[:depth]] for depth in range(len(many.asked))]
    assert len(many.asked) <= 8


# --- pages that are not what they should be --------------------------------------------------------------------------


def test_a_page_that_is_missing_is_named() -> None:
    shelf = Shelf({ZERO: VALUES[0], LAST_BIT: VALUES[1]})
    del shelf["000"]

    with pytest.raises(BadLog, match="page '000'"):
        shelf.change({ZERO: VALUES[2]})
    with pytest.raises(BadLog, match="page '000'"):
        headmap.proof(ZERO, shelf.read)


@pytest.mark.parametrize(
    "body",
    [b"", bytes(15), bytes(17), b"\x01" + bytes(15), b"\x02" + bytes(15 + 63), b"\x03" + bytes(15 + 96)],
    ids=["empty", "a slot short", "a byte more", "no hash", "a byte short", "an unknown item"],
)
def test_a_page_that_is_misshapen_is_refused(body: bytes) -> None:
    shelf = Shelf()
    shelf[""] = body

    with pytest.raises(BadLog, match="page ''"):
        headmap.root(shelf.read)


def test_a_leaf_in_a_slot_that_is_not_its_own_is_refused() -> None:
    shelf = Shelf({ZERO: VALUES[0], flipped([7]): VALUES[1]})
    shelf["0"] = bytes([0, 2, 2]) + bytes(13) + LAST_BIT + VALUES[0] + flipped([6]) + VALUES[1]

    with pytest.raises(BadLog, match="page '0'"):
        shelf.change({flipped([7, 255]): VALUES[2]})


def test_no_page_is_deeper_than_a_key_is_long() -> None:
    shelf = Shelf({ZERO: VALUES[0], LAST_BIT: VALUES[1]})
    shelf["0" * 63] = bytes([1]) + bytes(15) + VALUES[0]
    shelf["0" * 64] = bytes([1]) + bytes(15) + VALUES[0]

    with pytest.raises(BadLog, match=f"page '{'0' * 64}'"):
        headmap.proof(ZERO, shelf.read)
    with pytest.raises(BadLog, match=f"page '{'0' * 64}'"):
        shelf.change({ZERO: VALUES[2]})
