"""The signatures, notes and keys of verify.py against published and independent vectors, and against `cryptography`."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.proof import verify as v
from tests import naive

VECTORS = json.loads((Path(__file__).parent / "vectors/aics-tlog.json").read_text())
PUBLISHED = json.loads((Path(__file__).parent / "vectors/published.json").read_text())
GO_KEY = PUBLISHED["go_note"]["key"]


# Ed25519


@pytest.mark.parametrize(("message", "public", "signature"), [sorted(one.items()) for one in PUBLISHED["rfc8032"]])
def test_the_signatures_of_rfc_8032_hold_and_no_change_of_them_does(public, message, signature):
    public, message, signature = (bytes.fromhex(text) for _, text in (public, message, signature))

    assert v.verify_ed25519(public, message, signature)
    assert not v.verify_ed25519(public, message + b"x", signature)
    assert not v.verify_ed25519(public, message, bytes([signature[0] ^ 1]) + signature[1:])
    assert not v.verify_ed25519(public, message, signature[:63] + bytes([signature[63] ^ 1]))
    assert not v.verify_ed25519(public[:31], message, signature)
    assert not v.verify_ed25519(public, message, signature[:63])


def test_what_has_a_second_spelling_is_refused():
    public, message, signature = (
        bytes.fromhex(PUBLISHED["rfc8032"][1][part]) for part in ("public", "message", "signature")
    )
    s = int.from_bytes(signature[32:], "little") + 2**252 + 27742317777372353535851937790883648493
    p = 2**255 - 19

    assert not v.verify_ed25519(public, message, signature[:32] + s.to_bytes(32, "little"))
    assert not v.verify_ed25519((p + 1).to_bytes(32, "little"), message, signature)
    assert not v.verify_ed25519((1 | 1 << 255).to_bytes(32, "little"), message, signature)
    assert not v.verify_ed25519((2).to_bytes(32, "little"), message, signature)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 2000))
@settings(max_examples=60, deadline=None)
def test_signatures_are_judged_as_by_cryptography(seed, message, bit):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    everything = bytearray(public + signature + message)
    flipped = bit % (len(everything) * 8)
    everything[flipped // 8] ^= 1 << flipped % 8
    others = bytes(everything[:32]), bytes(everything[96:]), bytes(everything[32:96])

    assert v.verify_ed25519(public, message, signature)
    assert v.verify_ed25519(*others) == _by_cryptography(*others)
    assert v.verify_ed25519(seed, message, signature) == _by_cryptography(seed, message, signature)


def _by_cryptography(public, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


# Notes, checkpoints, keys


def test_the_published_notes_are_read_and_the_signature_whose_key_is_known_holds():
    key = v.parse_vkey(GO_KEY)
    note = v.parse_note(PUBLISHED["go_note"]["note"].encode())
    poem = v.parse_note(PUBLISHED["c2sp_note"].encode())

    assert v.signs(key, note) is True
    assert v.signs(key, note._replace(text=note.text + b"x\n")) is False
    assert v.signs(key, poem) is None
    assert poem.text.decode().endswith("\n\ned è subito sera.\n")
    assert [one.name for one in poem.signatures] == ["quasimodo.example/salvatore"]


def test_the_published_checkpoint_and_its_cosignature_are_read():
    note = v.parse_note(PUBLISHED["c2sp_checkpoint"].encode())
    checkpoint = v.parse_checkpoint(note.text)
    cosignature = note.signatures[1].signature

    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert v.cosigned_at(cosignature) == 1679315147
    assert v.cosigned(note.text, 1679315147) == b"cosignature/v1\ntime 1679315147\n" + note.text


def test_a_checkpoint_signed_and_cosigned_by_an_independent_implementation_holds():
    note = v.parse_note(VECTORS["note"].encode())
    log, witness = v.parse_vkey(VECTORS["log"]), v.parse_vkey(VECTORS["witness"])

    assert v.parse_checkpoint(note.text) == v.Checkpoint(
        "4s.example/vectors", 600, base64.b64decode(VECTORS["roots"]["600"])
    )
    assert (v.signs(log, note), v.signs(witness, note)) == (True, True)
    assert (log.type, witness.type) == (v.SIGNER, v.COSIGNER)
    assert v.signs(witness, note._replace(text=note.text + b"more\n")) is False


def test_a_cosignature_of_the_wrong_length_or_from_after_all_time_does_not_hold():
    witness = naive.WITNESSES[0]
    key = v.parse_vkey(witness.vkey)
    late = witness.sign(v.cosigned(b"x\n", 2**63))

    assert v.signs(key, v.Note(b"x\n", (v.Signature(witness.name, witness.id, b"short"),))) is False
    assert (
        v.signs(key, v.Note(b"x\n", (v.Signature(witness.name, witness.id, (2**63).to_bytes(8, "big") + late),)))
        is False
    )


def test_one_wrong_line_among_right_ones_of_the_same_key_spoils_them():
    signer = naive.LOG_KEY
    good = naive.signed(b"x\n", signer)
    both = v.parse_note(good + signer.line(b"y\n").encode())

    assert v.signs(v.parse_vkey(signer.vkey), v.parse_note(good)) is True
    assert v.signs(v.parse_vkey(signer.vkey), both) is False


LINE = "— a.example AAAAAAE=\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        "text\n" + LINE,
        "text\n\n" + LINE[:-1],
        "text\n\n" + LINE.replace("\n", "\r\n"),
        "te\txt\n\n" + LINE,
        "text\n\n" + LINE * 101,
        "text\n\n" + LINE.replace("—", "-"),
        "text\n\n" + LINE.replace("a.example", "a+b"),
        "text\n\n" + LINE.replace("a.example", "a b"),
        "text\n\n" + LINE.replace("a.example", "a\u3000b"),
        "text\n\n" + LINE.replace("a.example", ""),
        "text\n\n" + LINE.replace("AAAAAAE=", "AAAAAAF="),
        "text\n\n" + LINE.replace("AAAAAAE=", "AAAAAAE"),
        "text\n\n" + LINE.replace("AAAAAAE=", "AAAA AE="),
        "text\n\n" + LINE.replace("AAAAAAE=", "AAAAAA=="),
        "text\n\n" + LINE.replace("AAAAAAE=", "é"),
        b"te\xffxt\n\n" + LINE.encode(),
        b"text\n\n\xff" + LINE.encode(),
        "x" * 65_536 + "\n\n" + LINE,
    ],
)
def test_what_is_not_a_signed_note_is_refused(data):
    with pytest.raises(v.Bad):
        v.parse_note(data if isinstance(data, bytes) else data.encode())


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"o\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"o\n01\n{ROOT}\n",
        f"o\n-1\n{ROOT}\n",
        f"o\n{10**17}\n{ROOT}\n",
        "o\n1\nAAAA\n",
        f"o\n1\n{ROOT}\n\nmore\n",
        "o\n1\n",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text):
    with pytest.raises(v.Bad):
        v.parse_checkpoint(text.encode())


def test_an_empty_log_and_extension_lines_are_read():
    assert v.parse_checkpoint(f"o\n0\n{ROOT}\nmore\n".encode()).size == 0
    with pytest.raises(v.Bad):
        v.parse_checkpoint(b"o\xff\n0\n" + ROOT.encode() + b"\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("c74f20a3", "C74F20A3"),
        GO_KEY.replace("PeterNeumann", ""),
        GO_KEY.replace("PeterNeumann", "Peter Neumann"),
        GO_KEY.replace("PeterNeumann", "Peter\x07"),
        GO_KEY[:-1],
        GO_KEY[:-4],
        "a+00000000+" + base64.b64encode(b"\x06" + bytes(32)).decode(),
    ],
)
def test_what_is_not_a_key_that_can_be_checked_is_refused(text):
    with pytest.raises(v.Bad):
        v.parse_vkey(text)
