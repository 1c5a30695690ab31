"""Bundles changed with the stolen key, and what verify.py finds in them: what its tests share."""

from __future__ import annotations

import json

import pytest

from engine.proof import verify as v
from tests.bundles import (
    ORIGIN,
    RULES,
    WITNESSES,
    Log,
    Scope,
    Signer,
    histories,
    policy,
    write_folder,
)
from tests.naive import LOG_KEY, lines, sha

TRUST = v.Trust(v.parse_policy(policy(LOG_KEY, witnesses=WITNESSES, least=2)))
ENTRIES = "entries/000000.jsonl"
NEXT = Signer(ORIGIN, "second")


def a_log(sealed=True) -> Log:
    log = histories(("S1", "R1", 4), ("S1", "R2", 2), ("S2", "R1", 3), witnesses=WITNESSES[:2])
    log.add("S1", "ledger", "subject_erased")
    if sealed:
        log.seal()
    return log


SMALL_TRUST = v.Trust(v.parse_policy(policy(LOG_KEY, witnesses=WITNESSES[:1], least=1)))


def small_log() -> Log:
    """Two cases of two shops under one checkpoint that one witness saw."""
    made = histories(("S1", "R1", 3), ("S2", "R1", 2), witnesses=WITNESSES[:1])
    made.seal()
    return made


def refusal(path) -> str:
    with pytest.raises(v.Refused) as refused:
        v.verify(v.open_source(str(path)), v.Trust())
    assert all(refused.value.words)
    return refused.value.reason


def checked(members, tmp_path, trust=TRUST, **more) -> v.Result:
    return v.verify(v.open_source(str(write_folder(members, tmp_path / "bundle"))), trust, **more)


def places(result):
    return {(found.kind, found.index, found.file, found.line) for found in result.findings}


def kinds(result):
    return {found.kind for found in result.findings}


@pytest.fixture(autouse=True)
def said(monkeypatch):
    """Whatever is found in such a test, it can be said in both languages and written as JSON."""
    add = v.Result.add

    def adding(self, found):
        assert all("{" not in words for words in found.words)
        json.dumps(found.document())
        add(self, found)

    monkeypatch.setattr(v.Result, "add", adding)


# Tampering: each change is re-sealed in the manifest by the stolen key, unless it is the manifest's own


def resealed(log, change, scope=Scope()):
    members = log.bundle(scope)
    count = change(members)
    return log.sealed(members, scope, len(log.bodies) if count is None else count)


def edited(name, old, new, count=1):
    def change(members):
        assert old in members[name]
        members[name] = members[name].replace(old, new, count)

    return change


def line(number, change):
    def edit(members):
        rows = members[ENTRIES].splitlines(keepends=True)
        rows[number : number + 1] = change(rows[number])
        members[ENTRIES] = b"".join(rows)

    return edit


def records(name, change):
    def edit(members):
        read = [json.loads(row) for row in members[name].splitlines()]
        members[name] = lines(change(read))

    return edit


def first(**values):
    return lambda rows: [{**rows[0], **values}, *rows[1:]]


NO = "0" * 64
RULES_FILE = f"rules/{sha(RULES).hex()}.json"


def without(*indexes):
    """Leave out entries with their proofs."""

    def change(members):
        rows = list(
            zip(members[ENTRIES].splitlines(True), members["proofs/000000.jsonl"].splitlines(True), strict=True)
        )
        kept = [row for row in rows if json.loads(row[1])["index"] not in indexes]
        members[ENTRIES], members["proofs/000000.jsonl"] = (b"".join(side) for side in zip(*kept, strict=True))
        return len(kept)

    return change
