"""Clauses of the diagnosis: the interview, the symptom at the vehicle, and what cannot be judged at once."""

from __future__ import annotations

from engine.events import repair_order as ro
from engine.guards.clause import Attempt, Binding, Verdict, clause, met
from engine.guards.figure import Figure, codes
from engine.guards.repair_order.order import checks, complaints, latest, open_plans, undecided, unreproduced
from engine.text import Text

Described = ro.InspectionCompleted | ro.QuoteIssued
"""A complaint may still be recorded after the inspection: it is judged again before the quotation."""


@clause(
    "inspect.five-w-one-h",
    ro.InspectionCompleted,
    ro.QuoteIssued,
    source="001 P34",
    binding=Binding.NOTE,
    owns=("inquiry_answered.answer", "inquiry_summarised.summary", "inquiry_summarised.confirmed"),
    zh="问诊不完整：没有问到的问题 {questions}（报修项 {symptoms}）；小结未经客户确认的报修项：{unconfirmed}。",
    en="The interview is not complete: not asked {questions} (complaints {symptoms}); summary not confirmed by the "
    "customer for: {unconfirmed}.",
    do=Text(
        zh="按5W1H补问（inquiry_answered），再用一句话总结请客户确认（inquiry_summarised）。",
        en="Ask what is missing (inquiry_answered); sum up and have the customer confirm (inquiry_summarised).",
    ),
)
def interviewed(
    attempt: Attempt[Described],
    questions: Figure[tuple[str, ...]] = codes(
        "what", "when", "where", "who", "why", "how", unit="questions", tighter="more"
    ),
) -> Verdict:
    """Each complaint has the six questions answered and a summary that the customer confirmed."""
    case = attempt.case
    answers = [fact.event for fact in case.all(ro.InquiryAnswered)]
    answered = {(one.symptom_id, one.question) for one in answers if one.answer is not None and one.answer.ok}
    asked = [(symptom, question) for symptom in complaints(case) for question in questions.value]
    missing = [one for one in asked if one not in answered]
    summaries = latest((fact.event for fact in case.all(ro.InquirySummarised)), "symptom_id")
    unconfirmed = [symptom for symptom in complaints(case) if not _confirmed(summaries.get(symptom))]
    return met(
        not missing and not unconfirmed,
        symptoms=[*dict.fromkeys(symptom for symptom, _ in missing)],
        questions=[*dict.fromkeys(question for _, question in missing)],
        unconfirmed=unconfirmed,
    )


def _confirmed(told: ro.InquirySummarised | None) -> bool:
    return told is not None and told.confirmed is True and told.summary is not None and told.summary.ok


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
    "inspect.no-bluffing-escalate",
    ro.InspectionCompleted,
    ro.QuoteIssued,
    source="001 P36, 001 P35",
    binding=Binding.NOTE,
    owns=("symptom_checked.directly_judgeable", "issue_escalated.escalated_to"),
    zh="不能直接判断的问题没有转技术专家或车间：{issues}。",
    en="Problems that were not judged directly and went to nobody who can: {issues}.",
    do=Text(
        zh="不要敷衍客户：请技术专家或车间处理，并登记转给了谁（issue_escalated）。",
        en="Do not brush it aside: hand it to an expert or the workshop and record to whom (issue_escalated).",
    ),
)
def escalated(attempt: Attempt[Described]) -> Verdict:
    """What the advisor cannot judge has somebody who can; what did not show is observed instead."""
    case = attempt.case
    findings = latest((fact.event for fact in case.all(ro.FindingNoted)), "finding_id")
    issues = [symptom for symptom in undecided(case) if not unreproduced(case, symptom)]
    issues += [key for key, finding in findings.items() if finding.directly_judgeable is False]
    handed = {fact.event.issue_id for fact in case.all(ro.IssueEscalated) if fact.event.escalated_to is not None}
    shelved = [issue for issue in issues if issue not in handed]
    return met(not shelved, issues=shelved)


@clause(
    "inspect.candidate-causes",
    ro.InspectionCompleted,
    ro.QuoteIssued,
    ro.CauseDetermined,
    source="001 P31",
    binding=Binding.NOTE,
    owns=("candidate_causes_told.candidate_causes",),
    zh="初诊未定的报修 {symptoms}：没有登记告知客户的可能原因，或车间查明的原因（{cause}）不在其中。",
    en="Complaints without a certain diagnosis {symptoms}: the possible causes told are not recorded, or the cause "
    "that the workshop found ({cause}) is none of them.",
    do=Text(
        zh="登记已告知的可能原因（candidate_causes_told）；超出范围的按变更重新与客户确认。",
        en="Record the causes told (candidate_causes_told); one outside them is a change: confirm it anew.",
    ),
)
def causes_told(attempt: Attempt[ro.InspectionCompleted | ro.QuoteIssued | ro.CauseDetermined]) -> Verdict:
    """Where the first diagnosis is open, possible causes were told; the workshop's cause is one of those told."""
    case, event = attempt.case, attempt.event
    facts = latest((fact.event for fact in case.all(ro.CandidateCausesTold)), "symptom_id")
    told = {symptom: fact.candidate_causes for symptom, fact in facts.items() if fact.candidate_causes}
    if isinstance(event, ro.CauseDetermined):
        expected = event.workshop_cause in told.get(event.symptom_id, {event.workshop_cause})
        return met(expected, symptoms=[event.symptom_id], cause=event.workshop_cause)
    untold = [symptom for symptom in open_plans(case) if symptom not in told]
    return met(not untold, symptoms=untold, cause=None)
