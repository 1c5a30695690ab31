"""The table as a state machine on a real shop: conforming facts, each made wrong in one place, any actor, any time.

Every command is explained first and applied then, and the two answers are compared. Goals are drawn: a row of the
table, which a case is walked to along conforming steps; there the fact is put unprepared, spoilt, by a stranger, and
as it should be. A run that has not seen every row both accepted and refused fails.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from adapters.bootstrap import bootstrap
from engine import Accepted, Actor, Answer, Case, Entry, Late, Refused, Role, Shop
from engine.decider import Decider
from engine.events.event import Event
from engine.listing import row_of
from tests import conforming as co
from tests.support import Clock, world

pytestmark = pytest.mark.broad

Row = tuple[str, str]

CATALOGUE = co.catalogue()
DECIDERS = {profile: Decider(CATALOGUE.rules(profile, "repair_order"), CATALOGUE) for profile in co.PROFILES}
ROLES = [*(str(role) for role in Role), "stranger"]
_LIVE_CASES = 5
_GOALS_AT_ONCE = 4


@dataclass
class Seen:
    """What a whole run has seen: rows by answer, clauses that refused, explanations compared."""

    accepted: Counter[Row] = field(default_factory=Counter)
    refused: Counter[Row] = field(default_factory=Counter)
    clauses: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    orders: dict[tuple[Row, ...], list[Row]] = field(default_factory=dict)

    @property
    def missing(self) -> set[Row]:
        """Rows not seen both accepted and refused; but for the one that is open only to be refused."""
        return ({*co.ROWS} - {*self.accepted} - co.NEVER_ACCEPTED) | ({*co.ROWS} - {*self.refused})

    def least_visited_last(self, goals: list[Row]) -> list[Row]:
        """The goals by how often they were reached so far; the same goals are in the same order again.

        Else a failure found late in a run could not be replayed.
        """
        order = sorted(goals, key=lambda row: -min(self.accepted[row], self.refused[row]))
        return [*self.orders.setdefault(tuple(goals), order)]

    def note(self, state: str, facts: Event, answer: Answer) -> None:
        self.compared += 1
        if isinstance(answer, Refused):
            self.clauses.update(answer.clauses)
        if facts.corrects is None:  # a correction has no row
            (self.accepted if isinstance(answer, Accepted) else self.refused)[facts.kind, state] += 1


class RepairOrders(RuleBasedStateMachine):
    """One shop with a few repair orders."""

    seen: ClassVar[Seen]

    @initialize(profile=st.sampled_from(co.PROFILES), goals=st.permutations([*co.ROWS]))
    def open_shop(self, profile: str, goals: list[Row]) -> None:
        self.clock = Clock()
        self.engine = bootstrap(
            "sqlite://", upgrade=True, catalogue=CATALOGUE, world=world(self.clock), synchronous="NORMAL"
        )
        self.decider = DECIDERS[profile]
        self.shop: Shop = self.engine.shop("S1", profile=profile)
        self.goals = self.seen.least_visited_last(goals)
        self.put_so_far = 0
        self.cases: dict[str, Case] = {}
        self.conforming: set[str] = set()
        self.touched: set[str] = set()
        self.open_case()

    def open_case(self) -> str:
        case_id = f"RO-{len(self.cases) + 1}"
        self.shop.open(case_id, by=co.actor(Role.GUIDE))
        self.cases[case_id] = self.shop.case(case_id)
        self.conforming.add(case_id)
        self.touched.add(case_id)
        self.put_so_far += 1
        return case_id

    # --- where facts are put: this machine is a `conforming.Floor` ---------------------------------------------------

    def case(self, case_id: str) -> Case:
        return self.cases[case_id]

    def apply(
        self, case_id: str, facts: Event, *, by: Actor, occurred_at: datetime | None = None, late: Late | None = None
    ) -> Answer:
        """Explain, apply, compare, and check what one answer may do to a case."""
        before = self.cases[case_id]
        asked: dict[str, Any] = {"by": by, "occurred_at": occurred_at, "late": late}
        explained = self.shop.explain(case_id, facts, **asked)
        answer = self.shop.apply(case_id, facts, **asked)
        after = self.cases[case_id] = self.shop.case(case_id)
        self.put_so_far += 1
        self.touched.add(case_id)
        self.seen.note(before.state, facts, answer)
        assert said(explained) == said(answer)
        assert (after.seq, after.version, after.state) == (answer.seq, answer.version, answer.state)
        assert after.seq == before.seq + 1
        if isinstance(answer, Accepted):
            assert after.version == before.version + 1
            self._moves_by_the_table(before, facts, answer)
        else:
            assert (after.state, after.version, after.history) == (before.state, before.version, before.history)
            assert answer.refusals
            assert all(no.text.zh and no.text.en and no.next_step.zh and no.next_step.en for no in answer.refusals)
        return answer

    def _moves_by_the_table(self, before: Case, facts: Event, answer: Accepted) -> None:
        if facts.corrects is not None:
            assert answer.state == before.state
            return
        row = co.ROWS[facts.kind, before.state]
        assert answer.state == (row.dest or before.state)

    # --- rules -------------------------------------------------------------------------------------------------------

    @rule(data=st.data())
    def reach_rows(self, data: st.DataObject) -> None:
        """A few goals at once: most of what a run sees, it sees here."""
        for _ in range(_GOALS_AT_ONCE):
            if self.goals:
                self._reach(data, *self.goals.pop())

    def _reach(self, data: st.DataObject, name: str, source: str) -> None:
        """Walk to a row; put its fact as a stranger, badly prepared, spoilt, and as it should be."""
        kind = co.ROWS[name, source].event
        case_id = self._nearest(source)
        assert co.walk_to_row(self, case_id, kind, source).state == source
        who, stranger = co.actor_for(kind, source), data.draw(st.sampled_from(co.strangers_to(kind, source)))
        occurred_at, late = self._some_time(data, self.case(case_id))
        facts = co.fact(self.case(case_id), kind)
        refused = self.apply(case_id, facts, by=co.actor(stranger), occurred_at=occurred_at, late=late)
        assert isinstance(refused, Refused)
        assert "flow.role" in refused.clauses
        if self._accepted_badly_prepared(data, case_id, kind, who):
            return
        for step in co.preparation(self.case(case_id), kind):
            self._put(case_id, step)
        wanted = co.fact(self.case(case_id), kind)
        wrong = co.spoilt(wanted)
        if wrong and self._spoils(case_id, data.draw(st.sampled_from(wrong)), who):
            return
        self._put(case_id, co.Step(wanted, who, refused=(name, source) in co.NEVER_ACCEPTED))

    def _accepted_badly_prepared(self, data: st.DataObject, case_id: str, kind: co.Kind, who: Actor) -> bool:
        """Prepare a kind but for one step, which is left out or spoilt; then put it."""
        steps = co.preparation(self.case(case_id), kind)
        if not steps:
            return False
        flaw = data.draw(st.integers(0, len(steps) - 1))
        for number, step in enumerate(steps):
            if number != flaw:
                self.apply(case_id, step.event, by=step.actor)
            elif (facts := data.draw(st.sampled_from([None, *co.spoilt(step.event)]))) is not None:
                self._spoils(case_id, facts, step.actor)
        return self._spoils(case_id, co.fact(self.case(case_id), kind), who)

    def _spoils(self, case_id: str, facts: Event, who: Actor) -> bool:
        """Put what may not conform. Where it is accepted the case is no longer one that conforms."""
        accepted = isinstance(self.apply(case_id, facts, by=who), Accepted)
        if accepted:
            self.conforming.discard(case_id)
        return accepted

    def _put(self, case_id: str, step: co.Step) -> None:
        """Put what conforms; on a case that conforms so far it must be answered as it is meant to be."""
        if case_id in self.conforming:
            co.put(self, case_id, step)
        else:
            self.apply(case_id, step.event, by=step.actor)

    def _nearest(self, source: str) -> str:
        """The conforming case that has the shortest way to a row; a new one when none gets there."""
        ways = {key: co.distance(self.cases[key], source) for key in sorted(self.conforming)}
        near = [(steps, key) for key, steps in ways.items() if steps is not None]
        if len(self.conforming) > _LIVE_CASES:
            self.conforming.discard(min(self.conforming, key=lambda key: (-self.cases[key].seq, key)))
        return min(near)[1] if near else self.open_case()

    def _some_time(self, data: st.DataObject, case: Case) -> tuple[datetime | None, Late | None]:
        """Now, long ago, just before the last move, in the future; with or without a paper."""
        kept = data.draw(st.sampled_from([None, case.moved_at, self.clock.now]))
        shift = data.draw(st.sampled_from([-120, -31, -30, -5, 0, 1]))
        late = data.draw(st.sampled_from([None, Late(co.words("断网"), "paper-7")]))
        return None if kept is None else kept + timedelta(minutes=shift), late

    @rule(data=st.data(), kind=st.sampled_from(co.KINDS), role=st.sampled_from(ROLES))
    def stray(self, data: st.DataObject, kind: co.Kind, role: str) -> None:
        """Anybody puts anything anywhere, at any time; every other time something that is open there."""
        case_id = data.draw(st.sampled_from(sorted(self.cases)))
        case = self.case(case_id)
        here = [row.event for (_, source), row in co.ROWS.items() if source == case.state]
        wanted = co.fact(case, data.draw(st.sampled_from(here)) if here and data.draw(st.booleans()) else kind)
        facts = data.draw(st.sampled_from([wanted, *co.spoilt(wanted)]))
        occurred_at, late = self._some_time(data, case)
        by = data.draw(st.sampled_from([co.actor(role), co.actor_for(type(facts), case.state)]))
        if isinstance(self.apply(case_id, facts, by=by, occurred_at=occurred_at, late=late), Accepted):
            self.conforming.discard(case_id)

    @rule(data=st.data(), role=st.sampled_from(ROLES))
    def correct(self, data: st.DataObject, role: str) -> None:
        """Correct a fact of the case, or something that is none."""
        case_id = data.draw(st.sampled_from(sorted(self.cases)))
        case = self.case(case_id)
        old = data.draw(st.sampled_from([fact for fact in case.history if fact.event.kind != "case_opened"] or [None]))
        if old is None:
            return
        again = co.fact(case, type(old.event))
        changed = data.draw(st.sampled_from([again, *co.spoilt(again)]))
        version = data.draw(st.sampled_from([old.event.corrects or old.version, old.version + 1, 1]))
        by = data.draw(st.sampled_from([old.actor, co.actor(role)]))
        self._spoils(case_id, changed.model_copy(update={"corrects": version}), by)

    @rule(minutes=st.sampled_from([1, 29, 30, 31, 240]))
    def time_passes(self, minutes: int) -> None:
        self.clock.forward(minutes=minutes)

    # --- what always holds -------------------------------------------------------------------------------------------

    @invariant()
    def what_is_stored_is_what_was_answered(self) -> None:
        """For each case touched: seq = entries, version = accepted ones, fold of the entries = cached case = row."""
        for case_id in sorted(self.touched):
            case = self.cases[case_id]
            with self.engine.store.read() as transaction:
                row = transaction.case("S1", case_id)
                bodies = transaction.entries("S1", case_id, until=case.seq + 1)
            entries = [Entry.read(body, CATALOGUE.events) for body in bodies]
            assert len(entries) == case.seq
            assert sum(entry.accepted for entry in entries) == case.version
            assert self.decider.fold(self.decider.open("S1", case_id), entries) == case
            assert row == row_of(case, self.decider.workflow)
        self.touched.clear()

    def teardown(self) -> None:
        """The journal holds what was applied and no more, and its audit finds nothing."""
        report = self.engine.audit()
        self.engine.store.close()
        assert report.sound
        assert report.entries == self.put_so_far
        assert report.cases == len(self.cases)


def said(answer: Answer) -> tuple[object, ...]:
    """An answer without the salted commitments of its fact: those are new each time."""
    if isinstance(answer, Accepted):
        return answer.event.kind, answer.state, answer.seq, answer.version, answer.notes, answer.waived
    return answer.state, answer.seq, answer.version, answer.refusals


def run(comparisons: int, rounds: int) -> Seen:
    """Run the machine round by round until it has compared so much and seen all, at most so many rounds."""
    seen = Seen()
    machine = type("Run", (RepairOrders,), {"seen": seen})
    wanted = settings(
        max_examples=4,
        stateful_step_count=40,
        deadline=None,
        derandomize=False,
        suppress_health_check=[*HealthCheck],
    )
    with silence():
        for _ in range(rounds):
            run_state_machine_as_test(machine, settings=wanted)
            if seen.compared >= comparisons and not seen.missing:
                break
    return seen


@contextmanager
def silence() -> Iterator[None]:
    """No log lines: there would be tens of thousands."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def test_explain_and_apply_agree_on_a_run_that_sees_every_row_accepted_and_refused() -> None:
    seen = run(comparisons=10_000, rounds=20)

    assert seen.missing == set()
    assert seen.compared >= 10_000
    assert len([clause for clause in seen.clauses if not clause.startswith("flow.")]) >= 30


@pytest.mark.soak
def test_they_agree_on_a_long_run_too() -> None:
    seen = run(comparisons=500_000, rounds=1_000)

    assert seen.missing == set()
    assert seen.compared >= 500_000
