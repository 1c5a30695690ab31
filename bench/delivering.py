"""Delivery: to an adapter that does nothing, against committed applies; and by two workers to one that takes its time.

What is delivered was queued before, once for each round, so that only delivering is timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

from adapters.bootstrap import bootstrap
from bench.measure import Comparison, Measure
from bench.order import ADVISOR, PROFILE
from bench.playing import one_by_one, only_warnings
from bench.processes import running
from bench.rounds import Contender, interleaved
from bench.sizes import Sizes
from engine import Engine, Entry, Shop, Text

MARK = 3.0
WORKERS_MARK = 1.7
_SECONDS_EACH = 0.005
_WORKERS = 2


class Null:
    """Does nothing, after a while."""

    def __init__(self, name: str, seconds: float = 0.0) -> None:
        """Named as the subscription is; `seconds` is how long one entry takes."""
        self.name = name
        self.seconds = seconds

    def deliver(self, entry: Entry) -> None:
        """Take an entry."""
        del entry
        if self.seconds:
            time.sleep(self.seconds)

    def close(self) -> None:
        """Nothing is held."""


def on_sqlite(folder: Path, sizes: Sizes) -> Measure:
    """On a file, every commit durable."""
    url = f"sqlite:///{folder / 'delivery.db'}"
    return _against_applies(bootstrap(url, upgrade=True), sizes, "sqlite", "SQLite FULL")


def on_postgresql(url: str, sizes: Sizes) -> Iterator[Measure]:
    """On a server: one worker that does nothing, then two that take their time."""
    yield _against_applies(bootstrap(url), sizes, "postgresql", "PostgreSQL")
    yield _side_by_side(url, sizes)


def _against_applies(engine: Engine, sizes: Sizes, key: str, where: str) -> Measure:
    names = _queued(engine, "null", sizes.durable_rounds, lambda shop: one_by_one(shop, sizes.applied)())
    engine.subscribe("log")
    contenders = {
        "apply": one_by_one(engine.shop("applies", profile=PROFILE), sizes.applied),
        "deliver": _to_the_next(names, lambda name: engine.deliver([Null(name)]).delivered),
    }
    rounds = interleaved(contenders, perf_counter, sizes.durable_rounds)
    return Comparison(rounds, "deliver", "apply").at_least(
        MARK,
        f"delivery_{key}",
        name=Text(zh=f"投递一条，{where}", en=f"deliver an entry, {where}"),
        floor=Text(zh="逐条提交的用时 ÷ 投递的用时", en="time of a committed apply ÷ of a delivery"),
    )


def _queued(engine: Engine, stem: str, rounds: int, play: Callable[[Shop], object]) -> list[str]:
    """Names of adapters, for each of which all that was played waits; one more than rounds, for the warming up."""
    names = [f"{stem}-{number}" for number in range(rounds + 1)]
    for name in names:
        engine.subscribe(name)
    play(engine.shop(stem, profile=PROFILE))
    for name in names:
        engine.outbox.unsubscribe(name)
    return names


def _to_the_next(names: Sequence[str], deliver: Callable[[str], int]) -> Contender:
    left = iter(names)
    return lambda: deliver(next(left))


# --- several workers -------------------------------------------------------------------------------------------------


def _side_by_side(url: str, sizes: Sizes) -> Measure:
    names = _queued(bootstrap(url), "slow", 2 * sizes.slow_rounds + 1, lambda shop: _arrivals(shop, sizes.slow))
    with running(_work, [(url,)] * _WORKERS) as workers:
        left = iter(names)
        contenders = {
            "one": lambda: _told(workers[:1], next(left)),
            "all": lambda: _told(workers, next(left)),
        }
        rounds = interleaved(contenders, perf_counter, sizes.slow_rounds)
    return Comparison(rounds, "all", "one").at_least(
        WORKERS_MARK,
        "workers_postgresql",
        name=Text(zh="两个投递进程，每条 5 毫秒，PostgreSQL", en="two workers, 5 ms an entry, PostgreSQL"),
        floor=Text(zh="两个的吞吐 ÷ 一个的吞吐", en="throughput of two ÷ of one"),
    )


def _arrivals(shop: Shop, cases: int) -> None:
    batch = shop.batch()
    for number in range(cases):
        batch.open(f"RO-{number}", by=ADVISOR)
    batch.run()


def _told(workers: Sequence[Connection], name: str) -> int:
    for worker in workers:
        worker.send(name)
    return sum(worker.recv() for worker in workers)


def _work(url: str, told: Connection) -> None:
    """Delivers all that waits for the adapter it is told."""
    only_warnings()
    engine = bootstrap(url)
    while name := told.recv():
        told.send(engine.deliver([Null(name, _SECONDS_EACH)]).delivered)
