"""Export: a bundle leaves the house, against an entry in the log's own ledger that the bundle itself holds.

Must live here: the order in which it is written down, signed and read. Must not be known here: the form of a bundle,
SQL, files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.bundle import Bundle, Member, Origin
from engine.checkpoints import check_signers
from engine.command import Actor, Command, Refused
from engine.desk import Desk
from engine.errors import BadCommand, Contended, NoCheckpoint, NotExported
from engine.events.ledger import JournalExported
from engine.selection import Asked, Opening, Scope, asked_for, selected
from engine.states.ledger import LEDGER
from engine.store import Extract, Log, Store, Transaction
from engine.text import Text

_ATTEMPTS = 20
_NO_POLICY = b"quorum none\n"
_NOT_LATER = Text("不大于账本（{size} 条）的检查点", "a checkpoint no larger than the log, which has {size} entries")


@dataclass(frozen=True, slots=True)
class Export:
    """One export: of what, with which personal values in clear, for an auditor who has checkpoints of these sizes.

    `desk` is that of the log's own ledger; `make` makes a checkpoint.
    """

    desk: Desk
    make: Callable[[], object]
    scope: Scope
    asked: Asked
    origin: Origin
    known: Sequence[int] = ()

    def members(self, by: Actor, to: str, purpose: str) -> Iterator[Member]:
        """The members of the bundle. Nothing is done before the first one is asked for. Raises BadCommand."""
        fact = {"to": to, "purpose": purpose, "openings": 0, **self.scope.document()}
        return self._members(by, JournalExported.read({name: one for name, one in fact.items() if one is not None}))

    def _members(self, by: Actor, fact: JournalExported) -> Iterator[Member]:
        """Write the export down, then read."""
        self.make()
        with self.desk.store.snapshot() as transaction:
            openings = self._openings(transaction)
        self._record(by, fact.model_copy(update={"openings": len(openings)}))
        yield from self._read(openings)

    def _openings(self, transaction: Transaction) -> list[Opening]:
        """The values that will go along, unless they are restricted or erased before."""
        extract, size = Extract(transaction), Log(transaction).size()
        if any(not 0 < one <= size for one in self.known):
            raise BadCommand(where="known", expected=_NOT_LATER.render({"size": size}))
        if not self.asked:
            return []
        places = selected(extract, self.scope, size, ()) if self.scope.has_time else range(size)
        return asked_for(extract, self.scope, self.asked, places)

    def _record(self, by: Actor, fact: JournalExported) -> None:
        command = Command(self.desk.world.new_id(), by, fact)
        answer = self.desk.sit(LEDGER, lambda sitting: sitting.apply(LEDGER, command, None), id=command.id, once=True)
        if isinstance(answer, Refused):
            reasons = [refusal.text for refusal in answer.refusals]
            raise NotExported(reason=Text("；".join(one.zh for one in reasons), "; ".join(one.en for one in reasons)))

    def _read(self, openings: Sequence[Opening]) -> Iterator[Member]:
        """From one picture whose last checkpoint, which covers the entry of this export, is signed."""
        for _ in range(_ATTEMPTS):
            self.make()
            with self.desk.store.snapshot() as transaction:
                log = Log(transaction)
                if log.last() != log.last_signed():  # another process has begun the next one meanwhile
                    continue
                check_signers(log.keys(), self.origin.signers)
                yield from Bundle(transaction, self.scope, self.origin, openings, self.known).members()
                return
        raise Contended(case=LEDGER, attempts=_ATTEMPTS)


def as_signed(store: Store, made_at: datetime) -> Iterator[Member]:
    """The members of the bundle of everything at the last checkpoint: nothing is recorded, nobody signs the manifest.

    Raises NoCheckpoint where the last one is not signed, or there is none.
    """
    with store.snapshot() as transaction:
        log = Log(transaction)
        signed = log.last_signed()
        if signed is None or signed != log.last() or not log.keys():
            raise NoCheckpoint
        yield from Bundle(transaction, Scope(), Origin((), made_at, "gongdan", {"policy": _NO_POLICY})).members()
