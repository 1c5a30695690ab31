"""Signed notes, written: checkpoints, keys in text, signatures and cosignatures (C2SP signed-note, tlog-cosignature).

Must live here: how each is spelled. Must not be known here: how one is read and checked (`engine.proof.verify`), where
keys are kept, what the time is.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Protocol

from engine.proof.verify import (
    COSIGNER,
    SIGNER,
    Bad,
    Key,
    Note,
    VerifyEd25519,
    cosigned,
    key_id,
    parse_note,
    signs,
    verify_ed25519,
)


class Signer(Protocol):
    """A private Ed25519 key, wherever it is kept. A log's has the log's origin as its name."""

    @property
    def name(self) -> str:
        """The name of the key in signed notes: no blanks, no `+`."""
        ...

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature of a message, 64 bytes."""
        ...


def vkey(name: str, public: bytes, type: int = SIGNER) -> str:
    """A public key as policies and people pass it on: `name+id+base64`."""
    return f"{name}+{key_id(name, type, public).hex()}+{_base64(bytes([type]) + public)}"


def checkpoint_text(origin: str, size: int, root: bytes) -> bytes:
    """What a log signs: its origin, how many entries it has, the root over them."""
    return f"{origin}\n{size}\n{_base64(root)}\n".encode()


def signed(text: bytes, signers: Iterable[Signer]) -> bytes:
    """A note: a text that ends in a newline, and the signature of each signer."""
    return text + b"\n" + b"".join(_line(one, SIGNER, one.sign(text)) for one in signers)


def cosignature(text: bytes, signer: Signer, time: int) -> bytes:
    """The line by which a witness cosigns a checkpoint's text at a time, in seconds since 1970."""
    return _line(signer, COSIGNER, time.to_bytes(8) + signer.sign(cosigned(text, time)))


def with_signature(note: bytes, line: bytes) -> bytes:
    """A note with one more signature line, once."""
    return note if b"\n" + line in note else note + line


def with_cosignatures(note: bytes, lines: bytes, keys: Iterable[Key], check: VerifyEd25519 = verify_ed25519) -> bytes:
    """A note with those of the lines that one of these keys has signed it with; whatever else they are is left."""
    known = [*keys]
    text = parse_note(note).text
    for line in lines.splitlines(keepends=True):
        if any(_has_signed(key, text + b"\n" + line, check) for key in known):
            note = with_signature(note, line)
    return note


def _has_signed(key: Key, note: bytes, check: VerifyEd25519) -> bool:
    try:
        return signs(key, parse_note(note), check) is True
    except Bad:
        return False


def signatures(note: Note, keys: Iterable[Key], check: VerifyEd25519 = verify_ed25519) -> bytes:
    """The lines under a note by which these keys have signed it; none of a key that has a wrong one there."""
    good = {(key.name, key.key_id) for key in keys if signs(key, note, check)}
    lines = [_spelled(*one) for one in note.signatures if (one.name, one.key_id) in good]
    return b"".join(dict.fromkeys(lines))


def _line(signer: Signer, type: int, signature: bytes) -> bytes:
    return _spelled(signer.name, key_id(signer.name, type, signer.public), signature)


def _spelled(name: str, id: bytes, signature: bytes) -> bytes:
    return f"\N{EM DASH} {name} {_base64(id + signature)}\n".encode()


def _base64(value: bytes) -> str:
    return b64encode(value).decode()
