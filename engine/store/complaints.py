"""What a database's complaint means: one code for it, whichever database it comes from.

Must live here: the codes that drivers and servers use. Must not be known here: words, connections.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sqlalchemy.exc import DBAPIError

from engine.errors import StoreUnavailable
from engine.store.transaction import LostRace

_SQLITE = {
    word: word
    for word in (
        "locked",
        "readonly",
        "full",
        "unable to open",
        "not a database",
        "malformed",
        "no such table",
        "already exists",
        "disk i/o",
        "closed",
        "same thread",
    )
}
"""Codes that are also a part of SQLite's own message."""

_SQLALCHEMY = {
    "ResourceClosedError": "closed",
    "PendingRollbackError": "transaction failed",
    "MissingGreenlet": "asynchronous",
    "TimeoutError": "connections",
}

_POSTGRESQL = {
    "55P03": "locked",
    "57014": "locked",
    "25006": "readonly",
    "53100": "full",
    "42501": "permission",
    "42P01": "no such table",
    "42P07": "already exists",
    "3F000": "no such schema",
    "57P01": "connection",
    "57P02": "connection",
    "57P05": "connection",
    "25P03": "connection",
    "25P04": "connection",
    "08006": "connection",
    "08P01": "connection",
    "25P02": "transaction failed",
    "40001": "collision",
    "40P01": "collision",
    "22P05": "encoding",
}
_UNIQUE = "23505"
"""Another writer came first: the work can be done again, and finds what that one wrote."""

_CONNECTING = {
    "too many": "connections",
    "connection slots": "connections",
    "pg_hba.conf": "permission",
    "authentication": "permission",
    "password": "permission",
    "permission denied": "permission",
    'role "': "permission",
    '" does not exist': "no such database",
}
"""While one connects there are no states yet, only words; a server that speaks no English is `unreachable`."""


Doing = Literal["connecting", "own", "joined"]
"""What was under way: making a connection, a transaction of our own, or a host's, which only the host can do again."""


def complaint(error: Exception, doing: Doing = "own") -> str:
    """The code of what a database complains of, or the name of its error. Raises LostRace when it is one.

    The message itself may quote values, so only its kind goes further.
    """
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    kind = type(cause).__name__
    if kind in _SQLALCHEMY:
        return _SQLALCHEMY[kind]
    if hasattr(cause, "sqlstate"):
        return _of_postgresql(cause, cause.sqlstate, doing)
    if kind == "IntegrityError":
        raise LostRace from None
    return _worded(cause, _SQLITE, kind)


def _of_postgresql(cause: BaseException, state: str | None, doing: Doing) -> str:
    if state is None:
        return _worded(cause, _CONNECTING, "unreachable") if doing == "connecting" else "connection"
    code = _POSTGRESQL.get(state, type(cause).__name__)
    if state == _UNIQUE or (code == "collision" and doing == "own"):
        raise LostRace from None
    return code


def _worded(cause: BaseException, codes: Mapping[str, str], otherwise: str) -> str:
    message = str(cause).lower()
    return next((code for words, code in codes.items() if words in message), otherwise)


class Guarded:
    """A database's complaint becomes one clear error. Safe to share between threads: it holds nothing of a use."""

    def __init__(self, url: str, complaints: tuple[type[Exception], ...], doing: Doing = "own") -> None:
        """`complaints`: what counts as one; `url`: what the error may show of the database."""
        self._url = url
        self._complaints = complaints
        self._doing = doing

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raise StoreUnavailable for a complaint, LostRace for a lost race."""
        if isinstance(error, self._complaints):
            raise StoreUnavailable(url=self._url, reason=complaint(error, self._doing)) from None
