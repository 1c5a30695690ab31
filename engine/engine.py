"""Engine: one store, one catalogue, one world; shops, delivery and audit start here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from types import MappingProxyType

from engine.audit import audit, compare_rows, is_sound, library
from engine.bundle import Member, Origin
from engine.cases import Cases
from engine.checkpoints import Checkpoints
from engine.command import Actor, identifier
from engine.counting import Counting
from engine.delivery import Delivered, Delivery, Retry, never
from engine.desk import Desk
from engine.erasure import Swept, sweep
from engine.errors import BadCommand, Restricted
from engine.evidence import Columns, Sealed
from engine.export import Export, as_signed
from engine.findings import Finding, Report
from engine.journal import Entry
from engine.outbox import Begin, Outbox
from engine.ports import Adapter, Reveal, Revealing, World
from engine.proof.note import Signer
from engine.rebuild import rebuild
from engine.retention import Retention
from engine.reveal import reveal_id, wanted
from engine.roles import Role
from engine.rules import Catalogue
from engine.selection import Asked, Scope
from engine.shop import Shop
from engine.states.ledger import LOG
from engine.store import Erasures, Hold, Store
from engine.subscription import Filter, Subscription
from engine.tally import Tally
from engine.telemetry import observed
from engine.text import Text
from engine.transfer import Line, export_journal, import_journal

_NO_SHOP = Text("门店编号；ledger 是日志自身的台账", "the id of a shop; `ledger` is that of the log itself")


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
        retention: Retention = Retention(),
    ) -> None:
        """Put together what the engine needs; nothing is read or written yet. `retry` is how deliveries are.

        `retention` is how long personal values are kept that somebody asked to be erased.
        """
        self.store = store
        self.catalogue = catalogue
        self.world = world
        self.retention = retention
        self.outbox = Outbox(store, world, catalogue.events)
        self._cases = Cases(catalogue)
        self.checkpoints = Checkpoints(Desk(store, self._cases, world, LOG))
        self.adapters = self._lending(adapters)
        self._delivery = Delivery(store, world, catalogue.events, retry)

    def shop(self, shop: str, *, profile: str = "base") -> Shop:
        """The engine of one shop; `profile` is what its new cases are opened under. Raises BadCommand."""
        if shop == LOG:
            raise BadCommand(where="shop", expected=_NO_SHOP)
        return Shop(self._desk(identifier("shop", shop)), profile, self.retention)

    def _desk(self, shop: str) -> Desk:
        return Desk(self.store, self._cases, self.world, shop)

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
            shop = self.shop(entry.shop)
            try:
                return shop.reveal(entry.case, entry.seq, paths, by=by, to=to, purpose=purpose, id=id)
            except Restricted:  # to an adapter it is as good as erased: later tries would find no more
                return {}

        return reveal

    def erase_due(self) -> Swept:
        """Erase what somebody asked to be erased and whose term has ended meanwhile, in every shop.

        Raises StoreUnavailable, Contended; what was erased before stays so.
        """
        return sweep(self._desk, self.store, self.world.clock, self.retention)

    def holds(self) -> list[Hold]:
        """Every legal hold in force."""
        with self.store.read() as transaction:
            return Erasures(transaction).holds()

    def scrub(self) -> bool:
        """Leave nothing of what was erased in the database's own files; whether that is so now. See `Store.scrub`."""
        return self.store.scrub()

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

    def audit(self, tally: Tally | None = None, before: Sequence[Finding] = ()) -> Report:
        """Replay the whole journal of the store, and compare every column and every case row with it.

        Only a bundle has an anchor: the report says that there was none. What was audited is counted into the tally,
        beside what was found `before` by other means.
        """
        report = Report()
        counting = Counting(tally, report, before)
        with self.store.snapshot() as transaction:
            for known, body in transaction.all_rules():
                is_sound(known, body, report)
            sealed = (
                Sealed.read(body, seal, self.catalogue, columns=Columns(shop, case, seq, command))
                for shop, case, seq, command, body, seal in transaction.all_columns()
            )
            replayed = audit(counting.entries(sealed), library(self.catalogue, transaction.rules), report)
            compare_rows(transaction.all_cases(), counting.cases(replayed), self.catalogue, report)
        counting.finish()
        report.unanchored()
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

    def export(
        self,
        *signers: Signer,
        by: Actor,
        to: str,
        purpose: str,
        shop: str | None = None,
        case: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        subjects: Sequence[str] = (),
        paths: Sequence[str] = (),
        known: Sequence[int] = (),
        make: Callable[[], object] | None = None,
        files: Mapping[str, bytes] = MappingProxyType({}),
        generator: str = "gongdan",
    ) -> Iterator[Member]:
        """The members of a bundle for an auditor, in order: name and bytes. Others may go on writing.

        What: everything; a shop; a case of it; or the cases with entries recorded from `since` on and before `until`.
        Personal values go along in clear only as asked: those of these subjects, and those in the fields at `paths`,
        unless erased. `known`: sizes of checkpoints that the auditor has, for a proof that a part continues them.
        `files` go along as they are; `policy` among them takes the place of the one made here. `make`: how checkpoints
        are made, where witnesses are asked to cosign them.

        Nothing is done before the first member is asked for. Then the export becomes an entry in the log's own ledger,
        with `to` (who gets the bundle) and `purpose` (a code), and a checkpoint is made that covers it. Each member is
        read before the next is asked for. Raises BadCommand; and while members are read BadCommand, BadKey,
        NotExported, BadLog, Contended, StoreUnavailable.
        """
        scope = Scope(shop, case, since, until)
        origin = Origin(signers, self.world.clock(), generator, files)
        make = make or partial(self.checkpoints.make, *signers)
        export = Export(self.checkpoints.desk, make, scope, Asked(subjects, paths), origin, known)
        return export.members(by, to, purpose)

    def as_signed(self) -> Iterator[Member]:
        """The members of the bundle of everything at the last checkpoint, for an audit of this database itself.

        Nothing is recorded, and nobody signs: there is no `manifest.note`. Raises NoCheckpoint, StoreUnavailable.
        """
        return as_signed(self.store, self.world.clock())

    def import_journal(self, lines: Iterable[Line]) -> Report:
        """Verify a journal by replay and insert it verbatim, or nothing: then the report's findings say why."""
        return import_journal(lines, self.store, self.catalogue)
