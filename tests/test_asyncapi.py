"""The AsyncAPI document: it is one, it leaves no event out, and every event that really leaves is as it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from pydantic import ValidationError
from pydantic_core import SchemaValidator

from adapters.asyncapi import PREFIX, asyncapi
from adapters.inbound.scenario import play, stage
from adapters.inbound.scenario_file import load
from adapters.meanings import ATTRIBUTES, FACT, FIELDS
from engine import Actor, Entry, Envelope, Event, standard_catalogue
from engine.events import repair_order as ro
from engine.events.common import CaseOpened
from engine.text import Word
from tests.schemas import validator
from tests.support import ADVISOR, START, engine_on, gongdan

CATALOGUE = standard_catalogue()
DOCUMENT = asyncapi(CATALOGUE)
MESSAGES: dict[str, dict[str, Any]] = DOCUMENT["components"]["messages"]
SCHEMAS: dict[str, dict[str, Any]] = DOCUMENT["components"]["schemas"]
SCENARIOS = sorted((Path(__file__).parent.parent / "scenarios").glob("*.toml"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@cache
def check(type_: str, part: str) -> SchemaValidator:
    """A validator of the headers or the payload of a message."""
    return validator(DOCUMENT, MESSAGES[type_][part])


@cache
def left() -> tuple[Entry, ...]:
    """Every entry of every scenario, played one after the other."""
    engine = stage()
    with closing(engine.store):
        for file in SCENARIOS:
            play(load(file), engine)
        bodies = [body for kind, body, _ in engine.export_journal() if kind == "entry"]
    return tuple(Entry.read(body, CATALOGUE.events) for body in bodies)


# --- it is a document of AsyncAPI --------------------------------------------------------------------------------


def test_it_is_read_by_the_models_of_another_library():
    read = ApplicationSchema.model_validate(DOCUMENT)

    assert read.asyncapi == "3.0.0"
    assert read.components is not None
    assert {*(read.components.messages or ())} == {*MESSAGES}
    assert [*read.operations] == [*read.channels] == ["binary", "structured"]


def references(part: object) -> Iterator[str]:
    """Everything that a document refers to."""
    match part:
        case {"$ref": str() as target}:
            yield target
        case dict():
            for one in part.values():
                yield from references(one)
        case list():
            for one in part:
                yield from references(one)


def test_every_reference_leads_somewhere_and_every_component_is_referred_to():
    targets = {*references(DOCUMENT)}
    components = {f"#/components/{kind}/{name}" for kind, parts in DOCUMENT["components"].items() for name in parts}

    assert targets - components == {"#/channels/binary", "#/channels/structured"}
    assert components - targets == set()


def test_every_name_of_a_component_is_one_that_asyncapi_allows():
    names = [name for parts in DOCUMENT["components"].values() for name in parts]

    assert [name for name in names if not re.fullmatch(r"[A-Za-z0-9._-]+", name)] == []


def test_no_two_lists_of_codes_share_a_name():
    defined = [
        (name, json.dumps(part))
        for kind in CATALOGUE.events.values()
        for name, part in kind.form().get("$defs", {}).items()
    ]

    assert len({*defined}) == len(dict(defined))
    assert not {name for name, _ in defined} & {"Entry", "Actor", "Late", "Command", "Outcome", "Said", "Commitment"}


# --- it leaves nothing out ---------------------------------------------------------------------------------------


def test_every_kind_of_fact_has_a_message_and_every_command_one_for_its_refusal():
    refusals = {f"refused.{kind}" for kind in CATALOGUE.events if kind != CaseOpened.kind}

    assert {*MESSAGES} == {*CATALOGUE.events, *refusals, "structured"}


def test_every_attribute_of_an_envelope_is_described_and_no_other():
    envelope = Envelope.of(left()[0])

    assert [*ATTRIBUTES] == [*envelope.attributes]
    assert {*SCHEMAS["Headers"]["properties"]} == {*envelope.headers(PREFIX)}


def test_every_message_has_its_words_in_both_languages():
    for type_, message in MESSAGES.items():
        zh, en = message["title"].split(" / ", 1)
        assert CHINESE.search(zh), type_
        assert not CHINESE.search(en), type_
        assert zh.startswith("拒绝：") == en.startswith("Refused: ") == type_.startswith("refused."), type_


def test_every_field_says_what_it_means_in_both_languages():
    parts = {"command", "actor", "late", "outcome", "data"}
    fields = [
        (name, field, one.get("description", ""))
        for name, schema in SCHEMAS.items()
        for field, one in schema.get("properties", {}).items()
        if field not in parts or name.startswith("facts.")
    ]

    assert [one for one in fields if not CHINESE.search(one[2]) or " / " not in one[2]] == []


def test_every_meaning_is_that_of_a_field():
    fields = {f"{name}.{field}" for name, one in SCHEMAS.items() for field in one.get("properties", {})}

    assert {*FIELDS} <= fields
    assert all(name in kind.model_fields for kind in CATALOGUE.events.values() for name in FACT)


def test_every_code_has_its_label():
    lists = {kind.__name__: kind for kind in Word.__subclasses__() if kind.__name__ in SCHEMAS}

    assert len(lists) > 40
    for name, kind in lists.items():
        assert SCHEMAS[name]["x-labels"] == {str(one): str(one.label) for one in kind}


@pytest.mark.parametrize("kind", CATALOGUE.events.values(), ids=lambda kind: kind.kind)
def test_a_fact_is_described_field_by_field_and_its_personal_values_as_commitments(kind: type[Event]):
    schema = SCHEMAS[f"facts.{kind.kind}"]
    commitments = {name for name, one in schema["properties"].items() if one.get("$ref", "").endswith("/Commitment")}

    assert {*schema["properties"]} == {*kind.model_fields}
    assert {*schema.get("required", ())} == {name for name, one in kind.model_fields.items() if one.is_required()}
    assert commitments == {*kind.personal}
    assert "null" not in json.dumps(schema)


# --- what leaves is as it says -----------------------------------------------------------------------------------


@pytest.mark.broad
@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_every_event_of_a_scenario_is_as_its_message_says(file):
    case = load(file).id
    entries = [entry for entry in left() if entry.case == case]

    assert entries
    for entry in entries:
        envelope = Envelope.of(entry)
        check(envelope.attributes["type"], "headers").validate_python(envelope.headers())
        check(envelope.attributes["type"], "payload").validate_json(envelope.data)
        check("structured", "payload").validate_json(envelope.structured())


def test_the_scenarios_let_most_kinds_leave_and_both_answers():
    types = {Envelope.of(entry).attributes["type"] for entry in left()}

    assert len(types & {*CATALOGUE.events}) > 100
    assert len({one for one in types if one.startswith("refused.")}) > 20


def test_a_late_entry_in_a_shop_with_a_colon_is_as_its_message_says(tmp_path):
    shop = engine_on(tmp_path).shop("group:S1")
    shop.open("RO-1", by=ADVISOR)
    facts = ro.VehicleCheckedIn.read({"license_plate": "京A12345"})
    shop.apply("RO-1", facts, by=Actor("sg-1", "security_guard"), occurred_at=START)

    envelope = Envelope.of(shop.entries("RO-1")[1])

    assert envelope.attributes["source"] == "./group:S1"
    check("vehicle_checked_in", "headers").validate_python(envelope.headers())
    check("vehicle_checked_in", "payload").validate_json(envelope.data)


def entry_of(type_: str) -> dict[str, Any]:
    return next(json.loads(entry.body) for entry in left() if Envelope.of(entry).attributes["type"] == type_)


ACCEPTED, REFUSED = "vehicle_checked_in", "refused.kit_fitted"
WRONG: dict[str, tuple[str, tuple[str, ...], object]] = {
    "a fact of another kind": (ACCEPTED, ("command", "name"), "kit_fitted"),
    "a personal value in clear": (ACCEPTED, ("command", "facts", "license_plate"), "京A12345"),
    "a fact with a field of another": (ACCEPTED, ("command", "facts", "kit_pieces"), []),
    "null for what was not recorded": (ACCEPTED, ("command", "facts", "vin"), None),
    "a refusal that says accepted": (REFUSED, ("outcome", "answer"), "accepted"),
    "a refusal without a clause": (REFUSED, ("outcome", "refusals"), []),
    "a refusal with an event": (REFUSED, ("outcome", "event"), "kit_fitted"),
    "an acceptance that is a refusal": (ACCEPTED, ("outcome", "answer"), "refused"),
    "an acceptance without an event": (ACCEPTED, ("outcome", "event"), None),
    "another format": (ACCEPTED, ("format",), 2),
    "a time in another zone": (ACCEPTED, ("recorded_at",), "2026-11-23T09:00:00+08:00"),
    "a number as text": (ACCEPTED, ("seq",), "2"),
    "a seal in capitals": (ACCEPTED, ("prev",), "A" * 64),
    "one more field": (ACCEPTED, ("more",), 1),
    "a name that is no id": (ACCEPTED, ("command", "actor", "id"), "王小明"),
    "a late reason in clear": (ACCEPTED, ("command", "late"), {"reason": "停电", "paper": "p-1"}),
}


@pytest.mark.parametrize(("type_", "path", "value"), WRONG.values(), ids=WRONG)
def test_what_is_no_such_entry_is_not_as_its_message_says(type_, path, value):
    document = entry_of(type_)
    check(type_, "payload").validate_python(document)
    place = document
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value

    with pytest.raises(ValidationError):
        check(type_, "payload").validate_python(document)


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_event_without_one_of_its_attributes_is_not_as_its_message_says(name):
    envelope = Envelope.of(left()[1])
    event = json.loads(envelope.structured())
    headers = envelope.headers()
    del event[name]

    with pytest.raises(ValidationError):
        check("structured", "payload").validate_python(event)
    if headers.pop(PREFIX + name, None):
        with pytest.raises(ValidationError):
            check(ACCEPTED, "headers").validate_python(headers)


def test_the_amounts_of_an_entry_have_both_decimals():
    amount = validator(DOCUMENT, SCHEMAS["facts.paid"]["properties"]["amount"])

    amount.validate_python("720.00")
    for other in ("720", "720.0", "-1.00", 720):
        with pytest.raises(ValidationError):
            amount.validate_python(other)


# --- the command -------------------------------------------------------------------------------------------------


def test_the_command_prints_the_document():
    shown = gongdan("sop", "asyncapi")

    assert shown.exit_code == 0
    assert json.loads(shown.stdout) == DOCUMENT
