"""Clauses of the brands' process maps: every fact of an order belongs to a phase, and none is passed over.

An order begins in the first phase; a phase lasts until a fact begins another one. Which facts begin which phase is a
table of figures, so it is in the rules that a case is pinned to: from a journal alone everybody finds the same phase.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.case import Case
from engine.events.event import Event
from engine.events.repair_order.phase import Phase, ReceptionStep, Step
from engine.guards.clause import NOT_CONCERNED, Attempt, Binding, Verdict, clause, met
from engine.guards.figure import Figure, codes
from engine.text import Text, Word

Commands = Figure[tuple[str, ...]]
_GO_BACK = Text(
    zh="补做并登记跳过的环节；以后按流程顺序进行。",
    en="Make up for what was passed over and record it; next time go in order.",
)


def _begun_by(kinds: Mapping[Word, str]) -> dict[str, Commands]:
    """The table: each phase with the facts that begin it, in the order of the process."""
    return {
        str(phase): codes(*kind.split(), unit="commands", tighter="more", house=True) for phase, kind in kinds.items()
    }


@clause(
    "flow.dpca-six-phases",
    Event,
    source="001 P01, 001 P02",
    binding=Binding.NOTE,
    figures=_begun_by(
        {
            Phase.PRE_RECEPTION: "",
            Phase.RECEPTION: "vehicle_checked_in",
            Phase.IN_REPAIR: "work_dispatched qc_failed handover_rejected",
            Phase.PRE_DELIVERY: "work_finished",
            Phase.SETTLEMENT_DELIVERY: "customer_notified",
            Phase.TRACKING: "vehicle_left",
        }
    ),
    zh="六阶段：“{command}”属于{phase}，之前跳过了{skipped}。",
    en="Six phases: '{command}' belongs to {phase}; passed over before it: {skipped}.",
    do=_GO_BACK,
)
def six_phases(attempt: Attempt[Event], **phases: Commands) -> Verdict:
    """Every fact in one of six phases."""
    return _in_turn(attempt, phases)


@clause(
    "flow.lexus-eight-steps",
    Event,
    source="002 L15",
    binding=Binding.NOTE,
    figures=_begun_by(
        {
            Step.APPOINTMENT: "",
            Step.WELCOME: "customer_greeted",
            Step.JOB_ORDER: "line_quoted",
            Step.ORDER_DETAILS: "quote_issued supplement_found",
            Step.DISPATCH_AND_WORK: "work_dispatched supplement_declined qc_failed handover_rejected",
            Step.QUALITY_CONTROL: "work_finished",
            Step.DELIVERY: "qc_passed",
            Step.FOLLOW_UP_CALL: "vehicle_left",
        }
    ),
    zh="八步法：“{command}”属于{phase}，之前跳过了{skipped}。",
    en="Eight steps: '{command}' belongs to {phase}; passed over before it: {skipped}.",
    do=_GO_BACK,
)
def eight_steps(attempt: Attempt[Event], **steps: Commands) -> Verdict:
    """Every fact in one of eight steps."""
    return _in_turn(attempt, steps)


@clause(
    "flow.toyota-reception-nine-steps",
    Event,
    source="000 T32",
    binding=Binding.NOTE,
    figures=_begun_by(
        {
            ReceptionStep.CUSTOMER_CONFIRMED: "",
            ReceptionStep.MATERIALS_READY: "vehicle_checked_in",
            ReceptionStep.GREETING: "customer_greeted",
            ReceptionStep.DATA_AND_PURPOSE: "customer_data_verified",
            ReceptionStep.NEEDS_AND_WALKAROUND: "walkaround_started",
            ReceptionStep.WORK_AND_COST_EXPLAINED: "quote_issued",
            ReceptionStep.SEATING: "customer_settled",
            ReceptionStep.ORDER_PRINTING: "order_printed",
            ReceptionStep.WAITING: "order_handed_to_workshop",
        }
    ),
    zh="接车九步：“{command}”属于{phase}，之前跳过了{skipped}。",
    en="Nine steps of reception: '{command}' belongs to {phase}; passed over before it: {skipped}.",
    do=_GO_BACK,
)
def nine_steps(attempt: Attempt[Event], **steps: Commands) -> Verdict:
    """Every fact in one of nine steps; so the customer's data are verified before the walk-around."""
    return _in_turn(attempt, steps)


def _in_turn(attempt: Attempt[Event], phases: Mapping[str, Commands]) -> Verdict:
    """No phase between the one before and this one was passed over."""
    kind, case = attempt.event.kind, attempt.case
    begun = [phase for phase, kinds in phases.items() if kind in kinds.value]
    if not begun or attempt.event.corrects is not None:
        return NOT_CONCERNED
    before, phase, order = phase_of(_newest_first(case), phases), begun[-1], [*phases]
    between = order[order.index(before) + 1 : order.index(phase)]
    skipped = [each for each in between if not any(fact.kind in phases[each].value for fact in _newest_first(case))]
    return met(not skipped, command=kind, phase=phase, skipped=skipped)


def phase_of(newest_first: Iterable[Event], phases: Mapping[str, Commands]) -> str:
    """The phase that the newest of these facts belongs to: the one begun last, the first phase when none was.

    A correction begins nothing.
    """
    begun = {kind: phase for phase, kinds in phases.items() for kind in kinds.value}
    found = (begun[fact.kind] for fact in newest_first if fact.kind in begun and fact.corrects is None)
    return next(found, next(iter(phases)))


def _newest_first(case: Case) -> Iterator[Event]:
    return (fact.event for fact in reversed(case.history))
