"""Facts of the customer's rest while the vehicle is worked on: where they wait, and who looks after them."""

from __future__ import annotations

from engine.events.event import Event, Flag, optional
from engine.text import Word


class Whereabouts(Word):
    """Where the customer is while the vehicle is with us."""

    LOUNGE = "lounge", "休息区等候", "waiting in the lounge"
    AWAY = "away", "已离店", "away"


class Transport(Word):
    """What a customer who leaves was offered."""

    SHUTTLE = "shuttle", "接送车", "shuttle"
    TAXI = "taxi", "代叫出租车", "taxi called"
    NOT_OFFERED = "not_offered", "未提供", "nothing offered"


class CustomerSettled(Event):
    """The customer was led to the rest area, or seen off."""

    customer_whereabouts: Whereabouts | None = optional("客户去向", "where the customer is from now on")
    facilities_told: Flag | None = optional("已介绍休息区设施", "the facilities of the lounge were explained")
    contact_way_told: Flag | None = optional("已告知如何找到服务顾问", "told how to find the advisor")
    transport_offered: Transport | None = optional("为离店客户提供的交通", "what a customer who leaves was offered")
    transport_accepted: Flag | None = optional("客户是否接受", "whether the customer took the offer")
    gallery_offered: Flag | None = optional("已邀请到维修观看廊", "invited to watch from the viewing gallery")


class LoungeVisited(Event):
    """Lounge staff attended to the waiting customer."""
