"""What was once answered is answered so for ever: golden journals replay clean, released rules keep their digests."""

from __future__ import annotations

import hashlib
import json

import pytest

from adapters.inbound.journal_file import read_journal
from engine import audit_journal, standard_catalogue
from engine.profiles import SHIPPED
from tests.golden import JOURNALS, SUMS, golden, plays, write

CATALOGUE = standard_catalogue()
FILES = sorted(JOURNALS.glob("*.jsonl"))
RELEASED = {
    "base": "fc14cb4b1b94208152f05ebb060266252e7d1c1872186a558520d7c8ffb1c2b6",
    "dpca": "afabd887bb5abe405d5d77ca9b585c99944e9fb8a51cb3f77e48371e5337fbdd",
    "faw-toyota": "8274dbfa41013bbfc67985728777cf1916d3f32ad3aa9fe3806d2c99c55c15ee",
    "lexus": "2f56992e2bb21e3098049a2f5a5ed7d34993ef923b81abe88234d8e8e4f6f0a7",
}
"""SHA-256 of the repair order's rules in each released profile. Another rule is another version of the profile."""


def entries(file):
    return [json.loads(body) for kind, body, _ in read_journal(file) if kind == "entry"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_golden_journal_replays_clean(file):
    report = audit_journal(read_journal(file), CATALOGUE)

    assert [one.kind for one in report.findings] == ["anchor.missing"]
    assert report.entries == len(entries(file))


def test_no_golden_journal_was_edited_added_or_lost():
    sums = {line.split("  ")[1]: line.split("  ")[0] for line in SUMS.read_text("utf-8").splitlines()}

    assert {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in FILES} == sums


@pytest.mark.parametrize("profile", SHIPPED)
def test_the_golden_journal_of_a_profile_is_judged_by_its_rules_of_today(profile):
    written = entries(golden(profile))

    assert {entry["rules"] for entry in written} == {CATALOGUE.rules(profile, "repair_order").digest}
    assert "J" in {entry["case"] for entry in written}


def test_a_journal_written_anew_replays_clean(tmp_path):
    write("lexus", tmp_path / "again.jsonl")

    report = audit_journal(read_journal(tmp_path / "again.jsonl"), CATALOGUE)

    assert report.sound
    assert report.cases == len(plays("lexus"))


def test_released_rules_keep_their_digests():
    assert {name: CATALOGUE.rules(name, "repair_order").digest for name in SHIPPED} == RELEASED
    assert not any(CATALOGUE.profiles[name].draft for name in SHIPPED)
