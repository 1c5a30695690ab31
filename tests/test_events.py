"""Facts are read strictly and written canonically: nothing is guessed, and the same fact is the same bytes."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import engine.events
from engine import Attachment, BadCommand, Event, Personal
from engine.canonical import canonical
from engine.events import EVENTS
from engine.events import repair_order as ro

PHOTO = {"sha256": "ab" * 32, "media_type": "image/jpeg", "uri": "file:///photos/1.jpg"}
IN_CHINA = timezone(timedelta(hours=8))


def _refusal(kind: type[Event], **facts: object) -> BadCommand:
    with pytest.raises(BadCommand) as caught:
        kind.read(facts)
    return caught.value


# --- the registry -------------------------------------------------------------------------------------------------


def _declared() -> Iterator[type[Event]]:
    """Every fact that some module under `engine.events` declares, found without the registry."""
    for found in pkgutil.walk_packages(engine.events.__path__, "engine.events."):
        module = importlib.import_module(found.name)
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Event) and value.__module__ == found.name:
                yield value


def test_every_declared_fact_is_collected_under_its_kind():
    declared = {event.kind: event for event in _declared() if event is not Event}

    assert dict(EVENTS) == declared


@pytest.mark.parametrize("kind", EVENTS)
def test_a_kind_is_its_class_name_in_snake_case(kind: str):
    assert "".join(part.capitalize() for part in kind.split("_")) == EVENTS[kind].__name__


@pytest.mark.parametrize("kind", EVENTS)
def test_the_personal_fields_of_a_fact_are_known_by_their_type(kind: str):
    form = EVENTS[kind].form()
    marked = [name for name, shape in form["properties"].items() if "x-personal" in str(shape)]

    assert list(EVENTS[kind].personal) == marked


def test_a_fact_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        ro.WaitTick().acknowledged = True


# --- money --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("1280.50", "1280.50"),
        ("1280.5", "1280.50"),
        (1280, "1280.00"),
        ("0", "0.00"),
        ("-0.00", "0.00"),
        (Decimal("0.01"), "0.01"),
        ("1e3", "1000.00"),
        ("999999999999.99", "999999999999.99"),
    ],
)
def test_money_is_written_with_two_decimals(amount: object, written: str):
    fact = ro.Paid.read({"amount": amount})

    assert fact.document() == {"amount": written}
    assert ro.Paid.from_journal(fact.document()) == fact


@pytest.mark.parametrize(
    "amount", [1280.5, 0.0, True, "1.234", "-0.01", "NaN", "Infinity", "1000000000000.00", "", "十元", [], {}]
)
def test_what_is_no_exact_amount_is_not_money(amount: object):
    assert _refusal(ro.Paid, amount=amount).facts["where"] == "paid.amount"


# --- times --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-22T09:30:00+08:00",
        "2026-11-22T01:30:00Z",
        "2026-11-22 01:30:00.000000Z",
        datetime(2026, 11, 22, 9, 30, tzinfo=IN_CHINA),
        datetime(2026, 11, 22, 1, 30, tzinfo=UTC),
    ],
)
def test_a_time_is_written_in_utc_with_six_fraction_digits(time: object):
    fact = ro.QuoteIssued.read({"eta": time})

    assert fact.document() == {"eta": "2026-11-22T01:30:00.000000Z"}
    assert ro.QuoteIssued.from_journal(fact.document()) == fact


@pytest.mark.parametrize(
    "time",
    [
        1763775000,
        1763775000.5,
        "1763775000",
        "1763775000.5",
        True,
        date(2026, 11, 22),
        "2026-11-22",
        "2026-11-22T09:30:00",
        datetime(2026, 11, 22, 9, 30),  # noqa: DTZ001 - that is the point
        "0001-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-08:00",
        "tomorrow",
        "",
    ],
    ids=repr,
)
def test_a_number_a_day_and_a_time_without_a_zone_are_no_time(time: object):
    assert _refusal(ro.QuoteIssued, eta=time).facts["where"] == "quote_issued.eta"


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)))
def test_every_time_that_can_be_written_can_be_read(time: datetime):
    fact = ro.QuoteIssued.read({"eta": time})

    assert ro.QuoteIssued.from_journal(fact.document()) == fact


# --- days ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["2027-05-23", date(2027, 5, 23)])
def test_a_day_is_written_as_a_date(day: object):
    fact = ro.UsageTold.read({"next_service_on": day})

    assert fact.document() == {"next_service_on": "2027-05-23"}
    assert ro.UsageTold.from_journal(fact.document()) == fact


@pytest.mark.parametrize(
    "day",
    [
        "2027-13-01",
        "2027-02-29",
        "0000-01-01",
        "2027-05-23T00:00:00Z",
        "2027-5-3",
        "20270523",
        "2027-W20-7",
        "明天",
        datetime(2027, 5, 23, tzinfo=UTC),
        1_800_000_000,
        True,
    ],
)
def test_what_is_no_date_is_not_a_day(day: object):
    assert _refusal(ro.UsageTold, next_service_on=day).facts["where"] == "usage_told.next_service_on"


# --- truths, counts, codes, sets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["yes", "true", "True", 1, 0, "", "是", []], ids=repr)
def test_only_true_and_false_are_a_truth(value: object):
    assert _refusal(ro.WaitTick, acknowledged=value).facts["where"] == "wait_tick.acknowledged"


@pytest.mark.parametrize("value", [True, 1.0, "1", -1, 2**53, [1]], ids=repr)
def test_a_count_is_a_whole_number_below_two_to_the_53(value: object):
    assert _refusal(ro.WaitTick, corrects=value).facts["where"] == "wait_tick.corrects"


@pytest.mark.parametrize("value", [0, 2**53 - 1])
def test_the_smallest_and_the_largest_count_are_good(value: int):
    assert ro.WaitTick.read({"corrects": value}).document() == {"corrects": value}


@pytest.mark.parametrize("value", ["", "张三", "a b", "-a", "x" * 101, "a\n", 7, True], ids=repr)
def test_a_code_is_an_opaque_ascii_id(value: object):
    assert _refusal(ro.SymptomSeen, symptom_id=value).facts["where"] == "symptom_seen.symptom_id"


@pytest.mark.parametrize("value", ["a", "S-1.2:3/4+5@6_7", "x" * 100])
def test_the_shortest_and_the_longest_code_are_good(value: str):
    assert ro.SymptomSeen.read({"symptom_id": value}).symptom_id == value


def test_a_word_that_the_list_does_not_have_is_refused_with_the_list():
    error = _refusal(ro.ComplaintClosed, symptom_id="s-1", reason="because")

    assert "'withdrawn_by_customer' or 'not_existing'" in error.text.en


@settings(deadline=None)
@given(st.permutations([str(piece) for piece in ro.KitPiece]))
def test_a_set_is_written_sorted_whatever_the_order_it_came_in(pieces: list[str]):
    document = ro.KitFitted.read({"kit_pieces": [*pieces, pieces[0]]}).document()

    assert canonical(document) == b'{"kit_pieces":["floor_mat","gear_cover","seat_cover","steering_cover"]}'


def test_a_list_keeps_its_order_and_an_empty_one_is_recorded():
    assert ro.QcPassed.read({"unmet_demands": ["b", "a"]}).document() == {"unmet_demands": ["b", "a"]}
    assert ro.QcPassed.read({"unmet_demands": []}).document() == {"unmet_demands": []}
    assert ro.QcPassed.read({"unmet_demands": None}).document() == {}


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("sha256", "AB" * 32),
        ("sha256", "ab" * 31),
        ("media_type", "jpeg"),
        ("uri", "two words"),
        ("uri", ""),
        ("size", 3),
    ],
)
def test_an_attachment_is_a_digest_a_kind_and_a_place(part: str, value: object):
    error = _refusal(ro.StatementSigned, statement_signature={**PHOTO, part: value})

    assert error.facts["where"] == f"statement_signed.statement_signature.{part}"


def test_an_attachment_is_written_as_it_was_read():
    fact = ro.StatementSigned.read({"statement_signature": PHOTO})

    assert fact.statement_signature == Attachment(**PHOTO)
    assert fact.document() == {"statement_signature": PHOTO}


# --- errors -------------------------------------------------------------------------------------------------------


def test_an_unknown_field_is_named_and_said_to_be_left_out():
    error = _refusal(ro.WaitTick, acknowleged=True)

    assert error.facts == {"where": "wait_tick.acknowleged", "expected": "left out: no such field"}


def test_a_field_that_must_be_there_is_named():
    assert _refusal(ro.SymptomSeen).facts == {"where": "symptom_seen.symptom_id", "expected": "given"}


@pytest.mark.parametrize("facts", ["a text", 7, None, ["a", "list"]])
def test_facts_that_are_no_mapping_are_a_bad_command(facts: object):
    with pytest.raises(BadCommand) as caught:
        ro.WaitTick.read(facts)
    assert caught.value.facts["where"] == "wait_tick"


def test_the_error_leads_to_no_other_one_that_holds_the_value():
    error = _refusal(ro.Paid, amount="十二三四五六元")

    assert error.__cause__ is None
    assert error.__suppress_context__


SECRET = st.one_of(
    st.text("ΩΨ王小明", min_size=6, max_size=30),
    st.text("13579", min_size=6, max_size=30),
    st.from_regex(r"\A1357-[139]{2}-[139]{2}T13:59:57(Z|\+08:00)?\Z"),
    st.from_regex(r"\A[13579]{6}\.[13579]{3}\Z"),
)
"""Strings of six and more that stand in no sentence of ours."""
VALUE = st.recursive(
    st.one_of(SECRET, SECRET.filter(str.isdigit).map(int), st.none(), st.booleans(), st.floats(allow_nan=False)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["sha256", "media_type", "uri", "commitment", "given", "valid", "extra"]), inner
        ),
    ),
    max_leaves=5,
)


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
        case int() if value >= 10**5:
            yield str(value)


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(sorted(EVENTS)), data=st.data(), journal=st.booleans())
def test_a_bad_command_never_repeats_a_value(kind: str, data: st.DataObject, journal: bool):
    event = EVENTS[kind]
    facts = data.draw(st.dictionaries(st.sampled_from([*event.model_fields, "extra"]), VALUE, min_size=1))
    try:
        (event.from_journal if journal else event.read)(facts)
    except BadCommand as error:
        said = f"{error!r} {error} {error.facts} {error.text}"
        assert not [text for text in _texts(facts) if text in said]


@settings(deadline=None)
@given(SECRET)
def test_a_fact_that_a_host_builds_wrongly_does_not_repeat_the_value_either(secret: str):
    with pytest.raises(ValidationError) as caught:
        ro.StatementPrinted(printed_from=secret)
    assert secret not in str(caught.value)


def test_the_form_of_a_fact_is_drawn_up_once():
    assert ro.Paid.form() is ro.Paid.form()
    assert ro.Paid.form() is not ro.WaitTick.form()
    assert ro.Paid.form()["title"] == "Paid"


def test_a_personal_value_in_clear_never_becomes_a_document():
    with pytest.raises(ValueError, match="in clear"):
        ro.CustomerLeft(reason=Personal.clear("不愿再等")).document()


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (ro.KitFitted, {"x": 1}),
        (ro.SymptomSeen, {}),
        (ro.StaffEntered, {"kit_in_place": "yes"}),
        (ro.InspectionCompleted, {"odometer_in_km": "5"}),
        (ro.InspectionCompleted, {"fuel_percent": 101}),
        (ro.InspectionCompleted, {"odometer_in_km": -1}),
        (ro.InspectionCompleted, {"odometer_in_km": 2**53}),
        (ro.LineQuoted, {"line_id": "王"}),
        (ro.LineQuoted, {"line_id": 5}),
        (ro.LineQuoted, {"line_id": "L1", "labour_amount": 1.5}),
        (ro.LineQuoted, {"line_id": "L1", "labour_amount": "1.555"}),
        (ro.QuoteIssued, {"eta": 5}),
        (ro.KitFitted, {"kit_pieces": 3}),
        (ro.OrderSigned, {"customer_signature": "x"}),
        (ro.PurposeRecorded, {"primary_purpose": "fun"}),
        (ro.CustomerLeft, {"reason": 5}),
    ],
)
def test_what_was_expected_is_said_in_chinese_too(kind, facts):
    with pytest.raises(BadCommand) as caught:
        kind.read(facts)

    expected = caught.value.text.zh.partition("应为")[2]
    assert re.search("[\u4e00-\u9fff]", expected)
