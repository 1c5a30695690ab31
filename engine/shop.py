"""Shop: what a dealer management system calls — open, apply, batch, explain, options, find, reveal, forget, hold.

Every method takes the host's `connection`: a SQLAlchemy Connection or Session, a Django connection, or the driver's
own. Then nothing is committed here, and a rollback of the host takes everything with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from engine.batch import Batch
from engine.canonical import instant
from engine.case import Case, CaseRow
from engine.command import Accepted, Actor, Answer, Command, Late, identifier
from engine.decider import Decider
from engine.desk import Desk
from engine.erasure import Forgotten, Ledger
from engine.errors import BadCommand, UnknownCommand
from engine.events.common import CaseOpened
from engine.events.event import Event
from engine.guards.clause import Binding
from engine.holds import Placed, lift, place
from engine.journal import Entry
from engine.retention import Retention
from engine.reveal import reveal, wanted
from engine.sealing import seal
from engine.states.ledger import LEDGER
from engine.store import Filters, HostConnection
from engine.text import Text

_LARGEST_PAGE = 100
_LEDGER = Text(
    "ledger 专用于门店台账，且台账只用此编号", "the id `ledger` for the ledger of the shop, and for nothing else"
)


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

    _desk: Desk
    profile: str
    _retention: Retention = Retention()

    @property
    def id(self) -> str:
        """The shop's id."""
        return self._desk.shop

    # --- commands ------------------------------------------------------------------------------------------------

    def open(
        self,
        case_id: str,
        *,
        by: Actor,
        workflow: str = "repair_order",
        id: str | None = None,
        connection: HostConnection = None,
    ) -> Accepted:
        """Open a case and pin it to the rules in force. The same `id` again answers as before.

        Raises CaseExists, UnknownProfile, CommandConflict, BadCommand, BadConnection, StoreUnavailable.
        """
        decider, command = self._opening(case_id, by, workflow, id)
        return self._desk.sit(
            case_id, lambda sitting: sitting.open(case_id, decider, command), connection, id=command.id
        )

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
        connection: HostConnection = None,
    ) -> Answer:
        """Put a fact to a case. Accepted or Refused, either way recorded; and committed, unless a connection is given.

        `id` is the idempotency key: the same command again gets the recorded answer. `expected` is the version the
        caller decided on. Raises CaseNotFound, StaleVersion, CommandConflict, UnknownCommand, BadCommand, Contended,
        BadConnection, StoreUnavailable; nothing is recorded then.
        """
        command = Command(id or self._desk.world.new_id(), by, facts, occurred_at, late)
        return self._desk.sit(
            case_id, lambda sitting: sitting.apply(case_id, command, expected), connection, id=command.id, once=True
        )

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
        connection: HostConnection = None,
    ) -> tuple[Answer, ...]:
        """Put several facts in one transaction, all or none.

        When one is refused nothing is recorded, and the answers end with the refusal. The facts' command ids are
        `id.1`, `id.2`, … Raises what `apply` raises.
        """
        if not facts:
            raise BadCommand(where="facts", expected="at least one")
        stem = id or self._desk.world.new_id()
        commands = [Command(f"{stem}.{n}", by, fact, occurred_at, late) for n, fact in enumerate(facts, 1)]
        return self._desk.sit(
            case_id, lambda sitting: sitting.apply_all(case_id, commands, expected), connection, id=stem
        )

    def batch(self) -> Batch:
        """An empty batch: commands of many cases, put in one transaction, with an answer for each."""
        return Batch(self._desk, self._opening)

    def explain(
        self,
        case_id: str,
        facts: Event,
        *,
        by: Actor,
        occurred_at: datetime | None = None,
        late: Late | None = None,
        connection: HostConnection = None,
    ) -> Answer:
        """Exactly what `apply` would answer now, or raise; nothing is written.

        Raises CaseNotFound, UnknownCommand, BadCommand.
        """
        put = seal(Command("explain", by, facts, occurred_at, late), case_id, self._desk.world.new_salt)
        case, decider = self._loaded(case_id, connection)
        now = self._desk.now(case)
        answer = decider.decide(case, put.command, now)
        Entry.of(case, put.command, now, answer)  # what would not fit an entry is no answer
        return answer

    def fact(self, name: str, facts: Mapping[str, object]) -> Event:
        """A fact by name from plain data. Raises UnknownCommand, BadCommand."""
        catalogue = self._desk.cases.catalogue
        kind = catalogue.events.get(name)
        if kind is None or kind is CaseOpened:
            known = sorted(set(catalogue.events) - {CaseOpened.kind})
            workflows = sorted(catalogue.workflows)
            raise UnknownCommand(workflow=workflows, name=name, expected=get_close_matches(name, known) or known)
        return kind.read(facts)

    def forget(
        self, subject: str, *, by: Actor, reason: str, id: str | None = None, connection: HostConnection = None
    ) -> Forgotten:
        """Restrict the personal values of a subject (a person's id, or a case id), and erase those that may go.

        A value may go when its case has ended, its term is over and no legal hold keeps it; what may not is only
        stored until a sweep (`Engine.erase_due`) finds that it may. The ledger records both, and names nobody; the
        rest of the journal stays as it is, and so does every verdict. `reason` is a code; the actor is who asked.
        The same `id` again tells how it stands. Raises BadCommand, CommandConflict, LedgerRefused, Contended,
        BadConnection, StoreUnavailable.
        """
        return self._ledger(by, id).forget(subject, reason, self._retention, connection)

    def place_hold(
        self,
        subject: str | None = None,
        *,
        case: str | None = None,
        by: Actor,
        reason: str,
        id: str | None = None,
        connection: HostConnection = None,
    ) -> Placed:
        """Let nothing of a subject, or of a case, be erased until the hold is lifted; its number.

        Raises BadCommand, CaseNotFound, CommandConflict, LedgerRefused, Contended, BadConnection, StoreUnavailable.
        """
        return place(self._ledger(by, id), subject, case, reason, connection)

    def lift_hold(
        self, number: int, *, by: Actor, reason: str, id: str | None = None, connection: HostConnection = None
    ) -> None:
        """End a legal hold. What was restricted meanwhile is erased by the next sweep.

        Raises BadCommand where there is none of this number, and what `place_hold` raises.
        """
        lift(self._ledger(by, id), number, reason, connection)

    def reveal(
        self,
        case_id: str,
        seq: int,
        paths: Sequence[str],
        *,
        by: Actor,
        to: str,
        purpose: str,
        id: str | None = None,
        connection: HostConnection = None,
    ) -> Mapping[str, str]:
        """Personal values of an entry in clear, by field; the shop's ledger records which, to whom and what for.

        What was erased, or never given, is left out; where nothing is left nothing is recorded. What is restricted is
        refused (Restricted). `to` is a role or an
        opaque id, `purpose` a code. The same `id` again gives what is still there, without a second record. Raises
        CaseNotFound, BadCommand, CommandConflict, NotRevealed, Contended, BadConnection, StoreUnavailable.
        """
        fact = wanted(case_id, seq, paths, to, purpose)
        command = Command(id or self._desk.world.new_id(), by, fact)
        return reveal(self._desk, *self._opening(LEDGER, by, LEDGER, None), command, connection)

    # --- questions -----------------------------------------------------------------------------------------------

    def case(self, case_id: str, *, connection: HostConnection = None) -> Case:
        """A case with its history. Raises CaseNotFound."""
        with self._desk.store.read(connection) as transaction:
            return self._desk.cases.load(transaction, self._desk.head(transaction, case_id))

    def entries(self, case_id: str, *, connection: HostConnection = None) -> tuple[Entry, ...]:
        """Every answer a case has had, refusals too. Raises CaseNotFound."""
        with self._desk.store.read(connection) as transaction:
            head = self._desk.head(transaction, case_id)
            bodies = transaction.entries(self.id, case_id, until=head.seq)
        return tuple(Entry.read(body, self._desk.cases.catalogue.events) for body in bodies)

    def options(self, case_id: str, *, by: Actor, connection: HostConnection = None) -> tuple[Option, ...]:
        """The commands open now, with their forms and clauses. Raises CaseNotFound."""
        case, decider = self._loaded(case_id, connection)
        return tuple(self._option(decider, name, case.state, by) for name in decider.open_commands(case.state))

    def find(
        self,
        *,
        workflow: str | None = None,
        state: str | None = None,
        role: str | None = None,
        advisor: str | None = None,
        open: bool | None = None,
        promised_before: datetime | None = None,
        late: bool = False,
        after: str | None = None,
        limit: int = 50,
        connection: HostConnection = None,
    ) -> Page:
        """Case rows by case id, a page at a time: those that pass every filter given.

        `role`: the next step forward is this role's. `advisor`: who last moved it. `open`: whether its state is no
        end. `promised_before`: a time promised to the customer is outstanding and lies before this one; `late`: it
        lies before now. A case that passes the filters from the first page to the last is on exactly one page,
        whatever is written in between. Raises BadCommand for a bad limit or time.
        """
        if not 1 <= limit <= _LARGEST_PAGE:
            raise BadCommand(where="limit", expected=f"1 to {_LARGEST_PAGE}")
        filters = Filters(
            workflow=workflow,
            state=state,
            advisor=advisor,
            is_open=open,
            promised_before=self._earlier(promised_before, late=late),
            waiting=None if role is None else self._waiting_for(role),
        )
        with self._desk.store.read(connection) as transaction:
            rows = transaction.cases(self.id, filters, after or "", limit + 1)
        return Page(tuple(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None)

    # --- parts ---------------------------------------------------------------------------------------------------

    def _ledger(self, by: Actor, id: str | None) -> Ledger:
        return Ledger(self._desk, *self._opening(LEDGER, by, LEDGER, None), by, id or self._desk.world.new_id())

    def _opening(self, case_id: str, by: Actor, workflow: str, id: str | None) -> tuple[Decider, Command]:
        """The rules in force for a new case, and the command that pins it to them."""
        identifier("case", case_id)
        if (case_id == LEDGER) != (workflow == LEDGER):
            raise BadCommand(where="case", expected=_LEDGER)
        decider = self._desk.cases.decider_in_force(self.profile, workflow)
        facts = CaseOpened(profile=decider.rules.profile, version=decider.rules.version)
        return decider, Command(id or self._desk.world.new_id(), by, facts)

    def _loaded(self, case_id: str, connection: HostConnection) -> tuple[Case, Decider]:
        with self._desk.store.read(connection) as transaction:
            case = self._desk.cases.load(transaction, self._desk.head(transaction, case_id))
            return case, self._desk.cases.decider_of(transaction, case.rules)

    def _earlier(self, time: datetime | None, *, late: bool) -> str | None:
        """A time and, for what is late, now; of both the earlier."""
        if time is not None and time.tzinfo is None:
            raise BadCommand(where="promised_before", expected="a time with its zone")
        times = (time, self._desk.world.clock() if late else None)
        return min((instant(one) for one in times if one is not None), default=None)

    def _waiting_for(self, role: str) -> dict[str, tuple[str, ...]]:
        """By workflow, the states whose next step is a role's."""
        workflows = self._desk.cases.catalogue.workflows.values()
        return {each.name: tuple(sorted(each.waiting_for(role))) for each in workflows}

    def _option(self, decider: Decider, name: str, state: str, by: Actor) -> Option:
        roles = decider.roles(name, state)
        return Option(
            name=name,
            label=self._desk.cases.catalogue.words[name],
            dest=decider.dest(name, state),
            allowed=by.role in roles,
            roles=roles,
            schema=self._desk.cases.catalogue.events[name].form(),
            clauses=tuple((rule.id, binding) for rule, binding in decider.clauses(name)),
        )
