"""The bench runs: every measure is there, whatever its figures are; and its floor does what the engine does."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from adapters.bootstrap import bootstrap
from bench.__main__ import measured_on
from bench.hand import ByHand
from bench.order import PROFILE, SHOP
from bench.playing import by_hand, one_by_one, scripted, ten_by_ten
from bench.server import CannotStart
from bench.sizes import QUICK

pytestmark = pytest.mark.broad

ROOT = Path(__file__).parents[1]
MEASURES = {
    "delivery_sqlite",
    "apply_normal",
    "apply_full",
    "batch_normal",
    "batch_full",
    "find_first",
    "find_deep",
    "find_advisor",
    "find_role",
    "case",
    "decide",
    "audit",
    "audit_memory",
    "sequencer_sqlite",
    "pending_sqlite",
    "verify",
    "verify_bulk",
    "verify_memory",
    "checkpoint_growth",
    "checkpoint_growth_worst",
}
ON_POSTGRESQL = {
    "apply_postgresql",
    "batch_postgresql",
    "processes_postgresql",
    "delivery_postgresql",
    "workers_postgresql",
    "sequencer_postgresql",
    "pending_postgresql",
}
CASES = 10
TABLES = ("case", "entry", "personal", "outbox", "pending")


@pytest.fixture(scope="module")
def printed():
    """What the quick bench prints."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--json"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def test_the_bench_prints_every_measure_once(printed):
    is_left_out = "left out" in printed["postgresql"]

    names = [measure["measure"] for measure in printed["measures"]]

    assert sorted(names) == sorted(MEASURES if is_left_out else MEASURES | ON_POSTGRESQL)


def test_every_ratio_is_positive_and_lies_between_its_extremes(printed):
    for measure in printed["measures"]:
        assert 0 < measure["min"] <= measure["ratio"] <= measure["max"]


def test_every_measure_says_whether_its_mark_is_reached(printed):
    for measure in printed["measures"]:
        above, exact = measure["ratio"] > measure["mark"], measure["ratio"] == measure["mark"]

        assert measure["reached"] == (exact or above == measure["at_least"])


def test_without_a_server_postgresql_is_left_out_and_the_reason_is_printed():
    conditions = {}

    @contextmanager
    def nowhere():
        raise CannotStart("no programs")
        yield

    assert list(measured_on(nowhere, QUICK, conditions)) == []
    assert conditions == {"postgresql": "未测 left out: no programs"}


# --- the contenders do the same work -----------------------------------------------------------------------------


@contextmanager
def hand_on(url):
    """The floor on a database that has its tables."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(make_url(url).database, isolation_level=None)) as connection:
            yield ByHand.on_sqlite(connection, "NORMAL")
    else:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            yield ByHand.on_postgresql(connection)


def rows(engine):
    """How many rows each table has."""
    with engine.store.read() as transaction:
        return [transaction._cursor.execute(f"SELECT count(*) FROM gongdan_{table}").fetchone()[0] for table in TABLES]


@pytest.fixture
def engine(database):
    """An engine whose entries are queued, on each kind of database."""
    engine = bootstrap(database, upgrade=True)
    engine.subscribe("log")
    yield engine
    engine.store.close()


def test_what_the_hand_writes_is_what_the_engine_would_have_written(engine, database):
    script = scripted(engine.shop("script", profile=PROFILE))
    one_case = rows(engine)

    with hand_on(database) as hand:
        commands = by_hand(hand, script, CASES)()

    report = engine.audit()
    assert (report.sound, report.cases, report.entries) == (True, CASES + 1, commands + len(script))
    assert rows(engine) == [each * (CASES + 1) for each in one_case]


def test_a_batch_answers_and_writes_what_single_commands_do(engine):
    shop = engine.shop(SHOP, profile=PROFILE)
    commands = one_by_one(shop, CASES)()
    single = rows(engine)

    assert ten_by_ten(shop, CASES)() == commands
    assert rows(engine) == [each * 2 for each in single]
    assert engine.audit().sound
