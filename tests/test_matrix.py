"""State by command by role, exhaustively: with facts that conform, who may do what where, under each profile.

On the decider alone. The machine of `test_machine.py` wanders; this walks every cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from engine import Accepted, Answer, Case, Refused, Role, standard_catalogue
from engine.command import Command
from engine.decider import Decider
from engine.events.common import ClauseWaived
from engine.guards import flow
from engine.guards.repair_order.order import at_peak
from engine.sealing import seal
from engine.states.repair_order import MAIN_PATH, WORKFLOW
from engine.states.repair_order import State as S
from tests import conforming as co
from tests.support import START

pytestmark = pytest.mark.broad

ROLES = [*(str(role) for role in Role), "stranger"]
STATES = [str(state) for state in S]
LIVING = [state for state in STATES if state not in WORKFLOW.ends and state != WORKFLOW.initial]
CASE = "RO-1"


@cache
def decider(profile: str) -> Decider:
    catalogue = co.catalogue()
    return Decider(catalogue.rules(profile, "repair_order"), catalogue)


def desk_at(profile: str, state: str) -> co.Desk:
    desk = co.Desk(decider(profile))
    desk.open(CASE)
    co.walk(desk, CASE, state)
    return desk


def prepared(profile: str, kind: co.Kind, state: str) -> Case:
    """A case in a state, with all that a kind needs there."""
    desk = co.Desk(decider(profile))
    desk.open(CASE)
    co.walk_to_row(desk, CASE, kind, state)
    for step in co.preparation(desk.case(CASE), kind):
        co.put(desk, CASE, step)
    return desk.case(CASE)


def asked(profile: str, case: Case, kind: co.Kind, role: str) -> Answer:
    """What the decider answers to a conforming fact, put by a role."""
    command = Command("put", co.actor(role), co.fact(case, kind))
    return decider(profile).decide(case, seal(command, case.id, lambda: bytes(16)).command, START)


def clauses(answer: Answer) -> set[str]:
    return {*answer.clauses} if isinstance(answer, Refused) else set()


PEAK = {"dpca": "peak.reinforcement-by-managers", "faw-toyota": "peak.second-line-standby"}
"""The clause that keeps a profile's stand-ins from standing in when there is no peak."""


def stand_ins(profile: str, name: str, source: str) -> set[str]:
    return {
        role
        for row in decider(profile).rules.rows
        if (row.name, row.source) == (name, source)
        for role in row.stand_ins
    }


def rows() -> Iterator[tuple[str, str]]:
    return (row for row in co.ROWS if row not in co.NEVER_ACCEPTED)


@pytest.mark.parametrize("profile", co.PROFILES)
def test_with_conforming_facts_exactly_the_roles_of_a_row_are_accepted(profile: str) -> None:
    """Two exceptions: stand-ins, at peak; and the dispatcher's clause, which asks for one role of its row's two."""
    for name, source in rows():
        row = co.ROWS[name, source]
        lent = stand_ins(profile, name, source)
        case = prepared(profile, row.event, source)
        answers = {role: asked(profile, case, row.event, role) for role in ROLES}
        accepted = {role for role, answer in answers.items() if isinstance(answer, Accepted)}
        strangers = {role for role, answer in answers.items() if "flow.role" in clauses(answer)}
        others = [answer for role, answer in answers.items() if role not in accepted | strangers | lent]
        assert strangers == {*ROLES} - row.roles - lent, (name, source)
        assert accepted & lent == (lent if at_peak(case) else set()), (name, source)
        assert all(clauses(answers[role]) == {PEAK[profile]} for role in lent - accepted), (name, source)
        assert all(clauses(answer) == {"work.dispatch-to-suitable-technician"} for answer in others), (name, source)
        assert len(others) == (1 if name == "work_dispatched" else 0), (name, source)


@pytest.mark.parametrize("profile", co.PROFILES)
def test_an_accepted_command_leads_where_its_row_says(profile: str) -> None:
    for name, source in rows():
        row = co.ROWS[name, source]
        answer = asked(profile, prepared(profile, row.event, source), row.event, co.actor_for(row.event, source).role)
        assert answer.state == (row.dest or source), (name, source)


@pytest.mark.parametrize("profile", co.PROFILES)
@pytest.mark.parametrize("state", STATES)
def test_a_command_without_a_row_is_refused_as_not_open_and_by_nothing_else(state: str, profile: str) -> None:
    """For every role: being the wrong person is no matter where nobody can do it."""
    case = desk_at(profile, state).case(CASE)
    for kind in co.KINDS:
        if (kind.kind, state) in co.ROWS:
            continue
        for role in ROLES:
            answer = asked(profile, case, kind, role)
            assert isinstance(answer, Refused)
            assert answer.clauses == ("flow.not-open",), (kind.kind, role)
            assert answer.state == state


@pytest.mark.parametrize("state", STATES)
def test_a_refusal_as_not_open_lists_what_is_open(state: str) -> None:
    closed = next(kind for kind in co.KINDS if (kind.kind, state) not in co.ROWS)
    answer = asked("base", desk_at("base", state).case(CASE), closed, Role.SERVICE_ADVISOR)
    expected = [name for name, source in co.ROWS if source == state]

    assert isinstance(answer, Refused)
    assert answer.refusals[0].facts["open"] == expected


@pytest.mark.parametrize("state", sorted(WORKFLOW.ends))
def test_nothing_moves_a_case_out_of_an_end(state: str) -> None:
    case = desk_at("base", state).case(CASE)
    for kind in co.KINDS:
        for role in ROLES:
            assert asked("base", case, kind, role).state == state


@pytest.mark.parametrize("name", co.catalogue().profiles)
def test_the_machine_has_no_door_but_the_table(name: str) -> None:
    """No `to_x` for a state, no trigger but the commands and their corrections, and these move nothing."""
    machine = decider(name)._machine
    commands = {kind.kind for kind in co.KINDS}
    corrections = {flow.CORRECT + command for command in commands}

    assert {*machine.events} == commands | corrections
    for trigger in corrections:
        moves = [move for moves in machine.events[trigger].transitions.values() for move in moves]
        assert {move.dest for move in moves} == {None}
        assert sorted(move.source for move in moves) == sorted(LIVING)
    for trigger in commands:
        moves = [move for moves in machine.events[trigger].transitions.values() for move in moves]
        assert {(move.source, move.dest) for move in moves} == {
            (source, row.dest) for (command, source), row in co.ROWS.items() if command == trigger
        }


def test_every_transition_asks_the_clauses() -> None:
    """One condition each, the same everywhere: the machine cannot be walked round."""
    machine = decider("base")._machine
    for event in machine.events.values():
        for moves in event.transitions.values():
            for move in moves:
                assert [condition.func.__name__ for condition in move.conditions] == ["_ask"]


@pytest.mark.parametrize("profile", standard_catalogue().profiles)
def test_no_shipped_profile_lets_a_clause_be_waived(profile: str) -> None:
    catalogue = standard_catalogue()
    desk = co.Desk(Decider(catalogue.rules(profile, "repair_order"), catalogue))
    desk.open(CASE)
    case = co.walk(desk, CASE, S.PROTECTED)
    for step in co.preparation(case, ClauseWaived):
        co.put(desk, CASE, step)
    who = co.actor_for(ClauseWaived, S.PROTECTED)
    answer = desk.apply(CASE, co.fact(desk.case(CASE), ClauseWaived), by=who)

    assert clauses(answer) == {"flow.waiver"}


@pytest.mark.parametrize("profile", co.PROFILES)
def test_a_conforming_case_passes_the_ten_states_of_the_main_path_in_order(profile: str) -> None:
    desk = desk_at(profile, S.SETTLED)
    co.walk(desk, CASE, S.FOLLOWED_UP)

    assert list(dict.fromkeys(entry.state for entry in desk.entries[CASE])) == [S.NEW, *MAIN_PATH]
