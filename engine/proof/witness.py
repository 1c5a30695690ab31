"""What a witness holds a log's new checkpoint against before it cosigns it.

Must live here: the words of a submission (C2SP tlog-witness), and every objection to one. Must not be known here: where
a witness keeps what it has seen, by which way a checkpoint came, the time.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from engine.errors import BadLog
from engine.proof.note import signatures
from engine.proof.tree import Read, root
from engine.proof.verify import (
    EMPTY_ROOT,
    Bad,
    Checkpoint,
    Key,
    VerifyEd25519,
    parse_checkpoint,
    parse_note,
    verify_consistency,
    verify_ed25519,
)
from engine.text import Word

MOST_PROOF = 63
"""The most hashes that a submission may carry."""
_OLD = re.compile(rb"old (0|[1-9][0-9]{0,18})")


class Objection(Word):
    """Why a witness does not cosign a checkpoint."""

    MALFORMED = "malformed", "不是检查点", "it is no checkpoint"
    UNKNOWN = "unknown", "不认识这个账本", "its log is not known here"
    UNSIGNED = "unsigned", "没有该账本已知密钥的有效签名", "no known key of its log has signed it"
    STALE = "stale", "所依据的不是本见证人最近见证的大小", "it starts from another size than the one witnessed last"
    SMALLER = (
        "smaller",
        "比已见证的短：账本的末尾被截去",
        "it is smaller than one witnessed before: the end was cut off",
    )
    FORK = (
        "fork",
        "同样大小、不同内容：账本有两个版本",
        "another root at a size witnessed before: the log has two versions",
    )
    UNPROVEN = "unproven", "证明不了它延续已见证的账本", "it is not proven to continue what was witnessed before"
    REWRITTEN = "rewritten", "已见证的条目被改写", "entries witnessed before were rewritten"
    UNPUBLISHED = "unpublished", "它的哈希尚未全部发布", "not all of its hashes are published yet"


class Submission(NamedTuple):
    """A checkpoint handed to a witness: the size it witnessed last, the proof from there, the signed note."""

    old: int
    proof: Sequence[bytes]
    note: bytes

    def body(self) -> bytes:
        """As it is posted."""
        lines = [b"old %d" % self.old, *(b64encode(one) for one in self.proof), b""]
        return b"".join(line + b"\n" for line in lines) + self.note


def parse_submission(body: bytes) -> Submission | None:
    """A submission from its bytes; None where they are none."""
    head, blank, note = body.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    old = _OLD.fullmatch(first)
    proof = [_hash(line) for line in lines[: MOST_PROOF + 1]]
    if not blank or old is None or len(proof) > MOST_PROOF or b"" in proof:
        return None
    return Submission(int(old[1]), proof, note)


def _hash(line: bytes) -> bytes:
    """A hash from its one spelling in base64; empty where it is none."""
    try:
        hash = b64decode(line, validate=True)
    except NotBase64:
        return b""
    return hash if len(hash) == len(EMPTY_ROOT) and b64encode(hash) == line else b""


class Opened(NamedTuple):
    """A checkpoint that its log has signed: what it says, its text, and the note with the log's signatures alone."""

    checkpoint: Checkpoint
    text: bytes
    note: bytes


def opened(note: bytes, logs: Mapping[str, Iterable[Key]], check: VerifyEd25519 = verify_ed25519) -> Opened | Objection:
    """A checkpoint out of a note that a known key of its log has signed. `logs`: the keys by origin."""
    try:
        read = parse_note(note)
        checkpoint = parse_checkpoint(read.text)
    except Bad:
        return Objection.MALFORMED
    if checkpoint.origin not in logs:
        return Objection.UNKNOWN
    lines = signatures(read, logs[checkpoint.origin], check)
    return Opened(checkpoint, read.text, read.text + b"\n" + lines) if lines else Objection.UNSIGNED


def objection_to(new: Checkpoint, known: Checkpoint, old: int, proof: Sequence[bytes]) -> Objection | None:
    """What speaks against cosigning a checkpoint that its log has signed, if anything does.

    `known` is the largest one witnessed before; of size 0, with the root of the empty tree, where there was none.
    `proof` is from size `old`.
    """
    if old > new.size:
        return Objection.MALFORMED
    if old != known.size:
        return Objection.STALE
    if new.size == known.size and new.root != known.root:
        return Objection.FORK
    return None if verify_consistency(old, new.size, known.root, new.root, proof) else Objection.UNPROVEN


def makes_root(read: Read, checkpoint: Checkpoint) -> bool:
    """Whether the hashes in these tiles make the root that a checkpoint states."""
    try:
        return root(checkpoint.size, read) == checkpoint.root
    except BadLog:
        return False


def is_beginning(note: bytes, keys: Sequence[Key], read: Read) -> bool:
    """Whether this is a checkpoint that one of the keys of a log has signed, and the log's tiles still make it."""
    found = opened(note, {key.name: keys for key in keys})
    return isinstance(found, Opened) and makes_root(read, found.checkpoint)
