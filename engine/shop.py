"""Shop: what a dealer management system calls — open, apply, apply_all, explain, options, case, find, forget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any, TypeVar, cast

import structlog

from engine.case import Case, CaseRow
from engine.cases import Cases
from engine.command import Accepted, Actor, Answer, Command, Late, Refused, identifier
from engine.decider import Decider, recorded_answer
from engine.errors import (
    BadCommand,
    CaseExists,
    CaseNotFound,
    CommandConflict,
    Contended,
    StaleVersion,
    UnknownCommand,
)
from engine.events.common import CaseOpened
from engine.events.event import Event
from engine.guards.clause import Binding
from engine.journal import Entry
from engine.ports import World
from engine.sealing import is_same, seal
from engine.store import Abandoned, LostRace, Store, Transaction
from engine.text import Text

_log = structlog.get_logger("gongdan")
_ATTEMPTS = 20
_LARGEST_PAGE = 100

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of case rows; `next` goes into `after` for the following one, None at the end."""

    rows: tuple[CaseRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Option:
    """One command that is open now: where it leads, whether this actor may, its form and the clauses that bind it."""

    name: str
    label: Text
    dest: str | None
    allowed: bool
    roles: frozenset[str]
    schema: Mapping[str, Any]
    clauses: tuple[tuple[str, Binding], ...]


@dataclass(frozen=True, slots=True)
class Shop:
    """The engine of one shop. Made by `Engine.shop`; safe to share between threads."""

    _store: Store
    _cases: Cases
    _world: World
    id: str
    profile: str

    # --- commands ------------------------------------------------------------------------------------------------

    def open(self, case_id: str, *, by: Actor, workflow: str = "repair_order", id: str | None = None) -> Accepted:
        """Open a case and pin it to the rules in force. The same `id` again answers as before.

        Raises CaseExists, UnknownProfile, CommandConflict, BadCommand, StoreUnavailable.
        """
        identifier("case", case_id)
        decider = self._cases.decider_in_force(self.profile, workflow)
        facts = CaseOpened(profile=decider.rules.profile, version=decider.rules.version)
        command = Command(id or self._world.new_id(), by, facts)
        return self._retried(case_id, lambda: self._open_once(case_id, decider, command))

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
    ) -> Answer:
        """Put a fact to a case. Accepted or Refused, either way recorded and committed when this returns.

        `id` is the idempotency key: the same command again gets the recorded answer. `expected` is the version the
        caller decided on. Raises CaseNotFound, StaleVersion, CommandConflict, UnknownCommand, BadCommand, Contended,
        StoreUnavailable; nothing is recorded then.
        """
        command = Command(id or self._world.new_id(), by, facts, occurred_at, late)
        return self._retried(case_id, lambda: self._apply_once(case_id, [command], expected))[0]

    def apply_all(
        self,
        case_id: str,
        facts: Sequence[Event],
        *,
        by: Actor,
        id: str | None = None,
        occurred_at: datetime | None = None,
        late: Late | None = None,
        expected: int | None = None,
    ) -> tuple[Answer, ...]:
        """Put several facts in one transaction, all or none.

        When one is refused nothing is recorded, and the answers end with the refusal. The facts' command ids are
        `id.1`, `id.2`, … Raises what `apply` raises.
        """
        if not facts:
            raise BadCommand(where="facts", expected="at least one")
        stem = id or self._world.new_id()
        commands = [Command(f"{stem}.{n}", by, fact, occurred_at, late) for n, fact in enumerate(facts, 1)]
        return self._retried(case_id, lambda: self._apply_once(case_id, commands, expected))

    def explain(
        self,
        case_id: str,
        facts: Event,
        *,
        by: Actor,
        occurred_at: datetime | None = None,
        late: Late | None = None,
    ) -> Answer:
        """Exactly what `apply` would answer now, or raise; nothing is written.

        Raises CaseNotFound, UnknownCommand, BadCommand.
        """
        put = seal(Command("explain", by, facts, occurred_at, late), case_id, self._world.new_salt)
        with self._store.read() as transaction:
            case = self._load(transaction, case_id)
            now = self._now(case)
            answer = self._cases.decider_of(transaction, case.rules).decide(case, put.command, now)
        Entry.of(case, put.command, now, answer)  # what would not fit an entry is no answer
        return answer

    def fact(self, name: str, facts: Mapping[str, object]) -> Event:
        """A fact by name from plain data. Raises UnknownCommand, BadCommand."""
        kind = self._cases.catalogue.events.get(name)
        if kind is None or kind is CaseOpened:
            known = sorted(set(self._cases.catalogue.events) - {CaseOpened.kind})
            workflows = sorted(self._cases.catalogue.workflows)
            raise UnknownCommand(workflow=workflows, name=name, expected=get_close_matches(name, known) or known)
        return kind.read(facts)

    def forget(self, subject: str) -> int:
        """Erase the personal values of a subject (a person's id, or a case id); how many there were.

        The journal stays as it is: its commitments can no longer be opened, and every verdict is unchanged.
        """
        with self._store.write() as transaction:
            erased = transaction.forget(self.id, identifier("subject", subject))
        _log.info("forgotten", shop=self.id, values=erased)
        return erased

    # --- questions -----------------------------------------------------------------------------------------------

    def case(self, case_id: str) -> Case:
        """A case with its history. Raises CaseNotFound."""
        with self._store.read() as transaction:
            case = self._load(transaction, case_id)
        self._cases.remember([case])
        return case

    def entries(self, case_id: str) -> tuple[Entry, ...]:
        """Every answer a case has had, refusals too. Raises CaseNotFound."""
        with self._store.read() as transaction:
            bodies = transaction.entries(self.id, identifier("case", case_id))
        if not bodies:
            raise CaseNotFound(shop=self.id, case=case_id)
        return tuple(Entry.read(body, self._cases.catalogue.events) for body, _ in bodies)

    def options(self, case_id: str, *, by: Actor) -> tuple[Option, ...]:
        """The commands open now, with their forms and clauses. Raises CaseNotFound."""
        with self._store.read() as transaction:
            case = self._load(transaction, case_id)
            decider = self._cases.decider_of(transaction, case.rules)
        return tuple(self._option(decider, name, case.state, by) for name in decider.open_commands(case.state))

    def find(self, *, state: str | None = None, after: str | None = None, limit: int = 50) -> Page:
        """Case rows by case id, all or of one state, a page at a time. Raises BadCommand for a bad limit."""
        if not 1 <= limit <= _LARGEST_PAGE:
            raise BadCommand(where="limit", expected=f"1 to {_LARGEST_PAGE}")
        with self._store.read() as transaction:
            rows = transaction.cases(self.id, state, after or "", limit + 1)
        return Page(tuple(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None)

    # --- one attempt ---------------------------------------------------------------------------------------------

    def _open_once(self, case_id: str, decider: Decider, command: Command) -> Accepted:
        now = self._world.clock()
        with self._store.write() as transaction:
            row, answered = transaction.lock(self.id, case_id, command.id)
            if answered:
                return cast("Accepted", self._recorded(transaction, case_id, command))  # no opening is refused
            if row is not None:
                raise CaseExists(shop=self.id, case=case_id)
            transaction.keep_rules(decider.rules.digest, decider.rules.body)
            case = decider.open(self.id, case_id)
            answer = decider.decide(case, command, now)
            entry = Entry.of(case, command, now, answer)
            transaction.append(entry, None)
        self._cases.remember([decider.evolve(case, entry)])
        _tell(entry)
        return cast("Accepted", answer)

    def _apply_once(self, case_id: str, commands: Sequence[Command], expected: int | None) -> tuple[Answer, ...]:
        answers: list[Answer] = []
        entries: list[Entry] = []
        with self._store.write() as transaction:
            row, answered = transaction.lock(self.id, identifier("case", case_id), commands[0].id)
            if answered or any(transaction.answered(self.id, command.id) for command in commands[1:]):
                return tuple(self._recorded(transaction, case_id, command) for command in commands)
            if row is None:
                raise CaseNotFound(shop=self.id, case=case_id)
            if expected is not None and expected != row.version:
                raise StaleVersion(case=case_id, expected=expected, actual=row.version)
            case = self._cases.load(transaction, row)
            decider = self._cases.decider_of(transaction, row.rules)
            for command in commands:
                answer, entry = self._put(transaction, decider, case, command)
                answers.append(answer)
                entries.append(entry)
                if isinstance(answer, Refused) and len(commands) > 1:
                    entries.clear()
                    raise Abandoned
                case = decider.evolve(case, entry)
        if entries:
            self._cases.remember([case])
        for entry in entries:
            _tell(entry)
        return tuple(answers)

    def _put(self, transaction: Transaction, decider: Decider, case: Case, command: Command) -> tuple[Answer, Entry]:
        """Decide one command on a case, and append the answer."""
        put, now = seal(command, case.id, self._world.new_salt), self._now(case)
        answer = decider.decide(case, put.command, now)
        entry = Entry.of(case, put.command, now, answer)
        transaction.append(entry, case.head)
        for path, salt, value in put.values:
            transaction.keep_personal(entry, path, put.subject, salt, value)
        return answer, entry

    def _retried(self, case_id: str, attempt: Callable[[], T]) -> T:
        """Try again when another writer moved the case in between; bounded."""
        for _ in range(_ATTEMPTS):
            try:
                return attempt()
            except LostRace:
                continue
        raise Contended(case=case_id, attempts=_ATTEMPTS)

    # --- parts ---------------------------------------------------------------------------------------------------

    def _now(self, case: Case) -> datetime:
        """The time of recording: never earlier than the entry before."""
        now = self._world.clock()
        return now if case.recorded_at is None or now > case.recorded_at else case.recorded_at

    def _load(self, transaction: Transaction, case_id: str) -> Case:
        row = transaction.case(self.id, identifier("case", case_id))
        if row is None:
            raise CaseNotFound(shop=self.id, case=case_id)
        return self._cases.load(transaction, row)

    def _option(self, decider: Decider, name: str, state: str, by: Actor) -> Option:
        roles = decider.roles(name, state)
        return Option(
            name=name,
            label=self._cases.catalogue.words[name],
            dest=decider.dest(name, state),
            allowed=by.role in roles,
            roles=roles,
            schema=self._cases.catalogue.events[name].form(),
            clauses=tuple((rule.id, binding) for rule, binding in decider.clauses(name)),
        )

    def _recorded(self, transaction: Transaction, case_id: str, command: Command) -> Answer:
        """The recorded answer to a command id, in the words of today. Raises CommandConflict for another command."""
        body = transaction.answered(self.id, command.id)
        entry = None if body is None else Entry.read(body, self._cases.catalogue.events)
        if entry is None or entry.case != case_id:
            raise CommandConflict(case=entry.case if entry else case_id, command=command.id)
        if not is_same(entry.command, command, transaction.personal(self.id, case_id, entry.seq)):
            raise CommandConflict(case=case_id, command=command.id)
        return recorded_answer(entry, self._cases.catalogue)


def _tell(entry: Entry) -> None:
    """One log line for each answer: ids and codes, never a fact."""
    _log.info(
        "accepted" if entry.accepted else "refused",
        shop=entry.shop,
        case=entry.case,
        seq=entry.seq,
        command=entry.command.id,
        name=entry.command.name,
        state=entry.state,
        clauses=[clause for clause, _ in entry.refusals],
    )
