"""verify.py on whole bundles: what is right passes, and what the stolen key changed is found at its place."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from engine.proof import verify as v
from tests.bundles import (
    ORIGIN,
    WITNESSES,
    Scope,
    Signer,
    golden,
    histories,
    policy,
    write_folder,
    write_zip,
)
from tests.naive import LOG_KEY
from tests.tampering import (
    ENTRIES,
    NEXT,
    NO,
    RULES_FILE,
    TRUST,
    a_log,
    checked,
    edited,
    first,
    kinds,
    line,
    places,
    records,
    resealed,
    said,
)

__all__ = ["said"]


# What is right


@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_a_whole_bundle_of_golden_journals_is_ok(tmp_path, write):
    log = golden("base", "lexus", most=400, witnesses=WITNESSES[:2])
    log.seal()
    seen = []

    result = v.verify(
        v.open_source(str(write(log.bundle(), tmp_path / "bundle"))), TRUST, lambda *one: seen.append(one), seen.append
    )

    told = [one for one in seen if isinstance(one, tuple)]
    assert (result.status, result.findings, result.total) == ("OK", [], 0)
    assert (result.entries, result.size, result.cases) == (len(log.bodies), len(log.bodies), len(log.heads))
    assert [one[:2] for one in told] == list(enumerate(log.bodies))
    assert told[2] == (2, log.bodies[2], ENTRIES, 3, len(log.bodies[0]) + len(log.bodies[1]) + 2)
    assert seen[-1] == len(log.bodies)


def test_a_log_over_several_files_and_tiles_is_ok(tmp_path):
    log = histories(*(("S1", f"R{number}", 4) for number in range(130)))
    log.seal()
    members = {name: data for name, data in log.bundle().items() if name != ENTRIES}
    members |= log.entries(range(len(log.bodies)), with_proofs=False, per_file=200)

    result = checked(log.sealed(members, Scope(), len(log.bodies)), tmp_path, v.Trust(v.parse_policy(policy(LOG_KEY))))

    assert (result.status, result.total, result.entries) == ("OK", 0, 523)
    assert {name for name in members if name.startswith("tile/1")} == {"tile/1/000.p/2"}


def test_keys_change_and_the_first_is_still_enough_to_trust(tmp_path):
    log = a_log()
    first = log.checkpoint
    log.announce(NEXT)
    log.seal()
    log.add("S2", "R9")
    log.announce(Signer(ORIGIN, "third"))
    log.seal()
    log.add("S2", "R9")
    log.seal()
    trust = TRUST._replace(seen=(v.Seen(first),))

    assert checked(log.bundle(), tmp_path / "whole", trust).findings == []
    assert checked(log.bundle(Scope("S2")), tmp_path / "subset").findings == []


def test_without_a_policy_nothing_is_anchored(tmp_path):
    result = checked(a_log().bundle(), tmp_path, v.Trust())

    assert (result.status, kinds(result)) == ("UNVERIFIABLE", {"anchor.missing"})


def test_an_unknown_key_and_too_few_witnesses_are_said(tmp_path):
    policy_of_others = v.Trust(v.parse_policy(policy(Signer("other.example/log", "x"), witnesses=WITNESSES, least=3)))

    result = checked(a_log().bundle(), tmp_path, policy_of_others)

    assert (result.status, kinds(result)) == ("UNVERIFIABLE", {"key.unknown", "quorum.missing"})


TAMPERED = {
    "payload": (
        line(3, lambda row: [row.replace(b"sa-1", b"sa-2")]),
        {("tile.differs", 3, "tile/0/000.p/14", 0), ("tree.root", None, "", 0)},
    ),
    "chain": (line(3, lambda row: [row.replace(b"sa-1", b"sa-2")]), {("chain.broken", 6, ENTRIES, 7)}),
    "removed": (
        line(3, lambda _: []),
        {("chain.count", 5, ENTRIES, 6), ("chain.broken", 5, ENTRIES, 6), ("entries.count", 13, "", 0)},
    ),
    "shape": (line(1, lambda row: [row.replace(b'"version"', b'"Version"')]), {("entry.shape", 1, ENTRIES, 2)}),
    "no end": (line(13, lambda row: [row[:-1]]), {("entry.shape", 13, ENTRIES, 14)}),
    "tile": (edited("tile/0/000.p/14", b"", b"x"), {("tile.differs", 0, "tile/0/000.p/14", 0)}),
    "no tile": (
        lambda members: members.pop("tile/0/000.p/14") and None,
        {("file.missing", None, "tile/0/000.p/14", 0)},
    ),
    "one tile more": (lambda members: members.update({"tile/1/000": b""}), {("file.extra", None, "tile/1/000", 0)}),
    "head": (
        records("heads.jsonl", first(head=NO)),
        {("heads.leaf", None, "heads.jsonl", 0), ("heads.root", 13, "heads.jsonl", 0)},
    ),
    "row": (records("heads.jsonl", first(row=NO)), {("heads.root", 13, "heads.jsonl", 0)}),
    "no head": (
        records("heads.jsonl", lambda rows: rows[1:]),
        {("heads.leaf", None, "heads.jsonl", 0), ("heads.root", 13, "heads.jsonl", 0)},
    ),
    "one head more": (
        records("heads.jsonl", lambda rows: [*rows, {**rows[0], "case": "none"}]),
        {("case.missing", None, "", 0)},
    ),
    "heads twice": (records("heads.jsonl", lambda rows: [rows[0], *rows]), {("file.form", None, "heads.jsonl", 2)}),
    "heads misordered": (
        records("heads.jsonl", lambda rows: [*rows[-2:], *rows[:-2], rows[-1]]),
        {("file.form", None, "heads.jsonl", 6)},
    ),
    "heads misformed": (edited("heads.jsonl", b'"seq"', b'"Seq"'), {("file.form", None, "heads.jsonl", 1)}),
    "rules": (edited(RULES_FILE, b"test", b"Test"), {("rules.digest", None, RULES_FILE, 0)}),
    "no rules": (lambda members: members.pop(RULES_FILE) and None, {("file.missing", None, RULES_FILE, 0)}),
    "erasures": (
        edited("erasures.jsonl", b'"index":10', b'"index":11'),
        {("erasure.wrong", None, "erasures.jsonl", 0)},
    ),
    "no erasures": (records("erasures.jsonl", lambda _: []), {("erasure.wrong", None, "erasures.jsonl", 0)}),
    "keys": (
        records("keys.jsonl", first(index=3)),
        {("key.epoch", 3, "keys.jsonl", 0), ("key.epoch", 12, "keys.jsonl", 0)},
    ),
    "no keys": (
        records("keys.jsonl", lambda _: []),
        {("key.epoch", None, "keys.jsonl", 0), ("key.epoch", 12, "keys.jsonl", 0)},
    ),
    "keys misformed": (edited("keys.jsonl", b'"name"', b'"Name"'), {("file.form", None, "keys.jsonl", 1)}),
    "no entries file": (
        lambda members: members.update({"entries/000002.jsonl": members.pop(ENTRIES)}),
        {("file.missing", None, ENTRIES, 0), ("heads.entry", 13, "", 0)},
    ),
    "checkpoint misformed": (edited("checkpoint", b"\n14\n", b"\n014\n"), {("file.form", None, "checkpoint", 0)}),
    "checkpoint forged": (
        edited("checkpoint", b"\n14\n", b"\n15\n"),
        {("checkpoint.signature", None, "checkpoint", 0), ("manifest.differs", None, "manifest.json", 0)},
    ),
    "no checkpoint": (lambda members: members.pop("checkpoint") and None, {("file.missing", None, "checkpoint", 0)}),
    "entry after the end": (
        lambda members: members.update({ENTRIES: members[ENTRIES] * 2}),
        {("entries.count", None, "", 0), ("tree.root", None, "", 0)},
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_tampering_is_found_at_its_place(tmp_path, name):
    change, expected = TAMPERED[name]

    result = checked(resealed(a_log(), change), tmp_path)

    assert result.status in {"TAMPERED", "INCOMPLETE"}
    assert expected <= places(result), places(result)


def test_every_kind_has_a_verdict_and_words_in_both_languages():
    for kind, (status, zh, en) in v.KINDS.items():
        assert status in v.STATUSES[1:], kind
        assert zh
        assert en
        assert not zh.isascii()
    assert {*v.WORDS} == {*v.STATUSES}
    assert dataclasses.asdict(v.Found("file.extra"))["index"] is None


def test_every_kind_of_finding_is_made_in_a_test():
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_verify_*.py"))

    assert [kind for kind in v.KINDS if f'"{kind}"' not in tests] == []
