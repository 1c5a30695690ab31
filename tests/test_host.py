"""In a host's transaction: nothing is committed but by the host, and whatever it does, the journal stays whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from sqlalchemy import event, make_url
from sqlalchemy.orm import Session

from adapters.bootstrap import bootstrap
from engine import (
    Accepted,
    BadCommand,
    BadConnection,
    CaseExists,
    CaseNotFound,
    CommandConflict,
    Forgotten,
    GongdanError,
    OtherSchema,
    Personal,
    Refused,
    StaleVersion,
    Store,
    StoreUnavailable,
)
from engine.events import repair_order as ro
from engine.store.schema import REVISIONS
from tests.hosts import HOSTS, Floor, Host, django_database, floor_on, sqlalchemy_engine
from tests.support import ADVISOR, KIT, MANAGER, PURPOSE, TECHNICIAN, world

PLATE = ro.VehicleCheckedIn(license_plate=Personal.clear("粤B12345"))
TICK = ro.WaitTick()
NOT_OPEN = ro.OrderSigned()
"""Refused on a vehicle that has just arrived."""


@pytest.fixture
def floor(database: str) -> Iterator[Floor]:
    with floor_on(database) as floor:
        yield floor


EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)
"""Every kind of connection meets each kind of database once; the versions of PostgreSQL meet in the other tests."""


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest, floor: Floor) -> Iterator[Host]:
    with HOSTS[request.param](floor.url) as host:
        yield host


def answers(floor: Floor, connection: Any = None) -> list[tuple[str, bool]]:
    """What RO-1 was asked and answered."""
    return [(each.command.name, each.accepted) for each in floor.shop.entries("RO-1", connection=connection)]


ARRIVED = [("case_opened", True), ("vehicle_checked_in", True)]


# --- commit and rollback are the host's --------------------------------------------------------------------------


@EITHER
def test_answers_are_seen_inside_the_transaction_at_once_and_outside_after_the_commit(floor, host):
    shop, lent = floor.shop, host.connection
    host.visit()

    accepted = shop.apply("RO-1", PURPOSE, by=ADVISOR, connection=lent)
    refused = shop.apply("RO-1", NOT_OPEN, by=ADVISOR, connection=lent)
    moved = shop.apply("RO-1", KIT, by=ADVISOR, connection=lent)

    assert [type(each) for each in (accepted, refused, moved)] == [Accepted, Refused, Accepted]
    written = [*ARRIVED, ("purpose_recorded", True), ("order_signed", False), ("kit_fitted", True)]
    inside, outside = (
        [
            answers(floor, connection),
            shop.case("RO-1", connection=connection).state,
            [row.id for row in shop.find(state="protected", connection=connection).rows],
            "inspection_completed"
            in {option.name for option in shop.options("RO-1", by=ADVISOR, connection=connection)},
            type(shop.explain("RO-1", KIT, by=ADVISOR, connection=connection)),
        ]
        for connection in (lent, None)
    )
    assert inside == [written, "protected", ["RO-1"], True, Accepted]
    assert outside == [ARRIVED, "arrived", [], False, Refused]
    assert floor.visits() == 0

    host.commit()

    assert (answers(floor), floor.visits(), floor.is_clean()) == (written, 1, True)


@EITHER
def test_a_rollback_takes_the_answers_and_the_hosts_row(floor, host):
    host.visit()
    floor.shop.apply("RO-1", TICK, by=ADVISOR, connection=host.connection)
    floor.shop.apply("RO-1", NOT_OPEN, by=ADVISOR, connection=host.connection)

    host.rollback()

    assert (answers(floor), floor.visits()) == (ARRIVED, 0)
    assert isinstance(floor.shop.apply("RO-1", TICK, by=ADVISOR), Accepted)
    assert floor.is_clean()


@EITHER
def test_a_refusal_is_written_and_leaves_the_transaction_usable(floor, host):
    refused = floor.shop.apply("RO-1", NOT_OPEN, by=ADVISOR, connection=host.connection)
    host.visit()
    host.commit()

    assert isinstance(refused, Refused)
    assert answers(floor) == [*ARRIVED, ("order_signed", False)]
    assert floor.visits() == 1


@EITHER
def test_a_question_writes_nothing(floor, host):
    floor.shop.explain("RO-1", KIT, by=ADVISOR, connection=host.connection)
    floor.shop.options("RO-1", by=ADVISOR, connection=host.connection)
    host.commit()

    assert answers(floor) == ARRIVED


def _by_a_stale_version(floor: Floor, lent: Any) -> None:
    floor.shop.apply("RO-1", TICK, by=ADVISOR, expected=1, connection=lent)


def _by_a_used_id(floor: Floor, lent: Any) -> None:
    floor.shop.apply("RO-1", TICK, by=ADVISOR, id="used", connection=lent)
    floor.shop.apply("RO-1", PURPOSE, by=ADVISOR, id="used", connection=lent)


def _by_what_is_too_large(floor: Floor, lent: Any) -> None:
    """Found out only when the entry is made."""
    line = ro.StatementLineListed.read({"line_id": "L1", "amount": "1.00"})
    floor.shop.apply("RO-1", line.model_copy(update={"line_id": "L" * 70_000}), by=ADVISOR, connection=lent)


MISTAKES: dict[type[GongdanError], Callable[[Floor, Any], object]] = {
    CaseNotFound: lambda floor, lent: floor.shop.apply("RO-9", TICK, by=ADVISOR, connection=lent),
    CaseExists: lambda floor, lent: floor.shop.open("RO-1", by=ADVISOR, connection=lent),
    StaleVersion: _by_a_stale_version,
    CommandConflict: _by_a_used_id,
    BadCommand: _by_what_is_too_large,
}


@EITHER
def test_a_mistake_is_raised_and_the_hosts_work_stays(floor, host):
    host.visit()

    for mistake, make in MISTAKES.items():
        with pytest.raises(mistake):
            make(floor, host.connection)
        host.visit()

    assert isinstance(floor.shop.apply("RO-1", PURPOSE, by=ADVISOR, connection=host.connection), Accepted)
    host.commit()
    assert (floor.visits(), floor.is_clean()) == (1 + len(MISTAKES), True)
    assert answers(floor) == [*ARRIVED, ("wait_tick", True), ("purpose_recorded", True)]


@EITHER
def test_one_transaction_holds_commands_of_every_sort(floor, host):
    shop, lent = floor.shop, host.connection

    shop.open("RO-2", by=ADVISOR, connection=lent)
    shop.apply("RO-2", PLATE, by=ADVISOR, connection=lent)
    shop.apply_all("RO-2", [PURPOSE, KIT], by=ADVISOR, connection=lent)
    batch = shop.batch()
    batch.open("RO-3", by=ADVISOR)
    batch.apply("RO-3", PLATE, by=TECHNICIAN)
    batch.apply("RO-9", PLATE, by=ADVISOR)
    outcomes = batch.run(connection=lent)
    erased = shop.forget("RO-2", by=MANAGER, reason="asked", connection=lent)
    host.visit()
    host.commit()

    assert [type(each) for each in outcomes] == [Accepted, Refused, CaseNotFound]
    assert erased == Forgotten(erased=0, restricted=1, until=None, held=False)
    assert {row.id: row.state for row in shop.find().rows} == {
        "RO-1": "arrived",
        "RO-2": "protected",
        "RO-3": "new",
        "ledger": "recording",
    }
    assert floor.outside("SELECT count(*) FROM gongdan_restricted") == 1
    assert (floor.visits(), floor.is_clean()) == (1, True)


@EITHER
def test_of_several_facts_a_refused_one_lets_none_be_written_and_the_transaction_goes_on(floor, host):
    host.visit()
    *_, last = floor.shop.apply_all("RO-1", [PURPOSE, NOT_OPEN], by=ADVISOR, connection=host.connection)
    host.commit()

    assert isinstance(last, Refused)
    assert (answers(floor), floor.visits()) == (ARRIVED, 1)


@EITHER
def test_the_same_command_again_gets_its_recorded_answer_before_and_after_the_commit(floor, host):
    told = [floor.shop.apply("RO-1", TICK, by=ADVISOR, id="t", connection=host.connection) for _ in range(2)]
    host.commit()
    told.append(floor.shop.apply("RO-1", TICK, by=ADVISOR, id="t", connection=host.connection))

    assert [answer.seq for answer in told] == [3, 3, 3]
    assert len(answers(floor)) == 3


# --- what a host rolls back misleads nobody ----------------------------------------------------------------------


@EITHER
def test_a_savepoint_of_the_hosts_that_is_rolled_back_leaves_what_was_before_it(floor, host):
    shop, lent = floor.shop, host.connection
    host.visit()
    shop.apply("RO-1", TICK, by=ADVISOR, connection=lent)
    host.execute("SAVEPOINT before")
    shop.apply_all("RO-1", [PURPOSE, KIT], by=ADVISOR, connection=lent)
    shop.open("RO-2", by=ADVISOR, connection=lent)

    host.execute("ROLLBACK TO SAVEPOINT before")

    assert answers(floor, lent) == [*ARRIVED, ("wait_tick", True)]
    assert [row.id for row in shop.find(connection=lent).rows] == ["RO-1"]
    assert isinstance(shop.apply("RO-1", KIT, by=ADVISOR, connection=lent), Refused), "the purpose is not recorded"
    host.commit()
    assert answers(floor) == [*ARRIVED, ("wait_tick", True), ("kit_fitted", False)]
    assert (floor.visits(), floor.is_clean()) == (1, True)


@pytest.mark.parametrize("meanwhile", [1, 2, 3], ids=["less", "as much", "more"])
def test_what_others_write_in_the_place_of_what_was_rolled_back_is_what_counts(floor, meanwhile):
    other = bootstrap(floor.url, world=world())
    with closing(other.store), HOSTS["driver"](floor.url) as host:
        floor.shop.apply_all("RO-1", [PURPOSE, TICK], by=ADVISOR, connection=host.connection)
        host.rollback()
        for number in range(meanwhile):
            other.shop("S1").apply("RO-1", TICK, by=ADVISOR, id=f"other-{number}")

        answer = floor.shop.apply("RO-1", KIT, by=ADVISOR, connection=host.connection)
        host.commit()

    assert answer.clauses == ("arrive.purpose-recorded",)
    assert answers(floor) == [*ARRIVED, *[("wait_tick", True)] * meanwhile, ("kit_fitted", False)]
    assert floor.is_clean()


def test_rules_that_a_rollback_took_are_kept_with_the_next_case(database):
    with floor_on(database) as floor, HOSTS["Connection"](database) as host:
        lexus = floor.engine.shop("S1", profile="lexus")
        lexus.open("RO-2", by=ADVISOR, connection=host.connection)
        lexus.apply("RO-2", PLATE, by=ADVISOR, connection=host.connection)
        host.rollback()

        lexus.open("RO-2", by=ADVISOR)

        assert isinstance(lexus.apply("RO-2", PLATE, by=ADVISOR), Accepted)
        assert floor.is_clean()


def test_sqlalchemys_nested_transaction_can_be_rolled_back_around_us(floor):
    with sqlalchemy_engine(floor.url) as own, Session(own) as session:
        floor.shop.apply("RO-1", TICK, by=ADVISOR, connection=session)
        with session.begin_nested() as nested:
            floor.shop.apply("RO-1", PURPOSE, by=ADVISOR, connection=session)
            nested.rollback()
        with session.begin_nested():
            floor.shop.apply("RO-1", KIT, by=ADVISOR, connection=session)
        session.commit()

    assert answers(floor) == [*ARRIVED, ("wait_tick", True), ("kit_fitted", False)]
    assert floor.is_clean()


def test_a_sqlite_host_that_says_begin_itself_may_nest_from_its_first_statement_on(sqlite):
    """Python's driver would let SAVEPOINT begin the transaction, and so RELEASE end and commit it."""
    with floor_on(sqlite) as floor, sqlalchemy_engine(sqlite, connect_args={"isolation_level": None}) as own:
        event.listen(own, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        with Session(own) as session:
            with session.begin_nested():
                floor.shop.apply("RO-1", TICK, by=ADVISOR, connection=session)
            session.rollback()

        assert answers(floor) == ARRIVED


def test_djangos_atomic_blocks_commit_and_roll_back_around_us(floor):
    from django.db import transaction

    with django_database(floor.url) as connection:
        with transaction.atomic():
            floor.shop.apply("RO-1", TICK, by=ADVISOR, connection=connection)
            with suppress(ZeroDivisionError), transaction.atomic():
                floor.shop.apply("RO-1", PURPOSE, by=ADVISOR, connection=connection)
                raise ZeroDivisionError
            floor.shop.apply("RO-1", KIT, by=ADVISOR, connection=connection)
        with suppress(ZeroDivisionError), transaction.atomic():
            floor.shop.apply("RO-1", TICK, by=ADVISOR, connection=connection)
            raise ZeroDivisionError

    assert answers(floor) == [*ARRIVED, ("wait_tick", True), ("kit_fitted", False)]
    assert floor.is_clean()


# --- the tables, on a host's connection --------------------------------------------------------------------------


def test_the_tables_are_made_in_the_hosts_transaction_and_go_with_its_rollback(database):
    store = Store(database)
    with closing(store), sqlalchemy_engine(database) as own, own.connect() as connection:
        for _ in range(2):
            connection.exec_driver_sql("CREATE TABLE visit (number INTEGER)")
            assert store.upgrade(connection) == (None, REVISIONS[-1])
            assert store.check(connection) == REVISIONS[-1]
            connection.rollback()
            with pytest.raises(StoreUnavailable):
                store.check()
            connection.exec_driver_sql("DROP TABLE IF EXISTS visit")
            connection.commit()

        store.upgrade(connection)
        connection.commit()

        assert store.check() == REVISIONS[-1]


def test_the_tables_are_made_on_a_sessions_connection(database):
    store = Store(database)
    with closing(store), sqlalchemy_engine(database) as own, Session(own) as session:
        store.upgrade(session)
        assert store.check(session) == REVISIONS[-1]
        session.commit()

        assert store.check() == REVISIONS[-1]


def test_the_tables_are_made_on_a_connection_of_sqlalchemy_only(sqlite):
    store = Store(sqlite)
    with closing(store), closing(sqlite3.connect(make_url(sqlite).database)) as raw:
        for act in (store.upgrade, store.check):
            with pytest.raises(BadConnection) as error:
                act(raw)
            assert "SQLAlchemy 的 Connection 或 Session" in error.value.text.zh
            assert "sqlite3.Connection" in error.value.text.en


def test_the_tables_are_not_made_on_a_connection_that_commits_by_itself(postgresql):
    store = Store(postgresql)
    with (
        closing(store),
        sqlalchemy_engine(postgresql, isolation_level="AUTOCOMMIT") as own,
        own.connect() as connection,
    ):
        with pytest.raises(BadConnection) as error:
            store.upgrade(connection)
        with pytest.raises(OtherSchema):
            store.check()

    assert error.value.facts == {"expected": "transaction", "actual": "autocommit"}
