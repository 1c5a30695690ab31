"""Outbox: who gets entries, what is on its way to them, what could not be delivered and what becomes of it.

Must live here: what people and hosts may do with subscriptions and the queue. Must not be known here: adapters, SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import structlog

from engine.canonical import instant
from engine.command import identifier
from engine.errors import BadCommand, LetterNotFound
from engine.events.event import Event
from engine.journal import Entry
from engine.ports import World
from engine.store import Count, Letter, Queue, Store, queued
from engine.subscription import Filter, Subscription

_log = structlog.get_logger("gongdan.delivery")

LATE = timedelta(minutes=5)
"""What waits for longer is late."""
_EPOCH = "1970-01-01T00:00:00+00:00"

Begin = Literal["now", "first"] | datetime
"""Where a subscription begins: with what is written from now on, with the first entry, or with those since a time."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """The subscriptions and the queue of one store. Delivery state is never part of the journal."""

    store: Store
    world: World
    events: Mapping[str, type[Event]]

    def subscribe(self, adapter: str, filter: Filter, begin: Begin = "now") -> Subscription:
        """Queue for an adapter what passes a filter, in the place of its subscription before.

        With an earlier `begin` the entries since then are queued too, and nothing in between is missed: other
        writers wait meanwhile. Raises BadCommand.
        """
        now = self.world.clock()
        since = now if begin == "now" else _begin(begin)
        subscription = Subscription(identifier("adapter", adapter), filter, since)

        def begun(queue: Queue) -> None:
            queue.fence()
            queue.subscribe(subscription)
            if begin != "now":
                for body in queue.journal():
                    entry = Entry.read(body, self.events)
                    if entry.recorded_at >= since:
                        queue.queue_for(adapter, entry, instant(now))

        queued(self.store, begun)
        return subscription

    def unsubscribe(self, adapter: str) -> bool:
        """Queue nothing more for an adapter; what waits already stays. Whether there was a subscription."""
        return queued(self.store, lambda queue: queue.unsubscribe(adapter))

    def subscriptions(self) -> list[Subscription]:
        """Every subscription, by adapter."""
        with self.store.snapshot() as transaction:
            return Queue(transaction).subscriptions()

    def counts(self, late: timedelta = LATE) -> list[Count]:
        """How many entries wait for each adapter, how many for longer than `late`, how many are dead letters."""
        with self.store.read() as transaction:
            return Queue(transaction).counts(instant(self.world.clock() - late))

    def letters(
        self,
        *,
        adapter: str | None = None,
        dead: bool = False,
        late: timedelta | None = None,
        after: int = 0,
        limit: int = 50,
    ) -> list[Letter]:
        """What is on its way, oldest first, behind an id: all, an adapter's, only the dead, only the late."""
        before = None if late is None else instant(self.world.clock() - late)
        with self.store.read() as transaction:
            return Queue(transaction).letters(adapter=adapter, dead=dead, late=before, after=after, limit=limit)

    def letter(self, id: int) -> Letter:
        """One entry on its way. Raises LetterNotFound."""
        with self.store.read() as transaction:
            letter = Queue(transaction).letter(id)
        if letter is None:
            raise LetterNotFound(letter=id)
        return letter

    def retry(self, letter: int | None = None, *, adapter: str | None = None) -> int:
        """Have a dead letter delivered after all, or all of an adapter, which also goes on if it was stopped.

        How many letters. Raises LetterNotFound for one that is not there or not dead.
        """

        def again(queue: Queue) -> int:
            if adapter is not None:
                queue.stop(adapter, None)
            return queue.retry(instant(self.world.clock()), row=letter, adapter=adapter)

        return self._told("retried", letter, adapter, queued(self.store, again))

    def drop(self, letter: int | None = None, *, adapter: str | None = None) -> int:
        """Give up a dead letter, or all of an adapter: later entries of its case go on. The journal keeps the entry.

        How many letters. Raises LetterNotFound for one that is not there or not dead.
        """
        number = queued(self.store, lambda queue: queue.drop(row=letter, adapter=adapter))
        return self._told("dropped", letter, adapter, number)

    def _told(self, event: str, letter: int | None, adapter: str | None, number: int) -> int:
        if letter is not None and not number:
            raise LetterNotFound(letter=letter)
        _log.warning(f"letters_{event}", letter=letter, adapter=adapter, letters=number)
        return number


def _begin(begin: Begin) -> datetime:
    if begin == "first":
        return datetime.fromisoformat(_EPOCH)
    if not isinstance(begin, datetime) or begin.tzinfo is None:
        raise BadCommand(where="begin", expected="now, first or a time with its zone")
    return begin.astimezone(UTC)
