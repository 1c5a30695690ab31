"""The facts of a shop's ledger: what happened to its journal and to what lies beside it, and on no repair order."""

from __future__ import annotations

from engine.events.event import Code, Count, Event, required


class PersonalRevealed(Event):
    """Personal values of an entry were given out in clear. Which, to whom and what for; never a value.

    Who asked for them is the actor: a person of the floor, or an adapter in the role `system`.
    """

    case: Code = required("值所在的单号", "the case whose values they are")
    seq: Count = required("值所在的日志序号", "the entry of that case that holds their commitments")
    paths: tuple[Code, ...] = required("给出的字段", "the fields that were given out")
    to: Code = required("给谁：岗位或人员编号", "who gets to see them: a role, or a person's opaque id")
    purpose: Code = required("用途代码", "what for, as a code of the host's")


EVENTS: tuple[type[Event], ...] = (PersonalRevealed,)
