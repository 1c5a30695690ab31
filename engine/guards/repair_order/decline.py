"""Clauses of what a customer declines: a safety item, or the whole order."""

from __future__ import annotations

from engine.events import repair_order as ro
from engine.guards.clause import Attempt, Verdict, clause, met
from engine.guards.repair_order.lines import open_advice
from engine.guards.repair_order.order import kit_on, latest
from engine.text import Text


@clause(
    "decline.safety-item-signed",
    ro.WorkFinished,
    ro.QuotationDeclined,
    ro.OrderWithdrawn,
    ro.VehicleWithdrawn,
    source="000 T36, 001 P63, 001 P64",
    owns=("advice_given.wording", "advice_declined.decline_reason", "advice_declined.decline_signature"),
    zh="安全项目未按安全隐患措辞建议：{unworded}；客户拒绝而未写明原因并签字：{unsigned}。",
    en="Safety items not advised on safety grounds: {unworded}; declined without reason and the customer's "
    "signature: {unsigned}.",
    do=Text(
        zh="写明安全隐患与建议；客户拒绝的，请其在委托书上签字。",
        en="Advise in writing on safety grounds; when the customer declines, have the refusal signed on the order.",
    ),
)
def safety_refusals_signed(
    attempt: Attempt[ro.WorkFinished | ro.QuotationDeclined | ro.OrderWithdrawn | ro.VehicleWithdrawn],
) -> Verdict:
    """A safety item not repaired was advised as such, and its refusal signed."""
    given = latest((fact.event for fact in attempt.case.all(ro.AdviceGiven)), "advice_id")
    unworded = [key for key, advice in given.items() if advice.safety_related and advice.wording is None]
    signed = {fact.event.advice_id for fact in attempt.case.all(ro.AdviceDeclined) if _signed(fact.event)}
    still_open = open_advice(attempt.case)
    unsigned = [key for key, advice in still_open.items() if advice.safety_related and key not in signed]
    return met(not unworded and not unsigned, unworded=unworded, unsigned=unsigned)


def _signed(refusal: ro.AdviceDeclined) -> bool:
    reason = refusal.decline_reason is not None and refusal.decline_reason.ok
    return reason and refusal.decline_signature is not None


@clause(
    "decline.order-cancelled-cleanly",
    ro.QuotationDeclined,
    ro.OrderWithdrawn,
    ro.VehicleWithdrawn,
    source="000 T36, 001 P72, 001 P31",
    owns=(
        "quotation_declined.cancel_reason",
        "quotation_declined.keys_returned",
        "order_withdrawn.cancel_reason",
        "order_withdrawn.keys_returned",
        "vehicle_withdrawn.cancel_reason",
        "vehicle_withdrawn.keys_returned",
    ),
    zh="取消未收尾：原因已记 {reason}，钥匙已还 {keys}，套件已取下 {kit_off}。",
    en="The cancellation is not clean: reason recorded {reason}, keys returned {keys}, kit removed {kit_off}.",
    do=Text(zh="记录原因，归还钥匙，取下防护套件。", en="Record the reason, return the keys, remove the kit."),
)
def cancelled_cleanly(
    attempt: Attempt[ro.QuotationDeclined | ro.OrderWithdrawn | ro.VehicleWithdrawn],
) -> Verdict:
    """A reason, the keys back, the kit off."""
    event = attempt.event
    reason = event.cancel_reason is not None and event.cancel_reason.ok
    kit_off = not kit_on(attempt.case)
    return met(
        reason and event.keys_returned is True and kit_off,
        reason=reason,
        keys=event.keys_returned,
        kit_off=kit_off,
    )
