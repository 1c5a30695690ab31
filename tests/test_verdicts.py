"""Two verdicts, never one: the worst finding of an axis decides, and what is not proven is no pass."""

from __future__ import annotations

import re

import pytest

from engine import KINDS, PROVEN, Compliance, Finding, Integrity, Report
from engine.findings import KEPT
from engine.proof import verify as proof


def finding(kind: str, seq: int = 1) -> Finding:
    return Finding(kind, "S1", "RO-1", seq)


def test_every_kind_has_one_verdict_and_words_with_the_same_facts_in_both_languages():
    for verdict, text in KINDS.values():
        assert isinstance(verdict, Integrity | Compliance)
        assert sorted(re.findall(r"{\w+}", text.zh)) == sorted(re.findall(r"{\w+}", text.en))


def test_what_the_verifier_finds_has_its_verdict_and_words_from_there():
    assert {kind: (one.verdict, one.text.zh, one.text.en) for kind, one in PROVEN.items()} == dict(proof.KINDS)
    assert len(KINDS) > len(PROVEN)


def test_integrity_has_the_statuses_of_the_verifier_in_the_same_order():
    assert tuple(Integrity) == proof.STATUSES


@pytest.mark.parametrize(
    ("kinds", "integrity", "compliance"),
    [
        ([], "OK", "CONFORMS"),
        (["anchor.missing"], "UNVERIFIABLE", "CONFORMS"),
        (["case.cut", "anchor.missing"], "INCOMPLETE", "CONFORMS"),
        (["anchor.missing", "seal.broken", "case.cut"], "TAMPERED", "CONFORMS"),
        (["rules.unknown"], "OK", "UNDECIDABLE"),
        (["replay.answer", "rules.unknown"], "OK", "VIOLATION"),
        (["row.differs", "replay.state"], "TAMPERED", "VIOLATION"),
    ],
)
def test_the_worst_finding_of_an_axis_decides(kinds, integrity, compliance):
    report = Report(findings=[finding(kind) for kind in kinds])

    assert (report.integrity, report.compliance) == (integrity, compliance)
    assert report.clean is (kinds == [])
    assert report.sound is (kinds in ([], ["anchor.missing"]))


def test_of_one_kind_so_many_are_kept_and_all_are_counted():
    report, other = Report(), Report(1, 2)

    report.extend(finding("seal.broken", seq) for seq in range(KEPT + 5))
    report.add(finding("replay.answer"))
    other.merge(report)
    other.merge(report)

    assert len(report.findings) == KEPT + 1
    assert len(other.findings) == KEPT + 2
    assert other.counts == {"seal.broken": 2 * (KEPT + 5), "replay.answer": 2}
    assert (other.cases, other.entries, other.integrity, other.compliance) == (1, 2, "TAMPERED", "VIOLATION")
