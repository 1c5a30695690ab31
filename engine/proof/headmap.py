"""Headmap: the sparse Merkle map of heads, kept as 16-ary pages: what changes alter, its root, its proofs.

Must live here: which node stands on which page. Must not be known here: what keys and values mean, what a hash is made
of (`engine.proof.verify`), where pages are kept.

A page holds what is below the nodes four levels under its own. Its name is what the keys below it begin with, in
hexadecimal; the first page is "". It has a page for every slot with more than one leaf, and only for those. A body is
16 bytes, one a slot in the order of the keys, then the items of the slots in that order: 0, no item, is an empty slot;
2 is its only leaf, as 32 bytes of key and 32 of value; 1 is the hash of the page below it, 32 bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise

from engine.errors import BadLog
from engine.proof.verify import EMPTY_MAP, map_leaf, node_hash

Read = Callable[[Sequence[str]], Mapping[str, bytes]]
"""Names of pages to the bodies of those that are there."""
Proof = dict[str, list[str] | None]
"""`siblings` from the root down, each in hexadecimal or empty, and `leaf`: the one that stands in the place instead."""

_FIRST = ""
_HASH = 32
_LEAF = 64
_HEIGHT = 4
_SLOTS = 16
_DIGITS = 64


def updated(changes: Mapping[bytes, bytes], read: Read) -> tuple[bytes, dict[str, bytes]]:
    """The root once these keys have these values, and the pages to keep for it by name.

    One question a level. Raises BadLog where a page is missing or misshapen.
    """
    if not changes:
        return root(read), {}
    pages: dict[str, list[bytes]] = {}
    below = {_FIRST: {key.hex(): key + value for key, value in changes.items()}}
    stored = [_FIRST]
    while below:
        pages |= {name: [b""] * _SLOTS for name in below} | _pages(stored, read)
        below = _placed(pages, below)
        stored = [name for name in below if len(pages[name[:-1]][_slot(name)]) == _HASH]
    return _closed(pages)


def root(read: Read) -> bytes:
    """The root of the map; 32 zero bytes for an empty one. Raises BadLog where the first page is misshapen."""
    return _hash(_rows(_page(_FIRST, read))[-1][0])


def proof(key: bytes, read: Read) -> Proof:
    """The proof of what the map has for a key, or that it has nothing. Raises BadLog as `updated` does."""
    path = key.hex()
    siblings: list[bytes] = []
    rows = _rows(_page(_FIRST, read))
    item = rows[-1][0]
    while len(item) == _HASH:
        depth, step = divmod(len(siblings), _HEIGHT)
        if siblings and not step:
            rows = _rows(_page(path[:depth], read))
        row, place = rows[-2 - step], int(path[depth], _SLOTS) >> _HEIGHT - 1 - step
        siblings.append(row[place ^ 1])
        item = row[place]
    other = [item[:_HASH].hex(), item[_HASH:].hex()] if item and item[:_HASH] != key else None
    return {"siblings": [_hash(sibling).hex() if sibling else "" for sibling in siblings], "leaf": other}


def _placed(pages: dict[str, list[bytes]], leaves: Mapping[str, Mapping[str, bytes]]) -> dict[str, dict[str, bytes]]:
    """Put leaves into the slots that have no other; what is to go below, by page."""
    below: dict[str, dict[str, bytes]] = {}
    for name, moved in leaves.items():
        slots = pages[name]
        groups: dict[int, dict[str, bytes]] = {}
        for path, leaf in moved.items():
            groups.setdefault(int(path[len(name)], _SLOTS), {})[path] = leaf
        for slot, group in groups.items():
            held = slots[slot]
            here = {held[:_HASH].hex(): held} | group if len(held) == _LEAF else group
            if len(held) == _HASH or len(here) > 1:
                below[f"{name}{slot:x}"] = here
            else:
                slots[slot] = here.popitem()[1]
    return below


def _closed(pages: dict[str, list[bytes]]) -> tuple[bytes, dict[str, bytes]]:
    """The hash of each page into the one above it, from the deepest on; the root, and the bodies."""
    bodies = {}
    for name, slots in reversed(pages.items()):
        bodies[name] = _body(slots)
        top = _rows(slots)[-1][0]
        if name:
            pages[name[:-1]][_slot(name)] = top
    return _hash(top), bodies


def _slot(name: str) -> int:
    return int(name[-1], _SLOTS)


def _rows(slots: list[bytes]) -> list[list[bytes]]:
    """The items of a page's nodes, a row a level, from the slots up."""
    rows = [slots]
    while len(slots) > 1:
        slots = [_joined(left, right) for left, right in zip(slots[::2], slots[1::2], strict=True)]
        rows.append(slots)
    return rows


def _joined(left: bytes, right: bytes) -> bytes:
    """The item over two: a leaf that is alone goes up as it is."""
    if (left and right) or _HASH in {len(left), len(right)}:
        return node_hash(_hash(left), _hash(right))
    return left or right


def _hash(item: bytes) -> bytes:
    if len(item) == _LEAF:
        return map_leaf(item[:_HASH], item[_HASH:])
    return item or EMPTY_MAP


def _page(name: str, read: Read) -> list[bytes]:
    return _pages([name], read)[name]


def _pages(names: Sequence[str], read: Read) -> dict[str, list[bytes]]:
    """The slots of each page; an empty map has no first page, all others are there."""
    bodies = {_FIRST: bytes(_SLOTS), **read(names)} if names else {}
    if missing := [name for name in names if name not in bodies]:
        raise BadLog(what=f"page '{missing[0]}'")
    return {name: _items(name, bodies[name]) for name in names}


def _items(name: str, body: bytes) -> list[bytes]:
    """The slots of a body, each leaf in the one that its key belongs to."""
    counts = body[:_SLOTS]
    edges = [*accumulate((count * _HASH for count in counts), initial=_SLOTS)]
    items = [body[start:end] for start, end in pairwise(edges)]
    is_shaped = len(items) == _SLOTS and max(counts) <= _LEAF // _HASH and edges[-1] == len(body)
    leaves = [(f"{name}{slot:x}", item) for slot, item in enumerate(items) if len(item) == _LEAF]
    if not is_shaped or len(name) >= _DIGITS or not all(item.hex().startswith(place) for place, item in leaves):
        raise BadLog(what=f"page '{name}'")
    return items


def _body(slots: Sequence[bytes]) -> bytes:
    return bytes(len(item) // _HASH for item in slots) + b"".join(slots)
