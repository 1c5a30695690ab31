"""Reveal: personal values given out in clear, each time against an entry in the shop's ledger.

Must live here: what is given, and that nothing is without its entry. Must not be known here: who shows it to whom,
SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from engine.canonical import canonical, digest
from engine.command import Actor, Command, Refused
from engine.decider import Decider, recorded_answer
from engine.desk import Desk, Sitting
from engine.errors import BadCommand, CaseExists, CommandConflict, NotRevealed, Restricted
from engine.events.ledger import PersonalRevealed
from engine.journal import Entry
from engine.sealing import LATE_REASON
from engine.states.ledger import LEDGER
from engine.store import HostConnection
from engine.text import Text

_RESTRICTED = Text(
    "信息主体已要求删除，保存期内只存不用（PIPL 第四十七条）：{paths}",
    "its subject asked for erasure; until the term ends it is only stored (PIPL Art. 47): {paths}",
)

Values = Mapping[str, str]
"""Values in clear, by the field that holds their commitment."""


def wanted(case_id: str, seq: int, paths: Sequence[str], to: str, purpose: str) -> PersonalRevealed:
    """The fact that giving all of it would be. Raises BadCommand."""
    if not paths:
        raise BadCommand(where="paths", expected="at least one")
    fields = {"case": case_id, "seq": seq, "paths": tuple(dict.fromkeys(paths)), "to": to, "purpose": purpose}
    return PersonalRevealed.read(fields)


def reveal_id(adapter: str, seal: str, fact: PersonalRevealed) -> str:
    """The command id under which an adapter reveals: the same for every delivery of an entry for one use."""
    return f"reveal:{digest(canonical([adapter, seal, *fact.paths, fact.to, fact.purpose]))}"


def reveal(desk: Desk, decider: Decider, opening: Command, command: Command, connection: HostConnection) -> Values:
    """Give what a command asks for and was not erased, and record it in the ledger; opened where there is none.

    Raises what `Shop.reveal` raises.
    """
    given = desk.sit(
        LEDGER, lambda sitting: _Reveal(sitting, decider, opening, command).values(), connection, id=command.id
    )
    if isinstance(given, Refused):  # recorded by now
        reasons = [refusal.text for refusal in given.refusals]
        raise NotRevealed(reason=Text("；".join(one.zh for one in reasons), "; ".join(one.en for one in reasons)))
    return given


@dataclass(frozen=True, slots=True)
class _Reveal:
    """One reveal, inside one transaction."""

    sitting: Sitting
    decider: Decider
    opening: Command
    command: Command

    @property
    def asked(self) -> PersonalRevealed:
        return cast("PersonalRevealed", self.command.facts)

    @property
    def actor(self) -> Actor:
        return self.command.actor

    def values(self) -> Values | Refused:
        """The values, with their entry written; or the refusal that was. The ledger is locked before they are read."""
        head, answered = self.sitting.transaction.lock(self.sitting.desk.shop, LEDGER, self.command.id)
        values = self._kept()
        if not values:
            return values
        if answered:
            return self._again(values)
        if head is None:
            with suppress(CaseExists):  # by another writer, just now
                self.sitting.open(LEDGER, self.decider, self.opening)
        fact = self.asked.model_copy(update={"paths": tuple(values)})
        answer = self.sitting.apply(LEDGER, Command(self.command.id, self.actor, fact), None)
        return answer if isinstance(answer, Refused) else values

    def _kept(self) -> Values:
        """What was asked for and not erased. Raises CaseNotFound, BadCommand, Restricted."""
        desk, transaction, asked = self.sitting.desk, self.sitting.transaction, self.asked
        head = desk.head(transaction, asked.case)
        if not 1 <= asked.seq <= head.seq:
            raise BadCommand(where="seq", expected=f"1 to {head.seq}")
        (body,) = transaction.entries(desk.shop, asked.case, after=asked.seq - 1, until=asked.seq)
        personal = {*Entry.read(body, desk.cases.catalogue.events).command.facts.personal, LATE_REASON}
        if not personal.issuperset(asked.paths):
            expected = Text("该记录的个人信息字段：{paths}", "personal fields of that entry: {paths}")
            raise BadCommand(where="paths", expected=expected.render({"paths": sorted(personal)}))
        free = transaction.personal(desk.shop, asked.case, asked.seq)
        kept = transaction.kept(desk.shop, asked.case, asked.seq)
        restricted = [path for path in asked.paths if path in kept and path not in free]
        if restricted:
            raise Restricted(reason=_RESTRICTED.render({"paths": restricted}))
        return {path: free[path][1] for path in asked.paths if path in free}

    def _again(self, values: Values) -> Values | Refused:
        """The same command once more: no second entry, and nothing that the first did not name."""
        desk = self.sitting.desk
        body = cast("bytes", self.sitting.transaction.answered(desk.shop, self.command.id))
        entry = Entry.read(body, desk.cases.catalogue.events)
        was = entry.command.facts
        same = (
            entry.command.actor == self.actor
            and isinstance(was, PersonalRevealed)
            and was.model_copy(update={"paths": self.asked.paths}) == self.asked
            and {*values} <= {*was.paths} <= {*self.asked.paths}
        )
        if not same:
            raise CommandConflict(case=entry.case, command=self.command.id)
        answer = recorded_answer(entry, desk.cases.catalogue)
        return answer if isinstance(answer, Refused) else values
