"""Delivery: drain the outbox. Take what is due, call its adapter, retry with growing pauses, give up loudly."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from engine.canonical import instant
from engine.events.event import Event
from engine.journal import Entry
from engine.ports import Adapter
from engine.store import OutboxRow, Store

_log = structlog.get_logger("gongdan.delivery")

MOST_ATTEMPTS = 8
"""After so many failures a row is dead: logged as an error, kept, not tried again."""
_FIRST_PAUSE = timedelta(seconds=1)
_BATCH = 100


@dataclass(slots=True)
class Delivered:
    """What one drain did."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0


@dataclass(slots=True)
class _Drain:
    """One drain under way."""

    store: Store
    now: datetime
    done: Delivered = field(default_factory=Delivered)

    def one(self, adapter: Adapter, row: OutboxRow, entry: Entry) -> None:
        """Deliver one row, or put it off."""
        try:
            adapter.deliver(entry)
        except Exception as error:  # noqa: BLE001 - whatever a foreign adapter raises is a failed delivery, to be retried
            self._put_off(row, entry, type(error).__name__)
            return
        with self.store.write() as transaction:
            transaction.delivered(row.id)
        self.done.delivered += 1

    def _put_off(self, row: OutboxRow, entry: Entry, error: str) -> None:
        attempts = row.attempts + 1
        dead = attempts >= MOST_ATTEMPTS
        with self.store.write() as transaction:
            transaction.failed(row.id, attempts, instant(self.now + _FIRST_PAUSE * 2**row.attempts), error)
        self.done.failed += 1
        self.done.dead += dead
        _log.log(
            logging.ERROR if dead else logging.WARNING,
            "delivery_failed",
            adapter=row.adapter,
            shop=entry.shop,
            case=entry.case,
            seq=entry.seq,
            attempts=attempts,
            error=error,
        )


def drain(store: Store, adapters: Iterable[Adapter], events: Mapping[str, type[Event]], now: datetime) -> Delivered:
    """Deliver all that is due. Of one case each adapter gets entries in order: a later one waits for the one before."""
    work = _Drain(store, now)
    for adapter in adapters:
        while due := _due(store, adapter.name, now):
            for row in due:
                work.one(adapter, row, Entry.read(row.body, events))
    return work.done


def _due(store: Store, adapter: str, now: datetime) -> list[OutboxRow]:
    with store.read() as transaction:
        return transaction.due(adapter, instant(now), MOST_ATTEMPTS, _BATCH)
