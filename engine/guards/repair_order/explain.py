"""Clauses of the explanation at delivery: what is shown, told, explained, understood and signed."""

from __future__ import annotations

from datetime import date

from engine.case import Case
from engine.events import repair_order as ro
from engine.guards.clause import Attempt, Binding, Verdict, clause, met
from engine.guards.figure import Figure, number
from engine.guards.repair_order.lines import billed, is_maintenance, lines_with_part, signed_lines
from engine.guards.repair_order.order import day_of, latest, points, put_or_last, since, standing
from engine.text import Text


@clause(
    "settle.work-shown-at-vehicle",
    ro.Paid,
    source="001 P67, 000 T01",
    owns=("work_shown.shown",),
    binding=Binding.NOTE,
    zh="没有在车旁向客户展示并共同查看：{missing}。",
    en="Not shown to the customer and looked over together at the vehicle: {missing}.",
    do=Text(
        zh="到车旁展示维修部位和效果，一起看外观、内饰、物品，介绍免费服务，再去结算。",
        en="At the vehicle show the repaired place, look over exterior, interior and belongings, and name the free "
        "services; then go to pay.",
    ),
)
def work_shown(attempt: Attempt[ro.Paid]) -> Verdict:
    """All was shown since the vehicle was passed; the free services where there were some."""
    fact = standing(attempt.case, ro.WorkShown, ro.QcPassed)
    shown = (fact.event.shown if fact else None) or frozenset()
    needless = frozenset() if _had_free_services(attempt.case) else {ro.Shown.FREE_SERVICES}
    missing = {*ro.Shown} - shown - needless
    return met(not missing, missing=missing)


def _had_free_services(case: Case) -> bool:
    return case.last(ro.VehicleWashed) is not None or any(
        line.pay_type is ro.PayType.FREE for line in signed_lines(case).values()
    )


@clause(
    "settle.old-parts-shown",
    ro.Paid,
    source="001 P67, 001 P46",
    owns=("old_parts_shown.disposition",),
    binding=Binding.NOTE,
    zh="旧件没有展示，或去向与客户的选择不符：{lines}（客户要求保留：{keep}）。",
    en="Old parts not shown, or not dealt with as the customer chose: {lines} (to be kept: {keep}).",
    do=Text(
        zh="逐件展示旧件：要保留的交还客户，不要的代为处理，索赔件返厂。",
        en="Show each: give back what the customer keeps, dispose of the rest, return warranty parts.",
    ),
)
def old_parts_shown(attempt: Attempt[ro.Paid]) -> Verdict:
    """Each part that was replaced was shown, and became what was agreed."""
    answer = points(attempt.case).get(ro.Point.OLD_PARTS)
    keep = answer.answer if answer else None
    shown = latest(since(attempt.case.all(ro.OldPartsShown), attempt.case.last(ro.QcPassed)), "line_id")
    agreed = {key: _agreed(line, keep) for key, line in lines_with_part(attempt.case).items()}
    wrong = [key for key, wanted in agreed.items() if key not in shown or shown[key].disposition is not wanted]
    return met(not wrong, lines=wrong, keep=keep)


def _agreed(line: ro.LineQuoted, keep: bool | None) -> ro.Disposition:
    if line.pay_type is ro.PayType.WARRANTY:
        return ro.Disposition.WARRANTY_RETURN
    return ro.Disposition.RETURNED if keep else ro.Disposition.DISPOSED


@clause(
    "settle.usage-and-next-service-told",
    ro.UsageTold,
    ro.Paid,
    source="001 P67, 001 P68, 001 P62",
    owns=(
        "usage_told.cautions_told",
        "usage_told.next_service_class",
        "usage_told.next_service_km",
        "usage_told.next_service_on",
        "usage_told.intermediate_check_km",
    ),
    zh="用车注意事项或下次保养没有讲清：注意事项已讲 {cautions}；下次保养 {service}，{km} 公里或 {on}，"
    "中间检查 {check} 公里（进厂 {odometer} 公里；保养后 {distance} 公里、{months} 个月内，检查 {halfway} 公里内）。",
    en="Cautions or the next maintenance are not told: cautions {cautions}; next maintenance {service} at {km} km or "
    "on {on}, intermediate check at {check} km (odometer on arrival {odometer} km; after a maintenance within "
    "{distance} km and {months} months, the check within {halfway} km).",
    do=Text(
        zh="讲用车注意事项和下次保养的里程、日期（先到为准），保养车再讲类别和中间检查（usage_told）。",
        en="Tell cautions and when the next maintenance is due by distance or date, whichever comes first; after a "
        "maintenance also its class and the intermediate check (usage_told).",
    ),
)
def usage_told(
    attempt: Attempt[ro.UsageTold | ro.Paid],
    distance: Figure[int] = number(15_000, "km", tighter="lower"),
    months: Figure[int] = number(6, "months", tighter="lower"),
    halfway: Figure[int] = number(7_500, "km", tighter="lower"),
) -> Verdict:
    """Told; and after a maintenance no later than it is due by the odometer and by today."""
    told = put_or_last(attempt, ro.UsageTold, ro.QcPassed) or ro.UsageTold()
    odometer, maintained = _odometer(attempt.case), is_maintenance(attempt.case)
    km, on, check = told.next_service_km, told.next_service_on, told.intermediate_check_km
    due = _ahead(km, odometer, distance.value) and _within(on, day_of(attempt), months.value)
    halfway_told = _ahead(check, odometer, halfway.value) and told.next_service_class is not None
    fine = (due and halfway_told) if maintained else None not in {km, on}
    return met(
        fine and told.cautions_told is True,
        cautions=told.cautions_told,
        service=told.next_service_class,
        km=km,
        on=on,
        check=check,
        odometer=odometer,
        distance=distance.value,
        months=months.value,
        halfway=halfway.value,
    )


def _odometer(case: Case) -> int | None:
    fact = case.last(ro.InspectionCompleted)
    return fact.event.odometer_in_km if fact else None


def _ahead(told: int | None, reading: int | None, distance: int) -> bool:
    """A reading still to come, at most so far away; where today's is not known any that was told."""
    return told is not None and (reading is None or reading < told <= reading + distance)


def _within(told: date | None, today: date, months: int) -> bool:
    """A day still to come, at most so many months away; the last day of a short month stands for the missing ones."""
    if told is None or told <= today:
        return False
    return (told.year * 12 + told.month, told.day) <= (today.year * 12 + today.month + months, today.day)


@clause(
    "settle.itemised-explanation",
    ro.StatementSigned,
    ro.Paid,
    source="001 P69, 000 T31, 000 T01, 001 P67",
    zh="签字前还没讲清：未讲的项目 {lines}，车辆技术状况已讲 {vehicle}。",
    en="Not explained before the signature: lines {lines}; technical condition explained {vehicle}.",
    do=Text(
        zh="依委托书逐项说明作业与费用（line_explained），讲车辆技术状况（condition_explained），再请客户签字。",
        en="Explain every job and charge against the order (line_explained) and the vehicle's condition "
        "(condition_explained); then have it signed.",
    ),
)
def every_line_explained(attempt: Attempt[ro.StatementSigned | ro.Paid]) -> Verdict:
    """Each billed line since the statement was printed, and the vehicle's condition since it was passed."""
    told = since(attempt.case.all(ro.LineExplained), attempt.case.last(ro.StatementPrinted))
    explained = {fact.line_id for fact in told}
    missing = sorted(set(billed(attempt.case)) - explained)
    vehicle = standing(attempt.case, ro.ConditionExplained, ro.QcPassed) is not None
    return met(not missing and vehicle, lines=missing, vehicle=vehicle)


@clause(
    "settle.understanding-verified",
    ro.StatementSigned,
    source="001 P70",
    owns=("statement_signed.total_confirmed_by_customer", "statement_signed.main_items_confirmed"),
    binding=Binding.NOTE,
    zh="签字前没有确认客户真正理解：复述总额 {total}，复述主要项目 {items}。",
    en="It was not made sure that the customer understood before signing: total repeated {total}, main items repeated "
    "{items}.",
    do=Text(
        zh="请客户说一遍总额和主要项目，再签字。",
        en="Have the customer say the total and the main items; then have it signed.",
    ),
)
def understanding_verified(attempt: Attempt[ro.StatementSigned]) -> Verdict:
    """The customer said the total and the main items before signing."""
    signed = attempt.event
    total, items = signed.total_confirmed_by_customer, signed.main_items_confirmed
    return met(total is True and items is True, total=total, items=items)


@clause(
    "settle.statement-and-sheet-signed",
    ro.StatementSigned,
    ro.Paid,
    source="001 P69",
    owns=("statement_signed.statement_signature", "statement_signed.maintenance_sheet_signature"),
    zh="客户未分别签字：结算单 {statement}，定期保养单 {sheet}。",
    en="Not signed separately by the customer: statement {statement}, maintenance sheet {sheet}.",
    do=Text(
        zh="请客户在结算单及（保养时）保养单上分别签字。",
        en="Have the statement and, after a maintenance, the sheet signed.",
    ),
)
def statement_and_sheet_signed(attempt: Attempt[ro.StatementSigned | ro.Paid]) -> Verdict:
    """Both signatures; the sheet's only after a maintenance."""
    signed = (
        put_or_last(attempt, ro.StatementSigned, ro.StatementPrinted, ro.StatementLineListed) or ro.StatementSigned()
    )
    statement, sheet = signed.statement_signature is not None, signed.maintenance_sheet_signature is not None
    return met(statement and (sheet or not is_maintenance(attempt.case)), statement=statement, sheet=sheet)
