"""Facts of reception: from the gate to the purpose of the visit."""

from __future__ import annotations

from typing import Annotated

from engine.events.event import Attachment, Code, Count, Day, Event, Flag, Listed, optional
from engine.events.personal import Plate, Vin, Words
from engine.events.repair_order.work import Zone
from engine.text import Word


class Purpose(Word):
    """Why the customer came."""

    REPAIR = "repair", "维修", "repair"
    MAINTENANCE = "maintenance", "保养", "maintenance"
    ACCESSORY = "accessory", "精品", "accessories"
    INSURANCE = "insurance", "保险", "insurance"
    EVENT = "event", "活动", "event"
    CONSULTATION = "consultation", "咨询", "consultation"


class OrderOrigin(Word):
    """How the order came about."""

    BOOKED = "booked", "预约", "booked"
    WALK_IN = "walk_in", "未预约", "walk-in"
    EMERGENCY = "emergency", "紧急", "emergency"
    CARRY_OVER = "carry_over", "遗留", "carry-over"
    COMEBACK = "comeback", "返修", "comeback"


class CallChannel(Word):
    """How the gate called an advisor."""

    RADIO = "radio", "对讲机", "radio"
    PHONE = "phone", "电话", "phone"
    IN_PERSON = "in_person", "当面", "in person"


class GreetingPlace(Word):
    """Where the advisor greeted the customer: risen at the desk, or walked up to in the yard."""

    DESK = "desk", "接待区", "reception area"
    YARD = "yard", "停车区", "yard"


class VehicleCheckedIn(Event):
    """The vehicle came through the gate. `comeback_of` is the order whose fault has come back."""

    vin: Vin | None = optional("车架号", "vehicle identification number")
    license_plate: Plate | None = optional("车牌号", "number plate")
    order_origin: OrderOrigin | None = optional("业务来源", "how the order came about")
    appointment_id: Code | None = optional("预约单号", "number of the appointment")
    comeback_of: Code | None = optional("返修所关联的原委托书号", "the order whose fault has come back")


class AdvisorNotified(Event):
    """The gate told a service advisor that a vehicle has come in."""

    advisor_id: Code | None = optional("被通知的服务顾问", "the advisor who was told")
    channel: CallChannel | None = optional("通知方式", "how the advisor was told")


class VehicleGuided(Event):
    """Somebody guided the vehicle to its place; as an advisor on rotation or as the standing guide, by their role."""

    guide_shift_id: Code | None = optional("引导排班号", "the guide's shift on the roster")
    vehicle_zone: Zone | None = optional("引导停放区域", "the zone to which the vehicle was guided")


class CustomerGreeted(Event):
    """The service advisor greeted the customer. `first_visit` is what the customer file says."""

    location: GreetingPlace | None = optional("问候地点", "where the customer was greeted")
    first_visit: Flag | None = optional("是否首次到店（按客户档案）", "first visit, by the customer file")
    introduced: Flag | None = optional("已自我介绍", "the advisor gave their name")
    card_given: Flag | None = optional("已双手递名片", "a business card was handed over with both hands")


class WaitTick(Event):
    """The customer is still waiting; `acknowledged` when somebody has spoken to them."""

    acknowledged: Flag | None = optional("已打招呼", "somebody has spoken to the customer")
    expected_wait_minutes: Count | None = optional(
        "告知的预计等待时间（分钟）", "the wait told to the customer, in minutes"
    )
    seated: Flag | None = optional("已安排就座", "the customer has a place to sit")


class WaitEscalated(Event):
    """The advisor told a manager that a customer has been waiting too long."""

    escalated_to: Code | None = optional("上报的经理", "the manager who was told")


class PeakRaised(Event):
    """Reception is in peak mode: a manager calls people in."""

    reinforcement: tuple[Code, ...] | None = optional("抽调支援的人员", "the people called in to receive customers")


class StandbyCalled(Event):
    """A person of the second line was called to receive customers."""

    standby_id: Code | None = optional("备位人员", "the person who was called")
    reception_training_on: Day | None = optional("通过接车培训的日期", "the day of the recorded reception training")


class PurposeRecorded(Event):
    """The customer was asked for every purpose of the visit, and which is the main one."""

    purposes: Annotated[frozenset[Purpose], Listed] | None = optional("全部来店目的", "every purpose of the visit")
    primary_purpose: Purpose | None = optional("主要目的", "the main purpose")


class PurposeNotRepair(Event):
    """The visit has no repair or maintenance in it and was handed to another desk."""

    diverted_to: Code | None = optional("转往的岗位", "the desk that took the customer over")


class CustomerLeft(Event):
    """The customer left before being received."""

    reason: Words | None = optional("离店原因", "why the customer left")


class OrderHandwritten(Event):
    """The order was written by hand, at peak; `image` is the paper."""

    image: Attachment | None = optional("手写单影像", "an image of the paper")


class HandwrittenOrderEntered(Event):
    """The handwritten order was entered in the DMS afterwards."""
