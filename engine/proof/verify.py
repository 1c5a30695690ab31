#!/usr/bin/env python3
"""Verify a bundle: that a repair-order journal is whole and unaltered, with nothing but this file and Python >= 3.9.

验证证据包：工单日志完整且未被改动。只需本文件与 Python 3.9 以上，不联网，不需要任何密钥或数据库。

    python3 verify.py [FOLDER|ZIP] [--policy FILE] [--seen CHECKPOINT_OR_FOLDER]... [--json]

Must live here: every check that an auditor needs, and the readers of every format that he is handed. Must not be known
here: gongdan (nothing of it is imported), a network, a clock, a private key.

What is proven: bytes. Every line is the entry that the signed log holds at its place, every case is the unbroken chain
up to the head that the log recorded, and nothing in the scope is left out. Who an entry belongs to, its number and its
link are read from the first and the last keys of its canonical JSON by anchored patterns, not by a JSON parser, for
speed. What is not proven here: that an entry means what the rules in force allow; `gongdan audit` replays that, and
reads every entry whole as it does.

From top to bottom: 1 hashes and trees, 2 the map of heads, 3 Ed25519, 4 notes and keys, 5 policy, 6 findings,
7 folders and zips, 8 the forms in a bundle, 9 the audit, 10 the command line.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import io
import json
import os
import re
import stat
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any, NamedTuple


class Bad(ValueError):
    """Bytes that are not of the form they should have."""


# 1 -- Hashes and trees (RFC 6962) ------------------------------------------------------------------------------------

_sha256 = hashlib.sha256

TILE = 256
"""Hashes in a full tile: eight levels of a tree are kept as one."""
EMPTY_ROOT = _sha256(b"").digest()


def leaf_hash(body: bytes) -> bytes:
    """SHA-256(0x00 ‖ body): the seal of an entry, and its leaf in the tree."""
    return _sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return _sha256(b"\x01" + left + right).digest()


def _fold(hashes: list[bytes]) -> bytes:
    """The root over neighbouring subtrees of one height, the last of which may be smaller; one at least."""
    while len(hashes) > 1:
        odd = hashes[-1:] if len(hashes) % 2 else []
        pairs = zip(hashes[::2], hashes[1::2])
        hashes = [_sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
    return hashes[0]


class Frontier:
    """A tree that is only appended to: its size and root, in O(log n) memory.

    `tile(level, index, hashes)` is told of every tile that gets full; `edge()` lists those that are not.
    """

    def __init__(self, tile: Callable[[int, int, bytes], None] | None = None) -> None:
        self._open: list[list[bytes]] = [[]]
        self._full = [0]
        self._tile = tile

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._full[0] * TILE + len(self._open[0])

    def append(self, leaf: bytes) -> None:
        """Add the hash of a leaf."""
        hashes = self._open[0]
        hashes.append(leaf)
        if len(hashes) == TILE:
            self._close(0)

    def _close(self, level: int) -> None:
        hashes = self._open[level]
        if self._tile:
            self._tile(level, self._full[level], b"".join(hashes))
        self._open[level] = []
        self._full[level] += 1
        if level + 1 == len(self._open):
            self._open.append([])
            self._full.append(0)
        self._open[level + 1].append(_fold(hashes))
        if len(self._open[level + 1]) == TILE:
            self._close(level + 1)

    def edge(self) -> list[tuple[int, int, bytes]]:
        """Level, index and hashes of every tile that is not full and not empty."""
        tiles = enumerate(zip(self._full, self._open))
        return [(level, full, b"".join(hashes)) for level, (full, hashes) in tiles if hashes]

    def root(self) -> bytes:
        """The root as it is now."""
        smaller: list[bytes] = []
        for hashes in self._open:
            row = hashes + smaller
            smaller = [_fold(row)] if row else []
        return smaller[0] if smaller else EMPTY_ROOT


def tile_path(level: int, index: int, width: int = TILE) -> str:
    """Where C2SP's tlog-tiles keeps a tile: `tile/0/x001/234`, or `tile/0/x001/234.p/5` of a partial one."""
    parts = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        parts.insert(0, f"x{index % 1000:03}")
    partial = "" if width == TILE else f".p/{width}"
    return f"tile/{level}/{'/'.join(parts)}{partial}"


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf with this hash stands at `index` in the tree of that size and root."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the old tree is the beginning of the new one. The empty tree begins every tree."""
    if not 0 <= old_size <= new_size:
        return False
    if old_size in {0, new_size}:
        return not proof and old_root == (new_root if old_size else EMPTY_ROOT)
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else [*proof]
    if not path:
        return False
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


# 2 -- The map of heads (a sparse Merkle map with keys of 256 bits) ---------------------------------------------------

EMPTY_MAP = bytes(32)
"""The root of a map, or of a part of it, without leaves."""


def map_key(name: str) -> bytes:
    """The place of a shop or a case in its map."""
    return _sha256(name.encode()).digest()


def map_value(seq: int, head: str, row: str) -> bytes:
    """What the map holds of a case: number and seal of its last entry, digest of its row. All as written in JSON."""
    return _sha256(f'[{seq},"{head}","{row}"]'.encode()).digest()


def map_leaf(key: bytes, value: bytes) -> bytes:
    """SHA-256(0x00 ‖ key ‖ value)."""
    return _sha256(b"\x00" + key + value).digest()


def _bit(key: bytes, depth: int) -> int:
    return key[depth >> 3] >> (7 - (depth & 7)) & 1


def _shared(one: bytes, other: bytes) -> int:
    """How many first bits two keys have in common."""
    return 256 - (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_length()


class MapRoot:
    """The root of a map whose leaves come one by one, sorted by key, in memory for one path."""

    def __init__(self) -> None:
        self._last: tuple[bytes, bytes] | None = None
        self._above = -1
        self._left: list[tuple[int, bytes]] = []

    def add(self, key: bytes, value: bytes) -> None:
        """The next leaf. Raises Bad when its key is not greater than the one before."""
        if self._last is not None:
            if key <= self._last[0]:
                raise Bad("order")
            self._place(_shared(self._last[0], key))
        self._last = key, value

    def _place(self, shared: int) -> bytes:
        """Put the last leaf where it stands alone, and climb to where the next one branches off."""
        assert self._last is not None  # noqa: S101 - for the type checker
        key, value = self._last
        depth, found = max(self._above, shared) + 1, map_leaf(key, value)
        while depth > shared + 1:
            depth -= 1
            beside = self._left.pop()[1] if self._left and self._left[-1][0] == depth + 1 else EMPTY_MAP
            found = node_hash(beside, found) if _bit(key, depth) else node_hash(found, EMPTY_MAP)
        self._left.append((depth, found))
        self._above = shared
        return found

    def root(self) -> bytes:
        """The root over all leaves; nothing can be added afterwards."""
        return EMPTY_MAP if self._last is None else self._place(-1)


def map_root(leaves: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The root over (key, value) sorted by key. Raises Bad when they are not."""
    found = MapRoot()
    for key, value in leaves:
        found.add(key, value)
    return found.root()


def map_proven(root: bytes, key: bytes, value: bytes | None, proof: object) -> bool:
    """Whether the map has this value at this key; with None, whether it has nothing there."""
    try:
        siblings, other = _map_proof(proof)
    except (Bad, KeyError, TypeError, ValueError):
        return False
    if value is not None:
        found = map_leaf(key, value)
        is_apt = other is None
    else:
        found = map_leaf(*other) if other else EMPTY_MAP
        is_apt = other is None or (other[0] != key and _shared(other[0], key) >= len(siblings))
    for depth in range(len(siblings) - 1, -1, -1):
        beside = siblings[depth]
        found = node_hash(beside, found) if _bit(key, depth) else node_hash(found, beside)
    return is_apt and found == root


def _map_proof(proof: Any) -> tuple[list[bytes], tuple[bytes, bytes] | None]:
    siblings = [EMPTY_MAP if text == "" else _unhex(text) for text in proof["siblings"]]
    if set(proof) != {"siblings", "leaf"} or len(siblings) > 256:
        raise Bad("map proof")
    if proof["leaf"] is None:
        return siblings, None
    key, value = proof["leaf"]
    return siblings, (_unhex(key), _unhex(value))


_HEX = re.compile(r"[0-9a-f]{64}")


def _unhex(text: object) -> bytes:
    if not isinstance(text, str) or not _HEX.fullmatch(text):
        raise Bad("hex")
    return bytes.fromhex(text)


# 3 -- Ed25519 (RFC 8032), in plain Python ----------------------------------------------------------------------------

VerifyEd25519 = Callable[[bytes, bytes, bytes], bool]
"""(public key, message, signature) -> whether that key signed that message."""

_Point = tuple[int, int, int, int]
_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
_ZERO: _Point = (0, 1, 1, 0)


def _add(one: _Point, other: _Point) -> _Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _point(text: bytes) -> _Point | None:
    """The point that 32 bytes stand for; None when they stand for none, or are not its one spelling."""
    number = int.from_bytes(text, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


_BASE = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little")) or _ZERO


def _spelled(point: _Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key signed the message. Refuses what has more than one spelling: s >= L, y >= p, minus zero."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key = _point(public)
    s = int.from_bytes(signature[32:], "little")
    if key is None or s >= _L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _L
    minus = (_P - key[0], key[1], 1, _P - key[3])
    table = (_ZERO, _BASE, minus, _add(_BASE, minus))
    found = _ZERO
    for at in range(252, -1, -1):
        found = _add(found, found)
        which = (s >> at & 1) | (h >> at & 1) << 1
        if which:
            found = _add(found, table[which])
    return _spelled(found) == signature[:32]


# 4 -- Notes, checkpoints and keys (C2SP signed-note, tlog-checkpoint, tlog-cosignature) ------------------------------

LONGEST_NOTE = 65_536
MOST_SIGNATURES = 100
SIGNER, COSIGNER = 1, 4
"""The types of keys that can be checked: one signs a note, the other a checkpoint and the time it was seen."""

_SPACE = re.compile(r"[\s+]")
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")


def _unbase64(text: str) -> bytes:
    """Bytes from their one base64 spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Bad("base64") from None
    if base64.b64encode(data).decode() != text:
        raise Bad("base64")
    return data


def _hash32(text: object) -> bytes:
    data = _unbase64(text) if isinstance(text, str) else b""
    if len(data) != 32:
        raise Bad("hash")
    return data


class Signature(NamedTuple):
    """One line under a note."""

    name: str
    key_id: bytes
    signature: bytes


class Note(NamedTuple):
    """A text and its signatures. Nothing is verified yet."""

    text: bytes
    signatures: tuple[Signature, ...]


def parse_note(data: bytes) -> Note:
    """Read a signed note. Raises Bad."""
    at = data.rfind(b"\n\n")
    if len(data) > LONGEST_NOTE or at < 0 or _CONTROL.search(data) or not data.endswith(b"\n"):
        raise Bad("note")
    lines = _utf8(data[at + 2 : -1]).split("\n")
    _utf8(data)
    if len(lines) > MOST_SIGNATURES:
        raise Bad("signatures")
    return Note(data[: at + 1], tuple(map(_signature, lines)))


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Bad("utf-8") from None


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not parts[1] or _SPACE.search(parts[1]):
        raise Bad("signature line")
    data = _unbase64(parts[2])
    if len(data) < 5:
        raise Bad("signature")
    return Signature(parts[1], data[:4], data[4:])


class Checkpoint(NamedTuple):
    """What a log says of itself at one size."""

    origin: str
    size: int
    root: bytes


def parse_checkpoint(text: bytes) -> Checkpoint:
    """Read the text of a checkpoint's note. Raises Bad."""
    lines = _utf8(text).split("\n")
    if len(lines) < 4 or lines.pop() or "" in lines or not _SIZE.fullmatch(lines[1]):
        raise Bad("checkpoint")
    return Checkpoint(lines[0], int(lines[1]), _hash32(lines[2]))


class Key(NamedTuple):
    """A public key: whose, its short id, its type (1 signs, 4 cosigns), its 32 bytes."""

    name: str
    key_id: bytes
    type: int
    public: bytes


def key_id(name: str, type: int, public: bytes) -> bytes:
    """The short id of a key: the first four bytes of SHA-256(name ‖ newline ‖ type ‖ public)."""
    return _sha256(name.encode() + b"\n" + bytes([type]) + public).digest()[:4]


def parse_vkey(text: str) -> Key:
    """Read `name+id+base64(type ‖ public)`. Raises Bad, also for types that cannot be checked here."""
    name, _, rest = text.partition("+")
    short, _, body = rest.partition("+")
    data = _unbase64(body)
    if (
        not name
        or _SPACE.search(name)
        or not name.isprintable()
        or len(data) != 33
        or data[0] not in (SIGNER, COSIGNER)
    ):
        raise Bad("key")
    key = Key(name, key_id(name, data[0], data[1:]), data[0], data[1:])
    if short != key.key_id.hex():
        raise Bad("key id")
    return key


def cosigned(text: bytes, time: int) -> bytes:
    """What a cosignature signs: the checkpoint's text and the time, in seconds of POSIX, that it was seen."""
    return b"cosignature/v1\ntime %d\n%s" % (time, text)


def cosigned_at(signature: bytes) -> int:
    """The time that a cosignature states."""
    return int.from_bytes(signature[:8], "big")


def _is_signature(key: Key, text: bytes, signature: bytes, check: VerifyEd25519) -> bool:
    if key.type == SIGNER:
        return check(key.public, text, signature)
    time = cosigned_at(signature)
    return len(signature) == 72 and time < 2**63 and check(key.public, cosigned(text, time), signature[8:])


def signs(key: Key, note: Note, check: VerifyEd25519 = verify_ed25519) -> bool | None:
    """Whether the key signed the note; None when no line says so, False when one does and is wrong."""
    mine = [one.signature for one in note.signatures if (one.name, one.key_id) == (key.name, key.key_id)]
    if not mine:
        return None
    return all(_is_signature(key, note.text, signature, check) for signature in mine)


# 5 -- Policy: whom an auditor trusts (C2SP tlog-policy) --------------------------------------------------------------


class Judged(NamedTuple):
    """What a policy says of a checkpoint: the log keys and the witnesses that signed it, those whose line is wrong."""

    logs: tuple[Key, ...]
    witnesses: tuple[str, ...]
    wrong: tuple[str, ...]
    quorum: bool


class Group(NamedTuple):
    """Witnesses, or groups of them, of whom at least `least` must have cosigned."""

    least: int
    members: tuple[str, ...]


class Policy(NamedTuple):
    """The logs and witnesses that somebody trusts, and how many of the witnesses must have cosigned.

    `quorum` is the name of a witness or group, or "none". `urls`: log key names and witness names that have one.
    """

    logs: tuple[Key, ...]
    witnesses: Mapping[str, Key]
    groups: Mapping[str, Group]
    quorum: str
    urls: Mapping[str, str]

    def judge(self, note: Note, also: Iterable[Key] = (), check: VerifyEd25519 = verify_ed25519) -> Judged:
        """Look at every signature of a known key; `also` are log keys trusted besides, as announced by known ones."""
        origin = note.text.split(b"\n", 1)[0]
        logs = [key for key in dict.fromkeys([*self.logs, *also]) if key.name.encode() == origin]
        by_log = [(key, signs(key, note, check)) for key in logs]
        by_witness = [(name, signs(key, note, check)) for name, key in self.witnesses.items()]
        wrong = [key.name for key, is_good in by_log if is_good is False]
        wrong += [name for name, is_good in by_witness if is_good is False]
        seen = tuple(name for name, is_good in by_witness if is_good)
        return Judged(tuple(key for key, is_good in by_log if is_good), seen, tuple(wrong), self.has_quorum(seen))

    def has_quorum(self, cosigners: Iterable[str]) -> bool:
        """Whether these witnesses, by the policy's names, are enough."""
        met = {"none", *cosigners}
        for name, group in self.groups.items():
            if sum(member in met for member in group.members) >= group.least:
                met.add(name)
        return self.quorum in met

    def counted(self) -> tuple[tuple[str, ...], str]:
        """The witnesses whom the quorum counts, and how many of which it asks for, such as `2/3 (a, b, c)`."""
        counts: dict[str, tuple[tuple[str, ...], str]] = {name: ((name,), name) for name in self.witnesses}
        for name, group in self.groups.items():
            members = [counts[member] for member in group.members]
            asked = ", ".join(text for _, text in members)
            names = tuple(one for inside, _ in members for one in inside)
            counts[name] = names, f"{group.least}/{len(members)} ({asked})"
        return counts.get(self.quorum, ((), "none"))


class _PolicyReader:
    """Reads a policy line by line; names are opaque, each is defined once and before it is used."""

    def __init__(self) -> None:
        self.logs: list[Key] = []
        self.witnesses: dict[str, Key] = {}
        self.groups: dict[str, Group] = {}
        self.urls: dict[str, str] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()

    def line(self, words: list[str]) -> None:
        readers: dict[str, Callable[..., None]]
        readers = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
        if words and not words[0].startswith("#"):
            readers.get(words[0], self._unknown)(*words[1:])

    def _unknown(self, *_: str) -> None:
        raise Bad("keyword")

    def _key(self, text: str, type: int, known: Iterable[Key]) -> Key:
        key = parse_vkey(text)
        if key.type != type or key.public in [one.public for one in known]:
            raise Bad("key")
        return key

    def _log(self, vkey: str, url: str = "") -> None:
        self.logs.append(self._key(vkey, SIGNER, self.logs))
        self._url(self.logs[-1].name, url)

    def _witness(self, name: str, vkey: str, url: str = "") -> None:
        key = self._key(vkey, COSIGNER, self.witnesses.values())
        self._new(name)
        self.witnesses[name] = key
        self._url(name, url)

    def _url(self, name: str, url: str) -> None:
        if url:
            self.urls[name] = url

    def _new(self, name: str) -> None:
        if name == "none" or name in self.witnesses or name in self.groups:
            raise Bad("name")

    def _group(self, name: str, least: str, *members: str) -> None:
        self._new(name)
        count = {"any": "1", "all": str(len(members))}.get(least, least)
        is_number = re.fullmatch("[1-9][0-9]{0,3}", count) is not None
        if not is_number or int(count) > len(members):
            raise Bad("group")
        for member in members:
            if member in self._members or not (member in self.witnesses or member in self.groups):
                raise Bad("member")
            self._members.add(member)
        self.groups[name] = Group(int(count), members)

    def _quorum(self, name: str) -> None:
        if self.quorum is not None or not (name == "none" or name in self.witnesses or name in self.groups):
            raise Bad("quorum")
        self.quorum = name


def parse_policy(data: bytes) -> Policy:
    """Read a policy. Raises Bad, with the number of the line that is wrong."""
    if re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", data):
        raise Bad("control character")
    reader = _PolicyReader()
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
        try:
            reader.line([word for word in re.split("[ \t]+", line) if word])
        except (TypeError, ValueError) as wrong:
            raise Bad(f"line {number}: {wrong if isinstance(wrong, Bad) else 'form'}") from None
    if reader.quorum is None:
        raise Bad("no quorum")
    return Policy(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum, reader.urls)


# 6 -- Findings -------------------------------------------------------------------------------------------------------

STATUSES = ("OK", "UNVERIFIABLE", "INCOMPLETE", "TAMPERED")
"""What can be said of a bundle, from best to worst; the worst finding decides."""
WORDS = {
    "OK": (
        "完好：与可信的检查点逐字节相符，范围内无缺漏",
        "whole and unaltered: it fits a trusted checkpoint byte for byte",
    ),
    "UNVERIFIABLE": ("无法证实：缺少可信的锚", "cannot be proven: something to trust is missing"),
    "INCOMPLETE": ("不完整：有内容缺失", "incomplete: something is missing"),
    "TAMPERED": ("被改动：内容与签名的日志不符", "altered: it does not fit the log that was signed"),
}
_T, _I, _U = "TAMPERED", "INCOMPLETE", "UNVERIFIABLE"
KINDS: Mapping[str, tuple[str, str, str]] = {
    "file.digest": (_T, "文件与清单不符：{reason}", "The file is not the one that the manifest names: {reason}"),
    "file.form": (_T, "文件格式有误：{reason}", "The file is not of its form: {reason}"),
    "manifest.signature": (_T, "清单的签名不符：{reason}", "The signature of the manifest is wrong: {reason}"),
    "manifest.differs": (_T, "清单与内容不符：{field} 应为 {expected}，实为 {actual}", "The manifest does not fit: {field} should be {expected}, it is {actual}"),
    "checkpoint.signature": (_T, "检查点上 {name} 的签名不符", "The checkpoint's signature by {name} is wrong"),
    "entry.shape": (_T, "该行不是一条规范的条目", "The line is not a canonical entry"),
    "chain.broken": (_T, "链条断开：应接 {expected}，实接 {actual}（有条目被删、换序或改写）", "The chain is broken: expected a link to {expected}, found {actual} (removed, swapped or rewritten)"),
    "chain.count": (_T, "序号应为 {expected}，实为 {actual}", "The sequence number should be {expected}, it is {actual}"),
    "tree.root": (_T, "条目算得的树根为 {actual}，检查点签的是 {expected}", "The entries give the root {actual}; the checkpoint says {expected}"),
    "tile.differs": (_T, "从此条目起与所附哈希瓦片不同", "From this entry on it differs from the tile beside it"),
    "heads.root": (_T, "各单链头算得的根为 {actual}，日志记的是 {expected}", "The heads give the root {actual}; the log recorded {expected}"),
    "heads.entry": (_T, "链头条目有误：{reason}", "The entry that records the heads is wrong: {reason}"),
    "heads.leaf": (_T, "链头不符：链头表为 {expected}，条目为 {actual}", "The head differs: the list of heads says {expected}, the entries give {actual}"),
    "proof.wrong": (_T, "该条目不在签名的日志的此位置", "The log that was signed does not hold this entry at this place"),
    "key.epoch": (_T, "密钥更替有误：{reason}", "The change of keys is wrong: {reason}"),
    "seen.inconsistent": (_T, "与曾见检查点矛盾：大小 {size} 处当时为 {expected}，现为 {actual}", "It contradicts a checkpoint that was seen: at size {size} it was {expected}, it is {actual}"),
    "seen.differs": (_T, "从此条目起与曾见日志不同", "From this entry on it differs from the log that was seen"),
    "rules.digest": (_T, "规则内容与摘要 {digest} 不符", "A rules body does not fit its digest {digest}"),
    "opening.wrong": (_T, "披露值与日志中的承诺不符：{path}", "A value given in clear does not fit its commitment: {path}"),
    "erasure.wrong": (_T, "删除清单与条目不符", "The list of erasures does not fit the entries"),
    "file.missing": (_I, "缺少文件", "The file is missing"),
    "file.extra": (_I, "清单之外的文件", "The file is not in the manifest"),
    "entries.count": (_I, "条目应有 {expected} 条，实有 {actual} 条", "There should be {expected} entries, there are {actual}"),
    "case.missing": (_I, "整单缺失（日志中有 {expected} 条）", "The case is missing whole (the log has {expected} entries of it)"),
    "case.cut": (_I, "该单应至第 {expected} 条，所附为第 {first} 至 {actual} 条", "The case should go up to entry {expected}; entries {first} to {actual} are here"),
    "range.gap": (_I, "未证明该单在此时段无条目", "Nothing proves that this case has no entry in the time range"),
    "seen.newer": (_I, "曾见的检查点更大：{expected} 条，此包仅 {actual} 条", "A checkpoint that was seen is larger: {expected} entries, here are {actual}"),
    "anchor.missing": (_U, "未给出信任策略：请以 --policy 指定您自己保存的策略文件", "No policy was given: name the one that you keep yourself with --policy"),
    "key.unknown": (_U, "没有可信日志密钥的签名（签名者：{names}）", "No trusted log key signed (signed by: {names})"),
    "quorum.missing": (_U, "见证人不足：策略要求 {required}，已联署 {names}，未联署 {missing}", "Too few witnesses cosigned: the policy asks for {required}; cosigned by {names}, not by {missing}"),
    "seen.unproven": (_U, "此包无法证明与曾见检查点（大小 {size}）一致", "This bundle cannot prove that it continues the checkpoint that was seen (size {size})"),
}  # fmt: skip
"""Every kind of finding: what it makes of the bundle, and its words in Chinese and in English."""


@dataclass(frozen=True)
class Found:
    """One thing wrong: what, at which index of the log, in which line of which file, of which entry of which case."""

    kind: str
    index: int | None = None
    file: str = ""
    line: int = 0
    shop: str = ""
    case: str = ""
    seq: int = 0
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """What this finding makes of the bundle."""
        return KINDS[self.kind][0]

    @property
    def words(self) -> tuple[str, str]:
        """The finding in Chinese and in English."""
        _, zh, en = KINDS[self.kind]
        return zh.format_map(self.facts), en.format_map(self.facts)

    def document(self) -> dict[str, object]:
        """The finding as JSON."""
        return {
            **vars(self),
            "facts": {**self.facts},
            "status": self.status,
            "zh": self.words[0],
            "en": self.words[1],
        }


MOST_FINDINGS = 1000


class Result:
    """What was read and what was found: the first findings, and how many there are.

    `signed_by` and `cosigned_by` are the log keys and witnesses, of those that the policy trusts, that signed.
    """

    def __init__(self) -> None:
        self.findings: list[Found] = []
        self.total = self.entries = self.cases = self.size = 0
        self.origin = self.root = ""
        self.signed_by: list[str] = []
        self.cosigned_by: list[str] = []
        self.status = "OK"

    def add(self, found: Found) -> None:
        """One more finding."""
        self.total += 1
        self.status = max(self.status, found.status, key=STATUSES.index)
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(found)

    def document(self) -> dict[str, object]:
        """The result as JSON."""
        findings = [found.document() for found in self.findings]
        return {**vars(self), "findings": findings, "zh": WORDS[self.status][0], "en": WORDS[self.status][1]}


# 7 -- Sources: a folder or a zip that somebody handed over, which may be hostile --------------------------------------

REASONS: Mapping[str, tuple[str, str]] = {
    "not_a_bundle": ("不是证据包", "it is not a bundle"),
    "manifest": ("清单 manifest.json 无法读取", "manifest.json cannot be read"),
    "path": ("含越界或不合规的路径", "it holds a path that leads out of it, or is malformed"),
    "link": ("含链接或特殊文件", "it holds a link or a special file"),
    "duplicate": ("含重复的成员", "it holds a member twice"),
    "bomb": ("压缩比异常，疑为压缩炸弹", "it unpacks to far more than it is"),
    "too_large": ("成员过大", "a member is too large"),
    "unreadable": ("无法读取", "it cannot be read"),
    "policy": ("策略文件有误", "the policy is malformed"),
    "seen": ("曾见的检查点无法读取", "the checkpoint that was seen cannot be read"),
}


class Refused(Exception):
    """What was handed over cannot be audited at all."""

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(reason, where)
        self.reason, self.where = reason, where

    @property
    def words(self) -> tuple[str, str]:
        """Why, in Chinese and in English."""
        zh, en = REASONS[self.reason]
        return (f"{zh}：{self.where}", f"{en}: {self.where}") if self.where else (zh, en)


class Broken(Exception):
    """A member cannot be unpacked."""


_MOST_MEMBERS = 1_000_000
_MOST_RATIO, _RATIO_FROM = 200, 1 << 20
_PATH = re.compile(r"(?!\.{1,2}(?:/|\Z))[^/\\:\x00-\x1f]+(?:/(?!\.{1,2}(?:/|\Z))[^/\\:\x00-\x1f]+)*")


class Source:
    """Members by name, read as streams. Raises Refused for what no honest bundle has."""

    def __init__(self, sizes: Iterable[tuple[str, int]]) -> None:
        self._sizes: dict[str, int] = {}
        for name, size in sizes:
            if name in self._sizes:
                raise Refused("duplicate", name)
            if not _PATH.fullmatch(name):
                raise Refused("path", name)
            if len(self._sizes) == _MOST_MEMBERS:
                raise Refused("too_large", name)
            self._sizes[name] = size

    def names(self) -> list[str]:
        """Every member, sorted."""
        return sorted(self._sizes)

    def __contains__(self, name: str) -> bool:
        """Whether there is such a member."""
        return name in self._sizes

    def size(self, name: str) -> int:
        """Bytes of a member, unpacked."""
        return self._sizes[name]

    def open(self, name: str) -> IO[bytes]:
        """A member's bytes. Raises Broken when it cannot be unpacked, Refused when it cannot be read."""
        raise NotImplementedError  # a folder and a zip each have a way of their own

    def read(self, name: str, most: int) -> bytes:
        """A small member whole. Raises Refused when it is not small, Broken when it cannot be unpacked."""
        if self.size(name) > most:
            raise Refused("too_large", name)
        with Reader(self.open(name)) as reader:
            return io.BufferedReader(reader).read(most)


class FolderSource(Source):
    """A folder; no link in it is followed."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        super().__init__(self._walk())

    def _walk(self) -> Iterator[tuple[str, int]]:
        for parent, folders, files in os.walk(self._folder, onerror=_unreadable):
            for name in folders + files:
                path = os.path.join(parent, name)
                kind = os.lstat(path)
                if not (stat.S_ISDIR(kind.st_mode) if name in folders else stat.S_ISREG(kind.st_mode)):
                    raise Refused("link", path)
                if name in files:
                    yield os.path.relpath(path, self._folder).replace(os.sep, "/"), kind.st_size

    def open(self, name: str) -> IO[bytes]:
        path = os.path.join(self._folder, *name.split("/"))
        try:
            return os.fdopen(
                os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)), "rb", 0
            )
        except OSError as wrong:
            raise _unreadable(wrong) from None


def _unreadable(wrong: OSError) -> Refused:
    raise Refused("unreadable", str(wrong.filename or ""))


_UNZIP = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, struct.error, OverflowError)


class ZipSource(Source):
    """A zip; nothing of it is unpacked to a disk."""

    def __init__(self, path: str) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except _UNZIP:
            raise Refused("not_a_bundle", path) from None
        packed = sum(info.compress_size for info in self._zip.infolist())
        if packed > os.path.getsize(path):
            raise Refused("bomb", path)
        super().__init__(map(self._member, (info for info in self._zip.infolist() if info.orig_filename[-1:] != "/")))

    @staticmethod
    def _member(info: zipfile.ZipInfo) -> tuple[str, int]:
        name, mode = info.orig_filename, info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or info.flag_bits & 1:
            raise Refused("link", name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused("unreadable", name)
        if info.file_size > max(_RATIO_FROM, _MOST_RATIO * info.compress_size):
            raise Refused("bomb", name)
        return name, info.file_size

    def open(self, name: str) -> IO[bytes]:
        try:
            return self._zip.open(name)
        except (*_UNZIP, KeyError):
            raise Broken from None


def open_source(path: str) -> Source:
    """The folder or zip at a path. Raises Refused."""
    return FolderSource(path) if os.path.isdir(path) else ZipSource(path)


class Reader(io.RawIOBase):
    """A member's bytes as they go by, with their number and digest. Raises Broken when they cannot be unpacked."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._digest = _sha256()
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except _UNZIP:
            raise Broken from None
        self._digest.update(data)
        self.count += len(data)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()

    def digest(self) -> str:
        """SHA-256 of what was read so far, in hexadecimal."""
        return self._digest.hexdigest()


# 8 -- The forms in a bundle ------------------------------------------------------------------------------------------

LONGEST = 65_535
"""The most bytes of an entry, and of any other line."""
_MOST_SMALL, _MOST_MANIFEST = 1 << 22, 1 << 25
_ID = rb"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,99}"
_FIRST_KEYS = re.compile(rb'\{"case":"(' + _ID + rb')","command":\{').match
_LAST_KEYS = re.compile(
    rb',"prev":"([0-9a-f]{64})","recorded_at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{15}Z)","rules":"([0-9a-f]{64})",'
    rb'"seq":([1-9][0-9]{0,8}),"shop":"('
    + _ID
    + rb')","version":(?:0|[1-9][0-9]{0,8}),"workflow":"[a-z0-9_]{1,99}"\}\n\Z'
).match
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{15}Z")
_LEAF = re.compile(
    rb'\{"case":"('
    + _ID
    + rb')","head":"([0-9a-f]{64})","row":"([0-9a-f]{64})","seq":([1-9][0-9]{0,8}),"shop":"('
    + _ID
    + rb')"\}\n\Z'
).match
_HEAD = re.compile(rb'\{"case":"([^"]+)","command":\{').match
_TAIL = re.compile(
    rb'","recorded_at":"[^"]{27}","rules":"([^"]{64})","seq":([0-9]+),"shop":"([^"]+)","version":[0-9]{1,9},'
    rb'"workflow":"[a-z0-9_]{1,99}"\}\n\Z',
    re.DOTALL,
).match
_RECORDED, _PREV = b'","recorded_at":"', b',"prev":"'
_KEY = re.compile(_ID + rb"\x00" + _ID).fullmatch
_ENTRIES = re.compile(r"entries/[0-9]{6}\.jsonl")
_KEPT_TILE = re.compile(r"tile/0/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


def _no_number(text: str) -> int:
    if len(text) > 16:
        raise Bad("number")
    return int(text)


_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
_DECODE = json.JSONDecoder(parse_int=_no_number, parse_float=_no_number, parse_constant=_no_number).decode


def _canonical(value: object) -> bytes:
    return _ENCODE(value).encode()


def _json(data: bytes) -> Any:
    """A value from its one canonical spelling. Raises Bad: also for floats, long numbers, keys twice, deep nesting."""
    try:
        value = _DECODE(data.decode())
        is_canonical = _canonical(value) == data
    except (ValueError, RecursionError):
        raise Bad("json") from None
    if not is_canonical:
        raise Bad("json")
    return value


def _record(line: bytes, **fields: Any) -> dict[str, Any]:
    """An object on a line, with exactly these keys of these types. Raises Bad."""
    value = _json(line[:-1])
    if line[-1:] != b"\n" or not isinstance(value, dict) or set(value) != set(fields):
        raise Bad("fields")
    for name, kind in fields.items():
        if not isinstance(value[name], kind) or isinstance(value[name], bool):
            raise Bad(name)
    return value


class Scope(NamedTuple):
    """What the bundle is of: everything, or a shop, a case of it, the cases with entries in a time range."""

    shop: str | None
    case: str | None
    since: str | None
    until: str | None

    @property
    def has_range(self) -> bool:
        """Whether only some cases are there whole."""
        return self.since is not None or self.until is not None

    def covers(self, shop: str, case: str) -> bool:
        """Whether the case is one of those asked for, whenever it was."""
        return self.shop in (None, shop) and self.case in (None, case)

    def holds(self, at: str) -> bool:
        """Whether a time lies in the range."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    def bounds(self, before: str | None, after: str | None) -> bool:
        """Whether neighbours recorded at these times, None at the end of the case, leave no room for the range."""
        is_before = before is None or (self.since is not None and before < self.since)
        is_after = after is None or (self.until is not None and after >= self.until)
        return is_before and is_after


class Manifest(NamedTuple):
    """What a bundle says of itself."""

    origin: str
    size: int
    root: bytes
    scope: Scope
    entries: int
    cases: int
    heads: int
    files: Mapping[str, tuple[int, str]]


def parse_manifest(data: bytes) -> Manifest:
    """Read manifest.json. Raises Bad."""
    text = (str, type(None))
    read = _record(
        data, format=int, origin=str, size=int, root=str, scope=dict, entries=int, cases=int, heads=int, files=dict,
        made_at=str, generator=str,
    )  # fmt: skip
    scope = Scope(**_record(_canonical(read["scope"]) + b"\n", shop=text, case=text, since=text, until=text))
    times = [time for time in (scope.since, scope.until) if time is not None]
    numbers = (read["size"], read["entries"], read["cases"], read["heads"])
    if read["format"] != 1 or min(numbers) < 0 or (scope.case is not None and scope.shop is None):
        raise Bad("manifest")
    if not all(map(_INSTANT.fullmatch, times)):
        raise Bad("scope")
    files = {name: _file(one) for name, one in read["files"].items()}
    return Manifest(read["origin"], read["size"], _unhex(read["root"]), scope, *numbers[1:], files)


def _file(value: object) -> tuple[int, str]:
    read = _record(_canonical(value) + b"\n", bytes=int, sha256=str)
    return read["bytes"], _unhex(read["sha256"]).hex()


class Line(NamedTuple):
    """An entry as it stands in a file. `case` is empty when the line is not of an entry's shape."""

    file: str
    line: int
    offset: int
    body: bytes
    leaf: bytes
    case: bytes = b""
    prev: bytes = b""
    at: bytes = b""
    rules: bytes = b""
    seq: int = 0
    shop: bytes = b""


class Leaf(NamedTuple):
    """Where a case stood when the heads were recorded: number and seal of its last entry, digest of its row."""

    case: str
    head: str
    row: str
    seq: int
    shop: str


def _leaf(line: bytes) -> Leaf | None:
    found = _LEAF(line)
    if not found:
        return None
    case, head, row, seq, shop = found.groups()
    return Leaf(case.decode(), head.decode(), row.decode(), int(seq), shop.decode())


@dataclass(frozen=True)
class Epoch:
    """A key of the log, from the entry that announces it on, and the checkpoint that hands over to it."""

    index: int
    key: Key
    previous: str | None
    size: int
    root: bytes
    is_handed_over: bool
    proof: list[bytes]


# 9 -- The audit of a bundle ------------------------------------------------------------------------------------------


class Seen(NamedTuple):
    """A checkpoint that the auditor, or a witness, has kept; and the tiles kept with it, if any."""

    note: bytes
    tiles: Source | None = None


class Trust(NamedTuple):
    """What the auditor brings himself."""

    policy: Policy | None = None
    seen: tuple[Seen, ...] = ()


Each = Callable[[int, bytes, str, int, int], None]
"""Told of every entry in order: index, body, file, line, offset in the file."""
_LEDGER = (b"ledger", b"ledger")


def _link(leaf: bytes, seq: int) -> bytes:
    """How the entry with this number links to the one before, whose leaf this is; as its bytes say it."""
    return b"%b%b%d" % (_PREV, binascii.hexlify(leaf), seq)


class _After(dict[bytes, bytes]):
    """The number after each, as digits."""

    def __missing__(self, digits: bytes) -> bytes:
        self[digits] = after = b"%d" % (int(digits) + 1)
        return after


_START = _link(bytes(32), 1)


class Run:
    """The entries of one case that a subset holds: from which to which, and what its times prove."""

    def __init__(self, first: int) -> None:
        self.first, self.last, self.leaf, self.at = first, first - 1, b"", ""
        self.is_held = self.is_bounded = False


class _Audit:
    """One verification: what is known of the bundle so far, and what was found."""

    def __init__(self, source: Source, trust: Trust, each: Each | None, check: VerifyEd25519) -> None:
        self.source, self.trust, self.each, self.check = source, trust, each, check
        self.result = Result()
        self.add = self.result.add
        self.digests: dict[str, str] = {}
        self.heads: dict[bytes, bytes] = {}
        self.runs: dict[bytes, Run] = {}
        self.rules: set[bytes] = set()
        self.roots: dict[int, bytes] = {}
        self.announced: dict[int, tuple[bytes, dict[str, Any]]] = {}
        self.erased: list[dict[str, object]] = []
        self.note: Note | None = None
        self.seen: list[tuple[Seen, Checkpoint, dict[int, str]]] = []
        self.differs: set[int] = set()
        self.has_heads = False
        self.opening: tuple[int, dict[str, Any]] | None = None

    def run(self, progress: Callable[[int], None] | None) -> Result:
        """Everything, in order."""
        self.progress = progress or (lambda _: None)
        self._read_manifest()
        self._read_checkpoint()
        self.epochs = self._read_epochs()
        self._read_seen()
        self.openings = self._records("openings.jsonl", **_OPENING)
        self._next_opening()
        if self.is_whole:
            self._whole()
        else:
            self._subset()
        self._close()
        self._judge_epochs()
        self._judge_signatures()
        self._judge_seen()
        self._rest()
        return self.result

    # Members

    def _read_manifest(self) -> None:
        if "manifest.json" not in self.source:
            raise Refused("not_a_bundle")
        try:
            self.manifest_body = self.source.read("manifest.json", _MOST_MANIFEST)
            self.manifest = parse_manifest(self.manifest_body)
        except (Bad, Broken):
            raise Refused("manifest") from None
        manifest, files = self.manifest, self.manifest.files
        self.size, self.root, self.is_whole = manifest.size, manifest.root, not any(manifest.scope)
        self.result.origin, self.result.size, self.result.root = manifest.origin, manifest.size, manifest.root.hex()
        needed = {"manifest.note", "checkpoint", "keys.jsonl", "heads.jsonl", "erasures.jsonl"}
        needed |= set() if self.is_whole else {"map.json"}
        for name in sorted((needed | set(files)) - set(self.source.names())):
            self.add(Found("file.missing", file=name))
        for name in sorted(set(self.source.names()) - set(files) - {"manifest.json", "manifest.note"}):
            self.add(Found("file.extra", file=name))
        self._same("heads", manifest.size - 1, manifest.heads)

    def _same(self, field: str, expected: object, actual: object) -> None:
        if expected != actual:
            facts = {"field": field, "expected": expected, "actual": actual}
            self.add(Found("manifest.differs", file="manifest.json", facts=facts))

    def _lines(self, name: str) -> Iterator[bytes]:
        """The lines of a member, and its digest on the way. What is too long for a line comes in pieces."""
        if (
            name not in self.source
            or self.source.size(name) > 2 * self.manifest.files.get(name, (0, ""))[0] + _MOST_SMALL
        ):
            return
        try:
            with Reader(self.source.open(name)) as reader, io.BufferedReader(reader, 1 << 17) as stream:
                yield from iter(partial(stream.readline, LONGEST + 1), b"")
                self._digested(name, reader.count, reader.digest())
        except Broken:
            self._digested(name, -1, "")

    def _digested(self, name: str, count: int, digest: str) -> None:
        self.digests[name] = digest
        expected = self.manifest.files.get(name, (count, digest))
        if expected != (count, digest):
            reason = "unreadable" if count < 0 else "size" if expected[0] != count else "SHA-256"
            self.add(Found("file.digest", file=name, facts={"reason": reason}))

    def _small(self, name: str) -> bytes | None:
        """A small member whole; None when it is not there or cannot be unpacked."""
        if name not in self.source:
            return None
        try:
            data = self.source.read(name, _MOST_SMALL)
        except Broken:
            self._digested(name, -1, "")
            return None
        self._digested(name, len(data), _sha256(data).hexdigest())
        return data

    def _records(self, name: str, **fields: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        """Number and content of every line of a member; a line that is not of the form is found, and left out."""
        for number, line in enumerate(self._lines(name), 1):
            try:
                yield number, _record(line, **fields)
            except Bad as wrong:
                self._misformed(name, number, wrong)

    def _misformed(self, name: str, number: int, wrong: object) -> None:
        self.add(Found("file.form", file=name, line=number, facts={"reason": str(wrong)}))

    def _rest(self) -> None:
        """The digests of the members that nothing else has read; and that every rules body is what it is called."""
        for name in sorted(set(self.manifest.files) - set(self.digests)):
            for _ in self._chunks(name):
                pass
        for digest in sorted(rules.decode() for rules in self.rules):
            name = f"rules/{digest}.json"
            if name not in self.manifest.files:
                self.add(Found("file.missing", file=name))
            elif self.digests.get(name, digest) != digest:
                self.add(Found("rules.digest", file=name, facts={"digest": digest}))

    def _chunks(self, name: str) -> Iterator[bytes]:
        if name not in self.source:
            return
        if self.source.size(name) != self.manifest.files[name][0]:
            self._digested(name, self.source.size(name), "")
            return
        try:
            with Reader(self.source.open(name)) as reader:
                while reader.read(1 << 20):
                    yield b""
                self._digested(name, reader.count, reader.digest())
        except Broken:
            self._digested(name, -1, "")

    # Checkpoint, keys, what was seen

    def _read_checkpoint(self) -> None:
        data = self._small("checkpoint")
        if data is None:
            return
        try:
            note = parse_note(data)
            checkpoint = parse_checkpoint(note.text)
        except Bad as wrong:
            self._misformed("checkpoint", 0, wrong)
            return
        self._same("origin", checkpoint.origin, self.manifest.origin)
        self._same("size", checkpoint.size, self.manifest.size)
        self._same("root", checkpoint.root.hex(), self.manifest.root.hex())
        self.note, self.size, self.root = note, checkpoint.size, checkpoint.root

    def _read_epochs(self) -> list[Epoch]:
        fields = {} if self.is_whole else {"proof": list}
        found: list[Epoch] = []
        for number, line in enumerate(self._lines("keys.jsonl"), 1):
            more = {"consistency": list} if not self.is_whole and found else {}
            try:
                read = _record(line, **_EPOCH, **fields, **more)
                found.append(self._epoch(read, found[-1].key if found else None))
            except Bad as wrong:
                self._misformed("keys.jsonl", number, wrong)
        for epoch in found:
            self.roots[epoch.size] = b""
        return found

    def _epoch(self, read: dict[str, Any], before: Key | None) -> Epoch:
        """One epoch. That the note is signed by both keys is checked here; that its root fits, when roots are known."""
        public = _unhex(read["public"])
        key = Key(read["name"], key_id(read["name"], SIGNER, public), SIGNER, public)
        place = self._hashes(read.get("proof", []))
        if read["note"] is None:
            is_first = before is None and read["previous"] is None and read["size"] is None
            return Epoch(read["index"], key, read["previous"], 0, EMPTY_ROOT, is_first, place)
        note = parse_note(read["note"].encode())
        checkpoint = parse_checkpoint(note.text)
        signers = [key] if before is None else [before, key]
        is_signed = all(signs(one, note, self.check) for one in signers) and checkpoint.size == read["size"]
        follows = read["previous"] == (before.public.hex() if before else None)
        fits = is_signed and follows and read["index"] < checkpoint.size <= self.size
        if fits and not self.is_whole:
            proof = self._hashes(read.get("consistency", []))
            fits = verify_consistency(checkpoint.size, self.size, checkpoint.root, self.root, proof)
        return Epoch(read["index"], key, read["previous"], checkpoint.size, checkpoint.root, fits, place)

    @staticmethod
    def _hashes(texts: Iterable[object]) -> list[bytes]:
        return [_hash32(text) for text in texts]

    def _judge_epochs(self) -> None:
        if "keys.jsonl" in self.source and not self.epochs:
            self._wrong_epoch(None, "none")
        for epoch in self.epochs:
            leaf_and_facts = self.announced.pop(epoch.index, None)
            facts = {"name": epoch.key.name, "public": epoch.key.public.hex()}
            facts.update({} if epoch.previous is None else {"previous": epoch.previous})
            if leaf_and_facts is None or leaf_and_facts[1] != facts:
                self._wrong_epoch(epoch.index, "entry")
            elif not self.is_whole and not self._is_at(epoch.index, leaf_and_facts[0], epoch.proof):
                self._wrong_epoch(epoch.index, "proof")
            if not epoch.is_handed_over:
                self._wrong_epoch(epoch.index, "handover")
            if self.is_whole and self.roots.get(epoch.size, epoch.root) != epoch.root:
                self._wrong_epoch(epoch.index, "root")
        for index, (_, facts) in self.announced.items():
            if not self._is_brought_in(index, facts):
                self._wrong_epoch(index, "unlisted")

    def _is_brought_in(self, index: int, facts: dict[str, Any]) -> bool:
        """Whether a key was announced before this log began, under another name: by the log of an imported journal."""
        return bool(self.epochs) and index < self.epochs[0].index and facts.get("name") != self.epochs[0].key.name

    def _is_at(self, index: int, leaf: bytes, proof: list[bytes]) -> bool:
        return verify_inclusion(index, self.size, leaf, proof, self.root)

    def _wrong_epoch(self, index: int | None, reason: str) -> None:
        self.add(Found("key.epoch", index, "keys.jsonl", facts={"reason": reason}))

    def _trusted(self, policy: Policy) -> list[Key]:
        """The log keys of the policy, and those that trusted ones handed over to."""
        trusted = list(policy.logs)
        for before, epoch in zip(self.epochs, self.epochs[1:]):
            if epoch.is_handed_over and before.key in trusted:
                trusted.append(epoch.key)
        return trusted

    def _judge_signatures(self) -> None:
        policy = self.trust.policy
        trusted = self._trusted(policy) if policy else []
        last = [self.epochs[-1].key] if self.epochs else []
        if policy is None:
            self.add(Found("anchor.missing"))
        self._judge_manifest(last or trusted)
        if self.note is None:
            return
        wrong = [key.name for key in last if not signs(key, self.note, self.check)]
        if policy is not None:
            wrong += policy.judge(self.note, trusted, self.check).wrong
            self._judge_trust(policy, self._lent(self.note), trusted)
        for name in dict.fromkeys(wrong):
            self.add(Found("checkpoint.signature", file="checkpoint", facts={"name": name}))

    def _lent(self, note: Note) -> Note:
        """The checkpoint with the signatures, by keys that it lacks, under the same text where it was seen."""
        lines = {(one.name, one.key_id) for one in note.signatures}
        for seen in (parse_note(seen.note) for seen, _, _ in self.seen):
            if seen.text == note.text:
                more = tuple(one for one in seen.signatures if (one.name, one.key_id) not in lines)
                lines |= {(one.name, one.key_id) for one in more}
                note = Note(note.text, note.signatures + more)
        return note

    def _judge_trust(self, policy: Policy, note: Note, trusted: list[Key]) -> None:
        """Whether those whom the auditor trusts have signed; who has."""
        judged = policy.judge(note, trusted, self.check)
        self.result.signed_by = [key.name for key in judged.logs]
        self.result.cosigned_by = [*judged.witnesses]
        if not judged.logs:
            names = ", ".join(dict.fromkeys(one.name for one in note.signatures))
            self.add(Found("key.unknown", file="checkpoint", facts={"names": names}))
        if not judged.quorum:
            counted, required = policy.counted()
            missing = ", ".join(name for name in counted if name not in judged.witnesses)
            names = ", ".join(judged.witnesses) or "-"
            facts = {"required": required, "names": names, "missing": missing}
            self.add(Found("quorum.missing", file="checkpoint", facts=facts))

    def _judge_manifest(self, keys: list[Key]) -> None:
        try:
            data = self.source.read("manifest.note", LONGEST_NOTE) if "manifest.note" in self.source else None
            note = parse_note(data) if data is not None else None
        except (Bad, Broken):
            self.add(Found("manifest.signature", file="manifest.note", facts={"reason": "form"}))
            return
        text = f"gongdan/bundle\n{self.manifest.origin}\n{_sha256(self.manifest_body).hexdigest()}\n"
        if note is not None and note.text != text.encode():
            self.add(Found("manifest.signature", file="manifest.note", facts={"reason": "text"}))
        elif note is not None and not self._signs_alone(note, keys):
            self.add(Found("manifest.signature", file="manifest.note", facts={"reason": "key"}))

    def _signs_alone(self, note: Note, keys: list[Key]) -> bool:
        """Whether one of these keys signed, and nobody but keys of the log: no digest covers a line too many."""
        log = [*keys, *(epoch.key for epoch in self.epochs)]
        known = {(key.name, key.key_id) for key in log if signs(key, note, self.check)}
        return len(note.signatures) == len(known) and any((key.name, key.key_id) in known for key in keys)

    def _read_seen(self) -> None:
        for seen in self.trust.seen:
            try:
                checkpoint = parse_checkpoint(parse_note(seen.note).text)
            except Bad:
                raise Refused("seen") from None
            self.seen.append((seen, checkpoint, _kept_tiles(seen.tiles)))
            self.roots[checkpoint.size] = b""

    def _judge_seen(self) -> None:
        known = {0: EMPTY_ROOT, self.size: self.root}
        known.update((epoch.size, epoch.root) for epoch in self.epochs if epoch.is_handed_over)
        known.update((size, root) for size, root in self.roots.items() if root)
        proofs = self._since()
        for _, checkpoint, _ in self.seen:
            size = checkpoint.size
            if size in proofs and verify_consistency(size, self.size, checkpoint.root, self.root, proofs[size]):
                known.setdefault(size, checkpoint.root)
            facts = {"size": size, "expected": checkpoint.root.hex(), "actual": known.get(size, b"").hex()}
            if checkpoint.origin != self.manifest.origin:
                facts.update(expected=checkpoint.origin, actual=self.manifest.origin)
                self.add(Found("seen.inconsistent", facts=facts))
            elif size > self.size:
                self.add(Found("seen.newer", self.size, facts={"expected": size, "actual": self.size}))
            elif size not in known and size not in proofs:
                self.add(Found("seen.unproven", facts={"size": size}))
            elif known.get(size) != checkpoint.root:
                self.add(Found("seen.inconsistent", facts=facts))

    def _since(self) -> dict[int, list[bytes]]:
        """The proofs that a part of the log brings for checkpoints that the auditor has named."""
        found: dict[int, list[bytes]] = {}
        for number, read in self._records("since.jsonl", size=int, proof=list):
            try:
                found[read["size"]] = self._hashes(read["proof"])
            except Bad as wrong:
                self._misformed("since.jsonl", number, wrong)
        return found

    def _compare_seen(self, first: int, hashes: bytes) -> None:
        """Compare leaves from index `first` on with the tiles that were kept; the first that differs is found once."""
        for number, (seen, checkpoint, tiles) in enumerate(self.seen):
            name = tiles.get(first // TILE)
            if name is None or seen.tiles is None or number in self.differs:
                continue
            try:
                start = first % TILE * 32
                width = max(checkpoint.size - first // TILE * TILE, 0)
                kept = seen.tiles.read(name, TILE * 32)[start : width * 32]
            except Broken:
                raise Refused("seen", name) from None
            at = _first_difference(hashes, kept)
            if at is not None:
                self.differs.add(number)
                self.add(Found("seen.differs", first + at, name))

    # Entries

    def _entry_files(self) -> Iterator[str]:
        for number, name in enumerate(sorted(filter(_ENTRIES.fullmatch, self.manifest.files))):
            if name != f"entries/{number:06}.jsonl":
                self.add(Found("file.missing", file=f"entries/{number:06}.jsonl"))
                return
            yield name
            self.progress(self.result.entries)

    def _entry(self, name: str, number: int, offset: int, line: bytes, index: int | None = None) -> Line:
        """A line of an entries file, with care."""
        body = line[:-1] if line[-1:] == b"\n" else line
        leaf = leaf_hash(body)
        head = _FIRST_KEYS(line)
        tail = _LAST_KEYS(line, line.rfind(_PREV))
        if head and tail:
            prev, time, rules, seq, shop = tail.groups()
            self.rules.add(rules)
            return Line(name, number, offset, body, leaf, head[1], prev, time, rules, int(seq), shop)
        self.add(Found("entry.shape", index, name, number))
        return Line(name, number, offset, body, leaf)

    def _found(self, kind: str, index: int, one: Line, **facts: object) -> None:
        self.add(Found(kind, index, one.file, one.line, one.shop.decode(), one.case.decode(), one.seq, facts))

    def _whole(self) -> None:
        """Every entry of the log: the tree, the tiles, the chain of every case.

        The hot loop: an entry that follows the one before it in its case, in a known shape, is waved through; all
        others, and those at which something is to be judged, are looked at with care.
        """
        frontier = Frontier(self._judge_tile)
        append, get, hexlify, after = frontier.append, self.heads.get, binascii.hexlify, _After()
        heads, rules, each, stops, index = self.heads, self.rules, self.each, {*self.roots, self.size - 1}, 0
        for name in self._entry_files():
            offset, start = 0, index - 1
            for line in self._lines(name):
                leaf = _sha256(b"\x00" + line[:-1]).digest()
                at = line.rfind(_RECORDED)
                head, tail, is_plain = _HEAD(line), _TAIL(line, at), False
                if head and tail:
                    digest, seq, shop = tail.groups()
                    case = head[1]
                    key = shop + b"\x00" + case
                    state = get(key, _START)
                    is_plain = state == line[at - 73 : at] + seq and digest in rules and case != b"ledger"
                    is_plain = is_plain and (state is not _START or _KEY(key) is not None)
                if is_plain and index not in stops and index < self.opening_index:
                    heads[key] = _PREV + hexlify(leaf) + after[seq]
                else:
                    leaf = self._look(index, self._entry(name, index - start, offset, line, index), frontier)
                append(leaf)
                if each:
                    each(index, line[:-1], name, index - start, offset)
                    offset += len(line)
                index += 1
            self.result.entries = index
        for level, at, hashes in frontier.edge():
            self._judge_tile(level, at, hashes)
        self.roots[frontier.size] = frontier.root()
        if frontier.root() != self.root:
            self.add(Found("tree.root", facts={"expected": self.root.hex(), "actual": frontier.root().hex()}))
        self._judge_tile_names(frontier.size)

    def _look(self, index: int, one: Line, frontier: Frontier) -> bytes:
        """An entry with care, before it is counted. Gives its leaf."""
        if index in self.roots:
            self.roots[index] = frontier.root()
        if index == self.size - 1:
            self._judge_heads(index, one)
        if one.case:
            key = one.shop + b"\x00" + one.case
            state = self.heads.get(key, _START)
            self._follows(index, one, state[9:73].decode(), int(state[73:]))
            self.heads[key] = _link(one.leaf, one.seq + 1)
        self._special(index, one)
        return one.leaf

    def _follows(self, index: int, one: Line, expected: str, count: int) -> None:
        """Say when an entry does not link to the one with this seal, or has not this number."""
        if one.prev.decode() != expected:
            self._found("chain.broken", index, one, expected=expected, actual=one.prev.decode())
        if one.seq != count:
            self._found("chain.count", index, one, expected=count, actual=one.seq)

    def _special(self, index: int, one: Line) -> None:
        """What is asked of some entries only."""
        if one.case == b"ledger":
            self._ledger_entry(index, one)
        while self.opening and self.opening_index <= index:
            self._judge_opening(index, one, *self.opening)
            self._next_opening()

    def _ledger_entry(self, index: int, one: Line) -> None:
        name, facts = _command(one.body)
        if name == "subject_erased":
            self.erased.append({"index": index, "shop": one.shop.decode(), "case": "ledger", "seq": one.seq})
        if name == "key_announced" and one.shop == b"ledger":
            self.announced[index] = one.leaf, facts

    def _judge_tile(self, level: int, index: int, hashes: bytes) -> None:
        first = index * TILE
        if level == 0:
            self._compare_seen(first, hashes)
        name = tile_path(level, index, len(hashes) // 32)
        beside = self._small(name)
        if beside is not None and beside != hashes:
            at = _first_difference(hashes, beside)
            at = min(len(hashes), len(beside)) // 32 if at is None else at
            self.add(Found("tile.differs", (first + at) * TILE**level, name))

    def _judge_tile_names(self, size: int) -> None:
        expected, level = set(), 0
        while size >> 8 * level:
            count = size >> 8 * level
            expected |= {tile_path(level, index) for index in range(count // TILE)}
            expected |= {tile_path(level, count // TILE, count % TILE)} if count % TILE else set()
            level += 1
        named = {name for name in self.manifest.files if name.startswith("tile/")}
        for name in sorted(expected - named):
            self.add(Found("file.missing", file=name))
        for name in sorted(named - expected):
            self.add(Found("file.extra", file=name))

    def _next_opening(self) -> None:
        self.opening = next(self.openings, None)
        self.opening_index = self.opening[1]["index"] if self.opening else 1 << 60

    def _judge_opening(self, index: int, one: Line, number: int, opening: dict[str, Any]) -> None:
        place = (opening["index"], opening["shop"].encode(), opening["case"].encode(), opening["seq"])
        try:
            expected = _commitment(one.body, opening["path"])
            salt = bytes.fromhex(opening["salt"])
            actual = _sha256(salt + opening["value"].encode()).hexdigest() if salt.hex() == opening["salt"] else "-"
        except ValueError:
            expected, actual = "", "-"
        if place != (index, one.shop, one.case, one.seq) or expected != actual:
            self._wrong_opening(number, opening)

    def _wrong_opening(self, number: int, opening: dict[str, Any]) -> None:
        facts = {"path": opening["path"]}
        place = (opening["shop"], opening["case"], opening["seq"])
        self.add(Found("opening.wrong", opening["index"], "openings.jsonl", number, *place, facts))

    def _close(self) -> None:
        """What can be said when every entry has been read."""
        while self.opening:
            self._wrong_opening(*self.opening)
            self._next_opening()
        read, expected = self.result.entries, self.size if self.is_whole else self.manifest.entries
        self._same("entries", expected, self.manifest.entries)
        if read != expected:
            cut = read if self.is_whole and read < expected else None
            self.add(Found("entries.count", cut, facts={"expected": expected, "actual": read}))
        if not self.has_heads:
            self.add(Found("heads.entry", self.manifest.heads, facts={"reason": "missing"}))
            self._judge_leaves(None)
        if [line for _, line in self._records("erasures.jsonl", **_PLACE)] != self.erased:
            self.add(Found("erasure.wrong", file="erasures.jsonl"))

    # Subsets

    def _subset(self) -> None:
        """Some entries of the log: the proof of each, the chain of every case."""
        proofs, last = self._proofs(), -1
        for one in (self._entry(*place) for name in self._entry_files() for place in self._places(name)):
            index, proof = next(proofs, (last, []))
            is_after = index > last
            last = max(last, index)
            if index == self.size - 1:
                self._judge_heads(index, one)
            if not is_after or not self._is_at(index, one.leaf, proof):
                self._found("proof.wrong", index, one)
            self._compare_seen(index, one.leaf)
            if one.case:
                self._follow(index, one)
            self._special(index, one)
            self.result.entries += 1
            if self.each:
                self.each(index, one.body, one.file, one.line, one.offset)
        if next(proofs, None):
            self._misformed("proofs/000000.jsonl", 0, "more proofs than entries")

    def _places(self, name: str) -> Iterator[tuple[str, int, int, bytes]]:
        """Every line of a file, with its name, number and offset."""
        offset = 0
        for number, line in enumerate(self._lines(name), 1):
            yield name, number, offset, line
            offset += len(line)

    def _proofs(self) -> Iterator[tuple[int, list[bytes]]]:
        """Index and proof for every line; a proof that is not of the form proves nothing."""
        for name in sorted(filter(_ENTRIES.fullmatch, self.manifest.files)):
            name = name.replace("entries", "proofs")  # noqa: PLW2901 - beside it
            for number, line in enumerate(self._lines(name), 1):
                try:
                    read = _record(line, index=int, proof=list)
                    yield read["index"], self._hashes(read["proof"])
                except Bad as wrong:
                    self._misformed(name, number, wrong)
                    yield -1, []

    def _follow(self, index: int, one: Line) -> None:
        """An entry of a case after the one before it, as far as the scope asks for its case."""
        scope, key, at = self.manifest.scope, one.shop + b"\x00" + one.case, one.at.decode()
        if not scope.covers(one.shop.decode(), one.case.decode()) and (one.shop, one.case) == _LEDGER:
            return
        run = self.runs.get(key)
        if run is None:
            run = self.runs[key] = Run(one.seq)
            run.is_bounded = one.seq == 1 and scope.bounds(None, at)
            if one.seq == 1:
                self._follows(index, one, "0" * 64, 1)
        else:
            self._follows(index, one, run.leaf.hex(), run.last + 1)
            run.is_bounded |= scope.bounds(run.at, at)
        run.last, run.leaf, run.at = one.seq, one.leaf, at
        run.is_held |= scope.holds(at)

    def _judge_run(self, shop: str, case: str, seq: int, head: str) -> None:
        """Whether the entries of a case are all that the scope asks for."""
        run, scope = self.runs.pop(f"{shop}\0{case}".encode(), None), self.manifest.scope
        if run is None:
            self.add(Found("case.missing", shop=shop, case=case, facts={"expected": seq}))
            return
        if run.last > seq or (run.last == seq and run.leaf.hex() != head):
            self._wrong_leaf(shop, case, (seq, head), (run.last, run.leaf.hex()))
        elif (run.first, run.last) != (1, seq):
            at_end = run.last == seq and scope.bounds(run.at, None)
            is_ledger = (shop.encode(), case.encode()) == _LEDGER
            if not scope.has_range or is_ledger or run.is_held:
                facts = {"expected": seq, "first": run.first, "actual": run.last}
                self.add(Found("case.cut", shop=shop, case=case, seq=run.last, facts=facts))
            elif not (run.is_bounded or at_end):
                self.add(Found("range.gap", shop=shop, case=case, seq=run.last))

    # The map of heads

    def _judge_heads(self, index: int, one: Line) -> None:
        """The entry that records the heads, before it is counted itself: it covers exactly the entries before it."""
        self.has_heads = True
        key = b"\x00".join(_LEDGER)
        state, run = self.heads.get(key), self.runs.get(key)
        self._judge_heads_entry(index, one)
        if state is not None:
            self.heads[key] = state
        if run is not None:
            self.runs[key] = run

    def _judge_heads_entry(self, index: int, one: Line) -> None:
        name, facts = _command(one.body)
        root = facts.get("root")
        is_apt = name == "heads_recorded" and (one.shop, one.case) == _LEDGER and facts.get("size") == index
        if not is_apt or not isinstance(root, str) or not _HEX.fullmatch(root):
            self._found("heads.entry", index, one, reason="facts")
            root = None
        self._judge_leaves(root)

    def _judge_leaves(self, root: str | None) -> None:
        """Every head listed against the entries; the root of all of them against the one that the log recorded."""
        shops, cases, last, count = MapRoot(), MapRoot(), None, 0
        for number, line in enumerate(self._lines("heads.jsonl"), 1):
            leaf = _leaf(line)
            try:
                if leaf is None:
                    raise Bad("head")
                if last is not None and leaf.shop != last.shop:
                    shops.add(map_key(last.shop), cases.root())
                    cases = MapRoot()
                cases.add(map_key(leaf.case), map_value(leaf.seq, leaf.head, leaf.row))
            except Bad as wrong:
                self._misformed("heads.jsonl", number, wrong)
                return
            last, count = leaf, count + 1
            self._judge_leaf(leaf.shop, leaf.case, leaf.seq, leaf.head)
        for key in [*self.heads, *self.runs]:
            run = self.runs.get(key)
            shop, case = key.decode().split("\0")
            self._wrong_leaf(shop, case, None, (run.last, run.leaf.hex()) if run else _head(self.heads[key]))
        self.heads.clear()
        self.runs.clear()
        self._same("cases", count, self.manifest.cases)
        self.result.cases = count
        if root is not None:
            self._judge_map(root, shops, cases.root(), last)

    def _judge_leaf(self, shop: str, case: str, seq: int, head: str) -> None:
        if self.is_whole:
            state = self.heads.pop(f"{shop}\0{case}".encode(), None)
            if state is None:
                self.add(Found("case.missing", shop=shop, case=case, facts={"expected": seq}))
            elif state != b"%b%b%d" % (_PREV, head.encode(), seq + 1):
                self._wrong_leaf(shop, case, (seq, head), _head(state))
        elif self.manifest.scope.covers(shop, case):
            self._judge_run(shop, case, seq, head)
        else:
            self._wrong_leaf(shop, case, (seq, head), None)

    def _wrong_leaf(self, shop: str, case: str, listed: object, read: object) -> None:
        facts = {"expected": _spelled_head(listed), "actual": _spelled_head(read)}
        self.add(Found("heads.leaf", file="heads.jsonl", shop=shop, case=case, facts=facts))

    def _judge_map(self, root: str, shops: MapRoot, cases: bytes, last: Leaf | None) -> None:
        """The heads listed are those that the log recorded: all of them, or those of the scope by their proofs."""
        scope = self.manifest.scope
        if scope.shop is None:
            try:
                if last is not None:
                    shops.add(map_key(last.shop), cases)
                actual = shops.root().hex()
            except Bad:
                actual = "-"
            if actual != root:
                facts = {"expected": root, "actual": actual}
                self.add(Found("heads.root", self.manifest.heads, "heads.jsonl", facts=facts))
            is_proven = self.is_whole or self._map() == {}
        else:
            is_proven = self._proves(self._map(), bytes.fromhex(root), cases, last)
        if not is_proven:
            facts = {"expected": root, "actual": "-"}
            self.add(Found("heads.root", self.manifest.heads, "map.json", facts=facts))

    def _map(self) -> dict[str, Any] | None:
        data = self._small("map.json")
        try:
            read = _json((data or b"")[:-1])
        except Bad as wrong:
            self._misformed("map.json", 1, wrong)
            return None
        return read if isinstance(read, dict) else None

    def _proves(self, proofs: dict[str, Any] | None, root: bytes, cases: bytes, last: Leaf | None) -> bool:
        """Whether map.json proves that the listed heads of the shop, or of the one case, are those in the log."""
        shop, case = str(self.manifest.scope.shop), self.manifest.scope.case
        if not proofs or set(proofs) != {"shop", "case", "root"}:
            return False
        if proofs["root"] is None:
            return last is None and proofs["case"] is None and map_proven(root, map_key(shop), None, proofs["shop"])
        try:
            of_shop = _unhex(proofs["root"])
        except Bad:
            return False
        if not map_proven(root, map_key(shop), of_shop, proofs["shop"]):
            return False
        if case is None:
            return proofs["case"] is None and last is not None and cases == of_shop
        value = None if last is None else map_value(last.seq, last.head, last.row)
        return map_proven(of_shop, map_key(case), value, proofs["case"])


_TEXT = (str, type(None))
_PLACE = {"index": int, "shop": str, "case": str, "seq": int}
_OPENING = {**_PLACE, "path": str, "salt": str, "value": str}
_EPOCH = {"index": int, "name": str, "public": str, "previous": _TEXT, "size": (int, type(None)), "note": _TEXT}


def _command(body: bytes) -> tuple[str, dict[str, Any]]:
    """Name and facts of the command of an entry; nothing when it cannot be read."""
    try:
        command = _json(body)["command"]
        facts = command["facts"]
        return (command["name"], facts) if isinstance(facts, dict) else ("", {})
    except (Bad, KeyError, TypeError):
        return "", {}


def _commitment(body: bytes, path: str) -> str:
    """The commitment in an entry to the personal value at a path. Raises Bad when there is none."""
    try:
        command = _json(body)["command"]
        value = command["late"]["reason"] if path == "late.reason" else command["facts"][path]
        return str(value["commitment"])
    except (KeyError, TypeError):
        raise Bad("path") from None


def _head(state: bytes) -> tuple[int, str]:
    """Number and seal of the entry that the next one has to link to like this."""
    return int(state[73:]) - 1, state[9:73].decode()


def _spelled_head(head: Any) -> str:
    return "-" if head is None else f"{head[0]} {head[1]}"


def _first_difference(hashes: bytes, others: bytes) -> int | None:
    """The first of the hashes that both have, and that is not the same."""
    common = min(len(hashes), len(others))
    if hashes[:common] == others[:common]:
        return None
    return next(at // 32 for at in range(0, common, 32) if hashes[at : at + 32] != others[at : at + 32])


def _kept_tiles(source: Source | None) -> dict[int, str]:
    """The widest tile of leaves that was kept at each index."""
    found: dict[int, tuple[int, str]] = {}
    for name in source.names() if source else []:
        tile = _KEPT_TILE.fullmatch(name)
        if tile:
            index = int(tile[1].replace("x", "").replace("/", ""))
            found[index] = max(found.get(index, (0, "")), (int(tile[2] or TILE), name))
    return {index: name for index, (_, name) in found.items()}


def verify(
    source: Source,
    trust: Trust,
    each: Each | None = None,
    progress: Callable[[int], None] | None = None,
    check: VerifyEd25519 = verify_ed25519,
) -> Result:
    """Check a bundle. `each` is told of every entry in order, `progress` now and then how many were read.

    Raises Refused for what cannot be audited at all.
    """
    return _Audit(source, trust, each, check).run(progress)


# 10 -- The command line ----------------------------------------------------------------------------------------------


def read_seen(path: str) -> Seen:
    """A kept checkpoint: a file, or a folder with `checkpoint` and `tile/`. Raises Refused."""
    try:
        if not os.path.isdir(path):
            with open(path, "rb") as file:
                return Seen(file.read(LONGEST_NOTE + 1))
        source = open_source(path)
        if "checkpoint" not in source:
            raise Refused("seen", path)
        return Seen(source.read("checkpoint", LONGEST_NOTE), source)
    except OSError:
        raise Refused("seen", path) from None


def read_policy(path: str) -> Policy:
    """A policy from its file. Raises Refused."""
    try:
        with open(path, "rb") as file:
            return parse_policy(file.read(_MOST_SMALL))
    except OSError:
        raise Refused("policy", path) from None
    except Bad as wrong:
        raise Refused("policy", f"{path}: {wrong}") from None


def printable(text: str) -> str:
    """The text without what could move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def report(result: Result) -> Iterator[str]:
    """The result in lines for a person."""
    yield f"日志 / log: {result.origin}  size {result.size}  root {result.root}"
    yield f"条目 / entries: {result.entries}  单 / cases: {result.cases}"
    for found in result.findings:
        place = [found.file + (f":{found.line}" if found.line else "")] if found.file else []
        place += [f"index {found.index}"] if found.index is not None else []
        place += [f"{found.shop}/{found.case}#{found.seq}"] if found.shop else []
        yield f"[{found.status}] {found.kind}  {'  '.join(place)}"
        yield from (f"    {words}" for words in found.words)
    if result.total > len(result.findings):
        more = result.total - len(result.findings)
        yield f"另有 {more} 项 / and {more} more"
    zh, en = WORDS[result.status]
    yield f"结论 / verdict: {result.status}  {zh} / {en}"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="验证证据包 / Verify a bundle. 退出码 / exit codes: 0 OK, 1 refused, 2 usage, 3 findings"
    )
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("bundle", nargs="?", default=here, help="证据包：文件夹或 zip / the bundle: a folder or a zip")
    parser.add_argument(
        "--policy", metavar="FILE", help="您自己保存的信任策略 / the trust policy that you keep yourself"
    )
    parser.add_argument(
        "--seen",
        metavar="PATH",
        action="append",
        default=[],
        help="曾见的检查点，或连同瓦片的文件夹 / a checkpoint seen before, or a folder with its tiles",
    )
    parser.add_argument("--json", action="store_true", help="以 JSON 输出 / print JSON")
    return parser.parse_args(argv)


def _print(lines: Iterable[str]) -> None:
    text = "".join(printable(line) + "\n" for line in lines)
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    given = _arguments(argv)
    try:
        policy = read_policy(given.policy) if given.policy else None
        trust = Trust(policy, tuple(map(read_seen, given.seen)))
        result = verify(open_source(given.bundle), trust)
    except Refused as refused:
        zh, en = refused.words
        document = {"status": "REFUSED", "reason": refused.reason, "where": refused.where, "zh": zh, "en": en}
        _print([json.dumps(document)] if given.json else [f"无法审计：{zh} / cannot be audited: {en}"])
        return 1
    _print([json.dumps(result.document())] if given.json else report(result))
    return 0 if result.status == "OK" else 3


if __name__ == "__main__":
    sys.exit(main())
