"""Clauses of the interview, the walk-around and the observation of a symptom."""

from __future__ import annotations

from engine.events import repair_order as ro
from engine.guards.clause import NOT_CONCERNED, Attempt, Verdict, clause, met
from engine.guards.repair_order.order import checks, complaints, latest, since, unreproduced
from engine.text import Text

Described = ro.InspectionCompleted | ro.QuoteIssued
"""A complaint may still be recorded after the inspection: it is judged again before the quotation."""


@clause(
    "inspect.walkaround-with-customer",
    ro.InspectionCompleted,
    source="001 P36, 000 T41, 000 T34, 000 T32",
    owns=("walkaround_started.customer_present",),
    zh="环检未与客户一同完成（客户在场：{customer_present}，已结束：{finished}）。",
    en="The walk-around was not done with the customer (customer present: {customer_present}, finished: {finished}).",
    do=Text(
        zh="请客户一同环车检查并记录起止。",
        en="Walk round the vehicle with the customer and record start and end.",
    ),
)
def walkaround_together(attempt: Attempt[ro.InspectionCompleted]) -> Verdict:
    """Begun with the customer, and ended, since the kit was fitted."""
    fitted = attempt.case.last(ro.KitFitted)
    started = since(attempt.case.all(ro.WalkaroundStarted), fitted)
    begun = attempt.case.last(ro.WalkaroundStarted)
    finished = since(attempt.case.all(ro.WalkaroundFinished), begun if started else fitted)
    present = started[-1].customer_present if started else None
    return met(present is True and bool(finished), customer_present=present, finished=bool(finished))


@clause(
    "inspect.odometer-and-fuel",
    ro.InspectionCompleted,
    source="001 P37, 001 P38",
    owns=("inspection_completed.odometer_in_km", "inspection_completed.fuel_percent"),
    zh="里程（{odometer} 公里，上次 {previous} 公里）与油量（{fuel}%）须登记；里程倒退须注明原因。",
    en="Odometer ({odometer} km, previously {previous} km) and fuel ({fuel} %) must be recorded; a lower "
    "reading needs a note.",
    do=Text(
        zh="登记里程与油量；里程低于上次的写明原因。",
        en="Record both; explain a reading below the previous one.",
    ),
)
def odometer_and_fuel(attempt: Attempt[ro.InspectionCompleted]) -> Verdict:
    """Both recorded, and a reading that went down explained."""
    seen = attempt.event
    explained = seen.odometer_note is not None and seen.odometer_note.ok
    went_down = (seen.odometer_in_km or 0) < (seen.previous_odometer_km or 0)
    recorded = seen.odometer_in_km is not None and seen.fuel_percent is not None
    return met(
        recorded and (explained or not went_down),
        odometer=seen.odometer_in_km,
        previous=seen.previous_odometer_km,
        fuel=seen.fuel_percent,
    )


@clause(
    "inspect.every-finding-told-and-written",
    ro.InspectionCompleted,
    ro.QuoteIssued,
    source="001 P39, 001 P36, 001 P38, 000 T35, 000 T09, 000 T03",
    owns=("finding_noted.written_on_order", "finding_told.proposed_handling"),
    zh="环检异常未告知客户：{untold}；未写入委托书：{unwritten}。",
    en="Findings not told to the customer: {untold}; not written on the order: {unwritten}.",
    do=Text(
        zh="逐项向客户指出并给出处理建议，同时写入委托书。",
        en="Point out each with a proposed handling, and write it on the order.",
    ),
)
def findings_told_and_written(attempt: Attempt[ro.InspectionCompleted | ro.QuoteIssued]) -> Verdict:
    """Each finding both told, with a handling, and written; those noted after the inspection before the quotation."""
    noted = latest((fact.event for fact in attempt.case.all(ro.FindingNoted)), "finding_id")
    told = {fact.event.finding_id for fact in attempt.case.all(ro.FindingTold) if fact.event.proposed_handling}
    untold = sorted(set(noted) - told)
    unwritten = sorted(key for key, finding in noted.items() if not finding.written_on_order)
    return met(not untold and not unwritten, untold=untold, unwritten=unwritten)


@clause(
    "inspect.symptom-jointly-confirmed",
    ro.InspectionCompleted,
    ro.QuoteIssued,
    source="001 P36, 001 P31, 001 P30",
    owns=("symptom_checked.customer_confirmed_same",),
    zh="故障现象未与客户共同确认：{symptoms}。",
    en="Symptoms not confirmed together with the customer: {symptoms}.",
    do=Text(
        zh="与客户一同看到或听到故障并确认一致；未能重现的不得先记原因。",
        en="See or hear it with the customer and agree that it is the one; note no cause for what did not show.",
    ),
)
def symptom_confirmed_together(attempt: Attempt[Described]) -> Verdict:
    """What shows is agreed to be the fault complained of; what does not show has no cause yet."""
    known = checks(attempt.case)
    open_ones = [symptom for symptom in complaints(attempt.case) if not _settled(known.get(symptom))]
    return met(not open_ones, symptoms=open_ones)


def _settled(check: ro.SymptomChecked | None) -> bool:
    if check is None or check.reproduced is None:
        return False
    return check.customer_confirmed_same is True if check.reproduced else check.suspected_cause is None


@clause(
    "inspect.component-verified-on-vehicle",
    ro.InspectionCompleted,
    ro.QuoteIssued,
    source="001 P29, 001 P30",
    owns=("symptom_checked.verified_component",),
    zh="未在车上实地确认部件：{symptoms}。",
    en="The part was not verified at the vehicle: {symptoms}.",
    do=Text(
        zh="在车上确认客户所说的部件并登记编码。",
        en="Verify at the vehicle what the customer named, and record its code.",
    ),
)
def component_verified(attempt: Attempt[Described]) -> Verdict:
    """Each complaint has a part verified physically."""
    known = checks(attempt.case)
    open_ones = [key for key in complaints(attempt.case) if key not in known or known[key].verified_component is None]
    return met(not open_ones, symptoms=open_ones)


@clause(
    "inspect.customer-words-recorded",
    ro.InspectionCompleted,
    ro.QuoteIssued,
    source="001 P29",
    owns=(
        "complaint_recorded.customer_words",
        "complaint_recorded.frequency",
        "complaint_recorded.operating_condition",
    ),
    zh="客户原话、出现频率或发生状态未记录：{symptoms}。",
    en="The customer's words, the frequency or the condition are not recorded: {symptoms}.",
    do=Text(
        zh="按客户原话补记描述、频率与发生状态。",
        en="Record the description as spoken, how often and in what condition.",
    ),
)
def words_as_spoken(attempt: Attempt[Described]) -> Verdict:
    """Each complaint in the customer's words, with frequency and condition."""
    mute = [key for key, told in complaints(attempt.case).items() if not _described(told)]
    return met(not mute, symptoms=mute)


def _described(told: ro.ComplaintRecorded) -> bool:
    parts = (told.customer_words, told.frequency, told.operating_condition)
    return all(part is not None and part.ok for part in parts)


@clause(
    "inspect.suspect-area-prior-repair",
    ro.InspectionCompleted,
    ro.QuoteIssued,
    source="001 P36, 001 P41",
    owns=("symptom_checked.prior_repair_checked",),
    zh="异响或线路问题未查周边是否修过：{symptoms}。",
    en="Noise or electrical faults without a look for earlier repair: {symptoms}.",
    do=Text(
        zh="检查故障部位周边是否有修过的痕迹并记录。",
        en="Examine the surroundings for traces of earlier repair and record it.",
    ),
)
def prior_repair_looked_for(attempt: Attempt[Described]) -> Verdict:
    """A noise or an electrical fault had its surroundings examined."""
    suspect = {ro.ComplaintType.NOISE, ro.ComplaintType.ELECTRICAL}
    known = checks(attempt.case)
    unlooked = [
        key
        for key, told in complaints(attempt.case).items()
        if told.complaint_type in suspect and (key not in known or known[key].prior_repair_checked is not True)
    ]
    return met(not unlooked, symptoms=unlooked)


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
