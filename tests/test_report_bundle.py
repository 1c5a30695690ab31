"""The report of a bundle and of a database: one audit, all that was counted, and what exactly was proven by whom."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest

from adapters.inbound.audit import Anchor, audit_bundle
from adapters.report import Proof
from engine import Compliance, Integrity, Report, Sort, Tally, audit_journal
from engine.proof.verify import Scope as Asked
from tests import reported
from tests.bundles import LOG_KEY, WITNESSES, Log, Scope, policy, signed, write_folder, write_zip
from tests.reported import Page
from tests.support import gongdan
from tests.test_bundle_audit import CATALOGUE, closed, forged, into_acceptance, journal, log_of

LAST = "2026-11-23T03:00:00.000000Z"
audited = partial(Tally.of, CATALOGUE)


@pytest.fixture
def trust(tmp_path):
    (tmp_path / "trust.policy").write_bytes(policy(LOG_KEY))
    return tmp_path / "trust.policy"


def report_of(target, tmp_path, *arguments):
    result = gongdan("audit", "report", target, "--out", tmp_path / "r.html", *arguments)
    return result, Page((tmp_path / "r.html").read_text("utf-8"))


def cut(log: Log, case: str) -> dict[str, bytes]:
    """The bundle of a log whose link in the middle of a case was changed, sealed again by a stolen key."""
    members = log.bundle()
    lines = members["entries/000000.jsonl"].splitlines(keepends=True)
    at = next(i for i, one in enumerate(log.documents) if (one["case"], one["seq"]) == (case, 3))
    lines[at] = lines[at].replace(log.documents[at]["prev"].encode(), b"0" * 64)
    members["entries/000000.jsonl"] = b"".join(lines)
    return log.sealed(members, Scope(), len(log.bodies))


# --- counting ----------------------------------------------------------------------------------------------------


def test_a_bundle_is_counted_as_the_same_entries_in_a_journal_are(tmp_path, trust):
    lines = [line for line in journal(40) if line[0] == "rules" or b'"shop":"ledger"' not in line[1]]
    log = log_of(journal(40))
    bundle = write_folder(closed(log).bundle(), tmp_path / "bundle")
    by_bundle, by_journal = audited(), audited()

    audit_bundle(bundle, Anchor(trust), tally=by_bundle)
    audit_journal(lines, CATALOGUE, by_journal)

    assert by_bundle.total == by_journal.total
    assert by_bundle.total[Sort.REFUSED] >= 40
    assert by_bundle.by_clause == by_journal.by_clause
    assert by_bundle.by_advisor == by_journal.by_advisor
    assert by_bundle.accepted + by_bundle.refused == len(log.bodies)


def test_the_count_is_the_same_with_any_number_of_processes(tmp_path, trust):
    log, _ = forged(into_acceptance)
    many = write_folder(closed(log_of(journal(40))).bundle(), tmp_path / "many")
    for bundle in (many, write_folder(log.bundle(), tmp_path / "forged")):
        one, two = audited(), audited()

        audit_bundle(bundle, Anchor(trust), tally=one, jobs=1)
        audit_bundle(bundle, Anchor(trust), tally=two, jobs=2)

        assert one == two
        assert one.worst


def test_a_violation_is_counted_at_its_clause_and_its_case_is_the_worst(tmp_path, trust):
    log, index = forged(into_acceptance)
    tally = audited()

    audit_bundle(write_zip(log.bundle(), tmp_path / "b.zip"), Anchor(trust), tally=tally)

    assert tally.by_clause["arrive.purpose-recorded", Sort.VIOLATION] == 1
    assert (tally.worst[0].shop, tally.worst[0].case) == ("S1", "RO-4")
    assert index in [step.index for step in tally.worst[0].steps if step.findings]


def test_a_case_with_only_a_broken_chain_is_among_the_worst(tmp_path, trust):
    tally = audited()

    report = audit_bundle(
        write_folder(cut(closed(log_of(journal())), "RO-2"), tmp_path / "b"), Anchor(trust), tally=tally
    )

    (worst, *_) = tally.worst
    assert report.compliance is Compliance.CONFORMS
    assert (worst.case, worst.entries) == ("RO-2", 5)
    assert "chain.broken" in {finding.kind for step in worst.steps for finding in step.findings}


def test_a_case_that_is_missing_whole_is_among_the_worst(tmp_path, trust):
    log = closed(log_of(journal()))
    members = log.bundle()
    kept = [body for body, one in zip(log.bodies, log.documents, strict=True) if one["case"] != "RO-3"]
    members["entries/000000.jsonl"] = b"".join(body + b"\n" for body in kept)
    tally = audited()

    audit_bundle(write_folder(members, tmp_path / "b"), Anchor(trust), tally=tally)

    (missing,) = [one for one in tally.worst if one.case == "RO-3"]
    assert missing.entries == 0
    assert "case.missing" in [finding.kind for finding in missing.loose]


def test_without_a_tally_cases_that_are_missing_are_found_all_the_same(tmp_path, trust):
    log = closed(log_of(journal()))
    members = log.bundle()
    members["entries/000000.jsonl"] = b""

    assert audit_bundle(write_folder(members, tmp_path / "b"), Anchor(trust)).integrity is Integrity.TAMPERED


def test_an_entry_that_cannot_be_read_is_in_no_count(tmp_path, trust):
    log = closed(log_of(journal()))
    members = log.bundle()
    members["entries/000000.jsonl"] = members["entries/000000.jsonl"].replace(b'"accepted"', b'"acceptes"', 1)
    tally = audited()

    report = audit_bundle(write_folder(members, tmp_path / "b"), Anchor(trust), tally=tally)

    assert report.counts["entry.unreadable"] == 1
    assert tally.accepted + tally.refused == report.entries - 1


def test_merging_keeps_a_full_table_full_of_no_more(monkeypatch):
    monkeypatch.setattr("engine.tally.ROWS", 2)
    one, two = audited(), audited()
    one.by_clause.update({("a", Sort.REFUSED): 1, ("b", Sort.REFUSED): 1})
    two.by_clause.update({("b", Sort.REFUSED): 2, ("c", Sort.REFUSED): 3})

    one.merge(two)

    assert one.by_clause == {("a", Sort.REFUSED): 1, ("b", Sort.REFUSED): 3, ("…", Sort.REFUSED): 3}


# --- the page of a bundle ----------------------------------------------------------------------------------------


def test_the_page_says_who_signed_and_what_the_auditor_brought(tmp_path):
    log = closed(log_of(journal()))
    log.checkpoint = signed(log.text(), LOG_KEY, *WITNESSES[:2])
    (tmp_path / "mine.policy").write_bytes(policy(LOG_KEY, witnesses=WITNESSES, least=2))
    (tmp_path / "kept").write_bytes(log.checkpoint)

    result, page = report_of(
        write_folder(log.bundle(), tmp_path / "for-auditor"),
        tmp_path,
        *("--policy", tmp_path / "mine.policy", "--seen", tmp_path / "kept", "--jobs", "2"),
    )

    assert (result.exit_code, result.stdout.split()[-2:]) == (0, ["OK", "CONFORMS"])
    for said in ("for-auditor", LOG_KEY.name, "w1", "w2", "mine.policy", "kept", str(len(log.bodies))):
        assert said in page.text
    assert str(tmp_path) not in page.text
    assert "no witness cosigned" not in page.text


def test_the_page_of_a_forged_bundle_names_the_clause_and_the_place(tmp_path, trust):
    log, index = forged(into_acceptance)

    result, page = report_of(write_zip(log.bundle(), tmp_path / "b.zip"), tmp_path, "--policy", trust)

    assert (result.exit_code, result.stdout.split()[-2:]) == (3, ["OK", "VIOLATION"])
    assert "arrive.purpose-recorded" in page.text
    assert f"entries/000000.jsonl:{index + 1}" in page.text.replace(" ", "")


def test_the_page_of_a_part_says_of_which_part(tmp_path, trust):
    log = closed(log_of(journal()))

    _, page = report_of(
        write_folder(log.bundle(Scope(shop="S1", since=LAST)), tmp_path / "part"), tmp_path, "--policy", trust
    )

    assert "2026-11-23 11:00:00" in page.text  # by the clock of the floor
    assert "the whole log" not in page.text


def test_without_a_policy_the_page_claims_no_signature(tmp_path):
    result, page = report_of(write_folder(closed(log_of(journal())).bundle(), tmp_path / "b"), tmp_path)

    assert (result.exit_code, result.stdout.split()[-2:]) == (3, ["UNVERIFIABLE", "CONFORMS"])
    assert "no signature on it was checked" in page.text


# --- proofs ------------------------------------------------------------------------------------------------------


def test_a_proof_is_what_the_audit_says():
    report = Report(origin="o", size=7, root="ab", scope=Asked("S1", None, LAST, None), signed_by=("o",))

    proof = Proof.of(report, "b.zip", ["mine"])

    assert (proof.source, proof.size, proof.signed_by, proof.anchored_by) == ("b.zip", 7, ("o",), ("mine",))
    assert proof.scope == ("S1", None, datetime(2026, 11, 23, 3, tzinfo=UTC), None)


def test_a_time_that_is_none_is_shown_as_it_is():
    report = Report(scope=Asked(None, None, "9999-99-99T99:99:99.999999Z", None))

    proof = Proof.of(report, "b.zip")

    assert proof.scope.since == "9999-99-99T99:99:99.999999Z"
    assert "9999-99-99T99:99:99.999999Z" in Page(reported.page(proof=proof)).text


def test_what_had_no_checkpoint_proves_nothing_by_one():
    report = Report()
    report.unanchored()

    assert Proof.of(report, "j.jsonl").size is None
