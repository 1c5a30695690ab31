"""The built-in clauses: what holds for every command of every workflow. No profile can leave them out."""

from __future__ import annotations

from datetime import timedelta

from engine.events.common import ClauseWaived
from engine.events.event import Event
from engine.guards.clause import NOT_CONCERNED, Attempt, Verdict, clause, met
from engine.guards.figure import Figure, codes, minutes
from engine.text import Text

CORRECT = "correct:"
"""Before the name of a command that corrects: such are open in every state but the first and the last ones."""


@clause(
    "flow.not-open",
    Event,
    source="design",
    zh="“{command}”在“{state}”状态下不可进行；现在可进行：{open}。",
    en="'{command}' is not open in state '{state}'; open now: {open}.",
    do=Text(
        zh="先完成能到达所需状态的步骤。",
        en="First take the steps that lead to the state in which it is open.",
    ),
)
def open_in_this_state(attempt: Attempt[Event]) -> Verdict:
    """The table has a row for this command in this state."""
    kind = attempt.event.kind
    command = kind if attempt.event.corrects is None else CORRECT + kind
    return met(command in attempt.open, command=command, state=attempt.case.state, open=attempt.open)


@clause(
    "flow.role",
    Event,
    source="roles",
    zh="“{command}”不属于{role}的权限；应由以下角色进行：{roles}。",
    en="'{command}' is not for the role {role}; it is for: {roles}.",
    do=Text(zh="请由上述角色之一进行。", en="Have a person of one of these roles do it."),
)
def role_may(attempt: Attempt[Event]) -> Verdict:
    """The actor's role stands in the table's row, or stands in for one that does."""
    role, own = attempt.actor.role, attempt.roles - attempt.stand_ins
    return met(role in attempt.roles, command=attempt.event.kind, role=role, roles=own)


@clause(
    "flow.out-of-order",
    Event,
    source="design",
    zh="发生时间 {at} 须不早于上一步（{moved_at}），且不晚于记录时间（{recorded_at}）。",
    en="It happened at {at}: that must not be before the last step ({moved_at}) nor after the recording "
    "({recorded_at}).",
    do=Text(zh="核对发生时间后重新提交。", en="Check the time at which it happened and put it again."),
)
def in_order(attempt: Attempt[Event]) -> Verdict:
    """It happened between the last move of the case and now."""
    moved_at = attempt.case.moved_at
    fits = (moved_at is None or attempt.at >= moved_at) and attempt.at <= attempt.recorded_at
    return met(fits, at=attempt.at, moved_at=moved_at, recorded_at=attempt.recorded_at)


@clause(
    "flow.late",
    Event,
    source="design",
    zh="迟录 {minutes} 分钟（限 {limit} 分钟）：须写明原因与纸质依据，并由以下角色补录：{roles}。",
    en="Recorded {minutes} minutes late (limit {limit}): it needs a reason and a paper, and one of these "
    "roles: {roles}.",
    do=Text(
        zh="由上述角色附原因与纸质单号补录。",
        en="Have one of these roles record it with the reason and the paper's number.",
    ),
)
def recorded_in_time(
    attempt: Attempt[Event],
    limit: Figure[int] = minutes(30, tighter="lower", house=True),
    roles: Figure[tuple[str, ...]] = codes(
        "service_advisor",
        "service_manager",
        "front_desk_supervisor",
        unit="roles",
        tighter="fewer",
        house=True,
    ),
) -> Verdict:
    """Soon after it happened, or with a reason, a paper, and by somebody who may."""
    delay = attempt.recorded_at - attempt.at
    if delay <= timedelta(minutes=limit.value):
        return NOT_CONCERNED
    explained = attempt.late is not None and attempt.late.reason.ok and attempt.actor.role in roles.value
    return met(explained, minutes=delay // timedelta(minutes=1), limit=limit.value, roles=roles.value)


@clause(
    "flow.correction",
    Event,
    source="design",
    zh="所更正的版本 {version} 不是一条“{command}”记录。",
    en="Version {version}, which this corrects, is not a '{command}'.",
    do=Text(zh="用本单中同类记录的版本号更正。", en="Name the version of a fact of the same kind on this case."),
)
def corrects_its_like(attempt: Attempt[Event]) -> Verdict:
    """A correction names a fact of its own kind."""
    target = attempt.event.corrects
    if target is None:
        return NOT_CONCERNED
    versions = {fact.version for fact in attempt.case.all(type(attempt.event))}
    return met(target in versions, version=target, command=attempt.event.kind)


@clause(
    "flow.waiver",
    ClauseWaived,
    source="design",
    owns=("clause_waived.refused_seq", "clause_waived.clause", "clause_waived.reason"),
    zh="条款 {clause} 不能这样豁免：须为口径列明可豁免的条款（{waivable}）、确被第 {seq} "
    "条答复拒绝、由他人提出，并写明原因。",
    en="Clause {clause} cannot be waived like this: it must be one that the profile lists ({waivable}), "
    "refused by entry "
    "{seq}, asked for by another person, with a reason.",
    do=Text(
        zh="由申请人以外的负责人引用被拒条目并写明原因。",
        en="Have another person in charge cite the refusing entry and give a reason.",
    ),
)
def waiver_is_sound(
    attempt: Attempt[ClauseWaived],
    waivable: Figure[tuple[str, ...]] = codes(unit="clauses", tighter="fewer"),
) -> Verdict:
    """It answers a recorded refusal by a waivable clause, of somebody else's command, and says why."""
    waiver = attempt.event
    refusing = attempt.case.refused.get(waiver.refused_seq or 0)
    sound = (
        refusing is not None
        and waiver.clause in refusing.clauses
        and waiver.clause in waivable.value
        and refusing.actor.id != attempt.actor.id
        and waiver.reason is not None
        and waiver.reason.ok
    )
    return met(sound, clause=waiver.clause, seq=waiver.refused_seq, waivable=waivable.value)


NOT_OPEN = open_in_this_state
WAIVER = waiver_is_sound
EVERYWHERE = (role_may, in_order, recorded_in_time, corrects_its_like)
"""Asked of every command, whatever the profile says."""
BUILT_IN = (*EVERYWHERE, WAIVER)
"""In force under every profile."""
