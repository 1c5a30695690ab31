"""Engine: one store, one catalogue, one world; shops, delivery and audit start here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from engine.audit import Sealed, audit, compare_rows, is_sound, library
from engine.cases import Cases
from engine.command import Actor, identifier
from engine.delivery import Delivered, Delivery, Retry, never
from engine.desk import Desk
from engine.findings import Report
from engine.journal import Entry
from engine.outbox import Begin, Outbox
from engine.ports import Adapter, Reveal, Revealing, World
from engine.rebuild import rebuild
from engine.reveal import reveal_id, wanted
from engine.roles import Role
from engine.rules import Catalogue
from engine.shop import Shop
from engine.store import Store
from engine.subscription import Filter, Subscription
from engine.telemetry import observed
from engine.transfer import Line, export_journal, import_journal


class Engine:
    """The engine over one store. Safe to share between threads; build one per process (`adapters.bootstrap`)."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        world: World,
        adapters: Iterable[Adapter] = (),
        *,
        retry: Retry = Retry(),
    ) -> None:
        """Put together what the engine needs; nothing is read or written yet. `retry` is how deliveries are."""
        self.store = store
        self.catalogue = catalogue
        self.world = world
        self.outbox = Outbox(store, world, catalogue.events)
        self._cases = Cases(catalogue)
        self.adapters = self._lending(adapters)
        self._delivery = Delivery(store, world, catalogue.events, retry)

    def shop(self, shop: str, *, profile: str = "base") -> Shop:
        """The engine of one shop; `profile` is what its new cases are opened under."""
        return Shop(Desk(self.store, self._cases, self.world, identifier("shop", shop)), profile)

    def subscribe(
        self,
        adapter: str,
        *,
        workflows: Iterable[str] = (),
        events: Iterable[str] = (),
        answers: Iterable[str] = (),
        clauses: Iterable[str] = (),
        shops: Iterable[str] = (),
        begin: Begin = "now",
    ) -> Subscription:
        """Queue entries for an adapter: those that are, in each field given, one of its values; with none given, all.

        `answers` are accepted, refused; `clauses` those that spoke, by id. See `Outbox.subscribe`.
        """
        given = (workflows, events, answers, clauses, shops)
        return self.outbox.subscribe(adapter, Filter.of(*given), begin)

    def reveal_to(self, adapter: str) -> Reveal:
        """How an adapter gets personal values; its name is the actor, and a second delivery makes no second entry."""
        by = Actor(identifier("adapter", adapter), Role.SYSTEM)

        def reveal(entry: Entry, paths: Sequence[str], *, to: str, purpose: str) -> Mapping[str, str]:
            fact = wanted(entry.case, entry.seq, paths, to, purpose)
            id = reveal_id(adapter, entry.seal, fact)
            return self.shop(entry.shop).reveal(entry.case, entry.seq, paths, by=by, to=to, purpose=purpose, id=id)

        return reveal

    def deliver(self, adapters: Iterable[Adapter] | None = None, *, stop: Callable[[], bool] = never) -> Delivered:
        """Carry out what is due to the adapters of this engine, or to these, one after the other.

        Asked before each entry, `stop` ends it early: the entry in hand is finished, the others are given back.
        """
        return self._delivery.run(self.adapters if adapters is None else self._lending(adapters), stop)

    def _lending(self, adapters: Iterable[Adapter]) -> tuple[Adapter, ...]:
        """Adapters, each with the way to personal values that it asks for."""
        lent = tuple(adapters)
        for adapter in lent:
            if isinstance(adapter, Revealing):
                adapter.reveal_by(self.reveal_to(adapter.name))
        return lent

    def observe(self) -> AbstractContextManager[None]:
        """Inside `with`, a host's OpenTelemetry metrics show the queue: what waits, is late and is dead, by adapter."""
        return observed(self.outbox.counts)

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
