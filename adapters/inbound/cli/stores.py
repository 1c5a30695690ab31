"""Which database a command works on. No command but `gongdan db upgrade` ever makes one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url

from adapters.bootstrap import bootstrap
from engine import Catalogue, Engine, Store

_SQLITE = b"SQLite format 3\x00"


def is_database(target: str) -> bool:
    """Whether this is a database: a URL, or a SQLite file; `-` is neither. Raises OSError."""
    if "://" in target or target == "-":
        return target != "-"
    with Path(target).open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def url_of(text: str) -> str:
    """A database URL as it is; anything else is the path of a SQLite file."""
    return text if "://" in text else URL.create("sqlite", database=text).render_as_string(hide_password=False)


def named(target: str) -> str:
    """What was audited, as a page may say it: a URL without its secrets, a file or folder without where it stands."""
    return make_url(target).set(query={}).render_as_string() if "://" in target else Path(target).resolve().name


@contextmanager
def existing(db: str, schema: str | None, catalogue: Catalogue | None = None) -> Iterator[Engine]:
    """An engine on a database that has its tables. Raises OtherSchema, StoreUnavailable; creates nothing."""
    engine = bootstrap(url_of(db), schema=schema, catalogue=catalogue)
    with closing(engine.store):
        yield engine


@contextmanager
def store(db: str, schema: str | None) -> Iterator[Store]:
    """A database whose tables may be missing or of another version. Raises StoreUnavailable."""
    with closing(Store(url_of(db), schema=schema)) as opened:
        yield opened
