"""Apply on PostgreSQL: against SQL by hand, ten in a commit, and from several processes at once. Wall time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from time import perf_counter

import psycopg

from adapters.bootstrap import bootstrap
from bench.hand import ByHand
from bench.measure import Comparison, Measure
from bench.order import PROFILE
from bench.playing import BATCH_MARK, by_hand, one_by_one, only_warnings, scripted, ten_by_ten
from bench.processes import PATIENCE, barrier, running
from bench.rounds import Contender, interleaved
from bench.server import analyze
from bench.sizes import Sizes
from engine import Shop, Text

MARK = 0.8
PROCESSES_MARK = 1.3


def on_postgresql(url: str, sizes: Sizes) -> Iterator[Measure]:
    """One client first, then several. All work in the same tables, each in a shop of its own."""
    bootstrap(url, upgrade=True).subscribe("log")
    yield from _one_client(url, sizes)
    yield _processes(url, sizes)


def _shop(url: str, shop: str) -> Shop:
    return bootstrap(url).shop(shop, profile=PROFILE)


# --- one client --------------------------------------------------------------------------------------------------


def _one_client(url: str, sizes: Sizes) -> Iterator[Measure]:
    script = scripted(_shop(url, "script"))
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        contenders = {
            "engine": one_by_one(_shop(url, "engine"), sizes.applied),
            "batch": ten_by_ten(_shop(url, "batch"), sizes.applied),
            "hand": by_hand(ByHand.on_postgresql(connection), script, sizes.applied),
        }
        rounds = interleaved(contenders, perf_counter, sizes.durable_rounds, warmed=partial(analyze, url))
    yield Comparison(rounds, "engine", "hand").at_least(
        MARK,
        "apply_postgresql",
        name=Text(zh="提交一条事实，PostgreSQL", en="apply, PostgreSQL"),
        floor=Text(zh="手写 psycopg，逐条语句 ÷ 引擎", en="hand-written psycopg, statement by statement ÷ engine"),
    )
    yield Comparison(rounds, "batch", "engine").at_least(
        BATCH_MARK,
        "batch_postgresql",
        name=Text(zh="十条一批，PostgreSQL", en="batch of ten, PostgreSQL"),
        floor=Text(zh="逐条提交 ÷ 成批提交", en="one by one ÷ in batches"),
    )


# --- several processes -------------------------------------------------------------------------------------------


def _processes(url: str, sizes: Sizes) -> Measure:
    """What each applies is the same, so time by command compares what all get done."""
    barriers = {parties: barrier(parties) for parties in {1, sizes.clients}}
    each = [(url, f"P{number}", sizes.applied, barriers) for number in range(sizes.clients)]
    with running(_client, each) as clients:
        contenders = {"one": _together(clients[:1]), "all": _together(clients)}
        rounds = interleaved(contenders, perf_counter, sizes.durable_rounds, warmed=partial(analyze, url))
    return Comparison(rounds, "all", "one").at_least(
        PROCESSES_MARK,
        "processes_postgresql",
        name=Text(
            zh=f"{sizes.clients} 个进程同时提交，PostgreSQL", en=f"{sizes.clients} processes at once, PostgreSQL"
        ),
        floor=Text(zh="全部进程的吞吐 ÷ 一个进程的吞吐", en="throughput of all ÷ of one process"),
    )


def _together(clients: Sequence[Connection]) -> Contender:
    def play() -> int:
        for client in clients:
            client.send(len(clients))
        return sum(client.recv() for client in clients)

    return play


def _client(url: str, shop: str, cases: int, barriers: Mapping[int, Barrier], told: Connection) -> None:
    """Plays when it is told how many do so at once."""
    only_warnings()
    play = one_by_one(_shop(url, shop), cases)
    while at_once := told.recv():
        barriers[at_once].wait(PATIENCE)
        told.send(play())
