"""Trees, maps, keys and notes by the book and by nothing of engine/: what the tests' bundles are made with."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "4s.example/jn-01"
Members = dict[str, bytes]


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def lines(values: Iterable[object]) -> bytes:
    return b"".join(canonical(value) + b"\n" for value in values)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


# Trees and maps, as their definitions say -----------------------------------------------------------------------------


def _split(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1


class Tree:
    """RFC 6962 by its recursive definition."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = leaves
        self.root = cache(self._root)

    def _root(self, start: int, end: int) -> bytes:
        if end - start <= 1:
            return self.leaves[start] if end > start else sha(b"")
        middle = start + _split(end - start)
        return sha(b"\x01" + self.root(start, middle) + self.root(middle, end))

    def inclusion(self, index: int, end: int, start: int = 0) -> list[bytes]:
        if end - start <= 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*self.inclusion(index, middle, start), self.root(middle, end)]
        return [*self.inclusion(index, end, middle), self.root(start, middle)]

    def consistency(self, old: int, end: int, start: int = 0, whole: bool = True) -> list[bytes]:
        if old == end:
            return [] if whole else [self.root(start, end)]
        middle = start + _split(end - start)
        if old <= middle:
            return [*self.consistency(old, middle, start, whole), self.root(middle, end)]
        return [*self.consistency(old, end, middle, False), self.root(start, middle)]

    def tiles(self, size: int) -> Members:
        found, step, level = {}, 1, 0
        while size // step:
            hashes = [self.root(at * step, at * step + step) for at in range(size // step)]
            for index in range(0, len(hashes), 256):
                some = hashes[index : index + 256]
                found[tile_name(level, index // 256, len(some))] = b"".join(some)
            step, level = step * 256, level + 1
        return found


def tile_name(level: int, index: int, width: int) -> str:
    digits = f"{index:09}"
    groups = [digits[at : at + 3] for at in (0, 3, 6)]
    while len(groups) > 1 and groups[0] == "000":
        groups.pop(0)
    name = "/".join([*("x" + group for group in groups[:-1]), groups[-1]])
    return f"tile/{level}/{name}" + (f".p/{width}" if width < 256 else "")


def _bits(key: bytes) -> str:
    return f"{int.from_bytes(key, 'big'):0256b}"


class HeadMap:
    """A sparse Merkle map by its recursive definition."""

    def __init__(self, leaves: Mapping[bytes, bytes]) -> None:
        self.leaves = leaves

    def root(self, prefix: str = "", leaves: Mapping[bytes, bytes] | None = None) -> bytes:
        leaves = self.leaves if leaves is None else leaves
        if len(leaves) <= 1:
            return next((sha(b"\x00" + key + value) for key, value in leaves.items()), bytes(32))
        sides = [{key: leaves[key] for key in leaves if _bits(key)[len(prefix)] == side} for side in "01"]
        return sha(b"\x01" + self.root(prefix + "0", sides[0]) + self.root(prefix + "1", sides[1]))

    def proof(self, key: bytes) -> dict[str, object]:
        leaves, siblings, depth = dict(self.leaves), [], 0
        while len(leaves) > 1:
            mine = _bits(key)[depth]
            other = {one: leaves.pop(one) for one in list(leaves) if _bits(one)[depth] != mine}
            siblings.append(self.root("x" * (depth + 1), other).hex() if other else "")
            depth += 1
        other_leaf = next(([one.hex(), value.hex()] for one, value in leaves.items() if one != key), None)
        return {"siblings": siblings, "leaf": other_leaf}


# Keys -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Signer:
    """A key pair made from a word; `type` 1 signs notes, 4 cosigns them."""

    name: str
    word: str = "key"
    type: int = 1

    @property
    def key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(sha(self.word.encode()))

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @property
    def id(self) -> bytes:
        return sha(self.name.encode() + b"\n" + bytes([self.type]) + self.public)[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64(bytes([self.type]) + self.public)}"

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)

    def line(self, text: bytes, time: int = 1_795_000_000) -> str:
        message = text if self.type == 1 else b"cosignature/v1\ntime %d\n" % time + text
        stamp = b"" if self.type == 1 else time.to_bytes(8, "big")
        return f"— {self.name} {b64(self.id + stamp + self.sign(message))}\n"


LOG_KEY = Signer(ORIGIN)
WITNESSES = tuple(Signer(f"witness.example/w{number}", f"w{number}", 4) for number in (1, 2, 3))


def signed(text: bytes, *signers: Signer) -> bytes:
    return text + b"\n" + "".join(signer.line(text) for signer in signers).encode()


def policy(*logs: Signer, witnesses: Sequence[Signer] = (), least: int = 0) -> bytes:
    rows = [f"log {signer.vkey}" for signer in logs]
    rows += [f"witness w{number} {signer.vkey}" for number, signer in enumerate(witnesses, 1)]
    if least:
        rows.append(f"group all-witnesses {least} " + " ".join(f"w{number + 1}" for number in range(len(witnesses))))
    rows.append("quorum all-witnesses" if least else "quorum none")
    return "".join(row + "\n" for row in rows).encode()
