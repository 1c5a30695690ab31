"""Findings: what can be wrong with a journal, in words, what each means for the verdict, and the report of an audit.

A verdict has two axes, never one: whether the journal is whole and unaltered, and whether its answers are those of the
rules. Must live here: kinds, words, verdicts. Must not be known here: how anything is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.errors import BadJournal
from engine.proof import verify as proof
from engine.text import Text, Word

KEPT = 10_000
"""The most findings of one kind that a report keeps; it counts them all."""


class Integrity(Word):
    """Whether a journal is whole and unaltered; the later, the worse."""

    OK = "OK", "完整未改", "whole and unaltered"
    UNVERIFIABLE = "UNVERIFIABLE", "无法证实", "cannot be proven"
    INCOMPLETE = "INCOMPLETE", "不完整", "incomplete"
    TAMPERED = "TAMPERED", "被改动", "tampered with"


class Compliance(Word):
    """Whether its answers are those of the rules in force; the later, the worse."""

    CONFORMS = "CONFORMS", "合规", "conforms"
    UNDECIDABLE = "UNDECIDABLE", "无法判定", "cannot be decided"
    VIOLATION = "VIOLATION", "违规", "violated"


class Kind(NamedTuple):
    """What a kind of finding means for the verdict, and how it is said."""

    verdict: Integrity | Compliance
    text: Text


def _tampered(zh: str, en: str) -> Kind:
    return Kind(Integrity.TAMPERED, Text(zh, en))


def _violation(zh: str, en: str) -> Kind:
    return Kind(Compliance.VIOLATION, Text(zh, en))


PROVEN: Mapping[str, Kind] = {
    kind: Kind(Integrity.__members__[status], Text(zh, en)) for kind, (status, zh, en) in proof.KINDS.items()
}
"""The kinds that `engine.proof.verify` finds by itself, with its words."""

KINDS: Mapping[str, Kind] = {
    **PROVEN,
    "entry.unreadable": _tampered("条目无法读取：应为 {reason}", "The entry cannot be read: expected {reason}"),
    "entry.order": _tampered(
        "条目次序有误：单号或序号应大于前一条", "Entries are out of order: case and seq must go up"
    ),
    "entry.columns": _tampered(
        "数据库列与条目内容不符：{field} 应为 {expected}，实为 {actual}",
        "A column of the database differs from the entry beside it: {field} should be {expected}, it is {actual}",
    ),
    "seal.broken": _tampered(
        "封印不符：内容被改动（封印 {expected}，内容算得 {actual}）",
        "The seal does not fit: the content was changed (sealed {expected}, content gives {actual})",
    ),
    "rules.unknown": Kind(
        Compliance.UNDECIDABLE,
        Text(zh="无法判定本单：规则无法取得：{reason}", en="The case cannot be judged: rules not available: {reason}"),
    ),
    "rules.changed": _tampered("本单的规则中途被换", "The rules of this case were changed under way"),
    "rules.set": _tampered(
        "规则清单与链头条目所记不符：应为 {expected}，实为 {actual}",
        "The set of rules is not the one that the heads entry states: expected {expected}, found {actual}",
    ),
    "time.backwards": _tampered("记录时间早于前一条", "Recorded earlier than the entry before"),
    "replay.answer": _violation(
        "按当时的规则重放，答复应为“{expected}”，日志写的是“{actual}”",
        "Replayed by the rules in force the answer is '{expected}'; the journal says '{actual}'",
    ),
    "replay.state": _violation(
        "重放所得状态为 {expected}，日志写的是 {actual}",
        "Replay leads to {expected}; the journal says {actual}",
    ),
    "replay.clauses": _violation(
        "重放所得条款为 {expected}，日志写的是 {actual}",
        "Replay names the clauses {expected}; the journal names {actual}",
    ),
    "replay.opening": _violation(
        "首条应为按 {expected} 开单，实为 {actual}",
        "The first entry should open the case under {expected}, it is {actual}",
    ),
    "replay.impossible": _violation("命令无法重放：{reason}", "The command cannot be replayed: {reason}"),
    "row.differs": _tampered(
        "单据行与日志不符：{field} 应为 {expected}，实为 {actual}",
        "The case row differs from its journal: {field} should be {expected}, it is {actual}",
    ),
    "row.orphan": _tampered("有单据行而无日志", "A case row without a journal"),
    "row.missing": _tampered("有日志而无单据行", "A journal without its case row"),
}
"""Every kind of finding, its verdict and its words."""

_CODES: Mapping[str, Text] = {
    **BadJournal.codes,
    "accepted": Text(zh="接受", en="accepted"),
    "refused": Text(zh="拒绝", en="refused"),
}

NOT_ANCHORED = Text(
    zh="未锚定：若日志末尾被截去、整单被删，或整链在规则之内被改写并重新封印，本次审计看不出来。"
    "如需锚定：请对方用 gongdan audit export 导出证据包，再用 gongdan audit 证据包 --policy 策略文件 审计。",
    en="Not anchored: a journal cut off at its end, a case removed whole, or a chain rewritten within the rules and "
    "sealed anew, would not be seen. To anchor it: ask for a bundle (gongdan audit export) and audit that with a "
    "trust policy of your own (gongdan audit BUNDLE --policy FILE).",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a journal: what, where, and the facts that show it.

    `index` is the entry's place in the log, `file` and `line` where it was read; `rules` is the digest of the profile
    in force, `clauses` those that are at issue.
    """

    kind: str
    shop: str
    case: str
    seq: int
    facts: Mapping[str, object] = field(default_factory=dict)
    index: int | None = None
    file: str = ""
    line: int = 0
    rules: str = ""
    clauses: tuple[str, ...] = ()

    @property
    def verdict(self) -> Integrity | Compliance:
        """What this finding alone makes of its axis."""
        return KINDS[self.kind].verdict

    @property
    def same(self) -> tuple[object, ...]:
        """What it has in common with the same thing found by other means."""
        return self.kind, self.shop, self.case, self.seq, self.facts.get("field")

    @property
    def text(self) -> Text:
        """The finding in words."""
        return KINDS[self.kind].text.render(self.facts, _CODES)


@dataclass(slots=True)
class Report:
    """What an audit saw: how much, and what was wrong. `counts` has every finding by kind, also those not kept.

    Of what was held against a checkpoint, `origin`, `size` and `root` (in hexadecimal) are the checkpoint's, `scope` is
    what was to be there; `signed_by` and `cosigned_by` are the log keys and witnesses, among those that the auditor
    trusts, who signed. `waiting` are entries of a database that came after its checkpoint.
    """

    cases: int = 0
    entries: int = 0
    findings: list[Finding] = field(default_factory=list)
    origin: str = ""
    size: int = 0
    root: str = ""
    scope: proof.Scope | None = None
    signed_by: tuple[str, ...] = ()
    cosigned_by: tuple[str, ...] = ()
    waiting: int = 0
    counts: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        """Count the findings that were given."""
        self.counts = Counter(finding.kind for finding in self.findings)

    def add(self, *findings: Finding) -> None:
        """Take findings in."""
        self.extend(findings)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Take findings in, and of each kind no more than `KEPT`."""
        for finding in findings:
            self.counts[finding.kind] += 1
            if self.counts[finding.kind] <= KEPT:
                self.findings.append(finding)

    def merge(self, other: Report) -> None:
        """Take in what another part of the same audit saw."""
        self.cases += other.cases
        self.entries += other.entries
        left_out = other.counts - Counter(finding.kind for finding in other.findings)
        self.extend(other.findings)
        self.counts += left_out

    def join(self, other: Report) -> None:
        """Take in what another audit saw of the same log and of what came after, which had no anchor; nothing twice."""
        known = {finding.same for finding in self.findings}
        self.extend(one for one in other.findings if one.kind != "anchor.missing" and one.same not in known)
        self.cases = max(self.cases, other.cases)
        self.waiting = max(0, other.entries - self.entries)
        self.entries = max(self.entries, other.entries)

    @property
    def integrity(self) -> Integrity:
        """Whether the journal is whole and unaltered: the worst finding decides."""
        return max((one for one in self._verdicts() if isinstance(one, Integrity)), key=[*Integrity].index)

    @property
    def compliance(self) -> Compliance:
        """Whether its answers are those of the rules: the worst finding decides."""
        return max((one for one in self._verdicts() if isinstance(one, Compliance)), key=[*Compliance].index)

    def _verdicts(self) -> Iterable[Integrity | Compliance]:
        return [Integrity.OK, Compliance.CONFORMS, *(KINDS[kind].verdict for kind in self.counts)]

    @property
    def clean(self) -> bool:
        """Proven whole and unaltered, and conforming: OK and CONFORMS."""
        return self.integrity is Integrity.OK and self.compliance is Compliance.CONFORMS

    @property
    def sound(self) -> bool:
        """Nothing was found wrong, as far as can be told; where an anchor is missing, that is not very far."""
        fine = self.integrity in {Integrity.OK, Integrity.UNVERIFIABLE}
        return fine and self.compliance is Compliance.CONFORMS

    @property
    def anchored(self) -> bool:
        """It was held against a checkpoint that the auditor trusts."""
        return not self.counts["anchor.missing"]

    def unanchored(self) -> None:
        """Say that there was no anchor."""
        self.add(Finding("anchor.missing", "", "", 0))
