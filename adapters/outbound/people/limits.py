"""Limits: quiet hours, how often somebody may be told, and who was told already; all within this process."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.outbound.people.rules import Limit, Quiet

MOST_KEPT = 10_000
"""Of how many addresses, and of how many messages, is remembered what they got; then the oldest are forgotten."""


def quiet_for(hours: Iterable[Quiet], channel: str, now: datetime, zone: ZoneInfo) -> float:
    """For how many seconds a channel still rests; 0 when it does not."""
    mine = (one for one in hours if not one.channels or channel in one.channels)
    return max((_left(one, now, zone) for one in mine), default=0.0)


def _left(hours: Quiet, now: datetime, zone: ZoneInfo) -> float:
    local = now.astimezone(zone)
    clock = local.time()
    over_midnight = hours.until < hours.since
    began = clock >= hours.since
    ends_later = clock < hours.until
    if not (began or ends_later if over_midnight else began and ends_later):
        return 0.0
    day = local.date() + timedelta(days=1 if over_midnight and began else 0)
    return (datetime.combine(day, hours.until, zone).astimezone(UTC) - now).total_seconds()


class Rate:
    """How many messages went to an address lately. Bounded."""

    def __init__(self, limit: Limit) -> None:
        """Nothing has gone out yet."""
        self._limit = limit
        self._sent: OrderedDict[Hashable, deque[datetime]] = OrderedDict()

    def wait(self, address: Hashable, now: datetime) -> float:
        """How many seconds until it may have another one; 0 for now."""
        sent = self._sent.get(address, deque())
        while sent and self._left(sent[0], now) <= 0:
            sent.popleft()
        return self._left(sent[0], now) if len(sent) >= self._limit.messages else 0.0

    def count(self, address: Hashable, now: datetime) -> None:
        """It got one."""
        self._sent.setdefault(address, deque()).append(now)
        self._sent.move_to_end(address)
        while len(self._sent) > MOST_KEPT:
            self._sent.popitem(last=False)

    def _left(self, sent: datetime, now: datetime) -> float:
        return self._limit.seconds - (now - sent).total_seconds()


class Told:
    """Which messages have gone out. Bounded, and gone with the process: then somebody may be told twice."""

    def __init__(self) -> None:
        """Nobody was told anything yet."""
        self._told: OrderedDict[Hashable, None] = OrderedDict()

    def __contains__(self, message: Hashable) -> bool:
        """Whether this message has gone out."""
        return message in self._told

    def add(self, message: Hashable) -> None:
        """It has."""
        self._told[message] = None
        while len(self._told) > MOST_KEPT:
            self._told.popitem(last=False)
