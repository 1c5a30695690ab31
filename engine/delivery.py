"""Delivery: carry what waits in the outbox to its adapters, at least once, case by case in order.

Must live here: claiming, retrying with growing pauses, giving up loudly. Must not be known here: how an adapter
carries, when somebody delivers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

import structlog

from engine.canonical import instant, moment
from engine.errors import BadSettings, ReceiverGone, Undeliverable, Undelivered
from engine.events.event import Event
from engine.journal import Entry, seal
from engine.ports import Adapter, World
from engine.store import Parcel, Queue, Store, queued
from engine.telemetry import Delivering
from engine.text import Text

_log = structlog.get_logger("gongdan.delivery")

LANES = 20
"""So many cases are claimed at once: few enough that workers side by side get their share."""
DEPTH = 100
"""So many entries of a case at most."""
_UNWRITTEN = 100
_UNWRITTEN_FOR = timedelta(seconds=1)
_LONGEST_ERROR = 500
_SOME_TIME = Text(zh="大于零的时长", en="longer than no time")


@dataclass(frozen=True, slots=True)
class Retry:
    """When to try again: after `first`, then twice as long each time, at most `longest`; given up after `deadline`.

    A receiver that asks for more time gets it, up to `longest`. Pauses are shortened by up to a half, differently
    for each entry, so that what failed together does not come back together. `lease` is how long a worker has what
    it claimed: what it has not tried by then, perhaps because it was killed, is anybody's.
    """

    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=15)
    deadline: timedelta = timedelta(days=1)
    lease: timedelta = timedelta(minutes=1)

    def __post_init__(self) -> None:
        """Refuse pauses of no time, with which a delivery would never end."""
        for name in ("first", "longest", "deadline", "lease"):
            if getattr(self, name) <= timedelta(0):
                raise BadSettings(where=f"retry.{name}", expected=_SOME_TIME)

    def pause(self, attempts: int, spread: float, asked: float | None) -> timedelta:
        """How long to wait after so many earlier attempts; `spread` is between 0 and 1."""
        times = 2 ** min(attempts, 64)  # none waits as long as that
        doubled = self.longest if times >= self.longest / self.first else self.first * times
        return max(
            doubled * (1 - spread / 2), timedelta(seconds=min(self.longest.total_seconds(), max(0.0, asked or 0)))
        )


@dataclass(slots=True)
class Delivered:
    """What a delivery did."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0


def never() -> bool:
    """Deliver until nothing is due."""
    return False


@dataclass(frozen=True, slots=True)
class Delivery:
    """What delivering needs. Safe to share between threads."""

    store: Store
    world: World
    events: Mapping[str, type[Event]]
    retry: Retry

    def run(self, adapters: Iterable[Adapter], stop: Callable[[], bool] = never) -> Delivered:
        """Deliver to each adapter until nothing is due, or told to stop: then the entry in hand is finished."""
        done = Delivered()
        for adapter in adapters:
            while not stop() and _Round(self, adapter, stop, done).carried():
                pass
        return done


@dataclass(slots=True)
class _Round:
    """One claim of an adapter's entries, carried out."""

    delivery: Delivery
    adapter: Adapter
    stop: Callable[[], bool]
    done: Delivered
    claim: str = ""
    until: datetime = field(init=False)
    arrived: list[int] = field(default_factory=list)
    written_at: datetime = field(init=False)
    abandoned: bool = True
    gone: bool = False

    def carried(self) -> bool:
        """Claim and deliver; whether there was anything."""
        now = self.delivery.world.clock()
        self.claim = self.delivery.world.new_id()
        self.until, self.written_at = now + self.delivery.retry.lease, now
        parcels = queued(
            self.delivery.store,
            lambda queue: queue.claim(
                self.adapter.name, self.claim, instant(now), instant(self.until), lanes=LANES, depth=DEPTH
            ),
        )
        if parcels:
            try:
                self._carry(parcels)
            finally:
                self._write(release=self.abandoned)
        return bool(parcels)

    def _carry(self, parcels: list[Parcel]) -> None:
        """Case by case; a case whose entry fails is left, its later entries wait for it."""
        for _, lane in groupby(parcels, key=lambda one: (one.shop, one.case)):
            for parcel in lane:
                now = self.delivery.world.clock()
                if self.gone or self.stop() or now >= self.until:
                    return
                if len(self.arrived) >= _UNWRITTEN or now >= self.written_at + _UNWRITTEN_FOR:
                    self._write(hold=parcel)
                if not self._delivered(parcel):
                    break
        self.abandoned = False

    def _delivered(self, parcel: Parcel) -> bool:
        with self._handing(parcel) as delivering:
            try:
                entry = Entry.read(parcel.body, self.delivery.events)
                delivering.takes(entry)
                self.adapter.deliver(entry)
            except Exception as error:  # noqa: BLE001 - whatever a foreign adapter raises is a failed delivery, to be retried
                dead = self._failed(parcel, error)
                delivering.failed(error, dead=dead)
                return False
            delivering.delivered((self.delivery.world.clock() - entry.recorded_at).total_seconds())
        self.arrived.append(parcel.id)
        self.done.delivered += 1
        return True

    def _handing(self, parcel: Parcel) -> Delivering:
        return Delivering(
            self.adapter.name, shop=parcel.shop, case=parcel.case, letter=parcel.id, tried=parcel.attempts
        )

    def _write(self, *, hold: Parcel | None = None, release: bool = False) -> None:
        """Tick off what arrived; the next of its case, now the first there, is held, or somebody else would get it."""
        self.written_at = self.delivery.world.clock()

        def write(queue: Queue) -> None:
            queue.delivered(self.arrived)
            if hold:
                queue.hold(hold, self.claim, instant(self.until))
            if release:
                queue.release(self.claim, instant(self.written_at))

        queued(self.delivery.store, write)
        self.arrived.clear()

    def _failed(self, parcel: Parcel, error: Exception) -> bool:
        """Put it off; whether for good."""
        now = self.delivery.world.clock()
        since = moment(parcel.failing_since) if parcel.failing_since else now
        due = now + self._pause(parcel, error)
        self.gone = isinstance(error, ReceiverGone)
        hopeless = isinstance(error, Undeliverable) or due - since >= self.delivery.retry.deadline
        said = _said(error)

        def write(queue: Queue) -> bool:
            queue.delivered(self.arrived)  # or whoever takes over would begin before this one, and try it at once
            rests = self.gone and queue.stop(self.adapter.name, said)
            dead = not rests and (hopeless or self.gone)
            queue.put_off(
                parcel,
                due_at=instant(due),
                failing_since=instant(since),
                error=said,
                dead_at=instant(now) if dead else None,
            )
            return dead

        dead = queued(self.delivery.store, write)
        self.arrived.clear()
        self.done.failed += 1
        self.done.dead += dead
        self._tell(parcel, said, dead=dead)
        return dead

    def _pause(self, parcel: Parcel, error: Exception) -> timedelta:
        asked = error.retry_after if isinstance(error, Undelivered) else None
        spread = int(seal(parcel.body)[parcel.attempts % 60 :][:4], 16) / 0xFFFF
        return self.delivery.retry.pause(parcel.attempts, spread, asked)

    def _tell(self, parcel: Parcel, said: str, *, dead: bool) -> None:
        _log.log(
            logging.ERROR if dead else logging.WARNING,
            "delivery_failed",
            adapter=self.adapter.name,
            shop=parcel.shop,
            case=parcel.case,
            letter=parcel.id,
            attempts=parcel.attempts + 1,
            error=said,
            dead=dead,
        )


def _said(error: Exception) -> str:
    """What may be kept of a failure: what an adapter says on purpose, or the kind of any other exception.

    In letters that every database takes: a receiver may have had a hand in it.
    """
    said = error.reason if isinstance(error, Undelivered) else type(error).__name__
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in said[:_LONGEST_ERROR])
