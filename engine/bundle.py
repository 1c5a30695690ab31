"""Bundle: what an auditor is handed, as members in order — name and bytes — read from one picture of the store.

Must live here: which members there are, and their form. Must not be known here: files and archives, SQL, who asked.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain, islice
from typing import NamedTuple, cast

from engine.canonical import canonical, digest, instant
from engine.proof import headmap, note, tree
from engine.proof.note import Signer
from engine.proof.verify import map_key, tile_path
from engine.selection import Opening, Scope, opened, selected
from engine.states.ledger import LEDGER, LOG
from engine.store import Extract, Log, LogEntry, LogKey, Signed, Transaction

FORMAT = 1
LINES = 65_536
"""The most lines of one file of entries or proofs."""

_HASH = 32
_RULES = re.compile(rb'"rules":"([0-9a-f]{64})","seq":[0-9]+,"shop":"[^"]*","version":[0-9]+,"workflow":"[^"]*"}\Z')
_ROOT = re.compile("[0-9a-f]{64}")
_ERASED = b'"name":"subject_erased","occurred_at":'

Document = dict[str, object]


class Member(NamedTuple):
    """A file of a bundle: where it stands, and its bytes. They are read before the next member is asked for."""

    name: str
    chunks: Iterable[bytes]


class Origin(NamedTuple):
    """Where a bundle comes from: who signs it, when and by what it is made, and files that go along as they are."""

    signers: Sequence[Signer]
    made_at: datetime
    generator: str
    files: Mapping[str, bytes]


@dataclass
class _Seen:
    """What was met while the members were read: what the manifest says, and what the entries need."""

    files: dict[str, Document] = field(default_factory=dict)
    rules: set[str] = field(default_factory=set)
    erasures: list[Document] = field(default_factory=list)
    heads: int = 0


class Bundle:
    """One bundle, in a transaction that reads one picture of the database, whose last checkpoint is signed."""

    def __init__(
        self,
        transaction: Transaction,
        scope: Scope,
        origin: Origin,
        openings: Sequence[Opening] = (),
        known: Iterable[int] = (),
    ) -> None:
        """Look at the checkpoint and choose the entries.

        `openings` are personal values that go along if they still may be used; `known` sizes of checkpoints that the
        auditor has, none larger than the last.
        """
        self._transaction, self._log, self._extract = transaction, Log(transaction), Extract(transaction)
        self._scope, self._origin, self._openings, self._known = scope, origin, openings, known
        self._signed = cast("Signed", self._log.last_signed())
        announced = self._log.keys()
        self._keys = [(self._log.index(LOG, LEDGER, key.seq) or 0, key) for key in announced]  # 0: it was removed
        self._seen = _Seen()
        self._places: Sequence[int] = range(self._size)
        if not scope.is_whole:
            always = [self._size - 1, *(index for index, _ in self._keys)]
            self._places = selected(self._extract, scope, self._size, always)

    @property
    def _size(self) -> int:
        return self._signed.size

    def members(self) -> Iterator[Member]:
        """Every member; the manifest, which names all others, and its signature come last."""
        parts = self._whole() if self._scope.is_whole else self._subset()
        given = (Member(name, [body]) for name, body in self._origin.files.items())
        for name, chunks in chain(self._signatures(), self._entries(), parts, self._needed(), given):
            counted = _counted(name, chunks, self._seen.files)
            yield Member(name, counted)
            for _ in counted:  # whatever was not read, or the manifest would not know it
                pass
        manifest = self._manifest()
        yield Member("manifest.json", [manifest])
        if self._origin.signers:
            text = f"gongdan/bundle\n{self._keys[-1][1].name}\n{digest(manifest)}\n".encode()
            known = {key.public for _, key in self._keys}
            signers = [one for one in self._origin.signers if one.public.hex() in known]
            yield Member("manifest.note", [note.signed(text, signers)])

    def _manifest(self) -> bytes:
        document = {
            "format": FORMAT,
            "origin": self._keys[-1][1].name,
            "size": self._size,
            "root": self._signed.root if _ROOT.fullmatch(self._signed.root) else "0" * 64,  # to be found, not misread
            "scope": self._scope.document(),
            "entries": len(self._places),
            "cases": self._seen.heads,
            "heads": self._size - 1,
            "files": self._seen.files,
            "made_at": instant(self._origin.made_at),
            "generator": self._origin.generator,
        }
        return _line(document)

    # --- of every bundle ---------------------------------------------------------------------------------------------

    def _signatures(self) -> Iterator[Member]:
        yield Member("checkpoint", [self._signed.note or b""])
        if "policy" not in self._origin.files:
            key = self._keys[-1][1]
            yield Member("policy", [f"log {note.vkey(key.name, bytes.fromhex(key.public))}\nquorum none\n".encode()])
        yield Member("keys.jsonl", map(_line, self._epochs()))

    def _epochs(self) -> Iterator[Document]:
        """A line for each key."""
        before: LogKey | None = None
        for index, key in self._keys:
            yield self._epoch(index, key, before)
            before = key

    def _epoch(self, index: int, key: LogKey, before: LogKey | None) -> Document:
        """A key from the entry that announces it on, and the checkpoint that the key before it has signed as well."""
        line: Document = {"index": index, "name": key.name, "public": key.public}
        line |= {"previous": None, "size": None, "note": None}
        change = None if before is None else self._log.checkpoint_from(index + 1)
        if before is not None and change is not None:
            line |= {
                "previous": before.public,
                "size": change.size,
                "note": (change.note or b"").decode("utf-8", "replace"),
            }
        if self._scope.is_whole:
            return line
        if change is not None:
            line["consistency"] = self._consistency(change.size)
        return line | {"proof": _hashes(tree.inclusion(index, self._size, self._log.tile))}

    def _entries(self) -> Iterator[Member]:
        whole = self._scope.is_whole
        leaves = self._log.leaves(0, self._size) if whole else self._extract.chosen(self._places)
        lines = self._met(leaves)
        for number in range(_files(self._places)):
            yield Member(f"entries/{number:06}.jsonl", islice(lines, LINES))

    def _met(self, leaves: Iterable[LogEntry]) -> Iterator[bytes]:
        for leaf in leaves:
            if found := _RULES.search(leaf.body):
                self._seen.rules.add(found[1].decode())
            if _ERASED in leaf.body:
                place = {"index": leaf.at, "shop": leaf.shop, "case": leaf.case, "seq": leaf.seq}
                self._seen.erasures.append(place)
            yield leaf.body + b"\n"

    def _needed(self) -> Iterator[Member]:
        """What the entries name: rules, erasures; and the openings, if any were asked for."""
        for known in sorted(self._seen.rules):
            if body := self._transaction.rules(known):
                yield Member(f"rules/{known}.json", [body])
        yield Member("erasures.jsonl", map(_line, self._seen.erasures))
        if self._openings:
            yield Member("openings.jsonl", self._opened())

    def _opened(self) -> Iterator[bytes]:
        for kept in opened(self._extract, self._openings, self._places):
            place = {"index": kept.at, "shop": kept.shop, "case": kept.case, "seq": kept.seq}
            yield _line({**place, "path": kept.path, "salt": kept.salt.hex(), "value": kept.value})

    def _heads(self) -> Iterator[bytes]:
        scope = self._scope
        shops = self._extract.shops() if scope.shop is None else [scope.shop]
        for shop in sorted(shops, key=map_key):
            cases = self._extract.cases(shop) if scope.case is None else [scope.case]
            keys = sorted(map_key(case) + case.encode() for case in cases)
            for leaf in self._extract.heads(shop, [key[_HASH:].decode() for key in keys]):
                self._seen.heads += 1
                yield _line(leaf._asdict())

    # --- of the whole, of a part -------------------------------------------------------------------------------------

    def _whole(self) -> Iterator[Member]:
        yield Member("heads.jsonl", self._heads())
        for level, index, width in tree.tiles(self._size):
            yield Member(tile_path(level, index, width), [self._log.tile(level, index)[: width * _HASH]])

    def _subset(self) -> Iterator[Member]:
        proofs = zip(self._places, tree.inclusions(self._places, self._size, self._log.tile), strict=True)
        lines = (_line({"index": index, "proof": _hashes(proof)}) for index, proof in proofs)
        for number in range(_files(self._places)):
            yield Member(f"proofs/{number:06}.jsonl", islice(lines, LINES))
        yield Member("heads.jsonl", self._heads())
        yield Member("map.json", [_line(self._mapped())])
        if known := sorted({*self._known}):
            yield Member("since.jsonl", (_line({"size": one, "proof": self._consistency(one)}) for one in known))

    def _mapped(self) -> Document:
        """That the heads are those of the shop or case, in the map of which the heads entry has the root."""
        shop, case = self._scope.shop, self._scope.case
        if shop is None:
            return {}
        is_there = next(iter(self._extract.cases(shop)), None) is not None
        pages = partial(self._log.pages, shop)
        return {
            "shop": headmap.proof(map_key(shop), partial(self._log.pages, "")),
            "case": headmap.proof(map_key(case), pages) if is_there and case else None,
            "root": headmap.root(pages).hex() if is_there else None,
        }

    def _consistency(self, size: int) -> list[str]:
        return _hashes(tree.consistency(size, self._size, self._log.tile))


def _counted(name: str, chunks: Iterable[bytes], files: dict[str, Document]) -> Iterator[bytes]:
    """The chunks as they are; behind the last one their size and digest are put down."""
    sha256, size = hashlib.sha256(), 0
    for chunk in chunks:
        sha256.update(chunk)
        size += len(chunk)
        yield chunk
    files[name] = {"bytes": size, "sha256": sha256.hexdigest()}


def _files(places: Sequence[int]) -> int:
    return -(-len(places) // LINES)


def _hashes(proof: Iterable[bytes]) -> list[str]:
    return [b64encode(one).decode() for one in proof]


def _line(document: Mapping[str, object]) -> bytes:
    return canonical(document) + b"\n"
