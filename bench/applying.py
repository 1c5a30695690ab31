"""Apply against SQL by hand: the whole order, commit by commit, at both of SQLite's durable settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

from adapters.bootstrap import bootstrap
from bench.hand import ByHand
from bench.measure import Measure
from bench.order import ADVISOR, PROFILE, SHOP, STEPS
from bench.rounds import Contender, interleaved
from bench.sizes import Sizes
from engine import Engine, Text

MARK = 0.25
_SETTINGS = ("NORMAL", "FULL")


def applying(folder: Path, sizes: Sizes) -> list[Measure]:
    """Apply at NORMAL and at FULL, all four contenders in one interleaved run. Wall time."""
    contenders: dict[str, Contender] = {}
    for synchronous in _SETTINGS:
        engine = _engine(folder / f"engine-{synchronous}.db", synchronous)
        contenders[f"engine {synchronous}"] = _by_engine(engine, sizes.applied)
        contenders[f"hand {synchronous}"] = _by_hand(folder / f"hand-{synchronous}.db", synchronous, sizes.applied)
    rounds = interleaved(contenders, perf_counter, sizes.durable_rounds)
    return [
        Measure(
            key=f"apply_{synchronous.lower()}",
            name=Text(zh=f"提交一条事实，{synchronous}", en=f"apply, synchronous={synchronous}"),
            floor=Text(zh="手写 sqlite3，同样的语句 ÷ 引擎", en="hand-written sqlite3, same statements ÷ engine"),
            mark=MARK,
            at_least=True,
            ratios=rounds.ratios(f"hand {synchronous}", f"engine {synchronous}"),
            figures={
                "engine_us": rounds.micros(f"engine {synchronous}"),
                "floor_us": rounds.micros(f"hand {synchronous}"),
            },
        )
        for synchronous in _SETTINGS
    ]


def _engine(file: Path, synchronous: str) -> Engine:
    engine = bootstrap(f"sqlite:///{file}", synchronous=synchronous)
    engine.subscribe("log")
    return engine


def _by_engine(engine: Engine, cases: int) -> Contender:
    """Plain data in, an answer out; a new set of cases at each call, all taken forward step by step."""
    shop, numbers = engine.shop(SHOP, profile=PROFILE), count()

    def play() -> int:
        ids = [f"RO-{next(numbers)}" for _ in range(cases)]
        for case in ids:
            shop.open(case, by=ADVISOR)
        for step in STEPS:
            for case in ids:
                shop.apply(case, shop.fact(step.name, step.facts), by=ADVISOR)
        return cases * (1 + len(STEPS))

    return play


def _by_hand(file: Path, synchronous: str, cases: int) -> Contender:
    """The same answers, stored by hand in tables of the same shape."""
    scripted = _script(file, synchronous)
    hand, numbers = ByHand(file, synchronous), count()

    def play() -> int:
        ids = [f"RO-{next(numbers)}" for _ in range(cases)]
        for entry, clear in scripted:
            for case in ids:
                hand.apply(SHOP, case, entry, clear)
        return cases * len(scripted)

    return play


def _script(file: Path, synchronous: str) -> Sequence[tuple[dict[str, Any], list[tuple[str, str]]]]:
    """What the engine answers at each step, and which of its facts are personal. It leaves the tables behind."""
    engine = _engine(file, synchronous)
    shop = engine.shop(SHOP, profile=PROFILE)
    shop.open("script", by=ADVISOR)
    facts = [shop.fact(step.name, step.facts) for step in STEPS]
    for fact in facts:
        shop.apply("script", fact, by=ADVISOR)
    clear = [[], *([(path, value.value or "") for path, value in fact.clear_values().items()] for fact in facts)]
    bodies = [json.loads(entry.body) for entry in shop.entries("script")]
    engine.store.close()
    return list(zip(bodies, clear, strict=True))
