"""The one way a value becomes bytes: RFC 8785, restricted to what journals need.

ASCII keys, sorted; no floats; integers below 2**53; money is already a string with two decimals and a time already a
UTC string with six fraction digits when it gets here. What is stored is what is hashed.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime

_ENCODE = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
).encode
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def canonical(value: object) -> bytes:
    """The canonical bytes of a JSON value."""
    return _ENCODE(value).encode()


def digest(body: bytes) -> str:
    """SHA-256 of canonical bytes, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def instant(moment: datetime) -> str:
    """A moment as journals write it: `2026-11-22T01:30:00.000000Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment(text: str) -> datetime:
    """Read `instant` back. Raises ValueError for any other spelling of a time."""
    if not _INSTANT.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text)
