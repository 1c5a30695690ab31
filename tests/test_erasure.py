"""Erasure: restricted first, erased when the term ends, kept while held; each an entry that names nobody."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from adapters.bootstrap import bootstrap
from engine import (
    Actor,
    BadCommand,
    CaseNotFound,
    CommandConflict,
    Engine,
    Entry,
    Forgotten,
    LedgerRefused,
    Placed,
    Restricted,
    Retention,
    Shop,
    Swept,
)
from engine.events import repair_order as ro
from engine.events.common import CaseOpened
from engine.events.event import Event
from engine.events.personal import Phone, Plate, RecordClass, Words
from engine.retention import DAYS, fields_by_class
from engine.store import Transaction
from tests.support import ADVISOR, AT_ONCE, MANAGER, START, Clock, arrive, forget, world

EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)
GATE = ro.VehicleCheckedIn(license_plate="粤B12345", vin="LDC613P23A1234567", subject="person-7")
LEFT = ro.CustomerLeft(reason="另有急事", subject="person-7")
VALUES = 3


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(database: str, clock: Clock) -> Iterator[Engine]:
    engine = bootstrap(database, upgrade=True, world=world(clock))
    yield engine
    engine.store.close()


@pytest.fixture
def shop(engine: Engine) -> Shop:
    """A shop with an open case that holds a plate and a VIN of a person."""
    shop = engine.shop("S1")
    shop.open("RO-1", by=ADVISOR)
    shop.apply("RO-1", GATE, by=ADVISOR, id="gate-1")
    return shop


def ended(shop: Shop) -> None:
    """The customer leaves, and says why."""
    shop.apply("RO-1", LEFT, by=ADVISOR, id="left-1")


def ledger(shop: Shop) -> list[Entry]:
    return [*shop.entries("ledger")][1:]


def told(shop: Shop) -> list[tuple[str, dict[str, Any]]]:
    return [(entry.command.name, entry.command.facts.document()) for entry in ledger(shop)]


def plate(shop: Shop) -> dict[str, str]:
    return dict(shop.reveal("RO-1", 2, ["license_plate"], by=ADVISOR, to="cashier", purpose="call"))


# --- restricted ------------------------------------------------------------------------------------------------------


@EITHER
def test_values_of_an_open_case_are_only_stored_and_nobody_gets_them(engine: Engine, shop: Shop):
    entry = shop.entries("RO-1")[1]

    done = forget(shop, "person-7")

    assert done == Forgotten(erased=0, restricted=2, until=None, held=False)
    with pytest.raises(Restricted, match="only stored"):
        plate(shop)
    assert engine.reveal_to("people")(entry, ["license_plate"], to="cashier", purpose="arrived") == {}
    with engine.store.read() as transaction:
        assert transaction.personal("S1", "RO-1", 2) == {}
        assert {*transaction.kept("S1", "RO-1", 2)} == {"license_plate", "vin"}
    assert engine.erase_due() == Swept(erased=0, requests=0, held=0)


@EITHER
def test_the_entry_says_until_when_who_and_why_and_names_nobody(engine: Engine, shop: Shop):
    ended(shop)
    until = START + timedelta(days=DAYS["vehicle"])

    assert forget(shop, "person-7") == Forgotten(erased=0, restricted=VALUES, until=until, held=False)

    (entry,) = ledger(shop)
    facts = entry.command.facts
    assert (entry.command.actor, facts.reason, facts.values, facts.until) == (MANAGER, "asked", VALUES, until)
    assert b"person-7" not in entry.body
    with engine.store.read() as transaction:
        salt, whose = transaction.kept("S1", "ledger", entry.seq)["whose"]
    assert facts.whose.commitment == hashlib.sha256(salt + b"person-7").hexdigest()
    assert whose == "person-7"
    with pytest.raises(Restricted):
        shop.reveal("ledger", entry.seq, ["whose"], by=ADVISOR, to="cashier", purpose="call")


@EITHER
def test_each_class_has_its_own_time(engine: Engine, shop: Shop, clock: Clock):
    ended(shop)
    forget(shop, "person-7")

    clock.forward(days=DAYS["record"] - 1)
    early = engine.erase_due()
    clock.forward(days=1)
    words = engine.erase_due()
    left = forget(shop, "person-7")
    clock.forward(days=DAYS["vehicle"] - DAYS["record"])
    rest = engine.erase_due()

    assert [early, words, rest] == [Swept(0, 0, 0), Swept(1, 1, 0), Swept(2, 1, 0)]
    assert left == Forgotten(0, 2, START + timedelta(days=DAYS["vehicle"]), held=False)
    assert [name for name, _ in told(shop)] == ["subject_restricted", "subject_erased", "subject_erased"]
    assert told(shop)[-1][1] == {"request": 2, "values": 2, "asked_by": "sm-1", "reason": "asked"}
    assert ledger(shop)[-1].command.actor == Actor("retention", "system")
    with engine.store.read() as transaction:
        assert transaction.kept("S1", "ledger", 2) == {}, "the salt goes with the last value"


@EITHER
def test_what_comes_in_after_a_request_is_new(shop: Shop):
    forget(shop, "person-7")
    shop.apply("RO-1", LEFT, by=ADVISOR)

    assert shop.reveal("RO-1", 3, ["reason"], by=ADVISOR, to="cashier", purpose="call") == {"reason": "另有急事"}
    assert forget(shop, "person-7").restricted == VALUES
    assert [facts["values"] for _, facts in told(shop) if "values" in facts] == [2, 1]


@EITHER
def test_where_there_is_nothing_nothing_is_recorded(shop: Shop):
    assert forget(shop, "nobody") == Forgotten(0, 0, None, held=False)
    with pytest.raises(CaseNotFound):
        shop.entries("ledger")


# --- who may, and once more ------------------------------------------------------------------------------------------


@EITHER
def test_who_may_not_ask_is_refused_and_nothing_is_kept_of_whom(engine: Engine, shop: Shop):
    for attempt in (
        lambda: shop.forget("person-7", by=ADVISOR, reason="asked", id="f-1"),
        lambda: shop.forget("person-7", by=ADVISOR, reason="asked", id="f-1"),
        lambda: shop.place_hold("person-7", by=ADVISOR, reason="court-1", id="h-1"),
        lambda: shop.lift_hold(
            Placed(*shop.place_hold("person-7", by=MANAGER, reason="c", id="h-2")).number, by=ADVISOR, reason="c"
        ),
    ):
        with pytest.raises(LedgerRefused, match="is not for the role service advisor"):
            attempt()

    assert [entry.accepted for entry in ledger(shop)] == [False, False, True, False]
    assert plate(shop) == {"license_plate": "粤B12345"}
    assert [hold.number for hold in engine.holds()] == [4]
    with engine.store.read() as transaction:
        assert [len(transaction.kept("S1", "ledger", seq)) for seq in (2, 3, 4)] == [0, 0, 1]


@EITHER
def test_a_request_once_more_tells_how_it_stands_and_another_under_its_id_is_refused(engine: Engine, shop: Shop):
    engine.retention = AT_ONCE
    ended(shop)
    shop = engine.shop("S1")
    asked = {"by": MANAGER, "reason": "asked", "id": "f-1"}

    first, again = shop.forget("person-7", **asked), shop.forget("person-7", **asked)

    assert first == again == Forgotten(VALUES, 0, None, held=False)
    assert [name for name, _ in told(shop)] == ["subject_restricted", "subject_erased"]
    for other in ({"reason": "other"}, {"by": Actor("sm-2", "service_manager")}, {"id": "gate-1"}):
        with pytest.raises(CommandConflict):
            shop.forget("person-7", **{**asked, **other})


@EITHER
def test_while_it_is_restricted_another_subject_is_another_request(shop: Shop):
    shop.forget("person-7", by=MANAGER, reason="asked", id="f-1")

    with pytest.raises(CommandConflict):
        shop.forget("person-8", by=MANAGER, reason="asked", id="f-1")


@EITHER
def test_a_retried_command_of_the_floor_is_still_the_same(engine: Engine, shop: Shop):
    ended(shop)
    forget(shop, "person-7")
    with pytest.raises(CommandConflict):
        shop.apply("RO-1", LEFT.model_copy(update={"reason": GATE.vin}), by=ADVISOR, id="left-1")
    engine.retention = AT_ONCE
    engine.erase_due()

    assert shop.apply("RO-1", GATE, by=ADVISOR, id="gate-1").seq == 2
    assert shop.apply("RO-1", LEFT, by=ADVISOR, id="left-1").seq == 3


# --- holds -----------------------------------------------------------------------------------------------------------


@EITHER
@pytest.mark.parametrize("target", [{"subject": "person-7"}, {"case": "RO-1"}], ids=str)
def test_a_hold_blocks_the_erasure_until_it_is_lifted(engine: Engine, shop: Shop, target: dict[str, str]):
    engine.retention = AT_ONCE
    shop = engine.shop("S1")
    ended(shop)
    placed = [shop.place_hold(**target, by=MANAGER, reason="court-1", id="h-1") for _ in range(2)]

    done, swept, (hold,) = forget(shop, "person-7"), engine.erase_due(), engine.holds()
    for _ in range(2):
        shop.lift_hold(placed[0].number, by=MANAGER, reason="over", id="h-2")

    assert placed == [Placed(2, VALUES)] * 2
    assert (done.erased, done.restricted, done.held, swept) == (0, VALUES, True, Swept(0, 0, VALUES))
    assert (hold.subject, hold.case, hold.reason) == (target.get("subject"), target.get("case"), "court-1")
    assert engine.holds() == []
    assert engine.erase_due() == Swept(VALUES, 1, 0)
    names = [name for name, _ in told(shop)]
    assert names == ["hold_placed", "subject_restricted", "hold_lifted", "subject_erased"]
    assert b"person-7" not in b"".join(entry.body for entry in ledger(shop))
    with engine.store.read() as transaction:
        assert transaction.kept("S1", "ledger", 2) == {}


@EITHER
def test_a_hold_that_would_keep_nothing_by_mistake_is_a_mistake(shop: Shop):
    for target in ({}, {"subject": "person-7", "case": "RO-1"}):
        with pytest.raises(BadCommand, match="one of the two"):
            shop.place_hold(**target, by=MANAGER, reason="court-1")
    with pytest.raises(CaseNotFound):
        shop.place_hold(case="RO-9", by=MANAGER, reason="court-1")
    with pytest.raises(BadCommand, match="the number of a hold in force: none"):
        shop.lift_hold(7, by=MANAGER, reason="over")


# --- nothing else changes --------------------------------------------------------------------------------------------


@EITHER
def test_every_entry_and_every_verdict_is_as_it_was(engine: Engine, shop: Shop):
    engine.retention = AT_ONCE
    ended(shop)
    entries, answers = shop.entries("RO-1"), shop.explain("RO-1", LEFT, by=ADVISOR)
    before = engine.audit()

    forget(engine.shop("S1"), "person-7")

    after = engine.audit()
    assert (after.sound, after.findings) == (before.sound, before.findings)
    assert before.sound
    assert shop.entries("RO-1") == entries
    assert shop.explain("RO-1", LEFT, by=ADVISOR) == answers


@EITHER
def test_a_thousand_values_go_in_one_transaction_and_at_once(engine: Engine):
    engine.retention = AT_ONCE
    shop = engine.shop("S1")
    for number in range(334):
        shop.open(f"RO-{number}", by=ADVISOR)
        shop.apply_all(f"RO-{number}", [GATE, LEFT], by=ADVISOR)
    began = time.perf_counter()

    done = forget(shop, "person-7")

    assert done.erased == 1002
    assert time.perf_counter() - began < 5
    assert [name for name, _ in told(shop)] == ["subject_restricted", "subject_erased"]


def test_what_the_ledger_does_not_record_is_not_erased(tmp_path, clock: Clock, monkeypatch: pytest.MonkeyPatch):
    engine = bootstrap(f"sqlite:///{tmp_path / 'shop.db'}", upgrade=True, world=world(clock))
    shop = engine.shop("S1")
    arrive(shop)
    shop.apply("RO-1", LEFT, by=ADVISOR)
    forget(shop, "person-7")
    clock.forward(days=9999)
    monkeypatch.setattr("engine.erasure.SWEEP", ADVISOR)

    with pytest.raises(LedgerRefused):
        engine.erase_due()

    monkeypatch.undo()
    assert len(ledger(shop)) == 1
    assert engine.erase_due() == Swept(1, 1, 0)


def test_a_ledger_that_another_writer_opens_meanwhile_is_taken_up(
    tmp_path, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    engine = bootstrap(f"sqlite:///{tmp_path / 'shop.db'}", upgrade=True, world=world(clock))
    shop = engine.shop("S1")
    arrive(shop)
    shop.apply("RO-1", LEFT, by=ADVISOR)
    shop.open("ledger", by=ADVISOR, workflow="ledger")
    seen, lock = [], Transaction.lock

    def late(self: Transaction, shop_id: str, case: str, command: str) -> Any:
        seen.append(case)
        return (None, False) if len(seen) == 1 else lock(self, shop_id, case, command)

    monkeypatch.setattr(Transaction, "lock", late)

    assert forget(shop, "person-7").restricted == 1
    assert len(ledger(shop)) == 1


# --- terms -----------------------------------------------------------------------------------------------------------


def test_terms_are_those_of_the_workflow_then_the_shops_then_the_engines():
    retention = Retention({"contact": 1}, {"repair_order": {"record": 2}})

    terms = {name: retention.term("repair_order", name).days for name in RecordClass}
    assert terms == {"contact": 1, "record": 2, "vehicle": DAYS["vehicle"]}
    assert retention.term("appointment", "record").days == DAYS["record"]


def test_the_type_of_a_field_says_its_class():
    assert ro.VehicleCheckedIn.personal["vin"] is RecordClass.VEHICLE
    assert ro.SenderIdentified.personal["sender_phone"] is RecordClass.CONTACT
    assert ro.SenderIdentified.personal["sender_name"] is RecordClass.CONTACT
    assert ro.CustomerLeft.personal["reason"] is RecordClass.RECORD


def test_a_name_of_two_classes_is_of_none():
    class One(Event):
        number: Phone | None = None
        plate: Plate | None = None

    class Two(Event):
        number: Plate | None = None
        words: Words | None = None

    assert fields_by_class([One, Two, CaseOpened]) == {"contact": [], "vehicle": ["plate"]}
