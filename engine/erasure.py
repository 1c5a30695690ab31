"""Erasure: personal values restricted when somebody asks, erased when their terms have ended, kept while held.

Must live here: what is done in which order, and that none of it is without its entry in the shop's ledger. Must not be
known here: SQL, who looks after the terms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar, cast

from engine.canonical import instant, moment
from engine.command import Actor, Command, Refused, identifier
from engine.decider import Decider, recorded_answer
from engine.desk import Desk, Sitting
from engine.errors import CaseExists, CommandConflict, LedgerRefused
from engine.events.event import Event
from engine.events.ledger import SubjectErased, SubjectRestricted
from engine.events.personal import Personal, RecordClass
from engine.journal import Entry
from engine.ports import Clock
from engine.retention import Retention, fields_by_class
from engine.roles import Role
from engine.sealing import is_same
from engine.states.ledger import LEDGER
from engine.store import Erasures, HostConnection, Kind, LostRace, Standing, Store
from engine.text import Text

SWEEP = Actor("retention", Role.SYSTEM)
"""Who erases what is due."""

T = TypeVar("T")


class Forgotten(NamedTuple):
    """What a request did: values erased by it, and those of its subject that are only stored.

    `until` is when the last of their terms ends: None when there are none, or a case is still open. `held`: a legal
    hold keeps some.
    """

    erased: int
    restricted: int
    until: datetime | None
    held: bool


class Swept(NamedTuple):
    """What a sweep did: values erased, in how many requests; how many restricted values are on hold."""

    erased: int
    requests: int
    held: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of a shop, for one command: whose it is, and what opens it where there is none."""

    desk: Desk
    decider: Decider
    opening: Command
    by: Actor
    id: str

    def forget(self, subject: str, reason: str, retention: Retention, connection: HostConnection) -> Forgotten:
        """Restrict a subject's values, and erase those whose terms have ended. Raises what `Shop.forget` raises."""
        whose, because = identifier("subject", subject), identifier("reason", reason)
        return self.sit(lambda sitting: _Forgetting(self, sitting, whose, because, retention).done(), connection)

    def sit(self, work: Callable[[Sitting], T | Refused], connection: HostConnection) -> T:
        """Work on the ledger in one transaction. Raises LedgerRefused for a refusal, which is recorded by then."""
        return _told(self.desk.sit(LEDGER, work, connection, id=self.id))

    def opened(self, sitting: Sitting) -> None:
        """Open the ledger. Raises LostRace when another writer did just now."""
        try:
            sitting.open(LEDGER, self.decider, self.opening)
        except CaseExists:
            raise LostRace from None


@dataclass(frozen=True, slots=True)
class _Forgetting:
    """One request for erasure, inside one transaction."""

    ledger: Ledger
    sitting: Sitting
    subject: str
    reason: str
    retention: Retention

    @property
    def shop(self) -> str:
        return self.ledger.desk.shop

    @property
    def erasures(self) -> Erasures:
        return Erasures(self.sitting.transaction)

    def done(self) -> Forgotten | Refused:
        """Restrict first, whatever the terms; then erase what is due. Nothing is recorded where there is nothing."""
        head, answered = self.sitting.transaction.lock(self.shop, LEDGER, self.ledger.id)
        if answered:
            return self._again()
        request = (head.seq if head else 1) + 1
        fields = fields_by_class(self.ledger.desk.cases.catalogue.events.values())
        self.erasures.restrict(self.shop, self.subject, request, fields, RecordClass.RECORD)
        standing = [one for one in self._standing() if one.request == request]
        if not standing:
            return self._told(0)
        if head is None:
            self.ledger.opened(self.sitting)
        answer = self.sitting.apply(LEDGER, Command(self.ledger.id, self.ledger.by, self._fact(standing)), None)
        if isinstance(answer, Refused):
            self.erasures.free(self.shop, request)
            self.erasures.drop(self.shop, request)
            return answer
        because = SubjectErased(request=request, values=0, asked_by=self.ledger.by.id, reason=self.reason)
        return self._told(_erase(self.sitting, because, self.ledger.by, self.retention))

    def _again(self) -> Forgotten | Refused:
        """The same request once more: how it stands now."""
        desk, transaction = self.ledger.desk, self.sitting.transaction
        entry = Entry.read(cast("bytes", transaction.answered(self.shop, self.ledger.id)), desk.cases.catalogue.events)
        was, actor = entry.command.facts, self.ledger.by
        asked: Event = was
        if isinstance(was, SubjectRestricted):
            asked = was.model_copy(update={"whose": Personal.clear(self.subject), "reason": self.reason})
        kept = transaction.kept(self.shop, LEDGER, entry.seq)
        if asked is was or not is_same(entry.command, Command(entry.command.id, actor, asked), kept):
            raise CommandConflict(case=entry.case, command=entry.command.id)
        answer = recorded_answer(entry, desk.cases.catalogue)
        if isinstance(answer, Refused):
            return answer
        return self._told(cast("SubjectRestricted", was).values - self.erasures.left(self.shop, entry.seq))

    def _standing(self) -> list[Standing]:
        return self.erasures.standing(self.shop, self.subject)

    def _fact(self, standing: Sequence[Standing]) -> SubjectRestricted:
        held = any(one.held for one in standing)
        return SubjectRestricted(
            whose=Personal.clear(self.subject),
            values=len(standing),
            until=self._until(standing),
            held=held,
            reason=self.reason,
        )

    def _told(self, erased: int) -> Forgotten:
        left = self._standing()
        held = any(one.held for one in left)
        return Forgotten(erased, len(left), self._until(left), held)

    def _until(self, standing: Sequence[Standing]) -> datetime | None:
        if any(one.case.is_open for one in standing):
            return None
        ends = (moment(one.case.at) + self.retention.term(*one.kind) for one in standing)
        return max(ends, default=None)


# --- erasure at the end of a term ----------------------------------------------------------------------------------


def sweep(desk_of: Callable[[str], Desk], store: Store, clock: Clock, retention: Retention) -> Swept:
    """Erase what is due in every shop, request by request, each in a transaction of its own."""
    with store.read() as transaction:
        erasures = Erasures(transaction)
        ended_by = _ended_by(erasures, clock(), retention)
        due = {request for kind, at in ended_by.items() for request in erasures.due(kind, at)}
    erased = [_swept(desk_of(shop), request, retention) for shop, request in sorted(due)]
    with store.read() as transaction:
        held = Erasures(transaction).held()
    return Swept(sum(erased), sum(1 for values in erased if values), held)


def _swept(desk: Desk, request: int, retention: Retention) -> int:
    id = desk.world.new_id()

    def work(sitting: Sitting) -> int:
        transaction = sitting.transaction
        transaction.lock(desk.shop, LEDGER, id)
        (body,) = transaction.entries(desk.shop, LEDGER, after=request - 1, until=request)
        asked = Entry.read(body, desk.cases.catalogue.events).command
        reason = cast("SubjectRestricted", asked.facts).reason
        because = SubjectErased(request=request, values=0, asked_by=asked.actor.id, reason=reason)
        return _erase(sitting, because, SWEEP, retention, id)

    return desk.sit(LEDGER, work, id=id)


def _erase(sitting: Sitting, because: SubjectErased, by: Actor, retention: Retention, id: str | None = None) -> int:
    """Erase what is due of a request, and record it; how many values. What the ledger refuses is rolled back."""
    desk, erasures = sitting.desk, Erasures(sitting.transaction)
    values = erasures.erase(desk.shop, because.request, _ended_by(erasures, desk.world.clock(), retention))
    if not values:
        return 0
    if not erasures.left(desk.shop, because.request):
        erasures.drop(desk.shop, because.request)
    fact = because.model_copy(update={"values": values})
    _told(sitting.apply(LEDGER, Command(id or desk.world.new_id(), by, fact), None))
    return values


def _ended_by(erasures: Erasures, now: datetime, retention: Retention) -> Mapping[Kind, str]:
    """By kind, when a case must have ended for its values to be due."""
    return {kind: instant(now - retention.term(*kind)) for kind in erasures.kinds()}


def _told(answer: T | Refused) -> T:
    if isinstance(answer, Refused):
        reasons = [refusal.text for refusal in answer.refusals]
        raise LedgerRefused(reason=Text("；".join(one.zh for one in reasons), "; ".join(one.en for one in reasons)))
    return answer
