"""Clauses of the walk-around: done together, complete, by its route, measured, told and written."""

from __future__ import annotations

from itertools import zip_longest

from engine.case import Case
from engine.events import repair_order as ro
from engine.guards.clause import NOT_CONCERNED, Attempt, Binding, Verdict, clause, met
from engine.guards.figure import Figure, codes
from engine.guards.repair_order.lines import is_supplement, put_lines, signed_lines
from engine.guards.repair_order.order import latest, since
from engine.text import Text

_PHOTOGRAPHED = {ro.FindingResult.DAMAGED, ro.FindingResult.ABNORMAL, ro.FindingResult.MISSING}
"""What a photo can show; what could not be checked has none."""


def _sheet(case: Case) -> dict[str, ro.CheckpointChecked]:
    """The walk-around sheet of this visit: each checkpoint as it was looked at last."""
    return latest(since(case.all(ro.CheckpointChecked), case.last(ro.VehicleReturned)), "checkpoint")


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
    "inspect.four-zones-complete",
    ro.InspectionCompleted,
    source="001 P38, 001 P36, 001 P37",
    owns=("checkpoint_checked.result", "checkpoint_checked.photo"),
    zh="环检单不完整：没有结果的检查点 {unchecked}；有问题而没有照片的检查点 {unphotographed}。",
    en="The walk-around sheet is incomplete: checkpoints without a result {unchecked}; not in order and without a "
    "photo {unphotographed}.",
    do=Text(
        zh="补查并登记每个检查点（checkpoint_checked）；有问题的拍照。",
        en="Look at each and record its result (checkpoint_checked); photograph what is not in order.",
    ),
)
def four_zones_complete(
    attempt: Attempt[ro.InspectionCompleted],
    exterior: Figure[tuple[str, ...]] = codes(
        "paintwork", "glass", "lamps", "antenna", "badges", unit="checkpoints", tighter="more"
    ),
    easily_missed: Figure[tuple[str, ...]] = codes(
        "lower_bumper", "tyres", "lower_sills", "mirrors", unit="checkpoints", tighter="more"
    ),
    interior: Figure[tuple[str, ...]] = codes(
        "seats",
        "dashboard",
        "warning_lamps",
        "fuel_level",
        "odometer",
        "buttons",
        "control_panel",
        unit="checkpoints",
        tighter="more",
    ),
    engine_bay: Figure[tuple[str, ...]] = codes(
        "fluid_levels", "engine", "radiator", unit="checkpoints", tighter="more"
    ),
    boot: Figure[tuple[str, ...]] = codes("belongings", "spare_wheel", "tools", unit="checkpoints", tighter="more"),
) -> Verdict:
    """Every checkpoint of the four zones has a result, the easily missed spots among them; what is wrong, a photo."""
    sheet = _sheet(attempt.case)
    wanted = [point for zone in (exterior, easily_missed, interior, engine_bay, boot) for point in zone.value]
    unchecked = [point for point in wanted if point not in sheet or sheet[point].result is None]
    unphotographed = [key for key, seen in sheet.items() if seen.result in _PHOTOGRAPHED and seen.photo is None]
    return met(not unchecked and not unphotographed, unchecked=unchecked, unphotographed=unphotographed)


@clause(
    "inspect.route-order",
    ro.WalkaroundFinished,
    source="001 P37",
    binding=Binding.SCORE,
    zh="没有按 {stations} 个点位的路线走：第 {number} 站应是{expected}，实际是{visited}。",
    en="The route of {stations} stations was not followed: station {number} should be {expected}, it was {visited}.",
    do=Text(
        zh="下次从左前门起顺时针走，最后看车内，逐站登记（station_visited）。",
        en="Start at the left front door, pass the front, end inside, and record each station (station_visited).",
    ),
)
def route_followed(
    attempt: Attempt[ro.WalkaroundFinished],
    route: Figure[tuple[str, ...]] = codes(
        "left_front_door",
        "left_front_wing",
        "vehicle_front",
        "engine_bay",
        "right_front_wing",
        "right_front_door",
        "right_rear_door",
        "right_rear_wing",
        "vehicle_rear",
        "boot",
        "left_rear_wing",
        "left_rear_door",
        "left_front_door",
        "vehicle_interior",
        unit="stations",
        tighter="more",
    ),
) -> Verdict:
    """The stations since the walk-around began, in the order of their times, are those of the route."""
    begun = attempt.case.last(ro.WalkaroundStarted)
    visits = sorted(attempt.case.all(ro.StationVisited), key=lambda fact: fact.occurred_at)
    went = [visit.station for visit in since(visits, begun)]
    pairs = enumerate(zip_longest(route.value, went[: len(route.value)]), 1)
    astray = [(number, expected, visited) for number, (expected, visited) in pairs if visited != expected]
    number, expected, visited = astray[0] if astray else (0, None, None)
    return met(not astray, stations=len(route.value), number=number, expected=expected, visited=visited)


@clause(
    "inspect.belongings-noted",
    ro.InspectionCompleted,
    source="001 P38, 001 P67",
    binding=Binding.NOTE,
    owns=("checkpoint_checked.note",),
    zh="随车物品未登记（已写明物品：{noted}；未查看：{unseen}），交车时无从核对。",
    en="What is in the vehicle is not noted (belongings named: {noted}; not looked at: {unseen}): nothing to check "
    "against at delivery.",
    do=Text(
        zh="写明随车物品（没有写“无”），查看备胎和工具（checkpoint_checked）。",
        en="Write down the belongings, or that there are none; look for spare wheel and tools (checkpoint_checked).",
    ),
)
def belongings_noted(attempt: Attempt[ro.InspectionCompleted]) -> Verdict:
    """The belongings are named; spare wheel and tools were looked for."""
    sheet, unlooked = _sheet(attempt.case), {None, ro.FindingResult.NOT_CHECKED}
    boot = sheet.get(ro.Checkpoint.BELONGINGS)
    noted = boot is not None and boot.note is not None and boot.note.ok
    equipment = (ro.Checkpoint.SPARE_WHEEL, ro.Checkpoint.TOOLS)
    unseen = [point for point in equipment if point not in sheet or sheet[point].result in unlooked]
    return met(noted and not unseen, noted=noted, unseen=unseen)


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
    bare = _not_in_order(attempt.case) - {finding.checkpoint for finding in noted.values()}
    untold = sorted({*noted} - told | bare)
    unwritten = sorted({key for key, finding in noted.items() if not finding.written_on_order} | bare)
    return met(not untold and not unwritten, untold=untold, unwritten=unwritten)


def _not_in_order(case: Case) -> set[str]:
    """The checkpoints of the sheet with another result than in order: each is a finding, noted or not."""
    fine = {None, ro.FindingResult.OK}
    return {key for key, seen in _sheet(case).items() if seen.result not in fine}


@clause(
    "inspect.measured-not-guessed",
    ro.InspectionCompleted,
    source="000 T07, 000 T11",
    binding=Binding.NOTE,
    owns=("tyre_measured.pressure_kpa", "tyre_measured.tread_tenths_mm"),
    zh="胎压或胎纹没有用工具测量并记数的车轮：{wheels}。",
    en="Wheels whose tyre pressure or tread depth was not measured and written down: {wheels}.",
    do=Text(
        zh="用胎压表、胎纹尺逐轮测量并登记（tyre_measured）。",
        en="Measure each wheel with the gauges and record the numbers (tyre_measured).",
    ),
)
def tyres_measured(attempt: Attempt[ro.InspectionCompleted]) -> Verdict:
    """Each wheel has both numbers."""
    facts = since(attempt.case.all(ro.TyreMeasured), attempt.case.last(ro.VehicleReturned))
    whole = {tyre.wheel for tyre in facts if tyre.pressure_kpa is not None and tyre.tread_tenths_mm is not None}
    guessed = [wheel for wheel in ro.Wheel if wheel not in whole]
    return met(not guessed, wheels=guessed)


@clause(
    "inspect.doors-closed-afterwards",
    ro.WalkaroundFinished,
    source="000 T29",
    binding=Binding.SCORE,
    owns=("walkaround_finished.all_closed",),
    zh="环检结束，车门、机舱盖、后备箱未确认关好（已关好：{closed}）。",
    en="The walk-around ended without doors, bonnet and boot lid closed (closed: {closed}).",
    do=Text(zh="离开车辆前逐一关好。", en="Close them all before leaving the vehicle."),
)
def doors_closed(attempt: Attempt[ro.WalkaroundFinished]) -> Verdict:
    """Everything is closed when the advisor leaves the vehicle."""
    return met(attempt.event.all_closed is True, closed=attempt.event.all_closed)


@clause(
    "inspect.oil-demonstrated",
    ro.OrderSigned,
    ro.Paid,
    source="000 T44",
    binding=Binding.SCORE,
    zh="换机油的车，到{state}时还没有用白纸巾向客户展示机油。",
    en="An oil change, and by '{state}' the oil was not shown to the customer on white tissue.",
    do=Text(
        zh="接车时横擦旧机油，交车时再展示新机油作对比（oil_shown）。",
        en="Show the old oil at reception and the new one at delivery, in contrast (oil_shown).",
    ),
)
def oil_shown(
    attempt: Attempt[ro.OrderSigned | ro.Paid],
    operations: Figure[tuple[str, ...]] = codes("oil-change", unit="operations", tighter="more", house=True),
) -> Verdict:
    """Whoever ordered an oil change saw the old oil before signing, and the new one before paying."""
    case, event = attempt.case, attempt.event
    if isinstance(event, ro.OrderSigned) and is_supplement(case, event):
        return NOT_CONCERNED
    delivering = isinstance(event, ro.Paid)
    lines = signed_lines(case) if delivering else put_lines(case)
    ordered = any(line.operation_code in operations.value for line in lines.values())
    shown = since(case.all(ro.OilShown), case.last(ro.QcPassed) if delivering else None)
    return met(not ordered or bool(shown), state=case.state)
