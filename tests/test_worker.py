"""The worker: each adapter in a thread of its own, a database that is away waited for, and an orderly end.

Receivers in this process are held by events; the command runs as a process whose receiver is a socket of the test's.
"""

from __future__ import annotations

import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import structlog

from adapters.bootstrap import bootstrap
from adapters.settings import GROUP
from adapters.worker import work
from engine import Delivered, Engine, Entry, Retry
from engine.events import repair_order as ro
from tests.processes import SECONDS
from tests.support import ADVISOR, gongdan
from tests.test_cli_process import run, start
from tests.test_delivery import Board, play
from tests.test_failures import own_database  # noqa: F401 - a fixture

EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)
CASES = ["RO-1", "RO-2"]
ALL = [(case, seq) for case in CASES for seq in (1, 2, 3)]


class Counting(Board):
    """Says when it has got so many different entries, and raises what it is told to instead of delivering."""

    def __init__(self, name: str, wanted: int = len(ALL), raising: BaseException | None = None) -> None:
        super().__init__(name)
        self.wanted = wanted
        self.raising = raising
        self.enough = threading.Event()

    def deliver(self, entry: Entry) -> None:
        if self.raising:
            raise self.raising
        super().deliver(entry)
        if len({*self.got}) >= self.wanted:
            self.enough.set()


class Held(Board):
    """Its receiver answers nothing until the test says so."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.entered, self.answer = threading.Event(), threading.Event()

    def deliver(self, entry: Entry) -> None:
        self.entered.set()
        assert self.answer.wait(SECONDS)
        super().deliver(entry)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Three entries on each of two cases wait for `board` and for `other`."""
    engine = bootstrap(f"sqlite:///{tmp_path}/shop.db", upgrade=True, synchronous="NORMAL")
    engine.subscribe("board")
    engine.subscribe("other")
    play(engine, *CASES)
    yield engine
    engine.store.close()


@dataclass
class Working:
    """A worker at work in threads of this process."""

    stop: threading.Event
    done: Future[Delivered]

    def ended(self) -> Delivered:
        """What it did, once it is told to stop."""
        self.stop.set()
        return self.done.result(SECONDS)


@contextmanager
def working(engine: Engine, *adapters: Any, poll: float = 0.01) -> Iterator[Working]:
    stop = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        try:
            yield Working(stop, thread.submit(work, engine, adapters, stop, poll))
        finally:
            stop.set()
            for held in adapters:
                if isinstance(held, Held):
                    held.answer.set()


def in_order(got: list[tuple[str, int]]) -> bool:
    """Each entry once, those of a case one after the other."""
    return len(set(got)) == len(got) and all(
        [seq for one, seq in got if one == case] == sorted(seq for one, seq in got if one == case) for case, _ in got
    )


def left(engine: Engine, adapter: str) -> int:
    return len(engine.outbox.letters(adapter=adapter, limit=1_000))


# --- in threads ------------------------------------------------------------------------------------------------------


def test_a_receiver_that_hangs_delays_only_its_own_adapter(engine):
    held, other = Held("board"), Counting("other")

    with working(engine, held, other) as worker:
        assert held.entered.wait(SECONDS)
        assert other.enough.wait(SECONDS)
        hanging = [*held.got]
        held.answer.set()
        done = worker.ended()

    assert hanging == []
    assert sorted(other.got) == ALL
    assert done == Delivered(delivered=len(held.got) + 6)


def test_a_receiver_that_fails_delays_only_its_own_adapter(engine):
    broken, other = Counting("board", raising=ConnectionError()), Counting("other")

    with working(engine, broken, other) as worker:
        assert other.enough.wait(SECONDS)
        assert worker.ended().delivered == 6

    assert sorted(other.got) == ALL
    assert left(engine, "board") == 6


def test_what_comes_while_it_works_is_delivered_too(engine):
    board = Counting("board", wanted=9)

    with working(engine, board) as worker:
        play(engine, "RO-3")
        assert board.enough.wait(SECONDS)

        assert worker.ended() == Delivered(delivered=9)

    assert in_order(board.got)


def test_what_is_put_off_is_tried_again_without_anything_new(engine):
    class Moody(Counting):
        def deliver(self, entry: Entry) -> None:
            if (entry.case, entry.seq) not in self.asked:
                self.asked.append((entry.case, entry.seq))
                raise ConnectionError
            super().deliver(entry)

    impatient = bootstrap(engine.store.url, retry=Retry(first=timedelta(milliseconds=10)))
    board = Moody("board")

    with working(impatient, board) as worker:
        assert board.enough.wait(SECONDS)

        assert worker.ended() == Delivered(delivered=6, failed=6)

    assert in_order(board.got)
    impatient.store.close()


def test_told_to_stop_it_finishes_the_entry_in_hand_and_gives_the_rest_back(engine):
    held = Held("board")

    with working(engine, held) as worker:
        assert held.entered.wait(SECONDS)
        worker.stop.set()
        held.answer.set()

        assert worker.done.result(SECONDS) == Delivered(delivered=1)

    board = Board("board")
    assert engine.deliver([board]) == Delivered(delivered=5)
    assert in_order(held.got + board.got)


def test_told_to_stop_before_it_began_it_delivers_nothing(engine):
    stop = threading.Event()
    stop.set()

    assert work(engine, [Board("board")], stop) == Delivered()


def test_without_adapters_there_is_nothing_to_do(engine):
    assert work(engine, [], threading.Event()) == Delivered()


class Broken(BaseException):
    """Nothing that an adapter should raise."""


def test_any_other_error_ends_the_work_and_is_raised_when_the_entries_in_hand_are_finished(engine):
    class Late(Counting):
        def deliver(self, entry: Entry) -> None:
            assert held.entered.wait(SECONDS)
            super().deliver(entry)

    held, broken = Held("board"), Late("other", raising=Broken())

    with working(engine, held, broken) as worker:
        assert worker.stop.wait(SECONDS)
        waits = not worker.done.done()
        held.answer.set()
        with pytest.raises(Broken):
            worker.done.result(SECONDS)

    assert waits
    assert len(held.got) == 1
    assert (left(engine, "board"), left(engine, "other")) == (5, 6)


# --- a database that is away -----------------------------------------------------------------------------------------


@dataclass
class Log:
    """What was logged, and whether a worker has said that it waits."""

    lines: list[Mapping[str, Any]] = field(default_factory=list)
    waits: threading.Event = field(default_factory=threading.Event)

    def keep(self, _logger: object, _name: str, line: dict[str, Any]) -> dict[str, Any]:
        self.lines.append(line)
        if line["event"] == "worker_waits":
            self.waits.set()
        raise structlog.DropEvent


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log()
    before = structlog.get_config()
    structlog.configure(processors=[structlog.stdlib.add_log_level, log.keep])
    yield log
    structlog.configure(**before)


def test_a_database_that_goes_away_and_comes_back_is_waited_for_and_logged(own_server, own_database, log):  # noqa: F811
    engine = bootstrap(own_database, upgrade=True)
    engine.subscribe("board")
    play(engine, "RO-1")
    board = Counting("board", wanted=3)

    with closing(engine.store), working(engine, board) as worker:
        assert board.enough.wait(SECONDS)
        own_server.stop()
        assert log.waits.wait(SECONDS)
        own_server.start()
        board.wanted, board.enough = 6, threading.Event()
        with closing(bootstrap(own_database).store) as store:
            play(Engine(store, engine.catalogue, engine.world), "RO-2")
        assert board.enough.wait(SECONDS)

        assert worker.ended().delivered >= 3

    assert sorted(set(board.got)) == ALL
    waited = [line for line in log.lines if line["event"] == "worker_waits"]
    assert {(line["adapter"], line["level"]) for line in waited} == {("board", "warning")}
    assert {line["reason"] for line in waited} <= {"connection", "unreachable", "stopping"}


def test_a_lock_that_is_not_to_be_had_is_waited_for_and_logged(tmp_path, log):
    engine = bootstrap(f"sqlite:///{tmp_path}/shop.db", upgrade=True, busy_seconds=0.05)
    engine.subscribe("board")
    play(engine, "RO-1")
    board = Counting("board", wanted=3)

    with closing(engine.store), working(engine, board) as worker:
        with engine.store.write():
            assert log.waits.wait(SECONDS)
        assert board.enough.wait(SECONDS)

        assert worker.ended() == Delivered(delivered=3)

    waited = [(line["adapter"], line["reason"]) for line in log.lines if line["event"] == "worker_waits"]
    assert set(waited) == {("board", "locked")}


# --- the command in this process -------------------------------------------------------------------------------------

COURIER = """
import os
import signal
import socket


class Courier:
    def __init__(self, name, port):
        self.name = name
        self.link = socket.create_connection(("127.0.0.1", port), timeout=60)

    def deliver(self, entry):
        self.link.sendall(f"{entry.case} {entry.seq}\\n".encode())
        if self.link.recv(3) != b"ok\\n":
            raise ConnectionError

    def close(self):
        self.link.close()


class Told:
    def __init__(self, name, told, whole=False):
        self.name, self.told, self.whole = name, told, whole

    def deliver(self, entry):
        told, self.told = self.told, 0  # once: a second signal would end the process, and 0 is none
        os.kill(os.getpid(), told) if self.whole or not told else signal.raise_signal(told)

    def close(self):
        print("closed")
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder with a package that brings the kinds `courier` and `told`."""
    folder = tmp_path / "site-packages"
    metadata = folder / "courier-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: courier\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\ncourier = courier:Courier\ntold = courier:Told\n")
    (folder / "courier.py").write_text(COURIER)
    return folder


@pytest.fixture
def here(packages: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package is installed for this process."""
    monkeypatch.syspath_prepend(packages)
    yield
    sys.modules.pop("courier", None)


@pytest.fixture
def handlers() -> Iterator[list[Any]]:
    """The signal handlers of before, which are those of after too."""
    before = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)]
    yield before
    assert [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)] == before


def settings(folder: Path, line: str) -> Path:
    file = folder / "gongdan.toml"
    file.write_text(f"[adapters]\n{line}\n")
    return file


def worker(folder: Path, line: str, *arguments: object) -> Any:
    return gongdan("worker", "--db", folder / "shop.db", "--settings", settings(folder, line), *arguments)


SIGNALS = pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])


@SIGNALS
def test_once_is_ended_by_a_signal_after_the_entry_in_hand(engine, tmp_path, here, handlers, told):
    result = worker(tmp_path, f'board = {{ kind = "told", told = {int(told)} }}', "--once")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "closed\n送达 delivered 1  失败 failed 0  死信 dead 0\n"
    assert left(engine, "board") == 5


@SIGNALS
def test_work_is_ended_by_a_signal_and_says_what_it_did(engine, tmp_path, here, handlers, told):
    line = f'board = {{ kind = "told", told = {int(told)}, whole = true }}'

    result = worker(tmp_path, line, "--json", "--poll", 600)

    assert (result.exit_code, result.stderr) == (0, "")
    closed, _, told_as_json = result.stdout.partition("\n")
    assert closed == "closed"
    done = json.loads(told_as_json)
    assert set(done) == {"delivered", "failed", "dead"}
    assert done["delivered"] == 6 - left(engine, "board")


def test_once_ends_by_itself_when_nothing_is_due(engine, tmp_path, here, handlers):
    engine.outbox.unsubscribe("other")

    result = worker(tmp_path, 'nobody = { kind = "told", told = 15 }', "--once")

    assert result.exit_code == 0
    assert "送达 delivered 0  失败 failed 0  死信 dead 0" in result.stdout


def test_the_settings_may_come_from_the_environment(engine, tmp_path, here, handlers, monkeypatch):
    file = settings(tmp_path, 'nobody = { kind = "told", told = 15 }')
    monkeypatch.setenv("GONGDAN_SETTINGS", str(file))

    assert gongdan("worker", "--once", "--db", tmp_path / "shop.db").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "kind", "code"),
    [
        ([], "Usage", 2),
        (["--settings", "{folder}/missing.toml"], "BadSettings", 1),
        (["--settings", "{folder}/fax.toml"], "BadSettings", 1),
        (["--settings", "{folder}/fax.toml", "--poll", "0"], "Usage", 2),
    ],
    ids=["none", "no file", "unknown kind", "no pause"],
)
def test_what_it_cannot_work_by_is_told_at_start(engine, tmp_path, arguments, kind, code):
    (tmp_path / "fax.toml").write_text('[adapters]\nboard = "fax"\n')
    given = [argument.format(folder=tmp_path) for argument in arguments]

    result = gongdan("worker", *given, "--db", tmp_path / "shop.db", "--json")

    assert (result.exit_code, result.stderr) == (code, "")
    assert json.loads(result.stdout)["error"]["type"] == kind
    assert left(engine, "board") == 6


def test_settings_that_name_no_adapter_are_told(engine, tmp_path):
    (tmp_path / "none.toml").write_text("[adapters]\n")

    result = gongdan("worker", "--once", "--settings", tmp_path / "none.toml", "--db", tmp_path / "shop.db")

    assert result.exit_code == 2
    assert "设置文件中没有适配器 / the settings file names no adapter" in result.stderr


def test_an_adapter_without_a_subscription_is_told_and_the_others_go_on(engine, tmp_path):
    (tmp_path / "two.toml").write_text('[adapters]\nboard = "console"\nnobody = "console"\n')

    result = gongdan("worker", "--once", "--settings", tmp_path / "two.toml", "--db", tmp_path / "shop.db")

    assert result.exit_code == 0
    assert "送达 delivered 6" in result.stdout
    assert result.stderr == "适配器 nobody 没有订阅：gongdan outbox subscribe / adapter nobody has no subscription\n"


def test_without_settings_it_says_how_to_give_them(engine, tmp_path):
    result = gongdan("worker", "--db", tmp_path / "shop.db")

    assert result.exit_code == 2
    assert "--settings FILE" in result.stderr
    assert "GONGDAN_SETTINGS" in result.stderr


# --- the command as a process ----------------------------------------------------------------------------------------


class Receiver(socketserver.ThreadingTCPServer):
    """Keeps each line; answers it, or leaves its sender waiting."""

    daemon_threads = True

    def __init__(self, *, answering: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.answering = answering
        self.lines: list[tuple[str, int]] = []
        self.senders = 0
        self.came = threading.Condition()

    def wait_for(self, number: int, senders: int = 1) -> None:
        """Until so many lines have come, and so many have connected."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.lines) >= number and self.senders >= senders, SECONDS)


class Handler(socketserver.StreamRequestHandler):
    server: Receiver

    def handle(self) -> None:
        with self.server.came:
            self.server.senders += 1
            self.server.came.notify_all()
        with suppress(ConnectionError):  # the sender was killed
            for line in self.rfile:
                case, seq = line.decode().split()
                with self.server.came:
                    self.server.lines.append((case, int(seq)))
                    self.server.came.notify_all()
                    self.server.came.wait_for(lambda: self.server.answering, SECONDS)
                self.wfile.write(b"ok\n")


@contextmanager
def receiving(*, answering: bool = True) -> Iterator[Receiver]:
    with Receiver(answering=answering) as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


@pytest.fixture
def process(packages: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts the real command, with `board` carried to a port; what is left of it at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(url: str, port: int, *arguments: object) -> subprocess.Popen[bytes]:
        file = settings(tmp_path, f'board = {{ kind = "courier", port = {port} }}')
        path = os.pathsep.join([str(Path(__file__).resolve().parent.parent), str(packages)])
        given = ("worker", "--db", url, "--settings", file, *arguments)
        started.append(start(*given, PYTHONPATH=path))
        return started[-1]

    yield begin
    for one in started:
        with one:
            one.kill()


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, err


@SIGNALS
def test_a_process_that_is_told_to_end_finishes_the_entry_in_hand_and_says_what_it_did(engine, process, told):
    with receiving(answering=False) as receiver:
        it = process(engine.store.url, receiver.port, "--json", "--poll", 600)
        receiver.wait_for(1)

        it.send_signal(told)
        with receiver.came:
            receiver.answering = True
            receiver.came.notify_all()
        code, out, err = ended(it)

    assert (code, err) == (0, b"")
    assert json.loads(out) == {"delivered": len(receiver.lines), "failed": 0, "dead": 0}
    assert left(engine, "board") == 6 - len(receiver.lines)
    board = Board("board")
    engine.deliver([board])
    assert in_order(receiver.lines + board.got)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@SIGNALS
def test_a_second_signal_ends_a_process_at_once(engine, process, told, second):
    with receiving(answering=False) as receiver:
        it = process(engine.store.url, receiver.port)
        receiver.wait_for(1)

        it.send_signal(told)
        while it.poll() is None:  # two signals that come together are one
            it.send_signal(second)
            with suppress(subprocess.TimeoutExpired):
                it.wait(0.05)
        code, out, _ = ended(it)
        with receiver.came:
            receiver.answering = True
            receiver.came.notify_all()

    assert code in {-told, -second}
    assert out == b""
    assert left(engine, "board") == 6


def test_once_delivers_what_is_due_and_ends(engine, process):
    with receiving() as receiver:
        code, out, err = ended(process(engine.store.url, receiver.port, "--once"))

    assert (code, err) == (0, b"")
    assert out.decode() == "送达 delivered 6  失败 failed 0  死信 dead 0\n"
    assert sorted(receiver.lines) == ALL
    assert in_order(receiver.lines)


def test_a_process_without_settings_ends_with_2(engine):
    code, out, err = run("worker", "--db", engine.store.url)

    assert (code, out) == (2, b"")
    assert "GONGDAN_SETTINGS" in err.decode()


@EITHER
def test_two_processes_side_by_side_deliver_everything_once_and_in_order(database, process):
    engine = bootstrap(database, upgrade=True)
    engine.subscribe("board")
    cases = [f"RO-{number}" for number in range(25)]
    play(engine, *cases[:20])

    with closing(engine.store), receiving() as receiver:
        pair = [process(database, receiver.port, "--json", "--poll", "0.01") for _ in range(2)]
        receiver.wait_for(1, senders=2)
        play(engine, *cases[20:])
        engine.shop("S1").apply("RO-0", ro.WaitTick(), by=ADVISOR)
        receiver.wait_for(76)
        for one in pair:
            one.send_signal(signal.SIGTERM)
        told = [ended(one) for one in pair]
        letters = engine.outbox.letters()

    assert [(code, err) for code, _, err in told] == [(0, b"")] * 2
    assert sum(json.loads(out)["delivered"] for _, out, _ in told) == 76
    assert len(receiver.lines) == 76
    assert in_order(receiver.lines)
    assert [len([*of]) for _, of in groupby(sorted(receiver.lines), key=lambda one: one[0])].count(3) == 24
    assert letters == []
