"""A case told fact by fact, each some time after the one before; and what one clause answered to the last."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine import Accepted, Actor, Answer, Refused
from engine.events.event import Event
from tests import conforming as co
from tests.flaws import CASE
from tests.support import ADVISOR


def put(desk: co.Desk, event: Event, by: Actor = ADVISOR, at: datetime | None = None, **later: float) -> Answer:
    """Put a fact some time later, which happened then or earlier."""
    desk.clock.forward(**later)
    return desk.apply(CASE, event, by=by, occurred_at=at)


def noted(answer: Answer, clause: str) -> dict[str, Any] | None:
    """With which facts an accepted answer notes a clause; None when it is met."""
    assert isinstance(answer, Accepted), answer
    return next((dict(note.facts) for note in answer.notes if note.clause == clause), None)


def refused(answer: Answer, clause: str) -> dict[str, Any]:
    """With which facts an answer is refused, by this clause alone."""
    assert isinstance(answer, Refused), answer
    assert answer.clauses == (clause,)
    return dict(answer.refusals[0].facts)
