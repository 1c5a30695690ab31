"""The entries that the contract is tried with: real ones, from a small engine in memory."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Any

from adapters.bootstrap import bootstrap
from engine import Actor, Adapter, Engine, Entry, Personal, World, standard_catalogue
from engine.events import repair_order as ro

LARGEST = 65_535
"""The most bytes an entry may have."""
NAME = "王小明"
"""A personal value of the entries that are supplied; it must never leave."""
CHINESE = "客户“临时”要求：先洗车，再交车。𠮷"
"""Text of an entry, with a letter beyond the first 65,536."""

ADVISOR = Actor("sa-1", "service_advisor")


def engine_in_memory(*adapters: Adapter) -> Engine:
    """An engine in memory whose clock stands, and whose ids and salts are numbered."""
    ids, salts = count(1), count(1)
    world = World(
        clock=lambda: datetime(2026, 11, 23, 1, 0, tzinfo=UTC),
        new_id=lambda: f"id-{next(ids)}",
        new_salt=lambda: next(salts).to_bytes(16, "big"),
    )
    return bootstrap("sqlite://", upgrade=True, world=world, adapters=adapters)


@cache
def story() -> tuple[Entry, ...]:
    """Real entries of three cases, each case's in order: accepted, refused, one of them with a personal value."""
    engine = engine_in_memory()
    shop = engine.shop("S1", profile="dpca")
    cases = ("RO-1", "RO-2", "RO-3")
    for case in cases:
        shop.open(case, by=ADVISOR)
    for facts in (ro.KitFitted(), ro.VehicleCheckedIn(), ro.CustomerLeft(reason=Personal.clear(NAME))):
        for case in cases:
            shop.apply(case, facts, by=ADVISOR)
    told = [shop.entries(case) for case in cases]
    engine.store.close()
    return tuple(entry for round in zip(*told, strict=True) for entry in round)


def saying(text: str) -> Entry:
    """An entry in which a clause says some text."""
    document: dict[str, Any] = json.loads(_refused().body)
    document["outcome"]["refusals"][0]["facts"]["text"] = text
    return Entry.read(canonical(document), standard_catalogue().events)


def largest() -> Entry:
    """An entry of as many bytes as one may have, nearly all of them Chinese."""
    letters, rest = divmod(LARGEST - len(saying("").body), len("车".encode()))
    return saying("车" * letters + "." * rest)


def _refused() -> Entry:
    return next(entry for entry in story() if not entry.accepted)


def canonical(value: object) -> bytes:
    """As entries are written: sorted, without spaces, UTF-8. A receiver does it with any JSON library."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
