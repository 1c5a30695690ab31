"""Clauses of a symptom that did not show: it stays on the order, and the customer chooses how it is observed."""

from __future__ import annotations

from engine.events import repair_order as ro
from engine.guards.clause import NOT_CONCERNED, Attempt, Verdict, clause, met
from engine.guards.repair_order.order import checks, complaints, unreproduced
from engine.text import Text


@clause(
    "inspect.unreproduced-fault-kept",
    ro.ComplaintClosed,
    source="001 P33",
    zh="报修项 {symptom} 未能重现，不得删除或判为不存在。",
    en="Complaint {symptom} did not show; it may not be deleted or judged not to exist.",
    do=Text(
        zh="保留报修项，并记录客户选择的观察方式。",
        en="Keep it on the order and record how the customer wants it observed.",
    ),
)
def unreproduced_is_kept(attempt: Attempt[ro.ComplaintClosed]) -> Verdict:
    """What did not show stays on the order; what nobody has looked at is not judged away."""
    symptom, case = attempt.event.symptom_id, attempt.case
    unchecked = attempt.event.reason is not ro.CloseReason.WITHDRAWN_BY_CUSTOMER and symptom not in checks(case)
    return met(not unchecked and not unreproduced(case, symptom), symptom=symptom)


@clause(
    "quote.unreproduced-customer-choice",
    ro.ObservationChosen,
    ro.LineQuoted,
    source="001 P40, 001 P33",
    owns=("observation_chosen.observation_choice", "observation_chosen.observation_cycle_days"),
    zh="故障 {symptom} 未重现：须记录客户的观察选择（{choice}）与周期，见到故障之前不得安排检测作业。",
    en="Symptom {symptom} did not show: record the customer's choice ({choice}) and cycle; no diagnosis "
    "before it is seen.",
    do=Text(
        zh="请客户选择继续使用或留厂观察，并约定周期（天）。",
        en="Let the customer choose how to observe, and agree a cycle in days.",
    ),
)
def observation_is_the_customers_choice(attempt: Attempt[ro.ObservationChosen | ro.LineQuoted]) -> Verdict:
    """The choice is recorded; until the symptom is seen no diagnosis is booked for it."""
    event = attempt.event
    if isinstance(event, ro.LineQuoted):
        if event.operation_kind is not ro.OperationKind.DIAGNOSIS:
            return NOT_CONCERNED
        asked = [event.symptom_id] if event.symptom_id else [*complaints(attempt.case)]
        unseen = [symptom for symptom in asked if unreproduced(attempt.case, symptom)]
        return met(not unseen, symptom=unseen, choice=None)
    choice = event.observation_choice
    cycled = choice is not ro.ObservationChoice.IN_USE or bool(event.observation_cycle_days)
    return met(choice is not None and cycled, symptom=event.symptom_id, choice=choice)
