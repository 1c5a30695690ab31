"""Lists, a page at a time: exactly the rows that pass every filter, in order, and none missed while others write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import cycle, product
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from multiprocessing.synchronize import Event as Signal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from adapters.bootstrap import bootstrap, real_world
from engine import CaseRow, Engine, Page, Shop, standard_catalogue
from engine.canonical import instant
from engine.events import repair_order as ro
from engine.store import schema
from tests.processes import FORKS, SECONDS, ended, started
from tests.support import ADVISOR, START, Clock, arrive, world

WORKFLOWS = standard_catalogue().workflows
LIMITS = range(1, 8)
OTHER = "parts_order"
"""A workflow that no role waits for: of another version, perhaps."""
TIMES = [START + timedelta(hours=hours) for hours in (-2, -1, 0, 1)]
KINDS: dict[str, list[Any]] = {
    "workflow": [None, "repair_order", OTHER],
    "state": [None, "arrived", "settled"],
    "role": [None, "service_advisor", "stranger"],
    "advisor": [None, "sa-1", "sa-2"],
    "open": [None, True, False],
    "promised_before": [None, TIMES[1], TIMES[3]],
    "late": [False, True],
}
"""What each filter is asked for."""

Filters = dict[str, Any]


# --- what a list should show -----------------------------------------------------------------------------------------


def row(shop: str, case: str, workflow: str, state: str, advisor: str | None, promised: datetime | None) -> CaseRow:
    ends = WORKFLOWS[workflow].ends if workflow in WORKFLOWS else {"settled"}
    return CaseRow(
        shop=shop,
        id=case,
        workflow=workflow,
        rules="r" * 64,
        state=state,
        is_open=state not in ends,
        advisor=advisor,
        promised_at=instant(promised) if promised else None,
        seq=3,
        version=2,
        head="h" * 64,
        recorded_at=instant(START),
    )


def passes(each: CaseRow, asked: Filters) -> bool:
    """What `Shop.find` promises of each filter, in Python."""
    befores = [asked["promised_before"], START if asked["late"] else None]
    return all(
        (
            asked["workflow"] in {None, each.workflow},
            asked["state"] in {None, each.state},
            asked["role"] is None
            or (each.workflow in WORKFLOWS and each.state in WORKFLOWS[each.workflow].waiting_for(asked["role"])),
            asked["advisor"] in {None, each.advisor},
            asked["open"] in {None, each.is_open},
            *(each.promised_at and each.promised_at < instant(before) for before in befores if before),
        )
    )


def pages(shop: Shop, limit: int, asked: Filters) -> Iterator[Page]:
    """Page after page, to the end; each begins behind the one before."""
    page = shop.find(limit=limit, **asked)
    yield page
    while page.next is not None:
        after = page.next
        page = shop.find(limit=limit, after=after, **asked)
        assert all(each.id > after for each in page.rows)
        yield page


def shows(shop: Shop, rows: list[CaseRow], limit: int, asked: Filters) -> None:
    """A list shows all rows of its shop that pass, by id, on pages that are full but for the last."""
    expected = sorted((each for each in rows if each.shop == shop.id and passes(each, asked)), key=lambda each: each.id)
    walked = [page.rows for page in pages(shop, limit, asked)]
    assert [each for page in walked for each in page] == expected
    assert {len(page) for page in walked[:-1]} <= {limit}
    assert walked[-1] or len(walked) == 1


def fill(engine: Engine, rows: list[CaseRow]) -> None:
    """These rows and no others."""
    with engine.store._engine.begin() as connection:
        connection.execute(delete(schema.case))
    with engine.store.write() as transaction:
        for each in rows:
            transaction.insert_case(each)


# --- any rows, any filters -------------------------------------------------------------------------------------------

STATES = {name: [str(state) for state in workflow.states] for name, workflow in WORKFLOWS.items()}
STATES[OTHER] = ["arrived", "settled"]
IDS = st.text("Aa0._:@/+-", min_size=1, max_size=3)
ROWS = st.lists(
    st.tuples(st.sampled_from(["S1", "S2"]), IDS, st.sampled_from([*STATES])).flatmap(
        lambda key: st.builds(
            row,
            *map(st.just, key),
            st.sampled_from(STATES[key[2]]),
            st.sampled_from(KINDS["advisor"]),
            st.sampled_from([None, *TIMES]),
        )
    ),
    unique_by=lambda each: (each.shop, each.id),
    max_size=20,
)
NOTHING: Filters = {name: values[0] for name, values in KINDS.items()}
ASKED = st.sets(st.sampled_from([*KINDS]), max_size=2).flatmap(
    lambda names: st.fixed_dictionaries({name: st.sampled_from(KINDS[name]) for name in names})
)
"""Few filters at once, so that there are many rows to page through; every combination of them has its test below."""


@pytest.fixture(scope="module")
def on_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("paging")
    engine = bootstrap(f"sqlite:///{folder}/shop.db", upgrade=True, world=world(Clock()), synchronous="OFF")
    yield engine
    engine.store.close()


@given(ROWS, ASKED, st.sampled_from(LIMITS))
@settings(deadline=None)
def test_a_list_shows_exactly_what_passes_its_filters(on_file, rows, asked, limit):
    fill(on_file, rows)

    shows(on_file.shop("S1"), rows, limit, {**NOTHING, **asked})


@pytest.mark.soak
@given(ROWS, ASKED, st.sampled_from(LIMITS))
@settings(deadline=None, max_examples=5_000)
def test_any_list_shows_exactly_what_passes_its_filters(on_file, rows, asked, limit):
    fill(on_file, rows)

    shows(on_file.shop("S1"), rows, limit, {**NOTHING, **asked})


def test_every_combination_of_filters_means_the_same_in_every_database(database):
    choices = product(["repair_order", OTHER], ["arrived", "in-work", "settled"], KINDS["advisor"], [None, *TIMES[:2]])
    signs = product("Aa", "0._:@/+-", "1Bb")
    rows = [row("S1", "".join(sign), *choice) for sign, choice in zip(signs, choices, strict=False)]
    assert len(rows) == 48
    with closing(bootstrap(database, upgrade=True, world=world(Clock())).store) as store:
        engine = Engine(store, standard_catalogue(), world(Clock()))
        fill(engine, rows)

        for values, limit in zip(product(*KINDS.values()), cycle(LIMITS), strict=False):
            shows(engine.shop("S1"), rows, limit, dict(zip(KINDS, values, strict=True)))


# --- while others write ----------------------------------------------------------------------------------------------

STAYING = [f"RO-{number:03}" for number in range(40)]
"""Cases that pass all the time, though their rows are written anew."""
WALKS = (
    {"open": True},
    {"state": "arrived"},
    {"advisor": "sa-1", "open": True},
    {"role": "service_advisor"},
    {"workflow": "repair_order", "state": "arrived", "open": True},
)
WRITERS = 3


def write(url: str, number: int, ready: Barrier, over: Signal, wire: Connection) -> None:
    """Open cases between the others, let them arrive and leave, and touch those that stay, until it is over."""
    engine = bootstrap(url, world=real_world(), synchronous="OFF")
    shop = engine.shop("S1")
    ready.wait(SECONDS)
    written = 0
    for turn, staying in enumerate(cycle(STAYING)):
        if over.is_set():
            break
        passing = f"{staying}-{number}-{turn}"
        arrive(shop, passing)
        shop.apply(staying, ro.WaitTick(), by=ADVISOR)
        shop.apply(passing, ro.CustomerLeft(), by=ADVISOR)
        written += 4
    engine.store.close()
    wire.send(written)


def walk(shop: Shop, asked: Filters) -> None:
    """All pages once: nothing that stays is missed, nothing comes twice, and all that is shown passes."""
    walked = [page.rows for page in pages(shop, 7, asked)]
    ids = [each.id for page in walked for each in page]
    assert set(STAYING) <= set(ids)
    assert ids == sorted(set(ids))
    assert max(map(len, walked)) <= 7
    wanted = {"is_open" if name == "open" else name: value for name, value in asked.items() if name != "role"}
    assert all(getattr(each, name) == value for page in walked for each in page for name, value in wanted.items())


def under_load(url: str, walks: int, meanwhile: Callable[[Shop], None]) -> int:
    """Walk all lists while processes write; how much they wrote."""
    engine = bootstrap(url, upgrade=True, world=real_world(), synchronous="OFF")
    for case in STAYING:
        arrive(engine.shop("S1"), case)
    ready, over = FORKS.Barrier(WRITERS + 1), FORKS.Event()
    running = [started(write, url, number, ready, over) for number in range(WRITERS)]
    try:
        ready.wait(SECONDS)
        for _ in range(walks):
            meanwhile(engine.shop("S1"))
    finally:
        over.set()
    ends = [ended(*each) for each in running]
    assert [exit_code for exit_code, _ in ends] == [0] * WRITERS
    assert engine.audit().sound
    engine.store.close()
    return sum(written for _, written in ends)


def walk_all(shop: Shop) -> None:
    for asked in WALKS:
        walk(shop, asked)


@pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)
def test_no_case_that_stays_is_missed_while_others_write(database):
    assert under_load(database, 5, walk_all) > 0


@pytest.mark.soak
def test_no_case_that_stays_is_ever_missed(database):
    assert under_load(database, 200, walk_all) > 0
