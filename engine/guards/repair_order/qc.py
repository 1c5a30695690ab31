"""Clauses of quality control and of the hand-over to the front desk."""

from __future__ import annotations

from engine.case import Case
from engine.events import repair_order as ro
from engine.guards.clause import Attempt, Binding, Verdict, clause, met
from engine.guards.repair_order.lines import lines_with_part, signed_lines
from engine.guards.repair_order.order import complaints, latest, points, put_or_last, since, unreproduced
from engine.text import Text

_NOT_DONE = ro.OperationResult.NOT_DONE


@clause(
    "qc.exit-inspection-record",
    ro.QcPassed,
    source="001 P55, 001 P57",
    owns=("exit_item_inspected.result",),
    zh="出厂检验记录表未确认合格的项目：{lines}。",
    en="Lines that the exit inspection record does not confirm: {lines}.",
    do=Text(
        zh="由质检员逐项填写出厂检验记录表。",
        en="Have the inspector fill in the exit inspection record line by line.",
    ),
)
def exit_record_filled(attempt: Attempt[ro.QcPassed]) -> Verdict:
    """Every signed line passed the exit inspection since work was finished."""
    inspected = since(attempt.case.all(ro.ExitItemInspected), attempt.case.last(ro.WorkFinished))
    passed = {key for key, item in latest(inspected, "line_id").items() if item.result is ro.TestResult.PASS}
    missing = sorted(set(signed_lines(attempt.case)) - passed)
    return met(not missing, lines=missing)


@clause(
    "qc.final-road-test",
    ro.QcPassed,
    source="002 L06",
    owns=("road_tested.distance_km", "road_tested.result", "road_tested.responsible_signature"),
    zh="未完成最终道路测试或未签署（结果：{result}，里程：{distance} 公里，已签署：{signed}）。",
    en="The final road test is not done or not signed (result: {result}, distance: {distance} km, signed: {signed}).",
    do=Text(zh="完成道路测试并由负责人签署。", en="Do the road test and have the person responsible sign it."),
)
def road_tested(attempt: Attempt[ro.QcPassed]) -> Verdict:
    """Driven since work was finished, so far, passed, signed."""
    tests = since(attempt.case.all(ro.RoadTested), attempt.case.last(ro.WorkFinished))
    test = tests[-1] if tests else ro.RoadTested()
    signed = test.responsible_signature is not None
    return met(
        test.result is ro.TestResult.PASS and test.distance_km is not None and signed,
        result=test.result,
        distance=test.distance_km,
        signed=signed,
    )


@clause(
    "qc.signed-and-filed",
    ro.QcPassed,
    source="002 L06, 001 P57",
    owns=("qc_passed.inspector_signature", "qc_passed.filed_with_order"),
    zh="检验记录未由负责人签字，或未与施工单一同存档（{filed}）。",
    en="The quality record is not signed by the inspector, or not filed with the job order ({filed}).",
    do=Text(zh="签字并与施工单一同存档。", en="Sign it and file it with the job order."),
)
def quality_record_signed(attempt: Attempt[ro.QcPassed]) -> Verdict:
    """Signed and filed."""
    passed = attempt.event
    return met(
        passed.inspector_signature is not None and passed.filed_with_order is True,
        filed=passed.filed_with_order,
    )


@clause(
    "qc.all-demands-met",
    ro.QcPassed,
    source="001 P55, 002 L14, 000 T01",
    owns=("qc_passed.unmet_demands", "symptom_rechecked.outcome"),
    zh="质检不能通过：故障仍在或未复查 {symptoms}；未满足的要求 {unmet}；报告未完成的项目 {undone}。",
    en="Quality control cannot pass: symptoms present or not rechecked {symptoms}; demands unmet {unmet}; lines "
    "reported as not done {undone}.",
    do=Text(zh="退回施工（qc_failed），消除后再检。", en="Return it to work (qc_failed) and check again."),
)
def all_demands_met(attempt: Attempt[ro.QcPassed]) -> Verdict:
    """Every fault complained of is gone (or still does not show), every demand met, every line done."""
    case = attempt.case
    left, unmet, undone = _faults_left(case), attempt.event.unmet_demands, _undone(case)
    return met(not left and unmet == () and not undone, symptoms=left, unmet=unmet, undone=undone)


def _faults_left(case: Case) -> list[str]:
    rechecked = latest(since(case.all(ro.SymptomRechecked), case.last(ro.WorkFinished)), "symptom_id")
    gone = {key for key, found in rechecked.items() if found.outcome is ro.SymptomOutcome.GONE}
    hidden = {
        key
        for key, found in rechecked.items()
        if found.outcome is ro.SymptomOutcome.NOT_REPRODUCED and unreproduced(case, key)
    }
    return sorted(set(complaints(case)) - gone - hidden)


def _undone(case: Case) -> list[str]:
    reported = latest((fact.event for fact in case.all(ro.OperationReported)), "line_id")
    return sorted(key for key in signed_lines(case).keys() & reported if reported[key].result is _NOT_DONE)


@clause(
    "qc.fail-returns-to-work",
    ro.QcFailed,
    source="001 P55, 002 L14",
    owns=("qc_failed.failed_items", "qc_failed.failure_cause", "qc_failed.promise_rechecked"),
    zh="退回施工须写明不合格项（{items}）与原因（{cause}），并重新评估交车时间（{promise}）。",
    en="A return to work needs the failed items ({items}), the cause ({cause}) and a new look at the "
    "promise ({promise}).",
    do=Text(zh="补齐不合格项、原因与交车时间评估。", en="Complete items, cause and the promised time."),
)
def failure_explained(attempt: Attempt[ro.QcFailed]) -> Verdict:
    """Items, cause and promise."""
    failed = attempt.event
    cause = failed.failure_cause is not None and failed.failure_cause.ok
    whole = bool(failed.failed_items) and cause and failed.promise_rechecked is True
    return met(whole, items=failed.failed_items, cause=cause, promise=failed.promise_rechecked)


@clause(
    "qc.inspector-not-the-technician",
    ro.QcPassed,
    source="001 P55, 002 L06",
    binding=Binding.NOTE,
    zh="质检员 {inspector} 就是施工技师。",
    en="Inspector {inspector} is the technician who did the work.",
    do=Text(zh="宜由他人检验并签署。", en="Better have another person inspect and sign."),
)
def inspector_is_another(attempt: Attempt[ro.QcPassed]) -> Verdict:
    """Whoever worked does not inspect."""
    case = attempt.case
    kinds = (ro.OperationStarted, ro.OperationReported, ro.WorkFinished)
    worked = {fact.actor.id for kind in kinds for fact in case.all(kind)}
    assigned = {fact.event.technician_id for fact in case.all(ro.WorkDispatched)}
    return met(attempt.actor.id not in worked | assigned, inspector=attempt.actor.id)


@clause(
    "handover.clean-and-undamaged",
    ro.QcPassed,
    source="001 P55, 001 P46",
    owns=("exterior_compared.exterior_compare",),
    zh="车辆须按约定洗净（需洗：{wash_wanted}，已洗：{washed}），且与环检记录无新增损伤（{compare}）。",
    en="The vehicle must be washed as agreed (wanted: {wash_wanted}, done: {washed}) and show no new damage "
    "({compare}).",
    do=Text(zh="洗车、比对外观；有新损伤的先处理。", en="Wash it and compare; deal with new damage first."),
)
def clean_and_undamaged(attempt: Attempt[ro.QcPassed]) -> Verdict:
    """Washed if wanted, since the last time that it went back to the workshop; and as it came."""
    case = attempt.case
    compared = since(case.all(ro.ExteriorCompared), case.last(ro.WorkFinished))
    compare = compared[-1].exterior_compare if compared else None
    asked = points(case).get(ro.Point.WASH)
    wanted = asked is not None and asked.answer is True
    washed = put_or_last(attempt, ro.VehicleWashed, ro.QcFailed, ro.HandoverRejected) is not None
    return met(
        compare is ro.ExteriorCompare.SAME and (washed or not wanted),
        wash_wanted=wanted,
        washed=washed,
        compare=compare,
    )


@clause(
    "wash.procedure-posted",
    ro.VehicleWashed,
    source="000 T45",
    owns=("vehicle_washed.wash_standard", "vehicle_washed.procedure_posted"),
    binding=Binding.SCORE,
    zh="免费洗车的步骤与部位没有公示（标准版本：{standard}，已公示：{posted}）。",
    en="What the free wash covers is not posted (standard: {standard}, posted: {posted}).",
    do=Text(zh="用看板公示洗车步骤与部位。", en="Post the steps and body areas on a board."),
)
def wash_posted(attempt: Attempt[ro.VehicleWashed]) -> Verdict:
    """The customer can read what the wash covers, and by which standard."""
    washed = attempt.event
    posted = washed.wash_standard is not None and washed.procedure_posted is True
    return met(posted, standard=washed.wash_standard, posted=washed.procedure_posted)


@clause(
    "handover.old-parts-in-place",
    ro.QcPassed,
    source="001 P55, 001 P46",
    owns=("old_parts_placed.storage_location",),
    zh="更换下的旧件未放在规定位置。",
    en="The removed parts are not at their place.",
    do=Text(
        zh="把旧件放到规定位置并标明委托书号。",
        en="Put them at the designated place, labelled with the order.",
    ),
)
def old_parts_in_place(attempt: Attempt[ro.QcPassed]) -> Verdict:
    """Removed parts lie where they belong."""
    placed = attempt.case.last(ro.OldPartsPlaced)
    located = placed is not None and placed.event.storage_location is not None
    return met(located or not lines_with_part(attempt.case))


@clause(
    "handover.key-from-inspector",
    ro.QcPassed,
    source="001 P55",
    owns=("keys_taken.keys_from",),
    zh="服务顾问尚未从质检员处取回钥匙。",
    en="The advisor has not taken the keys back from the inspector.",
    do=Text(zh="取回钥匙并登记交出人。", en="Take the keys and record who gave them."),
)
def keys_from_inspector(attempt: Attempt[ro.QcPassed]) -> Verdict:
    """The keys came back from a named person, since work was finished."""
    taken = since(attempt.case.all(ro.KeysTaken), attempt.case.last(ro.WorkFinished))
    return met(bool(taken) and taken[-1].keys_from is not None)


@clause(
    "handover.reject-to-workshop",
    ro.HandoverRejected,
    source="001 P55, 001 P57",
    owns=("handover_rejected.reject_reason",),
    zh="退回车间须写明原因。",
    en="A return to the workshop needs its reason.",
    do=Text(zh="写明漏项、损伤或报告不清之处。", en="Name the missed item, the damage or the unclear report."),
)
def rejection_explained(attempt: Attempt[ro.HandoverRejected]) -> Verdict:
    """A reason is given."""
    return met(attempt.event.reject_reason is not None and attempt.event.reject_reason.ok)
