"""Engine: one store, one catalogue, one world; shops, delivery and audit start here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.audit import Sealed, audit, compare_rows, is_sound, library
from engine.cases import Cases
from engine.command import identifier
from engine.delivery import Delivered, drain
from engine.desk import Desk
from engine.errors import BadCommand
from engine.findings import Report
from engine.ports import Adapter, World
from engine.rebuild import rebuild
from engine.rules import Catalogue
from engine.shop import Shop
from engine.store import Store
from engine.transfer import Line, export_journal, import_journal


class Engine:
    """The engine over one store. Safe to share between threads; build one per process (`adapters.bootstrap`)."""

    def __init__(self, store: Store, catalogue: Catalogue, world: World, adapters: Iterable[Adapter] = ()) -> None:
        """Put together what the engine needs; nothing is read or written yet."""
        self.store = store
        self.catalogue = catalogue
        self.world = world
        self.adapters = tuple(adapters)
        self._cases = Cases(catalogue)

    def shop(self, shop: str, *, profile: str = "base") -> Shop:
        """The engine of one shop; `profile` is what its new cases are opened under."""
        return Shop(Desk(self.store, self._cases, self.world, identifier("shop", shop)), profile)

    def subscribe(self, adapter: str, *, workflow: str = "*", answer: str = "*") -> None:
        """Queue entries for an adapter from now on: all, or those of a workflow or an answer (accepted, refused)."""
        if answer not in {"*", "accepted", "refused"}:
            raise BadCommand(where="answer", expected="*, accepted or refused")
        with self.store.write() as transaction:
            transaction.subscribe(identifier("adapter", adapter), workflow, answer)

    def deliver(self) -> Delivered:
        """Carry out what is due to the adapters of this engine."""
        return drain(self.store, self.adapters, self.catalogue.events, self.world.clock())

    def audit(self) -> Report:
        """Replay the whole journal of the store and compare every case row with it."""
        report = Report()
        with self.store.snapshot() as transaction:
            for known, body in transaction.all_rules():
                is_sound(known, body, report)
            sealed = (Sealed.read(body, seal, self.catalogue) for body, seal in transaction.all_entries())
            replayed = audit(sealed, library(self.catalogue, transaction.rules), report)
            compare_rows(transaction.all_cases(), replayed, self.catalogue, report)
        return report

    def rebuild(self) -> int:
        """Make every case row anew from the journal; how many were not as they should be. Others may go on writing.

        The row of a case without entries goes. Raises RulesUnknown, BadJournal, StoreUnavailable; what was mended
        before stays so.
        """
        return rebuild(self.store, self._cases)

    def export_journal(self) -> Iterator[Line]:
        """Every rules body and every sealed entry, as they are."""
        return export_journal(self.store)

    def import_journal(self, lines: Iterable[Line]) -> Report:
        """Verify a journal by replay and insert it verbatim, or nothing: then the report's findings say why."""
        return import_journal(lines, self.store, self.catalogue)
