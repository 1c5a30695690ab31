"""Selection: which entries of the log a bundle takes for its scope, and which personal values go along in clear.

Must live here: what it takes to prove a scope complete. Must not be known here: the form of a bundle, SQL.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from engine.canonical import instant
from engine.command import identifier
from engine.errors import BadCommand
from engine.states.ledger import LEDGER, LOG
from engine.store import Extract, Kept, LogEntry
from engine.text import Text

Opening = tuple[int, str]
"""A personal value that is asked for: the place of its entry, its field."""

_RECORDED_AT = re.compile(rb'"prev":"[0-9a-f]{64}","recorded_at":"([^"]{27})"')
_OF_A_SHOP = Text("某门店的单号（须同时给出门店）", "that of a case of a shop, which is given too")
_NO_TIME = Text("空缺：一张单整单导出", "left out: a case goes out whole")
_ZONED = Text("带时区的时间", "a time with its zone")
_LATER = Text("晚于起始时间", "later than the beginning")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a bundle is about: everything, a shop, a case, or the cases with entries recorded in a time.

    `since` is the first moment of that time, `until` the first after it. Raises BadCommand.
    """

    shop: str | None = None
    case: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what is no scope."""
        for name, value in (("shop", self.shop), ("case", self.case)):
            if value is not None:
                identifier(name, value)
        if self.case is not None and self.shop is None:
            raise BadCommand(where="case", expected=_OF_A_SHOP)
        if self.case is not None and self.has_time:
            raise BadCommand(where="since", expected=_NO_TIME)
        for name, time in (("since", self.since), ("until", self.until)):
            if time is not None and time.tzinfo is None:
                raise BadCommand(where=name, expected=_ZONED)
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise BadCommand(where="until", expected=_LATER)

    @property
    def has_time(self) -> bool:
        """Cases are chosen by when they have entries."""
        return self.since is not None or self.until is not None

    @property
    def is_whole(self) -> bool:
        """Nothing is left out."""
        return self == Scope()

    def document(self) -> dict[str, str | None]:
        """As a manifest says it."""
        since, until = (None if time is None else instant(time) for time in (self.since, self.until))
        return {"shop": self.shop, "case": self.case, "since": since, "until": until}


@dataclass(frozen=True, slots=True)
class Asked:
    """Personal values that are to go along in clear: those of some subjects, and those in some fields."""

    subjects: Sequence[str] = ()
    paths: Sequence[str] = ()

    def __bool__(self) -> bool:
        """Anything is asked for."""
        return bool(self.subjects or self.paths)


def selected(extract: Extract, scope: Scope, size: int, always: Iterable[int]) -> array[int]:
    """The places of the entries of a scope that is not the whole, and of these, in order.

    `size` is that of the checkpoint; its last entry records the heads, which cover the entries before it.
    """
    chosen = array("q", always)
    entries = extract.placed(scope.shop, scope.case, size - 1)
    for place, of_case in groupby(entries, attrgetter("shop", "case")):
        chosen.extend(_chosen(of_case, scope, place))
    return array("q", dict.fromkeys(sorted(chosen)))


def _chosen(entries: Iterator[LogEntry], scope: Scope, place: tuple[str, str]) -> Iterable[int]:
    """A case whole; one without an entry in the time asked for, by the entries next to it. The log's own is whole."""
    if not scope.has_time or place == (LOG, LEDGER):
        return [one.at for one in entries]
    since, until = (scope.document()[name] for name in ("since", "until"))
    times = [(_recorded_at(one.body), one.at) for one in entries]
    before = [index for time, index in times if since is not None and "" < time < since]
    after = [index for time, index in times if until is not None and time >= until]
    if len(before) + len(after) < len(times):
        return [index for _, index in times]
    return before[-1:] + after[:1]


def _recorded_at(body: bytes) -> str:
    """When an entry was recorded, as it is written; nothing when it is no entry, which then belongs to every time."""
    found = _RECORDED_AT.search(body)
    return found[1].decode() if found else ""


def asked_for(extract: Extract, scope: Scope, asked: Asked, places: Sequence[int]) -> list[Opening]:
    """The values that are asked for at these places, are there and may be used."""
    shops = extract.shops() if scope.shop is None else [scope.shop]
    return [
        (index, path)
        for shop in shops
        for index, path in extract.kept_of(shop, scope.case, asked.subjects, asked.paths)
        if _holds(places, index)
    ]


def opened(extract: Extract, openings: Iterable[Opening], places: Sequence[int]) -> Iterator[Kept]:
    """Those of the values that are still there and still may be used, by place and field."""
    wanted = frozenset(one for one in openings if _holds(places, one[0]))
    for kept in extract.kept_at(sorted({at for at, _ in wanted})):
        if (kept.at, kept.path) in wanted:
            yield kept


def _holds(places: Sequence[int], index: int) -> bool:
    """Whether a place is among places in order."""
    at = bisect_left(places, index)
    return at < len(places) and places[at] == index
