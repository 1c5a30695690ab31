"""Log: the order of all entries, the tree and the map of heads over them, checkpoints — inside one transaction.

Must live here: the meaning of each of their statements' parameters and rows. Must not be known here: hashing, keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from engine.canonical import canonical
from engine.case import CaseRow
from engine.store.transaction import Transaction, case_row

_PAGE = 500
_END = 2**62


class LogEntry(NamedTuple):
    """An entry at its place in the log."""

    at: int
    shop: str
    case: str
    seq: int
    body: bytes


class Moved(NamedTuple):
    """The last entry of a case that has a place, its seal, and the row that the case has."""

    shop: str
    case: str
    seq: int
    head: str
    row: CaseRow | None


class HeadLeaf(NamedTuple):
    """A leaf of the map of heads; `row` is the digest of the case row."""

    shop: str
    case: str
    seq: int
    head: str
    row: str


class Signed(NamedTuple):
    """A checkpoint: how many entries, the root over them (hexadecimal), and the note once it is signed."""

    size: int
    root: str
    note: bytes | None


class LogKey(NamedTuple):
    """A key that signs checkpoints; `seq` is its entry in the log's own ledger."""

    seq: int
    name: str
    public: str


class Log:
    """The log, in a transaction that reads one picture of the database."""

    def __init__(self, transaction: Transaction) -> None:
        """In one that is under way."""
        self._transaction = transaction

    # --- places ----------------------------------------------------------------------------------------------------

    def size(self) -> int:
        """How many entries have a place."""
        (last,) = self._transaction.row("log_size")
        return 0 if last is None else last + 1

    def waiting(self, limit: int) -> int:
        """How many entries have none; counted no further than `limit`."""
        count: int = self._transaction.row("waiting", limit=limit)[0]
        return count

    def sequence(self, limit: int) -> list[bytes]:
        """Give places to entries that wait, no more than `limit`; their leaf hashes, in order.

        An entry that was removed meanwhile gets none. Raises LostRace, perhaps at the end, when another did so too.
        """
        _, last = self._transaction.row("waiting", limit=limit)
        if last is None:
            return []
        first = self.size()
        self._transaction.run("sequence", first=first, last=last)
        self._transaction.run("unqueue", last=last)
        return [bytes.fromhex(seal) for (seal,) in self._transaction.rows("seals", first=first)]

    def leaves(self, first: int, until: int) -> Iterator[LogEntry]:
        """Entries by place, from one place on and before another."""
        after = first - 1
        while rows := self._transaction.rows("leaves", after=after, until=until, limit=_PAGE):
            for *place, body in rows:
                yield LogEntry._make([*place, bytes(body)])
            after = rows[-1][0]

    def index(self, shop: str, case: str, seq: int) -> int | None:
        """The place of an entry."""
        row = self._transaction.row("index", shop=shop, case_id=case, seq=seq)
        return None if row is None else row[0]

    # --- the tree and the map of heads -------------------------------------------------------------------------------

    def tile(self, level: int, index: int) -> bytes:
        """The hashes of a tile that are there."""
        row = self._transaction.row("tile", level=level, idx=index)
        return b"" if row is None else bytes(row[0])

    def put_tiles(self, tiles: Mapping[tuple[int, int], bytes]) -> None:
        """Keep these tiles in the place of those that were there."""
        rows = [{"level": level, "idx": index, "body": body} for (level, index), body in tiles.items()]
        self._transaction.run_each("put_tile", rows)

    def pages(self, shop: str, prefixes: Sequence[str]) -> dict[str, bytes]:
        """Pages of a shop's map, or of the map of the shops, those that are there."""
        rows = self._transaction.rows("pages", shop=shop, prefixes=canonical([*prefixes]).decode())
        return {prefix: bytes(body) for prefix, body in rows}

    def put_pages(self, shop: str, pages: Mapping[str, bytes]) -> None:
        """Keep these pages in the place of those that were there."""
        rows = [{"shop": shop, "prefix": prefix, "body": body} for prefix, body in pages.items()]
        self._transaction.run_each("put_page", rows)

    def moved(self, first: int) -> list[Moved]:
        """The cases with entries from a place on, by shop and case."""
        return sorted(_moved(*row) for row in self._transaction.rows("moved", first=first))

    def put_heads(self, leaves: Iterable[HeadLeaf]) -> None:
        """Keep these leaves in the place of those that were there."""
        rows = [
            {"shop": one.shop, "case_id": one.case, "seq": one.seq, "head": one.head, "row": one.row} for one in leaves
        ]
        self._transaction.run_each("put_head", rows)

    def heads(self, shop: str | None = None) -> Iterator[HeadLeaf]:
        """The leaves of the map, of all shops or one, by shop and case."""
        key = {"after_shop": "", "after_case": ""}
        while rows := self._transaction.rows("heads", shop=shop, limit=_PAGE, **key):
            yield from (HeadLeaf(*row) for row in rows)
            key = {"after_shop": rows[-1][0], "after_case": rows[-1][1]}

    def head(self, shop: str, case: str) -> HeadLeaf | None:
        """The leaf of one case."""
        row = self._transaction.row("head_of", shop=shop, case_id=case)
        return None if row is None else HeadLeaf(shop, case, *row)

    # --- checkpoints and their keys ----------------------------------------------------------------------------------

    def last(self) -> Signed | None:
        """The last checkpoint, signed or not yet."""
        return _signed(self._transaction.row("last_checkpoint"))

    def last_signed(self) -> Signed | None:
        """The last checkpoint that is signed."""
        return _signed(self._transaction.row("last_signed"))

    def checkpoint_from(self, size: int) -> Signed | None:
        """The first checkpoint of at least a size."""
        return _signed(self._transaction.row("checkpoint_from", size=size))

    def put_checkpoint(self, size: int, root: bytes) -> None:
        """A checkpoint that waits for its signature."""
        self._transaction.run("put_checkpoint", size=size, root=root.hex(), note=None)

    def sign(self, size: int, note: bytes) -> None:
        """The note of a checkpoint that has none; nothing, when it has one by now."""
        self._transaction.run("sign", signed=size, given=note)

    def cosign(self, size: int, note: bytes, before: bytes) -> bool:
        """A note with more signatures in the place of the one before; whether that was still there."""
        return bool(self._transaction.run("cosign", signed=size, given=note, before=before).rowcount)

    def keys(self) -> list[LogKey]:
        """The keys that were announced, oldest first."""
        return [LogKey(*row) for row in self._transaction.rows("keys")]

    def put_key(self, key: LogKey) -> None:
        """A key that was announced."""
        self._transaction.run("insert_key", **key._asdict())


def _moved(shop: str, case: str, seq: int, head: str, *row: Any) -> Moved:
    return Moved(shop, case, seq, head, case_row(shop, *row) if row[0] is not None else None)


def _signed(row: Any) -> Signed | None:
    return None if row is None else Signed(row[0], row[1], None if row[2] is None else bytes(row[2]))
