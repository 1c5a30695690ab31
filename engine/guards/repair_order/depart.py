"""Clauses of departure and of the end of an order."""

from __future__ import annotations

from engine.events import repair_order as ro
from engine.guards.clause import NOT_CONCERNED, Attempt, Binding, Verdict, clause, met
from engine.guards.repair_order.lines import is_overhaul
from engine.guards.repair_order.order import day_of, put_or_last, since, standing
from engine.text import Text


@clause(
    "depart.overhaul-briefing",
    ro.UsageTold,
    ro.Paid,
    source="001 P76",
    owns=("usage_told.cautions_told", "usage_told.return_check_on"),
    zh="大修车交车须讲注意事项（已讲 {cautions}）并约定以后的回厂检查日期（{return_check_on}）。",
    en="After an overhaul the cautions are told (told: {cautions}) and a return check is set for a later day "
    "({return_check_on}).",
    do=Text(
        zh="讲明注意事项，与客户约定回厂检查日期并登记（usage_told）。",
        en="Tell the cautions, agree on the day of the return check and record it (usage_told).",
    ),
)
def overhaul_briefed(attempt: Attempt[ro.UsageTold | ro.Paid]) -> Verdict:
    """After an overhaul: cautions, and a day to come back that is still to come."""
    if not is_overhaul(attempt.case):
        return NOT_CONCERNED
    told = put_or_last(attempt, ro.UsageTold, ro.QcPassed) or ro.UsageTold()
    on = told.return_check_on
    planned = on is not None and on > day_of(attempt)
    return met(told.cautions_told is True and planned, cautions=told.cautions_told, return_check_on=on)


@clause(
    "depart.kit-removed-before-customer",
    ro.KitRemoved,
    ro.FollowUpClosed,
    source="001 P72, 001 P65",
    owns=("kit_removed.customer_present", "kit_removed.disposed"),
    zh="防护套件须付款后当着客户取下并投入垃圾筒（付款后取下：{after_payment}，客户在场：{present}，已投入：{disposed}）。",
    en="The kit comes off after payment, before the customer, and into the bin (after payment: {after_payment}, "
    "present: {present}, in the bin: {disposed}).",
    do=Text(
        zh="付款后在车旁当着客户取下套件，投入带盖垃圾筒并记录。",
        en="Remove it at the vehicle before the customer, after payment, put it into the lidded bin, and record it.",
    ),
)
def kit_removed_before_customer(attempt: Attempt[ro.KitRemoved | ro.FollowUpClosed]) -> Verdict:
    """Off after payment, the customer looking on, and thrown away. Before work is finished it may be a cancellation."""
    if isinstance(attempt.event, ro.KitRemoved):
        unpaid, off = attempt.case.state in {"QC", "internal-handover"}, attempt.event
        return met(not unpaid, after_payment=False, present=off.customer_present, disposed=off.disposed)
    removed = since(attempt.case.all(ro.KitRemoved), attempt.case.last(ro.Paid))
    off = removed[-1] if removed else ro.KitRemoved()
    fine = off.customer_present is True and off.disposed is True
    return met(fine, after_payment=bool(removed), present=off.customer_present, disposed=off.disposed)


@clause(
    "settle.gate-pass",
    ro.VehicleLeft,
    ro.FollowUpClosed,
    source="001 P71",
    owns=(
        "gate_pass_issued.gate_pass_no",
        "gate_pass_issued.belongings_reminded",
        "vehicle_left.gate_pass_no",
        "paid.receipt_no",
    ),
    zh="车辆凭收据与出门条放行：收据 {receipt}，发放 {issued}，出示 {shown}，已提醒保管出门条和随身物品 {reminded}。",
    en="A vehicle leaves against its receipt and gate pass: receipt {receipt}, issued {issued}, shown {shown}, "
    "reminded to keep it and to take all belongings {reminded}.",
    do=Text(
        zh="付款后发放出门条并提醒客户，保安核对后放行。",
        en="Issue the pass after payment with the reminder; security compares it and lets the vehicle out.",
    ),
)
def gate_pass_shown(attempt: Attempt[ro.VehicleLeft | ro.FollowUpClosed]) -> Verdict:
    """The pass that was issued is the pass that was shown, and it came with its reminder."""
    fact, paid = attempt.case.last(ro.GatePassIssued), attempt.case.last(ro.Paid)
    given = fact.event if fact else ro.GatePassIssued()
    left = put_or_last(attempt, ro.VehicleLeft) or ro.VehicleLeft()
    receipt, issued, shown = paid.event.receipt_no if paid else None, given.gate_pass_no, left.gate_pass_no
    fine = None not in {receipt, issued} and shown == issued and given.belongings_reminded is True
    return met(fine, receipt=receipt, issued=issued, shown=shown, reminded=given.belongings_reminded)


@clause(
    "depart.seen-off",
    ro.FollowUpClosed,
    source="001 P73, 001 P72, 000 T01",
    owns=("seen_off.courtesies",),
    binding=Binding.SCORE,
    zh="送别客户少了：{missing}。",
    en="The farewell lacked: {missing}.",
    do=Text(
        zh="致谢，再提醒下次保养，协助上车，提示路况与安全带，目送离店。",
        en="Thank the customer, repeat the next service, help them in, mention the road and the seat belt, and watch "
        "them leave.",
    ),
)
def seen_off(attempt: Attempt[ro.FollowUpClosed]) -> Verdict:
    """All that belongs to a good farewell, after payment."""
    fact = standing(attempt.case, ro.SeenOff, ro.Paid)
    missing = {*ro.Courtesy} - ((fact.event.courtesies if fact else None) or frozenset())
    return met(not missing, missing=missing)


@clause(
    "followed.exit-condition",
    ro.FollowUpClosed,
    source="004 F05, 004 F07, 001 P74",
    owns=(
        "follow_up_closed.follow_up_case_id",
        "follow_up_closed.outcome",
        "follow_up_closed.open_complaints",
    ),
    zh="跟踪未完结：跟踪案 {follow_up}，结果 {outcome}，未解决投诉 {open} 件。",
    en="The follow-up is not closed: case {follow_up}, outcome {outcome}, open complaints {open}.",
    do=Text(
        zh="完成回访并解决全部关联投诉后再结案。",
        en="Finish the follow-up and resolve every linked complaint first.",
    ),
)
def follow_up_is_closed(attempt: Attempt[ro.FollowUpClosed]) -> Verdict:
    """The follow-up case has an outcome, and no complaint is open."""
    closed = attempt.event
    done = closed.follow_up_case_id is not None and closed.outcome is not None and closed.open_complaints == 0
    return met(done, follow_up=closed.follow_up_case_id, outcome=closed.outcome, open=closed.open_complaints)
