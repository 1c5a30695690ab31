"""A conforming case with one flaw in it: what the SOP answers then, told by clause."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any

from engine import Accepted, Answer, Refused
from engine.decider import Decider
from engine.events.event import Event
from tests import conforming as co
from tests.support import START, Clock

CASE = "RO-1"
Flaw = Callable[[Event], Iterable[Event]]
"""What becomes of a fact of the preparation: nothing, itself, another one, several."""


@cache
def decider(profile: str) -> Decider:
    catalogue = co.catalogue()
    return Decider(catalogue.rules(profile, "repair_order"), catalogue)


@cache
def _walked(profile: str, state: str, now: datetime) -> co.Desk:
    desk = co.Desk(decider(profile), Clock(now))
    desk.open(CASE)
    co.walk(desk, CASE, state)
    return desk


def desk_at(state: str, profile: str = "base", now: datetime = START) -> co.Desk:
    """A case that conforms so far, in a state."""
    walked = _walked(profile, str(state), now)
    desk = co.Desk(walked.decider, Clock(now))
    desk.cases, desk.entries = dict(walked.cases), {case: [*entries] for case, entries in walked.entries.items()}
    return desk


def without(kind: co.Kind, **having: object) -> Flaw:
    """Facts of a kind (with these values) are not recorded."""
    return lambda event: [] if _is(event, kind, having) else [event]


def changed(kind: co.Kind, values: dict[str, Any], **having: object) -> Flaw:
    """Facts of a kind (with these values) are recorded with other values."""
    return lambda event: [event.model_copy(update=values) if _is(event, kind, having) else event]


def _is(event: Event, kind: co.Kind, having: dict[str, object]) -> bool:
    return isinstance(event, kind) and all(getattr(event, name) == value for name, value in having.items())


def prepare(desk: co.Desk, kind: co.Kind, *flaws: Flaw) -> co.Desk:
    """Record what a kind needs, with flaws; what is refused meanwhile is no matter."""
    for step in co.preparation(desk.case(CASE), kind):
        events: list[Event] = [step.event]
        for flaw in flaws:
            events = [flawed for event in events for flawed in flaw(event)]
        for event in events:
            desk.apply(CASE, event, by=step.actor)
    return desk


def put(desk: co.Desk, kind: co.Kind, **values: object) -> Answer:
    """Put the conforming fact of a kind, with other values."""
    event = co.fact(desk.case(CASE), kind).model_copy(update=values)
    return desk.apply(CASE, event, by=co.actor_for(kind, desk.case(CASE).state))


def record(desk: co.Desk, *events: Event) -> co.Desk:
    """Record facts, which are accepted."""
    for event in events:
        co.put(desk, CASE, co.Step(event, co.actor_for(type(event), desk.case(CASE).state)))
    return desk


def said(answer: Answer) -> set[str]:
    """The clauses that refused; or those that left a note."""
    return {*answer.clauses} if isinstance(answer, Refused) else {note.clause for note in answer.notes}


def facts(answer: Answer, clause: str) -> dict[str, Any]:
    """What a clause said of an answer, as facts."""
    found = answer.notes if isinstance(answer, Accepted) else answer.refusals
    return next(dict(one.facts) for one in found if one.clause == clause)
