"""The floor of apply: the same statements by hand on `sqlite3`, without rules, types, pool or engine.

It is told what to answer; it seals and stores it as the engine must.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode

_LOCK = """
SELECT workflow, rules, state, seq, version, head, recorded_at,
       (SELECT case_id FROM gongdan_entry WHERE shop = ? AND command_id = ?)
FROM gongdan_case WHERE shop = ? AND case_id = ?"""
_OPEN = "INSERT INTO gongdan_case VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_MOVE = """
UPDATE gongdan_case SET state = ?, seq = ?, version = ?, head = ?, recorded_at = ?
WHERE shop = ? AND case_id = ? AND head = ?"""
_APPEND = "INSERT INTO gongdan_entry VALUES (?, ?, ?, ?, ?, ?)"
_KEEP = "INSERT INTO gongdan_personal VALUES (?, ?, ?, ?, ?, ?, ?)"
_QUEUE = """
INSERT INTO gongdan_outbox (adapter, shop, case_id, seq, attempts, due_at)
SELECT adapter, ?, ?, ?, 0, ? FROM gongdan_subscription WHERE workflow IN ('*', ?) AND answer IN ('*', ?)"""


class ByHand:
    """A connection to a database that the engine's store has created, and the SQL of one apply."""

    def __init__(self, file: Path, synchronous: str) -> None:
        self._run = self._connect(file, synchronous).execute

    @staticmethod
    def _connect(file: Path, synchronous: str) -> sqlite3.Connection:
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        return connection

    def apply(self, shop: str, case: str, entry: Mapping[str, Any], clear: Sequence[tuple[str, str]]) -> None:
        """Store one answer: `entry` is its document but for what only this case knows; `clear` its personal values."""
        run = self._run
        command_id = uuid.uuid4().hex
        run("BEGIN IMMEDIATE")
        row = run(_LOCK, (shop, command_id, shop, case)).fetchone()
        seq, version, head = (row[3], row[4], row[5]) if row else (0, 0, "0" * 64)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        outcome, command = entry["outcome"], {**entry["command"], "id": command_id}
        kept = [(path, secrets.token_bytes(16), value) for path, value in clear]
        if kept:
            command["facts"] = {**command["facts"], **{path: _sealed(salt, value) for path, salt, value in kept}}
        seq, version = seq + 1, version + (outcome["answer"] == "accepted")
        body = _ENCODE(
            {
                **entry,
                "case": case,
                "seq": seq,
                "version": version,
                "command": command,
                "recorded_at": now,
                "prev": head,
            }
        ).encode()
        seal = hashlib.sha256(b"\x00" + body).hexdigest()
        place = (shop, case)
        if row is None:
            run(_OPEN, (*place, entry["workflow"], entry["rules"], outcome["state"], seq, version, seal, now))
        else:
            moved = run(_MOVE, (outcome["state"], seq, version, seal, now, *place, head))
            assert moved.rowcount == 1
        run(_APPEND, (*place, seq, command_id, body, seal))
        run(_QUEUE, (*place, seq, now, entry["workflow"], outcome["answer"]))
        for path, salt, value in kept:
            run(_KEEP, (*place, seq, path, case, salt, value))
        run("COMMIT")


def _sealed(salt: bytes, value: str) -> dict[str, object]:
    return {"commitment": hashlib.sha256(salt + value.encode()).hexdigest(), "given": True, "valid": True}
