"""The one place that builds an Engine from settings: clock, ids, salts, store, adapters."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from engine import Adapter, Catalogue, Engine, Store, World, standard_catalogue

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
    adapters: Iterable[Adapter] = (),
    catalogue: Catalogue | None = None,
    world: World | None = None,
    synchronous: str = "FULL",
    busy_seconds: float = 10.0,
) -> Engine:
    """An engine on a database, its tables created where they are missing.

    `synchronous` is SQLite's durability: FULL keeps every commit, NORMAL may lose the last ones at a power cut;
    `busy_seconds` is how long it waits for another process that writes.
    Raises StoreUnavailable.
    """
    store = Store(url, synchronous=synchronous, busy_seconds=busy_seconds)
    store.create()
    return Engine(store, catalogue or standard_catalogue(), world or real_world(), adapters)
