"""Proof: what an audit proved and by what, and in plain words what it did not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Self

from engine import Compliance, Integrity, Report, Text


class Scope(NamedTuple):
    """What was audited: one shop, one case, from a time on, up to a time. All None: the whole log."""

    shop: str | None = None
    case: str | None = None
    since: datetime | str | None = None
    until: datetime | str | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """Both verdicts of an audit, and the checkpoint, if any, that the journal was held against.

    `signed_by` are the keys of the log whose signatures were checked, `cosigned_by` the witnesses whose cosignatures
    were, `anchored_by` what the auditor himself brought to trust: his policy, the checkpoints that he has seen.
    `waiting` are entries of a database that came after its checkpoint.
    """

    source: str
    integrity: Integrity
    compliance: Compliance
    scope: Scope = Scope()
    origin: str = ""
    size: int | None = None
    root: str = ""
    signed_by: tuple[str, ...] = ()
    cosigned_by: tuple[str, ...] = ()
    anchored_by: tuple[str, ...] = ()
    waiting: int = 0

    @classmethod
    def of(cls, report: Report, source: str, anchored_by: Iterable[str] = ()) -> Self:
        """The proof that an audit gave of what is called `source`."""
        scope = report.scope
        return cls(
            source=source,
            integrity=report.integrity,
            compliance=report.compliance,
            scope=Scope(scope.shop, scope.case, _moment(scope.since), _moment(scope.until)) if scope else Scope(),
            origin=report.origin,
            size=report.size if scope else None,
            root=report.root,
            signed_by=report.signed_by,
            cosigned_by=report.cosigned_by,
            anchored_by=tuple(anchored_by),
            waiting=report.waiting,
        )

    @property
    def whole(self) -> bool:
        """Nothing in scope is altered or missing, as far as the anchor reaches."""
        return self.integrity is Integrity.OK

    @property
    def proven(self) -> list[Text]:
        """What was proven, a sentence each."""
        return [text for text in self._proven() if text]

    @property
    def not_proven(self) -> list[Text]:
        """What was not proven, a sentence each; some of it no journal can."""
        return [*(text for text in self._missing() if text), *_BEYOND]

    def _proven(self) -> Iterator[Text | None]:
        facts = {"size": self.size, "keys": self.signed_by, "witnesses": self.cosigned_by}
        yield _SEALED if self.integrity is not Integrity.TAMPERED else None
        yield _SIGNED.render(facts) if self.whole and self.size is not None and self.signed_by else None
        yield _WHOLE.render({"anchors": self.anchored_by}) if self.whole and self.anchored_by else None
        yield _WITNESSED.render(facts) if self.whole and self.cosigned_by else None
        yield _JUDGED if self.compliance is Compliance.CONFORMS else None

    def _missing(self) -> Iterator[Text | None]:
        yield _WRONG.get(self.integrity)
        yield _NO_CHECKPOINT if self.size is None else None
        yield _NO_KEY if self.size is not None and not self.signed_by else None
        yield _UNREACHED if self.anchored_by and self.integrity is Integrity.UNVERIFIABLE else None
        yield _NO_ANCHOR if not self.anchored_by else None
        yield _NO_WITNESS if not self.cosigned_by else None
        yield _WAITING.render({"waiting": self.waiting}) if self.waiting else None
        yield _NOT_JUDGED.get(self.compliance)


def _moment(text: str | None) -> datetime | str | None:
    """A moment as a manifest says it; as it is, where a forger's is none."""
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return text


INTEGRITY = {
    Integrity.OK: Text(
        "范围内的条目与封存时一致，且一条不缺。",
        "The entries in scope are as they were sealed, and none is missing.",
    ),
    Integrity.UNVERIFIABLE: Text(
        "没有发现改动；但缺少可信的锚定，无法证实没有缺失或整体改写。",
        "No change was found; but without an anchor that you trust, nothing proves that none is missing or rewritten.",
    ),
    Integrity.INCOMPLETE: Text("有条目或文件缺失，见发现。", "Entries or files are missing; see the findings."),
    Integrity.TAMPERED: Text("内容被改动过，见发现。", "Something was changed after it was sealed; see the findings."),
}
"""What the verdict on integrity means."""
COMPLIANCE = {
    Compliance.CONFORMS: Text(
        "按当时生效的规程逐条重问，每个答复都与记录一致。",
        "Every question was asked again by the SOP in force, and every answer is the recorded one.",
    ),
    Compliance.UNDECIDABLE: Text(
        "有的工单所依的规程此处没有，无法判定；其余一致。",
        "For some cases the rules in force are not available here, so they cannot be judged; the others agree.",
    ),
    Compliance.VIOLATION: Text(
        "有记录的答复不是当时的规程会给出的，见发现。",
        "Some recorded answer is not the one that the SOP in force gives; see the findings.",
    ),
}
"""What the verdict on compliance means."""

_SEALED = Text(
    "在场的每一条都与其封印相符，并接在本单前一条之后。",
    "Every entry that is here fits its seal and is linked to the one before it in its case.",
)
_SIGNED = Text(
    "这些条目就是由 {keys} 签名的、共 {size} 条的检查点所含的条目。",
    "The entries are those of the checkpoint of {size} entries that was signed by {keys}.",
)
_WHOLE = Text(
    "范围内一条不缺：截去末尾、整单移除都会显现（依据：{anchors}）。",
    "Nothing in scope is missing: a tail cut off or a case removed would show (anchor: {anchors}).",
)
_WITNESSED = Text(
    "见证人 {witnesses} 联署了该检查点：之后改写历史，会与他们所见不符。",
    "The witnesses {witnesses} cosigned the checkpoint: a history rewritten later would differ from what they saw.",
)
_JUDGED = Text(
    "在场条目的每个答复，都是当时生效的规程给出的答复。",
    "Every answer, as it stands here, is the one that the SOP in force gives.",
)
_WRONG = {
    Integrity.TAMPERED: Text(
        "条目未被改动：有发现与此相反。", "That nothing was changed: there are findings against it."
    ),
    Integrity.INCOMPLETE: Text("条目齐全：有缺失。", "That nothing is missing: something is."),
}
_NO_CHECKPOINT = Text(
    "日志齐全：没有检查点，末尾被截去或整单被删不会显现。",
    "That the journal is all there: without a checkpoint, a tail cut off or a case removed does not show.",
)
_NO_KEY = Text(
    "检查点出自这家店：没有核对过的签名。",
    "That the checkpoint is this shop's: no signature on it was checked.",
)
_NO_ANCHOR = Text(
    "签名的密钥可信：审计人没有提供自己的信任策略。",
    "That the signing key can be trusted: the auditor brought no policy of his own.",
)
_UNREACHED = Text(
    "日志齐全且未被整体改写：所凭的锚定不足以证实，见发现。",
    "That nothing is missing or rewritten: what the auditor brought does not reach that far; see the findings.",
)
_NO_WITNESS = Text(
    "所有人看到的是同一本日志：没有见证人联署，持有密钥的人可以另造一本。",
    "That everybody sees the same log: no witness cosigned it, and who holds the key could show others another one.",
)
_WAITING = Text(
    "检查点之后的 {waiting} 条：尚无检查点为其作证，截去或改写不会显现。",
    "The {waiting} entries after the checkpoint: none vouches for them yet, so a change or a cut would not show.",
)
_NOT_JUDGED = {
    Compliance.UNDECIDABLE: Text(
        "规程无法取得的工单是否合规。", "Whether those cases conform whose rules are not available here."
    ),
    Compliance.VIOLATION: Text(
        "每个答复都合规：有发现与此相反。", "That every answer conforms: there are findings against it."
    ),
}
_BEYOND = (
    Text(
        "从未录入的事。日志看不见没有写进去的事；只有店外的凭证（领料、收款、客户回执）能显示。",
        "What was never recorded. No journal shows what was not put into it; only papers from outside can (parts "
        "issued, payments, the customer's receipt).",
    ),
    Text(
        "所录内容属实。日志证明谁在何时录了什么、规程如何答复，不证明所录为真。",
        "That what was recorded is true. A journal proves who recorded what and when, and what the SOP answered.",
    ),
)
