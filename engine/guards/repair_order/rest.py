"""Clauses of the customer's rest: settled after signing, offered a way home, looked after while waiting."""

from __future__ import annotations

from datetime import timedelta

from engine.events import repair_order as ro
from engine.guards.clause import NOT_CONCERNED, Attempt, Binding, Verdict, clause, met
from engine.guards.figure import Figure, minutes
from engine.guards.repair_order.order import earlier, waited, whole_minutes
from engine.text import Text


@clause(
    "rest.customer-settled",
    ro.CustomerSettled,
    source="001 P48, 001 P49, 000 T32",
    owns=(
        "customer_settled.customer_whereabouts",
        "customer_settled.facilities_told",
        "customer_settled.contact_way_told",
    ),
    binding=Binding.CLOCK,
    zh="签字后 {waited} 分钟安排客户（限 {limit} 分钟）：去向 {whereabouts}，介绍设施 {facilities}，"
    "告知如何找到顾问 {contact}。",
    en="The customer was settled {waited} minutes after signing (limit {limit}): whereabouts {whereabouts}, "
    "facilities explained {facilities}, told how to find the advisor {contact}.",
    do=Text(
        zh="签字后马上引导客户去休息区或送离，介绍设施和找顾问的方式，并记下去向。",
        en="Right after signing lead the customer to the lounge or see them off, explain, and record where they are.",
    ),
)
def customer_settled(
    attempt: Attempt[ro.CustomerSettled], limit: Figure[int] = minutes(10, tighter="lower", house=True)
) -> Verdict:
    """Whole, and the first time soon after the first signature; who leaves needs no word on the lounge."""
    settled, place = attempt.event, attempt.event.customer_whereabouts
    explained = settled.facilities_told is True or place is ro.Whereabouts.AWAY
    signed = next(iter(attempt.case.all(ro.OrderSigned)), None)
    delay = timedelta(0) if earlier(attempt, ro.CustomerSettled) else waited(attempt, signed)
    return met(
        place is not None
        and explained
        and settled.contact_way_told is True
        and delay <= timedelta(minutes=limit.value),
        waited=whole_minutes(delay),
        limit=limit.value,
        whereabouts=place,
        facilities=settled.facilities_told,
        contact=settled.contact_way_told,
    )


@clause(
    "rest.transport-offered",
    ro.CustomerSettled,
    source="001 P48, 001 P49, 000 T03",
    owns=("customer_settled.transport_offered", "customer_settled.transport_accepted"),
    binding=Binding.NOTE,
    zh="客户离店，没有提供接送车或代叫出租车的完整记录（提供：{offered}；客户接受：{accepted}）。",
    en="The customer left, and there is no whole record of a shuttle or a taxi offered (offered: {offered}; "
    "accepted: {accepted}).",
    do=Text(zh="提供接送车或代叫出租车，并记录客户是否接受。", en="Offer the shuttle or a taxi; record the answer."),
)
def transport_offered(attempt: Attempt[ro.CustomerSettled]) -> Verdict:
    """Who leaves was offered a way, and answered."""
    settled = attempt.event
    if settled.customer_whereabouts is not ro.Whereabouts.AWAY:
        return NOT_CONCERNED
    offered = settled.transport_offered in {ro.Transport.SHUTTLE, ro.Transport.TAXI}
    return met(
        offered and settled.transport_accepted is not None,
        offered=settled.transport_offered,
        accepted=settled.transport_accepted,
    )


@clause(
    "rest.viewing-gallery",
    ro.CustomerSettled,
    source="002 L13",
    owns=("customer_settled.gallery_offered",),
    binding=Binding.SCORE,
    zh="没有邀请等候的客户到维修观看廊。",
    en="The waiting customer was not invited to the viewing gallery.",
    do=Text(zh="邀请客户观看维修过程，并记录。", en="Invite the customer to watch the repair, and record it."),
)
def gallery_offered(attempt: Attempt[ro.CustomerSettled]) -> Verdict:
    """Who stays was invited to watch."""
    if attempt.event.customer_whereabouts is ro.Whereabouts.AWAY:
        return NOT_CONCERNED
    return met(attempt.event.gallery_offered is True)


@clause(
    "rest.lounge-care",
    ro.WorkFinished,
    source="000 T10, 000 T03",
    binding=Binding.SCORE,
    zh="客户等候期间，没有客休专员照顾的记录。",
    en="No lounge attendant looked after the customer during the wait.",
    do=Text(zh="请客休专员主动照顾等候的客户。", en="Have the lounge staff look after waiting customers."),
)
def waiting_customer_cared_for(attempt: Attempt[ro.WorkFinished]) -> Verdict:
    """Somebody of the lounge came by, unless the customer had left."""
    settled = attempt.case.last(ro.CustomerSettled)
    if settled is not None and settled.event.customer_whereabouts is ro.Whereabouts.AWAY:
        return NOT_CONCERNED
    return met(attempt.case.last(ro.LoungeVisited) is not None)
