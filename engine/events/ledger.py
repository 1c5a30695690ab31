"""The facts of a shop's ledger: what happened to its journal and to what lies beside it, and on no repair order."""

from __future__ import annotations

from engine.events.event import Code, Count, Digest, Event, Flag, Instant, optional, required
from engine.events.personal import Personal


class PersonalRevealed(Event):
    """Personal values of an entry were given out in clear. Which, to whom and what for; never a value.

    Who asked for them is the actor: a person of the floor, or an adapter in the role `system`.
    """

    case: Code = required("值所在的单号", "the case whose values they are")
    seq: Count = required("值所在的日志序号", "the entry of that case that holds their commitments")
    paths: tuple[Code, ...] = required("给出的字段", "the fields that were given out")
    to: Code = required("给谁：岗位或人员编号", "who gets to see them: a role, or a person's opaque id")
    purpose: Code = required("用途代码", "what for, as a code of the host's")


class HeadsRecorded(Event):
    """Where every case stood before this entry got its place in the log: what the next checkpoint proves complete.

    In the log's own ledger only.
    """

    size: Count = required("此前的条目数，即本条目的位置", "how many entries there were before: the place of this one")
    root: Digest = required("各单链头映射的根", "the root of the map of heads")
    rules: Digest = required("全部规则摘要之列表的摘要", "the digest of the list of all rules digests, in order")


class KeyAnnounced(Event):
    """Checkpoints are signed by this key from now on. In the log's own ledger only."""

    name: Code = required("日志来源名，即密钥名", "the origin of the log, which is the key's name")
    public: Digest = required("Ed25519 公钥", "the Ed25519 public key")
    previous: Digest | None = optional("此前的公钥；首个密钥则无", "the public key before; none for the first")


class JournalExported(Event):
    """Entries left the house in a bundle. In the log's own ledger only."""

    to: Code = required("给谁：机构或人员编号", "who gets them: an opaque id")
    purpose: Code = required("用途代码", "what for, as a code of the host's")
    shop: Code | None = optional("限于此门店", "only this shop")
    case: Code | None = optional("限于此单", "only this case")
    since: Instant | None = optional("限于此时起有记录的单", "only cases with entries recorded from this time on")
    until: Instant | None = optional("限于此时前有记录的单", "only cases with entries recorded before this time")
    openings: Count = required("随附的个人信息明文数", "how many personal values go along in clear")


class SubjectRestricted(Event):
    """Personal values of a subject are only stored from now on, until their terms have ended. No person is named.

    Who asked is the actor. `whose` is a commitment: its salt goes with the last of the values.
    """

    whose: Personal = required("信息主体编号（承诺值）", "the subject's id, as a commitment")
    values: Count = required("受限的字段数", "how many values were restricted")
    until: Instant | None = optional("最迟保存至；有单未结则未定", "when the last term ends; open while a case is")
    held: Flag = required("是否有法律保全", "whether a legal hold keeps any of them for now")
    reason: Code = required("原因代码", "why, as a code of the host's")


class SubjectErased(Event):
    """Personal values that were restricted are erased, with their salts. No person is named."""

    request: Count = required("当初限制的台账序号", "the entry of this ledger that restricted them")
    values: Count = required("抹除的字段数", "how many values were erased")
    asked_by: Code = required("由谁提出：人员编号", "who asked for it: an opaque id")
    reason: Code = required("原因代码", "why it was asked, as a code of the host's")


class HoldPlaced(Event):
    """A legal hold: until it is lifted nothing of this subject, or of this case, is erased."""

    whose: Personal | None = optional("信息主体编号（承诺值）", "the subject's id, as a commitment")
    case: Code | None = optional("或：单号", "or the case")
    reason: Code = required("原因代码", "why, as a code of the host's")


class HoldLifted(Event):
    """A legal hold has ended."""

    hold: Count = required("当初保全的台账序号", "the entry of this ledger that placed it")
    reason: Code = required("原因代码", "why, as a code of the host's")


EVENTS: tuple[type[Event], ...] = (
    PersonalRevealed,
    HeadsRecorded,
    KeyAnnounced,
    JournalExported,
    SubjectRestricted,
    SubjectErased,
    HoldPlaced,
    HoldLifted,
)
