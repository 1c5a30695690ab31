"""Folded cases are kept under their heads: never stale, never too many, and always what their entries say."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from engine import BadJournal, Case, Engine, RulesUnknown, Shop, UnknownCommand, standard_catalogue
from engine import cases as kept
from engine.cases import Cases
from engine.events import repair_order as ro
from tests.support import ADVISOR, KIT, PURPOSE, arrive, engine_on

TICK = ro.WaitTick()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return engine_on(tmp_path)


@pytest.fixture
def shop(engine: Engine) -> Shop:
    shop = engine.shop("S1", profile="dpca")
    arrive(shop)
    return shop


def _load(cases: Cases, engine: Engine) -> Case:
    with engine.store.read() as transaction:
        return cases.load(transaction, transaction.case("S1", "RO-1"))


def _without_entries(folder: Path, until: int = 99) -> None:
    """Take the entries away, so that only the cache can know what they said."""
    with sqlite3.connect(folder / "shop.db") as connection:
        connection.execute("DELETE FROM gongdan_entry WHERE seq <= ?", (until,))
    connection.close()


def _case(number: int) -> Case:
    return Case("S1", f"RO-{number}", "repair_order", "0" * 64, "new")


def test_a_case_whose_head_is_current_is_not_read_again(engine: Engine, shop: Shop, tmp_path: Path):
    cases = Cases(standard_catalogue())
    case = _load(cases, engine)
    cases.remember(case)
    _without_entries(tmp_path)

    assert _load(cases, engine) is case


def test_a_case_whose_head_is_stale_is_folded_from_its_entries(engine: Engine, shop: Shop):
    cases = Cases(standard_catalogue())
    cases.remember(_load(cases, engine))
    shop.apply("RO-1", TICK, by=ADVISOR)

    assert _load(cases, engine) == shop.case("RO-1")
    assert _load(cases, engine).version == 3


def test_a_case_whose_head_is_stale_reads_only_the_entries_that_are_new(engine: Engine, shop: Shop, tmp_path: Path):
    cases = Cases(standard_catalogue())
    cases.remember(_load(cases, engine))
    shop.apply_all("RO-1", [TICK, PURPOSE], by=ADVISOR)
    _without_entries(tmp_path, until=2)

    assert _load(cases, engine) == shop.case("RO-1")


@pytest.mark.parametrize("written_since", [0, 1, 3])
def test_what_a_host_rolled_back_is_not_seen_again(shop: Shop, tmp_path: Path, written_since: int):
    with closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as host:
        host.execute("BEGIN IMMEDIATE")
        shop.apply_all("RO-1", [TICK, PURPOSE], by=ADVISOR, connection=host)
        host.execute("ROLLBACK")
    other = engine_on(tmp_path).shop("S1")
    for number in range(written_since):
        other.apply("RO-1", ro.WaitTick(acknowledged=True), by=ADVISOR, id=f"other-{number}")

    assert shop.case("RO-1") == other.case("RO-1")
    assert shop.case("RO-1").version == 2 + written_since


def test_a_case_whose_entries_are_gone_is_no_case(engine: Engine, shop: Shop, tmp_path: Path):
    _without_entries(tmp_path)

    with pytest.raises(BadJournal) as caught:
        _load(Cases(standard_catalogue()), engine)
    assert caught.value.facts == {"line": 1, "expected": "entry"}


def test_two_engines_on_one_database_see_each_others_facts(shop: Shop, tmp_path: Path):
    other = engine_on(tmp_path).shop("S1")
    other.apply("RO-1", PURPOSE, by=ADVISOR, id="other-1")
    shop.apply("RO-1", KIT, by=ADVISOR, id="mine-1")

    assert shop.case("RO-1") == other.case("RO-1")
    assert other.case("RO-1").state == "protected"


def test_a_folded_case_is_the_case_that_was_kept_while_it_was_written(engine: Engine, shop: Shop):
    shop.apply("RO-1", KIT, by=ADVISOR)
    shop.apply_all("RO-1", [PURPOSE, KIT], by=ADVISOR)
    shop.apply("RO-1", ro.ComplaintRecorded(symptom_id="s-1", customer_words="异响"), by=ADVISOR)

    folded = _load(Cases(standard_catalogue()), engine)
    assert folded == shop.case("RO-1")
    assert folded._by_kind == shop.case("RO-1")._by_kind


def test_the_least_recently_used_case_goes_first_and_the_number_is_bounded():
    cases = Cases(standard_catalogue())
    for number in (*range(kept._KEPT), 0, kept._KEPT, kept._KEPT + 1):
        cases.remember(_case(number))

    assert len(cases._folded) == kept._KEPT
    assert ("S1", "RO-0") in cases._folded
    assert ("S1", "RO-1") not in cases._folded
    assert ("S1", "RO-2") not in cases._folded
    assert ("S1", "RO-3") in cases._folded


def test_an_evicted_case_is_folded_again(engine: Engine, shop: Shop):
    cases = Cases(standard_catalogue())
    case = _load(cases, engine)
    cases.remember(case)
    for number in range(10, 10 + kept._KEPT):
        cases.remember(_case(number))

    again = _load(cases, engine)
    assert again == case
    assert again is not case


def test_rules_are_resolved_once_for_a_profile_and_built_once_for_a_digest(engine: Engine, shop: Shop):
    cases = Cases(standard_catalogue())
    digest = shop.case("RO-1").rules

    assert cases.decider_in_force("dpca", "repair_order") is cases.decider_in_force("dpca", "repair_order")
    assert cases.decider_in_force("dpca", "repair_order") is not cases.decider_in_force("lexus", "repair_order")
    with engine.store.read() as transaction:
        assert cases.decider_of(transaction, digest) is cases.decider_of(transaction, digest)


def test_an_unknown_workflow_has_no_rules():
    with pytest.raises(UnknownCommand) as caught:
        Cases(standard_catalogue()).decider_in_force("dpca", "wash")
    assert caught.value.facts == {"workflow": "wash", "name": "open", "expected": ["ledger", "repair_order"]}


GONE = "DELETE FROM gongdan_rules"
CHANGED = "UPDATE gongdan_rules SET body = CAST(replace(body, 'four-piece', 'five-piece') AS BLOB)"


@pytest.mark.parametrize("tampering", [GONE, CHANGED])
def test_a_case_whose_rules_are_gone_or_changed_is_not_answered_by_others(shop: Shop, tmp_path: Path, tampering: str):
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute(tampering)
    connection.close()
    reopened = engine_on(tmp_path).shop("S1")

    for ask in (lambda: reopened.apply("RO-1", TICK, by=ADVISOR, id="c-9"), lambda: reopened.case("RO-1")):
        with pytest.raises(RulesUnknown) as caught:
            ask()
        assert shop.case("RO-1").rules[:12] in caught.value.text.en
    assert len(reopened.entries("RO-1")) == 2
