"""Batch: commands of many cases in one transaction, with an answer for each: imports, the close of the day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from engine.command import Actor, Answer, Command, Late
from engine.correlation import About
from engine.decider import Decider
from engine.desk import Desk, Sitting
from engine.errors import (
    BadCommand,
    CaseExists,
    CaseNotFound,
    CommandConflict,
    GongdanError,
    RulesUnknown,
    StaleVersion,
    UnknownCommand,
)
from engine.events.event import Event
from engine.store import HostConnection

Outcome = Answer | GongdanError
"""What became of one command of a batch: its answer, or the mistake for which nothing was recorded."""

_MISTAKES = (BadCommand, CaseExists, CaseNotFound, CommandConflict, RulesUnknown, StaleVersion, UnknownCommand)
"""What one command can be wrong about without touching the others; all of it is found before anything is written."""

_Put = tuple[str, str, Callable[[Sitting], Answer]]
_Opening = Callable[[str, Actor, str, str | None], tuple[Decider, Command]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Commands gathered for one transaction. Made by `Shop.batch`; nothing happens until `run`."""

    _desk: Desk
    _opening: _Opening
    _puts: list[_Put] = field(default_factory=list)

    def open(self, case_id: str, *, by: Actor, workflow: str = "repair_order", id: str | None = None) -> None:
        """Gather an opening, as `Shop.open` takes it. Raises UnknownProfile, BadCommand."""
        decider, command = self._opening(case_id, by, workflow, id)
        self._puts.append((case_id, command.id, lambda sitting: sitting.open(case_id, decider, command)))

    def apply(
        self,
        case_id: str,
        facts: Event,
        *,
        by: Actor,
        id: str | None = None,
        occurred_at: datetime | None = None,
        late: Late | None = None,
        expected: int | None = None,
    ) -> None:
        """Gather a command, as `Shop.apply` takes it. Raises BadCommand."""
        command = Command(id or self._desk.world.new_id(), by, facts, occurred_at, late)
        self._puts.append((case_id, command.id, lambda sitting: sitting.apply(case_id, command, expected)))

    def run(self, *, connection: HostConnection = None) -> tuple[Outcome, ...]:
        """Put all commands in one transaction; an outcome for each, in the order in which they were gathered.

        A refusal is recorded like any other; a command that is a mistake leaves nothing, and its error is its
        outcome. Commands of one case are put in their order. Raises Contended, BadConnection, StoreUnavailable:
        then nothing at all was recorded, and the same batch may be run again.
        """
        if not self._puts:
            return ()
        # Cases in the order of their ids: two batches that meet wait for one another and never in a circle.
        order = sorted(range(len(self._puts)), key=lambda place: self._puts[place][0])

        def work(sitting: Sitting) -> dict[int, Outcome]:
            return {place: _outcome(self._puts[place], sitting) for place in order}

        outcomes = self._desk.sit(self._puts[0][0], work, connection)
        return tuple(outcomes[place] for place in range(len(order)))


def _outcome(put: _Put, sitting: Sitting) -> Outcome:
    case_id, command_id, answer = put
    try:
        with About(case=case_id, command=command_id):
            return answer(sitting)
    except _MISTAKES as mistake:
        return mistake
