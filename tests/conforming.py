"""Conforming facts: for every row of the repair-order table, what the SOP accepts, who puts it, what comes first.

One superset serves all four profiles: four pieces of kit, a signed condition, an exit record and a road test. Facts
are computed from the case, because some of them must fit what stands on it. `walk` and `perform` take a case along
them; `spoilt` and `stranger_to` make them wrong in one place, which is what a property wants to try next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from engine import Accepted, Actor, Answer, Case, Catalogue, Late, standard_catalogue
from engine.command import Command
from engine.decider import Decider
from engine.events import repair_order as ro
from engine.events.common import CaseOpened, ClauseWaived
from engine.events.event import Attachment, Event
from engine.events.personal import Personal
from engine.guards.repair_order.lines import (
    amount,
    billed,
    customer_pays,
    lines_with_part,
    pending_lines,
    put_lines,
    signed_lines,
    total,
)
from engine.guards.repair_order.order import kit_on, latest, since
from engine.journal import Entry
from engine.roles import Role
from engine.sealing import seal
from engine.states.repair_order import WORKFLOW
from engine.states.repair_order import State as S
from engine.states.workflow import Transition
from engine.text import Word
from tests.support import START, Clock

Kind = type[Event]

ROWS: Mapping[tuple[str, str], Transition] = {(row.name, row.source): row for row in WORKFLOW.rows}
"""The table by command and source."""
NEVER_ACCEPTED = frozenset({("staff_entered", "arrived"), ("kit_removed", "QC"), ("kit_removed", "internal-handover")})
"""Open only to be refused: no kit is on in `arrived`, and a finished vehicle keeps its kit until payment."""
WAIVABLE = ("protect.every-vehicle", "settle.gate-pass")
PROFILES = ("base", "dpca", "faw-toyota", "lexus")
STAND_INS: Mapping[str, set[Role]] = {
    command: {
        role
        for profile in standard_catalogue().profiles.values()
        for role, commands in profile.stand_ins.get("repair_order", {}).items()
        if command in commands
    }
    for command, _ in ROWS
}
"""Who may stand in for a command under some profile, when its clauses let them."""


def catalogue() -> Catalogue:
    """All that ships, with a base profile that lists two clauses as waivable; the shipped one lists none."""
    shipped = standard_catalogue()
    base = shipped.profiles["base"]
    clauses = {**base.clauses["repair_order"], "flow.waiver": {"waivable": [*WAIVABLE]}}
    return replace(shipped, profiles={**shipped.profiles, "base": replace(base, clauses={"repair_order": clauses})})


# --- facts -----------------------------------------------------------------------------------------------------------


def evidence(name: str) -> Attachment:
    return Attachment(sha256="ab" * 32, media_type="image/png", uri=f"kept://{name}")


def words(text: str) -> Personal:
    return Personal.clear(text)


_SYMPTOM, _LINE, _FREE_LINE, _PART = "s1", "L1", "L2", "P-100"
_PROMISE = START + timedelta(hours=6)
_ROUTE = standard_catalogue().clauses["inspect.route-order"].figures["route"].value

_PLAIN: Mapping[Kind, Event] = {
    type(event): event
    for event in (
        ro.VehicleCheckedIn(
            vin=words("LDC913L2240000023"), license_plate=words("沪A12345"), order_origin=ro.OrderOrigin.WALK_IN
        ),
        ro.AdvisorNotified(advisor_id="sa-1", channel=ro.CallChannel.RADIO),
        ro.VehicleGuided(guide_shift_id="shift-1", vehicle_zone=ro.Zone.YARD),
        ro.CustomerGreeted(location=ro.GreetingPlace.YARD, first_visit=True, introduced=True, card_given=True),
        ro.WaitTick(acknowledged=True, expected_wait_minutes=5, seated=True),
        ro.WaitEscalated(escalated_to="sm-1"),
        ro.PeakRaised(reinforcement=("sm-1",)),
        ro.StandbyCalled(standby_id="x-warranty_clerk", reception_training_on=date(2026, 3, 2)),
        ro.PurposeRecorded(
            purposes=frozenset({ro.Purpose.REPAIR, ro.Purpose.MAINTENANCE}), primary_purpose=ro.Purpose.REPAIR
        ),
        ro.PurposeNotRepair(diverted_to="insurance-desk"),
        ro.CustomerLeft(reason=words("等候时离开")),
        ro.OrderHandwritten(image=evidence("paper")),
        ro.HandwrittenOrderEntered(),
        ro.KitFitted(
            kit_pieces=frozenset(ro.KitPiece),
            waiver_offered_by_customer=False,
            form_carried=True,
            kit_carried=True,
            customer_present=True,
            announced_to_customer=True,
        ),
        ro.StaffEntered(kit_in_place=True),
        ro.HandlingChecked(handler_id="sa-1", deviation_noted=False),
        ro.ComplaintRecorded(
            symptom_id=_SYMPTOM,
            complaint_type=ro.ComplaintType.NOISE,
            customer_words=words("左前轮有响声"),
            frequency=words("每次转弯"),
            operating_condition=words("低速转向"),
        ),
        ro.SymptomChecked(
            symptom_id=_SYMPTOM,
            reproduced=True,
            customer_confirmed_same=True,
            verified_component="tie-rod-left",
            prior_repair_checked=True,
            directly_judgeable=True,
        ),
        ro.ForgottenNeedsAsked(more_needs=True, needs=words("顺便看看胎压")),
        ro.HistoryConsulted(),
        ro.VehicleAssessed(first_used_on=date(2024, 11, 22), condition_poor=False),
        ro.PrecheckDone(checklist_version="entry-2026", lift_used=True),
        ro.EtiquetteScored(audit_item=ro.EtiquetteItem.QUOTING_GESTURES, score=95),
        ro.InquiryAnswered(symptom_id=_SYMPTOM, question=ro.Question.WHERE, answer=words("好像是车轮附近")),
        ro.InquirySummarised(symptom_id=_SYMPTOM, summary=words("转弯时左前轮附近响，对吧？"), confirmed=True),
        ro.IssueEscalated(issue_id=_SYMPTOM, escalated_to="te-1"),
        ro.CandidateCausesTold(symptom_id=_SYMPTOM, candidate_causes=frozenset({"tie-rod-worn", "outer-cv-joint"})),
        ro.ComplaintClosed(symptom_id="s9", reason=ro.CloseReason.WITHDRAWN_BY_CUSTOMER),
        ro.WalkaroundStarted(customer_present=True),
        ro.CheckpointChecked(
            checkpoint=ro.Checkpoint.LOWER_SILLS, result=ro.FindingResult.DAMAGED, photo=evidence("sill")
        ),
        ro.StationVisited(station=ro.Station.LEFT_FRONT_DOOR),
        ro.TyreMeasured(wheel=ro.Wheel.FRONT_LEFT, pressure_kpa=230, tread_tenths_mm=60),
        ro.OilShown(),
        ro.WalkaroundFinished(all_closed=True),
        ro.FindingNoted(
            finding_id="f1", checkpoint="lower_sills", result=ro.FindingResult.DAMAGED, written_on_order=True
        ),
        ro.FindingTold(finding_id="f1", proposed_handling="paint"),
        ro.ConditionAcknowledged(condition_signature=evidence("condition")),
        ro.InspectionCompleted(odometer_in_km=41_200, previous_odometer_km=40_000, fuel_percent=55),
        ro.ObservationChosen(
            symptom_id=_SYMPTOM, observation_choice=ro.ObservationChoice.IN_USE, observation_cycle_days=7
        ),
        ro.SymptomSeen(symptom_id=_SYMPTOM),
        ro.VehicleReturned(),
        ro.DeclaredGone(symptom_id=_SYMPTOM),
        ro.LineQuoted(
            line_id=_LINE,
            operation_kind=ro.OperationKind.REPAIR_WORK,
            symptom_id=_SYMPTOM,
            labour_amount=Decimal("300.00"),
            planned_hours_tenths=10,
            part_no=_PART,
            part_origin=ro.PartOrigin.DOMESTIC,
            parts_amount=Decimal("200.00"),
            pay_type=ro.PayType.CUSTOMER_PAY,
            payer_status=ro.PayerStatus.CONFIRMED,
            charge_accepted=True,
        ),
        ro.StockChecked(part_no=_PART, in_stock=True),
        ro.RiskDisclosed(
            line_id=_LINE,
            risk_reason=ro.RiskReason.USE,
            possible_charge=Decimal("500.00"),
            consent_signature=evidence("risk"),
        ),
        ro.InspectionFeeAgreed(
            line_id=_LINE, inspection_fee=Decimal("150.00"), consent_signature=evidence("inspection-fee")
        ),
        ro.NextStepAgreed(
            symptom_id=_SYMPTOM,
            plan_due_at=_PROMISE,
            contact_channel=ro.NoticeChannel.PHONE,
            contact=words("13800138000"),
        ),
        ro.CauseDetermined(symptom_id=_SYMPTOM, workshop_cause="tie-rod-worn"),
        ro.RequestRecorded(request_id="r1", chargeable=False),
        ro.RequestRestated(request_id="r1", confirmed_by_customer=True),
        ro.QuoteIssued(eta=_PROMISE, explained=True, repair_category=ro.RepairCategory.GENERAL_REPAIR),
        ro.QuotationDeclined(cancel_reason=words("价格"), keys_returned=True),
        ro.SupplementDeclined(decline_reason=words("下次再做")),
        ro.OrderWithdrawn(cancel_reason=words("改期"), keys_returned=True),
        ro.VehicleWithdrawn(cancel_reason=words("急用车"), keys_returned=True),
        ro.CustomerDataVerified(owner_phone=words("13800138000"), deviation_found=True, corrected_in_dms=True),
        ro.SenderIdentified(sender_is_owner=False, sender_name=words("王先生"), sender_phone=words("13900139000")),
        ro.PointConfirmed(point=ro.Point.ITEMS, answer=True, understood=True),
        ro.OrderSigned(
            customer_signature=evidence("order"),
            signer_role=ro.SignerRole.OWNER,
            promised_at=_PROMISE,
            promised_written_on_order=True,
            customer_copy_no="copy-1",
            customer_present=True,
        ),
        ro.AcceptanceRecorded(damage_entries=("sill-left-scratch",)),
        ro.OrderHandedToWorkshop(order_handed=True, keys_handed=True, received_by="wd-1"),
        ro.WorkDispatched(technician_id="t-1", skill_ok=True, hours_available_tenths=35),
        ro.CustomerSettled(
            customer_whereabouts=ro.Whereabouts.LOUNGE,
            facilities_told=True,
            contact_way_told=True,
            gallery_offered=True,
        ),
        ro.LoungeVisited(),
        ro.ProgressNoted(
            percent_done=50,
            told_to_customer=True,
            channel=ro.NoticeChannel.IN_PERSON,
            content=words("正在换件"),
            open_points=(),
        ),
        ro.EtaRiskFound(planned_finish=_PROMISE + timedelta(hours=1)),
        ro.WorkshopChased(),
        ro.RepairPlanReceived(),
        ro.VehicleKept(kept_reason=words("待件"), next_action=words("明早到件后装车")),
        ro.EtaChanged(
            new_promised_at=_PROMISE + timedelta(hours=2),
            reason=words("待件"),
            customer_confirmed=True,
            consent_evidence=evidence("eta"),
        ),
        ro.AdviceGiven(
            advice_id="a1",
            wear_part="tyres",
            safety_related=True,
            replace_before=ro.ReplaceBefore.NOW,
            measured_tenths_mm=16,
            wording="tyre-tread-limit",
            noted_on_order=True,
        ),
        ro.AdviceDeclined(advice_id="a1", decline_reason=words("须请示"), decline_signature=evidence("refusal")),
        ro.WorkSuspended(suspend_reason=ro.SuspendReason.WAITING_PARTS, vehicle_zone=ro.Zone.INTERRUPTED),
        ro.WorkResumed(reason_cleared=True),
        ro.WorkFinished(),
        ro.SymptomRechecked(symptom_id=_SYMPTOM, outcome=ro.SymptomOutcome.GONE),
        ro.RoadTested(distance_km=8, result=ro.TestResult.PASS, responsible_signature=evidence("road-test")),
        ro.VehicleWashed(wash_standard="wash-2026", procedure_posted=True),
        ro.OldPartsPlaced(storage_location="shelf-4"),
        ro.ExteriorCompared(exterior_compare=ro.ExteriorCompare.SAME),
        ro.KeysTaken(keys_from="qi-1"),
        ro.QcPassed(unmet_demands=(), inspector_signature=evidence("qc"), filed_with_order=True),
        ro.QcFailed(failed_items=(_LINE,), failure_cause=words("异响仍在"), promise_rechecked=True),
        ro.HandoverRejected(reject_reason=words("漏项")),
        ro.ReportReviewed(unclear_lines=(), missed_lines=(), warranty_fields_complete=True, inspector_signed=True),
        ro.HandoverSigned(documents_checked=True, vehicle_checked=True, key_received_signature=evidence("key-box")),
        ro.LinePriceDecided(
            line_id=_LINE, decision=ro.PriceDecision.CUSTOMER_CONSENTS, consent_evidence=evidence("price")
        ),
        ro.TotalDecided(approved_total=Decimal("900.00"), consent_evidence=evidence("total")),
        ro.StatementPrinted(
            statement_no="st-1",
            printed_from=ro.PrintedFrom.DMS,
            account_type=ro.AccountType.CUSTOMER,
            given_to_customer=True,
        ),
        ro.StatementRechecked(),
        ro.DocumentsReadied(
            order_advice_signed=True,
            statement_signed_by_advisor=True,
            maintenance_sheet_signed=True,
            parts_issue_slip_id="slip-1",
            booklet_stamped=True,
            next_service_entered=True,
        ),
        ro.CustomerNotified(result=ro.NoticeResult.REACHED, channel=ro.NoticeChannel.IN_PERSON),
        ro.WorkShown(shown=frozenset(ro.Shown)),
        ro.ConditionExplained(),
        ro.StatementSigned(
            total_confirmed_by_customer=True,
            main_items_confirmed=True,
            statement_signature=evidence("statement"),
            maintenance_sheet_signature=evidence("sheet"),
        ),
        ro.CashierReached(accompanied_by="x-service_advisor"),
        ro.CustomerCopyLost(identity_checked=True),
        ro.CopyLossAccepted(manager_note=words("已核验身份证")),
        ro.KitRemoved(customer_present=True, disposed=True),
        ro.GatePassIssued(gate_pass_no="gate-1", belongings_reminded=True),
        ro.SeenOff(courtesies=frozenset(ro.Courtesy)),
        ro.FollowUpClosed(follow_up_case_id="fu-1", outcome=ro.FollowUpOutcome.CALLED, open_complaints=0),
        ro.ComebackOpened(linked_order_id="RO-2", same_symptom=True, manager_informed=True),
    )
}


def _a_line(case: Case) -> str:
    return next(iter(signed_lines(case)), _LINE)


def _finding(case: Case) -> str:
    return f"x{len(case.all(ro.SupplementFound)) + 1}"


def _supplement(case: Case) -> ro.SupplementFound:
    return ro.SupplementFound(
        finding_id=_finding(case),
        duplicate_or_warranty_hit=False,
        told_to_customer=True,
        reason=words("拆检后发现"),
        new_promised_at=_PROMISE + timedelta(hours=1),
    )


def _part_issued(case: Case) -> ro.PartIssued:
    with_part = [line for line in signed_lines(case).values() if line.part_no and line.parts_amount is not None]
    line = with_part[0] if with_part else _line(_LINE)
    return ro.PartIssued(
        line_id=line.line_id,
        part_no=line.part_no or _PART,
        part_origin=line.part_origin,
        parts_amount=line.parts_amount,
    )


def _listed(case: Case, line_id: str) -> ro.StatementLineListed:
    told = signed_lines(case).get(line_id) or _line(line_id)
    return ro.StatementLineListed(
        line_id=line_id,
        line_type=ro.LineType.OPERATION,
        worded_from=ro.WordedFrom.REPAIR_REPORT,
        labour_amount=told.labour_amount or Decimal(0),
        parts_amount=told.parts_amount,
        result=ro.OperationResult.DONE,
    )


def _part_shown(line_id: str) -> ro.OldPartsShown:
    return ro.OldPartsShown(line_id=line_id, disposition=ro.Disposition.RETURNED)


def _usage_told(case: Case) -> ro.UsageTold:
    inspected = case.last(ro.InspectionCompleted)
    odometer = (inspected.event.odometer_in_km if inspected else None) or 0
    return ro.UsageTold(
        cautions_told=True,
        next_service_class="A",
        next_service_km=odometer + 15_000,
        next_service_on=date(2027, 5, 1),
        intermediate_check_km=odometer + 7_500,
        return_check_on=date(2027, 1, 4),
    )


def _copy_returned(case: Case) -> ro.CustomerCopyReturned:
    signatures = case.all(ro.OrderSigned)
    copy = signatures[0].event.customer_copy_no if signatures else None
    return ro.CustomerCopyReturned(customer_copy_no=copy or "copy-1")


def _vehicle_left(case: Case) -> ro.VehicleLeft:
    issued = case.last(ro.GatePassIssued)
    return ro.VehicleLeft(gate_pass_no=issued.event.gate_pass_no if issued else "gate-1")


def _waived(case: Case) -> ClauseWaived:
    for seq, refusing in sorted(case.refused.items(), reverse=True):
        for clause in WAIVABLE:
            if clause in refusing.clauses:
                return ClauseWaived(refused_seq=seq, clause=clause, reason=words("现场已核实"))
    return ClauseWaived(refused_seq=1, clause=WAIVABLE[0], reason=words("现场已核实"))


def _printed(case: Case) -> ro.OrderPrinted:
    quote, lines = case.last(ro.QuoteIssued), put_lines(case)
    return ro.OrderPrinted(
        paper=evidence("order-form"),
        line_ids=frozenset(lines),
        estimate=sum((amount(line) for line in lines.values() if customer_pays(line)), Decimal(0)),
        eta=quote.event.eta if quote else _PROMISE,
    )


_FROM_CASE: Mapping[Kind, Callable[[Case], Event]] = {
    ro.OrderPrinted: _printed,
    ro.OperationStarted: lambda case: ro.OperationStarted(line_id=_a_line(case)),
    ro.OperationPaused: lambda case: ro.OperationPaused(line_id=_a_line(case)),
    ro.OperationReported: lambda case: _reported(_a_line(case)),
    ro.BoardUpdated: lambda case: ro.BoardUpdated(board_status=case.state),
    ro.PartIssued: _part_issued,
    ro.ExtraWorkFound: lambda case: ro.ExtraWorkFound(finding_id=_finding(case), follow_up=ro.FollowUp.SUPPLEMENT_NOW),
    ro.SupplementFound: _supplement,
    ro.ExitItemInspected: lambda case: _exit_passed(_a_line(case)),
    ro.LineConfirmedDone: lambda case: ro.LineConfirmedDone(line_id=_a_line(case), done=True),
    ro.StatementLineListed: lambda case: _listed(case, _a_line(case)),
    ro.OldPartsShown: lambda case: _part_shown(_a_line(case)),
    ro.UsageTold: _usage_told,
    ro.LineExplained: lambda case: ro.LineExplained(line_id=_a_line(case)),
    ro.CustomerCopyReturned: _copy_returned,
    ro.Paid: lambda case: ro.Paid(amount=total(case), receipt_no="receipt-1"),
    ro.VehicleLeft: _vehicle_left,
    ClauseWaived: _waived,
}

KINDS: tuple[Kind, ...] = tuple({row.event: None for row in WORKFLOW.rows})
"""Every event of the table, in its order."""


def fact(case: Case, kind: Kind) -> Event:
    """The conforming fact of a kind on this case."""
    return _FROM_CASE[kind](case) if kind in _FROM_CASE else _PLAIN[kind]


def _line(line_id: str) -> ro.LineQuoted:
    line = _PLAIN[ro.LineQuoted].model_copy(update={"line_id": line_id})
    assert isinstance(line, ro.LineQuoted)
    return line


def _free_line() -> ro.LineQuoted:
    return ro.LineQuoted(
        line_id=_FREE_LINE,
        operation_kind=ro.OperationKind.DIAGNOSIS,
        request_id="r1",
        labour_amount=Decimal(0),
        planned_hours_tenths=2,
        pay_type=ro.PayType.FREE,
        payer_status=ro.PayerStatus.CONFIRMED,
    )


def _reported(line_id: str) -> ro.OperationReported:
    return ro.OperationReported(line_id=line_id, action="replaced", result=ro.OperationResult.DONE)


def _exit_passed(line_id: str) -> ro.ExitItemInspected:
    return ro.ExitItemInspected(line_id=line_id, result=ro.TestResult.PASS)


# --- what comes first ------------------------------------------------------------------------------------------------


class Step(NamedTuple):
    """A fact, who puts it, and whether the SOP is meant to refuse it (what a waiver answers)."""

    event: Event
    actor: Actor
    refused: bool = False


Preparing = Callable[[Case], Iterator[Event]]


def _ids(case: Case, kind: Kind, key: str, *usual: str) -> list[str]:
    return [*dict.fromkeys([*usual, *latest((fact_.event for fact_ in case.all(kind)), key)])]


def _with(kind: Kind, **values: object) -> Event:
    return _PLAIN[kind].model_copy(update=values)


def _to_fit_kit(case: Case) -> Iterator[Event]:
    if case.state == S.ARRIVED:
        for kind in (ro.VehicleGuided, ro.CustomerGreeted, ro.PeakRaised, ro.StandbyCalled, ro.PurposeRecorded):
            yield _PLAIN[kind]
        yield _PLAIN[ro.CustomerDataVerified]


def _with_kit(case: Case) -> Iterator[Event]:
    """The kit is on, or is put back."""
    if case.state != S.ARRIVED and not kit_on(case):
        yield _PLAIN[ro.KitFitted]


def _to_divert(_case: Case) -> Iterator[Event]:
    yield ro.PurposeRecorded(purposes=frozenset({ro.Purpose.INSURANCE}), primary_purpose=ro.Purpose.INSURANCE)


def _findings(case: Case) -> Iterator[Event]:
    for finding_id in _ids(case, ro.FindingNoted, "finding_id", "f1"):
        yield _with(ro.FindingNoted, finding_id=finding_id)
        yield _with(ro.FindingTold, finding_id=finding_id)


def _to_complete_inspection(case: Case) -> Iterator[Event]:
    yield from _with_kit(case)
    for kind in (ro.ForgottenNeedsAsked, ro.VehicleAssessed, ro.PrecheckDone, ro.OilShown):
        yield _PLAIN[kind]
    yield _PLAIN[ro.WalkaroundStarted]
    yield from _round_the_vehicle(case)
    yield _PLAIN[ro.WalkaroundFinished]
    yield from _findings(case)
    for symptom_id in _ids(case, ro.ComplaintRecorded, "symptom_id", _SYMPTOM):
        yield _with(ro.ComplaintRecorded, symptom_id=symptom_id)
        yield _with(ro.SymptomChecked, symptom_id=symptom_id)
        yield from (_with(ro.InquiryAnswered, symptom_id=symptom_id, question=question) for question in ro.Question)
        yield _with(ro.InquirySummarised, symptom_id=symptom_id)


def _round_the_vehicle(case: Case) -> Iterator[Event]:
    """Each station of the route; what the sheet and the tyres still lack."""
    yield from (ro.StationVisited(station=ro.Station(station)) for station in _ROUTE)
    returned = case.last(ro.VehicleReturned)
    sheet = latest(since(case.all(ro.CheckpointChecked), returned), "checkpoint")
    for point in ro.Checkpoint:
        if sheet.get(point) != _looked_at(point):
            yield _looked_at(point)
    tyres = latest(since(case.all(ro.TyreMeasured), returned), "wheel")
    for wheel in ro.Wheel:
        if tyres.get(wheel) != _with(ro.TyreMeasured, wheel=wheel):
            yield _with(ro.TyreMeasured, wheel=wheel)


def _looked_at(point: ro.Checkpoint) -> Event:
    if point is ro.Checkpoint.LOWER_SILLS:
        return _PLAIN[ro.CheckpointChecked]
    note = words("雨伞一把") if point is ro.Checkpoint.BELONGINGS else None
    return ro.CheckpointChecked(checkpoint=point, result=ro.FindingResult.OK, note=note)


def _to_observe(case: Case) -> Iterator[Event]:
    yield from _with_kit(case)
    yield _with(ro.SymptomChecked, reproduced=False, customer_confirmed_same=None)


def _to_quote(case: Case) -> Iterator[Event]:
    yield from _findings(case)
    for kind in (ro.ConditionAcknowledged, ro.HistoryConsulted, ro.RequestRecorded, ro.RequestRestated):
        yield _PLAIN[kind]
    yield _PLAIN[ro.StockChecked]
    yield _free_line()
    for line_id in dict.fromkeys([_LINE, *pending_lines(case)]):
        if line_id != _FREE_LINE:
            yield _line(line_id)


def _to_sign(case: Case) -> Iterator[Event]:
    yield _PLAIN[ro.CustomerDataVerified]
    yield _PLAIN[ro.SenderIdentified]
    yield _PLAIN[ro.CustomerSettled]
    yield _printed(case)
    for point in ro.Point:
        yield _with(ro.PointConfirmed, point=point)


def _to_dispatch(_case: Case) -> Iterator[Event]:
    yield _PLAIN[ro.CustomerSettled]
    yield _PLAIN[ro.AcceptanceRecorded]
    yield _PLAIN[ro.OrderHandedToWorkshop]


def _to_supplement(case: Case) -> Iterator[Event]:
    yield fact(case, ro.ExtraWorkFound)
    yield _PLAIN[ro.StockChecked]
    for line_id in dict.fromkeys([f"L-{_finding(case)}", *pending_lines(case)]):
        yield _line(line_id)


def _advice(case: Case) -> Iterator[Event]:
    for advice_id in _ids(case, ro.AdviceGiven, "advice_id", "a1"):
        yield _with(ro.AdviceGiven, advice_id=advice_id)
        yield _with(ro.AdviceDeclined, advice_id=advice_id)


def _to_leave(case: Case) -> Iterator[Event]:
    """What was advised is answered, and the kit comes off."""
    for advice_id in _ids(case, ro.AdviceGiven, "advice_id"):
        yield _with(ro.AdviceDeclined, advice_id=advice_id)
    yield _PLAIN[ro.KitRemoved]


def _to_finish(case: Case) -> Iterator[Event]:
    yield from _with_kit(case)
    quoted = latest((fact_.event for fact_ in case.all(ro.LineQuoted)), "line_id")
    for line_id in signed_lines(case):
        if quoted[line_id].dismantling_needed:
            yield _with(ro.InspectionFeeAgreed, line_id=line_id)
        yield ro.OperationStarted(line_id=line_id)
        yield _reported(line_id)
    yield _PLAIN[ro.LoungeVisited]
    yield fact(case, ro.BoardUpdated)
    yield from _advice(case)


def _to_pass(case: Case) -> Iterator[Event]:
    for symptom_id in _ids(case, ro.ComplaintRecorded, "symptom_id", _SYMPTOM):
        yield _with(ro.SymptomRechecked, symptom_id=symptom_id)
    yield from (_exit_passed(line_id) for line_id in signed_lines(case))
    for kind in (ro.RoadTested, ro.VehicleWashed, ro.OldPartsPlaced, ro.ExteriorCompared, ro.KeysTaken):
        yield _PLAIN[kind]


def _to_print(case: Case) -> Iterator[Event]:
    signed = signed_lines(case)
    yield from (_listed(case, line_id) for line_id in signed)
    for line_id in billed(case).keys() - signed.keys():  # what nobody signed for is no operation
        yield ro.StatementLineListed(line_id=line_id, line_type=ro.LineType.ADVICE, advice_id="a1")
    for advice_id in _ids(case, ro.AdviceGiven, "advice_id"):
        yield ro.StatementLineListed(line_id=f"advice-{advice_id}", line_type=ro.LineType.ADVICE, advice_id=advice_id)


def _to_notify(case: Case) -> Iterator[Event]:
    yield from _to_print(case)
    yield _PLAIN[ro.StatementPrinted]
    yield _PLAIN[ro.StatementRechecked]


def _to_sign_statement(case: Case) -> Iterator[Event]:
    yield from _to_print(case)
    yield from (ro.LineExplained(line_id=line_id) for line_id in signed_lines(case))
    yield _PLAIN[ro.ConditionExplained]


def _to_pay(case: Case) -> Iterator[Event]:
    yield from _with_kit(case)
    yield from (ro.LineConfirmedDone(line_id=line_id, done=True) for line_id in signed_lines(case))
    yield _PLAIN[ro.ReportReviewed]
    yield _PLAIN[ro.HandoverSigned]
    if case.all(ro.OrderHandwritten):
        yield _PLAIN[ro.HandwrittenOrderEntered]
    yield from _to_notify(case)
    yield _PLAIN[ro.DocumentsReadied]
    yield _PLAIN[ro.CustomerNotified]
    yield _PLAIN[ro.WorkShown]
    yield from (_part_shown(line_id) for line_id in lines_with_part(case))
    yield _usage_told(case)
    yield from (ro.LineExplained(line_id=line_id) for line_id in signed_lines(case))
    yield _PLAIN[ro.ConditionExplained]
    yield _PLAIN[ro.StatementSigned]
    yield _copy_returned(case)
    yield _PLAIN[ro.CashierReached]


def _to_let_out(_case: Case) -> Iterator[Event]:
    yield _PLAIN[ro.GatePassIssued]


def _to_close(_case: Case) -> Iterator[Event]:
    yield _PLAIN[ro.KitRemoved]
    yield _PLAIN[ro.GatePassIssued]
    yield _PLAIN[ro.SeenOff]
    yield ro.VehicleLeft(gate_pass_no="gate-1")


def _at_peak(case: Case) -> Iterator[Event]:
    """Peak can only be raised on arrival, where `_to_fit_kit` raises it too and calls the second line in."""
    if case.state == S.ARRIVED:
        yield _PLAIN[ro.PeakRaised]
        yield _PLAIN[ro.StandbyCalled]


_FIRST: Mapping[Kind, Preparing] = {
    ro.KitFitted: _to_fit_kit,
    ro.StaffEntered: _with_kit,
    ro.ComplaintRecorded: _with_kit,
    ro.SymptomChecked: _with_kit,
    ro.PrecheckDone: _with_kit,
    ro.WalkaroundStarted: _with_kit,
    ro.PurposeNotRepair: _to_divert,
    ro.OrderHandwritten: _at_peak,
    ro.InspectionCompleted: _to_complete_inspection,
    ro.ObservationChosen: _to_observe,
    ro.QuoteIssued: _to_quote,
    ro.OrderSigned: _to_sign,
    ro.WorkDispatched: _to_dispatch,
    ro.SupplementFound: _to_supplement,
    ro.QuotationDeclined: _to_leave,
    ro.OrderWithdrawn: _to_leave,
    ro.VehicleWithdrawn: _to_leave,
    ro.WorkFinished: _to_finish,
    ro.QcPassed: _to_pass,
    ro.StatementPrinted: _to_print,
    ro.CustomerNotified: _to_notify,
    ro.StatementSigned: _to_sign_statement,
    ro.Paid: _to_pay,
    ro.VehicleLeft: _to_let_out,
    ro.FollowUpClosed: _to_close,
}


def preparation(case: Case, kind: Kind) -> list[Step]:
    """The facts, each with its actor, that make a kind acceptable on this case under every profile."""
    if kind is ClauseWaived:
        return [_refusal_to_waive(case)]
    return [Step(event, actor_for(type(event), case.state)) for event in _FIRST.get(kind, _nothing)(case)]


def _nothing(_case: Case) -> Iterator[Event]:
    return iter(())


def _refusal_to_waive(case: Case) -> Step:
    event: Event = ro.VehicleLeft() if case.state == S.SETTLED else ro.StaffEntered()
    return Step(event, actor_for(type(event), case.state), refused=True)


# --- who -------------------------------------------------------------------------------------------------------------


def actor(role: str) -> Actor:
    """The one person of a role in these stories."""
    return Actor(f"x-{role}", role)


def actor_for(kind: Kind, state: str) -> Actor:
    """Who the table wants for a kind in a state; where it is not open there, in any state."""
    if kind is ro.WorkDispatched:
        return actor(
            Role.WORKSHOP_DISPATCHER
        )  # the row lists the advisor too, who hands over; the clause wants this one
    row = ROWS.get((kind.kind, state)) or next(row for row in WORKFLOW.rows if row.event is kind)
    return actor(min(row.roles))


def strangers_to(kind: Kind, state: str) -> list[str]:
    """The roles that a row does not list and that stand in under no profile, and one that no table knows."""
    roles = ROWS[kind.kind, state].roles | STAND_INS.get(kind.kind, set())
    return [*(str(role) for role in Role if role not in roles), "stranger"]


# --- ways ------------------------------------------------------------------------------------------------------------

_MOVES: Mapping[str, list[Transition]] = {
    str(state): [
        row
        for row in WORKFLOW.rows
        if row.source == state and row.dest is not None and row.event is not ro.SupplementDeclined
    ]
    for state in WORKFLOW.states
}
"""Moves for walking. A declined supplement needs an order signed before; signing leads to the same place."""


def road(start: str, target: str) -> list[Kind] | None:
    """The fewest moves from one state to another; None when no road leads there."""
    ways: dict[str, list[Kind]] = {start: []}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        for row in _MOVES[state]:
            if row.dest is not None and row.dest not in ways:
                ways[row.dest] = [*ways[state], row.event]
                waiting.append(row.dest)
    return ways.get(target)


def distance(case: Case, source: str) -> int | None:
    """How many moves it takes until a row can be accepted on this case; None when no road leads there."""
    way = road(case.state, source)
    return None if way is None else len(way)


class Floor(Protocol):
    """Where facts are put: a shop, or a desk without a store."""

    def case(self, case_id: str) -> Case: ...
    def apply(self, case_id: str, facts: Event, *, by: Actor) -> Answer: ...


def put(floor: Floor, case_id: str, step: Step) -> Answer:
    """Put one step, which must get the answer it is meant to get."""
    answer = floor.apply(case_id, step.event, by=step.actor)
    if isinstance(answer, Accepted) is step.refused:
        said = "" if isinstance(answer, Accepted) else "; ".join(f"{no.clause}: {no.text.en}" for no in answer.refusals)
        raise AssertionError(
            f"{step.event.kind} by {step.actor.role} in {answer.state}: {type(answer).__name__} {said}"
        )
    return answer


def perform(floor: Floor, case_id: str, kind: Kind) -> Answer:
    """Prepare a kind and put it."""
    for step in preparation(floor.case(case_id), kind):
        put(floor, case_id, step)
    case = floor.case(case_id)
    return put(floor, case_id, Step(fact(case, kind), actor_for(kind, case.state)))


def walk(floor: Floor, case_id: str, target: str) -> Case:
    """Take a case along conforming steps to a state. Raises AssertionError when no road leads there."""
    while (case := floor.case(case_id)).state != target:
        way = road(case.state, target)
        assert way, f"no road from {case.state} to {target}"
        perform(floor, case_id, way[0])
    return case


_AFTER_DISPATCH = {
    (ro.SupplementDeclined, S.QUOTED),
    (ro.OperationStarted, S.QUOTED),
    (ro.OperationStarted, S.SIGNED),
}
"""A supplement is declined on an order already signed; an operation starts after somebody was assigned."""


def walk_to_row(floor: Floor, case_id: str, kind: Kind, source: str) -> Case:
    """Take a case to where a kind is acceptable: to its source, having been in work before where it needs that."""
    if (kind, source) in _AFTER_DISPATCH and not floor.case(case_id).all(ro.WorkDispatched):
        walk(floor, case_id, S.IN_WORK)
    return walk(floor, case_id, source)


# --- a desk: the decider alone ---------------------------------------------------------------------------------------


class Desk:
    """Cases kept by a decider alone: what a shop does without its store. The clock stands until it is moved."""

    def __init__(self, decider: Decider, clock: Clock | None = None) -> None:
        self.decider = decider
        self.clock = clock or Clock()
        self.cases: dict[str, Case] = {}
        self.entries: dict[str, list[Entry]] = {}

    def open(self, case_id: str) -> Case:
        rules = self.decider.rules
        case = self.decider.open("S1", case_id)
        self.entries[case_id] = []
        self._put(case, Command("open", actor(Role.GUIDE), CaseOpened(profile=rules.profile, version=rules.version)))
        return self.cases[case_id]

    def case(self, case_id: str) -> Case:
        return self.cases[case_id]

    def apply(
        self,
        case_id: str,
        facts: Event,
        *,
        by: Actor,
        occurred_at: datetime | None = None,
        late: Late | None = None,
    ) -> Answer:
        case = self.cases[case_id]
        return self._put(case, Command(f"{case_id}.{case.seq + 1}", by, facts, occurred_at, late))

    def _put(self, case: Case, command: Command) -> Answer:
        sealed = seal(command, case.id, lambda: bytes(16)).command
        answer = self.decider.decide(case, sealed, self.clock())
        entry = Entry.of(case, sealed, self.clock(), answer)
        self.entries[case.id].append(entry)
        self.cases[case.id] = self.decider.evolve(case, entry)
        return answer


# --- one place wrong -------------------------------------------------------------------------------------------------


def spoilt(event: Event) -> list[Event]:
    """The same fact wrong in one place, once for each way: a field dropped, flipped, changed, emptied, another id."""
    return [
        event.model_copy(update={name: value})
        for name, info in type(event).model_fields.items()
        if name not in {"corrects", "subject"}
        for value in _others(getattr(event, name), info.is_required(), str(info.annotation))
    ]


def _others(value: object, required: bool, annotation: str) -> list[object]:
    """Other values of a field's type, and none at all where the field may be left out."""
    dropped: list[object] = [] if required or value is None else [None]
    if value is None:
        return [True, False] if "bool" in annotation else []
    return [*_changed(value), *dropped]


def _changed(value: object) -> Iterable[object]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, Word):
        return [member for member in type(value) if member is not value]
    return next((others(value) for kind, others in _OTHERS.items() if isinstance(value, kind)), [])


_OTHERS: Mapping[type, Callable[[Any], list[object]]] = {
    Decimal: lambda amount: [amount + Decimal("0.01"), amount * 2, Decimal(0)],
    int: lambda count: [0, count + 1],
    frozenset: lambda codes: [frozenset(), frozenset([*codes][1:])],
    tuple: lambda codes: [(), codes[1:], (*codes, "nobody")],
    Personal: lambda _text: [words(" "), words("x")],
    str: lambda _code: ["nobody"],
}
