"""The one place that builds an Engine from settings: clock, ids, salts, store, adapters."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from engine import Adapter, Catalogue, Engine, GongdanError, Retention, Retry, Store, World, standard_catalogue

DEFAULT_URL = "sqlite:///gongdan.db"


def real_world() -> World:
    """The machine's clock, random ids and random salts."""
    return World(
        clock=lambda: datetime.now(UTC),
        new_id=lambda: uuid.uuid4().hex,
        new_salt=lambda: secrets.token_bytes(16),
    )


def bootstrap(
    url: str = DEFAULT_URL,
    *,
    upgrade: bool = False,
    schema: str | None = None,
    adapters: Iterable[Adapter] = (),
    catalogue: Catalogue | None = None,
    world: World | None = None,
    synchronous: str = "FULL",
    busy_seconds: float = 10.0,
    retry: Retry = Retry(),
    retention: Retention = Retention(),
) -> Engine:
    """An engine on a database that has its tables; with `upgrade` they are made or brought up to date first.

    `schema` is the PostgreSQL schema of the tables. `synchronous` is SQLite's durability: FULL keeps every commit,
    NORMAL may lose the last ones at a power cut. `busy_seconds` is how long to wait for a lock that another writer
    holds. `retry` is when a failed delivery is tried again. `retention` is how long personal values are kept.

    Raises OtherSchema for tables of another version, StoreUnavailable.
    """
    store = Store(url, schema=schema, synchronous=synchronous, busy_seconds=busy_seconds)
    try:
        store.upgrade() if upgrade else store.check()
    except GongdanError:
        store.close()
        raise
    return Engine(
        store, catalogue or standard_catalogue(), world or real_world(), adapters, retry=retry, retention=retention
    )
