"""Checkpoints: every entry gets its place in the log, and what the log then is gets signed.

Must live here: when an entry, a head, a key and a signature belong together. Must not be known here: hashing, SQL,
where a private key is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import TypeVar, cast

import structlog

from engine.canonical import canonical, digest
from engine.case import Head
from engine.command import Actor, Command
from engine.desk import Desk, Sitting
from engine.errors import BadKey, BadLog, NameTaken
from engine.events.common import CaseOpened
from engine.events.event import Event
from engine.events.ledger import HeadsRecorded, KeyAnnounced
from engine.journal import Entry
from engine.proof import headmap, note, tree
from engine.proof.note import Signer
from engine.proof.verify import map_key, map_value, parse_vkey
from engine.proof.witness import is_beginning
from engine.roles import Role
from engine.states.ledger import LEDGER
from engine.store import HeadLeaf, Log, LogKey, Moved, Signed

_log = structlog.get_logger("gongdan.checkpoints")

T = TypeVar("T")
SEQUENCER = Actor("sequencer", Role.SYSTEM)
CHUNK = 10_000
"""How many entries get their place in one transaction while many wait."""
_PROFILE = "base"


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The log of one store and what was signed of it. `desk` is that of the log's own ledger."""

    desk: Desk

    def make(self, *signers: Signer) -> Signed | None:
        """Give every committed entry its place, record the heads, and sign; None when nothing is new.

        The first signer's key is announced if it is the first of all. Raises BadKey when the key in force is not
        among the signers, NameTaken when a journal that was brought in was signed under the name of the first,
        StoreUnavailable.
        """
        return self._made(signers, None)

    def rotate(self, old: Signer, new: Signer) -> Signed:
        """Announce a new key and make a checkpoint that both keys sign; the new one alone signs from then on.

        After a crash the same call again ends what was begun. A log without a key gets the old one first. Raises
        BadKey, StoreUnavailable.
        """
        if new.name != old.name:
            raise BadKey(expected=old.name, actual=new.name)
        if not self.epochs():
            self.make(old)
        if _is_in_force(self.epochs(), new):
            return self._signed_last((old, new)) or self._rotated()
        return self._made((old, new), new) or self._rotated()

    def waiting(self, limit: int = CHUNK) -> int:
        """How many entries have no place yet; counted no further than `limit`."""
        with self.desk.store.read() as transaction:
            return Log(transaction).waiting(limit)

    def last(self) -> Signed | None:
        """The last checkpoint that is signed."""
        with self.desk.store.read() as transaction:
            return Log(transaction).last_signed()

    def epochs(self) -> list[LogKey]:
        """The keys that sign, oldest first; the last is in force."""
        with self.desk.store.read() as transaction:
            return Log(transaction).keys()

    def cosigned(self, checkpoint: Signed, note: bytes) -> bool:
        """Keep a note with more signatures in the place of a checkpoint's; False when another came first."""
        with self.desk.store.write() as transaction:
            return Log(transaction).cosign(checkpoint.size, note, checkpoint.note or b"")

    @contextmanager
    def tiles(self) -> Iterator[tree.Read]:
        """Inside `with`, the hashes of the log's tiles, as one picture of them."""
        with self.desk.store.snapshot() as transaction:
            yield Log(transaction).tile

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The proof that the log of a size begins with that of a smaller one."""
        with self.tiles() as tile:
            return tree.consistency(old, size, tile)

    # --- parts -----------------------------------------------------------------------------------------------------

    def _rotated(self) -> Signed:
        """The checkpoint under which the key in force was announced."""
        with self.desk.store.snapshot() as transaction:
            log = Log(transaction)
            signed = log.checkpoint_from(self._announced_at(log, log.keys()[-1]) + 1)
        return cast("Signed", signed)

    def _made(self, signers: Sequence[Signer], announced: Signer | None) -> Signed | None:
        signed = self._signed_last(signers)
        while self.waiting(CHUNK + 1) > CHUNK:
            self._sit(partial(_sequenced, limit=CHUNK))
        while not self._sit(partial(self._covered, signers, announced)):
            signed = self._signed_last(signers) or signed
        return self._signed_last(signers) or signed

    def _sit(self, work: Callable[[Sitting], T]) -> T:
        return self.desk.sit(LEDGER, work, id=self.desk.world.new_id(), steady=True)

    def _covered(self, signers: Sequence[Signer], announced: Signer | None, sitting: Sitting) -> bool:
        """One picture of the database: every entry in it gets its place, the last of them is what the heads were.

        False, and nothing is done, while the last checkpoint is unsigned: it may be the one that hands over to a key.
        """
        log = Log(sitting.transaction)
        keys, last = log.keys(), log.last()
        check_signers(keys, signers)
        if last is not None and last.note is None:
            return False
        if last is not None and last.size > log.size():
            raise BadLog(what=f"checkpoint {last.size}")
        _sequenced(sitting)
        new = announced or signers[0]
        if not _is_in_force(keys, new) and (announced or not keys):  # else another process was quicker
            self._announce(sitting, log, new)
            _sequenced(sitting)
        size = log.size()
        if last is not None and last.size == size:
            return True
        root = _mapped(log, log.moved(last.size - 1 if last else 0))
        known = sorted(known for known, _ in sitting.transaction.all_rules())
        self._record(sitting, HeadsRecorded(size=size, root=root.hex(), rules=digest(canonical(known))))
        _sequenced(sitting)
        log.put_checkpoint(size + 1, tree.root(size + 1, log.tile))
        return True

    def _announce(self, sitting: Sitting, log: Log, signer: Signer) -> None:
        """The key in the log's own ledger."""
        keys = log.keys()
        if not keys:
            self._begin(sitting, signer.name)
        public = signer.public.hex()
        previous = keys[-1].public if keys else None
        seq = self._record(sitting, KeyAnnounced(name=signer.name, public=public, previous=previous))
        log.put_key(LogKey(seq, signer.name, public))

    def _begin(self, sitting: Sitting, name: str) -> None:
        """Open the log's own ledger for the first key; or go on in the one that came with an imported journal."""
        ledger = sitting.transaction.head(self.desk.shop, LEDGER)
        if ledger is not None:
            _check_name(sitting, ledger, name)
            return
        decider = self.desk.cases.decider_in_force(_PROFILE, LEDGER)
        opened = CaseOpened(profile=decider.rules.profile, version=decider.rules.version)
        sitting.open(LEDGER, decider, Command(self.desk.world.new_id(), SEQUENCER, opened))

    def _record(self, sitting: Sitting, fact: Event) -> int:
        answer = sitting.apply(LEDGER, Command(self.desk.world.new_id(), SEQUENCER, fact), None)
        return answer.seq

    def _signed_last(self, signers: Sequence[Signer]) -> Signed | None:
        """Sign the last checkpoint if nobody has; None when it is signed, or there is none.

        The first one under a new key must be signed by the key before, too. Signing is outside of every transaction.
        """
        with self.desk.store.snapshot() as transaction:
            log = Log(transaction)
            last = log.last()
            if last is None or last.note is not None:
                return None
            needed = self._needed(log, last)
            given = {one.public.hex() for one in signers}
            for key in needed:
                if key.public not in given:
                    raise BadKey(expected=_shown(key), actual=_shown(_key(signers[-1])))
            _check(log, last, signers)
        text = note.checkpoint_text(needed[-1].name, last.size, bytes.fromhex(last.root))
        signed = last._replace(note=note.signed(text, signers))
        with self.desk.store.write() as transaction:
            Log(transaction).sign(signed.size, signed.note or b"")
        _log.info("checkpoint", size=signed.size, key=needed[-1].name)
        return signed

    def _needed(self, log: Log, checkpoint: Signed) -> list[LogKey]:
        """The key in force, behind the one before where this is the first checkpoint that covers its announcement."""
        *before, key = log.keys()
        first = log.checkpoint_from(self._announced_at(log, key) + 1)
        return [*(before[-1:] if first == checkpoint else ()), key]

    def _announced_at(self, log: Log, key: LogKey) -> int:
        """The place of a key's announcement."""
        return cast("int", log.index(self.desk.shop, LEDGER, key.seq))


def check_signers(keys: Sequence[LogKey], signers: Sequence[Signer]) -> None:
    """Raises BadKey when there is a key in force, and it is none of the signers'."""
    if keys and not any(_is_in_force(keys, one) for one in signers):
        raise BadKey(expected=_shown(keys[-1]), actual=_shown(_key(signers[0])))


def _check(log: Log, new: Signed, signers: Sequence[Signer]) -> None:
    """The tree makes this, and what these keys signed last; else somebody wrote to the tables. Raises BadLog."""
    keys = [parse_vkey(note.vkey(one.name, one.public)) for one in signers]
    before = log.last_signed()
    is_made = tree.root(new.size, log.tile).hex() == new.root
    if not is_made or (before and not is_beginning(before.note or b"", keys, log.tile)):
        raise BadLog(what=f"checkpoint {new.size}")


def _check_name(sitting: Sitting, ledger: Head, name: str) -> None:
    """Raises NameTaken when the entries that were brought in tell of another log of this name."""
    events = sitting.desk.cases.catalogue.events
    for after in range(0, ledger.seq, CHUNK):
        for body in sitting.transaction.entries(ledger.shop, ledger.id, after=after, until=after + CHUNK):
            facts = Entry.read(body, events).command.facts
            if isinstance(facts, KeyAnnounced) and facts.name == name:
                raise NameTaken(name=name)


def _is_in_force(keys: Sequence[LogKey], signer: Signer) -> bool:
    return bool(keys) and keys[-1].public == signer.public.hex()


def _key(signer: Signer) -> LogKey:
    return LogKey(0, signer.name, signer.public.hex())


def _shown(key: LogKey) -> str:
    """A key as people may compare it."""
    return f"{key.name} {key.public[:16]}"


def _sequenced(sitting: Sitting, limit: int | None = None) -> None:
    """Give places to all entries in the picture, or to the first few of them, and their hashes to the tree."""
    sitting.transaction.flush()
    log = Log(sitting.transaction)
    while hashes := log.sequence(limit or CHUNK):
        log.put_tiles(tree.appended(log.size() - len(hashes), hashes, log.tile))
        if limit is not None:
            return


def _mapped(log: Log, moved: Sequence[Moved]) -> bytes:
    """Bring the map of heads up to date; its root."""
    leaves = [HeadLeaf(one.shop, one.case, one.seq, one.head, _row_digest(one)) for one in moved]
    log.put_heads(leaves)
    roots: dict[bytes, bytes] = {}
    for shop, cases in groupby(leaves, attrgetter("shop")):
        changes = {map_key(one.case): map_value(one.seq, one.head, one.row) for one in cases}
        root, pages = headmap.updated(changes, partial(log.pages, shop))
        log.put_pages(shop, pages)
        roots[map_key(shop)] = root
    root, pages = headmap.updated(roots, partial(log.pages, ""))
    log.put_pages("", pages)
    return root


def _row_digest(moved: Moved) -> str:
    return digest(canonical(None if moved.row is None else moved.row._asdict()))
