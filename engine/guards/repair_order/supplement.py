"""Clauses of what the workshop finds on the way: recorded, checked, told and confirmed before it is worked on."""

from __future__ import annotations

from engine.events import repair_order as ro
from engine.guards.clause import Attempt, Binding, Verdict, clause, met
from engine.guards.figure import Figure, number
from engine.guards.repair_order.lines import is_signed, lines_of, signed_lines
from engine.guards.repair_order.order import earlier, latest
from engine.text import Text


@clause(
    "work.change-confirmed-immediately",
    ro.SupplementFound,
    ro.OperationStarted,
    source="001 P53, 000 T36",
    owns=(
        "supplement_found.told_to_customer",
        "supplement_found.reason",
        "supplement_found.new_promised_at",
    ),
    zh="新增或变更的项目未经客户确认：{lines}（已告知：{told}）。",
    en="New or changed items are not confirmed by the customer: {lines} (told: {told}).",
    do=Text(
        zh="立即告知原因、费用与时间，确认后方可施工。",
        en="Tell reason, price and time at once; start only after confirmation.",
    ),
)
def change_confirmed(attempt: Attempt[ro.SupplementFound | ro.OperationStarted]) -> Verdict:
    """A change is told with reason, price and time; its work waits for the signature."""
    event = attempt.event
    if isinstance(event, ro.OperationStarted):
        unsigned = is_signed(attempt.case) and event.line_id not in signed_lines(attempt.case)
        return met(not unsigned, lines=[event.line_id], told=None)
    lines = sorted(lines_of(attempt.case, event))
    explained = event.reason is not None and event.reason.ok and event.new_promised_at is not None
    return met(bool(lines) and explained and event.told_to_customer is True, lines=lines, told=event.told_to_customer)


@clause(
    "work.technician-records-extra-work",
    ro.SupplementFound,
    source="002 L09",
    owns=("supplement_found.finding_id", "extra_work_found.follow_up"),
    zh="增项 {finding} 没有技师登记的发现。",
    en="Supplement {finding} has no finding recorded by a technician.",
    do=Text(
        zh="请技师先把发现写入施工单并注明“立即增项”。",
        en="Have the technician record the finding, to be supplemented now.",
    ),
)
def technician_wrote_it(attempt: Attempt[ro.SupplementFound]) -> Verdict:
    """A technician's finding stands behind the supplement."""
    found = latest((fact.event for fact in attempt.case.all(ro.ExtraWorkFound)), "finding_id")
    finding = found.get(attempt.event.finding_id or "")
    return met(
        finding is not None and finding.follow_up is ro.FollowUp.SUPPLEMENT_NOW,
        finding=attempt.event.finding_id,
    )


@clause(
    "work.findings-reported-once",
    ro.SupplementFound,
    source="001 P53",
    binding=Binding.SCORE,
    zh="本单已是第 {rounds} 轮增项（宜不超过 {limit} 轮）。",
    en="This is supplement round {rounds} of the order (better not more than {limit}).",
    do=Text(zh="宜把各项发现合并成一次与客户沟通。", en="Tell all findings of an inspection in one go."),
)
def findings_told_once(
    attempt: Attempt[ro.SupplementFound], limit: Figure[int] = number(1, "rounds", tighter="lower")
) -> Verdict:
    """Not more supplement rounds than wished."""
    rounds = len(earlier(attempt, ro.SupplementFound)) + 1
    return met(rounds <= limit.value, rounds=rounds, limit=limit.value)


@clause(
    "work.supplement-history-checked",
    ro.SupplementFound,
    source="001 P53",
    owns=("supplement_found.duplicate_or_warranty_hit",),
    binding=Binding.NOTE,
    zh="增项 {finding} 提出前未核对该车维修档案。",
    en="The repair history was not looked at before supplement {finding} was put to the customer.",
    do=Text(
        zh="核对维修档案：是否做过、是否在保，并记录结果。",
        en="Look at the repair history for the same work or a warranty, and record what it says.",
    ),
)
def history_looked_at(attempt: Attempt[ro.SupplementFound]) -> Verdict:
    """What the history says of the finding is recorded."""
    supplement = attempt.event
    return met(supplement.duplicate_or_warranty_hit is not None, finding=supplement.finding_id)
