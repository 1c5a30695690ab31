"""Facts that every workflow has: a case was opened, a clause was waived."""

from __future__ import annotations

from engine.events.event import Code, Count, Event, optional, required
from engine.events.personal import Words
from engine.text import Text


class CaseOpened(Event):
    """The case exists, under the rules named by its entry."""

    profile: Code = required("开单时的品牌口径", "the profile that it was opened under")
    version: Code = required("该口径的版本", "the version of that profile")


OPENED = Text(zh="开单", en="Case opened")
"""What the opening is called: it stands in no table, which has the labels of the other commands."""


class ClauseWaived(Event):
    """A person who may do so lets one refused command pass one clause that the profile lists as waivable.

    `refused_seq` is the entry that refused; the waiver is void when the facts of that command change.
    """

    refused_seq: Count | None = optional(
        "被豁免的那次拒绝在本单日志中的序号", "place in the case's journal of the refusal that is waived"
    )
    clause: Code | None = optional("所豁免的条款", "the clause that is waived")
    reason: Words | None = optional("豁免原因", "why it is waived")


EVENTS: tuple[type[Event], ...] = (CaseOpened, ClauseWaived)
