"""The audit of a bundle: integrity and compliance, each finding at its exact place, the same however it is run."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import pytest

from adapters.bootstrap import bootstrap
from adapters.inbound.audit import Anchor, NotAudited, audit_bundle
from adapters.inbound.audit.state import BadState
from engine import Catalogue, Line, Report, standard_catalogue
from engine.audit import library, replay
from engine.canonical import canonical, digest
from engine.evidence import Sealed
from engine.findings import Compliance, Integrity
from engine.journal import seal
from engine.listing import row_of
from tests.bundles import LOG_KEY, Log, Members, Scope, policy, write_folder, write_zip
from tests.support import ADVISOR, KIT, PURPOSE, Clock, Document, documents, protect, resealed, world

CATALOGUE = standard_catalogue()
LEDGER_RULES = CATALOGUE.rules("base", "ledger")
REFUSED = 3
"""The seq of a refused kit, among the entries of RO-1 and RO-4."""


@cache
def journal(cases: int = 5) -> tuple[Line, ...]:
    """A shop's cases, each with a refusal, and one case of another shop by other rules."""
    clock = Clock()
    engine = bootstrap("sqlite://", upgrade=True, world=world(clock))
    shop = engine.shop("S1", profile="dpca")
    for number in range(1, cases + 1):
        case = f"RO-{number}"
        protect(engine.shop("S2", profile="lexus"), "RO-1") if number == 1 else None
        shop.open(case, by=ADVISOR)
        for fact in (shop.fact("vehicle_checked_in", {}), KIT, PURPOSE, KIT):
            clock.forward(minutes=10)
            shop.apply(case, fact, by=ADVISOR)
    return tuple(engine.export_journal())


def log_of(lines: tuple[Line, ...] | list[Line]) -> Log:
    """A log of these entries in the order of recording, with honest rows, not sealed yet."""
    log = Log(rules={LEDGER_RULES.digest: LEDGER_RULES.body})
    log.rules |= {known: body for kind, body, known in lines if kind == "rules"}
    entries = [body for kind, body, _ in lines if kind == "entry"]
    for body in sorted(entries, key=lambda body: json.loads(body)["recorded_at"]):
        log.put(body)
    return log


def rows(log: Log) -> dict[tuple[str, str], str]:
    """The digest of every case's row, as its entries leave it."""
    deciders = library(CATALOGUE, log.rules.get)
    found = {}
    for key in log.heads:
        bodies = [
            body for body, one in zip(log.bodies, log.documents, strict=True) if (one["shop"], one["case"]) == key
        ]
        case = replay((Sealed.read(body, seal(body), CATALOGUE) for body in bodies), deciders, Report())
        assert case is not None
        found[key] = digest(canonical(row_of(case, CATALOGUE.workflows[case.workflow])._asdict()))
    return found


def closed(log: Log) -> Log:
    """The log with its heads recorded and signed."""
    at = log.documents[-1]["recorded_at"]
    if not log.epochs:
        log.announce(log.signer, at)
    log.rows = rows(log)
    log.seal(at)
    return log


def forged(change: Callable[[Document], object], case: str = "RO-4", seq: int = REFUSED) -> tuple[Log, int]:
    """A log in which one entry was changed and everything after it sealed anew, and that entry's index."""
    entries = documents(journal())
    change(next(one for one in entries if (one["shop"], one["case"], one["seq"]) == ("S1", case, seq)))
    log = closed(log_of(resealed(journal(), entries)))
    index = next(
        i for i, one in enumerate(log.documents) if (one["shop"], one["case"], one["seq"]) == ("S1", case, seq)
    )
    return log, index


@pytest.fixture
def anchor(tmp_path: Path) -> Anchor:
    """An auditor who trusts the log's key."""
    (tmp_path / "trust").write_bytes(policy(LOG_KEY))
    return Anchor(tmp_path / "trust")


def folder(log: Log, where: Path, scope: Scope = Scope(), change: Members | None = None) -> Path:
    return write_folder({**log.bundle(scope), **(change or {})}, where)


def kinds(report: Report) -> list[str]:
    assert all(finding.text.zh and finding.text.en for finding in report.findings)
    return [finding.kind for finding in report.findings]


def told(report: Report) -> list[tuple[str, int | None, str, int, tuple[str, ...]]]:
    return [(one.kind, one.index, one.file, one.line, one.clauses) for one in report.findings]


# --- the verdict -------------------------------------------------------------------------------------------------


def test_an_honest_bundle_that_is_anchored_is_proven_and_conforms(tmp_path, anchor):
    log = closed(log_of(journal()))
    members = log.bundle()

    reports = [
        audit_bundle(write_folder(members, tmp_path / "bundle"), anchor),
        audit_bundle(write_zip(members, tmp_path / "bundle.zip"), anchor),
    ]

    for report in reports:
        assert (kinds(report), report.clean, report.anchored) == ([], True, True)
        assert (report.integrity, report.compliance) == (Integrity.OK, Compliance.CONFORMS)
        assert (report.entries, report.cases) == (len(log.bodies), 7)
        assert (report.origin, report.size, report.root) == (
            LOG_KEY.name,
            len(log.bodies),
            log.tree.root(0, report.size).hex(),
        )


def test_without_an_anchor_nothing_is_proven(tmp_path):
    report = audit_bundle(folder(closed(log_of(journal())), tmp_path / "bundle"))

    assert kinds(report) == ["anchor.missing"]
    assert (report.integrity, report.compliance) == (Integrity.UNVERIFIABLE, Compliance.CONFORMS)
    assert (report.clean, report.sound, report.anchored) == (False, True, False)


# --- compliance --------------------------------------------------------------------------------------------------


def into_acceptance(one: Document) -> None:
    one["outcome"] |= {"answer": "accepted", "event": one["command"]["name"], "refusals": [], "state": "protected"}
    one["version"] += 1


MISSING = ("arrive.purpose-recorded",)
DEVIATIONS: dict[str, tuple[Callable[[Document], object], str, tuple[str, ...]]] = {
    "a refusal into an acceptance": (into_acceptance, "replay.answer", MISSING),
    "the clause of a refusal": (
        lambda one: one["outcome"]["refusals"][0].update(clause="protect.no-waiver"),
        "replay.clauses",
        (*MISSING, "protect.no-waiver"),
    ),
    "a state": (lambda one: one["outcome"].update(state="protected"), "replay.state", ()),
}


@pytest.mark.parametrize("name", DEVIATIONS)
def test_a_deviation_is_named_with_its_entry_its_line_and_its_clauses_however_it_is_replayed(tmp_path, anchor, name):
    change, kind, clauses = DEVIATIONS[name]
    log, index = forged(change)
    members = log.bundle()
    bundle, packed = write_folder(members, tmp_path / "bundle"), write_zip(members, tmp_path / "bundle.zip")

    report = audit_bundle(bundle, anchor)

    assert (report.integrity, report.compliance) == (Integrity.OK, Compliance.VIOLATION)
    assert told(report)[0] == (kind, index, "entries/000000.jsonl", index + 1, clauses)
    assert {(one.shop, one.case) for one in report.findings} == {("S1", "RO-4")}
    assert {one.rules for one in report.findings} == {log.documents[index]["rules"]}
    assert audit_bundle(bundle, anchor, jobs=3) == audit_bundle(packed, anchor, jobs=2) == report


def without(catalogue: Catalogue, clause: str) -> Catalogue:
    return replace(catalogue, clauses={id_: one for id_, one in catalogue.clauses.items() if id_ != clause})


def test_a_clause_that_the_auditor_does_not_have_leaves_those_cases_undecided_and_judges_the_others(tmp_path, anchor):
    only_dpca = next(
        id_
        for id_ in json.loads(journal_rules("dpca"))["clauses"]
        if id_ not in json.loads(journal_rules("lexus"))["clauses"]
    )

    report = audit_bundle(
        folder(closed(log_of(journal())), tmp_path / "bundle"), anchor, catalogue=partial(without, CATALOGUE, only_dpca)
    )

    assert (report.integrity, report.compliance) == (Integrity.OK, Compliance.UNDECIDABLE)
    assert {one.kind for one in report.findings} == {"rules.unknown"}
    assert {(one.shop, one.case) for one in report.findings} == {("S1", f"RO-{number}") for number in range(1, 6)}


def journal_rules(profile: str) -> bytes:
    return next(body for kind, body, _ in journal() if kind == "rules" and json.loads(body)["profile"] == profile)


def test_a_fact_that_the_auditor_does_not_have_is_no_tampering(tmp_path, anchor):
    events = {kind: event for kind, event in CATALOGUE.events.items() if kind != "kit_fitted"}

    report = audit_bundle(
        folder(closed(log_of(journal())), tmp_path / "bundle"),
        anchor,
        catalogue=lambda: replace(CATALOGUE, events=events),
    )

    assert (report.integrity, report.compliance) == (Integrity.OK, Compliance.UNDECIDABLE)
    assert {one.kind for one in report.findings} == {"rules.unknown"}


# --- rows and rules ----------------------------------------------------------------------------------------------


def test_a_row_that_lied_when_the_heads_were_recorded_is_found(tmp_path, anchor):
    log = log_of(journal())
    log.announce(log.signer, log.documents[-1]["recorded_at"])
    log.rows = rows(log) | {("S1", "RO-2"): "a" * 64}
    log.seal(log.documents[-1]["recorded_at"])

    report = audit_bundle(folder(log, tmp_path / "bundle"), anchor)

    assert (report.integrity, report.compliance) == (Integrity.TAMPERED, Compliance.CONFORMS)
    assert [(one.kind, one.shop, one.case, one.seq) for one in report.findings] == [("row.differs", "S1", "RO-2", 5)]


def test_rules_that_the_log_had_and_the_bundle_lacks_are_found(tmp_path, anchor):
    log = log_of(journal())
    log.rules["b" * 64] = b"{}"
    closed(log)

    report = audit_bundle(folder(log, tmp_path / "bundle"), anchor)

    assert report.integrity is Integrity.TAMPERED
    assert ("rules.set", len(log.bodies) - 1) in [(one.kind, one.index) for one in report.findings]


# --- parts of a log ----------------------------------------------------------------------------------------------

LAST = "2026-11-23T03:00:00.000000Z"
PARTS = {
    "a case": (Scope(shop="S1", case="RO-2"), 1),
    "a case that is not there": (Scope(shop="S1", case="RO-9"), 0),
    "a shop": (Scope(shop="S1"), 5),
    "a time": (Scope(since=LAST), 4),
    "a shop's time": (Scope(shop="S1", since=LAST), 3),
}


@pytest.mark.parametrize("name", PARTS)
def test_of_a_part_the_whole_cases_are_replayed_and_what_only_bounds_them_is_not(tmp_path, anchor, name):
    scope, cases = PARTS[name]
    replayed: list[int] = []

    def progress(stage: str, done: int, total: int | None) -> None:
        if stage == "replay":
            replayed.append(done)

    report = audit_bundle(folder(closed(log_of(journal())), tmp_path / "bundle", scope), anchor, progress=progress)

    assert kinds(report) == []
    assert report.clean
    assert replayed[-1:] == ([cases] if cases else [])


def test_a_deviation_in_a_part_is_found_at_its_place_in_the_log(tmp_path, anchor):
    log, index = forged(into_acceptance)

    report = audit_bundle(folder(log, tmp_path / "bundle", Scope(shop="S1", case="RO-4")), anchor)

    assert (report.integrity, report.compliance) == (Integrity.OK, Compliance.VIOLATION)
    assert told(report)[0][:2] == ("replay.answer", index)


# --- tampering ---------------------------------------------------------------------------------------------------


def test_a_bundle_that_was_altered_is_replayed_all_the_same(tmp_path, anchor):
    log, index = forged(into_acceptance)
    entries = log.bundle()["entries/000000.jsonl"].replace(b'"sa-1"', b'"sa-2"', 1)

    report = audit_bundle(folder(log, tmp_path / "bundle", change={"entries/000000.jsonl": entries}), anchor)

    assert (report.integrity, report.compliance) == (Integrity.TAMPERED, Compliance.VIOLATION)
    assert {"file.digest", "tree.root", "chain.broken"} <= {*kinds(report)}
    assert ("replay.answer", index) in [(one.kind, one.index) for one in report.findings]
    places = [one.index for one in report.findings if one.index is not None]
    assert places == sorted(places)


def test_a_torn_bundle_whose_other_members_are_unreadable_gives_findings_and_no_crash(tmp_path, anchor):
    log = closed(log_of(journal()))
    change = {"heads.jsonl": b"[\n{}\nnull\n" + b"[" * 100_000, f"rules/{'c' * 64}.json": b"x" * (5 << 20)}

    report = audit_bundle(folder(log, tmp_path / "bundle", change=change), anchor)

    assert report.integrity is Integrity.TAMPERED


def test_without_heads_there_is_a_finding_and_the_cases_are_replayed(tmp_path, anchor):
    bundle = folder(forged(into_acceptance)[0], tmp_path / "bundle")
    (bundle / "heads.jsonl").unlink()

    report = audit_bundle(bundle, anchor)

    assert "file.missing" in kinds(report)
    assert report.compliance is Compliance.VIOLATION


def test_a_heads_entry_that_cannot_be_read_is_found(tmp_path, anchor):
    log = closed(log_of(journal()))
    entries = log.bundle()["entries/000000.jsonl"]
    torn = entries.replace(b'"rules":', b'"rulez":')

    report = audit_bundle(folder(log, tmp_path / "bundle", change={"entries/000000.jsonl": torn}), anchor)

    assert report.integrity is Integrity.TAMPERED


# --- what cannot be audited --------------------------------------------------------------------------------------


def test_what_is_no_bundle_is_refused_in_both_languages(tmp_path, anchor):
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn.zip").write_bytes(b"PK\x03\x04 and no more")
    write_zip({"../out": b"x"}, tmp_path / "out.zip")
    write_folder({"manifest.json": b"{}\n"}, tmp_path / "odd")

    for name in ("empty", "torn.zip", "out.zip", "odd"):
        with pytest.raises(NotAudited) as told:
            audit_bundle(tmp_path / name, anchor)
        assert told.value.text.zh
        assert name in told.value.text.en
    assert not (tmp_path.parent / "out").exists()


def test_a_policy_that_cannot_be_read_is_refused(tmp_path):
    bundle = folder(closed(log_of(journal())), tmp_path / "bundle")
    (tmp_path / "trust").write_bytes(b"nonsense\n")

    for file in (tmp_path / "trust", tmp_path / "nosuch"):
        with pytest.raises(NotAudited):
            audit_bundle(bundle, Anchor(file))


# --- the next audit ----------------------------------------------------------------------------------------------


def counted(bundle: Path, anchor: Anchor, **how: object) -> tuple[Report, int]:
    """An audit, and how many cases it replayed."""
    done = [0]

    def progress(stage: str, count: int, total: int | None) -> None:
        done.append(count if stage == "replay" else 0)

    report = audit_bundle(bundle, anchor, progress=progress, **how)
    return report, done[-1]


def grown(log: Log) -> Log:
    """The same log with one more entry of one case, closed again."""
    more = [line for line in journal(6) if line[0] == "entry" and b'"case":"RO-6"' in line[1]]
    for _, body, _ in more:
        log.put(body)
    return closed(log)


@pytest.mark.parametrize("deviating", [False, True])
def test_the_next_audit_goes_on_from_the_last_and_forgets_no_violation(tmp_path, anchor, deviating):
    log = forged(into_acceptance)[0] if deviating else closed(log_of(journal()))
    goes_on = anchor._replace(state=tmp_path / "state")
    first, cases = counted(folder(log, tmp_path / "one"), goes_on)
    log = grown(log)

    second, again = counted(folder(log, tmp_path / "two"), goes_on)

    assert (first.integrity, cases) == (Integrity.OK, 7)
    assert again == (3 if deviating else 2)  # RO-6, the log's own ledger, and where something was found
    assert second == audit_bundle(tmp_path / "two", anchor)
    assert second.clean is not deviating
    assert counted(tmp_path / "two", goes_on)[1] == (2 if deviating else 1)


def test_a_state_of_another_log_is_a_finding(tmp_path, anchor):
    goes_on = anchor._replace(state=tmp_path / "state")
    audit_bundle(folder(closed(log_of(journal())), tmp_path / "one"), goes_on)
    left = goes_on.state.read_bytes()

    report = audit_bundle(folder(forged(into_acceptance)[0], tmp_path / "two"), goes_on)

    assert report.integrity is Integrity.TAMPERED
    assert "seen.inconsistent" in kinds(report)
    assert goes_on.state.read_bytes() == left


def test_a_bundle_that_is_shorter_than_the_last_one_is_incomplete(tmp_path, anchor):
    goes_on = anchor._replace(state=tmp_path / "state")
    log = closed(log_of(journal()))
    write_folder(log.bundle(), tmp_path / "one")
    audit_bundle(folder(grown(log), tmp_path / "two"), goes_on)

    report = audit_bundle(tmp_path / "one", goes_on)

    assert (report.integrity, kinds(report)) == (Integrity.INCOMPLETE, ["seen.newer"])


def test_nothing_is_left_by_an_audit_that_proves_nothing_or_only_a_part(tmp_path, anchor):
    log = closed(log_of(journal()))

    audit_bundle(folder(log, tmp_path / "one"), Anchor(state=tmp_path / "state"))
    audit_bundle(folder(log, tmp_path / "two", Scope(shop="S1")), anchor._replace(state=tmp_path / "state"))

    assert not (tmp_path / "state").exists()


def test_what_another_version_replayed_is_replayed_again(tmp_path, anchor):
    goes_on = anchor._replace(state=tmp_path / "state")
    bundle = folder(closed(log_of(journal())), tmp_path / "one")
    audit_bundle(bundle, goes_on)
    first, *others = goes_on.state.read_text("utf-8").splitlines(keepends=True)
    goes_on.state.write_text(json.dumps(json.loads(first) | {"version": "0"}) + "\n" + "".join(others), "utf-8")

    assert counted(bundle, goes_on)[1] == 7
    assert counted(bundle, goes_on)[1] == 1


TORN: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "nothing": lambda _: [],
    "deep": lambda _: [b"[" * 100_000],
    "a list": lambda _: [b"[]\n"],
    "no state": lambda _: [b"{}\n"],
    "only its head": lambda lines: lines[:1],
    "no end": lambda lines: lines[:-1],
    "a case less": lambda lines: [*lines[:2], *lines[3:]],
    "an odd case": lambda lines: [lines[0], b'{"case":1}\n', *lines[2:]],
    "no JSON": lambda lines: [lines[0], b"nonsense\n", *lines[1:]],
}


@pytest.mark.parametrize("torn", TORN)
def test_a_state_that_no_audit_has_left_is_refused(tmp_path, anchor, torn):
    goes_on = anchor._replace(state=tmp_path / "state")
    bundle = folder(closed(log_of(journal())), tmp_path / "one")
    audit_bundle(bundle, goes_on)
    goes_on.state.write_bytes(b"".join(TORN[torn](goes_on.state.read_bytes().splitlines(keepends=True))))

    with pytest.raises(BadState):
        audit_bundle(bundle, goes_on)


def test_a_state_that_cannot_be_written_is_an_error_that_names_the_file(tmp_path, anchor):
    goes_on = anchor._replace(state=tmp_path / "nosuch" / "state")

    with pytest.raises(FileNotFoundError) as told:
        audit_bundle(folder(closed(log_of(journal())), tmp_path / "one"), goes_on)

    assert told.value.filename == str(goes_on.state)


def test_a_checkpoint_that_the_auditor_kept_is_held_against_the_bundle(tmp_path, anchor):
    log = closed(log_of(journal()))
    (tmp_path / "kept").write_bytes(log.checkpoint)
    write_folder(
        {name: body for name, body in log.bundle().items() if name.startswith(("checkpoint", "tile/"))},
        tmp_path / "seen",
    )
    bundle = folder(forged(into_acceptance)[0], tmp_path / "other")

    for seen in (tmp_path / "kept", tmp_path / "seen"):
        report = audit_bundle(bundle, anchor._replace(seen=(seen,)))
        assert "seen.inconsistent" in kinds(report)
    assert audit_bundle(folder(grown(log), tmp_path / "more"), anchor._replace(seen=(tmp_path / "seen",))).clean


# --- many files, many cases, memory ----------------------------------------------------------------------------------


def test_a_case_is_found_across_many_files_and_by_many_processes(tmp_path, anchor):
    log = closed(log_of(journal(120)))
    members = {name: body for name, body in log.bundle().items() if not name.startswith("entries/")}
    members |= log.entries(range(len(log.bodies)), with_proofs=False, per_file=7)
    bundle = write_folder(log.sealed(members, Scope(), len(log.bodies)), tmp_path / "bundle")

    reports = [audit_bundle(bundle, anchor, jobs=jobs) for jobs in (1, 2)]

    assert reports[0].clean
    assert reports[1] == reports[0]


def test_memory_does_not_grow_with_the_entries_beyond_the_heads(tmp_path, anchor):
    def peak(cases: int) -> int:
        bundle = folder(closed(log_of(journal(cases))), tmp_path / str(cases))
        audit_bundle(bundle, anchor)
        tracemalloc.start()
        try:
            assert audit_bundle(bundle, anchor).clean
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(20), peak(120)

    assert many - few < 100 * 1_500  # bytes for each case more: its head, and nothing of its entries
