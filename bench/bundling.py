"""A whole bundle of any size, written as its entries come: made to be audited at length.

Of all that is written only the heads are held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from adapters.keys import PrivateKey, generate
from bench.histories import History, told
from engine import standard_catalogue
from engine.canonical import canonical, digest, instant
from engine.case import Case
from engine.checkpoints import SEQUENCER
from engine.command import Command
from engine.decider import Decider
from engine.events.common import CaseOpened
from engine.events.event import Event
from engine.events.ledger import HeadsRecorded, KeyAnnounced
from engine.evidence import rules_digest
from engine.journal import Entry
from engine.listing import row_of
from engine.proof import note, verify
from engine.proof.note import vkey
from engine.proof.verify import Frontier, MapRoot, map_key, map_value, tile_path
from engine.states.ledger import LEDGER, LOG

LINES = 65_536
_ORIGIN = "bench.example/log"
_AT = datetime(2026, 12, 31, tzinfo=UTC)
_SIDE_BY_SIDE = 40
"""Cases that go on at the same time."""


class Told(NamedTuple):
    """A case and its history."""

    shop: str
    case: str
    history: History


class Leaf(NamedTuple):
    """What the heads say of a case."""

    case: str
    head: str
    row: str
    seq: int
    shop: str


Placed = Callable[[Told, int, int], object]
"""Takes (case, seq, index) of every entry when it has got its place."""


class Bundle:
    """A bundle in a folder of its own. A forger may give other `heads`, tiles and `known_rules`."""

    def __init__(self, folder: Path, rules: Mapping[str, bytes]) -> None:
        """A new one in this folder, with these rules by their digests."""
        self.folder, self.size = folder, 0
        self.leaves: dict[tuple[str, str], Leaf] = {}
        self._key: PrivateKey = generate(_ORIGIN)
        self._decider = Decider(standard_catalogue().rules("base", LEDGER), standard_catalogue())
        self._rules = {**rules, self._decider.rules.digest: self._decider.rules.body}
        self._tree = Frontier(self.tile)
        self._files: dict[str, dict[str, object]] = {}
        self._entries: BinaryIO | None = None
        self._digest = sha256()
        self._open = ExitStack()

    @property
    def policy(self) -> bytes:
        """What an auditor who trusts this log keeps."""
        return f"log {vkey(_ORIGIN, self._key.public)}\nquorum none\n".encode()

    def add(self, body: bytes, seal: str) -> int:
        """The next entry of the log; its index."""
        if self.size % LINES == 0:
            self._next_file()
        line = body + b"\n"
        assert self._entries
        self._entries.write(line)
        self._digest.update(line)
        self._tree.append(bytes.fromhex(seal))
        self.size += 1
        return self.size - 1

    def lead(self, leaf: Leaf) -> None:
        """What the heads are to say of a case."""
        self.leaves[leaf.shop, leaf.case] = leaf

    def close(self) -> None:
        """Everything besides the entries, and the signatures over all of it."""
        root = self._ledger()
        self._end_file()
        for level, index, hashes in self._tree.edge():
            self.tile(level, index, hashes)
        for known, body in self._rules.items():
            self.put(f"rules/{known}.json", body)
        text = note.checkpoint_text(_ORIGIN, self.size, root)
        self.put("checkpoint", note.signed(text, [self._key]))
        self.put("policy", self.policy)
        self.put("erasures.jsonl", b"")
        self.put("verify.py", Path(verify.__file__).read_bytes())
        self._manifest(root)

    def tile(self, level: int, index: int, hashes: bytes) -> None:
        """A tile of the tree."""
        self.put(tile_path(level, index, len(hashes) // 32), hashes)

    def heads(self) -> Iterable[Leaf]:
        """What is listed as the heads."""
        return self.leaves.values()

    def known_rules(self) -> Iterable[str]:
        """The digests of all rules that the log has."""
        return self._rules

    def put(self, name: str, body: bytes) -> None:
        """Another file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        self._files[name] = {"bytes": len(body), "sha256": digest(body)}

    # --- parts -----------------------------------------------------------------------------------------------------

    def _next_file(self) -> None:
        self._end_file()
        path = self.folder / f"entries/{self.size // LINES:06}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._entries, self._digest = self._open.enter_context(path.open("wb")), sha256()

    def _end_file(self) -> None:
        if self._entries:
            name = Path(self._entries.name).relative_to(self.folder).as_posix()
            self._files[name] = {"bytes": self._entries.tell(), "sha256": self._digest.hexdigest()}
        self._open.close()

    def _ledger(self) -> bytes:
        """The log's own ledger: its key, and behind all else the heads. The root of everything."""
        decider, case = self._decider, self._decider.open(LOG, LEDGER)
        rules, public = decider.rules, self._key.public.hex()
        case = self._record(case, CaseOpened(profile=rules.profile, version=rules.version))
        keys = {"index": self.size, "name": _ORIGIN, "public": public, "previous": None, "size": None, "note": None}
        case = self._record(case, KeyAnnounced(name=_ORIGIN, public=public, previous=None))
        row = digest(canonical(row_of(case, decider.workflow)._asdict()))
        self.lead(Leaf(LEDGER, case.head, row, case.seq, LOG))
        self.put("keys.jsonl", canonical(keys) + b"\n")
        known = rules_digest(self.known_rules())
        self._record(case, HeadsRecorded(size=self.size, root=self._map().hex(), rules=known))
        return self._tree.root()

    def _record(self, case: Case, fact: Event) -> Case:
        command = Command(f"bench-{case.seq}", SEQUENCER, fact)
        entry = Entry.of(case, command, _AT, self._decider.decide(case, command, _AT))
        self.add(entry.body, entry.seal)
        return Decider.evolve(case, entry)

    def _map(self) -> bytes:
        """List the heads; the root of their map."""
        shops, lines = MapRoot(), []
        keyed = sorted((map_key(one.shop), map_key(one.case), one) for one in self.heads())
        cases: dict[bytes, MapRoot] = {}
        for shop, case, leaf in keyed:
            cases.setdefault(shop, MapRoot()).add(case, map_value(leaf.seq, leaf.head, leaf.row))
            lines.append(canonical(leaf._asdict()) + b"\n")
        for shop, of_shop in cases.items():
            shops.add(shop, of_shop.root())
        self.put("heads.jsonl", b"".join(lines))
        return shops.root()

    def _manifest(self, root: bytes) -> None:
        body = canonical({
            "format": 1,
            "origin": _ORIGIN,
            "size": self.size,
            "root": root.hex(),
            "scope": dict.fromkeys(("shop", "case", "since", "until")),
            "entries": self.size,
            "cases": (self.folder / "heads.jsonl").read_bytes().count(b"\n"),
            "heads": self.size - 1,
            "files": self._files,
            "made_at": instant(_AT),
            "generator": "bench",
        }) + b"\n"  # fmt: skip
        (self.folder / "manifest.json").write_bytes(body)
        signed = note.signed(f"gongdan/bundle\n{_ORIGIN}\n{digest(body)}\n".encode(), [self._key])
        (self.folder / "manifest.note").write_bytes(signed)


def tell(bundle: Bundle, cases: Iterable[Told], placed: Placed | None = None) -> None:
    """Put the entries of all cases down, many cases side by side, and what the heads are."""
    left = iter(cases)
    while some := [*islice(left, _SIDE_BY_SIDE)]:
        running = [(one, told(one.history.pieces, one.shop.encode(), one.case.encode())) for one in some]
        for step in range(max(len(one.history.pieces) for one in some)):
            running = [(one, more) for one, more in running if _goes_on(bundle, one, more, step + 1, placed)]


def _goes_on(bundle: Bundle, one: Told, more: Iterator[tuple[bytes, str]], seq: int, placed: Placed | None) -> bool:
    """Put down the next entry of a case, if there is one; behind the last its head."""
    body, head = next(more)
    index = bundle.add(body, head)
    if placed:
        placed(one, seq, index)
    if seq < len(one.history.pieces):
        return True
    bundle.lead(Leaf(one.case, head, one.history.row_digest(one.shop, one.case, head), seq, one.shop))
    return False
