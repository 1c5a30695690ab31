"""Database addresses: read, checked, and shown without their secrets."""

from __future__ import annotations

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from engine.errors import StoreUnavailable

_SUPPORTED = ("sqlite", "postgresql")


def address(url: str) -> URL:
    """The parts of a database URL. Raises StoreUnavailable when it is none, or none that the store speaks."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreUnavailable(url=_unread(url), reason="url") from None
    if parsed.get_backend_name() not in _SUPPORTED:
        raise StoreUnavailable(url=shown(parsed), reason="dialect")
    return parsed


def shown(url: URL) -> str:
    """The URL as messages may show it: no password, and no query, which may hold one."""
    return url.set(query={}).render_as_string(hide_password=True)


def in_memory(url: URL) -> bool:
    """A database that lives in one SQLite connection only."""
    return url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}


def existing(url: URL) -> str | None:
    """SQLite's URI for opening a file that must exist already; None for what is no plain file."""
    if url.get_backend_name() != "sqlite" or in_memory(url) or "uri" in url.query:
        return None
    path = str(url.database).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{path}?mode=rw"


def _unread(url: str) -> str:
    """What can safely be shown of text that is no URL: the scheme, and what follows the last credentials."""
    before, at, rest = url.rpartition("@")
    scheme, mark, _ = before.partition("://")
    return (f"{scheme}://***@" if mark else at and "***@") + rest.partition("?")[0]
