"""Transaction: what can be read and written inside one transaction, run on the driver's cursor.

Must live here: the meaning of each statement's parameters and rows. Must not be known here: connections, clauses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.canonical import instant
from engine.case import CaseRow
from engine.journal import Entry
from engine.store.statements import Compiled

_PAGE = 500


class Abandoned(Exception):
    """The transaction is given up on purpose."""


class LostRace(Exception):
    """Another writer moved the case first."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An entry on its way to an adapter."""

    id: int
    adapter: str
    attempts: int
    body: bytes


class Transaction:
    """What can be read and written inside one transaction. Runs on the driver's cursor."""

    def __init__(self, cursor: Any, statements: Mapping[str, Compiled]) -> None:
        """Made by the store."""
        self._cursor = cursor
        self._statements = statements

    def _run(self, name: str, **values: object) -> Any:
        statement = self._statements[name]
        return self._cursor.execute(
            statement.text, {**statement.constants, **values} if statement.constants else values
        )

    def _rows(self, name: str, **values: object) -> Sequence[Any]:
        self._run(name, **values)
        rows: Sequence[Any] = self._cursor.fetchall()
        return rows

    def _row(self, name: str, **values: object) -> Any:
        self._run(name, **values)
        return self._cursor.fetchone()

    # --- cases and their entries ---------------------------------------------------------------------------------

    def lock(self, shop: str, case: str, command_id: str) -> tuple[CaseRow | None, bool]:
        """The row of a case, locked, and whether this command id was answered before in this shop."""
        row = self._row("lock_case", shop=shop, case_id=case, command_id=command_id)
        if row is None:
            return None, self.answered(shop, command_id) is not None
        return CaseRow(shop, case, *row[:-1]), row[-1] is not None

    def case(self, shop: str, case: str) -> CaseRow | None:
        """The row of a case."""
        row = self._row("case", shop=shop, case_id=case)
        return None if row is None else CaseRow(shop, case, *row)

    def answered(self, shop: str, command_id: str) -> bytes | None:
        """The entry that answered a command id."""
        row = self._row("answered", shop=shop, command_id=command_id)
        return None if row is None else bytes(row[2])

    def entries(self, shop: str, case: str, after: int = 0) -> list[tuple[bytes, str]]:
        """Bodies and seals of a case's entries, in order."""
        return [(bytes(body), seal) for body, seal in self._rows("entries", shop=shop, case_id=case, after=after)]

    def all_entries(self) -> Iterator[tuple[bytes, str]]:
        """Bodies and seals of every entry, by shop, case and seq."""
        for *_, body, seal in self._pages("all_entries", 3, {"shop": "", "case_id": "", "seq": 0}):
            yield bytes(body), seal

    def all_cases(self) -> Iterator[CaseRow]:
        """Every case row, by shop and case."""
        return (CaseRow(*row) for row in self._pages("all_cases", 2, {"shop": "", "case_id": ""}))

    def _pages(self, name: str, key_length: int, key: dict[str, object]) -> Iterator[Any]:
        """All rows, a page at a time by key, so that memory stays flat."""
        while rows := self._rows(name, limit=_PAGE, **key):
            yield from rows
            key = dict(zip(key, rows[-1][:key_length], strict=True))

    def cases(self, shop: str, state: str | None, after: str, limit: int) -> list[CaseRow]:
        """Rows of a shop by case id, after a given one."""
        values = {"shop": shop, "after": after, "limit": limit}
        rows = self._rows("list_cases", **values) if state is None else self._rows("list_state", state=state, **values)
        return [CaseRow(shop, *row) for row in rows]

    def append(self, entry: Entry, head: str | None) -> None:
        """Append an entry, move its case's row by compare-and-set, queue it for its subscribers.

        `head` is the head that the answer was decided on; None opens the case. Raises LostRace.
        """
        place = {"shop": entry.shop, "case_id": entry.case}
        now = instant(entry.recorded_at)
        state = {
            "state": entry.state,
            "seq": entry.seq,
            "version": entry.version,
            "head": entry.seal,
            "recorded_at": now,
        }
        if head is None:
            self._run("insert_case", workflow=entry.workflow, rules=entry.rules, **place, **state)
        elif self._run("move_case", old_head=head, **place, **state).rowcount != 1:
            raise LostRace
        self.insert_entry(entry)
        self._run(
            "queue",
            to_shop=entry.shop,
            to_case=entry.case,
            to_seq=entry.seq,
            now=now,
            workflow=entry.workflow,
            answer="accepted" if entry.accepted else "refused",
        )

    def insert_entry(self, entry: Entry) -> None:
        """Insert sealed bytes as they are."""
        self._run(
            "insert_entry",
            shop=entry.shop,
            case_id=entry.case,
            seq=entry.seq,
            command_id=entry.command.id,
            body=entry.body,
            seal=entry.seal,
        )

    def insert_case(self, row: CaseRow) -> None:
        """Insert the row of a case whose entries came in sealed."""
        self._run(
            "insert_case",
            shop=row.shop,
            case_id=row.id,
            workflow=row.workflow,
            rules=row.rules,
            state=row.state,
            seq=row.seq,
            version=row.version,
            head=row.head,
            recorded_at=row.recorded_at,
        )

    # --- personal data -------------------------------------------------------------------------------------------

    def keep_personal(self, entry: Entry, path: str, subject: str, salt: bytes, value: str) -> None:
        """Keep a personal value beside the journal."""
        self._run(
            "insert_personal",
            shop=entry.shop,
            case_id=entry.case,
            seq=entry.seq,
            path=path,
            subject=subject,
            salt=salt,
            value=value,
        )

    def personal(self, shop: str, case: str, seq: int) -> dict[str, tuple[bytes, str]]:
        """Salt and value of each personal value of an entry that was not erased."""
        rows = self._rows("personal", shop=shop, case_id=case, seq=seq)
        return {path: (bytes(salt), value) for path, salt, value in rows}

    def forget(self, shop: str, subject: str) -> int:
        """Erase a subject's values; how many there were."""
        erased: int = self._run("forget", shop=shop, subject=subject).rowcount
        return erased

    # --- rules ---------------------------------------------------------------------------------------------------

    def rules(self, digest: str) -> bytes | None:
        """A rules body by its digest."""
        row = self._row("rules", digest=digest)
        return None if row is None else bytes(row[0])

    def all_rules(self) -> list[tuple[str, bytes]]:
        """Every rules body."""
        return [(digest, bytes(body)) for digest, body in self._rows("all_rules")]

    def keep_rules(self, digest: str, body: bytes) -> None:
        """Keep a rules body; the same one twice is once."""
        if self.rules(digest) is None:
            self._run("insert_rules", digest=digest, body=body)

    # --- outbox --------------------------------------------------------------------------------------------------

    def subscribe(self, adapter: str, workflow: str, answer: str) -> None:
        """Queue what matches for an adapter from now on; `*` matches all."""
        self._run("delete_subscription", adapter=adapter)
        self._run("insert_subscription", adapter=adapter, workflow=workflow, answer=answer)

    def due(self, adapter: str, now: str, most: int, limit: int) -> list[OutboxRow]:
        """Rows to deliver to an adapter now; of each case only the oldest."""
        rows = self._rows("due", adapter=adapter, now=now, most=most, limit=limit)
        return [OutboxRow(id_, adapter, tried, bytes(body)) for id_, tried, body in rows]

    def delivered(self, id_: int) -> None:
        """A row arrived."""
        self._run("delivered", id=id_)

    def failed(self, id_: int, attempts: int, due_at: str, error: str) -> None:
        """A row did not arrive; when to try again."""
        self._run("failed", id=id_, attempts=attempts, due_at=due_at, error=error)
