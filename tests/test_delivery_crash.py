"""A real `kill -9` of whoever applies and whoever delivers, again and again: at least once, in order, nothing else.

Processes of their own apply and deliver; the receiver is a server in this one, which keeps what it is sent.
"""

from __future__ import annotations

import json
import os
import random
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from socket import create_connection

import pytest

from adapters.bootstrap import bootstrap, real_world
from adapters.worker import work
from engine import Engine, Entry, Retry
from engine.events import repair_order as ro
from engine.journal import seal
from tests.conftest import KILLS
from tests.processes import KILLED, SECONDS, ended, started
from tests.support import ADVISOR, Clock, world

pytestmark = pytest.mark.broad

EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)
ADAPTERS = ("steady", "moody")
APPLIERS, WORKERS = 2, 3
STEPS = (ro.KitFitted(), ro.VehicleCheckedIn(), *(ro.WaitTick() for _ in range(5)))


class Receiver(socketserver.ThreadingTCPServer):
    """Keeps each line that it is sent, and says so."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.first: dict[str, dict[tuple[str, str, int], None]] = {name: {} for name in ADAPTERS}
        self.lines = 0
        self.came = threading.Condition()

    def keep(self, line: str) -> None:
        name, seal_, case, seq = line.split()
        with self.came:
            self.first[name][seal_, case, int(seq)] = None
            self.lines += 1
            self.came.notify_all()

    def wait_for(self, lines: int) -> None:
        """Until so many more have come."""
        with self.came:
            enough = self.lines + lines
            assert self.came.wait_for(lambda: self.lines >= enough, SECONDS)

    def number(self, adapter: str) -> int:
        return len(self.first[adapter])

    def got(self, adapter: str) -> list[tuple[str, str, int]]:
        """Id, case and place of what came for an adapter, each at its first coming."""
        with self.came:
            return [*self.first[adapter]]


class Handler(socketserver.StreamRequestHandler):
    server: Receiver

    def handle(self) -> None:
        with suppress(ConnectionError):  # the sender was killed
            for line in self.rfile:
                if line.endswith(b"\n"):
                    self.server.keep(line.decode())
                    self.wfile.write(b"ok\n")


class Sender:
    """Sends each entry as a line, and waits until it is there; a moody one fails now and then, before or after."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.link = create_connection(("127.0.0.1", port), timeout=SECONDS)
        self.chance = random.Random(os.getpid())

    def deliver(self, entry: Entry) -> None:
        if self.name == "moody" and self.chance.random() < 0.05:
            raise ConnectionError
        self.link.sendall(f"{self.name} {entry.seal} {entry.case} {entry.seq}\n".encode())
        assert self.link.recv(3) == b"ok\n"
        if self.name == "moody" and self.chance.random() < 0.05:
            raise TimeoutError  # it has arrived, and this was not learned in time

    def close(self) -> None:
        self.link.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


IMPATIENT = Retry(
    first=timedelta(milliseconds=20), longest=timedelta(milliseconds=100), lease=timedelta(milliseconds=300)
)


def opened(url: str, clock: Clock | None = None) -> Engine:
    return bootstrap(url, synchronous="NORMAL", retry=IMPATIENT, world=real_world() if clock is None else world(clock))


def apply(url: str, shop: str, progress: Path, _wire: Connection) -> None:
    """Case after case, from where a process before was killed; what was answered already is answered the same."""
    desk = opened(url).shop(shop)
    number = int(progress.read_text() or 0) if progress.exists() else 0
    while True:
        case = f"{shop}-{number}"
        desk.open(case, by=ADVISOR, id=f"{case}-open")
        for step, fact in enumerate(STEPS):
            desk.apply(case, fact, by=ADVISOR, id=f"{case}-{step}")
        number += 1
        progress.write_text(str(number))


def deliver(url: str, port: int, _wire: Connection) -> None:
    work(opened(url), [Sender(name, port) for name in ADAPTERS], threading.Event(), 0.01)


def storm(url: str, receiver: Receiver, folder: Path, kills: int, entries: int) -> int:
    """Kill those at work at random, and put others in their places; how many kills."""
    crew: dict[int, Callable[[], tuple[BaseProcess, Connection]]] = {
        place: partial(started, apply, url, f"S{place}", folder / str(place)) for place in range(APPLIERS)
    } | {APPLIERS + place: partial(started, deliver, url, receiver.port) for place in range(WORKERS)}
    at_work = {place: start() for place, start in crew.items()}
    chance = random.Random(kills)
    killed = 0
    while killed < kills or receiver.number("steady") < entries:
        receiver.wait_for(chance.randrange(1, 40))
        place = chance.choice([*crew])
        gone(at_work[place])
        killed += 1
        at_work[place] = crew[place]()
    for each in at_work.values():
        gone(each)
    return killed + len(at_work)


def gone(process: tuple[BaseProcess, Connection]) -> None:
    process[0].kill()
    assert ended(*process)[0] == KILLED


def drained(engine: Engine, clock: Clock, receiver: Receiver) -> None:
    """Deliver what is left, whoever had claimed it, and whatever was put off."""
    with ExitStack() as stack:
        senders = [stack.enter_context(closing(Sender(name, receiver.port))) for name in ADAPTERS]
        while engine.outbox.letters(limit=1):
            clock.forward(minutes=1)
            engine.deliver(senders)


def survives(url: str, receiver: Receiver, folder: Path, kills: int, entries: int = 0) -> int:
    """How many kills were survived: all arrived, in order, and nothing else did."""
    clock = Clock(datetime.now(UTC))
    bootstrap(url, upgrade=True).store.close()
    engine = opened(url, clock)
    for name in ADAPTERS:
        engine.subscribe(name)
    killed = storm(url, receiver, folder, kills, entries)
    drained(engine, clock, receiver)
    journal = {(seal(body), *place(body)) for kind, body, _ in engine.export_journal() if kind == "entry"}
    for name in ADAPTERS:
        got = receiver.got(name)
        assert set(got) == journal
        for _, of_case in groupby(sorted(got, key=lambda one: one[1]), key=lambda one: one[1]):
            seqs = [seq for _, _, seq in of_case]
            assert seqs == list(range(1, len(seqs) + 1))
    assert len(journal) >= entries
    assert engine.audit().sound
    engine.store.close()
    return killed


def place(body: bytes) -> tuple[str, int]:
    entry = json.loads(body)
    return entry["case"], entry["seq"]


@EITHER
def test_who_is_killed_loses_nothing_and_keeps_the_order(database, receiver, tmp_path):
    assert survives(database, receiver, tmp_path, kills=20) >= 20


@pytest.mark.soak
@EITHER
def test_a_thousand_kills_lose_nothing_of_twenty_thousand_entries(database, receiver, tmp_path, record_property):
    killed = survives(database, receiver, tmp_path, kills=1_000, entries=20_000)

    record_property(KILLS, killed)
    assert killed >= 1_000
