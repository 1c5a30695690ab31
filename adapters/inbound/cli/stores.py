"""Which database a command works on, and that a question never makes one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import URL

from adapters.bootstrap import bootstrap, real_world
from engine import Engine, Store, standard_catalogue


def url_of(text: str) -> str:
    """A database URL as it is; anything else is the path of a SQLite file."""
    return text if "://" in text else URL.create("sqlite", database=text).render_as_string(hide_password=False)


@contextmanager
def created(db: str) -> Iterator[Engine]:
    """An engine on a database, made where it is missing. Raises StoreUnavailable."""
    engine = bootstrap(url_of(db))
    with closing(engine.store):
        yield engine


@contextmanager
def existing(db: str) -> Iterator[Engine]:
    """An engine on a database that is there. Raises StoreUnavailable; creates nothing."""
    with closing(Store(url_of(db))) as store:
        store.check()
        yield Engine(store, standard_catalogue(), real_world())
