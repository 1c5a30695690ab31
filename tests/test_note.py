"""Signed notes as they are written: what is written is read again, and is what others write."""

from __future__ import annotations

import pytest

from adapters import keys
from engine.proof.note import (
    checkpoint_text,
    cosignature,
    signatures,
    signed,
    vkey,
    with_cosignatures,
    with_signature,
)
from engine.proof.verify import Bad, Checkpoint, parse_checkpoint, parse_note, parse_vkey, signs
from tests.test_keys import PETER, PETER_LINE

ROOT = bytes(range(32))
TEXT = checkpoint_text("4s.example/jn-01", 7, ROOT)
LOG, OTHER, WITNESS = (keys.generate(name) for name in ("4s.example/jn-01", "other.example", "oem.example/w1"))
LOG_KEY, OTHER_KEY = (parse_vkey(vkey(key.name, key.public)) for key in (LOG, OTHER))
WITNESS_KEY = parse_vkey(vkey(WITNESS.name, WITNESS.public, 4))
QUOTE = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
QUOTED = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"


def test_a_note_is_what_the_go_implementation_writes(tmp_path):
    file = tmp_path / "key"
    file.write_text(PETER_LINE)
    file.chmod(0o600)

    key = keys.load(file)

    assert vkey(key.name, key.public) == PETER
    assert signed(QUOTE, [key]) == QUOTE + b"\n" + QUOTED.encode()


def test_a_checkpoint_is_read_as_it_was_written():
    note = parse_note(signed(TEXT, [LOG]))

    assert parse_checkpoint(note.text) == Checkpoint("4s.example/jn-01", 7, ROOT)
    assert signs(LOG_KEY, note) is True


def test_every_signer_has_a_line():
    note = parse_note(signed(TEXT, [LOG, OTHER]))

    assert [one.name for one in note.signatures] == [LOG.name, OTHER.name]
    assert [signs(key, note) for key in (LOG_KEY, OTHER_KEY, WITNESS_KEY)] == [True, True, None]


def test_a_key_says_its_type_and_has_another_id_with_it():
    signing, cosigning = (parse_vkey(vkey(WITNESS.name, WITNESS.public, type)) for type in (1, 4))

    assert (signing.type, cosigning.type) == (1, 4)
    assert signing.public == cosigning.public == WITNESS.public
    assert signing.key_id != cosigning.key_id


def test_a_cosignature_holds_for_its_time_and_text_only():
    line = cosignature(TEXT, WITNESS, 1_679_315_147)
    note = parse_note(with_signature(signed(TEXT, [LOG]), line))
    other = parse_note(with_signature(signed(checkpoint_text("4s.example/jn-01", 8, ROOT), [LOG]), line))

    assert note.signatures[1].signature[:8] == (1_679_315_147).to_bytes(8, "big")
    assert signs(WITNESS_KEY, note) is True
    assert signs(WITNESS_KEY, other) is False


def test_a_line_is_added_once():
    line = cosignature(TEXT, WITNESS, 1)
    once = with_signature(signed(TEXT, [LOG]), line)

    assert with_signature(once, line) == once


def test_of_what_comes_back_only_good_cosignatures_of_known_keys_are_taken():
    note = signed(TEXT, [LOG])
    good = cosignature(TEXT, WITNESS, 1)
    unknown = cosignature(TEXT, OTHER, 1)
    stale = cosignature(checkpoint_text("4s.example/jn-01", 6, ROOT), WITNESS, 1)
    junk = b"\n\xff\n\xe2\x80\x94 x y\nno line at all"

    assert with_cosignatures(note, unknown + stale + junk + b"\n" + good + junk, [WITNESS_KEY]) == note + good
    assert with_cosignatures(note, b"", [WITNESS_KEY]) == note


def test_what_is_no_note_takes_no_cosignature():
    with pytest.raises(Bad):
        with_cosignatures(b"no note", b"", [WITNESS_KEY])


def test_the_lines_of_known_keys_are_picked_out_and_one_wrong_line_spoils_a_key():
    wrong = signed(TEXT[:-2] + b"\n", [OTHER]).rpartition(b"\n\n")[2]
    note = signed(TEXT, [LOG, OTHER])

    assert signatures(parse_note(note), [LOG_KEY]) == signed(TEXT, [LOG]).rpartition(b"\n\n")[2]
    assert signatures(parse_note(note), [LOG_KEY, OTHER_KEY]) == note.rpartition(b"\n\n")[2]
    assert signatures(parse_note(note + wrong), [OTHER_KEY]) == b""
