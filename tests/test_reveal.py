"""Personal values given out in clear: never without an entry in the shop's ledger, never after they were erased."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from structlog.testing import capture_logs

from adapters.bootstrap import bootstrap, real_world
from engine import (
    Actor,
    BadCommand,
    CaseNotFound,
    CommandConflict,
    Contended,
    Engine,
    Entry,
    GongdanError,
    Late,
    NotRevealed,
    Personal,
    Shop,
)
from engine.events import repair_order as ro
from engine.events.ledger import PersonalRevealed
from tests.processes import FORKS, SECONDS, ended, started
from tests.support import ADVISOR, AT_ONCE, MANAGER, START, Clock, arrive, engine_on, forget

EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)
PLATE = "粤B12345"
VIN = "LDC613P23A1234567"
WHY = "门店断网一小时"
GATE = ro.VehicleCheckedIn(license_plate=PLATE, vin=VIN, subject="person-7")
CUSTOMER = Actor("c-1", "customer")
ALL = 6


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> Engine:
    return engine_on(tmp_path, clock, retention=AT_ONCE)


@pytest.fixture
def shop(engine: Engine) -> Shop:
    """A shop with a case whose second entry has a plate and a VIN."""
    shop = engine.shop("S1", profile="dpca")
    arrived(shop)
    return shop


def arrived(shop: Shop) -> None:
    shop.open("RO-1", by=ADVISOR)
    shop.apply("RO-1", GATE, by=ADVISOR, id="gate-1")


def plate(shop: Shop, **other: Any) -> dict[str, str]:
    """Ask for the plate, for a call by the service advisor."""
    asked = {"paths": ["license_plate"], "by": ADVISOR, "to": "service_advisor", "purpose": "call", **other}
    return dict(shop.reveal(asked.pop("case_id", "RO-1"), asked.pop("seq", 2), asked.pop("paths"), **asked))


def ledger(shop: Shop) -> list[Entry]:
    """The entries of a ledger; none where there is no ledger."""
    try:
        return [*shop.entries("ledger")]
    except CaseNotFound:
        return []


# --- what is given and what is recorded ------------------------------------------------------------------------------


def test_a_value_is_given_in_clear_and_the_ledger_says_which_to_whom_and_what_for(engine: Engine, shop: Shop):
    given = plate(shop)

    opened, revealed = ledger(shop)
    assert given == {"license_plate": PLATE}
    assert (opened.workflow, opened.command.name, opened.state) == ("ledger", "case_opened", "recording")
    assert revealed.command.actor == ADVISOR
    assert revealed.command.facts == PersonalRevealed(
        case="RO-1", seq=2, paths=("license_plate",), to="service_advisor", purpose="call"
    )
    assert engine.audit().sound
    assert engine.rebuild() == 0


def test_a_ledger_is_opened_once_under_the_profile_of_the_shop(shop: Shop):
    plate(shop)
    plate(shop, by=MANAGER)

    opened, *revealed = ledger(shop)
    assert opened.command.facts.document() == {"profile": "dpca", "version": "2026.1"}
    assert [entry.command.actor for entry in revealed] == [ADVISOR, MANAGER]


def test_a_ledger_is_taken_up_where_it_stands_without_reading_all_of_it(
    engine: Engine, shop: Shop, tmp_path: Path, clock: Clock
):
    for _ in range(3):
        plate(shop)
        clock.forward(minutes=1)
    whole = shop.case("ledger")

    other = engine_on(tmp_path, clock).shop("S1", profile="dpca")
    anew = other.case("ledger")
    database = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    database.execute("UPDATE gongdan_entry SET body = 'unread' WHERE case_id = 'ledger' AND seq = 3")
    database.close()
    unread = engine_on(tmp_path, clock).shop("S1", profile="dpca")

    assert anew == whole
    assert (whole.seq, whole.history, whole.refused) == (4, (), {})
    assert plate(unread, id="r-9") == {"license_plate": PLATE}


def test_a_ledger_remembers_no_refusal_either(engine: Engine, shop: Shop):
    plate(shop)
    with pytest.raises(NotRevealed):
        plate(shop, by=CUSTOMER)

    assert (shop.case("ledger").seq, shop.case("ledger").version, shop.case("ledger").refused) == (3, 2, {})
    assert plate(shop) == {"license_plate": PLATE}
    assert engine.audit().sound
    assert engine.rebuild() == 0


def test_a_ledger_is_on_no_list_of_open_work(shop: Shop):
    plate(shop)

    assert [row.id for row in shop.find(open=True).rows] == ["RO-1"]
    assert [row.id for row in shop.find(workflow="ledger").rows] == ["ledger"]


def test_several_values_of_an_entry_are_one_record(shop: Shop):
    assert plate(shop, paths=["vin", "license_plate", "vin"]) == {"vin": VIN, "license_plate": PLATE}
    assert [entry.command.facts.paths for entry in ledger(shop)[1:]] == [("vin", "license_plate")]


def test_a_value_that_was_never_given_is_left_out(shop: Shop):
    shop.open("RO-2", by=ADVISOR)
    shop.apply("RO-2", ro.VehicleCheckedIn(license_plate=PLATE), by=ADVISOR)

    given = plate(shop, case_id="RO-2", paths=["license_plate", "vin"])

    assert given == {"license_plate": PLATE}
    assert ledger(shop)[1].command.facts.paths == ("license_plate",)


def test_the_reason_of_a_late_record_is_a_value_too(shop: Shop, clock: Clock):
    clock.forward(hours=1)
    late = Late(Personal.clear(WHY), "P-1")
    shop.apply("RO-1", ro.WaitTick(), by=ADVISOR, occurred_at=START + timedelta(minutes=1), late=late)

    assert plate(shop, seq=3, paths=["late.reason"]) == {"late.reason": WHY}


def test_the_values_of_a_refused_command_are_given_like_any_other(shop: Shop):
    shop.apply("RO-1", GATE, by=ADVISOR)

    assert plate(shop, seq=3) == {"license_plate": PLATE}


def test_after_forget_nothing_is_given_and_nothing_recorded(shop: Shop):
    plate(shop, id="r-1")
    shop.apply("RO-1", ro.CustomerLeft(reason=WHY), by=ADVISOR)
    assert forget(shop, "person-7").erased == 2
    before = ledger(shop)

    assert plate(shop) == plate(shop, id="r-1") == {}
    assert ledger(shop) == before


def test_where_there_is_nothing_to_give_no_ledger_is_opened(shop: Shop):
    arrive(shop, "RO-2")

    assert plate(shop, case_id="RO-2") == {}
    assert ledger(shop) == []


def test_no_value_is_in_the_journal_in_a_log_line_or_in_an_error(engine: Engine, shop: Shop):
    with capture_logs() as lines:
        plate(shop, id="r-1")
    with pytest.raises(CommandConflict) as conflict:
        plate(shop, id="r-1", to="cashier")
    journal = b"".join(body for _, body, _ in engine.export_journal()).decode()

    assert [line["event"] for line in lines] == ["accepted", "accepted"]
    assert "personal_revealed" in journal
    assert PLATE not in f"{lines}{conflict.value}{journal}"


# --- once for each command id ----------------------------------------------------------------------------------------


def test_the_same_command_again_gives_the_values_and_writes_no_second_record(shop: Shop):
    first = plate(shop, id="r-1")

    assert plate(shop, id="r-1") == first == {"license_plate": PLATE}
    assert len(ledger(shop)) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"by": MANAGER},
        {"to": "cashier"},
        {"purpose": "letter"},
        {"paths": ["license_plate", "vin"]},
        {"paths": ["vin"]},
        {"seq": 3},
        {"id": "gate-1"},
    ],
    ids=str,
)
def test_a_command_id_gives_nothing_but_what_it_was_recorded_for(shop: Shop, other: dict[str, Any]):
    shop.apply("RO-1", GATE, by=ADVISOR)
    plate(shop, id="r-1")

    with pytest.raises(CommandConflict):
        plate(shop, **{"id": "r-1", **other})
    assert len(ledger(shop)) == 2


# --- who may, and what can be asked ----------------------------------------------------------------------------------


def test_a_role_that_may_not_see_gets_nothing_and_the_attempt_is_recorded(engine: Engine, shop: Shop):
    with pytest.raises(NotRevealed, match="is not for the role customer") as first:
        plate(shop, by=CUSTOMER, id="r-1")
    with pytest.raises(NotRevealed) as again:
        plate(shop, by=CUSTOMER, id="r-1")

    _, refused = ledger(shop)
    assert (refused.accepted, refused.command.actor) == (False, CUSTOMER)
    assert str(again.value) == str(first.value)
    assert PLATE not in str(first.value)
    assert engine.audit().sound


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"paths": []}, "paths"),
        ({"paths": ["primary_purpose"]}, "paths"),
        ({"paths": ["车牌"]}, "personal_revealed.paths.0"),
        ({"seq": 0}, "seq"),
        ({"seq": 3}, "seq"),
        ({"to": "张 三"}, "personal_revealed.to"),
        ({"purpose": ""}, "personal_revealed.purpose"),
        ({"case_id": "粤B12345"}, "personal_revealed.case"),
    ],
)
def test_what_cannot_be_asked_for_is_a_mistake_and_leaves_nothing(shop: Shop, asked: dict[str, Any], where: str):
    with pytest.raises(BadCommand) as caught:
        plate(shop, **asked)

    assert caught.value.facts["where"] == where
    assert ledger(shop) == []


def test_a_case_that_is_not_there_has_no_values(shop: Shop):
    with pytest.raises(CaseNotFound):
        plate(shop, case_id="RO-9")
    assert ledger(shop) == []


@pytest.mark.parametrize(("case", "workflow"), [("ledger", "repair_order"), ("RO-2", "ledger")])
def test_the_id_of_the_ledger_is_for_the_ledger_and_for_nothing_else(shop: Shop, case: str, workflow: str):
    with pytest.raises(BadCommand) as alone:
        shop.open(case, by=ADVISOR, workflow=workflow)
    with pytest.raises(BadCommand):
        shop.batch().open(case, by=ADVISOR, workflow=workflow)

    assert alone.value.facts["where"] == "case"


# --- no value without its record -------------------------------------------------------------------------------------


def test_where_the_record_cannot_be_written_no_value_is_given(shop: Shop, tmp_path: Path):
    database = sqlite3.connect(tmp_path / "shop.db")
    database.execute(
        "CREATE TRIGGER closed BEFORE INSERT ON gongdan_entry WHEN new.case_id = 'ledger' "
        "BEGIN SELECT RAISE(ABORT, 'closed'); END"
    )
    database.close()

    with pytest.raises(Contended):
        plate(shop)
    assert ledger(shop) == []


@EITHER
def test_a_host_that_rolls_back_takes_the_record_with_it_and_may_ask_again(database: str):
    engine, host = bootstrap(database, upgrade=True, world=real_world()), create_engine(database)
    shop = engine.shop("S1")
    arrived(shop)

    with host.connect() as connection:
        connection.begin()
        dropped = plate(shop, id="r-1", connection=connection)
        connection.rollback()
    written = len(ledger(shop))
    with host.begin() as connection:
        kept = plate(shop, id="r-1", connection=connection)

    assert dropped == kept == {"license_plate": PLATE}
    assert (written, len(ledger(shop))) == (0, 2)
    host.dispose()
    engine.store.close()


# --- many at once ----------------------------------------------------------------------------------------------------


def reveal_in_a_process(url: str, number: int, same: bool, start: Barrier, wire: Connection) -> None:
    engine = bootstrap(url, world=real_world())
    start.wait(SECONDS)
    try:
        wire.send(plate(engine.shop("S1"), id="r" if same else f"r-{number}"))
    except GongdanError as error:
        wire.send(type(error).__name__)
    engine.store.close()


@EITHER
@pytest.mark.parametrize("same", [False, True], ids=["each its own command", "all one command"])
def test_processes_that_reveal_at_once_on_an_empty_ledger_open_it_once_and_record_each_command(
    database: str, same: bool
):
    engine = bootstrap(database, upgrade=True, world=real_world())
    shop = engine.shop("S1")
    arrived(shop)
    start = FORKS.Barrier(ALL)

    racing = [started(reveal_in_a_process, database, number, same, start) for number in range(ALL)]
    told = [ended(*each)[1] for each in racing]

    assert told == [{"license_plate": PLATE}] * ALL
    names = [entry.command.name for entry in ledger(shop)]
    assert names == ["case_opened", *["personal_revealed"] * (1 if same else ALL)]
    assert engine.audit().sound
    engine.store.close()


# --- the port of adapters --------------------------------------------------------------------------------------------


def test_an_adapter_reveals_in_its_own_name_once_for_an_entry_and_a_use(engine: Engine, shop: Shop):
    entry = shop.entries("RO-1")[1]
    reveal = engine.reveal_to("people")
    asked: Callable[..., Any] = lambda **use: reveal(entry, ["license_plate"], **use)  # noqa: E731

    twice = [asked(to="service_advisor", purpose="arrived") for _ in range(2)]
    other = asked(to="cashier", purpose="arrived")

    _, first, second = ledger(shop)
    assert [*twice, other] == [{"license_plate": PLATE}] * 3
    assert first.command.actor == second.command.actor == Actor("people", "system")
    assert [one.command.facts.to for one in (first, second)] == ["service_advisor", "cashier"]
    assert json.loads(first.body)["command"]["id"].startswith("reveal:")


def test_two_adapters_that_reveal_one_value_are_two_records(engine: Engine, shop: Shop):
    entry = shop.entries("RO-1")[1]

    for name in ("people", "board"):
        engine.reveal_to(name)(entry, ["license_plate"], to="service_advisor", purpose="arrived")

    assert [one.command.actor.id for one in ledger(shop)[1:]] == ["people", "board"]
