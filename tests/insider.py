"""A dealer's house with an auditor and a witness, and the tools of an insider who may write to every table.

The house is a real database with its log, an auditor who came once and a witness who saw the newest checkpoint. The
insider is competent: what can be recomputed he recomputes, by the engine's own producers. `attacks.py` uses them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, Table, create_engine, delete, insert

from adapters.bootstrap import bootstrap
from adapters.checkpointing import Checkpointing
from adapters.folders import file_name
from adapters.witness import home
from adapters.witness.core import Reply
from adapters.witness.shared_folder import witnessed
from engine import Case, Engine, Signed
from engine.bundle import Bundle, Origin
from engine.canonical import canonical, digest
from engine.case import FIRST
from engine.cases import Cases
from engine.events import repair_order as ro
from engine.journal import Entry, seal
from engine.listing import row_of
from engine.proof import headmap, note, tree
from engine.proof.note import vkey
from engine.proof.verify import map_key, map_value
from engine.selection import Scope
from engine.store import HeadLeaf, Log, Transaction, schema
from tests.exports import members_of, on_disk, read
from tests.signers import KEY, ORIGIN, Key
from tests.support import ADVISOR, START, Clock, arrive, world

Document = dict[str, Any]

SHOP = "S1"


# --- the house -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class House:
    """A database, what the auditor kept of his visit, what the log publishes, and the witness's folder.

    `sizes` of the log: when the auditor came, at a checkpoint after that, at the newest one.
    """

    url: str
    folder: Path
    engine: Engine
    clock: Clock
    sizes: tuple[int, ...] = ()

    @property
    def visit(self) -> Path:
        """The bundle that the auditor took home."""
        return self.folder / "visit"

    @property
    def published(self) -> Path:
        """Where the log publishes, honestly."""
        return self.folder / "published"

    @property
    def kept(self) -> Path:
        """What the witness keeps of this log."""
        return self.folder / "witness" / "logs" / file_name(ORIGIN)

    def look(self, published: Path) -> Reply:
        """The witness looks at what the log publishes."""
        with home.at_work(self.folder / "witness", self.clock) as witness:
            return witnessed(witness, published)

    def handed(self, name: str) -> Path:
        """The bundle of the database as it stands at its last signed checkpoint, signed by one who does not look."""
        with self.engine.store.snapshot() as transaction:
            bundle = Bundle(transaction, Scope(), Origin([KEY], START, "gongdan", {}))
            return on_disk(read(bundle.members()), self.folder / name)

    def place(self, case: str, seq: int) -> int:
        """The place of an entry in the log."""
        with self.engine.store.snapshot() as transaction:
            index = Log(transaction).index(SHOP, case, seq)
        assert index is not None
        return index

    def last(self) -> Signed:
        """The last checkpoint that is signed."""
        signed = self.engine.checkpoints.last()
        assert signed is not None
        return signed


@contextmanager
def house(url: str, folder: Path) -> Iterator[House]:
    """A house in which all is honest: three checkpoints, the auditor came at the first, the witness saw all three."""
    clock = Clock()
    engine = bootstrap(url, upgrade=True, world=world(clock), synchronous="OFF")
    with closing(engine.store):
        here = House(url, folder, engine, clock)
        home.create(folder / "witness", "oem.example/w1", [vkey(KEY.name, KEY.public)])
        make = Checkpointing(engine, [KEY], here.published).make
        for number in range(1, 10):
            _order(here, number)
            if number == 3:
                on_disk(members_of(engine, make=make), here.visit)
            if number in {3, 6, 9}:
                make()
                assert here.look(here.published).objection is None
                here = replace(here, sizes=(*here.sizes, here.last().size))
        yield here


def _order(here: House, number: int) -> None:
    """A vehicle comes in, its customer waits, and so does the one before."""
    shop = here.engine.shop(SHOP, profile="dpca")
    arrive(shop, f"RO-{number}")
    for case in (f"RO-{number}", f"RO-{max(number - 1, 1)}"):
        here.clock.forward(minutes=20)
        shop.apply(case, ro.WaitTick(acknowledged=True, expected_wait_minutes=45), by=ADVISOR)


# --- the insider's tools ---------------------------------------------------------------------------------------------

Sealed = tuple[bytes, str]
"""Body and seal of an entry."""


def entries(here: House) -> list[Sealed]:
    """Every entry in the order of the log."""
    with here.engine.store.snapshot() as transaction:
        return [(leaf.body, seal(leaf.body)) for leaf in Log(transaction).leaves(0, here.sizes[-1])]


def wipe(here: House, *tables: Table) -> None:
    """Delete every row of some tables."""
    with create_engine(here.url, poolclass=NullPool).begin() as connection:
        for table in tables:
            connection.execute(delete(table))


def lay(here: House, sealed: Sequence[Sealed]) -> None:
    """Let the journal and the order of the log be these entries, and leave all else as it is."""
    wipe(here, schema.leaf, schema.entry)
    counts: Counter[tuple[str, str]] = Counter()
    with create_engine(here.url, poolclass=NullPool).begin() as connection:
        for index, (body, known) in enumerate(sealed):
            document = json.loads(body)
            counts[place_of(document)] += 1
            row = {"shop": document["shop"], "case_id": document["case"], "seq": counts[place_of(document)]}
            command = document["command"]["id"]
            connection.execute(insert(schema.entry).values(**row, command_id=command, body=body, seal=known))
            connection.execute(insert(schema.leaf).values(**row, idx=index))


def rewrite(here: House, history: Sequence[Document], key: Key | None = None) -> None:
    """Make the log anew from another history: chains, rows, tree, map of heads, heads entries, checkpoints.

    With the key each checkpoint is signed; without it, each gets the old signature.
    """
    with here.engine.store.snapshot() as transaction:
        log = Log(transaction)
        notes = [one.note or b"" for one in _checkpoints(log)]
    tables = (schema.entry, schema.case, schema.pending, schema.leaf, schema.tile, schema.head, schema.page)
    wipe(here, *tables, schema.checkpoint)
    with here.engine.store.write() as transaction:
        forger = Forger(here.engine, transaction, key, notes)
        for document in history:
            forger.append(document)
        forger.sequence()


def _checkpoints(log: Log) -> Iterator[Signed]:
    found = log.checkpoint_from(0)
    while found is not None:
        yield found
        found = log.checkpoint_from(found.size + 1)


def place_of(document: Document) -> tuple[str, str]:
    return document["shop"], document["case"]


class Forger:
    """Writes a history into empty tables, as if it had been so from the start."""

    def __init__(self, engine: Engine, transaction: Transaction, key: Key | None, notes: Sequence[bytes]) -> None:
        self._catalogue, self._transaction, self._log = engine.catalogue, transaction, Log(transaction)
        self._key, self._notes = key, [*notes]
        self._decider = partial(Cases(engine.catalogue).decider_of, transaction)
        self._cases: dict[tuple[str, str], Case] = {}
        self._mapped = 0

    def append(self, document: Document) -> None:
        """The next entry, and what the sequencer does at a heads entry."""
        is_heads = document["command"]["name"] == "heads_recorded"
        if is_heads:
            self.sequence()
            document["command"]["facts"] |= {"size": self._log.size(), "root": self._map().hex()}
        case = self._cases.get(place_of(document))
        body = canonical(document | {"prev": case.head if case else FIRST})
        entry = Entry.read(body, self._catalogue.events)
        decider = self._decider(entry.rules)
        case = decider.evolve(case or decider.open(*place_of(document)), entry)
        self._cases[place_of(document)] = case
        self._transaction.insert_entry(entry)
        self._transaction.replace_case(row_of(case, decider.workflow))
        if is_heads:
            self.sequence()
            self._sign()

    def sequence(self) -> None:
        """Places, and their hashes into the tree."""
        while hashes := self._log.sequence(1_000):
            self._log.put_tiles(tree.appended(self._log.size() - len(hashes), hashes, self._log.tile))

    def _map(self) -> bytes:
        """The heads of the cases that have moved since the last heads entry; the root of all."""
        moved, self._mapped = self._log.moved(self._mapped), self._log.size()
        rows = [digest(canonical(one.row._asdict() if one.row else None)) for one in moved]
        leaves = [HeadLeaf(*one[:4], row) for one, row in zip(moved, rows, strict=True)]
        self._log.put_heads(leaves)
        roots = {}
        for shop, of_shop in groupby(leaves, attrgetter("shop")):
            changes = {map_key(one.case): map_value(one.seq, one.head, one.row) for one in of_shop}
            roots[map_key(shop)] = self._put(shop, changes)
        return self._put("", roots)

    def _put(self, shop: str, changes: dict[bytes, bytes]) -> bytes:
        root, pages = headmap.updated(changes, partial(self._log.pages, shop))
        self._log.put_pages(shop, pages)
        return root

    def _sign(self) -> None:
        size = self._log.size()
        root, old = tree.root(size, self._log.tile), self._notes.pop(0)
        self._log.put_checkpoint(size, root)
        fresh = self._key and note.signed(note.checkpoint_text(ORIGIN, size, root), [self._key])
        self._log.sign(size, fresh or old)
