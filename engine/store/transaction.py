"""Transaction: what can be read and written inside one transaction, run on the driver's cursor.

Must live here: the meaning of each statement's parameters and rows. Must not be known here: connections, clauses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.canonical import canonical
from engine.case import CaseRow, Head
from engine.journal import Entry
from engine.sealing import SealedCommand
from engine.store.filters import Filters
from engine.store.statements import Compiled, Statements
from engine.subscription import tags

_PAGE = 500


class Abandoned(Exception):
    """The transaction is given up on purpose."""


class LostRace(Exception):
    """Another writer moved the case first."""


class Transaction:
    """What can be read and written inside one transaction. Runs on the driver's cursor."""

    def __init__(self, cursor: Any, statements: Statements, *, locking: bool = True, pipelined: bool = False) -> None:
        """Made by the store; `locking` is whether rows read to be moved stay locked until the end.

        `pipelined`: a host's pipeline is open, in which the driver does not know yet how many rows were written.
        """
        self._cursor = cursor
        self._statements = statements
        self._lock = "lock_case" if locking else "peek_case"
        self._gathered: list[Mapping[str, object]] = []
        self._pipelined = pipelined

    def run(self, name: str, /, **values: object) -> Any:
        """Execute one statement; the cursor after it, where the driver gives it back."""
        return self._execute(self._statements[name], values)

    def run_each(self, name: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Execute one statement for each of these; nothing for none."""
        if rows:
            statement = self._statements[name]
            self._cursor.executemany(statement.text, [{**statement.constants, **row} for row in rows])

    def flush(self) -> None:
        """Write the appends that were gathered to travel together; the store does so at the end. Raises LostRace."""
        gathered, self._gathered = self._gathered, []
        if not gathered:
            return
        append = self._statements["append"]
        if self._pipelined or len(gathered) == 1:
            moved = sum(self._execute(append, each).fetchone() is not None for each in gathered)
        else:
            self._cursor.executemany(append.text, gathered)
            moved = self._cursor.rowcount
        if moved != len(gathered):
            raise LostRace

    def _execute(self, statement: Compiled, values: Mapping[str, object]) -> Any:
        self._cursor.execute(statement.text, {**statement.constants, **values} if statement.constants else values)
        return self._cursor

    def fence(self) -> None:
        """Wait until every entry that is being written is there, and let nobody write until the end."""
        if self._statements.fence is not None:
            self._cursor.execute(self._statements.fence, {})  # with parameters, or a doubled percent sign would stay

    def rows(self, name: str, /, **values: object) -> Sequence[Any]:
        """All rows of one statement."""
        self.flush()
        rows: Sequence[Any] = self._execute(self._statements[name], values).fetchall()
        return rows

    def row(self, name: str, /, **values: object) -> Any:
        """The first row of one statement."""
        self.flush()
        return self._execute(self._statements[name], values).fetchone()

    # --- cases and their entries ---------------------------------------------------------------------------------

    def lock(self, shop: str, case: str, command_id: str) -> tuple[Head | None, bool]:
        """The head of a case, to be moved, and whether this command id was answered before in this shop."""
        if any(one["case_id"] == case or one["command_id"] == command_id for one in self._gathered):
            self.flush()
        row = self.run(self._lock, shop=shop, case_id=case, command_id=command_id).fetchone()
        if row is None:
            return None, self.answered(shop, command_id) is not None
        return Head(shop, case, *row[:-1]), row[-1] is not None

    def head(self, shop: str, case: str) -> Head | None:
        """The head of a case."""
        row = self.row("head", shop=shop, case_id=case)
        return None if row is None else Head(shop, case, *row)

    def case(self, shop: str, case: str) -> CaseRow | None:
        """The row of a case."""
        row = self.row("case", shop=shop, case_id=case)
        return None if row is None else case_row(shop, case, *row)

    def answered(self, shop: str, command_id: str) -> bytes | None:
        """The entry that answered a command id."""
        row = self.row("answered", shop=shop, command_id=command_id)
        return None if row is None else bytes(row[0])

    def entries(self, shop: str, case: str, *, after: int = 0, until: int) -> list[bytes]:
        """Bodies of a case's entries, in order, behind one seq and up to another."""
        return [bytes(row[0]) for row in self.rows("entries", shop=shop, case_id=case, after=after, until=until)]

    def all_entries(self) -> Iterator[tuple[bytes, str]]:
        """Bodies and seals of every entry, by shop, case and seq."""
        for *_, body, seal in self._pages("all_entries", {"shop": "", "case_id": "", "seq": 0}):
            yield bytes(body), seal

    def all_columns(self) -> Iterator[tuple[str, str, int, str, bytes, str]]:
        """Every entry, by shop, case and seq, with its columns: those three, command id, body, seal."""
        for shop, case, seq, command, body, seal in self._pages("all_entries", {"shop": "", "case_id": "", "seq": 0}):
            yield shop, case, seq, command, bytes(body), seal

    def all_cases(self) -> Iterator[CaseRow]:
        """Every case row, by shop and case."""
        return (case_row(*row) for row in self._pages("all_cases", {"shop": "", "case_id": ""}))

    def _pages(self, name: str, key: dict[str, object]) -> Iterator[Any]:
        """All rows, a page at a time by key, so that memory stays flat."""
        while rows := self.rows(name, limit=_PAGE, **key):
            yield from rows
            key = dict(zip(key, rows[-1], strict=False))

    def cases(self, shop: str, filters: Filters, after: str, limit: int) -> list[CaseRow]:
        """Rows of a shop by case id, behind a given one, that pass the filters."""
        values = {"shop": shop, "after": after, "limit": limit, **filters.values}
        rows = self._execute(self._statements.listing(filters.shape), values).fetchall()
        return [case_row(shop, *row) for row in rows]

    def case_ids(self, shop: str, case: str, limit: int) -> list[tuple[str, str]]:
        """Shop and id of the cases that the journal knows, behind a given one."""
        return [(row[0], row[1]) for row in self.rows("case_ids", shop=shop, case_id=case, limit=limit)]

    def open(self, entry: Entry, row: CaseRow) -> None:
        """Append the first entry of a case, with its row. Raises LostRace."""
        self.insert_case(row)
        self._append(_values(entry, row))

    def append(self, entry: Entry, row: CaseRow, head: str, kept: SealedCommand) -> None:
        """Append an entry, move its case's row by compare-and-set, queue it for its subscribers.

        `row` is the row after it, `head` the head that the answer was decided on. PostgreSQL gets the appends of a
        transaction in one journey, at its end or before what was written is read. Raises LostRace, perhaps then.
        """
        values = {**_values(entry, row), "old_head": head, "subject_new": kept.subject}
        if self._statements.append_at_once:
            paths, salts, clear = ([value[place] for value in kept.values] for place in range(3))
            self._gathered.append({**values, "paths": paths, "salts": salts, "values": clear})
        elif self._append_stepwise(values, kept) != 1:
            raise LostRace

    def _append_stepwise(self, values: Mapping[str, object], kept: SealedCommand) -> int:
        moved: int = self.run("move_case", **values).rowcount
        if moved:
            self._append(values)
            for path, salt, value in kept.values:
                self.run("insert_personal", **values, path=path, subject=kept.subject, salt=salt, value=value)
        return moved

    def _append(self, values: Mapping[str, object]) -> None:
        self.run("insert_entry", **values)
        self.run("insert_pending", **values)
        self.run("queue", **values)

    def insert_entry(self, entry: Entry) -> None:
        """Insert sealed bytes as they are."""
        values = _entry_values(entry)
        self.run("insert_entry", **values)
        self.run("insert_pending", **values)

    def insert_case(self, row: CaseRow) -> None:
        """Insert the row of a case."""
        self.run("insert_case", **_row_values(row))

    def replace_case(self, row: CaseRow) -> None:
        """Put a row in the place of the one that a case has, if it has one."""
        self.run("put_case", **_row_values(row))

    def drop_orphans(self) -> int:
        """Remove the rows of cases that have no entries; how many there were."""
        dropped: int = self.run("drop_orphans").rowcount
        return dropped

    # --- personal data -------------------------------------------------------------------------------------------

    def personal(self, shop: str, case: str, seq: int) -> dict[str, tuple[bytes, str]]:
        """Salt and value of each personal value of an entry that was neither erased nor restricted: what is given."""
        return self._values("personal", shop, case, seq)

    def kept(self, shop: str, case: str, seq: int) -> dict[str, tuple[bytes, str]]:
        """The same with those that are restricted: to compare a retried command with, never to be given."""
        return self._values("kept", shop, case, seq)

    def _values(self, name: str, shop: str, case: str, seq: int) -> dict[str, tuple[bytes, str]]:
        rows = self.rows(name, shop=shop, case_id=case, seq=seq)
        return {path: (bytes(salt), value) for path, salt, value in rows}

    # --- rules ---------------------------------------------------------------------------------------------------

    def rules(self, digest: str) -> bytes | None:
        """A rules body by its digest."""
        row = self.row("rules", digest=digest)
        return None if row is None else bytes(row[0])

    def all_rules(self) -> list[tuple[str, bytes]]:
        """Every rules body."""
        return [(digest, bytes(body)) for digest, body in self.rows("all_rules")]

    def keep_rules(self, digest: str, body: bytes) -> None:
        """Keep a rules body; the same one twice is once."""
        self.run("keep_rules", digest=digest, body=body)


def queue_values(entry: Entry, now: str) -> dict[str, object]:
    """What queueing an entry is given."""
    return {
        "shop_new": entry.shop,
        "case_id_new": entry.case,
        "seq_new": entry.seq,
        "queued_at_new": now,
        "due_at_new": now,
        "tags": canonical(tags(entry)).decode(),
    }


def case_row(shop: str, case: str, workflow: str, rules: str, state: str, is_open: object, *rest: Any) -> CaseRow:
    """The row of a case as the database gives it."""
    return CaseRow(shop, case, workflow, rules, state, bool(is_open), *rest)  # SQLite's booleans are numbers


def _row_values(row: CaseRow) -> dict[str, object]:
    """A row as the parameters that are named after its columns."""
    values = row._asdict()
    values["case_id"] = values.pop("id")
    return values


def _entry_values(entry: Entry) -> dict[str, object]:
    return {
        "shop": entry.shop,
        "case_id": entry.case,
        "seq": entry.seq,
        "command_id": entry.command.id,
        "body": entry.body,
        "seal": entry.seal,
    }


def _values(entry: Entry, row: CaseRow) -> dict[str, object]:
    """All that the statements of an append are given, whichever they are."""
    entered = _entry_values(entry)
    again = {f"{name}_new": value for name, value in entered.items()}
    return {**_row_values(row), **entered, **again, **queue_values(entry, row.recorded_at)}
