"""Retention: how long personal values are kept once their case has ended, by class of record. A policy, not a rule.

It is no part of any rules digest: a shop may change its terms, and the next sweep goes by them. The terms below are a
choice of this project; no statute was found that sets them, and none is claimed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from engine.events.event import Event
from engine.events.personal import RecordClass

LONGEST_DAYS = 36_500
"""The longest term that can be set, in days."""
DAYS: Mapping[str, int] = {RecordClass.CONTACT: 180, RecordClass.RECORD: 730, RecordClass.VEHICLE: 2190}
"""Names and telephones: half a year; what was said and written: two years; VIN and plate, which an archive is kept by:
six. In days after the last entry of a case that has ended."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Terms in days by class of record; those of a workflow stand over the others."""

    days: Mapping[str, int] = field(default_factory=dict)
    of_workflows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def term(self, workflow: str, record_class: str) -> timedelta:
        """How long values of a class are kept after the end of a case of a workflow."""
        return timedelta(days={**DAYS, **self.days, **self.of_workflows.get(workflow, {})}[record_class])


def fields_by_class(events: Iterable[type[Event]]) -> dict[str, list[str]]:
    """The personal fields of each class but the repair record, which is what all others are.

    A name by which two facts call fields of different classes is of none.
    """
    known: dict[str, set[RecordClass]] = {}
    for event in events:
        for name, record_class in event.personal.items():
            known.setdefault(name, set()).add(record_class)
    own = [one for one in RecordClass if one is not RecordClass.RECORD]
    return {one: [name for name, classes in known.items() if classes == {one}] for one in own}
