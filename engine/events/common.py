"""Facts that every workflow has: a case was opened, a clause was waived."""

from __future__ import annotations

from engine.events.event import Code, Count, Event
from engine.events.personal import Words


class CaseOpened(Event):
    """The case exists, under the rules named by its entry."""

    profile: Code
    version: Code


class ClauseWaived(Event):
    """A person who may do so lets one refused command pass one clause that the profile lists as waivable.

    `refused_seq` is the entry that refused; the waiver is void when the facts of that command change.
    """

    refused_seq: Count | None = None
    clause: Code | None = None
    reason: Words | None = None


EVENTS: tuple[type[Event], ...] = (CaseOpened, ClauseWaived)
