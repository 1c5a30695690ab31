"""Apply on SQLite: against SQL by hand, and ten in a commit against one, at both of its durable settings. Wall time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from adapters.bootstrap import bootstrap
from bench.hand import ByHand
from bench.measure import Comparison, Measure
from bench.order import PROFILE, SHOP
from bench.playing import BATCH_MARK, by_hand, one_by_one, scripted, ten_by_ten
from bench.rounds import Contender, interleaved
from bench.sizes import Sizes
from engine import Shop, Text

MARK = 0.4
_SETTINGS = ("NORMAL", "FULL")


def applying(folder: Path, sizes: Sizes) -> Iterator[Measure]:
    """Apply and batch at NORMAL and at FULL, all contenders in one interleaved run."""
    contenders: dict[str, Contender] = {}
    for setting in _SETTINGS:
        contenders |= _contenders(folder, setting, sizes.applied)
    rounds = interleaved(contenders, perf_counter, sizes.durable_rounds)
    for setting in _SETTINGS:
        yield Comparison(rounds, f"engine {setting}", f"hand {setting}").at_least(
            MARK,
            f"apply_{setting.lower()}",
            name=Text(zh=f"提交一条事实，SQLite {setting}", en=f"apply, SQLite {setting}"),
            floor=Text(zh="手写 sqlite3，同样的语句 ÷ 引擎", en="hand-written sqlite3, same statements ÷ engine"),
        )
        yield Comparison(rounds, f"batch {setting}", f"engine {setting}").at_least(
            BATCH_MARK,
            f"batch_{setting.lower()}",
            name=Text(zh=f"十条一批，SQLite {setting}", en=f"batch of ten, SQLite {setting}"),
            floor=Text(zh="逐条提交 ÷ 成批提交", en="one by one ÷ in batches"),
        )


def _contenders(folder: Path, setting: str, cases: int) -> dict[str, Contender]:
    """Each on a file of its own."""
    file = folder / f"hand-{setting}.db"
    script = scripted(_shop(file, setting))
    hand = ByHand.on_sqlite(sqlite3.connect(file, isolation_level=None), setting)
    return {
        f"engine {setting}": one_by_one(_shop(folder / f"engine-{setting}.db", setting), cases),
        f"batch {setting}": ten_by_ten(_shop(folder / f"batch-{setting}.db", setting), cases),
        f"hand {setting}": by_hand(hand, script, cases),
    }


def _shop(file: Path, setting: str) -> Shop:
    engine = bootstrap(f"sqlite:///{file}", upgrade=True, synchronous=setting)
    engine.subscribe("log")
    return engine.shop(SHOP, profile=PROFILE)
