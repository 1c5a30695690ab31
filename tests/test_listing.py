"""The row of a case: who keeps it, what was promised, whether it is open; and whose step is next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from adapters.bootstrap import bootstrap
from adapters.inbound.scenario import play, stage
from adapters.inbound.scenario_file import load
from engine import Accepted, Actor, BadCommand, Case, CaseRow, Engine, Event, Refused, standard_catalogue
from engine.canonical import instant
from engine.command import Command
from engine.decider import Decider
from engine.events import repair_order as ro
from engine.events.common import CaseOpened
from engine.journal import Entry
from engine.listing import row_of
from engine.roles import Role
from engine.states.repair_order import WORKFLOW, State
from tests.support import ADVISOR, GUARD, KIT, PURPOSE, START, TECHNICIAN, arrive, protect, world

SCENARIOS = sorted((Path(__file__).parent.parent / "scenarios").glob("*.toml"))
OTHER_ADVISOR = Actor("sa-2", "service_advisor")
CATALOGUE = standard_catalogue()
DECIDER = Decider(CATALOGUE.rules("base", "repair_order"), CATALOGUE)


# --- a case by hand: real entries, whatever the clauses would say of them -----------------------------------------


def opened() -> Case:
    facts = CaseOpened(profile="base", version=DECIDER.rules.version)
    return after(DECIDER.open("S1", "RO-1"), facts, "new")


def after(case: Case, facts: Event, state: str | None = None, by: Actor = ADVISOR) -> Case:
    """The case after a fact was accepted, in a state if it moved there."""
    answer = Accepted(facts, state or case.state, case.seq + 1, case.version + 1)
    command = Command(f"c-{answer.seq}", by, facts)
    return Decider.evolve(case, Entry.of(case, command, START + timedelta(minutes=case.seq), answer))


def told(*steps: tuple[Event, str | None]) -> Case:
    """The case after these facts, each with the state that it moved to."""
    case = opened()
    for facts, state in steps:
        case = after(case, facts, state)
    return case


def advisor_of(case: Case) -> str | None:
    return row_of(case, WORKFLOW).advisor


# --- the advisor ---------------------------------------------------------------------------------------------------


def test_nobody_keeps_a_case_that_has_not_moved():
    assert advisor_of(opened()) is None


def test_the_advisor_who_last_moved_a_case_keeps_it():
    case = after(opened(), ro.VehicleCheckedIn(), "arrived", by=ADVISOR)

    handed_over = after(case, KIT, "protected", by=OTHER_ADVISOR)

    assert (advisor_of(case), advisor_of(handed_over)) == ("sa-1", "sa-2")


@pytest.mark.parametrize("note", [PURPOSE, KIT], ids=lambda facts: facts.kind)
def test_a_colleague_who_notes_a_fact_does_not_take_a_case_over(note):
    case = told((ro.VehicleCheckedIn(), "arrived"), (KIT, "protected"))

    assert advisor_of(after(case, note, by=OTHER_ADVISOR)) == "sa-1"


def test_a_colleague_who_corrects_a_move_does_not_take_a_case_over():
    case = told((ro.VehicleCheckedIn(), "arrived"), (KIT, "protected"))

    assert advisor_of(after(case, KIT.model_copy(update={"corrects": 3}), by=OTHER_ADVISOR)) == "sa-1"


def test_a_colleague_who_is_refused_does_not_take_a_case_over():
    case = told((ro.VehicleCheckedIn(), "arrived"))
    refused = Refused((), case.state, case.seq + 1, case.version)

    tried = Decider.evolve(case, Entry.of(case, Command("c-3", OTHER_ADVISOR, KIT), START, refused))

    assert (tried.seq, advisor_of(tried)) == (3, "sa-1")


def test_other_roles_move_a_case_and_do_not_keep_it():
    case = after(opened(), ro.VehicleCheckedIn(), "arrived", by=GUARD)
    in_work = after(case, ro.WorkDispatched(), "in-work", by=ADVISOR)

    assert advisor_of(case) is None
    assert advisor_of(after(in_work, ro.WorkFinished(), "QC", by=TECHNICIAN)) == "sa-1"


def test_a_shop_shows_the_advisor_of_a_case_that_others_noted_facts_on():
    shop = bootstrap("sqlite://", upgrade=True, world=world()).shop("S1")
    protect(shop)
    for facts in (KIT, KIT.model_copy(update={"corrects": 4})):
        assert isinstance(shop.apply("RO-1", facts, by=OTHER_ADVISOR), Accepted)

    assert [row.id for row in shop.find(advisor="sa-1").rows] == ["RO-1"]
    assert shop.find(advisor="sa-2").rows == ()


# --- the promised time ---------------------------------------------------------------------------------------------

NOON, TWO, FOUR, SIX = (START + timedelta(hours=hours) for hours in (3, 5, 7, 9))

Told = tuple[Event, str | None]


def signed(at: datetime | None = NOON, **facts: object) -> Told:
    return ro.OrderSigned(promised_at=at, **facts), "signed"


def changed(at: datetime | None, **facts: object) -> Told:
    return ro.EtaChanged(new_promised_at=at, **facts), None


def supplement(at: datetime | None) -> Told:
    return ro.SupplementFound(new_promised_at=at), "quoted"


DISPATCHED: Told = (ro.WorkDispatched(), "in-work")
DECLINED: Told = (ro.SupplementDeclined(), "in-work")
AT_WORK = (signed(), DISPATCHED)  # versions 2 and 3
SIGNED_SUPPLEMENT = (*AT_WORK, supplement(FOUR), signed(None))  # versions 4 and 5

PROMISES = {
    "nothing is promised before the signature": (((ro.QuoteIssued(eta=NOON), "quoted"),), None),
    "the first signature promises": ((signed(),), NOON),
    "it may be corrected": ((*AT_WORK, (ro.OrderSigned(promised_at=TWO, corrects=2), None)), TWO),
    "a change holds": ((*AT_WORK, changed(TWO)), TWO),
    "the last change holds": ((*AT_WORK, changed(FOUR), changed(TWO)), TWO),
    "a change without a time changes nothing": ((*AT_WORK, changed(TWO), changed(None)), TWO),
    "a change may be corrected": ((*AT_WORK, changed(TWO), changed(FOUR, corrects=4)), FOUR),
    "a corrected signature does not undo a change": (
        (*AT_WORK, changed(TWO), (ro.OrderSigned(promised_at=SIX, corrects=2), None)),
        TWO,
    ),
    "a supplement waits for its signature": ((*AT_WORK, supplement(FOUR)), NOON),
    "a signed supplement holds": (SIGNED_SUPPLEMENT, FOUR),
    "its signature may name a time": ((*AT_WORK, supplement(FOUR), signed(SIX)), SIX),
    "a supplement may be corrected": (
        (*SIGNED_SUPPLEMENT, (ro.SupplementFound(new_promised_at=TWO, corrects=4), None)),
        TWO,
    ),
    "a declined supplement never holds": ((*AT_WORK, supplement(FOUR), DECLINED), NOON),
    "nor when another one is signed": (
        (*AT_WORK, supplement(FOUR), DECLINED, supplement(None), signed(None)),
        NOON,
    ),
    "the signed one of several holds": (
        (*AT_WORK, supplement(FOUR), DECLINED, supplement(TWO), signed(None)),
        TWO,
    ),
    "a second supplement leaves the first in force": ((*SIGNED_SUPPLEMENT, DISPATCHED, supplement(SIX)), FOUR),
    "a change after a supplement holds": ((*SIGNED_SUPPLEMENT, DISPATCHED, changed(TWO)), TWO),
    "a supplement after a change holds": ((*AT_WORK, changed(TWO), supplement(FOUR), signed(None)), FOUR),
}


@pytest.mark.parametrize(("steps", "promised"), PROMISES.values(), ids=[*PROMISES])
def test_the_promised_time_is_the_latest_in_force(steps, promised):
    assert row_of(told(*steps), WORKFLOW).promised_at == (promised and instant(promised))


KEPT = {"settled", "followed-up", "diverted", "cancelled"}
ENDS = {"followed-up", "diverted", "cancelled"}


@pytest.mark.parametrize("state", [str(state) for state in State])
def test_a_promise_is_shown_while_it_is_still_to_be_kept(state):
    row = row_of(told(signed(), (ro.Paid(), state)), WORKFLOW)

    assert row.promised_at == (None if state in KEPT else instant(NOON))


# --- the rest ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [str(state) for state in State])
def test_a_case_is_open_until_a_state_that_nothing_leaves(state):
    assert row_of(told((ro.Paid(), state)), WORKFLOW).is_open is (state not in ENDS)


def test_a_row_counts_answers_and_names_the_last_one():
    shop = bootstrap("sqlite://", upgrade=True, world=world()).shop("S1")
    arrive(shop)
    assert isinstance(shop.apply("RO-1", ro.KitFitted(), by=ADVISOR), Refused)
    last = shop.entries("RO-1")[-1]

    row = row_of(shop.case("RO-1"), WORKFLOW)

    assert (row.shop, row.id, row.workflow, row.rules) == ("S1", "RO-1", "repair_order", last.rules)
    assert (row.state, row.seq, row.version, row.head) == ("arrived", 3, 2, last.seal)
    assert row.recorded_at == instant(START)


def test_a_case_that_nothing_was_recorded_of_has_a_row_without_a_time():
    assert row_of(DECIDER.open("S1", "RO-1"), WORKFLOW).recorded_at == ""


# --- whose step is next --------------------------------------------------------------------------------------------

NEXT_STEP = {
    "security_guard": {"new"},
    "guide": {"new"},
    "service_advisor": {
        "new",
        "arrived",
        "protected",
        "inspected",
        "under-observation",
        "quoted",
        "signed",
        "internal-handover",
        "settled",
    },
    "workshop_dispatcher": {"signed", "suspended"},
    "technician": {"in-work", "under-observation"},
    "lead_technician": {"in-work"},
    "quality_inspector": {"QC"},
    "cashier": {"internal-handover"},
    "customer_relations": {"settled"},
}
"""By role, the states in which the next step forward is its own; the roles that are not here have none."""


@pytest.mark.parametrize("role", [*(str(role) for role in Role), "stranger"])
def test_a_role_waits_for_the_states_whose_next_step_is_its_own(role):
    assert WORKFLOW.waiting_for(role) == NEXT_STEP.get(role, set())


def test_every_open_state_waits_for_somebody():
    assert set().union(*NEXT_STEP.values()) == {str(state) for state in State} - ENDS


# --- lists ---------------------------------------------------------------------------------------------------------

FILTERS: dict[str, tuple[object, ...]] = {
    "workflow": (None, "repair_order", "wash"),
    "state": (None, "arrived", "in-work", "nowhere"),
    "role": (None, "service_advisor", "workshop_dispatcher", "stranger"),
    "advisor": (None, "sa-1", "sa-2"),
    "open": (None, True, False),
    "promised_before": (None, START, START + timedelta(hours=5), START + timedelta(days=9)),
    "late": (False, True),
}


def passes(row: CaseRow, now: datetime, asked: dict[str, Any]) -> bool:
    """What the filters of a list mean."""
    given = {name: value for name, value in asked.items() if value is not None}
    before = [given["promised_before"]] if "promised_before" in given else []
    before += [now] if asked["late"] else []
    return (
        given.get("workflow", row.workflow) == row.workflow
        and given.get("state", row.state) == row.state
        and ("role" not in given or row.state in NEXT_STEP.get(given["role"], ()))
        and given.get("advisor", row.advisor) == row.advisor
        and given.get("open", row.is_open) == row.is_open
        and all(row.promised_at is not None and row.promised_at < instant(time) for time in before)
    )


@pytest.fixture
def played(database: str) -> Iterator[Engine]:
    """An engine on whose database every scenario was played."""
    engine = bootstrap(database, upgrade=True, world=stage().world, synchronous="NORMAL")
    with closing(engine.store):
        for file in SCENARIOS:
            play(load(file), engine)
        yield engine


def test_a_list_shows_the_rows_that_pass_every_filter(played: Engine):
    shop = played.shop("S1")
    everything, now = shop.find(limit=100).rows, played.world.clock()
    assert len(everything) == len(SCENARIOS)

    met = 0
    for values in product(*FILTERS.values()):
        asked = dict(zip(FILTERS, values, strict=True))
        wanted = [row for row in everything if passes(row, now, asked)]
        assert [*shop.find(limit=100, **asked).rows] == wanted
        met += bool(wanted)

    assert met > 100


@pytest.mark.parametrize("late", [True, False])
def test_a_time_without_its_zone_is_a_bad_command(late: bool):
    shop = bootstrap("sqlite://", upgrade=True, world=world()).shop("S1")

    with pytest.raises(BadCommand) as error:
        shop.find(promised_before=START.replace(tzinfo=None), late=late)

    assert error.value.facts == {"where": "promised_before", "expected": "a time with its zone"}
