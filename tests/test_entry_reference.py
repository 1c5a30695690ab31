"""docs/reference/entry.md is true: entries are parsed by hand as it says, with nothing but json and hashlib.

The tables and the code of the page are read from its Markdown, so that page and code cannot drift.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from adapters.bootstrap import bootstrap
from engine import BadJournal, Engine, Entry, Late, Line, Personal
from engine.canonical import instant
from engine.document import Document
from engine.events import EVENTS, common
from engine.events import repair_order as ro
from engine.events.event import ID_PATTERN
from engine.journal import FORMAT, LONGEST
from tests.pages import Page
from tests.support import ADVISOR, GUARD, KIT, PURPOSE, START, Clock, world

PAGE = Page("entry.md")
TYPES = PAGE.table("Types")
FIELDS = PAGE.table("Fields")
HAND = SimpleNamespace()
exec(PAGE.block("Reading one by hand", "python"), vars(HAND))


# --- a journal to read -------------------------------------------------------------------------------------------


def play() -> Engine:
    """Acceptances, refusals, personal values, a late entry, an entry with its own time."""
    clock = Clock(START)
    engine = bootstrap("sqlite://", upgrade=True, world=world(clock))
    shop = engine.shop("S1", profile="dpca")
    shop.open("RO-17", by=ADVISOR)
    shop.apply("RO-17", ro.VehicleCheckedIn.read({"license_plate": "京A12345", "vin": "不清楚"}), by=GUARD)
    shop.apply("RO-17", ro.KitFitted(), by=ADVISOR)
    at = clock()
    clock.forward(hours=2)
    late = Late(Personal.clear("前台停电"), "paper-7")
    shop.apply("RO-17", PURPOSE, by=ADVISOR, occurred_at=at + timedelta(minutes=1), late=late)
    shop.apply("RO-17", KIT, by=ADVISOR, occurred_at=at + timedelta(minutes=2), late=late)
    shop.apply("RO-17", ro.ComplaintRecorded.read({"symptom_id": "c1", "customer_words": '"嗡"\n\t异响'}), by=ADVISOR)
    engine.shop("S2").open("RO-1", by=ADVISOR)
    return engine


ENGINE = play()
LINES = tuple(ENGINE.export_journal())
BODIES = [body for kind, body, _ in LINES if kind == "entry"]
ENTRIES: list[dict[str, Any]] = [json.loads(body) for body in BODIES]


def file_lines(lines: Iterable[Line]) -> list[bytes]:
    """The lines of a journal file, as the section on files says."""
    frames = PAGE.table("Journal files")
    entry, rules = '{"entry":BODY,"seal":DIGEST}', '{"digest":DIGEST,"rules":BODY}'
    assert {entry, rules} <= {*frames}
    return [
        (entry if kind == "entry" else rules).replace("DIGEST", f'"{known}"').replace("BODY", body.decode()).encode()
        + b"\n"
        for kind, body, known in lines
    ]


def paths(value: dict[str, Any], lead: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of an entry by its path; facts and personal values are one thing each."""
    for name, inner in value.items():
        path = f"{lead}{name}"
        yield path, inner
        if isinstance(inner, dict) and FIELDS.get(path, "object") not in {"facts", "personal"}:
            yield from paths(inner, f"{path}.")


# --- bytes, seals, chains ----------------------------------------------------------------------------------------


def test_the_journal_has_both_answers_and_a_late_entry():
    assert {one["outcome"]["answer"] for one in ENTRIES} == {"accepted", "refused"}
    assert any(one["command"]["late"] for one in ENTRIES)
    assert any(one["command"]["occurred_at"] for one in ENTRIES)


@pytest.mark.parametrize("index", range(len(ENTRIES)))
def test_an_entry_is_its_canonical_bytes(index):
    again = json.dumps(ENTRIES[index], ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    assert again.encode() == BODIES[index] == HAND.canonical(ENTRIES[index])
    assert len(BODIES[index]) <= 65_535 == LONGEST
    assert b"\n" not in BODIES[index]
    assert re.search(rf"at most {LONGEST} bytes", PAGE.section("Canonical bytes"))


def test_a_seal_is_sha_256_of_a_zero_byte_and_the_bytes():
    sealed = [(body, known) for kind, body, known in LINES if kind == "entry"]

    assert sealed
    for body, known in sealed:
        assert hashlib.sha256(b"\x00" + body).hexdigest() == known == HAND.seal(body)


def test_an_entry_links_to_the_seal_of_the_one_before():
    heads: dict[tuple[str, str], tuple[int, int, str]] = {}
    for entry, body in zip(ENTRIES, BODIES, strict=True):
        place = entry["shop"], entry["case"]
        seq, version, prev = heads.get(place, (0, 0, "0" * 64))
        accepted = entry["outcome"]["answer"] == "accepted"
        assert (entry["seq"], entry["version"], entry["prev"]) == (seq + 1, version + accepted, prev)
        heads[place] = entry["seq"], entry["version"], HAND.seal(body)

    assert {place: head for place, (_, _, head) in heads.items()} == {
        (row.shop, row.id): row.head for shop in ("S1", "S2") for row in ENGINE.shop(shop).find().rows
    }


def test_rules_stand_under_their_digest_without_a_leading_byte():
    rules = {known: body for kind, body, known in LINES if kind == "rules"}

    assert all(hashlib.sha256(body).hexdigest() == known for known, body in rules.items())
    assert all(HAND.canonical(json.loads(body)) == body for body in rules.values())
    assert {entry["rules"] for entry in ENTRIES} == {*rules}


def test_the_pages_own_code_reads_a_journal_file_and_finds_it_whole():
    assert HAND.check(file_lines(LINES)) == len(ENTRIES)
    assert [HAND.read_line(line) for line in file_lines(LINES)] == [(body, known) for _, body, known in LINES]


@pytest.mark.parametrize("index", range(len(LINES)))
def test_the_pages_own_code_finds_a_line_that_was_changed(index):
    lines = file_lines(LINES)
    lines[index] = re.sub(rb'("version":"?)\d', rb"\g<1>9", lines[index], count=1)

    with pytest.raises(AssertionError):
        HAND.check(lines)


@pytest.mark.parametrize("index", range(len(LINES) - 2))
def test_the_pages_own_code_finds_that_a_line_before_the_last_of_its_case_was_dropped(index):
    lines = file_lines(LINES)
    del lines[index]

    with pytest.raises(AssertionError):
        HAND.check(lines)


# --- fields ------------------------------------------------------------------------------------------------------


def test_the_fields_of_entries_are_those_of_the_table():
    leaves = {path for entry in ENTRIES for path, _ in paths(entry)}

    assert leaves - {"command", "command.actor", "outcome"} == {*FIELDS}


def test_every_entry_has_every_field():
    always = {path for path in FIELDS if not path.startswith("command.late.")}

    for entry in ENTRIES:
        assert always <= {path for path, _ in paths(entry)}


def test_the_fields_that_the_reader_knows_are_those_of_the_table():
    def fields(model: type[BaseModel], lead: str = "") -> Iterator[str]:
        for name, info in model.model_fields.items():
            inner = [one for one in (info.annotation, *get_args(info.annotation)) if isinstance(one, type)]
            nested = [one for one in inner if issubclass(one, BaseModel)]
            is_list = getattr(info.annotation, "__origin__", None) is list
            if is_list or not nested or None in inner or type(None) in inner:
                yield f"{lead}{name}"
            if nested and not is_list:
                yield from fields(nested[0], f"{lead}{name}.")

    assert {*fields(Document)} == {*FIELDS}


@pytest.mark.parametrize("path", FIELDS)
def test_a_field_has_the_type_that_the_table_says(path):
    values = [value for entry in ENTRIES for at, value in paths(entry) if at == path]

    assert values
    for value in values:
        fits(value, FIELDS[path])


def fits(value: Any, kind: str) -> None:
    """The value is of a type of the page."""
    if kind.endswith(" or null"):
        if value is not None:
            fits(value, kind.removesuffix(" or null"))
    elif kind.startswith("list of "):
        assert isinstance(value, list)
        for one in value:
            fits(one, kind.removeprefix("list of "))
    elif kind == "said":
        assert {*value} == {"clause", "facts"}
        fits(value["clause"], "code")
        fits(value["facts"], "facts")
    elif kind == "personal":
        assert {*value} == {*PAGE.table("Personal values")}
        fits(value["commitment"], "digest")
        assert {type(value["given"]), type(value["valid"])} == {bool}
    elif kind in {"facts", "object"}:
        assert isinstance(value, dict)
        assert None not in value.values() or kind == "facts"
    else:
        assert isinstance(value, int if kind in {"count", "format"} else str)
        assert re.fullmatch(TYPES[kind], str(value))


def test_the_patterns_of_the_page_are_those_of_the_code():
    assert TYPES["code"] == ID_PATTERN
    assert TYPES["format"] == str(FORMAT)
    assert re.fullmatch(TYPES["instant"], instant(START))
    assert re.fullmatch(TYPES["count"], str(2**53 - 1))
    assert not re.fullmatch(TYPES["count"], str(10**16))


# --- outcomes ----------------------------------------------------------------------------------------------------


def test_the_outcome_says_what_the_answer_was():
    state = {}
    for entry in ENTRIES:
        place, outcome = (entry["shop"], entry["case"]), entry["outcome"]
        if outcome["answer"] == "accepted":
            assert outcome["event"] == entry["command"]["name"]
            assert outcome["refusals"] == []
        else:
            assert outcome["event"] is None
            assert outcome["refusals"]
            assert outcome["notes"] == outcome["waived"] == []
            assert outcome["state"] == state[place]
        assert (entry["command"]["name"] == common.CaseOpened.kind) == (entry["seq"] == 1)
        state[place] = outcome["state"]


def test_recording_never_runs_backwards_and_happens_after_the_fact():
    for one, other in itertools.pairwise(ENTRIES):
        assert one["case"] != other["case"] or one["recorded_at"] <= other["recorded_at"]
    assert all((one["command"]["occurred_at"] or "") <= one["recorded_at"] for one in ENTRIES)


# --- personal values ---------------------------------------------------------------------------------------------


def test_a_commitment_is_made_of_salt_and_value():
    opened = {}
    for entry in ENTRIES:
        with ENGINE.store.read() as transaction:
            kept = transaction.personal(entry["shop"], entry["case"], entry["seq"])
        for path, (salt, value) in kept.items():
            sealed = entry["command"]["late"]["reason"] if path == "late.reason" else entry["command"]["facts"][path]
            assert hashlib.sha256(salt + value.encode()).hexdigest() == sealed["commitment"]
            assert HAND.commitment(salt, value) == sealed["commitment"]
            assert len(salt) >= 16
            opened[value] = (sealed["given"], sealed["valid"])

    assert opened == {
        "京A12345": (True, True),
        "不清楚": (True, False),
        "前台停电": (True, True),
        '"嗡"\n\t异响': (True, True),
    }


def test_no_personal_value_stands_in_an_entry():
    everything = b"".join(BODIES).decode()

    for value in ("京A12345", "不清楚", "前台停电", "异响"):
        assert value not in everything


def test_every_salt_is_used_once():
    commitments = re.findall(r'"commitment":"([0-9a-f]{64})"', b"".join(BODIES).decode())

    assert len(commitments) == len({*commitments}) == 5


# --- the example of the page -------------------------------------------------------------------------------------


def test_the_example_of_the_page_is_an_entry_with_its_seal():
    body = PAGE.block("An example", "json").encode()
    entry = json.loads(body)
    value, salt = re.findall(r"`(.+?)`", PAGE.section("An example").split("The plate was")[1])

    assert HAND.canonical(entry) == body
    assert HAND.seal(body) == PAGE.block("An example", "text")
    assert HAND.commitment(bytes.fromhex(salt), value) == entry["command"]["facts"]["license_plate"]["commitment"]
    assert Entry.read(body, EVENTS).seal == PAGE.block("An example", "text")
    with pytest.raises(BadJournal):
        Entry.read(body.replace(b'"seq":2', b'"seq": 2'), EVENTS)


def test_the_page_begins_with_a_summary_in_chinese():
    summary = PAGE.text.split("\n\n")[1]

    assert summary.startswith("**摘要。**")
    assert "SHA-256(0x00 ‖ 字节)" in summary
