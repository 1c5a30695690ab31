"""Cases: a case as the store holds it, folded by the rules it is pinned to, kept in a bounded cache under its head."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace

from engine.case import Case, Head
from engine.decider import Decider
from engine.errors import BadJournal, UnknownCommand
from engine.journal import Entry
from engine.rules import Catalogue, Rules
from engine.store import Transaction

_KEPT = 1_000


class Cases:
    """Deciders by digest and folded cases by head. Safe to share between threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        """An empty cache over a catalogue."""
        self.catalogue = catalogue
        self._lock = threading.Lock()
        self._pinned: dict[str, Decider] = {}
        self._in_force: dict[tuple[str, str], Decider] = {}
        self._folded: OrderedDict[tuple[str, str], Case] = OrderedDict()

    def decider_in_force(self, profile: str, workflow: str) -> Decider:
        """The decider of a profile's rules as they are now. Raises UnknownProfile, UnknownCommand, BadProfile."""
        key = (profile, workflow)
        if key not in self._in_force:
            if workflow not in self.catalogue.workflows:
                raise UnknownCommand(workflow=workflow, name="open", expected=sorted(self.catalogue.workflows))
            self._in_force[key] = Decider(self.catalogue.rules(profile, workflow), self.catalogue)
        return self._in_force[key]

    def decider_of(self, transaction: Transaction, digest: str) -> Decider:
        """The decider of the rules that a case is pinned to, from their stored body. Raises RulesUnknown."""
        if digest not in self._pinned:
            self._pinned[digest] = Decider(Rules.stored(digest, transaction.rules(digest)), self.catalogue)
        return self._pinned[digest]

    def load(self, transaction: Transaction, at: Head) -> Case:
        """The case at a head: from the cache if that is where it is, else by folding the entries that are new."""
        with self._lock:
            case = self._folded.get((at.shop, at.id))
        if case is not None and case.head == at.head:
            return case
        case = self._caught_up(transaction, at, case) or self._taken_up(transaction, at)
        self.remember(case)
        return case

    def _taken_up(self, transaction: Transaction, at: Head) -> Case:
        """The case at a head from its entries; of one that remembers nothing the first and the last tell all."""
        if at.seq == 1 or self.decider_of(transaction, at.rules).workflow.remembers:
            return self.folded_anew(transaction, at.shop, at.id, at.seq)
        first = self.folded_anew(transaction, at.shop, at.id, 1)
        (last,) = self._entries(transaction, at.shop, at.id, at.seq - 1, at.seq)
        return replace(first, seq=at.seq, version=at.version, head=at.head, recorded_at=last.recorded_at)

    def folded_anew(self, transaction: Transaction, shop: str, case_id: str, until: int) -> Case:
        """A case from its entries alone, by the rules that the first one names. Raises RulesUnknown, BadJournal."""
        entries = self._entries(transaction, shop, case_id, 0, until)
        if not entries:
            raise BadJournal(line=1, expected="entry")
        decider = self.decider_of(transaction, entries[0].rules)
        return decider.fold(decider.open(shop, case_id), entries)

    def _caught_up(self, transaction: Transaction, at: Head, case: Case | None) -> Case | None:
        """The cached case with what came after it; None when it does not lead there: a host rolled it back."""
        if case is None or case.seq >= at.seq:
            return None
        entries = self._entries(transaction, at.shop, at.id, case.seq, at.seq)
        leads_there = bool(entries) and entries[0].prev == case.head
        return self.decider_of(transaction, at.rules).fold(case, entries) if leads_there else None

    def _entries(self, transaction: Transaction, shop: str, case_id: str, after: int, until: int) -> list[Entry]:
        bodies = transaction.entries(shop, case_id, after=after, until=until)
        return [Entry.read(body, self.catalogue.events) for body in bodies]

    def remember(self, case: Case) -> None:
        """Keep a folded case; the least recently used go first. Each is asked for by its head, so none can mislead."""
        with self._lock:
            self._folded[case.shop, case.id] = case
            self._folded.move_to_end((case.shop, case.id))
            while len(self._folded) > _KEPT:
                self._folded.popitem(last=False)
