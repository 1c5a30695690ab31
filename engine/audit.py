"""Audit: ask `decide` every question of a journal again, and compare. Pure: it reads entries and yields findings.

Must live here: how a journal is judged. Must not be known here: databases, files, terminals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from engine.canonical import canonical, digest
from engine.case import FIRST, Case, CaseRow
from engine.command import Accepted, Answer
from engine.decider import Decider
from engine.errors import RulesUnknown
from engine.events.common import CaseOpened
from engine.evidence import Columns, Foreign, Sealed
from engine.findings import Finding, Report
from engine.journal import Entry, Words, said_by
from engine.listing import row_of
from engine.rules import Catalogue, Rules

Deciders = Callable[[str], Decider]
"""The decider of a rules digest. Raises RulesUnknown."""


class Leaf(NamedTuple):
    """What the heads of a log say of a case: how far it had got, and the digest of its row then."""

    seq: int
    row: str


def library(catalogue: Catalogue, body_of: Callable[[str], bytes | None]) -> Deciders:
    """Deciders by rules digest, each built once from the stored body."""
    built: dict[str, Decider | RulesUnknown] = {}

    def find(wanted: str) -> Decider:
        if wanted not in built:
            built[wanted] = _built(wanted, body_of(wanted), catalogue)
        decider = built[wanted]
        if isinstance(decider, RulesUnknown):
            raise decider
        return decider

    return find


def _built(wanted: str, body: bytes | None, catalogue: Catalogue) -> Decider | RulesUnknown:
    try:
        return Decider(Rules.stored(wanted, body), catalogue)
    except RulesUnknown as error:
        return error


def is_sound(known: str, body: bytes, report: Report) -> bool:
    """A rules body stands under its own digest; else that is a finding."""
    sound = digest(body) == known
    if not sound:
        report.add(Finding("rules.digest", "", "", 0, {"digest": known[:12]}))
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
            report.add(Finding("entry.order", *where, 0))
        last = where
        report.cases += 1
        case = replay(group, deciders, report)
        if case is not None:
            yield case


def replay(entries: Iterable[Sealed], deciders: Deciders, report: Report, leaf: Leaf | None = None) -> Case | None:
    """Replay one case: every seal, every link, every answer. The case as its entries leave it, or None.

    With a leaf, the row that the case has at its seq is compared too. Pure: it can be mapped over cases anywhere.
    """
    case: Case | None = None
    decider: Decider | None = None
    for sealed in entries:
        report.entries += 1
        entry = sealed.entry
        if entry is None:
            report.add(_unreadable(case, sealed))
            continue
        report.extend(_columns(sealed, entry))
        report.extend(_chain(case, sealed, entry))
        if case is None:
            decider = _decider(sealed, entry, deciders, report)
            case = Case(entry.shop, entry.case, entry.workflow, entry.rules, entry.state)
            case = decider.open(entry.shop, entry.case) if decider else case
        if decider is not None:
            report.extend(_answers(case, decider, sealed, entry))
        case = Decider.evolve(case, entry)
        if leaf is not None and decider is not None and case.seq == leaf.seq:
            report.extend(_row(case, decider, sealed, leaf))
    return case


def _unreadable(case: Case | None, sealed: Sealed) -> Finding:
    """Of an entry that cannot be read only the entries before it tell whose it is."""
    finding = sealed.finding("entry.unreadable", reason=sealed.reason)
    return replace(finding, shop=case.shop, case=case.id, seq=case.seq + 1, rules=case.rules) if case else finding


def _decider(sealed: Sealed, entry: Entry, deciders: Deciders, report: Report) -> Decider | None:
    """The decider of a case; without its rules the chain is still walked."""
    try:
        return deciders(entry.rules)
    except RulesUnknown as error:
        report.add(sealed.finding("rules.unknown", reason=error.facts["what"]))
        return None


def _columns(sealed: Sealed, entry: Entry) -> Iterator[Finding]:
    if sealed.columns is None:
        return
    for name, should, actual in zip(Columns._fields, Columns.of(entry), sealed.columns, strict=True):
        if should != actual:
            yield sealed.finding("entry.columns", field=name, expected=should, actual=actual)


def _chain(case: Case | None, sealed: Sealed, entry: Entry) -> Iterator[Finding]:
    if entry.seal != sealed.seal:
        yield sealed.finding("seal.broken", expected=sealed.seal[:12], actual=entry.seal[:12])
    head, seq = (case.head, case.seq + 1) if case else (FIRST, 1)
    if entry.prev != head:
        yield sealed.finding("chain.broken", expected=head[:12], actual=entry.prev[:12])
    if entry.seq != seq:
        yield sealed.finding("chain.count", expected=seq, actual=entry.seq)
    if case is not None and case.rules != entry.rules:
        yield sealed.finding("rules.changed")
    if case is not None and case.recorded_at is not None and entry.recorded_at < case.recorded_at:
        yield sealed.finding("time.backwards")


def _answers(case: Case, decider: Decider, sealed: Sealed, entry: Entry) -> Iterator[Finding]:
    rules, facts = decider.rules, entry.command.facts
    if isinstance(facts, Foreign):
        yield sealed.finding("entry.unreadable", reason="entry")
        return
    if case.seq == 0 and facts != CaseOpened(profile=rules.profile, version=rules.version):
        expected = f"{rules.profile} {rules.version}"
        yield sealed.finding("replay.opening", expected=expected, actual=facts.kind)
    try:
        answer = decider.decide(case, entry.command, entry.recorded_at)
    except Exception as error:  # noqa: BLE001 - a history that was tampered with may break what a guard relies on
        yield sealed.finding("replay.impossible", reason=type(error).__name__)
        return
    yield from _compared(answer, case, sealed, entry)


def _compared(answer: Answer, case: Case, sealed: Sealed, entry: Entry) -> Iterator[Finding]:
    """The answer that the rules give, beside the one that was recorded."""
    said, recorded = said_by(answer), (entry.refusals, entry.notes, entry.waived)
    accepted = isinstance(answer, Accepted)
    if accepted != entry.accepted:
        clauses = [id_ for id_, _ in (recorded if accepted else said)[0]]
        yield sealed.finding("replay.answer", clauses, expected=_word(accepted), actual=_word(entry.accepted))
        return
    if (answer.state, answer.version, entry.workflow) != (entry.state, entry.version, case.workflow):
        yield sealed.finding("replay.state", expected=answer.state, actual=entry.state)
    if said != recorded:
        yield sealed.finding("replay.clauses", _differing(said, recorded), expected=_ids(said), actual=_ids(recorded))


def _word(accepted: bool) -> str:
    return "accepted" if accepted else "refused"


def _ids(said: Words) -> list[str]:
    refusals, notes, waived = said
    return [*(id_ for id_, _ in refusals), *(id_ for id_, _ in notes), *waived]


def _differing(said: Words, recorded: Words) -> list[str]:
    """The clauses that two answers do not say alike."""
    one, other = _spoken(said), _spoken(recorded)
    return sorted(
        {id_ for how, id_, facts in (*one, *other) if ((how, id_, facts) in one) != ((how, id_, facts) in other)}
    )


def _spoken(said: Words) -> list[tuple[str, str, object]]:
    refusals, notes, waived = said
    return [
        *(("refused", id_, facts) for id_, facts in refusals),
        *(("noted", id_, facts) for id_, facts in notes),
        *(("waived", id_, None) for id_ in waived),
    ]


def _row(case: Case, decider: Decider, sealed: Sealed, leaf: Leaf) -> Iterator[Finding]:
    """The row of the case as it stands, against the digest that the heads have of it."""
    row = digest(canonical(row_of(case, decider.workflow)._asdict()))
    if row != leaf.row:
        yield sealed.finding("row.differs", field="row", expected=row[:12], actual=leaf.row[:12])


def compare_rows(rows: Iterator[CaseRow], cases: Iterator[Case], catalogue: Catalogue, report: Report) -> None:
    """Walk rows and replayed cases side by side, both by shop and case."""
    row, case = next(rows, None), next(cases, None)
    while row is not None or case is not None:
        row_key = (row.shop, row.id) if row else None
        case_key = (case.shop, case.id) if case else None
        if case is None or (row_key is not None and case_key is not None and row_key < case_key):
            report.add(Finding("row.orphan", *(row_key or ("", "")), 0))
            row = next(rows, None)
        elif row is None or row_key != case_key:
            report.add(Finding("row.missing", case.shop, case.id, case.seq))
            case = next(cases, None)
        else:
            report.extend(_row_findings(row, case, catalogue))
            row, case = next(rows, None), next(cases, None)


def _row_findings(row: CaseRow, case: Case, catalogue: Catalogue) -> Iterator[Finding]:
    workflow = catalogue.workflows.get(case.workflow)
    expected = row_of(case, workflow) if workflow else row  # the replay has said that it is not known
    for name, should, actual in zip(CaseRow._fields, expected, row, strict=True):
        if should != actual:
            facts = {"field": name, "expected": should, "actual": actual}
            yield Finding("row.differs", case.shop, case.id, case.seq, facts)
