"""Decider: decide, evolve, fold. The only file that imports `transitions`; it does no I/O and asks no clock.

The clauses are the condition of every transition, so the machine cannot be walked round: one condition that asks them
all and keeps every refusal. Cases are never added to the machine; it judges a small trial that has a `state`.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, cast

from transitions import EventData, Machine

from engine.case import Case, Fact, Refusing
from engine.command import Accepted, Answer, Command, Refusal, Refused
from engine.errors import EarlierRules, RulesUnknown, UnknownCommand
from engine.events.common import CaseOpened, ClauseWaived
from engine.events.event import Event
from engine.guards import flow
from engine.guards.clause import Attempt, Binding, Clause
from engine.guards.figure import Figure
from engine.journal import Entry
from engine.rules import Catalogue, Row, Rules
from engine.states.workflow import Workflow

logging.getLogger("transitions").setLevel(logging.WARNING)  # it logs every callback at INFO


@dataclass(slots=True)
class _Trial:
    """What the machine moves: an attempt on a copy of the case's state, and what the clauses said of it."""

    attempt: Attempt[Event]
    command: Command
    state: str
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[Refusal] = field(default_factory=list)
    waived: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A clause with its figures in force, ready to be asked."""

    rule: Clause
    binding: Binding
    figures: Mapping[str, Figure[Any]]


class _May(NamedTuple):
    """Who may put a command, and those of them who only stand in."""

    roles: frozenset[str] = frozenset()
    stand_ins: frozenset[str] = frozenset()


_NOBODY = _May()


def _may(rows: Sequence[Row]) -> _May:
    own = frozenset(role for row in rows for role in row.roles)
    stand_ins = frozenset(role for row in rows for role in row.stand_ins)
    return _May(own | stand_ins, stand_ins - own)


class Decider:
    """Answers commands by one body of rules. Immutable, safe to share between threads."""

    def __init__(self, rules: Rules, catalogue: Catalogue) -> None:
        """Build the machine of these rules. Raises RulesUnknown when the code lacks what they name."""
        if rules.workflow not in catalogue.workflows:
            raise RulesUnknown(what=f"workflow {rules.workflow}")
        self.rules = rules
        self.catalogue = catalogue
        self._asked = self._clauses_by_event()
        self._rows = {(row.name, row.source): row for row in rules.rows}
        self._open: dict[str, list[str]] = defaultdict(list)
        for row in rules.rows:
            self._open[row.source].append(row.name)
        self._kinds = {row.name: self._event(row.name) for row in rules.rows}
        self._may = {place: _may([row]) for place, row in self._rows.items()}
        self._may_correct = {kind: _may([row for row in rules.rows if row.name == kind]) for kind in self._kinds}
        self._machine = self._build()

    # --- the three functions -------------------------------------------------------------------------------------

    @property
    def workflow(self) -> Workflow:
        """The workflow as the code has it today."""
        return self.catalogue.workflows[self.rules.workflow]

    def open(self, shop: str, case: str) -> Case:
        """A case that nothing has happened to yet."""
        remembers = self.workflow.remembers
        return Case(shop, case, self.rules.workflow, self.rules.digest, self.rules.initial, remembers=remembers)

    def decide(self, case: Case, command: Command, recorded_at: datetime) -> Answer:
        """The answer to a sealed command. Raises UnknownCommand for a name that the table does not have."""
        if case.seq == 0 and isinstance(command.facts, CaseOpened):
            return Accepted(command.facts, self.rules.initial, seq=1, version=1)
        trigger, open_to = self._trigger(command)
        attempt = self._attempt(case, command, recorded_at)
        trial = _Trial(attempt, command, case.state)
        if case.state not in open_to:
            verdict = flow.NOT_OPEN.judge(attempt)
            trial.refusals.append(flow.NOT_OPEN.refusal(verdict.facts, self.catalogue.words))
        elif self._machine.events[trigger].trigger(trial):
            notes, waived = tuple(trial.notes), tuple(trial.waived)
            return Accepted(command.facts, trial.state, case.seq + 1, case.version + 1, notes, waived)
        return Refused(tuple(trial.refusals), case.state, case.seq + 1, case.version)

    @staticmethod
    def evolve(case: Case, entry: Entry) -> Case:
        """The case after an entry. It cannot fail: what the entry says has happened."""
        command = entry.command
        if not entry.accepted:
            refused = frozenset(clause for clause, _ in entry.refusals)
            return case.refusing(Refusing(command.fingerprint, refused, command.actor), entry.recorded_at, entry.seal)
        at = command.occurred_at or entry.recorded_at
        fact = Fact(command.facts, command.actor, at, entry.recorded_at, entry.version, entry.state != case.state)
        return case.accepted(fact, entry.state, entry.seal)

    def fold(self, case: Case, entries: Iterable[Entry]) -> Case:
        """The case after all entries."""
        for entry in entries:
            case = self.evolve(case, entry)
        return case

    # --- questions -----------------------------------------------------------------------------------------------

    def open_commands(self, state: str) -> tuple[str, ...]:
        """The commands open in a state, in the order of the table."""
        return tuple(self._open.get(state, ()))

    def roles(self, command: str, state: str) -> frozenset[str]:
        """Who may put a command in a state, stand-ins among them."""
        return self._may.get((command, state), _NOBODY).roles

    def dest(self, command: str, state: str) -> str | None:
        """Where an open command leads; None when it moves nothing."""
        return self._rows[command, state].dest

    def clauses(self, command: str) -> tuple[tuple[Clause, Binding], ...]:
        """The SOP clauses that bind a command, without the built-in ones."""
        return tuple((asked.rule, asked.binding) for asked in self._asked[command] if asked.rule not in flow.EVERYWHERE)

    # --- machinery -----------------------------------------------------------------------------------------------

    def _event(self, kind: str) -> type[Event]:
        if kind not in self.catalogue.events:
            raise RulesUnknown(what=f"event {kind}")
        return self.catalogue.events[kind]

    def _clauses_by_event(self) -> dict[str, list[_Asked]]:
        by_event: dict[str, list[_Asked]] = {row.name: [] for row in self.rules.rows}
        for id_, bound in self.rules.clauses.items():
            rule = self.catalogue.clauses.get(id_)
            if rule is None:
                raise RulesUnknown(what=f"clause {id_}")
            able = {event.kind for event in rule.on if event is not Event}
            if not able.issuperset(bound.events) or bool(able) != bool(bound.events):
                raise RulesUnknown(what=f"clause {id_} on {[*bound.events]}")
            asked = _Asked(rule, bound.binding, self.rules.figures(rule))
            for kind in bound.events or by_event:
                by_event.get(kind, []).append(asked)
        return by_event

    def _build(self) -> Machine:
        rows = [
            {"trigger": row.name, "source": row.source, "dest": row.dest, "conditions": self._ask}
            for row in self.rules.rows
        ]
        living = [state for state in self.rules.states if state not in self.rules.ends | {self.rules.initial}]
        corrections = [
            {"trigger": flow.CORRECT + kind, "source": living, "dest": None, "conditions": self._ask}
            for kind in self._kinds
        ]
        return Machine(
            model=None,
            states=[*self.rules.states],
            transitions=[*rows, *corrections],
            initial=self.rules.initial,
            auto_transitions=False,
            queued=False,
            send_event=True,
        )

    def _trigger(self, command: Command) -> tuple[str, Mapping[str, object]]:
        if command.name not in self._kinds:
            is_new = any(row.name == command.name for row in self.workflow.rows)
            error = EarlierRules if is_new else UnknownCommand
            raise error(workflow=self.rules.workflow, name=command.name, expected=sorted(self._kinds))
        trigger = command.name if command.facts.corrects is None else flow.CORRECT + command.name
        return trigger, self._machine.events[trigger].transitions

    def _attempt(self, case: Case, command: Command, recorded_at: datetime) -> Attempt[Event]:
        may = self._may.get((command.name, case.state), _NOBODY)
        if command.facts.corrects is not None:  # a correction is for whoever may put such a fact anywhere
            may = self._may_correct[command.name]
        return Attempt(
            case=case,
            event=command.facts,
            actor=command.actor,
            at=command.occurred_at or recorded_at,
            recorded_at=recorded_at,
            late=command.late,
            open=self.open_commands(case.state),
            roles=may.roles,
            stand_ins=may.stand_ins,
        )

    def _ask(self, data: EventData) -> bool:
        """The one condition of every transition: ask all clauses, keep every refusal."""
        trial = cast("_Trial", data.model)
        attempt = trial.attempt
        for asked in self._asked[attempt.event.kind]:
            verdict = asked.rule.judge(attempt, **asked.figures)
            if verdict.met:
                continue
            refusal = asked.rule.refusal(verdict.facts, self.catalogue.words)
            if asked.binding is not Binding.REFUSE:
                trial.notes.append(refusal)
            elif _is_waived(trial, asked.rule.id):
                trial.waived.append(asked.rule.id)
            else:
                trial.refusals.append(refusal)
        return not trial.refusals


def _is_waived(trial: _Trial, clause: str) -> bool:
    """A waiver answers a refusal of this very command by this clause; it is void when the facts have changed."""
    case = trial.attempt.case
    waivers = (fact.event for fact in case.all(ClauseWaived) if fact.event.clause == clause)
    refusing = (case.refused.get(waiver.refused_seq or 0) for waiver in waivers)
    return any(one is not None and one.fingerprint == trial.command.fingerprint for one in refusing)


def recorded_answer(entry: Entry, catalogue: Catalogue) -> Answer:
    """The answer that an entry records, in the words of today."""
    clauses, words = catalogue.clauses, catalogue.words
    notes = tuple(clauses[id_].refusal(facts, words) for id_, facts in entry.notes)
    refusals = tuple(clauses[id_].refusal(facts, words) for id_, facts in entry.refusals)
    if entry.accepted:
        return Accepted(entry.command.facts, entry.state, entry.seq, entry.version, notes, entry.waived)
    return Refused(refusals, entry.state, entry.seq, entry.version)
