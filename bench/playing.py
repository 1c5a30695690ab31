"""The contenders of apply: one by one, ten in a commit, and by hand. Each plays the whole order, case beside case."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from itertools import count

import structlog

from bench.hand import ByHand, Scripted
from bench.order import ADVISOR, SHOP, STEPS
from bench.rounds import Contender
from engine import Shop

BATCH = 10
"""Cases in a commit."""
BATCH_MARK = 1.5


def only_warnings() -> None:
    """Log as a host would: a line below WARNING costs next to nothing."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING), cache_logger_on_first_use=True
    )


def one_by_one(shop: Shop, cases: int) -> Contender:
    """Plain data in, an answer out; a new set of cases at each call, all taken forward step by step."""
    numbers = count()

    def play() -> int:
        ids = [f"RO-{next(numbers)}" for _ in range(cases)]
        for case in ids:
            shop.open(case, by=ADVISOR)
        for step in STEPS:
            for case in ids:
                shop.apply(case, shop.fact(step.name, step.facts), by=ADVISOR)
        return cases * (1 + len(STEPS))

    return play


def ten_by_ten(shop: Shop, cases: int) -> Contender:
    """The same, ten cases in a commit."""
    numbers = count()

    def play() -> int:
        ids = [f"B-{next(numbers)}" for _ in range(cases)]
        groups = [ids[start : start + BATCH] for start in range(0, cases, BATCH)]
        for group in groups:
            batch = shop.batch()
            for case in group:
                batch.open(case, by=ADVISOR)
            batch.run()
        for step in STEPS:
            for group in groups:
                batch = shop.batch()
                for case in group:
                    batch.apply(case, shop.fact(step.name, step.facts), by=ADVISOR)
                batch.run()
        return cases * (1 + len(STEPS))

    return play


def by_hand(
    hand: ByHand, script: Sequence[Scripted], cases: int, *, shop: str = SHOP, enlisted: bool = True
) -> Contender:
    """The same answers, stored by hand in tables of the same shape; `enlisted` for their places in the log."""
    numbers = count()

    def play() -> int:
        ids = [f"H-{next(numbers)}" for _ in range(cases)]
        for said in script:
            for case in ids:
                hand.apply(shop, case, said, enlisted=enlisted)
        return cases * len(script)

    return play


def scripted(shop: Shop) -> Sequence[Scripted]:
    """What the engine answers at each step: it is played once, and written down."""
    shop.open("script", by=ADVISOR)
    listed = [_listed(shop)]
    clear: list[Sequence[tuple[str, str]]] = [()]
    for step in STEPS:
        fact = shop.fact(step.name, step.facts)
        shop.apply("script", fact, by=ADVISOR)
        listed.append(_listed(shop))
        clear.append(tuple((path, value.value or "") for path, value in fact.clear_values().items()))
    entries = [json.loads(entry.body) for entry in shop.entries("script")]
    return [Scripted(*said) for said in zip(entries, clear, listed, strict=True)]


def _listed(shop: Shop) -> tuple[str, bool, str | None, str | None]:
    """The columns of the case's row that lists select by."""
    row = shop.find(after="scrip", limit=1).rows[0]
    return row.state, row.is_open, row.advisor, row.promised_at
