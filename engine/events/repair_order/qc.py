"""Facts of quality control and of the hand-over from workshop to front desk."""

from __future__ import annotations

from engine.events.event import Attachment, Code, Count, Event, Flag
from engine.events.personal import Words
from engine.text import Word


class SymptomOutcome(Word):
    """What quality control found of a symptom."""

    GONE = "gone", "已消除", "gone"
    PRESENT = "present", "仍存在", "present"
    NOT_REPRODUCED = "not_reproduced", "未重现", "not reproduced"


class TestResult(Word):
    """Passed or failed."""

    __test__ = False  # pytest would take the class for a test

    PASS = "pass", "合格", "pass"
    FAIL = "fail", "不合格", "fail"


class ExteriorCompare(Word):
    """The vehicle beside its walk-around record."""

    SAME = "same", "一致", "same"
    NEW_DAMAGE = "new_damage", "新增损伤", "new damage"


class SymptomRechecked(Event):
    """Quality control looked for a symptom."""

    symptom_id: Code
    outcome: SymptomOutcome | None = None


class ExitItemInspected(Event):
    """One line of the exit inspection record."""

    line_id: Code
    result: TestResult | None = None


class RoadTested(Event):
    """The final road test: its distance in km, its result, and the signature of the person responsible."""

    distance_km: Count | None = None
    result: TestResult | None = None
    responsible_signature: Attachment | None = None


class VehicleWashed(Event):
    """The vehicle was washed to standard."""


class OldPartsPlaced(Event):
    """The removed parts lie at their place, labelled with the order."""

    storage_location: Code | None = None


class ExteriorCompared(Event):
    """The vehicle was compared with its walk-around record."""

    exterior_compare: ExteriorCompare | None = None


class KeysTaken(Event):
    """The advisor took the keys back from the quality inspector."""

    keys_from: Code | None = None


class QcPassed(Event):
    """The inspector passed the vehicle. `unmet_demands`: lines not satisfied; none is an empty list."""

    unmet_demands: tuple[Code, ...] | None = None
    inspector_signature: Attachment | None = None
    filed_with_order: Flag | None = None


class QcFailed(Event):
    """The inspector failed the vehicle: which lines, why, and whether the promised time was looked at again."""

    failed_items: tuple[Code, ...] | None = None
    failure_cause: Words | None = None
    promise_rechecked: Flag | None = None


class HandoverRejected(Event):
    """The advisor sent the vehicle back to the workshop."""

    reject_reason: Words | None = None
