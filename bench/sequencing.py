"""What the log costs those who write: the sequencer beside them, and the row that each entry leaves for it. Wall time.

The sequencer works as the worker has it: a look each second, a checkpoint once 1,000 entries wait. Who writes alone
does so in a database of his own, so that no backlog of his is anybody's.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from time import perf_counter

import psycopg
from sqlalchemy import make_url

from adapters.bootstrap import bootstrap
from adapters.checkpointing import Checkpointing
from adapters.keys import generate
from bench.hand import ByHand
from bench.measure import Comparison, Measure
from bench.order import PROFILE
from bench.playing import by_hand, one_by_one, only_warnings, scripted
from bench.processes import PATIENCE, barrier, running
from bench.rounds import Contender, interleaved
from bench.server import analyze
from bench.sizes import Sizes
from engine import Engine, Text

MARK = 0.9
ROW_MARK = 1.15
_ON_A_FILE = 2
"""Processes that write to one file: more would only wait for each other."""


def on_sqlite(folder: Path, sizes: Sizes) -> Iterator[Measure]:
    """On files that do not wait for the disk at every commit, where the rest counts most."""
    urls = {name: f"sqlite:///{folder / name}.db" for name in ("alone", "sequenced")}
    yield _beside(urls, _ON_A_FILE, sizes, "sqlite", "SQLite NORMAL")
    file = folder / "row.db"
    engine = _engine(f"sqlite:///{file}")
    hand = ByHand.on_sqlite(sqlite3.connect(file, isolation_level=None), "NORMAL")
    yield _row(hand, engine, sizes, "sqlite", "SQLite NORMAL")


def on_postgresql(url: str, sizes: Sizes) -> Iterator[Measure]:
    """On a server that waits for its disk."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE DATABASE alone")
        connection.execute("CREATE DATABASE sequenced")
        urls = {name: make_url(url).set(database=name).render_as_string() for name in ("alone", "sequenced")}
        yield _beside(urls, sizes.clients, sizes, "postgresql", "PostgreSQL", partial(analyze, *urls.values()))
        yield _row(ByHand.on_postgresql(connection), _engine(url), sizes, "postgresql", "PostgreSQL")


def _engine(url: str) -> Engine:
    """A database with its tables, and somebody who subscribes."""
    engine = bootstrap(url, upgrade=True, synchronous="NORMAL")
    engine.subscribe("log")
    return engine


# --- the row ---------------------------------------------------------------------------------------------------------


def _row(hand: ByHand, engine: Engine, sizes: Sizes, key: str, where: str) -> Measure:
    """By hand, where nothing but that row makes the difference."""
    script = scripted(engine.shop("row", profile=PROFILE))
    contenders = {
        "with": by_hand(hand, script, sizes.applied, shop="with"),
        "without": by_hand(hand, script, sizes.applied, shop="without", enlisted=False),
    }
    rounds = interleaved(contenders, perf_counter, sizes.durable_rounds)
    return Comparison(rounds, "with", "without").at_most(
        ROW_MARK,
        f"pending_{key}",
        name=Text(zh=f"条目待编号的一行，{where}", en=f"the row for the log, {where}"),
        floor=Text(zh="手写：写此行 ÷ 不写", en="by hand: with that row ÷ without"),
    )


# --- the sequencer ---------------------------------------------------------------------------------------------------


def _beside(
    urls: Mapping[str, str],
    writers: int,
    sizes: Sizes,
    key: str,
    where: str,
    warmed: Callable[[], object] | None = None,
) -> Measure:
    for url in urls.values():
        _engine(url)
    together = barrier(writers)
    each = [(urls, f"P{number}", sizes.sequenced, together) for number in range(writers)]
    with running(_client, each) as clients, running(_sequence, [(urls["sequenced"],)]) as [sequencer]:
        contenders = {"alone": _writing(clients, "alone"), "sequenced": _sequenced(clients, sequencer)}
        rounds = interleaved(contenders, perf_counter, sizes.sequenced_rounds, warmed=warmed)
    return Comparison(rounds, "sequenced", "alone").at_least(
        MARK,
        f"sequencer_{key}",
        name=Text(zh=f"{writers} 个进程写，边写边定序，{where}", en=f"{writers} writers and a sequencer, {where}"),
        floor=Text(zh="有定序者时的写入吞吐 ÷ 没有时", en="their throughput with it ÷ without"),
    )


def _writing(clients: Sequence[Connection], database: str) -> Contender:
    def play() -> int:
        for client in clients:
            client.send(database)
        return sum(client.recv() for client in clients)

    return play


def _sequenced(clients: Sequence[Connection], sequencer: Connection) -> Contender:
    """It begins with what the last round left, and is timed until its last checkpoint is made."""
    write = _writing(clients, "sequenced")

    def play() -> int:
        sequencer.send("go")
        commands = write()
        sequencer.send("stop")
        sequencer.recv()
        return commands

    return play


def _client(urls: Mapping[str, str], shop: str, cases: int, together: Barrier, told: Connection) -> None:
    only_warnings()
    engines = {name: bootstrap(url, synchronous="NORMAL") for name, url in urls.items()}
    plays = {name: one_by_one(engine.shop(shop, profile=PROFILE), cases) for name, engine in engines.items()}
    while database := told.recv():
        together.wait(PATIENCE)
        told.send(plays[database]())


def _sequence(url: str, told: Connection) -> None:
    """Between `go` and `stop` make checkpoints by the worker's own loop; no clock, for only the entries count."""
    only_warnings()
    checkpointing = Checkpointing(
        bootstrap(url, synchronous="NORMAL"), [generate("bench.example/log")], clock=lambda: 0.0
    )
    while told.recv():
        stop = threading.Event()
        working = threading.Thread(target=checkpointing.run, args=(stop,))
        working.start()
        told.recv()
        stop.set()
        working.join()
        told.send("stopped")
