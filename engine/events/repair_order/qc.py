"""Facts of quality control and of the hand-over from workshop to front desk."""

from __future__ import annotations

from engine.events.event import Attachment, Code, Count, Event, Flag, optional, required
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

    symptom_id: Code = required("报修项编号", "the complaint")
    outcome: SymptomOutcome | None = optional("复查结果", "what was found of it")


class ExitItemInspected(Event):
    """One line of the exit inspection record."""

    line_id: Code = required("委托项目编号", "the line of the order")
    result: TestResult | None = optional("检验结果", "passed or failed")


class RoadTested(Event):
    """The final road test."""

    distance_km: Count | None = optional("路试里程（公里）", "the distance driven, in km")
    result: TestResult | None = optional("路试结果", "passed or failed")
    responsible_signature: Attachment | None = optional("负责人签字", "the signature of the person responsible")


class VehicleWashed(Event):
    """The vehicle was washed to standard."""

    wash_standard: Code | None = optional("洗车标准版本", "the version of the wash standard")
    procedure_posted: Flag | None = optional("洗车内容已公示", "its steps and body areas are posted on a board")


class OldPartsPlaced(Event):
    """The removed parts lie at their place, labelled with the order."""

    storage_location: Code | None = optional("存放位置编号", "where they lie, as a code")


class ExteriorCompared(Event):
    """The vehicle was compared with its walk-around record."""

    exterior_compare: ExteriorCompare | None = optional("比对结果", "the same, or new damage")


class KeysTaken(Event):
    """The advisor took the keys back from the quality inspector."""

    keys_from: Code | None = optional("交出钥匙的人", "who gave the keys, as an id")


class QcPassed(Event):
    """The inspector passed the vehicle."""

    unmet_demands: tuple[Code, ...] | None = optional(
        "未满足的项目（没有则为空）", "the lines not satisfied; none is an empty list"
    )
    inspector_signature: Attachment | None = optional("质检员签字", "the inspector's signature")
    filed_with_order: Flag | None = optional("已与施工单一同存档", "filed with the job order")


class QcFailed(Event):
    """The inspector failed the vehicle."""

    failed_items: tuple[Code, ...] | None = optional("不合格项目编号", "the lines that failed")
    failure_cause: Words | None = optional("不合格原因", "why they failed")
    promise_rechecked: Flag | None = optional("已重新评估交车时间", "the promised time was looked at again")


class HandoverRejected(Event):
    """The advisor sent the vehicle back to the workshop."""

    reject_reason: Words | None = optional("退回原因", "why it goes back")
