"""Findings: what can be wrong with a journal, in words, and the report that an audit makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.errors import BadJournal
from engine.text import Text

KINDS: Mapping[str, Text] = {
    "entry.unreadable": Text(zh="条目无法读取：应为 {reason}", en="The entry cannot be read: expected {reason}"),
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
    "replay.opening": Text(
        zh="首条应为按 {expected} 开单，实为 {actual}",
        en="The first entry should open the case under {expected}, it is {actual}",
    ),
    "replay.impossible": Text(zh="命令无法重放：{reason}", en="The command cannot be replayed: {reason}"),
    "row.differs": Text(
        zh="单据当前行与日志不符：{field} 应为 {expected}，实为 {actual}",
        en="The case row differs from its journal: {field} should be {expected}, it is {actual}",
    ),
    "row.orphan": Text(zh="有单据行而无日志", en="A case row without a journal"),
    "row.missing": Text(zh="有日志而无单据行", en="A journal without its case row"),
}

_CODES: Mapping[str, Text] = {
    **BadJournal.codes,
    "accepted": Text(zh="接受", en="accepted"),
    "refused": Text(zh="拒绝", en="refused"),
}

NOT_ANCHORED = Text(
    zh="未锚定：若日志末尾被截去、整单被删，或整链在规则之内被改写并重新封印，本次审计看不出来。",
    en="Not anchored: a journal cut off at its end, a case removed whole, or a chain rewritten within the rules and "
    "sealed anew, would not be seen.",
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
        return KINDS[self.kind].render(self.facts, _CODES)


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
