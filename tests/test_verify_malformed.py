"""verify.py on members that are not of their form: refusals and findings, never a traceback, never a pass."""

from __future__ import annotations

import zipfile

import pytest

from engine.proof import verify as v
from tests.bundles import Log, Scope, write_folder, write_zip
from tests.naive import canonical
from tests.tampering import SMALL_TRUST, refusal, small_log

ENTRIES = "entries/000000.jsonl"


@pytest.fixture
def log() -> Log:
    return small_log()


@pytest.fixture
def trust() -> v.Trust:
    return SMALL_TRUST


MANIFEST = {
    "format": 1,
    "origin": "o",
    "size": 1,
    "root": "0" * 64,
    "entries": 1,
    "cases": 1,
    "heads": 0,
    "files": {},
    "made_at": "",
    "generator": "",
    "scope": {"shop": None, "case": None, "since": None, "until": None},
}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}\n",
        b"\xff\n",
        b"[" * 100_000 + b"\n",
        b'{"a":' * 100_000 + b"\n",
        b'{"size":' + b"9" * 100_000 + b"}\n",
        b'{"size":1.5}\n',
        b'{"size":NaN}\n',
        b'{"a":1,"a":1}\n',
        b'{"a":"\\ud800"}\n',
        canonical(MANIFEST),
        canonical({**MANIFEST, "format": 2}) + b"\n",
        canonical({**MANIFEST, "size": -1}) + b"\n",
        canonical({**MANIFEST, "size": True}) + b"\n",
        canonical({**MANIFEST, "root": "x"}) + b"\n",
        canonical({**MANIFEST, "files": {"a": {"bytes": 1}}}) + b"\n",
        canonical({**MANIFEST, "files": {"a": {"bytes": 1, "sha256": "x"}}}) + b"\n",
        canonical({**MANIFEST, "files": {"a": 1}}) + b"\n",
        canonical({**MANIFEST, "scope": {}}) + b"\n",
        canonical({**MANIFEST, "scope": {**MANIFEST["scope"], "case": "R1"}}) + b"\n",
        canonical({**MANIFEST, "scope": {**MANIFEST["scope"], "since": "yesterday"}}) + b"\n",
        canonical([]) + b"\n",
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path, data):
    assert refusal(write_folder({"manifest.json": data}, tmp_path / "b")) == "manifest"


def test_a_small_member_that_is_huge_is_refused(tmp_path, log):
    members = log.bundle()
    assert refusal(write_folder({**members, "checkpoint": bytes((1 << 22) + 1)}, tmp_path / "b")) == "too_large"


# What is found


def found(members, tmp_path, trust=None) -> v.Result:
    return v.verify(v.open_source(str(write_folder(members, tmp_path / "found"))), trust or v.Trust())


def test_an_empty_bundle_with_a_manifest_is_incomplete(tmp_path):
    result = found({"manifest.json": canonical(MANIFEST) + b"\n"}, tmp_path)

    assert result.status == "TAMPERED"
    assert {"file.missing", "entries.count", "heads.entry"} <= {one.kind for one in result.findings}


@pytest.mark.parametrize(
    "row", [b"x" * 3_000_000 + b"\n", b"x" * 70_000, b'{"case":"R1","command":{' + b"[" * 60_000 + b"\n", b"\n" * 50]
)
def test_a_hostile_line_among_the_entries_is_found(tmp_path, log, row):
    members = log.bundle()
    members[ENTRIES] += row

    result = found(log.sealed(members, Scope(), len(log.bodies)), tmp_path)

    assert ("entry.shape", ENTRIES, len(log.bodies) + 1) in {(one.kind, one.file, one.line) for one in result.findings}


def test_a_file_much_larger_than_the_manifest_says_is_not_read(tmp_path, log):
    members = log.bundle()
    members[ENTRIES] += b"\n" * (1 << 24)

    result = found(members, tmp_path)

    assert result.entries == 0
    assert ("file.digest", ENTRIES) in {(one.kind, one.file) for one in result.findings}


@pytest.mark.parametrize("facts", [b'"facts":[],', b'"Facts":{},', b'"facts":' + b"[" * 9_000 + b","])
def test_a_ledger_entry_whose_command_cannot_be_read_announces_nothing(log, facts):
    body = log.bodies[0].replace(b'"facts":{},', facts)

    assert body != log.bodies[0]
    assert v._command(body) == ("", {})


@pytest.mark.parametrize("name", ["erasures.jsonl", "openings.jsonl", "since.jsonl"])
@pytest.mark.parametrize("row", [b"{}\n", b"x\n", b'{"proof":["x"],"size":1}\n'])
def test_a_line_that_is_not_of_its_form_is_found(tmp_path, log, name, row):
    scope = Scope("S1")
    members = {**log.bundle(scope), name: row}
    trust = v.Trust(seen=(v.Seen(log.checkpoint),))

    result = found(log.sealed(members, scope, 5), tmp_path, trust)

    assert ("file.form", name, 1) in {(one.kind, one.file, one.line) for one in result.findings}


def test_a_line_of_no_entry_among_those_of_a_subset_is_found_and_told(tmp_path, log):
    members, told = log.bundle(Scope("S1")), []
    members[ENTRIES] = members[ENTRIES].replace(b'"version"', b'"Version"', 1)
    source = v.open_source(str(write_folder(log.sealed(members, Scope("S1"), 5), tmp_path / "b")))

    result = v.verify(source, v.Trust(), lambda *one: told.append(one))

    assert {"entry.shape", "proof.wrong"} <= {one.kind for one in result.findings}
    assert len(told) == 5


def test_a_member_that_cannot_be_unpacked_is_found(tmp_path, log, trust):
    for name in ("checkpoint", ENTRIES, "tile/0/000.p/8", "manifest.note", "VERIFY.md"):
        path = write_zip(log.bundle(), tmp_path / "b.zip")
        with zipfile.ZipFile(path) as archive:
            at = archive.getinfo(name).header_offset + 30 + len(name)
        data = bytearray(path.read_bytes())
        data[at : at + 6] = b"\xff" * 6
        path.write_bytes(data)

        result = v.verify(v.open_source(str(path)), trust)

        assert name in {one.file for one in result.findings}, name
        assert result.status == "TAMPERED"


def test_a_manifest_that_cannot_be_unpacked_is_refused(tmp_path, log):
    path = write_zip(log.bundle(), tmp_path / "b.zip")
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("manifest.json").header_offset
    data = bytearray(path.read_bytes())
    data[at : at + 4] = b"XXXX"
    path.write_bytes(data)

    assert refusal(path) == "manifest"


def test_a_seen_tile_that_cannot_be_unpacked_is_refused(tmp_path, log):
    path = write_zip(log.bundle(), tmp_path / "b.zip")
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("tile/0/000.p/8").header_offset
    data = bytearray(path.read_bytes())
    data[at : at + 4] = b"XXXX"
    path.write_bytes(data)
    trust = v.Trust(seen=(v.Seen(log.checkpoint, v.open_source(str(path))),))

    with pytest.raises(v.Refused) as refused:
        v.verify(v.open_source(str(write_folder(log.bundle(), tmp_path / "b"))), trust)
    assert refused.value.reason == "seen"
