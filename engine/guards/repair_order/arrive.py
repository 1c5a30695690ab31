"""Clauses of reception and vehicle protection."""

from __future__ import annotations

from engine.events import repair_order as ro
from engine.guards.clause import NOT_CONCERNED, Attempt, Verdict, clause, met
from engine.guards.figure import Figure, codes
from engine.guards.repair_order.order import kit_on, purposes
from engine.text import Text

_REPAIR = {ro.Purpose.REPAIR, ro.Purpose.MAINTENANCE}
_FIT_KIT = Text(
    zh="先当面装好防护套件并登记各件，再继续。",
    en="Fit the protection kit first and record its pieces; then go on.",
)


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
    "protect.kit-before-entry",
    ro.KitFitted,
    ro.StaffEntered,
    source="001 P27, 000 T29, 002 L07",
    owns=("kit_fitted.kit_pieces",),
    zh="防护套件尚未装好，员工不得进入车内。",
    en="The protection kit is not fitted: nobody of the staff may get into the vehicle.",
    do=_FIT_KIT,
)
def kit_before_entry(attempt: Attempt[ro.KitFitted | ro.StaffEntered]) -> Verdict:
    """A kit is on the vehicle before anybody of the staff gets in."""
    if isinstance(attempt.event, ro.KitFitted):
        return met(bool(attempt.event.kit_pieces))
    fitted = attempt.case.last(ro.KitFitted)
    return met(kit_on(attempt.case) and fitted is not None and fitted.occurred_at <= attempt.at)


@clause(
    "protect.no-waiver",
    ro.KitFitted,
    source="001 P27",
    zh="客户表示不需要防护，不能代替防护本身。",
    en="The customer said that no covers are needed; that does not stand in for the covers.",
    do=Text(
        zh="可记录客户的表示，但仍须装好套件。",
        en="Note what the customer said, and fit the kit all the same.",
    ),
)
def no_waiver(attempt: Attempt[ro.KitFitted]) -> Verdict:
    """The customer's word does not replace the kit."""
    return met(not attempt.event.waiver_offered_by_customer or bool(attempt.event.kit_pieces))


@clause(
    "protect.kit-four-piece",
    ro.KitFitted,
    source="001 P27, 001 P13, 001 P02",
    owns=("kit_fitted.kit_pieces",),
    zh="四件套缺少：{missing}。",
    en="The four-piece kit lacks: {missing}.",
    do=_FIT_KIT,
)
def kit_of_four(
    attempt: Attempt[ro.KitFitted],
    pieces: Figure[tuple[str, ...]] = codes(
        "floor_mat", "steering_cover", "gear_cover", "seat_cover", unit="pieces", tighter="more"
    ),
) -> Verdict:
    """All four pieces are on."""
    return _complete(attempt.event, pieces)


@clause(
    "protect.kit-three-piece",
    ro.KitFitted,
    source="000 T29, 000 T07, 002 L07",
    owns=("kit_fitted.kit_pieces",),
    zh="三件套缺少：{missing}。",
    en="The three-piece kit lacks: {missing}.",
    do=_FIT_KIT,
)
def kit_of_three(
    attempt: Attempt[ro.KitFitted],
    pieces: Figure[tuple[str, ...]] = codes(
        "floor_mat", "steering_cover", "seat_cover", unit="pieces", tighter="more", house=True
    ),
) -> Verdict:
    """All three pieces are on."""
    return _complete(attempt.event, pieces)


def _complete(fitted: ro.KitFitted, pieces: Figure[tuple[str, ...]]) -> Verdict:
    missing = [piece for piece in pieces.value if piece not in (fitted.kit_pieces or ())]
    return met(not missing, missing=missing)


@clause(
    "protect.every-vehicle",
    ro.StaffEntered,
    ro.InspectionCompleted,
    ro.WorkFinished,
    ro.Paid,
    source="002 L07, 001 P72",
    owns=("staff_entered.kit_in_place",),
    zh="防护套件须保持到交车：现在装着 {kit_on}，进车时确认在位 {seen}。",
    en="The kit stays on until delivery: on the vehicle now {kit_on}, seen in place on entering {seen}.",
    do=Text(
        zh="补装套件（kit_fitted），确认在位后再继续。",
        en="Put the kit back (kit_fitted), see that it is in place, then go on.",
    ),
)
def kit_stays_on(
    attempt: Attempt[ro.StaffEntered | ro.InspectionCompleted | ro.WorkFinished | ro.Paid],
) -> Verdict:
    """Each entry finds the kit in place, and so do the inspection, the end of work and the payment."""
    on = kit_on(attempt.case)
    if isinstance(attempt.event, ro.StaffEntered):
        seen = attempt.event.kit_in_place
        return met(seen is True, kit_on=on, seen=seen)
    return met(on, kit_on=on, seen=None)


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
