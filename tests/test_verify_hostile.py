"""verify.py against hostile folders and zips: refusals and findings, never a traceback, never a pass."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from engine.proof import verify as v
from tests.bundles import Log, Scope, write_folder, write_zip
from tests.tampering import SMALL_TRUST, refusal, small_log

ENTRIES = "entries/000000.jsonl"


@pytest.fixture
def log() -> Log:
    return small_log()


@pytest.fixture
def trust() -> v.Trust:
    return SMALL_TRUST


def packed(path, *members, change=None, **how) -> Path:
    with zipfile.ZipFile(path, "w", **how) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = archive.compression
            if change:
                change(info)
            archive.writestr(info, data)
    return path


# What is refused


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "a/../../b", "a//b", "./a", "a\\b", "C:a", "a/..", "a\nb", ".", ".."]
)
def test_a_name_that_leads_out_of_the_bundle_is_refused(tmp_path, name):
    assert refusal(packed(tmp_path / "b.zip", ("manifest.json", b""), (name, b""))) == "path"


def test_names_that_only_look_odd_are_read():
    source = v.Source([("..a", 0), ("a..", 0), ("a/.b", 0), ("工单", 0)])

    assert source.names() == ["..a", "a..", "a/.b", "工单"]
    with pytest.raises(NotImplementedError):
        source.open("..a")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(tmp_path):
    assert refusal(packed(tmp_path / "b.zip", ("a", b"1"), ("a", b"2"))) == "duplicate"


def test_too_many_members_are_refused(monkeypatch):
    monkeypatch.setattr(v, "_MOST_MEMBERS", 2)

    with pytest.raises(v.Refused) as refused:
        v.Source([("a", 0), ("b", 0), ("c", 0)])
    assert refused.value.reason == "too_large"


def test_links_and_special_files_are_refused(tmp_path):
    for name, make in {
        "file": lambda path: path.symlink_to("/etc/passwd"),
        "folder": lambda path: path.symlink_to("/etc"),
        "pipe": os.mkfifo,
    }.items():
        folder = write_folder({"manifest.json": b"{}", "a/b": b""}, tmp_path / name)
        make(folder / "a" / "link")
        assert refusal(folder) == "link"
    link = packed(
        tmp_path / "l.zip", ("a", b"/etc/passwd"), change=lambda info: setattr(info, "external_attr", 0o120777 << 16)
    )
    assert refusal(link) == "link"


def test_a_folder_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(v.Refused) as refused:
        v._unreadable(PermissionError(13, "no", "somewhere"))
    assert refused.value.where == "somewhere"

    source = v.open_source(str(write_folder({"a": b""}, tmp_path / "b")))
    (tmp_path / "b" / "a").unlink()
    with pytest.raises(v.Refused):
        source.open("a")


def test_a_zip_bomb_is_refused(tmp_path):
    bomb = packed(tmp_path / "b.zip", ("manifest.json", bytes(1 << 24)), compression=zipfile.ZIP_DEFLATED)

    assert refusal(bomb) == "bomb"


def test_a_zip_whose_members_overlap_is_refused(tmp_path):
    path = packed(tmp_path / "b.zip", ("a", os.urandom(5000)), ("b", b""))
    data = bytearray(path.read_bytes())
    second = data.rindex(b"PK\x01\x02")
    data[second + 20 : second + 24] = (5000).to_bytes(4, "little")
    path.write_bytes(data)

    assert refusal(path) == "bomb"


def test_other_ways_of_packing_are_refused(tmp_path):
    assert refusal(packed(tmp_path / "b.zip", ("a", b"x"), compression=zipfile.ZIP_LZMA)) == "unreadable"

    path = packed(tmp_path / "e.zip", ("a", b"x"))
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert refusal(path) == "link"


def test_folders_in_a_zip_are_no_members(tmp_path):
    path = packed(tmp_path / "b.zip", ("a/", b""), ("a/b", b"x"))

    assert v.open_source(str(path)).names() == ["a/b"]


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06", b"no zip", b"PK\x03\x04" + bytes(50)])
def test_what_is_no_zip_is_refused(tmp_path, data):
    path = tmp_path / "b.zip"
    path.write_bytes(data)

    assert refusal(path) == "not_a_bundle"
    assert refusal(tmp_path / "none") == "not_a_bundle"


def test_a_folder_without_a_manifest_is_refused(tmp_path):
    assert refusal(write_folder({"a": b""}, tmp_path / "b")) == "not_a_bundle"


def test_a_zip_cut_short_anywhere_is_refused(tmp_path, log, trust):
    whole = write_zip(log.bundle(), tmp_path / "b.zip").read_bytes()

    for size in range(0, len(whole), max(1, len(whole) // 40)):
        (tmp_path / "cut.zip").write_bytes(whole[:size])
        assert refusal(tmp_path / "cut.zip") == "not_a_bundle"


def test_a_flipped_bit_anywhere_in_a_zip_never_passes(tmp_path, log, trust):
    members = {name: data for name, data in log.bundle().items() if not name.startswith(("verify", "VERIFY"))}
    members = log.sealed(members, Scope(), len(log.bodies))
    whole = write_zip(members, tmp_path / "b.zip").read_bytes()
    directory = whole.index(b"PK\x01\x02")
    path = tmp_path / "flipped.zip"

    for at in range(0, directory, max(1, directory // 150)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        try:
            result = v.verify(v.open_source(str(path)), trust)
        except v.Refused:
            continue
        with zipfile.ZipFile(path) as archive:
            unread = result.status == "OK" and all(archive.read(name) == data for name, data in members.items())
        assert result.status != "OK" or unread, at
