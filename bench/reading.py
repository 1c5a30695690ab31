"""Lists and single cases against the bare rows on `sqlite3`, in a table of many cases. Processor time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from time import process_time
from typing import Any

from adapters.bootstrap import bootstrap
from bench.measure import Comparison, Measure
from bench.order import ADVISOR, PROFILE, SHOP, STEPS
from bench.rounds import Contender, interleaved
from bench.sizes import Sizes
from engine import CaseRow, Shop, Text
from engine.states.repair_order import WORKFLOW

MARK = 3.0
_PAGE = 50
_ADVISORS = 20
_PLAYED = 10
_COLUMNS = "case_id, workflow, rules, state, is_open, advisor, promised_at, seq, version, head, recorded_at"
_INSERT = f"INSERT INTO gongdan_case (shop, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ROW = f"SELECT {_COLUMNS} FROM gongdan_case WHERE shop = ? AND case_id = ?"
_ROWS = f"""
SELECT {_COLUMNS} FROM gongdan_case WHERE shop = ? AND case_id > ? AND {{where}} ORDER BY case_id LIMIT {_PAGE + 1}"""


@dataclass(frozen=True, slots=True)
class _List:
    """A list as a shop is asked for it, the condition of the same list by hand, and where its page begins."""

    key: str
    name: Text
    asked: Mapping[str, Any]
    where: str
    is_deep: bool = False


_OPEN = {"open": True}
_LISTS = (
    _List("find_first", Text(zh="列出 50 张未结工单，首页", en="50 open cases, first page"), _OPEN, "is_open = 1"),
    _List(
        "find_deep",
        Text(zh="列出 50 张未结工单，深页", en="50 open cases, deep page"),
        _OPEN,
        "is_open = 1",
        is_deep=True,
    ),
    _List(
        "find_advisor",
        Text(zh="列出一位顾问的 50 张未结工单", en="50 open cases of an advisor"),
        {"open": True, "advisor": "sa-7"},
        "advisor = 'sa-7' AND is_open = 1",
    ),
    _List(
        "find_role",
        Text(zh="列出等技师的 50 张工单", en="50 cases that wait for a technician"),
        {"role": "technician"},
        "is_open = 1 AND workflow = 'repair_order' AND state IN ('in-work', 'under-observation')",
    ),
)


def reading(folder: Path, sizes: Sizes) -> Iterator[Measure]:
    """Pages of lists, then one case that the engine has in its cache."""
    file = folder / "read.db"
    shop = bootstrap(f"sqlite:///{file}", upgrade=True, synchronous="OFF").shop(SHOP, profile=PROFILE)
    hand = sqlite3.connect(file, isolation_level=None)
    played = _played(shop)
    _fill(hand, shop.find(limit=1).rows[0], sizes.listed)
    for each in _LISTS:
        yield _list_measure(each, shop, hand, sizes)
    yield _case_measure(shop, hand, played, sizes)


def _played(shop: Shop) -> Sequence[str]:
    """Cases that have taken the whole order."""
    ids = [f"PL-{number}" for number in range(_PLAYED)]
    for case in ids:
        shop.open(case, by=ADVISOR)
        for step in STEPS:
            shop.apply(case, shop.fact(step.name, step.facts), by=ADVISOR)
    return ids


# --- many rows ---------------------------------------------------------------------------------------------------


def _fill(hand: sqlite3.Connection, model: CaseRow, cases: int) -> None:
    """Case rows as the engine writes them, in all states; three of five are open."""
    ends = sorted(WORKFLOW.ends)
    living = sorted({*map(str, WORKFLOW.states)}.difference(ends))
    hand.execute("BEGIN")
    hand.executemany(_INSERT, (_row(model, number, living, ends) for number in range(cases)))
    hand.execute("COMMIT")


def _row(model: CaseRow, number: int, living: Sequence[str], ends: Sequence[str]) -> CaseRow:
    is_open = number % 5 < 3
    states = living if is_open else ends
    return model._replace(
        id=_id(number),
        state=states[number // 5 % len(states)],
        is_open=is_open,
        advisor=f"sa-{number % _ADVISORS}",
    )


def _id(number: int) -> str:
    return f"RO-{number:06}"


# --- contenders --------------------------------------------------------------------------------------------------


def _list_measure(each: _List, shop: Shop, hand: sqlite3.Connection, sizes: Sizes) -> Measure:
    """Both read one page, over and over; the deep one begins behind five sixths of the cases."""
    after = _id(sizes.listed * 5 // 6) if each.is_deep else ""
    sql = _ROWS.format(where=each.where)

    def by_engine() -> int:
        for _ in range(sizes.pages):
            assert len(shop.find(**each.asked, after=after, limit=_PAGE).rows) == _PAGE
        return sizes.pages

    def by_hand() -> int:
        for _ in range(sizes.pages):
            assert len(hand.execute(sql, (SHOP, after)).fetchall()) > _PAGE
        return sizes.pages

    floor = Text(
        zh=f"引擎 ÷ 手写查询，共 {sizes.listed:,} 单", en=f"engine ÷ query by hand, among {sizes.listed:,} cases"
    )
    return _compared(by_engine, by_hand, sizes).at_most(MARK, each.key, each.name, floor)


def _case_measure(shop: Shop, hand: sqlite3.Connection, played: Sequence[str], sizes: Sizes) -> Measure:
    ids = [*islice(cycle(played), sizes.loaded)]

    def by_engine() -> int:
        for case in ids:
            assert shop.case(case).id == case
        return len(ids)

    def by_hand() -> int:
        for case in ids:
            assert hand.execute(_ROW, (SHOP, case)).fetchone()[0] == case
        return len(ids)

    return _compared(by_engine, by_hand, sizes).at_most(
        MARK,
        "case",
        name=Text(zh="读取一张工单，已在缓存", en="a case, folded before"),
        floor=Text(zh="引擎 ÷ 手写读取单据行", en="engine ÷ its row read by hand"),
    )


def _compared(by_engine: Contender, by_hand: Contender, sizes: Sizes) -> Comparison:
    rounds = interleaved({"engine": by_engine, "hand": by_hand}, process_time, sizes.short_rounds)
    return Comparison(rounds, "engine", "hand")
