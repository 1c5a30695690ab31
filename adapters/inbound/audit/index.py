"""Index: where each entry of a bundle stands, case by case, in a temporary SQLite file; memory stays flat.

Must live here: places, and what the heads say of each case. Must not be known here: what an entry means.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_BATCH = 500
_CACHE_KIB = 16 * 1024
_TABLES = """
CREATE TABLE entry (
    shop TEXT, case_id TEXT, seq INTEGER, idx INTEGER, file TEXT, line INTEGER, start INTEGER, length INTEGER, seal TEXT
);
CREATE TABLE head (
    shop TEXT, case_id TEXT, seq INTEGER, head TEXT, row TEXT, PRIMARY KEY (shop, case_id)
) WITHOUT ROWID;
CREATE TABLE known (
    shop TEXT, case_id TEXT, seq INTEGER, head TEXT, row TEXT, PRIMARY KEY (shop, case_id)
) WITHOUT ROWID;
CREATE TABLE wrong (shop TEXT, case_id TEXT, PRIMARY KEY (shop, case_id)) WITHOUT ROWID;
CREATE TABLE rules (digest TEXT PRIMARY KEY, body BLOB);
"""


class Where(NamedTuple):
    """One entry: its place in its case, in the log, and in a file, where its bytes are, and their seal."""

    shop: str
    case: str
    seq: int
    at: int
    file: str
    line: int
    start: int
    length: int
    seal: str


class Head(NamedTuple):
    """How far a case had got when the heads were written: its last entry's seal, the digest of its row."""

    shop: str
    case: str
    seq: int
    head: str
    row: str


class Span(NamedTuple):
    """One case among the entries: how many, from which seq to which, and what the heads say of it."""

    shop: str
    case: str
    entries: int
    first: int
    last: int
    seq: int | None
    row: str | None

    @property
    def is_whole(self) -> bool:
        """From its first entry to the one that the heads name, none left out; the log's own ledger goes on after it."""
        return self.first == 1 and self.entries == self.last and self.seq is not None and self.seq <= self.last


class Index:
    """The temporary file. Made by one process, then read by many."""

    def __init__(self, file: Path, *, new: bool = False) -> None:
        """Make it, or open one that is there, to read."""
        self.file = file
        self._batch: list[Where] = []
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        if new:
            self._connection.execute("PRAGMA journal_mode = OFF")
            self._connection.execute("PRAGMA synchronous = OFF")
            self._connection.executescript(_TABLES)
            self._connection.execute("BEGIN")

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    # --- making it -----------------------------------------------------------------------------------------------

    def add(self, where: Where) -> None:
        """One more entry."""
        self._batch.append(where)
        if len(self._batch) >= _BATCH:
            self._write()

    def _write(self) -> None:
        self._connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", self._batch)
        self._batch.clear()

    def put_heads(self, heads: Iterable[Head]) -> None:
        """What the heads of this bundle say."""
        self._connection.executemany("INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?, ?)", heads)

    def put_known(self, heads: Iterable[Head]) -> None:
        """What was replayed before, and was as it should be."""
        self._connection.executemany("INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?, ?)", heads)

    def put_rules(self, rules: Iterable[tuple[str, bytes]]) -> None:
        """Rules bodies by their digests."""
        self._connection.executemany("INSERT OR REPLACE INTO rules VALUES (?, ?)", rules)

    def put_wrong(self, cases: Iterable[tuple[str, str]]) -> None:
        """Cases about which there is something to say."""
        self._connection.executemany("INSERT OR REPLACE INTO wrong VALUES (?, ?)", cases)

    def finish(self) -> None:
        """All entries are in: sort them by case, and let others read."""
        self._write()
        self._connection.execute("CREATE INDEX by_case ON entry (shop, case_id, seq, idx)")
        self._connection.execute("COMMIT")

    # --- reading it ----------------------------------------------------------------------------------------------

    def spans(self) -> Iterator[Span]:
        """Every case among the entries that was not replayed before as it is now, by shop and case."""
        rows = self._connection.execute(
            "SELECT e.shop, e.case_id, e.entries, e.first, e.last, head.seq, head.row FROM"
            " (SELECT shop, case_id, count(*) entries, min(seq) first, max(seq) last FROM entry"
            "  GROUP BY shop, case_id) e"
            " LEFT JOIN head USING (shop, case_id) LEFT JOIN known USING (shop, case_id)"
            " WHERE (head.seq, head.head, head.row, e.last) IS NOT (known.seq, known.head, known.row, known.seq)"
            " ORDER BY e.shop, e.case_id"
        )
        return map(Span._make, rows)

    def case(self, shop: str, case: str) -> Iterator[Where]:
        """The entries of a case, in order."""
        given = (shop, case)
        rows = self._connection.execute("SELECT * FROM entry WHERE shop = ? AND case_id = ? ORDER BY seq, idx", given)
        return map(Where._make, rows)

    def rules(self, digest: str) -> bytes | None:
        """A rules body."""
        row = self._connection.execute("SELECT body FROM rules WHERE digest = ?", (digest,)).fetchone()
        return None if row is None else bytes(row[0])

    def digests(self) -> list[str]:
        """The digests under which there are rules, in order."""
        return [digest for (digest,) in self._connection.execute("SELECT digest FROM rules ORDER BY digest")]

    def settled(self) -> Iterator[Head]:
        """The heads of all cases about which there is nothing to say, by shop and case."""
        rows = self._connection.execute(
            "SELECT shop, case_id, seq, head, row FROM head"
            " WHERE (shop, case_id) NOT IN (SELECT shop, case_id FROM wrong) ORDER BY shop, case_id"
        )
        return map(Head._make, rows)
