"""Real processes for the tests: forked from one that has imported everything, each with a wire home.

Waits are bounded: what hangs fails its test.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from engine import standard_catalogue
from engine.store.statements import compiled

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "tests.conftest",
        "tests.test_crash",
        "tests.test_race",
        "tests.test_failures",
        "tests.test_paging",
        "tests.test_delivery_crash",
        "tests.test_outbox_race",
        "tests.benign",
    ]
)
SECONDS = 60
KILLED = -signal.SIGKILL

# Done once, in the process that forks.
for profile in ("base", "dpca"):
    standard_catalogue().rules(profile, "repair_order")
for dialect in ("sqlite", "postgresql"):
    compiled(dialect)


def started(target: Callable[..., None], *args: object) -> tuple[BaseProcess, Connection]:
    """A process at work, whose last argument is a wire to what is returned here."""
    here, there = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=target, args=(*args, there), daemon=True)
    process.start()
    there.close()
    return process, here


def ended(process: BaseProcess, wire: Connection) -> tuple[int | None, Any]:
    """The exit code of a process, and what it sent, if anything."""
    try:
        sent = wire.recv() if wire.poll(SECONDS) else None
    except EOFError:
        sent = None
    process.join(SECONDS)
    wire.close()
    return process.exitcode, sent


def in_a_process(target: Callable[..., None], *args: object) -> tuple[int | None, Any]:
    """Run to the end or to death."""
    return ended(*started(target, *args))
