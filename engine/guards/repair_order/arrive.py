"""Clauses of reception: from the gate to the purpose of the visit."""

from __future__ import annotations

from engine.case import Case
from engine.events import repair_order as ro
from engine.guards.clause import NOT_CONCERNED, Attempt, Binding, Verdict, clause, met
from engine.guards.figure import Figure, minutes
from engine.guards.repair_order.order import (
    ARRIVALS,
    arrival,
    at_peak,
    first_this_visit,
    purposes,
    standing,
    waited,
    whole_minutes,
)
from engine.roles import Role
from engine.text import Text

_REPAIR = {ro.Purpose.REPAIR, ro.Purpose.MAINTENANCE}


@clause(
    "arrive.security-radios-advisor",
    ro.AdvisorNotified,
    source="001 P23",
    owns=("advisor_notified.advisor_id", "advisor_notified.channel"),
    binding=Binding.CLOCK,
    zh="车辆进门后第 {minutes} 分钟才通知服务顾问（应在 {limit} 分钟内）：接收人 {advisor}，方式 {channel}。",
    en="A service advisor was told {minutes} minutes after the vehicle came in (limit {limit}): told {advisor}, "
    "by {channel}.",
    do=Text(
        zh="车辆一进门就用对讲机通知服务顾问，并登记接收人和方式（advisor_notified）。",
        en="Call an advisor by radio as the vehicle comes in; record who and how (advisor_notified).",
    ),
)
def advisor_is_called(
    attempt: Attempt[ro.AdvisorNotified], limit: Figure[int] = minutes(1, tighter="lower", house=True)
) -> Verdict:
    """The first call of a visit comes at once, and says who was told and how."""
    if not first_this_visit(attempt):
        return NOT_CONCERNED
    event, late = attempt.event, whole_minutes(waited(attempt, arrival(attempt.case)))
    complete = event.advisor_id is not None and event.channel is not None
    return met(
        complete and late <= limit.value,
        minutes=late,
        limit=limit.value,
        advisor=event.advisor_id,
        channel=event.channel,
    )


@clause(
    "arrive.greet-on-sight",
    ro.CustomerGreeted,
    source="001 P24, 000 T34, 000 T03, 002 L13",
    owns=("customer_greeted.location",),
    binding=Binding.CLOCK,
    zh="客户到店后第 {minutes} 分钟才问候（应在 {limit} 分钟内），问候地点：{location}。",
    en="The customer was greeted {minutes} minutes after arriving (limit {limit}); place: {location}.",
    do=Text(
        zh="见到客户第一时间起身或上前问候，并登记问候地点（customer_greeted）。",
        en="Get up or walk up to the customer at first sight, and record where (customer_greeted).",
    ),
)
def customer_is_greeted(
    attempt: Attempt[ro.CustomerGreeted], limit: Figure[int] = minutes(3, tighter="lower", house=True)
) -> Verdict:
    """The first greeting of a visit comes at first sight, and says where."""
    if not first_this_visit(attempt):
        return NOT_CONCERNED
    late, place = whole_minutes(waited(attempt, arrival(attempt.case))), attempt.event.location
    return met(place is not None and late <= limit.value, minutes=late, limit=limit.value, location=place)


@clause(
    "arrive.first-visit-introduction",
    ro.CustomerGreeted,
    source="001 P24",
    owns=("customer_greeted.first_visit", "customer_greeted.introduced", "customer_greeted.card_given"),
    binding=Binding.NOTE,
    zh="首次到店的客户须自我介绍并双手递名片（首次到店：{first_visit}，已介绍：{introduced}，已递名片：{card_given}）。",
    en="To a first-time customer the advisor gives name and card (first visit: {first_visit}, introduced: "
    "{introduced}, card given: {card_given}).",
    do=Text(
        zh="先查客户档案是否首次到店；首次的报上姓名、双手递名片。",
        en="Look up in the customer file whether it is a first visit; if so, give your name and your card.",
    ),
)
def newcomers_are_introduced(attempt: Attempt[ro.CustomerGreeted]) -> Verdict:
    """Known from the file; a newcomer hears a name and gets a card."""
    event = attempt.event
    return met(
        event.first_visit is False or (event.first_visit is True and bool(event.introduced and event.card_given)),
        first_visit=event.first_visit,
        introduced=event.introduced,
        card_given=event.card_given,
    )


@clause(
    "arrive.guide-rotating-at-peak",
    ro.VehicleGuided,
    ro.KitFitted,
    source="001 P23",
    owns=("vehicle_guided.guide_shift_id",),
    binding=Binding.NOTE,
    zh="高峰期的引导员由服务顾问轮流担任并排班（本次引导：{guide}，排班号：{shift}）。",
    en="At peak the service advisors take turns as guide, by roster (guided this time by: {guide}, shift: {shift}).",
    do=Text(
        zh="高峰期安排一名服务顾问轮值引导，并登记排班号（vehicle_guided）。",
        en="At peak have an advisor on the roster guide the vehicles, and record the shift (vehicle_guided).",
    ),
)
def guide_rotates(attempt: Attempt[ro.VehicleGuided | ro.KitFitted]) -> Verdict:
    """A guide is an advisor on a shift; and a vehicle that comes at peak is guided."""
    if isinstance(attempt.event, ro.VehicleGuided):
        guide, shift = attempt.actor.role, attempt.event.guide_shift_id
        return met(guide == Role.SERVICE_ADVISOR and shift is not None, guide=guide, shift=shift)
    return met(
        not (first_this_visit(attempt) and at_peak(attempt.case)) or _guided(attempt.case), guide=None, shift=None
    )


@clause(
    "arrive.guide-standing-role",
    ro.VehicleGuided,
    ro.KitFitted,
    source="000 T37, 000 T38",
    owns=("vehicle_guided.vehicle_zone",),
    binding=Binding.NOTE,
    zh="每台到店车辆由专职引导员引导到相应区域，预约车辆进预约专用车位（本次引导：{guide}，停放：{zone}）。",
    en="The standing guide directs every vehicle to its zone, a booked one to the space for booked vehicles "
    "(guided this time by: {guide}, zone: {zone}).",
    do=Text(
        zh="由引导员引导停车并登记区域（vehicle_guided）。",
        en="Have the guide direct the vehicle, and record the zone (vehicle_guided).",
    ),
)
def guide_stands(attempt: Attempt[ro.VehicleGuided | ro.KitFitted]) -> Verdict:
    """Every vehicle is guided by the guide to a zone; a booked one to its own."""
    if isinstance(attempt.event, ro.VehicleGuided):
        guide, zone = attempt.actor.role, attempt.event.vehicle_zone
        fits = zone is not None and (not _is_booked(attempt.case) or zone is ro.Zone.BOOKED_SPACE)
        return met(guide == Role.GUIDE and fits, guide=guide, zone=zone)
    return met(not first_this_visit(attempt) or _guided(attempt.case), guide=None, zone=None)


def _guided(case: Case) -> bool:
    return standing(case, ro.VehicleGuided, *ARRIVALS) is not None


def _is_booked(case: Case) -> bool:
    fact = case.last(ro.VehicleCheckedIn)
    return fact is not None and fact.event.order_origin is ro.OrderOrigin.BOOKED


@clause(
    "arrive.purpose-recorded",
    ro.KitFitted,
    source="001 P26",
    owns=("purpose_recorded.purposes", "purpose_recorded.primary_purpose"),
    zh="来店目的未问清：已记录 {purposes}，主要目的 {primary}。",
    en="The purpose of the visit is not clear: recorded {purposes}, main purpose {primary}.",
    do=Text(
        zh="询问全部来店目的并标明主次（purpose_recorded）。",
        en="Ask for every purpose and mark the main one (purpose_recorded).",
    ),
)
def purpose_recorded(attempt: Attempt[ro.KitFitted]) -> Verdict:
    """Every purpose asked for, one of them the main one."""
    fact = attempt.case.last(ro.PurposeRecorded)
    recorded, primary = purposes(attempt.case), fact.event.primary_purpose if fact else None
    return met(primary in recorded, purposes=recorded, primary=primary)


@clause(
    "arrive.non-repair-diverted",
    ro.PurposeNotRepair,
    ro.KitFitted,
    source="001 P26, 001 P27",
    owns=("purpose_not_repair.diverted_to",),
    zh="来店目的为 {purposes}：只有不含维修保养的来店才转介，且须记录转往何处（{diverted_to}）。",
    en="The purposes are {purposes}: exactly visits without repair or maintenance are diverted, to a "
    "recorded desk ({diverted_to}).",
    do=Text(
        zh="含维修保养的进入防护；其余转交对应岗位并登记（purpose_not_repair）。",
        en="With repair or maintenance go on to protection; else hand over to the right desk and record it "
        "(purpose_not_repair).",
    ),
)
def others_are_diverted(attempt: Attempt[ro.PurposeNotRepair | ro.KitFitted]) -> Verdict:
    """Only a visit without repair or maintenance leaves for another desk, and such a visit is not taken in."""
    recorded = purposes(attempt.case)
    if isinstance(attempt.event, ro.KitFitted):
        return met(not recorded or bool(recorded & _REPAIR), purposes=recorded, diverted_to=None)
    desk = attempt.event.diverted_to
    return met(bool(recorded) and not recorded & _REPAIR and desk is not None, purposes=recorded, diverted_to=desk)


@clause(
    "comeback.linked-order",
    ro.ComebackOpened,
    ro.VehicleCheckedIn,
    source="002 L20, 002 L26, 001 P30",
    owns=("comeback_opened.linked_order_id", "comeback_opened.manager_informed"),
    zh="返修须关联委托书（{linked}），同一故障再次来店须通知服务经理。",
    en="A comeback must be linked to its other order ({linked}); for the same fault the service manager "
    "must be informed.",
    do=Text(zh="登记关联的委托书号并通知服务经理。", en="Record the linked order and inform the service manager."),
)
def comeback_is_linked(attempt: Attempt[ro.ComebackOpened | ro.VehicleCheckedIn]) -> Verdict:
    """Both orders know each other, and a manager knows of the fault that came back."""
    event = attempt.event
    if isinstance(event, ro.VehicleCheckedIn):
        if event.order_origin is not ro.OrderOrigin.COMEBACK:
            return NOT_CONCERNED
        return met(event.comeback_of is not None, linked=event.comeback_of)
    informed = event.manager_informed is True or event.same_symptom is False
    return met(event.linked_order_id is not None and informed, linked=event.linked_order_id)
