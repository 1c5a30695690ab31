"""Queue: what is subscribed and what is on its way out, inside one transaction.

Must live here: the meaning of each of their statements' parameters and rows. Must not be known here: adapters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from engine.canonical import canonical, instant, moment
from engine.errors import StoreUnavailable
from engine.journal import Entry
from engine.store.store import Store
from engine.store.transaction import LostRace, Transaction, queue_values
from engine.subscription import Filter, Subscription

_ATTEMPTS = 20

T = TypeVar("T")


class Parcel(NamedTuple):
    """An entry that was claimed for delivery."""

    id: int
    shop: str
    case: str
    attempts: int
    failing_since: str | None
    body: bytes


class Letter(NamedTuple):
    """A row of the outbox, as people look at it."""

    id: int
    adapter: str
    shop: str
    case: str
    seq: int
    attempts: int
    queued_at: str
    due_at: str
    failing_since: str | None
    error: str | None
    dead_at: str | None


class Count(NamedTuple):
    """How many rows wait for an adapter, how many of them for too long, how many are dead; since when the oldest."""

    adapter: str
    waiting: int
    late: int
    dead: int
    oldest: str | None


class Queue:
    """Subscriptions and the outbox, in a transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """In one that is under way."""
        self._transaction = transaction

    def fence(self) -> None:
        """Wait until every entry that is being written is there, and let nobody write until the end."""
        self._transaction.fence()

    def journal(self) -> Iterator[bytes]:
        """The body of every entry, case by case in order."""
        return (body for body, _ in self._transaction.all_entries())

    def subscribe(self, subscription: Subscription) -> None:
        """Queue what matches from now on; the adapter's filter before is gone."""
        items = [*subscription.filter.items()]
        self._transaction.run("delete_filters", adapter=subscription.adapter)
        self._transaction.run(
            "subscribe",
            adapter=subscription.adapter,
            fields=len({field for field, _ in items}),
            begins_at=instant(subscription.begins_at),
            stopped=subscription.stopped,
        )
        for field, value in items:
            self._transaction.run("insert_filter", adapter=subscription.adapter, field=field, value=value)

    def unsubscribe(self, adapter: str) -> bool:
        """Queue nothing more for an adapter; whether there was a subscription."""
        self._transaction.run("delete_filters", adapter=adapter)
        return bool(self._transaction.run("unsubscribe", adapter=adapter).rowcount)

    def subscriptions(self) -> list[Subscription]:
        """Every subscription, by adapter."""
        return [
            Subscription(adapter, self._filter(adapter), moment(begins_at), stopped)
            for adapter, begins_at, stopped in self._transaction.rows("subscriptions")
        ]

    def _filter(self, adapter: str) -> Filter:
        asked: dict[str, set[str]] = {}
        for field, value in self._transaction.rows("filters", adapter=adapter):
            asked.setdefault(field, set()).add(value)
        return Filter(**{field: frozenset(values) for field, values in asked.items()})

    def queue_for(self, adapter: str, entry: Entry, now: str) -> None:
        """Queue an earlier entry for one adapter, if it matches and does not wait already."""
        self._transaction.run("queue_for", adapter=adapter, **queue_values(entry, now))

    def stop(self, adapter: str, reason: str | None) -> bool:
        """Let an adapter rest for a reason, or go on when there is none; whether it has a subscription to note it."""
        return bool(self._transaction.run("stop", rests=adapter, stopped=reason).rowcount)

    def claim(self, adapter: str, claim: str, now: str, until: str, *, lanes: int, depth: int) -> list[Parcel]:
        """Take what is due for an adapter: of so many cases the oldest rows, case by case in order.

        Nobody else gets them before `until`.
        """
        heads = self._transaction.rows("claim", adapter=adapter, claim=claim, now=now, until=until, lanes=lanes)
        if not heads:
            return []
        rows = self._transaction.rows("claimed", ids=_json([id_ for (id_,) in heads]), depth=depth)
        return [Parcel(*row)._replace(body=bytes(row[-1])) for row in rows]

    def hold(self, parcel: Parcel, claim: str, until: str) -> None:
        """A row is first of its case now, and still belongs to the claim that took its case."""
        self._transaction.run("hold", row=parcel.id, claim=claim, until=until)

    def delivered(self, ids: Sequence[int]) -> None:
        """Rows arrived."""
        self._transaction.run("delivered", ids=_json([*ids]))

    def put_off(self, parcel: Parcel, *, due_at: str, failing_since: str, error: str, dead_at: str | None) -> None:
        """A row did not arrive: when to try again, or since when it is dead.

        Nothing, when somebody to whom the claim has passed has tried it by now.
        """
        self._transaction.run(
            "put_off",
            row=parcel.id,
            tried=parcel.attempts,
            due_at=due_at,
            failing_since=failing_since,
            error=error,
            dead_at=dead_at,
        )

    def release(self, claim: str, now: str) -> None:
        """Give back what was claimed and not tried."""
        self._transaction.run("release", round=claim, due_at=now)

    def letters(self, *, adapter: str | None, dead: bool, late: str | None, after: int, limit: int) -> list[Letter]:
        """Rows by id, behind one: of an adapter, the dead ones, those that wait since before a time."""
        rows = self._transaction.rows("letters", adapter=adapter, dead=int(dead), late=late, after=after, limit=limit)
        return [Letter(*row) for row in rows]

    def letter(self, id_: int) -> Letter | None:
        """One row."""
        row = self._transaction.row("letter", row=id_)
        return None if row is None else Letter(*row)

    def retry(self, now: str, *, row: int | None = None, adapter: str | None = None) -> int:
        """Have a dead row, or all of an adapter, tried anew; how many there were."""
        return int(self._transaction.run("retry", row=row, adapter=adapter, due_at=now).rowcount)

    def drop(self, *, row: int | None = None, adapter: str | None = None) -> int:
        """Give a dead row up, or all of an adapter; how many there were."""
        return int(self._transaction.run("drop", row=row, adapter=adapter).rowcount)

    def counts(self, late: str) -> list[Count]:
        """How the queues stand; late is what waits since before a time."""
        return [Count(*row) for row in self._transaction.rows("counts", late=late)]


def queued(store: Store, work: Callable[[Queue], T]) -> T:
    """Do some work on the queue in a transaction of its own, and again when it was lost to another's; bounded.

    Raises StoreUnavailable.
    """
    for _ in range(_ATTEMPTS):
        try:
            with store.write() as transaction:
                return work(Queue(transaction))
        except LostRace:
            continue
    raise StoreUnavailable(url=store.url, reason="collision")


def _json(value: list[Any]) -> str:
    return canonical(value).decode()
