"""Facts of following the work: what was told, what the board shows, what endangers the promise, who was pressed."""

from __future__ import annotations

from engine.events.event import Attachment, Code, Event, Flag, Instant, Percent, optional
from engine.events.personal import Words
from engine.text import Word


class NoticeChannel(Word):
    """How the customer was told."""

    IN_PERSON = "in_person", "当面", "in person"
    PHONE = "phone", "电话", "phone"
    SMS = "sms", "短信", "text message"
    APP = "app", "应用", "app"


class ProgressNoted(Event):
    """How far the work is, told to the customer or not."""

    percent_done: Percent | None = optional("完成进度（%）", "how far the work is, in percent")
    told_to_customer: Flag | None = optional("已告知客户", "the customer was told")
    channel: NoticeChannel | None = optional("告知方式", "how the customer was told")
    content: Words | None = optional("告知内容", "what the customer was told")
    delay_told: Flag | None = optional(
        "已告知可能无法按时交车", "the customer was told that the promised time may not be kept"
    )
    open_points: tuple[Code, ...] | None = optional(
        "待办事项编号（没有则为空）", "the points still open, as codes; none is an empty list"
    )


class BoardUpdated(Event):
    """The progress board was brought up to date."""

    board_status: Code | None = optional("看板显示的状态", "the state that the board shows for this vehicle")


class EtaChanged(Event):
    """A new promised time, explained, confirmed by the customer, its consent kept."""

    new_promised_at: Instant | None = optional("新的承诺交车时间", "the new promised time")
    reason: Words | None = optional("变更原因", "why the time changes")
    customer_confirmed: Flag | None = optional("客户已确认", "the customer confirmed it")
    consent_evidence: Attachment | None = optional("确认凭证", "the kept evidence of the confirmation")


class EtaRiskFound(Event):
    """Somebody sees that the promised time cannot be kept."""

    planned_finish: Instant | None = optional("现在估计的完工时间", "when the work is now expected to be finished")


class WorkshopChased(Event):
    """The advisor pressed the workshop: for more people, or for the repair plan."""


class RepairPlanReceived(Event):
    """The advisor has the workshop's repair plan for a vehicle that came for diagnosis."""


class VehicleKept(Event):
    """The vehicle stays with us overnight, registered by its advisor."""

    kept_reason: Words | None = optional("留厂原因", "why the vehicle stays")
    next_action: Words | None = optional("下一步动作", "what is done next")
