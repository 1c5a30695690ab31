"""Personal values stay out of everything but one side table; erased there, the chain and every verdict stay whole."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from engine import BadCommand, Case, CommandConflict, Engine, Event, GongdanError, Late, Personal, Shop
from engine.command import Command
from engine.events import repair_order as ro
from engine.sealing import is_same, seal
from tests.support import ADVISOR, AT_ONCE, START, Clock, arrive, engine_on, forget, protect, withdraw

WORDS = "转弯时右前轮异响"
OFTEN = "每天早上冷车时"
WHERE = "低速过减速带"
WHY = "门店断网一小时"
COMMITMENT = {"commitment": "ab" * 32, "given": True, "valid": True}
COMPLAINT = ro.ComplaintRecorded(
    symptom_id="s-1", customer_words=WORDS, frequency=OFTEN, operating_condition=WHERE, subject="person-7"
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> Engine:
    return engine_on(tmp_path, clock, retention=AT_ONCE)


@pytest.fixture
def shop(engine: Engine) -> Shop:
    shop = engine.shop("S1", profile="dpca")
    protect(shop)
    return shop


def _query(folder: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "shop.db")
    rows = connection.execute(sql).fetchall()
    connection.close()
    return rows


def _written(folder: Path) -> str:
    """Every row of every table but the one that personal values are kept in."""
    tables = [str(name) for (name,) in _query(folder, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    rows = [row for name in tables if name != "gongdan_personal" for row in _query(folder, f"SELECT * FROM {name}")]
    return "\n".join(part.decode() if isinstance(part, bytes) else str(part) for row in rows for part in row)


# --- where values are not -----------------------------------------------------------------------------------------


def test_a_value_is_in_no_entry_no_row_no_queue_and_no_rules(engine: Engine, shop: Shop, clock: Clock, tmp_path: Path):
    engine.subscribe("board")
    clock.forward(hours=1)
    shop.apply("RO-1", COMPLAINT, by=ADVISOR, occurred_at=START, late=Late(Personal.clear(WHY), "P-1"))
    shop.apply("RO-1", ro.CustomerLeft(reason=WHY), by=ADVISOR)
    written = _written(tmp_path)

    assert "complaint_recorded" in written
    for value in (WORDS, OFTEN, WHERE, WHY):
        assert value not in written
        assert value.encode("unicode_escape").decode() not in written


def test_a_value_is_in_no_log_line(shop: Shop, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    with capture_logs() as lines:
        shop.apply("RO-1", COMPLAINT, by=ADVISOR)
        shop.apply("RO-1", ro.CustomerLeft(reason=WHY), by=ADVISOR)
        withdraw(shop)
        forget(shop, "person-7")

    names = ["complaint_recorded", "customer_left", "kit_removed", "order_withdrawn"]
    assert [line["name"] for line in lines] == [*names, "case_opened", "subject_restricted", "subject_erased"]
    for value in (WORDS, OFTEN, WHERE, WHY, "person-7"):
        assert value not in f"{lines}{caplog.text}"


def test_a_log_line_holds_ids_and_codes_only(shop: Shop):
    with capture_logs() as lines:
        shop.apply("RO-1", ro.CustomerLeft(reason=WHY), by=ADVISOR, id="c-1")

    assert lines == [
        {
            "event": "refused",
            "log_level": "info",
            "shop": "S1",
            "case": "RO-1",
            "seq": 5,
            "command": "c-1",
            "name": "customer_left",
            "state": "protected",
            "clauses": ["flow.not-open"],
        }
    ]


def test_a_value_is_in_no_repr(shop: Shop):
    command = Command("c-1", ADVISOR, COMPLAINT, late=Late(Personal.clear(WHY), "P-1"))
    answer = shop.apply("RO-1", COMPLAINT, by=ADVISOR)
    shown = repr(
        [command, seal(command, "RO-1", lambda: b"salt").command, answer, shop.case("RO-1"), shop.entries("RO-1")]
    )

    assert "Personal(given=True, valid=True)" in shown
    for value in (WORDS, OFTEN, WHERE, WHY):
        assert value not in shown
        assert value not in str(COMPLAINT)


def test_a_value_is_in_no_error(shop: Shop):
    shop.apply("RO-1", COMPLAINT, by=ADVISOR, id="c-1")

    for attempt in (
        lambda: shop.apply("RO-1", ro.CustomerLeft(reason=WORDS), by=ADVISOR, id="c-1"),
        lambda: shop.apply("RO-9", COMPLAINT, by=ADVISOR),
        lambda: shop.apply("RO-1", COMPLAINT, by=ADVISOR, expected=1),
        lambda: ro.CustomerLeft.read({"reason": [WORDS]}),
        lambda: ro.CustomerLeft.read({"reason": WORDS * 1000}),
        lambda: ro.CustomerLeft.read({"reason": WORDS + "\ud800"}),
    ):
        with pytest.raises(GongdanError) as caught:
            attempt()
        assert WORDS not in f"{caught.value!r} {caught.value} {caught.value.facts}"


def test_what_a_case_remembers_of_a_value_is_its_commitment_and_its_flags(shop: Shop):
    shop.apply("RO-1", COMPLAINT, by=ADVISOR)

    words = shop.case("RO-1").the(ro.ComplaintRecorded).event.customer_words
    assert words.value is None
    assert words.ok


def test_a_commitment_is_the_digest_of_salt_and_value_which_stand_in_the_side_table(shop: Shop, tmp_path: Path):
    shop.apply("RO-1", COMPLAINT, by=ADVISOR)
    event = shop.entries("RO-1")[-1].command.facts

    kept = _query(tmp_path, "SELECT path, subject, salt, value FROM gongdan_personal")
    assert {path: value for path, _, _, value in kept} == {
        "customer_words": WORDS,
        "frequency": OFTEN,
        "operating_condition": WHERE,
    }
    assert len({salt for _, _, salt, _ in kept}) == 3
    for path, subject, salt, value in kept:
        assert subject == "person-7"
        assert getattr(event, path).commitment == hashlib.sha256(salt + value.encode()).hexdigest()


def test_the_same_value_twice_has_two_commitments(shop: Shop):
    for _ in range(2):
        shop.apply("RO-1", COMPLAINT, by=ADVISOR)

    first, second = shop.case("RO-1").all(ro.ComplaintRecorded)
    assert first.event.customer_words != second.event.customer_words


# --- ready-made commitments ---------------------------------------------------------------------------------------


def test_a_commitment_as_plain_data_is_a_bad_command():
    with pytest.raises(BadCommand) as caught:
        ro.CustomerLeft.read({"reason": COMMITMENT})
    assert caught.value.facts["where"] == "customer_left.reason"


def test_a_commitment_as_a_personal_value_is_a_bad_command():
    with pytest.raises(BadCommand) as caught:
        ro.CustomerLeft.read({"reason": Personal.from_document(COMMITMENT)})
    assert caught.value.facts["where"] == "customer_left.reason"


def test_a_fact_taken_from_a_journal_cannot_be_put_again(shop: Shop):
    shop.apply("RO-1", COMPLAINT, by=ADVISOR)
    sealed = shop.case("RO-1").the(ro.ComplaintRecorded).event

    for ask in (shop.apply, shop.explain):
        with pytest.raises(BadCommand) as caught:
            ask("RO-1", sealed, by=ADVISOR)
        assert caught.value.facts["where"] == "complaint_recorded.customer_words"
    assert len(shop.entries("RO-1")) == 5


def test_a_late_reason_cannot_be_a_commitment(shop: Shop):
    late = Late(Personal.from_document(COMMITMENT), "P-1")

    with pytest.raises(BadCommand) as caught:
        shop.apply("RO-1", ro.StaffEntered(kit_in_place=True), by=ADVISOR, late=late)
    assert caught.value.facts["where"] == "late.reason"


@pytest.mark.parametrize(
    "document",
    [
        None,
        "ab" * 32,
        {**COMMITMENT, "value": "x"},
        {**COMMITMENT, "commitment": "AB" * 32},
        {**COMMITMENT, "commitment": "ab" * 31},
        {**COMMITMENT, "given": 1},
        {"commitment": "ab" * 32, "given": True},
    ],
    ids=repr,
)
def test_what_is_no_commitment_is_none_in_a_journal_either(document: object):
    with pytest.raises(ValueError, match="a commitment"):
        Personal.from_document(document)
    with pytest.raises(BadCommand):
        ro.CustomerLeft.from_journal({"reason": document or WORDS})


def test_a_commitment_reads_back_as_it_was_written():
    assert Personal.from_document(COMMITMENT).document() == COMMITMENT


# --- given and valid ----------------------------------------------------------------------------------------------

GOOD_PHONES = ("13812345678", "+8613812345678", "+86 13812345678", "86-13812345678", " 13812345678 ")
GOOD_LINES = ("010-12345678", "0271234567", "0755 12345678", "4008001234", "400-800-1234", "800 810 1234")
BAD_PHONES = (
    "1381234567",
    "138123456789",
    "12812345678",
    "138 1234 5678",
    "1381234567\uff18",  # a digit of another script
    "无",
    "+1",
)
GOOD_VINS = ("LDC613P23A1234567", "LFMAP86C8A0123456")
BAD_VINS = ("LDC613P23A123456", "LDC613P23A12345678", "ldc613p23a1234567", "LDC613P23A123456I", "LDC613P23AO234567")
GOOD_PLATES = ("鄂A12345", "鄂AD12345", "鄂A1234学", "粤Z1234港", "京NB8888", "沪ADF1234")
BAD_PLATES = (
    "鄂A1234",
    "鄂A1234567",
    "A12345",
    "鄂a12345",
    "鄂AI2345",
    "鄂A123O5",
    "鄂12345",
    "鄂A12学45",
    "鄂A12345 X",
)


def _vectors(good: Sequence[str], bad: Sequence[str]) -> list[tuple[str, bool]]:
    return [*((value, True) for value in good), *((value, False) for value in bad)]


@pytest.mark.parametrize(("value", "valid"), _vectors((*GOOD_PHONES, *GOOD_LINES), BAD_PHONES))
def test_a_phone_is_valid_by_its_form(value: str, valid: bool):
    phone = ro.SenderIdentified.read({"sender_phone": value}).sender_phone
    assert (phone.given, phone.valid, phone.ok) == (True, valid, valid)


@pytest.mark.parametrize(("value", "valid"), _vectors(GOOD_VINS, BAD_VINS))
def test_a_vin_is_valid_by_its_form(value: str, valid: bool):
    assert ro.VehicleCheckedIn.read({"vin": value}).vin.valid is valid


@pytest.mark.parametrize(("value", "valid"), _vectors(GOOD_PLATES, BAD_PLATES))
def test_a_plate_is_valid_by_its_form(value: str, valid: bool):
    assert ro.VehicleCheckedIn.read({"license_plate": value}).license_plate.valid is valid


@pytest.mark.parametrize("value", ["", "  ", "\n\t"])
def test_an_empty_value_is_neither_given_nor_valid(value: str):
    for personal in (
        ro.CustomerLeft.read({"reason": value}).reason,
        ro.SenderIdentified.read({"sender_phone": value}).sender_phone,
    ):
        assert (personal.given, personal.valid, personal.ok) == (False, False, False)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=4000))
def test_any_text_can_be_sealed_and_keeps_what_a_guard_may_ask(text: str):
    clear = ro.SenderIdentified.read({"sender_name": text, "sender_phone": text})
    sealed = ro.SenderIdentified.from_journal(clear.sealed(lambda name: name.encode()).document())

    for name in ("sender_name", "sender_phone"):
        before, after = getattr(clear, name), getattr(sealed, name)
        assert after.value is None
        assert (after.given, after.valid) == (before.given, before.valid)


@pytest.mark.parametrize(
    "value",
    ["x" * 4001, "\ud800", 13812345678, b"x", ["x"]],
    ids=["too long", "half a character", "a number", "bytes", "a list"],
)
def test_what_is_no_text_is_no_personal_value(value: object):
    with pytest.raises(BadCommand):
        ro.CustomerLeft.read({"reason": value})


def test_values_are_equal_by_content_and_never_to_their_text():
    assert Personal.clear(WORDS) == Personal.clear(WORDS)
    assert hash(Personal.clear(WORDS)) == hash(Personal.clear(WORDS))
    assert Personal.clear(WORDS) != Personal.clear(OFTEN)
    assert Personal.clear(WORDS) != Personal.clear(WORDS).sealed(b"salt")
    assert Personal.clear(WORDS) != WORDS


def test_what_is_sealed_is_sealed_and_judged_once():
    sealed = Personal.clear(WORDS).sealed(b"salt")

    assert sealed.sealed(b"other") is sealed
    assert sealed.checked(lambda _: False) is sealed
    assert sealed.readable


def test_what_is_not_given_is_valid_by_no_form():
    assert not Personal.clear(" ").checked(lambda _: True).valid


# --- sealing ------------------------------------------------------------------------------------------------------


def _salts() -> Iterator[bytes]:
    return iter([b"one", b"two", b"three", b"four"])


def test_a_command_without_personal_values_is_sealed_as_it_is():
    command = Command("c-1", ADVISOR, ro.WaitTick())
    put = seal(command, "RO-1", lambda: b"")

    assert (put.command, put.subject, put.values) == (command, "RO-1", ())


def test_each_value_has_its_own_salt_and_stands_under_its_subject():
    salts = _salts()
    command = Command("c-1", ADVISOR, COMPLAINT, late=Late(Personal.clear(WHY), "P-1"))

    put = seal(command, "RO-1", lambda: next(salts))

    assert put.subject == "person-7"
    assert put.values == (
        ("customer_words", b"one", WORDS),
        ("frequency", b"two", OFTEN),
        ("operating_condition", b"three", WHERE),
        ("late.reason", b"four", WHY),
    )
    assert put.command.late.paper == "P-1"
    assert put.command.late.reason == Personal.clear(WHY).sealed(b"four")


def _same(recorded: Command, again: Command, *, erased: bool) -> bool:
    salts = _salts()
    put = seal(recorded, "RO-1", lambda: next(salts))
    kept = {} if erased else {path: (salt, value) for path, salt, value in put.values}
    return is_same(put.command, again, kept)


def _complaint(**changes: object) -> Command:
    return Command("c-1", ADVISOR, COMPLAINT.model_copy(update=changes))


@pytest.mark.parametrize("erased", [False, True])
def test_a_command_is_the_same_as_itself_erased_or_not(erased: bool):
    assert _same(_complaint(), _complaint(), erased=erased)


@pytest.mark.parametrize(
    ("changes", "kept", "erased"),
    [
        ({"customer_words": Personal.clear("别的")}, False, True),
        ({"customer_words": Personal.clear("")}, False, False),
        ({"customer_words": None}, False, False),
        ({"symptom_id": "s-2"}, False, False),
        ({"subject": None}, False, False),
    ],
    ids=str,
)
def test_a_changed_command_is_another_one_as_far_as_can_still_be_told(
    changes: dict[str, object], kept: bool, erased: bool
):
    assert _same(_complaint(), _complaint(**changes), erased=False) is kept
    assert _same(_complaint(), _complaint(**changes), erased=True) is erased


def test_a_value_that_was_not_given_before_makes_another_command():
    assert not _same(_complaint(frequency=None), _complaint(), erased=True)


# --- erasure ------------------------------------------------------------------------------------------------------


def _put_for(shop: Shop, case: str, subject: str | None) -> None:
    fact: Event = ro.CustomerLeft(reason=WORDS, subject=subject)
    shop.apply(case, fact, by=ADVISOR)


def test_a_subject_is_erased_on_every_case_of_the_shop_and_nobody_else(engine: Engine, tmp_path: Path):
    shop, other = engine.shop("S1"), engine.shop("S2")
    for case, subject in (("RO-1", "person-7"), ("RO-2", "person-7"), ("RO-3", "person-8")):
        arrive(shop, case)
        _put_for(shop, case, subject)
    arrive(other)
    _put_for(other, "RO-1", "person-7")

    assert forget(shop, "person-7").erased == 2
    assert _query(tmp_path, "SELECT shop, case_id, subject FROM gongdan_personal ORDER BY shop") == [
        ("S1", "RO-3", "person-8"),
        ("S2", "RO-1", "person-7"),
    ]


def test_what_has_no_subject_is_erased_by_its_case(engine: Engine, tmp_path: Path):
    shop = engine.shop("S1")
    for case in ("RO-1", "RO-2"):
        arrive(shop, case)
        _put_for(shop, case, None)

    assert forget(shop, "RO-1").erased == 1
    assert _query(tmp_path, "SELECT case_id FROM gongdan_personal") == [("RO-2",)]


def test_a_second_erasure_finds_nothing(shop: Shop):
    shop.apply("RO-1", COMPLAINT, by=ADVISOR)

    withdraw(shop)

    assert [forget(shop, subject).erased for subject in ("person-7", "person-7", "nobody")] == [3, 0, 0]


def test_the_values_of_a_refused_command_are_erased_too(shop: Shop):
    shop.apply("RO-1", ro.CustomerLeft(reason=WORDS, subject="person-9"), by=ADVISOR)
    withdraw(shop)

    assert forget(shop, "person-9").erased == 1


def test_an_erasure_leaves_the_journal_the_case_and_every_verdict_as_they_were(
    engine: Engine, shop: Shop, tmp_path: Path
):
    shop.apply("RO-1", COMPLAINT, by=ADVISOR, id="c-1")
    checked = ro.InspectionCompleted(odometer_in_km=10, fuel_percent=50)
    withdraw(shop)
    before = (shop.case("RO-1"), shop.entries("RO-1"), shop.explain("RO-1", checked, by=ADVISOR))

    assert forget(shop, "person-7").erased == 3

    reopened = engine_on(tmp_path).shop("S1")
    after: tuple[Case, ...] = (
        reopened.case("RO-1"),
        reopened.entries("RO-1"),
        reopened.explain("RO-1", checked, by=ADVISOR),
    )
    assert after == before
    assert engine.audit().sound


def test_an_erased_value_is_nowhere_in_the_tables(shop: Shop, tmp_path: Path):
    shop.apply("RO-1", COMPLAINT, by=ADVISOR)
    withdraw(shop)
    forget(shop, "person-7")

    assert _query(tmp_path, "SELECT path FROM gongdan_personal") == [("cancel_reason",)]
    assert WORDS not in _written(tmp_path)


def test_an_invalid_value_is_judged_the_same_after_its_erasure(shop: Shop):
    mute = ro.ComplaintRecorded(symptom_id="s-1", customer_words=" ", frequency=OFTEN, operating_condition=WHERE)
    shop.apply("RO-1", mute, by=ADVISOR)
    asked = ro.InspectionCompleted(odometer_in_km=10, fuel_percent=50)
    before = shop.explain("RO-1", asked, by=ADVISOR)
    forget(shop, "RO-1")

    assert "inspect.customer-words-recorded" in before.clauses
    assert shop.explain("RO-1", asked, by=ADVISOR) == before


def test_a_command_with_other_values_is_still_another_one_before_the_erasure(shop: Shop):
    shop.apply("RO-1", COMPLAINT, by=ADVISOR, id="c-1")

    with pytest.raises(CommandConflict):
        shop.apply("RO-1", COMPLAINT.model_copy(update={"frequency": Personal.clear("偶尔")}), by=ADVISOR, id="c-1")


def test_what_is_forgotten_is_overwritten_in_the_file(engine: Engine, shop: Shop, tmp_path: Path) -> None:
    shop.apply("RO-1", COMPLAINT.model_copy(update={"customer_words": Personal.clear(_MARK)}), by=ADVISOR)
    withdraw(shop)
    assert _MARK.encode() in _files(tmp_path)

    forget(shop, "person-7")
    engine.store.close()  # the last connection gone, the write-ahead log is part of the file

    assert _MARK.encode() not in _files(tmp_path)


_MARK = "unmistakable-words-of-a-customer"


def _files(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


@pytest.mark.parametrize(
    "document",
    [
        {**COMMITMENT, "commitment": "ab" * 31},
        {**COMMITMENT, "commitment": "AB" * 32},
        {**COMMITMENT, "value": "x"},
        {**COMMITMENT, "given": 1},
        {"commitment": "ab" * 32},
        "ab" * 32,
    ],
)
def test_what_is_no_commitment_is_not_read_as_one(document: object) -> None:
    with pytest.raises(ValueError, match="commitment"):
        Personal.from_document(document)
