"""Questions that many guards of a repair order ask of its history. One home for each; none of them judges."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from typing import TypeVar

from engine.case import Case, Fact
from engine.events import repair_order as ro
from engine.events.event import Event
from engine.guards.clause import Attempt

E = TypeVar("E", bound=Event)
CHINA = timezone(timedelta(hours=8))
"""By whose days and weeks the floor goes."""


def put_or_last(attempt: Attempt[Event], kind: type[E], *after: type[Event]) -> E | None:
    """The fact of a kind that is being put, else the last one on the case: for clauses that judge at two steps.

    What was recorded before one of the kinds in `after` no longer counts: a rework or a new print voids it.
    """
    if isinstance(attempt.event, kind):
        return attempt.event
    fact = standing(attempt.case, kind, *after)
    return fact.event if fact else None


def standing(case: Case, kind: type[E], *after: type[Event]) -> Fact[E] | None:
    """The last fact of a kind that nothing has voided: recorded after the last one of each kind in `after`."""
    fact = case.last(kind)
    return fact if fact is not None and all(fact.after(case.last(mark)) for mark in after) else None


def happened(attempt: Attempt[Event]) -> datetime:
    """When the thing happened: a correction stands at the time of the fact that it corrects."""
    corrected = (fact for fact in attempt.case.all(type(attempt.event)) if fact.version == attempt.event.corrects)
    return next((fact.occurred_at for fact in corrected), attempt.at)


def earlier(attempt: Attempt[Event], kind: type[E]) -> list[Fact[E]]:
    """The facts of a kind recorded before this one: a correction stands in the place of the fact that it corrects."""
    place = attempt.event.corrects
    return [fact for fact in attempt.case.all(kind) if place is None or fact.version < place]


def waited(attempt: Attempt[Event], start: Fact[Event] | None) -> timedelta:
    """How long after another fact this one happened; no time at all without that fact."""
    return happened(attempt) - start.occurred_at if start else timedelta(0)


def whole_minutes(span: timedelta) -> int:
    """A span in minutes, one begun counted as a whole one: what came too late never looks in time."""
    return -(-span // timedelta(minutes=1))


def day_of(attempt: Attempt[Event]) -> date:
    """The day on the floor, in China, on which it happened; of a time to come, which is refused, it is today."""
    return min(happened(attempt), attempt.recorded_at).astimezone(CHINA).date()


ARRIVALS: tuple[type[Event], ...] = (ro.VehicleCheckedIn, ro.VehicleReturned)
"""What begins a visit: a vehicle under observation comes back for another one."""


def arrival(case: Case) -> Fact[Event] | None:
    """The start of this visit."""
    came = [fact for kind in ARRIVALS for fact in case.all(kind)]
    return max(came, key=lambda fact: fact.version, default=None)


def first_this_visit(attempt: Attempt[Event]) -> bool:
    """Nothing of its kind was recorded before it since the vehicle came."""
    return not since(earlier(attempt, type(attempt.event)), arrival(attempt.case))


def at_peak(case: Case) -> bool:
    """Reception is in peak mode on this visit."""
    return standing(case, ro.PeakRaised, *ARRIVALS) is not None


def since(facts: Iterable[Fact[E]], mark: Fact[Event] | None) -> list[E]:
    """The facts recorded after a mark (all of them without one)."""
    return [fact.event for fact in facts if fact.after(mark)]


def latest(facts: Iterable[E], key: str) -> dict[str, E]:
    """The last fact of each id."""
    return {getattr(fact, key): fact for fact in facts}


def purposes(case: Case) -> frozenset[ro.Purpose]:
    """Why the customer came, as recorded last."""
    fact = case.last(ro.PurposeRecorded)
    return (fact.event.purposes if fact else None) or frozenset()


def kit_on(case: Case) -> bool:
    """A kit with pieces was fitted since the vehicle came (or came back), and not removed."""
    fitted = case.last(ro.KitFitted)
    if fitted is None or not fitted.event.kit_pieces:
        return False
    return all(fitted.after(case.last(kind)) for kind in (ro.KitRemoved, ro.VehicleReturned))


def complaints(case: Case) -> dict[str, ro.ComplaintRecorded]:
    """The complaints that stand on the order."""
    closed = {fact.event.symptom_id for fact in case.all(ro.ComplaintClosed)}
    recorded = latest((fact.event for fact in case.all(ro.ComplaintRecorded)), "symptom_id")
    return {symptom: complaint for symptom, complaint in recorded.items() if symptom not in closed}


def checks(case: Case) -> dict[str, ro.SymptomChecked]:
    """The last check of each symptom."""
    return latest((fact.event for fact in case.all(ro.SymptomChecked)), "symptom_id")


def unreproduced(case: Case, symptom: str) -> bool:
    """The symptom did not show when it was checked, and was not seen since."""
    check = checks(case).get(symptom)
    seen = {fact.event.symptom_id for fact in case.all(ro.SymptomSeen)}
    return check is not None and check.reproduced is False and symptom not in seen


def undecided(case: Case) -> list[str]:
    """The complaints that nobody said can be judged directly."""
    known = checks(case)
    return [key for key in complaints(case) if key not in known or known[key].directly_judgeable is not True]


def open_plans(case: Case) -> list[str]:
    """The undecided complaints that showed, and whose cause the workshop has not found: their repair plan is open."""
    shown = {key for key, check in checks(case).items() if check.reproduced is True}
    found = {fact.event.symptom_id for fact in case.all(ro.CauseDetermined)}
    return [key for key in undecided(case) if key in shown - found]


def points(case: Case) -> dict[str, ro.PointConfirmed]:
    """The last answer to each of the five confirmations."""
    return latest((fact.event for fact in case.all(ro.PointConfirmed)), "point")
