"""Audit: ask `decide` every question of a journal again, and compare. Pure: it reads entries and yields findings.

Must live here: how a journal is judged. Must not be known here: databases, files, terminals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from engine.canonical import digest
from engine.case import FIRST, Case, CaseRow
from engine.command import Accepted
from engine.decider import Decider
from engine.errors import BadJournal, RulesUnknown
from engine.events.common import CaseOpened
from engine.findings import Finding, Report
from engine.journal import Entry, Words, said_by
from engine.listing import row_of
from engine.rules import Catalogue, Rules

Deciders = Callable[[str], Decider]
"""The decider of a rules digest. Raises RulesUnknown."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry as it was read, and the seal that was kept with its bytes; without an entry, the reason."""

    seal: str
    entry: Entry | None
    reason: str = ""

    @classmethod
    def read(cls, body: bytes, seal: str, catalogue: Catalogue) -> Sealed:
        """Read an entry; of an unreadable one the reason is kept."""
        try:
            return cls(seal, Entry.read(body, catalogue.events))
        except BadJournal as error:
            return cls(seal, None, str(error.facts["expected"]))


def library(catalogue: Catalogue, body_of: Callable[[str], bytes | None]) -> Deciders:
    """Deciders by rules digest, each built once from the stored body."""
    built: dict[str, Decider] = {}

    def find(wanted: str) -> Decider:
        if wanted not in built:
            built[wanted] = Decider(Rules.stored(wanted, body_of(wanted)), catalogue)
        return built[wanted]

    return find


def is_sound(known: str, body: bytes, report: Report) -> bool:
    """A rules body stands under its own digest; else that is a finding."""
    sound = digest(body) == known
    if not sound:
        report.findings.append(Finding("rules.digest", "", "", 0, {"digest": known[:12]}))
    return sound


def audit(entries: Iterable[Sealed], deciders: Deciders, report: Report) -> Iterator[Case]:
    """Replay a journal that comes by shop, case and seq; findings go to the report, each case as it ends is yielded.

    Memory stays flat: one case at a time.
    """
    last: tuple[str, str] = ("", "")
    place = ("", "")

    def key(sealed: Sealed) -> tuple[str, str]:
        nonlocal place
        if sealed.entry is not None:
            place = (sealed.entry.shop, sealed.entry.case)
        return place

    for where, group in groupby(entries, key):
        if where < last:
            report.findings.append(Finding("entry.order", *where, 0))
        last = where
        report.cases += 1
        case = replay(group, deciders, report)
        if case is not None:
            yield case


def replay(entries: Iterable[Sealed], deciders: Deciders, report: Report) -> Case | None:
    """Replay one case: every seal, every link, every answer. The case as its entries leave it, or None."""
    case: Case | None = None
    decider: Decider | None = None
    for sealed in entries:
        report.entries += 1
        entry = sealed.entry
        if entry is None:
            place = (case.shop, case.id, case.seq + 1) if case else ("", "", 0)
            report.findings.append(Finding("entry.unreadable", *place, {"reason": sealed.reason}))
            continue
        report.findings.extend(_chain(case, sealed, entry))
        if case is None:
            decider = _decider(entry, deciders, report)
            case = Case(entry.shop, entry.case, entry.workflow, entry.rules, entry.state)
            case = decider.open(entry.shop, entry.case) if decider else case
        if decider is not None:
            report.findings.extend(_answers(case, decider, entry))
        case = Decider.evolve(case, entry)
    return case


def _decider(entry: Entry, deciders: Deciders, report: Report) -> Decider | None:
    """The decider of a case; without its rules the chain is still walked."""
    try:
        return deciders(entry.rules)
    except RulesUnknown as error:
        facts = {"reason": error.facts["what"]}
        report.findings.append(Finding("rules.unknown", entry.shop, entry.case, entry.seq, facts))
        return None


def _chain(case: Case | None, sealed: Sealed, entry: Entry) -> Iterator[Finding]:
    def finding(kind: str, **facts: object) -> Finding:
        return Finding(kind, entry.shop, entry.case, entry.seq, facts)

    if entry.seal != sealed.seal:
        yield finding("seal.broken", expected=sealed.seal[:12], actual=entry.seal[:12])
    head, seq = (case.head, case.seq + 1) if case else (FIRST, 1)
    if entry.prev != head:
        yield finding("chain.broken", expected=head[:12], actual=entry.prev[:12])
    if entry.seq != seq:
        yield finding("chain.count", expected=seq, actual=entry.seq)
    if case is not None and case.rules != entry.rules:
        yield finding("rules.changed")
    if case is not None and case.recorded_at is not None and entry.recorded_at < case.recorded_at:
        yield finding("time.backwards")


def _answers(case: Case, decider: Decider, entry: Entry) -> Iterator[Finding]:
    def finding(kind: str, expected: object, actual: object) -> Finding:
        return Finding(kind, entry.shop, entry.case, entry.seq, {"expected": expected, "actual": actual})

    rules, facts = decider.rules, entry.command.facts
    if case.seq == 0 and facts != CaseOpened(profile=rules.profile, version=rules.version):
        yield finding("replay.opening", f"{rules.profile} {rules.version}", facts.kind)
    try:
        answer = decider.decide(case, entry.command, entry.recorded_at)
    except Exception as error:  # noqa: BLE001 - a history that was tampered with may break what a guard relies on
        yield Finding("replay.impossible", entry.shop, entry.case, entry.seq, {"reason": type(error).__name__})
        return
    accepted = isinstance(answer, Accepted)
    if accepted != entry.accepted:
        yield finding("replay.answer", _word(accepted), _word(entry.accepted))
        return
    if (answer.state, answer.version, entry.workflow) != (entry.state, entry.version, case.workflow):
        yield finding("replay.state", answer.state, entry.state)
    said, recorded = said_by(answer), (entry.refusals, entry.notes, entry.waived)
    if said != recorded:
        yield finding("replay.clauses", _ids(said), _ids(recorded))


def _word(accepted: bool) -> str:
    return "accepted" if accepted else "refused"


def _ids(said: Words) -> list[str]:
    refusals, notes, waived = said
    return [*(id_ for id_, _ in refusals), *(id_ for id_, _ in notes), *waived]


def compare_rows(rows: Iterator[CaseRow], cases: Iterator[Case], catalogue: Catalogue, report: Report) -> None:
    """Walk rows and replayed cases side by side, both by shop and case."""
    row, case = next(rows, None), next(cases, None)
    while row is not None or case is not None:
        row_key = (row.shop, row.id) if row else None
        case_key = (case.shop, case.id) if case else None
        if case is None or (row_key is not None and case_key is not None and row_key < case_key):
            report.findings.append(Finding("row.orphan", *(row_key or ("", "")), 0))
            row = next(rows, None)
        elif row is None or row_key != case_key:
            report.findings.append(Finding("row.missing", case.shop, case.id, case.seq))
            case = next(cases, None)
        else:
            report.findings.extend(_row_findings(row, case, catalogue))
            row, case = next(rows, None), next(cases, None)


def _row_findings(row: CaseRow, case: Case, catalogue: Catalogue) -> Iterator[Finding]:
    workflow = catalogue.workflows.get(case.workflow)
    expected = row_of(case, workflow) if workflow else row  # the replay has said that it is not known
    for name, should, actual in zip(CaseRow._fields, expected, row, strict=True):
        if should != actual:
            facts = {"field": name, "expected": should, "actual": actual}
            yield Finding("row.differs", case.shop, case.id, case.seq, facts)
