"""What a shop answers without recording anything: explain, options, case, entries, find, and a fact by its name."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import Actor, BadCommand, Binding, CaseRow, Event, Page, Shop, UnknownCommand
from engine.events import repair_order as ro
from engine.events.common import ClauseWaived
from engine.listing import row_of
from engine.roles import Role
from engine.states.repair_order import WORKFLOW
from tests.support import ADVISOR, GUARD, KIT, MANAGER, PURPOSE, START, Clock, arrive, engine_on, protect

TICK = ro.WaitTick(acknowledged=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(tmp_path: Path, clock: Clock) -> Shop:
    return engine_on(tmp_path, clock).shop("S1", profile="dpca")


def _rows(folder: Path) -> list[str]:
    """The whole database as text."""
    with sqlite3.connect(folder / "shop.db") as connection:
        dump = list(connection.iterdump())
    connection.close()
    return dump


# --- explain ------------------------------------------------------------------------------------------------------

PUT: tuple[tuple[Event, Actor], ...] = (
    (TICK, ADVISOR),
    (TICK, GUARD),
    (PURPOSE, ADVISOR),
    (KIT, ADVISOR),
    (ro.KitFitted(), ADVISOR),
    (ro.OrderSigned(), ADVISOR),
    (ro.StaffEntered(kit_in_place=True), ADVISOR),
    (ro.WaitTick(corrects=2), ADVISOR),
    (ClauseWaived(refused_seq=3, clause="flow.role"), MANAGER),
)


@pytest.mark.parametrize(("facts", "by"), PUT)
def test_explain_is_what_apply_answers(shop: Shop, facts: Event, by: Actor):
    arrive(shop)

    explained = shop.explain("RO-1", facts, by=by)

    assert shop.apply("RO-1", facts, by=by) == explained


def test_explain_writes_nothing(shop: Shop, tmp_path: Path):
    arrive(shop)
    before = _rows(tmp_path)

    for facts, by in PUT:
        shop.explain("RO-1", facts, by=by)
    shop.explain("RO-1", ro.CustomerLeft(reason="不愿再等"), by=ADVISOR)
    assert _rows(tmp_path) == before


def test_explain_takes_the_same_times_as_apply(shop: Shop, clock: Clock):
    arrive(shop)
    clock.forward(minutes=31)

    explained = shop.explain("RO-1", TICK, by=ADVISOR, occurred_at=START)

    assert shop.apply("RO-1", TICK, by=ADVISOR, occurred_at=START) == explained
    assert [one.clause for one in explained.refusals] == ["flow.late"]


def test_explain_of_what_the_table_does_not_have_raises_what_apply_raises(shop: Shop):
    class Unheard(Event):
        pass

    arrive(shop)
    for ask in (shop.explain, shop.apply):
        with pytest.raises(UnknownCommand) as caught:
            ask("RO-1", Unheard(), by=ADVISOR)
        assert caught.value.facts["name"] == "unheard"


# --- options ------------------------------------------------------------------------------------------------------


def test_options_are_the_commands_of_the_table_in_this_state(shop: Shop):
    shop.open("RO-1", by=ADVISOR)

    (option,) = shop.options("RO-1", by=GUARD)

    assert (option.name, option.dest, option.allowed) == ("vehicle_checked_in", "arrived", True)
    assert (option.label.zh, option.label.en) == ("车辆进门", "Vehicle checked in")
    assert option.roles == {Role.SECURITY_GUARD, Role.GUIDE, Role.SERVICE_ADVISOR}


def test_options_say_whether_this_actor_may(shop: Shop):
    arrive(shop)

    allowed = {option.name for option in shop.options("RO-1", by=GUARD) if option.allowed}
    assert allowed == {"advisor_notified", "wait_tick"}
    assert "kit_fitted" in {option.name for option in shop.options("RO-1", by=ADVISOR) if option.allowed}


def test_options_list_the_clauses_that_bind_each_command_without_the_built_in_ones(shop: Shop):
    arrive(shop)

    clauses = {option.name: dict(option.clauses) for option in shop.options("RO-1", by=ADVISOR)}

    assert clauses["kit_fitted"]["protect.kit-four-piece"] is Binding.REFUSE
    assert "flow.role" not in clauses["wait_tick"]
    assert clauses["clause_waived"]["flow.waiver"] is Binding.REFUSE


def test_every_option_is_open_and_nothing_else_is(shop: Shop):
    protect(shop)
    names = {option.name for option in shop.options("RO-1", by=ADVISOR)}

    refused = shop.explain("RO-1", TICK, by=ADVISOR)
    assert refused.clauses == ("flow.not-open",)
    assert set(refused.refusals[0].facts["open"]) == names


def test_an_option_carries_the_form_of_its_command_with_personal_fields_marked(shop: Shop):
    arrive(shop)
    (left,) = (option for option in shop.options("RO-1", by=ADVISOR) if option.name == "customer_left")

    reason = left.schema["properties"]["reason"]
    assert {"type": "string", "maxLength": 4000, "x-personal": True} in reason["anyOf"]
    assert left.schema["additionalProperties"] is False


def test_an_ended_case_has_no_options(shop: Shop):
    arrive(shop)
    shop.apply("RO-1", ro.CustomerLeft(), by=ADVISOR)

    assert shop.case("RO-1").state == "cancelled"
    assert shop.options("RO-1", by=ADVISOR) == ()


# --- case and entries ---------------------------------------------------------------------------------------------


def test_a_case_is_its_history_of_facts(shop: Shop, clock: Clock):
    arrive(shop)
    clock.forward(minutes=5)
    shop.apply("RO-1", TICK, by=ADVISOR, occurred_at=START + timedelta(minutes=1))

    case = shop.case("RO-1")

    tick = case.the(ro.WaitTick)
    assert (tick.occurred_at, tick.recorded_at, tick.version) == (START + timedelta(minutes=1), clock.now, 3)
    assert [fact.event.kind for fact in case.history] == ["case_opened", "vehicle_checked_in", "wait_tick"]
    assert case.all(ro.WaitTick) == (tick,)
    assert case.last(ro.KitFitted) is None
    with pytest.raises(LookupError, match="kit_fitted"):
        case.the(ro.KitFitted)


def test_entries_are_every_answer_in_order_each_sealed_to_the_one_before(shop: Shop):
    arrive(shop)
    shop.apply("RO-1", KIT, by=ADVISOR)

    entries = shop.entries("RO-1")

    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert [entry.prev for entry in entries[1:]] == [entry.seal for entry in entries[:-1]]
    assert shop.case("RO-1").head == entries[-1].seal


# --- find ---------------------------------------------------------------------------------------------------------


def _walk(shop: Shop, **asked: object) -> list[CaseRow]:
    rows: list[CaseRow] = []
    page = shop.find(**asked)
    rows += page.rows
    while page.next is not None:
        page = shop.find(after=page.next, **asked)
        rows += page.rows
    return rows


@pytest.fixture(scope="module")
def shop_of_seven(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    engine = engine_on(tmp_path_factory.mktemp("seven"))
    engine.shop("S2").open("RO-5x", by=ADVISOR)
    shop = engine.shop("S1")
    for n in (3, 1, 7, 5, 2, 6, 4):
        shop.open(f"RO-{n}", by=ADVISOR)
    for n in (2, 3, 5):
        shop.apply(f"RO-{n}", ro.VehicleCheckedIn(), by=ADVISOR)
    return shop


@pytest.mark.parametrize("limit", range(1, 9))
def test_pages_walk_every_case_of_the_shop_once_by_id(shop_of_seven: Shop, limit: int):
    assert [row.id for row in _walk(shop_of_seven, limit=limit)] == [f"RO-{n}" for n in range(1, 8)]


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_pages_of_one_state_walk_its_cases_once(shop_of_seven: Shop, limit: int):
    assert [row.id for row in _walk(shop_of_seven, limit=limit, state="arrived")] == ["RO-2", "RO-3", "RO-5"]


def test_a_page_has_at_most_its_limit_and_the_last_one_has_no_next(shop_of_seven: Shop):
    assert shop_of_seven.find(limit=7).next is None
    page = shop_of_seven.find(limit=6)
    assert (len(page.rows), page.next) == (6, "RO-6")


def test_a_row_shows_where_its_case_stands(shop_of_seven: Shop):
    (row,) = shop_of_seven.find(after="RO-1", limit=1).rows

    assert row == row_of(shop_of_seven.case("RO-2"), WORKFLOW)
    assert row.state == "arrived"


def test_a_case_opened_behind_the_page_is_not_seen_twice(shop: Shop):
    for n in (2, 4, 6):
        shop.open(f"RO-{n}", by=ADVISOR)
    first = shop.find(limit=2)
    shop.open("RO-1", by=ADVISOR)
    shop.open("RO-5", by=ADVISOR)

    assert [row.id for row in shop.find(after=first.next).rows] == ["RO-5", "RO-6"]


def test_an_empty_shop_is_an_empty_page(shop: Shop):
    assert shop.find() == Page((), None)


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_a_limit_out_of_bounds_is_a_bad_command(shop: Shop, limit: int):
    with pytest.raises(BadCommand) as caught:
        shop.find(limit=limit)
    assert caught.value.facts == {"where": "limit", "expected": "1 to 100"}


def test_the_smallest_and_the_largest_limit_are_good(shop: Shop):
    assert shop.find(limit=1) == shop.find(limit=100)


# --- a fact by name -----------------------------------------------------------------------------------------------


def test_a_fact_by_name_is_the_typed_fact(shop: Shop):
    plain = {"purposes": ["repair"], "primary_purpose": "repair"}

    assert shop.fact("purpose_recorded", plain) == PURPOSE


@pytest.mark.parametrize("name", ["purpose_recorde", "PurposeRecorded"])
def test_a_misspelt_name_is_told_the_near_ones(shop: Shop, name: str):
    with pytest.raises(UnknownCommand) as caught:
        shop.fact(name, {})
    assert "purpose_recorded" in caught.value.facts["expected"]
    assert len(caught.value.facts["expected"]) <= 3


@pytest.mark.parametrize("name", ["", "xyz"])
def test_a_name_like_none_is_told_the_known_ones(shop: Shop, name: str):
    with pytest.raises(UnknownCommand) as caught:
        shop.fact(name, {})
    assert "purpose_recorded" in caught.value.facts["expected"]
    assert "wait_tick" in caught.value.facts["expected"]


def test_an_opening_is_no_command_to_put_by_name(shop: Shop):
    with pytest.raises(UnknownCommand) as caught:
        shop.fact("case_opened", {})
    assert "case_opened" not in caught.value.facts["expected"]


def test_a_fact_that_cannot_be_read_is_a_bad_command(shop: Shop):
    with pytest.raises(BadCommand) as caught:
        shop.fact("purpose_recorded", {"purposes": "repair"})
    assert caught.value.facts["where"] == "purpose_recorded.purposes"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(index=st.integers(0, len(PUT) - 1), minutes=st.integers(-40, 5))
def test_explain_and_apply_never_disagree_at_any_time(shop: Shop, index: int, minutes: int):
    if not shop.find().rows:
        arrive(shop)
    facts, by = PUT[index]
    at = START + timedelta(minutes=minutes)

    explained = shop.explain("RO-1", facts, by=by, occurred_at=at)

    assert shop.apply("RO-1", facts, by=by, occurred_at=at) == explained
