"""The trees and maps of verify.py against published and independent vectors, and against their definitions."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.proof import verify as v
from tests import naive

VECTORS = json.loads((Path(__file__).parent / "vectors/aics-tlog.json").read_text())
PUBLISHED = json.loads((Path(__file__).parent / "vectors/published.json").read_text())
ENTRIES = [f"entry {number}".encode() for number in range(VECTORS["entries"])]
LEAVES = [v.leaf_hash(entry) for entry in ENTRIES]
ROOTS = {int(size): base64.b64decode(root) for size, root in VECTORS["roots"].items()}


# Trees


def test_the_empty_tree_and_the_examples_of_rfc_6962():
    frontier = v.Frontier()

    empty = frontier.root()
    for body in PUBLISHED["rfc6962"]["leaves"]:
        frontier.append(v.leaf_hash(bytes.fromhex(body)))

    assert empty == v.EMPTY_ROOT == hashlib.sha256().digest()
    assert (frontier.size, frontier.root().hex()) == (8, PUBLISHED["rfc6962"]["root"])


def test_roots_agree_with_an_independent_implementation():
    frontier, found = v.Frontier(), {}

    for number, leaf in enumerate(LEAVES, 1):
        frontier.append(leaf)
        found[number] = frontier.root()

    assert {size: found[size] for size in ROOTS} == ROOTS


def test_tiles_and_their_paths_agree_with_an_independent_implementation():
    found = []
    frontier = v.Frontier(lambda *tile: found.append(tile))

    for leaf in LEAVES:
        frontier.append(leaf)
    tiles = {v.tile_path(level, at, len(some) // 32): some for level, at, some in [*found, *frontier.edge()]}

    assert {path: hashlib.sha256(some).hexdigest() for path, some in tiles.items()} == VECTORS["tiles"]
    assert {index: v.tile_path(0, int(index)) for index in VECTORS["paths"]} == VECTORS["paths"]


def test_the_tile_of_tiles_is_closed_as_well():
    found = []
    frontier = v.Frontier(lambda level, index, hashes: found.append((level, index, len(hashes))))

    for number in range(65_537):
        frontier.append(number.to_bytes(32, "big"))

    assert found[-1] == (1, 0, 8192)
    assert [tile[:2] for tile in frontier.edge()] == [(0, 256), (2, 0)]
    assert frontier.size == 65_537


@pytest.mark.parametrize("one", VECTORS["inclusion"], ids=lambda one: f"{one['index']}-{one['size']}")
def test_inclusion_proofs_of_an_independent_implementation_hold_and_no_change_of_them_does(one):
    index, size, proof = one["index"], one["size"], [base64.b64decode(text) for text in one["proof"]]
    leaf, root = LEAVES[index], ROOTS[size]

    assert v.verify_inclusion(index, size, leaf, proof, root)
    assert not v.verify_inclusion(index, size, LEAVES[index - 1] if size > 1 else bytes(32), proof, root)
    assert not v.verify_inclusion(index, size, leaf, [*proof, bytes(32)], root)
    assert not v.verify_inclusion(index, size, leaf, proof, bytes(32))
    assert not v.verify_inclusion(size, size, leaf, proof, root)
    assert not v.verify_inclusion(-1, size, leaf, proof, root)
    for at in range(len(proof)):
        assert not v.verify_inclusion(index, size, leaf, proof[:at] + proof[at + 1 :], root)
        assert not v.verify_inclusion(index, size, leaf, [*proof[:at], bytes(32), *proof[at + 1 :]], root)


@pytest.mark.parametrize("one", VECTORS["consistency"], ids=lambda one: f"{one['old']}-{one['new']}")
def test_consistency_proofs_of_an_independent_implementation_hold_and_no_change_of_them_does(one):
    old, new, proof = one["old"], one["new"], [base64.b64decode(text) for text in one["proof"]]

    assert v.verify_consistency(old, new, ROOTS[old], ROOTS[new], proof)
    assert not v.verify_consistency(old, new, bytes(32), ROOTS[new], proof)
    assert not v.verify_consistency(old, new, ROOTS[old], bytes(32), proof)
    assert not v.verify_consistency(old, new, ROOTS[old], ROOTS[new], [*proof, bytes(32)])
    for at in range(len(proof)):
        assert not v.verify_consistency(old, new, ROOTS[old], ROOTS[new], proof[:at] + proof[at + 1 :])


def test_the_empty_tree_begins_every_tree_and_no_larger_tree_does():
    assert v.verify_consistency(0, 5, v.EMPTY_ROOT, bytes(32), [])
    assert v.verify_consistency(0, 0, v.EMPTY_ROOT, v.EMPTY_ROOT, [])
    assert not v.verify_consistency(0, 5, bytes(32), bytes(32), [])
    assert not v.verify_consistency(0, 5, v.EMPTY_ROOT, bytes(32), [bytes(32)])
    assert not v.verify_consistency(5, 3, ROOTS[3], ROOTS[3], [])
    assert not v.verify_consistency(-1, 3, ROOTS[3], ROOTS[3], [])
    assert not v.verify_consistency(3, 7, ROOTS[3], ROOTS[7], [])


@given(st.integers(0, 700), st.data())
@settings(max_examples=60, deadline=None)
def test_trees_and_proofs_are_those_of_the_recursive_definition(size, data):
    tree = naive.Tree([number.to_bytes(32, "big") for number in range(size)])
    frontier = v.Frontier()
    for leaf in tree.leaves:
        frontier.append(leaf)

    assert frontier.root() == tree.root(0, size)
    if size:
        index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
        assert v.verify_inclusion(index, size, tree.leaves[index], tree.inclusion(index, size), frontier.root())
        proof = tree.consistency(old, size)
        assert v.verify_consistency(old, size, tree.root(0, old), frontier.root(), proof)


# The map of heads

KEYS = st.one_of(st.binary(min_size=32, max_size=32), st.integers(0, 40).map(lambda number: number.to_bytes(32, "big")))


@given(st.dictionaries(KEYS, st.binary(min_size=32, max_size=32), max_size=30), KEYS)
@settings(max_examples=80, deadline=None)
def test_maps_and_their_proofs_are_those_of_the_recursive_definition(leaves, other):
    by_the_book = naive.HeadMap(leaves)
    root = v.map_root(sorted(leaves.items()))

    assert root == by_the_book.root()
    assert v.map_proven(root, other, leaves.get(other), by_the_book.proof(other))
    for key, value in leaves.items():
        proof = by_the_book.proof(key)
        assert v.map_proven(root, key, value, proof)
        assert not v.map_proven(root, key, None, proof)
        assert not v.map_proven(root, key, bytes(31) + b"x", proof)
    if other not in leaves:
        assert not v.map_proven(root, other, bytes(32), by_the_book.proof(other))


def test_what_the_map_holds_of_a_case_is_its_canonical_json():
    head, row = "a" * 64, "b" * 64

    assert v.map_value(7, head, row) == naive.sha(naive.canonical([7, head, row]))
    assert v.map_key("工单-1") == naive.sha("工单-1".encode())


@pytest.mark.parametrize("order", [(b"b" * 32, b"a" * 32), (b"a" * 32, b"a" * 32)])
def test_leaves_out_of_order_are_refused(order):
    with pytest.raises(v.Bad):
        v.map_root((key, bytes(32)) for key in order)


@pytest.mark.parametrize(
    "proof",
    [
        None,
        [],
        {},
        {"siblings": [], "leaf": None, "more": 1},
        {"siblings": ["0"], "leaf": None},
        {"siblings": [None], "leaf": None},
        {"siblings": [0], "leaf": None},
        {"siblings": ["A" * 64], "leaf": None},
        {"siblings": [""] * 257, "leaf": None},
        {"siblings": [], "leaf": ["a" * 64]},
        {"siblings": [], "leaf": 5},
        {"siblings": 5, "leaf": None},
    ],
)
def test_a_malformed_map_proof_proves_nothing(proof):
    assert not v.map_proven(v.EMPTY_MAP, bytes(32), None, proof)


def test_absence_is_not_proven_by_the_leaf_itself_or_by_one_from_elsewhere():
    key, other = b"\x00" * 32, b"\xff" * 32
    root = v.map_leaf(other, bytes(32))
    under = v.node_hash(v.EMPTY_MAP, root)

    assert v.map_proven(root, key, None, {"siblings": [], "leaf": [other.hex(), "0" * 64]})
    assert not v.map_proven(root, other, None, {"siblings": [], "leaf": [other.hex(), "0" * 64]})
    assert not v.map_proven(under, key, None, {"siblings": [""], "leaf": [other.hex(), "0" * 64]})
    assert v.map_proven(under, key, None, {"siblings": [root.hex()], "leaf": None})
