"""Facts of reception: from the gate to the fitted kit."""

from __future__ import annotations

from typing import Annotated

from engine.events.event import Attachment, Code, Event, Flag, Listed
from engine.events.personal import Plate, Vin, Words
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


class KitPiece(Word):
    """A piece of the protection kit."""

    FLOOR_MAT = "floor_mat", "脚垫", "floor mat"
    STEERING_COVER = "steering_cover", "方向盘套", "steering-wheel cover"
    GEAR_COVER = "gear_cover", "档把套", "gear-lever cover"
    SEAT_COVER = "seat_cover", "座套", "seat cover"


class VehicleCheckedIn(Event):
    """The vehicle came through the gate. `comeback_of` is the order whose fault has come back."""

    vin: Vin | None = None
    license_plate: Plate | None = None
    order_origin: OrderOrigin | None = None
    appointment_id: Code | None = None
    comeback_of: Code | None = None


class WaitTick(Event):
    """The customer is still waiting; `acknowledged` when somebody has spoken to them."""

    acknowledged: Flag | None = None


class PeakRaised(Event):
    """Reception is in peak mode."""


class PurposeRecorded(Event):
    """The customer was asked for every purpose of the visit, and which is the main one."""

    purposes: Annotated[frozenset[Purpose], Listed] | None = None
    primary_purpose: Purpose | None = None


class PurposeNotRepair(Event):
    """The visit has no repair or maintenance in it and was handed to another desk."""

    diverted_to: Code | None = None


class CustomerLeft(Event):
    """The customer left before being received."""

    reason: Words | None = None


class OrderHandwritten(Event):
    """The order was written by hand, at peak; `image` is the paper."""

    image: Attachment | None = None


class HandwrittenOrderEntered(Event):
    """The handwritten order was entered in the DMS afterwards."""


class KitFitted(Event):
    """The protection kit was fitted. `waiver_offered_by_customer`: the customer said it was not needed."""

    kit_pieces: Annotated[frozenset[KitPiece], Listed] | None = None
    waiver_offered_by_customer: Flag | None = None


class StaffEntered(Event):
    """Somebody of the staff got into the vehicle; `kit_in_place` as seen on entering."""

    kit_in_place: Flag | None = None
