"""Desk: where the commands of one shop are answered — locked, decided, sealed, appended — one transaction at a time.

Must live here: what one attempt does, and trying again when a race is lost. Must not be known here: what callers are
offered (`engine.shop`), SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar, cast

import structlog

from engine.case import Case, CaseRow, Head
from engine.cases import Cases
from engine.command import Accepted, Answer, Command, Refused, identifier
from engine.correlation import About
from engine.decider import Decider, recorded_answer
from engine.errors import CaseExists, CaseNotFound, CommandConflict, Contended, StaleVersion
from engine.journal import Entry
from engine.listing import row_of
from engine.ports import World
from engine.sealing import SealedCommand, is_same, seal
from engine.store import HostConnection, LostRace, Store, Transaction
from engine.telemetry import Applying, Deciding

_log = structlog.get_logger("gongdan")
_ATTEMPTS = 20
_KNOWN = nullcontext()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Step:
    """One command decided: its answer, and what is to be written."""

    answer: Answer
    entry: Entry
    row: CaseRow
    head: str
    put: SealedCommand


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers the commands of one shop. Safe to share between threads."""

    store: Store
    cases: Cases
    world: World
    shop: str

    def sit(
        self,
        case_id: str,
        work: Callable[[Sitting], T],
        connection: HostConnection = None,
        *,
        id: str | None = None,
        once: bool = False,
        steady: bool = False,
    ) -> T:
        """Do some work in one transaction, and again when another writer came in between; bounded.

        `id`: of the command, for traces and log lines; None for commands of many cases. `once`: the work appends one
        entry at most; `steady`: it sees one picture of the database. After a lost race it takes the lock first, so
        that waiting is fair. Raises Contended and what the work raises.
        """
        case = None if id is None else case_id
        with About(shop=self.shop, case=case, command=id), Applying(self.shop, case, id) as applying:
            for attempt in range(_ATTEMPTS):
                try:
                    with self.store.write(connection, once=once and not attempt, steady=steady) as transaction:
                        sitting = Sitting(self, transaction)
                        result = work(sitting)
                except LostRace:
                    continue
                applying.wrote(sitting.written)
                for entry in sitting.written:
                    with _KNOWN if id else About(command=entry.command.id):
                        _tell(entry, joined=connection is not None)
                return result
            raise Contended(case=case_id, attempts=_ATTEMPTS)

    def head(self, transaction: Transaction, case_id: str) -> Head:
        """The head of a case. Raises CaseNotFound."""
        head = transaction.head(self.shop, identifier("case", case_id))
        if head is None:
            raise CaseNotFound(shop=self.shop, case=case_id)
        return head

    def now(self, case: Case) -> datetime:
        """The time of recording: never earlier than the entry before."""
        now = self.world.clock()
        return now if case.recorded_at is None or now > case.recorded_at else case.recorded_at


@dataclass(frozen=True, slots=True)
class Sitting:
    """Work at the desk inside one transaction; what was written is told when it has ended."""

    desk: Desk
    transaction: Transaction
    written: list[Entry] = field(default_factory=list)

    def open(self, case_id: str, decider: Decider, command: Command) -> Accepted:
        """Open a case, pinned to the rules of a decider. Raises CaseExists, CommandConflict."""
        head, answered = self.transaction.lock(self.desk.shop, case_id, command.id)
        if answered:
            return cast("Accepted", self._recorded(case_id, command))  # no opening is refused
        if head is not None:
            raise CaseExists(shop=self.desk.shop, case=case_id)
        self.transaction.keep_rules(decider.rules.digest, decider.rules.body)
        step, case = self._decide(decider, decider.open(self.desk.shop, case_id), SealedCommand(command, case_id, ()))
        self.transaction.open(step.entry, step.row)
        self._wrote([step], case)
        return cast("Accepted", step.answer)

    def apply(self, case_id: str, command: Command, expected: int | None) -> Answer:
        """Answer one command, and write the answer. Raises what `Shop.apply` raises."""
        return self.apply_all(case_id, [command], expected)[0]

    def apply_all(self, case_id: str, commands: Sequence[Command], expected: int | None) -> tuple[Answer, ...]:
        """Answer commands one after the other; of several a refused one lets none be written."""
        head, answered = self.transaction.lock(self.desk.shop, identifier("case", case_id), commands[0].id)
        if answered or any(self.transaction.answered(self.desk.shop, command.id) for command in commands[1:]):
            return tuple(self._recorded(case_id, command) for command in commands)
        if head is None:
            raise CaseNotFound(shop=self.desk.shop, case=case_id)
        if expected is not None and expected != head.version:
            raise StaleVersion(case=case_id, expected=expected, actual=head.version)
        case = self.desk.cases.load(self.transaction, head)
        decider = self.desk.cases.decider_of(self.transaction, head.rules)
        steps: list[_Step] = []
        for command in commands:
            step, case = self._decide(decider, case, seal(command, case.id, self.desk.world.new_salt))
            steps.append(step)
            if isinstance(step.answer, Refused) and len(commands) > 1:
                return tuple(step.answer for step in steps)
        for step in steps:
            self.transaction.append(step.entry, step.row, step.head, step.put)
        self._wrote(steps, case)
        return tuple(step.answer for step in steps)

    def _decide(self, decider: Decider, case: Case, put: SealedCommand) -> tuple[_Step, Case]:
        """Decide one command on a case; the case after it."""
        now = self.desk.now(case)
        with Deciding(decider.workflow.name) as deciding:
            answer = decider.decide(case, put.command, now)
            entry = Entry.of(case, put.command, now, answer)
            deciding.answered(entry)
        after = decider.evolve(case, entry)
        row = row_of(after, decider.workflow)
        return _Step(answer, entry, row, case.head, put), after

    def _wrote(self, steps: Sequence[_Step], case: Case) -> None:
        self.written.extend(step.entry for step in steps)
        self.desk.cases.remember(case)

    def _recorded(self, case_id: str, command: Command) -> Answer:
        """The recorded answer to a command id, in the words of today. Raises CommandConflict for another command."""
        catalogue = self.desk.cases.catalogue
        body = self.transaction.answered(self.desk.shop, command.id)
        entry = None if body is None else Entry.read(body, catalogue.events)
        if entry is None or entry.case != case_id:
            raise CommandConflict(case=entry.case if entry else case_id, command=command.id)
        if not is_same(entry.command, command, self.transaction.kept(self.desk.shop, case_id, entry.seq)):
            raise CommandConflict(case=case_id, command=command.id)
        return recorded_answer(entry, catalogue)


def _tell(entry: Entry, *, joined: bool) -> None:
    """One log line for each answer: ids and codes, never a fact. On a host's connection it is not committed yet."""
    _log.info(
        "accepted" if entry.accepted else "refused",
        shop=entry.shop,
        case=entry.case,
        seq=entry.seq,
        command=entry.command.id,
        name=entry.command.name,
        state=entry.state,
        clauses=[clause for clause, _ in entry.refusals],
        **({"pending": True} if joined else {}),
    )
