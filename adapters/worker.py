"""Worker: deliver until told to stop, each adapter in a thread of its own, so that a slow one delays no other.

Must live here: when to deliver. Must not be known here: how delivering is done, signals, the command line.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any

import structlog

from engine import Adapter, Delivered, Engine, StoreUnavailable

_log = structlog.get_logger("gongdan.delivery")

POLL_SECONDS = 1.0


def work(
    engine: Engine,
    adapters: Iterable[Adapter],
    stop: threading.Event,
    poll_seconds: float = POLL_SECONDS,
    also: Iterable[Callable[[threading.Event], None]] = (),
) -> Delivered:
    """Deliver to the adapters until `stop` is set; what was done by then. Any number of processes may do so at once.

    `also`: what else is done until then, each in a thread of its own, such as checkpoints. With nothing due a thread
    looks again after `poll_seconds`. A database that is away is waited for. Any other error ends the work: it is
    raised when every entry in hand has been finished.
    """
    carried, beside = [*adapters], [*also]
    with engine.observe(), ThreadPoolExecutor(max(len(carried + beside), 1), thread_name_prefix="gongdan") as threads:
        working = [threads.submit(_carry, engine, adapter, stop, poll_seconds) for adapter in carried]
        others = [threads.submit(one, stop) for one in beside]
        everything: list[Future[Any]] = [*working, *others]
        try:
            wait(everything, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
    for one in others:
        one.result()
    done = [one.result() for one in working]
    return Delivered(sum(one.delivered for one in done), sum(one.failed for one in done), sum(one.dead for one in done))


def _carry(engine: Engine, adapter: Adapter, stop: threading.Event, poll_seconds: float) -> Delivered:
    total = Delivered()
    while not stop.is_set():
        done = _delivered(engine, adapter, stop)
        total.delivered += done.delivered
        total.failed += done.failed
        total.dead += done.dead
        if not done.delivered:
            stop.wait(poll_seconds)
    return total


def _delivered(engine: Engine, adapter: Adapter, stop: threading.Event) -> Delivered:
    try:
        return engine.deliver([adapter], stop=stop.is_set)
    except StoreUnavailable as error:
        _log.warning("worker_waits", adapter=adapter.name, reason=error.facts["reason"])
        return Delivered()
