"""Clauses of departure and of the end of an order."""

from __future__ import annotations

from engine.events import repair_order as ro
from engine.guards.clause import Attempt, Verdict, clause, met
from engine.guards.repair_order.order import since
from engine.text import Text


@clause(
    "depart.kit-removed-before-customer",
    ro.KitRemoved,
    ro.FollowUpClosed,
    source="001 P72, 001 P65",
    owns=("kit_removed.customer_present",),
    zh="防护套件未在付款后当着客户取下（付款后取下：{after_payment}，客户在场：{present}）。",
    en="The kit was not removed before the customer after payment (after payment: {after_payment}, present: "
    "{present}).",
    do=Text(
        zh="付款后在车旁当着客户取下套件并记录。",
        en="Remove it at the vehicle before the customer, after payment, and record it.",
    ),
)
def kit_removed_before_customer(attempt: Attempt[ro.KitRemoved | ro.FollowUpClosed]) -> Verdict:
    """Removed after payment, the customer looking on. Before work is finished it may come off for a cancellation."""
    paid = attempt.case.last(ro.Paid)
    if isinstance(attempt.event, ro.KitRemoved):
        waiting = attempt.case.state in {"QC", "internal-handover"}
        return met(not waiting, after_payment=paid is not None, present=attempt.event.customer_present)
    removed = since(attempt.case.all(ro.KitRemoved), paid)
    present = removed[-1].customer_present if removed else None
    return met(present is True, after_payment=bool(removed), present=present)


@clause(
    "settle.gate-pass",
    ro.VehicleLeft,
    ro.FollowUpClosed,
    source="001 P71",
    owns=("gate_pass_issued.gate_pass_no", "vehicle_left.gate_pass_no", "paid.receipt_no"),
    zh="车辆凭收据与出门条放行：收据 {receipt}，发放 {issued}，出示 {shown}。",
    en="A vehicle leaves against its receipt and gate pass: receipt {receipt}, issued {issued}, shown {shown}.",
    do=Text(
        zh="付款后发放出门条，保安核对后放行。",
        en="Issue the pass after payment; security compares it and lets the vehicle out.",
    ),
)
def gate_pass_shown(attempt: Attempt[ro.VehicleLeft | ro.FollowUpClosed]) -> Verdict:
    """The pass that was issued is the pass that was shown."""
    fact = attempt.case.last(ro.GatePassIssued)
    issued = fact.event.gate_pass_no if fact else None
    last = attempt.case.last(ro.VehicleLeft)
    left = attempt.event if isinstance(attempt.event, ro.VehicleLeft) else last.event if last else ro.VehicleLeft()
    receipt, shown = attempt.case.the(ro.Paid).event.receipt_no, left.gate_pass_no
    return met(None not in {receipt, issued} and shown == issued, receipt=receipt, issued=issued, shown=shown)


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
