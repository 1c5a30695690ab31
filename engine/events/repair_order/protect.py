"""Facts of vehicle protection: the kit, who gets into the vehicle, and how it is handled."""

from __future__ import annotations

from typing import Annotated

from engine.events.event import Code, Event, Flag, Listed, optional
from engine.text import Word


class KitPiece(Word):
    """A piece of the protection kit."""

    FLOOR_MAT = "floor_mat", "脚垫", "floor mat"
    STEERING_COVER = "steering_cover", "方向盘套", "steering-wheel cover"
    GEAR_COVER = "gear_cover", "档把套", "gear-lever cover"
    SEAT_COVER = "seat_cover", "座套", "seat cover"


class KitFitted(Event):
    """The protection kit was fitted. `waiver_offered_by_customer`: the customer said it was not needed."""

    kit_pieces: Annotated[frozenset[KitPiece], Listed] | None = optional("已装的各件", "the pieces that are on")
    waiver_offered_by_customer: Flag | None = optional("客户表示不需要", "the customer said that none is needed")
    form_carried: Flag | None = optional("接车时携带工单表单", "the advisor came to the vehicle with the order form")
    kit_carried: Flag | None = optional("接车时携带防护套件", "the advisor came to the vehicle with the kit")
    customer_present: Flag | None = optional("客户在场", "the customer was present")
    announced_to_customer: Flag | None = optional("已向客户说明", "the customer was told what is being fitted")


class StaffEntered(Event):
    """Somebody of the staff got into the vehicle; `kit_in_place` as seen on entering."""

    kit_in_place: Flag | None = optional("进车时套件在位", "the kit was in place on entering")


class HandlingChecked(Event):
    """Somebody watched how the vehicle was driven, opened, tried and talked beside; rough, or gentle."""

    handler_id: Code | None = optional("操作人员", "the person who handled the vehicle")
    deviation_noted: Flag | None = optional(
        "有违规（粗暴操作、倚靠车身、扒靠车门）", "rough, leant on it, hung on a door"
    )
