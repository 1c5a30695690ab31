"""Facts of the workshop: hand-over, dispatch, operations, parts, findings, advice, interruptions."""

from __future__ import annotations

from engine.events.event import Attachment, Code, Count, Event, Flag, Instant, Money, optional, required
from engine.events.personal import Words
from engine.events.repair_order.quote import PartOrigin
from engine.text import Word


class OperationResult(Word):
    """What came of an operation."""

    DONE = "done", "已完成", "done"
    NOT_DONE = "not_done", "未完成", "not done"


class FollowUp(Word):
    """What becomes of extra work that a technician found."""

    SUPPLEMENT_NOW = "supplement_now", "立即增项", "supplement now"
    BOOK_LATER = "book_later", "另行预约", "book later"
    DROPPED = "dropped", "不再处理", "dropped"


class SuspendReason(Word):
    """Why work rests."""

    WAITING_PARTS = "waiting_parts", "待件", "waiting for parts"
    WAITING_CUSTOMER = "waiting_customer", "待客户决定", "waiting for the customer"
    WAITING_SYMPTOM = "waiting_symptom", "待故障再现", "waiting for the symptom"


class Zone(Word):
    """Where a vehicle stands."""

    INTERRUPTED = "interrupted", "维修中断区", "interrupted-repair zone"
    BAY = "bay", "工位", "bay"
    YARD = "yard", "停车区", "yard"
    BOOKED_SPACE = "booked_space", "预约专用车位", "space for booked vehicles"
    ACCIDENT_ZONE = "accident_zone", "事故车区", "accident-vehicle zone"
    DELIVERY_ZONE = "delivery_zone", "交车区", "delivery zone"


class ReplaceBefore(Word):
    """By when a worn part has to be replaced."""

    NOW = "now", "立即", "now"
    BEFORE_NEXT_SERVICE = "before_next_service", "下次保养前", "before the next service"
    LATER = "later", "下次保养后", "after the next service"


class AcceptanceRecorded(Event):
    """The vehicle was accepted with its existing damage."""

    damage_entries: tuple[Code, ...] | None = optional(
        "已有损伤编号（没有则为空）", "existing damage as codes of the job order; none is an empty list"
    )


class OrderHandedToWorkshop(Event):
    """Order and keys went to the workshop."""

    order_handed: Flag | None = optional("工单已交", "the order was handed over")
    keys_handed: Flag | None = optional("钥匙已交", "the keys were handed over")
    received_by: Code | None = optional("接收人编号", "who took them, as an id")


class WorkDispatched(Event):
    """Work was assigned to a technician whose skill and free hours fit."""

    technician_id: Code | None = optional("技师编号", "the technician, as an id")
    skill_ok: Flag | None = optional("技能相符", "the technician's skill fits the job")
    hours_available_tenths: Count | None = optional("可用工时（0.1 小时）", "the technician's free hours, in tenths")


class OperationStarted(Event):
    """A technician clocked in on one line, or went on with it after a pause."""

    line_id: Code = required("委托项目编号", "the line of the order")


class OperationPaused(Event):
    """A technician clocked out of one line that is not finished."""

    line_id: Code = required("委托项目编号", "the line of the order")


class OperationReported(Event):
    """The repair report of one line; whoever works on it is clocked out."""

    line_id: Code = required("委托项目编号", "the line of the order")
    action: Code | None = optional("所做作业编码", "what was done, as a code")
    result: OperationResult | None = optional("作业结果", "with what result")


class PartIssued(Event):
    """The store issued a part for a line."""

    line_id: Code = required("委托项目编号", "the line of the order")
    part_no: Code = required("备件号", "the part number")
    part_origin: PartOrigin | None = optional("备件来源", "where the part comes from")
    parts_amount: Money | None = optional("该项备件金额（元）", "the price of the line's parts, in yuan")


class ExtraWorkFound(Event):
    """A technician wrote down an omission or extra work."""

    finding_id: Code = required("发现编号", "the finding")
    follow_up: FollowUp | None = optional("处理方式", "what becomes of it")


class SupplementFound(Event):
    """A supplement was put to the customer. Its lines were quoted before."""

    finding_id: Code | None = optional("技师发现的编号", "the technician's finding behind it")
    duplicate_or_warranty_hit: Flag | None = optional(
        "核对维修档案：重复或在保", "the repair history was looked at: the same work before, or a warranty on it"
    )
    told_to_customer: Flag | None = optional("已告知客户", "the customer was told")
    reason: Words | None = optional("增项原因", "why it is needed")
    new_promised_at: Instant | None = optional("新的承诺交车时间", "the new promised time")


class AdviceGiven(Event):
    """A worn or unsafe part was advised for replacement."""

    advice_id: Code = required("建议编号", "the advice")
    wear_part: Code | None = optional(
        "损耗件编码，如轮胎、刹车片、雨刮片", "the part that wears, as a code: tyres, brake pads, wiper blades"
    )
    safety_related: Flag | None = optional("涉及安全", "it concerns safety")
    replace_before: ReplaceBefore | None = optional("更换期限", "by when it has to be replaced")
    measured_tenths_mm: Count | None = optional("测量值（0.1 毫米）", "the measurement, in tenths of a millimetre")
    wording: Code | None = optional("措辞模板编号", "the template whose words name the risk")
    noted_on_order: Flag | None = optional("已注明在委托书上", "it stands on the order")
    line_id: Code | None = optional("据此更换的项目编号", "the line of the order that carries it out")


class AdviceDeclined(Event):
    """The customer declined an advice and signed for it."""

    advice_id: Code = required("建议编号", "the advice")
    decline_reason: Words | None = optional("拒绝原因", "why the customer declines")
    decline_signature: Attachment | None = optional("客户拒绝签字", "the customer's signature under the refusal")


class WorkSuspended(Event):
    """Work rests."""

    suspend_reason: SuspendReason | None = optional("中断原因", "why work rests")
    vehicle_zone: Zone | None = optional("车辆停放位置", "where the vehicle stands")


class WorkResumed(Event):
    """Work goes on."""

    reason_cleared: Flag | None = optional("中断原因已消除", "the reason of the interruption is gone")


class WorkFinished(Event):
    """The technician has finished; the repair report is written."""
