"""Conforming facts: for every row of the repair-order table, what the SOP accepts, who puts it, what comes first.

One superset serves all four profiles: four pieces of kit, a signed condition, an exit record and a road test. Facts
are computed from the case, because some of them must fit what stands on it. `walk` and `perform` take a case along
them; `spoilt` and `stranger_to` make them wrong in one place, which is what a property wants to try next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from engine import Accepted, Actor, Answer, Case, Catalogue, Late, standard_catalogue
from engine.command import Command
from engine.decider import Decider
from engine.events import repair_order as ro
from engine.events.common import CaseOpened, ClauseWaived
from engine.events.event import Attachment, Event
from engine.events.personal import Personal
from engine.guards.repair_order.order import billed, is_signed, kit_on, latest, pending_lines, signed_lines, total
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

_PLAIN: Mapping[Kind, Event] = {
    type(event): event
    for event in (
        ro.VehicleCheckedIn(
            vin=words("LDC913L2240000023"), license_plate=words("沪A12345"), order_origin=ro.OrderOrigin.WALK_IN
        ),
        ro.WaitTick(acknowledged=True),
        ro.PeakRaised(),
        ro.PurposeRecorded(
            purposes=frozenset({ro.Purpose.REPAIR, ro.Purpose.MAINTENANCE}), primary_purpose=ro.Purpose.REPAIR
        ),
        ro.PurposeNotRepair(diverted_to="insurance-desk"),
        ro.CustomerLeft(reason=words("等候时离开")),
        ro.OrderHandwritten(image=evidence("paper")),
        ro.HandwrittenOrderEntered(),
        ro.KitFitted(kit_pieces=frozenset(ro.KitPiece), waiver_offered_by_customer=False),
        ro.StaffEntered(kit_in_place=True),
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
        ),
        ro.ComplaintClosed(symptom_id="s9", reason=ro.CloseReason.WITHDRAWN_BY_CUSTOMER),
        ro.WalkaroundStarted(customer_present=True),
        ro.WalkaroundFinished(),
        ro.FindingNoted(
            finding_id="f1", checkpoint="sill-left", result=ro.FindingResult.DAMAGED, written_on_order=True
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
        ro.CauseDetermined(symptom_id=_SYMPTOM, workshop_cause="tie-rod-worn"),
        ro.RequestRecorded(request_id="r1", chargeable=False),
        ro.QuoteIssued(eta=_PROMISE, explained=True),
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
        ro.ProgressNoted(percent_done=50, told_to_customer=True),
        ro.EtaChanged(
            new_promised_at=_PROMISE + timedelta(hours=2),
            reason=words("待件"),
            customer_confirmed=True,
            consent_evidence=evidence("eta"),
        ),
        ro.AdviceGiven(
            advice_id="a1",
            safety_related=True,
            replace_before=ro.ReplaceBefore.NOW,
            measured_tenths_mm=16,
            wording="tyre-tread-limit",
            noted_on_order=True,
        ),
        ro.AdviceDeclined(advice_id="a1", decline_reason=words("须请示"), decline_signature=evidence("refusal")),
        ro.WorkSuspended(suspend_reason=ro.SuspendReason.WAITING_PARTS, vehicle_zone=ro.Zone.INTERRUPTED),
        ro.WorkResumed(),
        ro.WorkFinished(),
        ro.SymptomRechecked(symptom_id=_SYMPTOM, outcome=ro.SymptomOutcome.GONE),
        ro.RoadTested(distance_km=8, result=ro.TestResult.PASS, responsible_signature=evidence("road-test")),
        ro.VehicleWashed(),
        ro.OldPartsPlaced(storage_location="shelf-4"),
        ro.ExteriorCompared(exterior_compare=ro.ExteriorCompare.SAME),
        ro.KeysTaken(keys_from="qi-1"),
        ro.QcPassed(unmet_demands=(), inspector_signature=evidence("qc"), filed_with_order=True),
        ro.QcFailed(failed_items=(_LINE,), failure_cause=words("异响仍在"), promise_rechecked=True),
        ro.HandoverRejected(reject_reason=words("漏项")),
        ro.HandoverSigned(documents_checked=True, vehicle_checked=True, key_received_signature=evidence("key-box")),
        ro.LinePriceDecided(
            line_id=_LINE, decision=ro.PriceDecision.CUSTOMER_CONSENTS, consent_evidence=evidence("price")
        ),
        ro.TotalDecided(approved_total=Decimal("900.00"), consent_evidence=evidence("total")),
        ro.StatementPrinted(statement_no="st-1", printed_from=ro.PrintedFrom.DMS),
        ro.StatementRechecked(),
        ro.DocumentsReadied(
            order_advice_signed=True,
            statement_signed_by_advisor=True,
            maintenance_sheet_signed=True,
            parts_issue_slip_id="slip-1",
            booklet_stamped=True,
            next_service_entered=True,
        ),
        ro.CustomerNotified(result=ro.NoticeResult.REACHED),
        ro.StatementSigned(statement_signature=evidence("statement"), maintenance_sheet_signature=evidence("sheet")),
        ro.CustomerCopyLost(identity_checked=True),
        ro.CopyLossAccepted(manager_note=words("已核验身份证")),
        ro.KitRemoved(customer_present=True),
        ro.GatePassIssued(gate_pass_no="gate-1"),
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


_FROM_CASE: Mapping[Kind, Callable[[Case], Event]] = {
    ro.OperationStarted: lambda case: ro.OperationStarted(line_id=_a_line(case)),
    ro.OperationReported: lambda case: _reported(_a_line(case)),
    ro.PartIssued: _part_issued,
    ro.ExtraWorkFound: lambda case: ro.ExtraWorkFound(finding_id=_finding(case), follow_up=ro.FollowUp.SUPPLEMENT_NOW),
    ro.SupplementFound: _supplement,
    ro.ExitItemInspected: lambda case: _exit_passed(_a_line(case)),
    ro.LineConfirmedDone: lambda case: ro.LineConfirmedDone(line_id=_a_line(case), done=True),
    ro.StatementLineListed: lambda case: _listed(case, _a_line(case)),
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
        yield _PLAIN[ro.PeakRaised]
        yield _PLAIN[ro.PurposeRecorded]


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
    yield _PLAIN[ro.WalkaroundStarted]
    yield _PLAIN[ro.WalkaroundFinished]
    yield from _findings(case)
    for symptom_id in _ids(case, ro.ComplaintRecorded, "symptom_id", _SYMPTOM):
        yield _with(ro.ComplaintRecorded, symptom_id=symptom_id)
        yield _with(ro.SymptomChecked, symptom_id=symptom_id)


def _to_observe(_case: Case) -> Iterator[Event]:
    yield _with(ro.SymptomChecked, reproduced=False, customer_confirmed_same=None)


def _to_quote(case: Case) -> Iterator[Event]:
    yield from _findings(case)
    yield _PLAIN[ro.ConditionAcknowledged]
    yield _PLAIN[ro.RequestRecorded]
    yield _PLAIN[ro.StockChecked]
    yield _free_line()
    for line_id in dict.fromkeys([_LINE, *pending_lines(case)]):
        if line_id != _FREE_LINE:
            yield _line(line_id)


def _to_sign(_case: Case) -> Iterator[Event]:
    yield _PLAIN[ro.CustomerDataVerified]
    yield _PLAIN[ro.SenderIdentified]
    for point in ro.Point:
        yield _with(ro.PointConfirmed, point=point)


def _to_dispatch(_case: Case) -> Iterator[Event]:
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
    for line_id in signed_lines(case):
        yield ro.OperationStarted(line_id=line_id)
        yield _reported(line_id)
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


def _to_pay(case: Case) -> Iterator[Event]:
    yield from _with_kit(case)
    yield from (ro.LineConfirmedDone(line_id=line_id, done=True) for line_id in signed_lines(case))
    yield _PLAIN[ro.HandoverSigned]
    if case.all(ro.OrderHandwritten):
        yield _PLAIN[ro.HandwrittenOrderEntered]
    yield from _to_notify(case)
    yield _PLAIN[ro.DocumentsReadied]
    yield _PLAIN[ro.CustomerNotified]
    yield from (ro.LineExplained(line_id=line_id) for line_id in signed_lines(case))
    yield _PLAIN[ro.StatementSigned]
    yield _copy_returned(case)


def _to_let_out(_case: Case) -> Iterator[Event]:
    yield _PLAIN[ro.GatePassIssued]


def _to_close(_case: Case) -> Iterator[Event]:
    yield _PLAIN[ro.KitRemoved]
    yield _PLAIN[ro.GatePassIssued]
    yield ro.VehicleLeft(gate_pass_no="gate-1")


def _at_peak(case: Case) -> Iterator[Event]:
    """Peak can only be raised on arrival, where `_to_fit_kit` raises it too."""
    if case.state == S.ARRIVED:
        yield _PLAIN[ro.PeakRaised]


_FIRST: Mapping[Kind, Preparing] = {
    ro.KitFitted: _to_fit_kit,
    ro.StaffEntered: _with_kit,
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
    """The roles that a row does not list, and one that no table knows."""
    roles = ROWS[kind.kind, state].roles
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


def walk_to_row(floor: Floor, case_id: str, kind: Kind, source: str) -> Case:
    """Take a case to where a kind is acceptable: to its source, with an order signed before where it needs one."""
    if (
        source == S.QUOTED
        and kind in {ro.SupplementDeclined, ro.OperationStarted}
        and not is_signed(floor.case(case_id))
    ):
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
