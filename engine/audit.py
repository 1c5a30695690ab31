"""Audit: ask `decide` every question of a journal again, and compare. Pure: it reads entries and yields findings.

Must live here: what makes a journal wrong, in words. Must not be known here: databases, files, terminals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from engine.canonical import digest
from engine.case import FIRST, Case, CaseRow
from engine.command import Accepted, Answer
from engine.decider import Decider
from engine.errors import BadJournal, GongdanError, RulesUnknown, UnknownCommand
from engine.journal import Entry, Said
from engine.journal import seal as seal_of
from engine.rules import Catalogue, Rules
from engine.text import Text

Deciders = Callable[[str], Decider]
"""The decider of a rules digest. Raises RulesUnknown."""

KINDS: Mapping[str, Text] = {
    "entry.unreadable": Text(zh="条目无法读取：{reason}", en="The entry cannot be read: {reason}"),
    "entry.order": Text(
        zh="条目次序有误：单号或序号应大于前一条", en="Entries are out of order: case and seq must go up"
    ),
    "seal.broken": Text(
        zh="封印不符：内容被改动（封印 {expected}，内容算得 {actual}）",
        en="The seal does not fit: the content was changed (sealed {expected}, content gives {actual})",
    ),
    "chain.broken": Text(
        zh="链条断开：应接 {expected}，实接 {actual}（有条目被删、换序或改写）",
        en="The chain is broken: expected a link to {expected}, found {actual} (removed, swapped or rewritten)",
    ),
    "chain.count": Text(
        zh="序号应为 {expected}，实为 {actual}", en="The sequence number should be {expected}, it is {actual}"
    ),
    "rules.unknown": Text(zh="规则无法取得：{reason}", en="The rules are not available: {reason}"),
    "rules.digest": Text(zh="规则内容与摘要 {digest} 不符", en="A rules body does not fit its digest {digest}"),
    "rules.changed": Text(zh="本单的规则中途被换", en="The rules of this case were changed under way"),
    "time.backwards": Text(zh="记录时间早于前一条", en="Recorded earlier than the entry before"),
    "replay.answer": Text(
        zh="按当时的规则重放，答复应为“{expected}”，日志写的是“{actual}”",
        en="Replayed by the rules in force the answer is '{expected}'; the journal says '{actual}'",
    ),
    "replay.state": Text(
        zh="重放所得状态为 {expected}，日志写的是 {actual}",
        en="Replay leads to {expected}; the journal says {actual}",
    ),
    "replay.clauses": Text(
        zh="重放所得条款为 {expected}，日志写的是 {actual}",
        en="Replay names the clauses {expected}; the journal names {actual}",
    ),
    "replay.impossible": Text(zh="命令无法重放：{reason}", en="The command cannot be replayed: {reason}"),
    "row.differs": Text(
        zh="单据当前行与日志不符：{field} 应为 {expected}，实为 {actual}",
        en="The case row differs from its journal: {field} should be {expected}, it is {actual}",
    ),
    "row.orphan": Text(zh="有单据行而无日志", en="A case row without a journal"),
    "row.missing": Text(zh="有日志而无单据行", en="A journal without its case row"),
}

NOT_ANCHORED = Text(
    zh="未锚定：若日志末尾被截去或整单被删，本次审计看不出来。",
    en="Not anchored: a journal cut off at its end, or a case removed whole, would not be seen.",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a journal: what, where, and the facts that show it."""

    kind: str
    shop: str
    case: str
    seq: int
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> Text:
        """The finding in words."""
        return KINDS[self.kind].render(self.facts)


@dataclass(slots=True)
class Report:
    """What an audit saw: how much, and what was wrong."""

    cases: int = 0
    entries: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Nothing was found wrong, as far as a journal without an anchor can tell."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry as it came: its bytes, the seal that was kept with them, and where it was read."""

    body: bytes
    seal: str
    entry: Entry | None
    reason: str = ""

    @classmethod
    def read(cls, body: bytes, seal: str, catalogue: Catalogue) -> Sealed:
        """Read an entry; an unreadable one is kept as it is."""
        try:
            return cls(body, seal, Entry.read(body, catalogue.events))
        except BadJournal as error:
            return cls(body, seal, None, str(error.facts["expected"]))


def library(catalogue: Catalogue, body_of: Callable[[str], bytes | None]) -> Deciders:
    """Deciders by rules digest, each built once from the stored body."""
    built: dict[str, Decider] = {}

    def find(wanted: str) -> Decider:
        if wanted not in built:
            body = body_of(wanted)
            if body is None:
                raise RulesUnknown(what=f"digest {wanted[:12]}…")
            if digest(body) != wanted:
                raise RulesUnknown(what=f"the body under {wanted[:12]}… has another digest")
            built[wanted] = Decider(Rules.from_body(body), catalogue)
        return built[wanted]

    return find


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
        place = (case.shop, case.id, case.seq + 1) if case else ("", "", 0)
        if sealed.entry is None:
            report.findings.append(Finding("entry.unreadable", *place, {"reason": sealed.reason}))
            continue
        entry = sealed.entry
        report.findings.extend(_chain(case, sealed, entry))
        try:
            decider = decider or deciders(entry.rules)
        except GongdanError as error:
            facts = {"reason": str(error)}
            report.findings.append(Finding("rules.unknown", entry.shop, entry.case, entry.seq, facts))
            return None
        case = case or decider.open(entry.shop, entry.case)
        report.findings.extend(_answers(case, decider, entry))
        case = decider.evolve(case, entry)
    return case


def _chain(case: Case | None, sealed: Sealed, entry: Entry) -> Iterator[Finding]:
    def finding(kind: str, **facts: object) -> Finding:
        return Finding(kind, entry.shop, entry.case, entry.seq, facts)

    if seal_of(sealed.body) != sealed.seal:
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

    try:
        answer = decider.decide(case, entry.command, entry.recorded_at)
    except UnknownCommand as error:
        yield Finding("replay.impossible", entry.shop, entry.case, entry.seq, {"reason": error.text.en})
        return
    accepted = isinstance(answer, Accepted)
    if accepted != entry.accepted:
        yield finding("replay.answer", _word(accepted), _word(entry.accepted))
        return
    if (answer.state, answer.version, entry.workflow) != (entry.state, entry.version, case.workflow):
        yield finding("replay.state", answer.state, entry.state)
    said, recorded = _said(answer), (entry.refusals, entry.notes, entry.waived)
    if said != recorded:
        yield finding("replay.clauses", _ids(said), _ids(recorded))


def _word(accepted: bool) -> str:
    return "accepted" if accepted else "refused"


Words = tuple[tuple[Said, ...], tuple[Said, ...], tuple[str, ...]]


def _said(answer: Answer) -> Words:
    if isinstance(answer, Accepted):
        return (), tuple((note.clause, note.facts) for note in answer.notes), answer.waived
    return tuple((refusal.clause, refusal.facts) for refusal in answer.refusals), (), ()


def _ids(said: Words) -> list[str]:
    refusals, notes, waived = said
    return [*(id_ for id_, _ in refusals), *(id_ for id_, _ in notes), *waived]


def compare_rows(rows: Iterator[CaseRow], cases: Iterator[Case], report: Report) -> None:
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
            report.findings.extend(_row_findings(row, case))
            row, case = next(rows, None), next(cases, None)


def _row_findings(row: CaseRow, case: Case) -> Iterator[Finding]:
    expected = CaseRow.of(case)
    for name in CaseRow.__slots__:
        should, actual = getattr(expected, name), getattr(row, name)
        if should != actual:
            facts = {"field": name, "expected": should, "actual": actual}
            yield Finding("row.differs", case.shop, case.id, case.seq, facts)
