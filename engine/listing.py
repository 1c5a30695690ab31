"""Listing: the row that lists show of a case, as a pure function of the case and its workflow.

Must live here: what a row says. Must not be known here: how rows are stored or queried.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from operator import attrgetter, itemgetter

from engine.canonical import instant
from engine.case import Case, CaseRow, Fact
from engine.events.event import Event
from engine.states.workflow import Promise, Workflow


def row_of(case: Case, workflow: Workflow) -> CaseRow:
    """The row that a case should have."""
    is_open = case.state not in workflow.ends
    promised = _promised(case, workflow) if is_open and case.state not in workflow.kept else None
    return CaseRow(
        shop=case.shop,
        id=case.id,
        workflow=case.workflow,
        rules=case.rules,
        state=case.state,
        is_open=is_open,
        advisor=_keeper(case, workflow),
        promised_at=instant(promised) if promised else None,
        seq=case.seq,
        version=case.version,
        head=case.head,
        recorded_at=instant(case.recorded_at) if case.recorded_at else "",
    )


def _keeper(case: Case, workflow: Workflow) -> str | None:
    """Who last moved the case in the keeper's role."""
    moves = (fact for fact in reversed(case.history) if fact.moved and fact.actor.role == workflow.keeper)
    return next((move.actor.id for move in moves), None)


def _promised(case: Case, workflow: Workflow) -> datetime | None:
    """The latest time promised to the customer that is in force."""
    made = (
        (fact.version, getattr(fact.event, promise.field))
        for promise in workflow.promises
        for fact in _in_force(case, promise)
    )
    return max((one for one in made if one[1] is not None), key=itemgetter(0), default=(0, None))[1]


def _in_force(case: Case, promise: Promise) -> Iterable[Fact[Event]]:
    """The facts of a promise that hold: all, or those that the event which confirms them has followed."""
    if promise.once is None:
        return case.all(promise.event)
    steps = sorted((*case.all(promise.event), *case.all(promise.once)), key=attrgetter("version"))
    return [
        fact
        for fact, then in pairwise(steps)
        if isinstance(fact.event, promise.event) and isinstance(then.event, promise.once)
    ]
