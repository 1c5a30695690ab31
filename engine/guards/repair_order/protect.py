"""Clauses of vehicle protection: the kit, and the hands on the vehicle."""

from __future__ import annotations

from engine.events import repair_order as ro
from engine.events.event import Event
from engine.guards.clause import Attempt, Binding, Verdict, clause, met
from engine.guards.figure import Figure, codes
from engine.guards.repair_order.order import first_this_visit, kit_on
from engine.text import Text

_FIT_KIT = Text(
    zh="先当面装好防护套件并登记各件，再继续。",
    en="Fit the protection kit first and record its pieces; then go on.",
)


@clause(
    "arrive.advisor-carries-forms-and-kit",
    ro.KitFitted,
    source="000 T07, 000 T43",
    owns=("kit_fitted.form_carried", "kit_fitted.kit_carried"),
    binding=Binding.NOTE,
    zh="服务顾问接车时未带齐工具：工单表单 {form}，防护套件 {kit}。",
    en="The advisor came to the vehicle without all that is needed: order form {form}, kit {kit}.",
    do=Text(
        zh="接车前带好工单表单和三件套，并如实登记。",
        en="Bring the order form and the kit to the vehicle, and record it as it was.",
    ),
)
def advisor_comes_equipped(attempt: Attempt[ro.KitFitted]) -> Verdict:
    """Form and kit in hand when the vehicle is taken in."""
    event = attempt.event
    brought = event.form_carried is True and event.kit_carried is True
    return met(brought or not first_this_visit(attempt), form=event.form_carried, kit=event.kit_carried)


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
    return met(_kit_was_on(attempt))


def _kit_was_on(attempt: Attempt[Event]) -> bool:
    fitted = attempt.case.last(ro.KitFitted)
    return kit_on(attempt.case) and fitted is not None and fitted.occurred_at <= attempt.at


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
    "protect.fitted-before-customers-eyes",
    ro.KitFitted,
    source="000 T29, 000 T01",
    owns=("kit_fitted.customer_present", "kit_fitted.announced_to_customer"),
    zh="三件套须当着客户的面安装并说明（客户在场：{present}，已说明：{announced}）。",
    en="The kit is fitted before the customer's eyes and announced (customer present: {present}, announced: "
    "{announced}).",
    do=Text(
        zh="请客户到车旁，说明后当面装好，再登记。",
        en="Ask the customer to the vehicle, say what you do, fit the kit, then record it.",
    ),
)
def customer_sees_the_kit(attempt: Attempt[ro.KitFitted]) -> Verdict:
    """Seen and announced when the vehicle is taken in; a kit put back later needs no audience."""
    event = attempt.event
    seen = event.customer_present is True and event.announced_to_customer is True
    return met(
        seen or not first_this_visit(attempt), present=event.customer_present, announced=event.announced_to_customer
    )


@clause(
    "protect.immediately-after-purpose",
    ro.ComplaintRecorded,
    ro.SymptomChecked,
    ro.PrecheckDone,
    ro.WalkaroundStarted,
    source="001 P27, 001 P22",
    zh="问明来店目的后须先装防护套件，再问诊、预检、环检：现在车上没有套件。",
    en="After the purpose comes the kit, then inquiry, pre-check and walk-around: no kit is on the vehicle.",
    do=Text(zh="先装好套件（kit_fitted），再继续。", en="Fit the kit first (kit_fitted), then go on."),
)
def kit_comes_before_the_inquiry(
    attempt: Attempt[ro.ComplaintRecorded | ro.SymptomChecked | ro.PrecheckDone | ro.WalkaroundStarted],
) -> Verdict:
    """Inquiry, pre-check and walk-around begin on a protected vehicle. A correction begins nothing."""
    return met(attempt.event.corrects is not None or _kit_was_on(attempt))


@clause(
    "protect.gentle-handling",
    ro.HandlingChecked,
    source="001 P27",
    owns=("handling_checked.handler_id", "handling_checked.deviation_noted"),
    binding=Binding.SCORE,
    zh="操作车辆不当（违规：{deviation}），计入 {handler}。",
    en="The vehicle was not handled gently (deviation: {deviation}); counted against {handler}.",
    do=Text(
        zh="驾驶、开关车门、检查电器轻柔操作，不倚靠车身、不扒靠车门；抽检登记操作人和结果。",
        en="Drive, open, close and try things gently, lean on nothing; a check names the handler and the result.",
    ),
)
def handling_is_gentle(attempt: Attempt[ro.HandlingChecked]) -> Verdict:
    """Somebody watched, and saw nothing rough."""
    event = attempt.event
    gentle = event.handler_id is not None and event.deviation_noted is False
    return met(gentle, deviation=event.deviation_noted, handler=event.handler_id)
