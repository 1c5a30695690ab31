"""The floor of apply: the same statements by hand on the driver, without rules, types, pool or engine.

It is told what to answer; it seals and stores it as the engine must. PostgreSQL takes it naively: one round trip for
each statement.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode

_LOCK = """
SELECT workflow, rules, state, is_open, advisor, promised_at, seq, version, head, recorded_at,
       (SELECT case_id FROM gongdan_entry WHERE shop = %s AND command_id = %s)
FROM gongdan_case WHERE shop = %s AND case_id = %s"""
_OPEN = """
INSERT INTO gongdan_case (shop, case_id, workflow, rules, state, is_open, advisor, promised_at, seq, version, head,
                          recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_MOVE = """
UPDATE gongdan_case
SET state = %s, is_open = %s, advisor = %s, promised_at = %s, seq = %s, version = %s, head = %s, recorded_at = %s
WHERE shop = %s AND case_id = %s AND head = %s"""
_APPEND = "INSERT INTO gongdan_entry (shop, case_id, seq, command_id, body, seal) VALUES (%s, %s, %s, %s, %s, %s)"
_KEEP = """
INSERT INTO gongdan_personal (shop, case_id, seq, path, subject, salt, value) VALUES (%s, %s, %s, %s, %s, %s, %s)"""
_QUEUE = """
INSERT INTO gongdan_outbox (adapter, shop, case_id, seq, attempts, queued_at, due_at)
SELECT adapter, %s, %s, %s, 0, %s, %s FROM gongdan_subscription AS s
WHERE fields = 0 OR fields = (SELECT count(DISTINCT field) FROM gongdan_filter AS f
                               WHERE f.adapter = s.adapter AND f.field || ':' || f.value IN (%s, %s, %s, %s))"""

_ENLIST = "INSERT INTO gongdan_pending (shop, case_id, seq) VALUES (%s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Scripted:
    """One answer: its entry's document, its personal values in clear, and what lists show of the case after it."""

    entry: Mapping[str, Any]
    clear: Sequence[tuple[str, str]]
    listed: tuple[str, bool, str | None, str | None]


class ByHand:
    """A connection to a database that has the engine's tables, and the SQL of one apply."""

    def __init__(self, cursor: Any, begin: str, lock: str, mark: str) -> None:
        """Statements as this driver wants them; `mark` is its parameter."""
        self._run = cursor.execute
        self._begin = begin
        texts = (each.replace("%s", mark) for each in (lock, _OPEN, _MOVE, _APPEND, _KEEP, _QUEUE, _ENLIST))
        self._lock, self._open, self._move, self._append, self._keep, self._queue, self._enlist = texts

    @classmethod
    def on_sqlite(cls, connection: sqlite3.Connection, synchronous: str) -> ByHand:
        """On a connection in autocommit, at one of SQLite's durable settings."""
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return cls(connection.cursor(), "BEGIN IMMEDIATE", _LOCK, "?")

    @classmethod
    def on_postgresql(cls, connection: psycopg.Connection) -> ByHand:
        """On a connection in autocommit."""
        return cls(connection.cursor(), "BEGIN", f"{_LOCK} FOR UPDATE", "%s")

    def apply(self, shop: str, case: str, said: Scripted, *, enlisted: bool = True) -> None:
        """Store one answer with all that only this case knows of it; `enlisted` for its place in the log."""
        run = self._run
        place, command_id = (shop, case), uuid.uuid4().hex
        run(self._begin)
        row = run(self._lock, (shop, command_id, *place)).fetchone()
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        entry = said.entry
        answer, workflow = entry["outcome"]["answer"], entry["workflow"]
        seq, version, head = row[6:9] if row else (0, 0, "0" * 64)
        seq, version = seq + 1, version + (answer == "accepted")
        kept = [(path, secrets.token_bytes(16), value) for path, value in said.clear]
        known = {"shop": shop, "case": case, "seq": seq, "version": version, "recorded_at": now, "prev": head}
        body = _ENCODE({**entry, **known, "command": _command(entry, command_id, kept)}).encode()
        seal = hashlib.sha256(b"\x00" + body).hexdigest()
        if row is None:
            run(self._open, (*place, workflow, entry["rules"], *said.listed, seq, version, seal, now))
        else:
            assert run(self._move, (*said.listed, seq, version, seal, now, *place, head)).rowcount == 1
        run(self._append, (*place, seq, command_id, body, seal))
        tags = (f"workflows:{workflow}", f"events:{entry['command']['name']}", f"answers:{answer}", f"shops:{shop}")
        run(self._queue, (*place, seq, now, now, *tags))
        for path, salt, value in kept:
            run(self._keep, (*place, seq, path, case, salt, value))
        if enlisted:
            run(self._enlist, (*place, seq))
        run("COMMIT")


def _command(entry: Mapping[str, Any], command_id: str, kept: Sequence[tuple[str, bytes, str]]) -> dict[str, Any]:
    command = entry["command"]
    sealed = {path: _sealed(salt, value) for path, salt, value in kept}
    return {**command, "id": command_id, "facts": {**command["facts"], **sealed} if sealed else command["facts"]}


def _sealed(salt: bytes, value: str) -> dict[str, object]:
    return {"commitment": hashlib.sha256(salt + value.encode()).hexdigest(), "given": True, "valid": True}
