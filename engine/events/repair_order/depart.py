"""Facts of departure and of what follows it."""

from __future__ import annotations

from typing import Annotated

from engine.events.event import Code, Count, Event, Flag, Listed, optional
from engine.text import Word


class Courtesy(Word):
    """What belongs to a good farewell."""

    THANKED = "thanked", "感谢光临", "thanks"
    NEXT_SERVICE_REMINDED = "next_service_reminded", "再次提醒下次保养", "the next service repeated"
    HELPED_IN = "helped_in", "协助上车", "help into the vehicle"
    ROAD_HINT = "road_hint", "路况提示", "a road hint"
    SEAT_BELT = "seat_belt", "提醒系安全带", "the seat-belt reminder"
    WATCHED_LEAVE = "watched_leave", "目送离店", "watching the vehicle leave"


class FollowUpOutcome(Word):
    """How the follow-up case was closed."""

    CALLED = "called", "已回访", "called"
    NO_CONSENT = "no_consent", "客户不同意回访", "no consent to calls"
    UNREACHABLE = "unreachable", "多次未联系上", "unreachable"


class KitRemoved(Event):
    """The protection kit was taken off."""

    customer_present: Flag | None = optional("客户在场", "the customer looked on")
    disposed: Flag | None = optional("已即时投入带盖垃圾筒", "it went into the lidded bin at once")


class GatePassIssued(Event):
    """The customer received a gate pass with the receipt."""

    gate_pass_no: Code | None = optional("出门条编号", "number of the gate pass")
    belongings_reminded: Flag | None = optional(
        "已提醒保管出门条、带好随身物品", "reminded to keep the pass and to take all belongings"
    )


class VehicleLeft(Event):
    """Security let the vehicle out against the gate pass."""

    gate_pass_no: Code | None = optional("出示的出门条编号", "number of the gate pass that was shown")


class SeenOff(Event):
    """The advisor said goodbye at the vehicle."""

    courtesies: Annotated[frozenset[Courtesy], Listed] | None = optional("送别时所做的", "what was done to say goodbye")


class FollowUpClosed(Event):
    """The follow-up case is closed; recorded by the host until the follow-up workflow exists."""

    follow_up_case_id: Code | None = optional("跟踪案编号", "the follow-up case")
    outcome: FollowUpOutcome | None = optional("跟踪结果", "how it was closed")
    open_complaints: Count | None = optional("未解决的关联投诉（件）", "linked complaints that are still open")


class ComebackOpened(Event):
    """The same fault came back: a new order was opened and linked; this one stays closed."""

    linked_order_id: Code | None = optional("新开返修单编号", "the new order")
    same_symptom: Flag | None = optional("同一故障", "it is the same fault")
    manager_informed: Flag | None = optional(
        "已通知服务经理或技术总监", "the service manager or technical director knows"
    )
