"""Cases: a case as the store holds it, folded by the rules it is pinned to, kept in a bounded cache under its head."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

from engine.case import Case, CaseRow
from engine.decider import Decider
from engine.errors import UnknownCommand
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

    def load(self, transaction: Transaction, row: CaseRow) -> Case:
        """The case of a row: from the cache if its head is current, else by folding its entries."""
        with self._lock:
            case = self._folded.get((row.shop, row.id))
        if case is not None and case.head == row.head:
            return case
        decider = self.decider_of(transaction, row.rules)
        entries = (Entry.read(body, self.catalogue.events) for body, _ in transaction.entries(row.shop, row.id))
        return decider.fold(decider.open(row.shop, row.id), entries)

    def remember(self, cases: Iterable[Case]) -> None:
        """Keep folded cases under their heads; the least recently used go first."""
        with self._lock:
            for case in cases:
                self._folded[case.shop, case.id] = case
                self._folded.move_to_end((case.shop, case.id))
            while len(self._folded) > _KEPT:
                self._folded.popitem(last=False)
