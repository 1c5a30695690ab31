"""Decide against stock `transitions`: as many conditions as clauses asked, each of them empty. Processor time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import process_time

from transitions import Machine

from bench.measure import Comparison, Measure
from bench.order import ADVISOR, PROFILE, SHOP, STEPS
from bench.rounds import Contender, interleaved
from bench.sizes import Sizes
from engine import Text, standard_catalogue
from engine.case import Case
from engine.command import Command
from engine.decider import Decider
from engine.events.common import CaseOpened
from engine.journal import Entry
from engine.sealing import seal

MARK = 4.0
_START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)

Question = tuple[Case, Command, datetime]


def deciding(sizes: Sizes) -> Measure:
    """The accepted steps of the order, over and over."""
    decider = _decider()
    contenders = {"engine": _by_engine(decider, sizes.decided), "stock": _by_stock(decider, sizes.decided)}
    rounds = interleaved(contenders, process_time, sizes.short_rounds)
    return Comparison(rounds, "engine", "stock").at_most(
        MARK,
        "decide",
        name=Text(zh="裁定一条命令", en="decide"),
        floor=Text(zh="引擎 ÷ transitions 原样，空条件同数", en="engine ÷ stock transitions, as many empty conditions"),
    )


def _decider() -> Decider:
    catalogue = standard_catalogue()
    return Decider(catalogue.rules(PROFILE, "repair_order"), catalogue)


def _by_engine(decider: Decider, times: int) -> Contender:
    asked = _questions(decider)

    def play() -> int:
        for _ in range(times):
            for question in asked:
                decider.decide(*question)
        return times * len(asked)

    return play


def _questions(decider: Decider) -> Sequence[Question]:
    """Each accepted step of the order with the case that it finds."""
    rules, now = decider.rules, _START
    case = decider.open(SHOP, "RO-1")
    facts = [decider.catalogue.events[step.name].read(step.facts) for step in STEPS if step.accepted]
    asked: list[Question] = []
    for number, fact in enumerate([CaseOpened(profile=rules.profile, version=rules.version), *facts]):
        command = seal(Command(f"c-{number}", ADVISOR, fact), case.id, lambda: bytes(16)).command
        now += timedelta(minutes=1)
        asked.append((case, command, now))
        case = decider.evolve(case, Entry.of(case, command, now, decider.decide(case, command, now)))
    return asked[1:]


class _Model:
    """What stock `transitions` moves."""

    state: str


def _by_stock(decider: Decider, times: int) -> Contender:
    """One machine with the same table, one model, and `n` empty conditions where the engine asks `n` clauses."""
    model = _Model()
    rules = decider.rules
    rows = [
        {
            "trigger": row.name,
            "source": row.source,
            "dest": row.dest,
            "conditions": [_empty] * len(decider._asked[row.name]),
        }
        for row in rules.rows
    ]
    machine = Machine(model, states=[*rules.states], transitions=rows, initial=rules.initial)
    triggers = [getattr(model, step.name) for step in STEPS if step.accepted]

    def play() -> int:
        for _ in range(times):
            machine.set_state(rules.initial)
            for trigger in triggers:
                assert trigger()
        return times * len(triggers)

    return play


def _empty() -> bool:
    return True
