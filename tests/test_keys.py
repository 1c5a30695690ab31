"""Private keys: only their owner reads them, nothing is written over, and nothing shows one."""

from __future__ import annotations

import os
import stat
import sys

import pytest

from adapters import keys
from engine import BadSettings
from engine.proof.verify import verify_ed25519

# The example of Go's sumdb/note.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_LINE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n"
SECRET = PETER_LINE.strip().rpartition("+")[2]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "log.key"


def private(file, text):
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(0o600)
    return file


def refused(file):
    with pytest.raises(BadSettings) as caught:
        keys.load(file)
    assert str(file) in caught.value.text.zh
    assert str(file) in caught.value.text.en
    assert SECRET not in str(caught.value)
    return caught.value.text.en


def test_a_key_that_is_written_is_read_again(file):
    key = keys.generate("4s.example/jn-01")

    keys.save(key, file)
    again = keys.load(file)

    assert (again.name, again.public) == (key.name, key.public)
    assert again.sign(b"text") == key.sign(b"text")


def test_only_the_owner_can_read_a_new_file_whatever_the_mask(file):
    before = os.umask(0)
    try:
        keys.save(keys.generate("log"), file)
    finally:
        os.umask(before)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_is_never_written_over_another(file):
    file.write_text("precious")

    with pytest.raises(BadSettings, match="never written over"):
        keys.save(keys.generate("log"), file)

    assert file.read_text() == "precious"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644, 0o666])
def test_a_file_that_others_may_use_is_refused(file, mode):
    private(file, PETER_LINE).chmod(mode)

    assert "chmod 600" in refused(file)


def test_what_is_no_file_is_refused(file):
    file.mkdir(mode=0o700)

    assert "chmod 600" in refused(file)


def test_a_pipe_is_refused_and_not_waited_for(file):
    os.mkfifo(file, 0o600)

    assert "chmod 600" in refused(file)


def test_a_file_that_is_missing_is_an_error_of_the_system(file):
    with pytest.raises(FileNotFoundError):
        keys.load(file)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff",
        PETER_LINE.encode() * 2,
        PETER_LINE.replace("c74f20a3", "c74f20a4"),
        PETER_LINE.replace("Peter", "Paul"),
        PETER_LINE.replace("PRIVATE+KEY+", ""),
        PETER_LINE.replace("PeterNeumann", "Peter Neumann"),
        PETER_LINE.replace("+AYEK", "+BYEK"),
        PETER_LINE.replace("+AYEK", "+=YEK"),
        PETER_LINE.replace("KDFz\n", "KDF=\n"),
        PETER_LINE.replace("KDFz\n", "KDFzAAAA\n"),
        PETER_LINE + "x" * 5000,
        PETER,
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(file, line):
    assert "PRIVATE+KEY+name+id+base64" in refused(private(file, line))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u3000b", "a\x7fb", "a\u200bb", "x" * 201])
def test_a_name_that_no_note_can_carry_is_refused(name):
    with pytest.raises(BadSettings, match="without blanks"):
        keys.generate(name)


def test_no_repr_shows_a_key(file):
    key = keys.load(private(file, PETER_LINE))

    assert repr(key) == "PrivateKey(name='PeterNeumann')"


def test_a_signature_is_judged_as_the_slow_verifier_does(file):
    key = keys.generate("log")
    good = key.sign(b"text")
    flipped = bytes([good[0] ^ 1]) + good[1:]
    cases = [
        (key.public, b"text", good),
        (key.public, b"other", good),
        (key.public, b"text", flipped),
        (key.public, b"text", good[:63]),
        (key.public[:31], b"text", good),
        (b"\xff" * 32, b"text", good),
    ]

    assert [keys.verify(*case) for case in cases] == [True, False, False, False, False, False]
    assert [verify_ed25519(*case) for case in cases] == [keys.verify(*case) for case in cases]


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)

    with pytest.raises(BadSettings, match=r"gongdan\[proof\]"):
        keys.generate("log")
