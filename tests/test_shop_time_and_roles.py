"""The built-in clauses at their boundaries: when a thing happened, how late it was recorded, who may, what is open."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from engine import Accepted, Actor, Answer, BadCommand, Late, Personal, Refused, Shop
from engine.events import repair_order as ro
from engine.roles import Role
from tests.support import ADVISOR, GUARD, KIT, MANAGER, PURPOSE, START, Clock, arrive, engine_on

TICK = ro.WaitTick()
WHY = Late(Personal.clear("系统停机"), "PAPER-17")
CUSTOMER_RELATIONS = Actor("cr-1", "customer_relations")
LIMIT = timedelta(minutes=30)
A_BIT = timedelta(microseconds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(tmp_path: Path, clock: Clock) -> Shop:
    shop = engine_on(tmp_path, clock).shop("S1", profile="dpca")
    arrive(shop)
    return shop


def _clauses(answer: Answer) -> tuple[str, ...]:
    return answer.clauses if isinstance(answer, Refused) else ()


def _facts(answer: Answer, clause: str) -> dict[str, object]:
    assert isinstance(answer, Refused)
    (refusal,) = (one for one in answer.refusals if one.clause == clause)
    return dict(refusal.facts)


# --- late ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("delay", "clauses"), [(LIMIT, ()), (LIMIT + A_BIT, ("flow.late",))])
def test_an_entry_is_late_beyond_thirty_minutes_and_not_at_them(
    shop: Shop, clock: Clock, delay: timedelta, clauses: tuple[str, ...]
):
    happened = clock.forward(minutes=1)
    clock.now += delay

    assert _clauses(shop.apply("RO-1", TICK, by=ADVISOR, occurred_at=happened)) == clauses


def test_a_late_entry_says_how_late_and_who_may(shop: Shop, clock: Clock):
    clock.forward(minutes=45)

    answer = shop.apply("RO-1", TICK, by=ADVISOR, occurred_at=START)

    roles = ["service_advisor", "service_manager", "front_desk_supervisor"]
    assert _facts(answer, "flow.late") == {"minutes": 45, "limit": 30, "roles": roles}


@pytest.mark.parametrize("by", [ADVISOR, MANAGER])
def test_a_late_entry_with_reason_and_paper_by_a_listed_role_is_accepted(shop: Shop, clock: Clock, by: Actor):
    clock.forward(hours=3)

    answer = shop.apply("RO-1", TICK, by=by, occurred_at=START, late=WHY)

    assert isinstance(answer, Accepted)
    entry = shop.entries("RO-1")[-1]
    assert entry.command.late is not None
    assert entry.command.late.paper == "PAPER-17"
    assert entry.command.late.reason.ok


@pytest.mark.parametrize(
    ("by", "late"),
    [(CUSTOMER_RELATIONS, WHY), (ADVISOR, None), (ADVISOR, Late(Personal.clear("  "), "PAPER-17"))],
    ids=["another role", "nothing said", "an empty reason"],
)
def test_a_late_entry_without_one_of_the_three_is_refused(shop: Shop, clock: Clock, by: Actor, late: Late | None):
    clock.forward(hours=3)

    assert _clauses(shop.apply("RO-1", TICK, by=by, occurred_at=START, late=late)) == ("flow.late",)


@pytest.mark.parametrize("paper", ["", "PAPER 17", "单号"])
def test_a_paper_that_is_no_id_is_a_bad_command(paper: str):
    with pytest.raises(BadCommand) as caught:
        Late(Personal.clear("系统停机"), paper)
    assert caught.value.facts["where"] == "late.paper"


@pytest.mark.parametrize("text", ["x" * 4001, "\ud800"])
def test_a_reason_that_is_no_text_is_a_bad_command(text: str):
    with pytest.raises(BadCommand) as caught:
        Late(Personal.clear(text), "PAPER-17")
    assert caught.value.facts["where"] == "late.reason"


def test_a_reason_must_be_marked_as_personal():
    with pytest.raises(BadCommand):
        Late("系统停机", "PAPER-17")


def test_the_longest_reason_is_good():
    assert Late(Personal.clear("x" * 4000), "PAPER-17").reason.ok


# --- out of order -------------------------------------------------------------------------------------------------


def test_what_happens_later_than_now_is_refused_and_now_is_not(shop: Shop, clock: Clock):
    now = clock.forward(minutes=5)

    assert _clauses(shop.apply("RO-1", TICK, by=ADVISOR, occurred_at=now)) == ()
    assert _clauses(shop.apply("RO-1", TICK, by=ADVISOR, occurred_at=now + A_BIT)) == ("flow.out-of-order",)


def test_what_happened_before_the_last_move_is_refused_and_at_it_is_not(shop: Shop, clock: Clock):
    clock.forward(minutes=5)

    assert _clauses(shop.apply("RO-1", TICK, by=ADVISOR, occurred_at=START)) == ()
    assert _clauses(shop.apply("RO-1", TICK, by=ADVISOR, occurred_at=START - A_BIT)) == ("flow.out-of-order",)


def test_a_fact_that_moves_nothing_does_not_hold_up_an_earlier_one(shop: Shop, clock: Clock):
    clock.forward(minutes=5)
    shop.apply("RO-1", TICK, by=ADVISOR)

    assert _clauses(shop.apply("RO-1", TICK, by=ADVISOR, occurred_at=START + timedelta(minutes=1))) == ()


def test_the_last_move_counts_by_when_it_happened_not_when_it_was_recorded(shop: Shop, clock: Clock):
    clock.forward(minutes=20)
    shop.apply("RO-1", PURPOSE, by=ADVISOR)
    fitted_at = START + timedelta(minutes=5)
    shop.apply("RO-1", KIT, by=ADVISOR, occurred_at=fitted_at)

    assert shop.case("RO-1").moved_at == fitted_at
    entered = ro.StaffEntered(kit_in_place=True)
    assert _clauses(shop.apply("RO-1", entered, by=ADVISOR, occurred_at=fitted_at)) == ()


def test_the_answer_shows_all_three_times_in_utc(shop: Shop, clock: Clock):
    in_china = timezone(timedelta(hours=8))

    answer = shop.apply("RO-1", TICK, by=ADVISOR, occurred_at=datetime(2026, 11, 23, 9, 1, tzinfo=in_china))

    assert _facts(answer, "flow.out-of-order") == {
        "at": "2026-11-23T01:01:00.000000Z",
        "moved_at": "2026-11-23T01:00:00.000000Z",
        "recorded_at": "2026-11-23T01:00:00.000000Z",
    }


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 11, 23, 9),  # noqa: DTZ001 - that is the point
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-8))),
    ],
    ids=["no zone", "before the calendar", "after the calendar"],
)
def test_a_time_that_is_no_moment_in_utc_is_a_bad_command(shop: Shop, at: datetime):
    with pytest.raises(BadCommand) as caught:
        shop.apply("RO-1", TICK, by=ADVISOR, occurred_at=at)
    assert caught.value.facts == {"where": "occurred_at", "expected": "a time with its zone"}
    assert len(shop.entries("RO-1")) == 2


def test_a_time_of_the_first_centuries_is_refused_and_the_case_stays_readable(shop: Shop):
    answer = shop.apply("RO-1", TICK, by=ADVISOR, occurred_at=datetime(999, 1, 1, tzinfo=START.tzinfo))

    assert _clauses(answer) == ("flow.late", "flow.out-of-order")
    assert shop.entries("RO-1")[-1].command.occurred_at == datetime(999, 1, 1, tzinfo=START.tzinfo)


# --- the time of recording ----------------------------------------------------------------------------------------


def test_an_entry_is_never_recorded_earlier_than_its_predecessor(shop: Shop, clock: Clock):
    latest = clock.forward(minutes=10)
    shop.apply("RO-1", TICK, by=ADVISOR)
    clock.forward(minutes=-9)

    answer = shop.apply("RO-1", TICK, by=ADVISOR)
    assert isinstance(answer, Accepted)
    assert shop.explain("RO-1", PURPOSE, by=ADVISOR).version == 5
    shop.apply_all("RO-1", [TICK, TICK], by=ADVISOR)

    times = [entry.recorded_at for entry in shop.entries("RO-1")]
    assert times == [START, START, latest, latest, latest, latest]


# --- roles and open commands --------------------------------------------------------------------------------------


def test_a_role_outside_the_row_is_refused_and_told_who_may(shop: Shop):
    answer = shop.apply("RO-1", ro.PurposeRecorded(), by=GUARD)

    assert _facts(answer, "flow.role") == {
        "command": "purpose_recorded",
        "role": "security_guard",
        "roles": ["guide", "service_advisor"],
    }
    assert "保安" in answer.refusals[0].text.zh
    assert "service advisor" in answer.refusals[0].text.en


def test_a_role_that_no_table_knows_is_refused_not_a_mistake(shop: Shop):
    assert _clauses(shop.apply("RO-1", TICK, by=Actor("x-1", "astronaut"))) == ("flow.role",)


@pytest.mark.parametrize("role", list(Role))
def test_exactly_the_roles_of_the_row_may(shop: Shop, role: Role):
    (option,) = (option for option in shop.options("RO-1", by=ADVISOR) if option.name == "wait_tick")

    refused = _clauses(shop.apply("RO-1", TICK, by=Actor("x-1", role)))
    assert refused == (() if role in option.roles else ("flow.role",))


def test_what_is_not_open_is_refused_by_that_alone_and_told_what_is(shop: Shop):
    answer = shop.apply("RO-1", ro.OrderSigned(), by=GUARD)

    assert _clauses(answer) == ("flow.not-open",)
    facts = _facts(answer, "flow.not-open")
    assert (facts["command"], facts["state"]) == ("order_signed", "arrived")
    assert facts["open"] == [option.name for option in shop.options("RO-1", by=ADVISOR)]
    assert "签字" in answer.refusals[0].text.zh
    assert "Kit fitted" in answer.refusals[0].text.en


def test_in_an_end_state_nothing_is_open_and_the_answer_says_so(shop: Shop):
    shop.apply("RO-1", ro.CustomerLeft(), by=ADVISOR)

    answer = shop.apply("RO-1", TICK, by=ADVISOR)

    assert _facts(answer, "flow.not-open")["open"] == []
    assert "现在可进行：无" in answer.refusals[0].text.zh
    assert "open now: none" in answer.refusals[0].text.en


@pytest.mark.parametrize(("id_", "role"), [("", "service_advisor"), ("张三", "service_advisor"), ("sa-1", "服务顾问")])
def test_an_actor_is_an_opaque_id_and_a_code(id_: str, role: str):
    with pytest.raises(BadCommand):
        Actor(id_, role)
