"""Ways to change a bundle, each with a name and by chance from a seed: bytes, lines, files, and all history.

Each is tried as it is, with a manifest that fits, and signed by another key; and by the log's own, which was stolen.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping

from tests.bundles import Members
from tests.forging import (
    MANIFEST,
    Case,
    Mutator,
    in_order,
    rewrite,
    rewrite_by_another,
    rewrite_unsigned,
    signed_by_another,
    signed_by_the_log,
)

UNBOUND = {*MANIFEST, "policy", "verify.py", "VERIFY.md", "checkpoint"}
"""What only the manifest vouches for, or anybody may sign on: where the log's key signs, it is what the log says."""


# --- bytes, lines, files --------------------------------------------------------------------------------------------


def _spot(data: bytes, chance: random.Random) -> int:
    return chance.randrange(len(data) + 1)


def flip(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(8 * len(data)) if data else 0
    return data[: at // 8] + bytes([data[at // 8] ^ 1 << at % 8]) + data[at // 8 + 1 :] if data else b"\n"


def insert(data: bytes, chance: random.Random) -> bytes:
    at = _spot(data, chance)
    return data[:at] + chance.randbytes(chance.randrange(1, 5)) + data[at:]


def delete(data: bytes, chance: random.Random) -> bytes:
    at = _spot(data, chance)
    return data[:at] + data[at + chance.randrange(1, 5) :]


def double(data: bytes, chance: random.Random) -> bytes:
    at, end = sorted((_spot(data, chance), _spot(data, chance)))
    return data[:end] + data[at:end] + data[end:]


def swap(data: bytes, chance: random.Random) -> bytes:
    changed, at, other = bytearray(data), _spot(data, chance) - 1, _spot(data, chance) - 1
    if data:
        changed[at], changed[other] = changed[other], changed[at]
    return bytes(changed)


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) or 1)]


def lines(change: Callable[[list[bytes], random.Random], None]) -> Callable[[bytes, random.Random], bytes]:
    """A change of whole lines."""

    def changed(data: bytes, chance: random.Random) -> bytes:
        found = data.splitlines(keepends=True)
        if found:
            change(found, chance)
        return b"".join(found)

    return changed


def _drop(found: list[bytes], chance: random.Random) -> None:
    del found[chance.randrange(len(found))]


def _repeat(found: list[bytes], chance: random.Random) -> None:
    found.insert(chance.randrange(len(found) + 1), chance.choice(found))


def _exchange(found: list[bytes], chance: random.Random) -> None:
    at, other = chance.randrange(len(found)), chance.randrange(len(found))
    found[at], found[other] = found[other], found[at]


def _empty(found: list[bytes], chance: random.Random) -> None:
    found.insert(chance.randrange(len(found) + 1), b"\n")


BYTES: Mapping[str, Callable[[bytes, random.Random], bytes]] = {
    "a bit is flipped": flip,
    "bytes are inserted": insert,
    "bytes are deleted": delete,
    "bytes are doubled": double,
    "bytes are swapped": swap,
    "the end is cut off": cut,
}
LINES: Mapping[str, Callable[[bytes, random.Random], bytes]] = {
    "a line is dropped": lines(_drop),
    "a line is doubled": lines(_repeat),
    "two lines are swapped": lines(_exchange),
    "an empty line is put in": lines(_empty),
}


def within(change: Callable[[bytes, random.Random], bytes], apart: frozenset[str] | set[str] = frozenset()) -> Mutator:
    """The change in one member, whichever, but for some."""

    def mutated(case: Case, chance: random.Random) -> Members:
        name = chance.choice(sorted(case.new.keys() - apart))
        return {**case.new, name: change(case.new[name], chance)}

    return mutated


def remove(case: Case, chance: random.Random) -> Members:
    gone = chance.choice(sorted(case.new))
    return {name: data for name, data in case.new.items() if name != gone}


def add(case: Case, chance: random.Random) -> Members:
    name = chance.choice(sorted(case.new))
    return {**case.new, chance.choice([f"{name}x", f"more/{name}", "entries/000001.jsonl"]): case.new[name]}


def rename(case: Case, chance: random.Random) -> Members:
    name = chance.choice(sorted(case.new))
    return {**{one: data for one, data in case.new.items() if one != name}, f"{name}~": case.new[name]}


def swap_files(case: Case, chance: random.Random) -> Members:
    one, other = chance.sample(sorted(case.new), 2)
    return {**case.new, one: case.new[other], other: case.new[one]}


def mix(case: Case, chance: random.Random) -> Members:
    """Some members are those of an older bundle of the same log; all of them would be that bundle."""
    names = sorted(case.new.keys() & case.old.keys())
    older = chance.sample(names, chance.randrange(1, len(names)))
    return {**case.new, **{name: case.old[name] for name in older}}


def old_checkpoint(case: Case, chance: random.Random) -> Members:
    """The newer entries under the older checkpoint."""
    names = ["checkpoint", *chance.sample(["keys.jsonl", "heads.jsonl"], chance.randrange(3))]
    return {**case.new, **{name: case.old[name] for name in names}}


def old_entries(case: Case, _chance: random.Random) -> Members:
    """The older entries under the newer checkpoint."""
    older = {name: data for name, data in case.old.items() if name.startswith(("entries/", "proofs/", "tile/"))}
    kept = {name: data for name, data in case.new.items() if not name.startswith(("entries/", "proofs/", "tile/"))}
    return {**kept, **older}


# --- all of them ------------------------------------------------------------------------------------------------------

FILES: Mapping[str, Mutator] = {
    "a file is removed": remove,
    "a file is added": add,
    "a file is renamed": rename,
    "two files are swapped": swap_files,
    "members of an older bundle are mixed in": mix,
    "the checkpoint is an older one": old_checkpoint,
    "the entries are older ones": old_entries,
}


def mutators() -> Iterator[tuple[str, Mutator]]:
    """Every way, with its name."""
    plain = {**{name: within(change) for name, change in {**BYTES, **LINES}.items()}, **FILES}
    bound = {name: within(change, UNBOUND | {"openings.jsonl"}) for name, change in {**BYTES, **LINES}.items()}
    stolen = {
        **bound,
        **{name: FILES[name] for name in ("the checkpoint is an older one", "the entries are older ones")},
    }
    yield from plain.items()
    yield from ((f"{name}, the manifest fits", in_order(way)) for name, way in plain.items())
    yield from ((f"{name}, another key signs", signed_by_another(way)) for name, way in plain.items())
    yield from ((f"{name}, the stolen key signs", signed_by_the_log(way)) for name, way in stolen.items())
    yield "a given value is changed, the stolen key signs", signed_by_the_log(_opening)
    yield "history is rewritten, nobody signs", rewrite_unsigned
    yield "history is rewritten, another key signs", rewrite_by_another
    yield "history is rewritten, the stolen key signs", rewrite


def _opening(case: Case, chance: random.Random) -> Members:
    return {**case.new, "openings.jsonl": flip(case.new["openings.jsonl"], chance)}


def zipped(data: bytes, chance: random.Random) -> tuple[str, bytes]:
    """A way to change the bytes of the zip itself, and what becomes of them."""
    name = chance.choice([*BYTES])
    return name, BYTES[name](data, chance)
