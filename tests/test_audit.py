"""The audit: whatever is done to a journal or to its rows is found, and is called what it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bootstrap import bootstrap
from engine import (
    NOT_ANCHORED,
    Accepted,
    Attempt,
    Binding,
    Catalogue,
    Engine,
    Line,
    Profile,
    Report,
    Text,
    Verdict,
    audit_journal,
    clause,
    met,
    standard_catalogue,
)
from engine.audit import audit, library
from engine.case import CaseRow
from engine.events import common
from engine.events import repair_order as ro
from engine.evidence import Sealed
from engine.findings import KINDS, Finding
from tests.support import ADVISOR, KIT, MANAGER, PURPOSE, Clock, Document, documents, resealed, world

# --- a journal with one of everything ----------------------------------------------------------------------------

HOUSE = """
name = "house"
version = "1"
extends = "dpca"
label = { zh = "本店", en = "our house" }
[clauses.repair_order]
"house.all-seats" = {}
"flow.waiver" = { waivable = ["protect.kit-four-piece"] }
"""


@clause(
    "house.all-seats",
    ro.KitFitted,
    source="house",
    binding=Binding.NOTE,
    zh="只登记了 {pieces}。",
    en="Only {pieces} are recorded.",
    do=Text(zh="补记。", en="Record the rest."),
)
def all_seats(attempt: Attempt[ro.KitFitted]) -> Verdict:
    """Noted when there are fewer than four pieces."""
    pieces = attempt.event.kit_pieces or frozenset()
    return met(len(pieces) == 4, pieces=pieces)


def catalogue() -> Catalogue:
    standard = standard_catalogue()
    profiles = {**standard.profiles, "house": Profile.load(HOUSE)}
    return replace(standard, clauses={**standard.clauses, all_seats.id: all_seats}, profiles=profiles)


CATALOGUE = catalogue()
THREE = ro.KitFitted(kit_pieces=frozenset({ro.KitPiece.FLOOR_MAT, ro.KitPiece.SEAT_COVER, ro.KitPiece.GEAR_COVER}))


def play() -> Engine:
    """RO-1 with a refusal, a waiver, a note and personal data; RO-2 and S2/RO-1 short, by other rules."""
    clock = Clock()
    engine = bootstrap("sqlite://", upgrade=True, catalogue=CATALOGUE, world=world(clock))
    shop = engine.shop("S1", profile="house")
    shop.open("RO-1", by=ADVISOR)
    waiver = common.ClauseWaived.read({"refused_seq": 4, "clause": "protect.kit-four-piece", "reason": "缺货"})
    for actor, facts in (
        (ADVISOR, ro.VehicleCheckedIn.read({"vin": "LSVAA4187E2184321"})),
        (ADVISOR, PURPOSE),
        (ADVISOR, THREE),
        (MANAGER, waiver),
        (ADVISOR, THREE),
        (ADVISOR, ro.ComplaintRecorded.read({"symptom_id": "c1", "customer_words": "左前轮异响"})),
    ):
        clock.forward(minutes=1)
        shop.apply("RO-1", facts, by=actor)
    shop.open("RO-2", by=ADVISOR)
    shop.apply("RO-2", ro.VehicleCheckedIn(), by=ADVISOR)
    other = engine.shop("S2", profile="dpca")
    other.open("RO-1", by=ADVISOR)
    other.apply("RO-1", KIT, by=ADVISOR)
    return engine


ENGINE = play()
LINES = tuple(ENGINE.export_journal())
ENTRIES = [line for line in LINES if line[0] == "entry"]
RULES = [line for line in LINES if line[0] == "rules"]
CHECKED_IN, PURPOSED, REFUSED, WAIVED, FITTED, COMPLAINT = 1, 2, 3, 4, 5, 6
"""Where the answers of S1/RO-1 stand among the entries."""


def kinds(lines: Sequence[Line]) -> set[str]:
    """What an audit of these lines finds."""
    return found(audit_journal(lines, CATALOGUE))


def found(report: Report) -> set[str]:
    """The kinds of all findings, each of which reads well in both languages."""
    for finding in report.findings:
        assert re.search(r"[\u4e00-\u9fff]", finding.text.zh)
        assert not re.search(r"[\u4e00-\u9fff]", finding.text.en)
        assert "{" not in finding.text.zh + finding.text.en
    return {finding.kind for finding in wrong(report)}


def wrong(report: Report) -> list[Finding]:
    """All findings but the one that every audit without an anchor has, at its end."""
    *others, last = report.findings
    assert last.kind == "anchor.missing"
    return others


def forged(index: int, change: Callable[[Document], object]) -> list[Line]:
    """The journal with one entry changed, its whole chain sealed anew."""
    entries = documents(LINES)
    change(entries[index])
    return resealed(LINES, entries)


# --- clean -------------------------------------------------------------------------------------------------------


def test_the_journal_has_one_of_everything():
    entries = documents(ENTRIES)

    assert [one["outcome"]["answer"] for one in entries[:7]] == [
        *["accepted"] * 3,
        "refused",
        *["accepted"] * 3,
    ]
    assert entries[FITTED]["outcome"]["waived"] == ["protect.kit-four-piece"]
    assert entries[FITTED]["outcome"]["notes"][0]["clause"] == "house.all-seats"
    assert "commitment" in entries[COMPLAINT]["command"]["facts"]["customer_words"]
    assert len(RULES) == 2


def test_a_journal_as_it_was_written_is_clean():
    of_store, of_lines = ENGINE.audit(), audit_journal(LINES, CATALOGUE)

    for report in (of_store, of_lines):
        assert (report.sound, report.cases, report.entries) == (True, 3, 11)


def test_the_forgers_tools_write_the_bytes_that_the_engine_writes():
    assert resealed(LINES, documents(LINES)) == [*RULES, *ENTRIES]


def test_an_empty_journal_is_clean():
    nothing = Report(findings=[Finding("anchor.missing", "", "", 0)])

    assert audit_journal([], CATALOGUE) == nothing
    assert bootstrap("sqlite://", upgrade=True, world=world()).audit() == nothing


# --- bytes -------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, len(LINES) - 1), st.integers(0, 10**6), st.integers(1, 255))
def test_any_one_byte_that_is_flipped_on_an_exported_line_is_found(number, place, flip):
    kind, body, _ = LINES[number]
    lines = [*LINES]
    lines[number] = flipped(LINES[number], place, flip)

    wrong = kinds(lines)

    assert wrong & ({"rules.digest", "rules.unknown"} if kind == "rules" else {"seal.broken", "entry.unreadable"})
    if lines[number][1] == body and kind == "entry":
        assert wrong == {"seal.broken"}


def flipped(line: Line, place: int, flip: int) -> Line:
    """A line with one byte changed, somewhere in its body or in its seal."""
    kind, body, known = line
    both = bytearray(body + known.encode())
    both[place % len(both)] ^= flip
    return kind, bytes(both[: len(body)]), both[len(body) :].decode("latin-1")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, len(ENTRIES) - 1), st.integers(0, 10**6), st.integers(1, 255))
def test_any_one_byte_that_is_flipped_in_the_store_is_found(number, place, flip):
    _, body, seal = ENTRIES[number]
    _, other_body, other_seal = flipped(ENTRIES[number], place, flip)

    with edited("UPDATE gongdan_entry SET body = ?, seal = ? WHERE seal = ?", (other_body, other_seal, seal)):
        wrong = found(ENGINE.audit())
    with edited("UPDATE gongdan_entry SET body = ?, seal = ? WHERE seal = ?", (body, seal, other_seal)):
        pass

    assert wrong & {"seal.broken", "entry.unreadable"}


# --- lines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", range(6))
def test_an_entry_that_is_dropped_is_found(index):
    assert {"chain.broken", "chain.count"} <= kinds([*RULES, *ENTRIES[:index], *ENTRIES[index + 1 :]])


@pytest.mark.parametrize("index", range(6))
def test_two_entries_that_are_swapped_are_found(index):
    one, other = ENTRIES[index : index + 2]
    assert {"chain.broken", "chain.count"} <= kinds([*RULES, *ENTRIES[:index], other, one, *ENTRIES[index + 2 :]])


@pytest.mark.parametrize("index", range(7))
def test_an_entry_that_stands_twice_is_found(index):
    assert {"chain.broken", "chain.count"} <= kinds([*RULES, *ENTRIES[: index + 1], *ENTRIES[index:]])


def test_an_entry_of_one_case_that_is_put_into_another_is_found():
    moved = documents(LINES)[COMPLAINT] | {"case": "RO-2", "seq": 3, "version": 3}
    lines = resealed(LINES, [*documents(LINES)[:9], moved])

    assert kinds(lines) == {"replay.answer"}
    assert kinds([*RULES, *ENTRIES[:8], ENTRIES[COMPLAINT], *ENTRIES[8:]]) >= {"entry.order", "chain.broken"}


def test_cases_out_of_order_are_found():
    assert kinds([*RULES, *ENTRIES[7:], *ENTRIES[:7]]) == {"entry.order"}


def test_an_entry_that_cannot_be_read_is_found_and_the_rest_is_still_read():
    torn = ("entry", ENTRIES[COMPLAINT][1][:-1], ENTRIES[COMPLAINT][2])

    report = audit_journal([*RULES, *ENTRIES[:COMPLAINT], torn, *ENTRIES[COMPLAINT + 1 :]], CATALOGUE)

    assert [(one.kind, one.case, one.seq) for one in wrong(report)] == [("entry.unreadable", "RO-1", 7)]
    assert report.entries == 11


def test_a_journal_that_begins_with_what_cannot_be_read_is_still_read():
    report = audit_journal([*RULES, ("entry", b"{", "0" * 64), *ENTRIES], CATALOGUE)

    assert [one.kind for one in wrong(report)] == ["entry.unreadable"]


# --- what an audit without an anchor cannot see ------------------------------------------------------------------


@pytest.mark.parametrize("lines", [[*RULES, *ENTRIES[:-1]], [*RULES, *ENTRIES[:5]], [*RULES, *ENTRIES[:7]], RULES])
def test_a_journal_that_is_cut_off_at_its_end_is_not_seen_and_the_audit_says_so(lines):
    assert kinds(lines) == set()
    assert "cut off at its end" in NOT_ANCHORED.en
    assert "截去" in NOT_ANCHORED.zh


def test_a_case_that_is_removed_whole_is_not_seen_and_the_audit_says_so():
    assert kinds([*RULES, *ENTRIES[:7], *ENTRIES[9:]]) == set()
    assert "removed whole" in NOT_ANCHORED.en


def test_a_chain_that_is_rewritten_into_one_that_the_rules_allow_is_not_seen_and_the_audit_says_so():
    assert kinds(forged(COMPLAINT, lambda one: one["command"]["facts"].update(symptom_id="c2"))) == set()
    assert "rewritten" in NOT_ANCHORED.en
    assert "改写" in NOT_ANCHORED.zh


def test_a_store_that_is_cut_off_shows_it_by_its_row():
    with edited("DELETE FROM gongdan_entry WHERE seal = ?", (ENTRIES[COMPLAINT][2],), undo=True):
        assert found(ENGINE.audit()) == {"row.differs"}


# --- the chain sealed anew ---------------------------------------------------------------------------------------


def into_acceptance(one: Document) -> None:
    one["outcome"] |= {"answer": "accepted", "event": one["command"]["name"], "refusals": [], "state": "protected"}
    one["version"] += 1


def into_refusal(one: Document) -> None:
    refusals = [{"clause": "protect.no-waiver", "facts": {}}]
    outcome = {"answer": "refused", "event": None, "refusals": refusals, "state": "arrived", "notes": [], "waived": []}
    one["outcome"] = outcome
    one["version"] -= 1


FORGERIES: dict[str, tuple[int, Callable[[Document], object], str]] = {
    "a refusal into an acceptance": (REFUSED, into_acceptance, "replay.answer"),
    "an acceptance into a refusal": (FITTED, into_refusal, "replay.answer"),
    "a fact that a clause asked for": (
        FITTED,
        lambda one: one["command"]["facts"].update(kit_pieces=["floor_mat"]),
        "replay.answer",
    ),
    "a fact that a later clause asks for": (
        PURPOSED,
        lambda one: one["command"]["facts"].update(purposes=["event"], primary_purpose="event"),
        "replay.answer",
    ),
    "the validity of a personal value": (
        WAIVED,
        lambda one: one["command"]["facts"]["reason"].update(given=False),
        "replay.answer",
    ),
    "the role of an actor": (
        FITTED,
        lambda one: one["command"]["actor"].update(role="cashier"),
        "replay.answer",
    ),
    "the asker of what was waived": (REFUSED, lambda one: one["command"]["actor"].update(id="sm-1"), "replay.answer"),
    "the time at which it happened": (
        FITTED,
        lambda one: one["command"].update(occurred_at="2026-11-23T00:00:00.000000Z"),
        "replay.answer",
    ),
    "a state": (CHECKED_IN, lambda one: one["outcome"].update(state="protected"), "replay.state"),
    "the state of a refusal": (REFUSED, lambda one: one["outcome"].update(state="protected"), "replay.state"),
    "a version": (CHECKED_IN, lambda one: one.update(version=7), "replay.state"),
    "a workflow": (CHECKED_IN, lambda one: one.update(workflow="appointment"), "replay.state"),
    "a note taken away": (FITTED, lambda one: one["outcome"].update(notes=[]), "replay.clauses"),
    "a note put in": (
        CHECKED_IN,
        lambda one: one["outcome"].update(notes=[{"clause": "house.all-seats", "facts": {}}]),
        "replay.clauses",
    ),
    "a waiver taken away": (FITTED, lambda one: one["outcome"].update(waived=[]), "replay.clauses"),
    "the facts of a note": (
        FITTED,
        lambda one: one["outcome"]["notes"][0]["facts"].update(pieces=[]),
        "replay.clauses",
    ),
    "the facts of a refusal": (
        REFUSED,
        lambda one: one["outcome"]["refusals"][0]["facts"].update(missing=["seat_cover"]),
        "replay.clauses",
    ),
    "the clause of a refusal": (
        REFUSED,
        lambda one: one["outcome"]["refusals"][0].update(clause="protect.no-waiver"),
        "replay.clauses",
    ),
    "another seq": (CHECKED_IN, lambda one: one.update(seq=5), "chain.count"),
    "an earlier time of recording": (
        REFUSED,
        lambda one: one.update(recorded_at="2026-11-23T01:00:00.000000Z"),
        "time.backwards",
    ),
    "other rules under way": (REFUSED, lambda one: one.update(rules="a" * 64), "rules.changed"),
    "rules that are not there": (0, lambda one: one.update(rules="a" * 64), "rules.unknown"),
    "a second opening": (
        CHECKED_IN,
        lambda one: (
            one["command"].update(name="case_opened", facts={"profile": "house", "version": "1"}),
            one["outcome"].update(event="case_opened"),
        ),
        "replay.impossible",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_found_though_the_whole_chain_is_sealed_anew(name):
    index, change, kind = FORGERIES[name]

    wrong = kinds(forged(index, change))

    assert kind in wrong
    assert not wrong & {"seal.broken", "chain.broken", "entry.unreadable"}


def test_a_history_on_which_a_guard_cannot_stand_is_a_finding_and_no_crash():
    def relies_on_what_is_not_there(attempt: Attempt[ro.KitFitted]) -> Verdict:
        return met(attempt.case.the(ro.Paid) is not None)

    purpose = CATALOGUE.clauses["arrive.purpose-recorded"]
    fragile = replace(purpose, judge=relies_on_what_is_not_there)
    catalogue = replace(CATALOGUE, clauses={**CATALOGUE.clauses, purpose.id: fragile})

    report = audit_journal(LINES, catalogue)

    assert found(report) == {"replay.impossible"}
    assert {finding.facts["reason"] for finding in wrong(report)} == {"LookupError"}


def test_the_first_entry_must_be_an_opening():
    entries = [one | {"seq": one["seq"] - 1, "version": one["version"] - 1} for one in documents(LINES)[1:4]]

    assert kinds(resealed(LINES, entries)) == {"replay.opening"}


def test_the_opening_must_name_the_rules_that_the_case_is_pinned_to():
    assert kinds(forged(0, lambda one: one["command"]["facts"].update(profile="base"))) == {"replay.opening"}


# --- what is no entry, though it is sealed -----------------------------------------------------------------------

SEALED_NONSENSE: dict[str, Callable[[Document], object]] = {
    "a number as the shop": lambda one: one.update(shop=1),
    "a text as the seq": lambda one: one.update(seq="2"),
    "a flag as the seq": lambda one: one.update(seq=True),
    "a seq past 2^53": lambda one: one.update(seq=2**53),
    "a list as the state": lambda one: one["outcome"].update(state=["arrived"]),
    "a field of its own": lambda one: one.update(comment="nothing to see"),
    "a field of its own in the outcome": lambda one: one["outcome"].update(by="hand"),
    "no actor": lambda one: one["command"].pop("actor"),
    "an actor without a role": lambda one: one["command"]["actor"].pop("role"),
    "a name as an actor": lambda one: one["command"]["actor"].update(id="王 小明"),
    "a command that nobody knows": lambda one: one["command"].update(name="vehicle_teleported"),
    "facts of another event": lambda one: one["command"]["facts"].update(kit_pieces=[]),
    "a personal value in clear": lambda one: one["command"]["facts"].update(license_plate="京A12345"),
    "a commitment that is none": lambda one: one["command"]["facts"]["vin"].update(commitment="京A12345"),
    "a float": lambda one: one["outcome"]["refusals"].append({"clause": "x", "facts": {"x": 1.5}}),
    "no number": lambda one: one["outcome"]["refusals"].append({"clause": "x", "facts": {"x": float("nan")}}),
    "half a character": lambda one: one["outcome"]["refusals"].append({"clause": "x", "facts": {"x": "\ud800"}}),
    "a third answer": lambda one: one["outcome"].update(answer="maybe"),
    "an event that is not the command's": lambda one: one["outcome"].update(event="kit_fitted"),
    "an event of a refusal": lambda one: one["outcome"].update(answer="refused"),
    "a day as a time": lambda one: one.update(recorded_at="2026-11-23"),
    "a time without its zone": lambda one: one.update(recorded_at="2026-11-23T01:01:00.0000000"),
    "a time in another zone": lambda one: one.update(recorded_at="2026-11-23T09:01:00.000000+08:00"),
    "a time without fractions": lambda one: one["command"].update(occurred_at="2026-11-23T01:00:00Z"),
    "another format": lambda one: one.update(format=2),
    "rules that are no digest": lambda one: one.update(rules="dpca"),
    "an entry too long": lambda one: one["outcome"].update(waived=["x" * 70_000]),
    "a late reason in clear": lambda one: one["command"].update(late={"reason": "忘记了", "paper": "p-1"}),
}


@pytest.mark.parametrize("name", SEALED_NONSENSE)
def test_what_is_no_entry_is_unreadable_though_it_is_sealed(name):
    assert "entry.unreadable" in kinds(forged(CHECKED_IN, SEALED_NONSENSE[name]))


@pytest.mark.parametrize(
    "respell",
    [
        lambda body: body + b" ",
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: json.dumps(json.loads(body)).encode(),
        lambda body: json.dumps(json.loads(body)).encode("utf-16"),
        lambda body: body.replace(b'"format":1', b'"format":1,"format":1'),
        lambda body: body.replace(b"RO-1", b"RO\\u002d1"),
        lambda _: b"[" * 100_000,
        lambda _: b"",
        lambda _: b"null",
    ],
    ids=["space", "mark", "spaced", "utf-16", "twice", "escaped", "deep", "empty", "null"],
)
def test_other_bytes_for_an_entry_are_no_entry(respell):
    _, body, seal = ENTRIES[COMPLAINT]

    assert Sealed.read(body, seal, CATALOGUE).entry is not None
    assert Sealed.read(respell(body), seal, CATALOGUE).entry is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["protected", "kit_fitted", ""]),
    lambda some: st.lists(some, max_size=2) | st.dictionaries(st.text("ab", max_size=2), some, max_size=2),
    max_leaves=4,
)


def places(value: object) -> Iterator[tuple[dict[str, object] | list[object], str | int]]:
    """Every place in a JSON value where something stands."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from places(inner)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, len(ENTRIES) - 1), st.integers(0, 10**6), JSON)
def test_no_forgery_whatever_makes_the_audit_fail(number, place, value):
    def change(one: Document) -> None:
        everywhere = [*places(one)]
        where, key = everywhere[place % len(everywhere)]
        where[key] = value

    report = audit_journal(forged(number, change), CATALOGUE)

    assert report.entries == 11
    assert all(finding.text.zh and finding.text.en for finding in report.findings)


# --- rules -------------------------------------------------------------------------------------------------------


def test_a_rules_body_under_another_digest_is_found_and_its_chains_are_still_walked():
    (kind, one, digest), (_, other, other_digest) = RULES
    torn = [*ENTRIES]
    torn[COMPLAINT] = ("entry", torn[COMPLAINT][1], "0" * 64)

    swapped = [(kind, other, digest), (kind, one, other_digest), *torn]

    assert kinds(swapped) == {"rules.digest", "rules.unknown", "seal.broken"}


def test_rules_that_are_missing_are_found_once_a_case():
    report = audit_journal(ENTRIES, CATALOGUE)

    assert [(one.kind, one.shop, one.case) for one in wrong(report)] == [
        ("rules.unknown", "S1", "RO-1"),
        ("rules.unknown", "S1", "RO-2"),
        ("rules.unknown", "S2", "RO-1"),
    ]


def test_rules_with_a_clause_that_the_code_does_not_have_are_found():
    assert found(audit_journal(LINES, standard_catalogue())) == {"rules.unknown"}


def test_a_rules_body_that_is_swapped_in_the_store_is_found():
    (_, one, digest), (_, other, _) = RULES

    with edited("UPDATE gongdan_rules SET body = ? WHERE digest = ?", (other, digest)):
        wrong = found(ENGINE.audit())
    with edited("UPDATE gongdan_rules SET body = ? WHERE digest = ?", (one, digest)):
        pass

    assert wrong == {"rules.digest", "rules.unknown"}
    assert ENGINE.audit().sound


# --- rows --------------------------------------------------------------------------------------------------------


@contextmanager
def edited(sql: str, values: tuple[object, ...], *, undo: bool = False) -> Iterator[None]:
    """A hand in the database; with `undo`, out again afterwards."""
    raw = ENGINE.store._engine.raw_connection()
    saved = b"" if not undo else raw.driver_connection.serialize()
    assert raw.cursor().execute(sql, values).rowcount == 1
    raw.close()
    yield
    if undo:
        raw = ENGINE.store._engine.raw_connection()
        raw.driver_connection.deserialize(saved)
        raw.close()


COLUMNS = {
    "workflow": "appointment",
    "rules": "a" * 64,
    "state": "settled",
    "is_open": 0,
    "advisor": "sa-9",
    "promised_at": "2026-11-24T09:00:00.000000Z",
    "seq": 99,
    "version": 99,
    "head": "a" * 64,
    "recorded_at": "2026-11-24T01:00:00.000000Z",
}


COPIED = (
    f"INSERT INTO gongdan_case (shop, case_id, {', '.join(COLUMNS)}) SELECT {{}}, {{}}, {', '.join(COLUMNS)} "
    "FROM gongdan_case WHERE shop = 'S1' AND case_id = 'RO-2'"
)
"""The row of S1/RO-2 once more, under another shop or case."""


def test_every_column_of_a_case_row_is_compared():
    assert {*COLUMNS, "shop", "id"} == {*CaseRow._fields}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_row_that_is_edited_is_found(column):
    sql = f"UPDATE gongdan_case SET {column} = ? WHERE shop = 'S1' AND case_id = 'RO-2'"
    with edited(sql, (COLUMNS[column],), undo=True):
        report = ENGINE.audit()

    assert found(report) == {"row.differs"}
    assert [(one.shop, one.case, one.facts["field"]) for one in wrong(report)] == [("S1", "RO-2", column)]
    assert ENGINE.audit().sound


@pytest.mark.parametrize("case", ["RO-0", "RO-15", "RO-9"])
def test_a_row_without_a_journal_is_found_wherever_it_stands(case):
    with edited(COPIED.format("'S1'", "?"), (case,), undo=True):
        report = ENGINE.audit()

    found(report)
    assert [(one.kind, one.shop, one.case) for one in wrong(report)] == [("row.orphan", "S1", case)]


def test_a_row_without_a_journal_is_found_at_the_end():
    with edited(COPIED.format("?", "case_id"), ("S9",), undo=True):
        report = ENGINE.audit()

    assert [(one.kind, one.shop) for one in wrong(report)] == [("row.orphan", "S9")]


@pytest.mark.parametrize(("shop", "case"), [("S1", "RO-1"), ("S1", "RO-2"), ("S2", "RO-1")])
def test_a_journal_without_its_row_is_found_wherever_it_stands(shop, case):
    with edited("DELETE FROM gongdan_case WHERE shop = ? AND case_id = ?", (shop, case), undo=True):
        report = ENGINE.audit()

    found(report)
    assert [(one.kind, one.shop, one.case) for one in wrong(report)] == [("row.missing", shop, case)]


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [("seq", 99, "seq"), ("case_id", "RO-3", "case"), ("shop", "S3", "shop"), ("command_id", "other", "command")],
)
def test_a_column_that_differs_from_its_entry_is_found(column, value, field):
    with edited(f"UPDATE gongdan_entry SET {column} = ? WHERE seal = ?", (value, ENTRIES[COMPLAINT][2]), undo=True):
        report = ENGINE.audit()

    columns = [one for one in wrong(report) if one.kind == "entry.columns"]
    assert [(one.case, one.seq, one.facts["field"]) for one in columns] == [("RO-1", 7, field)]


def test_a_refused_command_that_the_rules_do_not_know_is_unreadable_and_its_chain_is_still_walked():
    wrong = kinds(forged(REFUSED, lambda one: one["command"].update(name="vehicle_teleported")))

    assert "entry.unreadable" in wrong
    assert not wrong & {"chain.broken", "chain.count", "seal.broken"}


def test_a_fact_that_the_auditor_does_not_have_is_no_tampering():
    events = {kind: event for kind, event in CATALOGUE.events.items() if kind != "kit_fitted"}

    report = audit_journal(LINES, replace(CATALOGUE, events=events))

    assert found(report) == {"rules.unknown"}


# --- words, memory -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_finding_speaks_both_languages(kind):
    placed = re.findall(r"{(\w+)}", KINDS[kind].text.zh)
    facts = dict.fromkeys(placed, "a fact") | {"expected": "accepted", "actual": "refused", "reason": "entry"}

    text = Finding(kind, "S1", "RO-1", 1, facts).text

    assert re.search(r"[\u4e00-\u9fff]", text.zh)
    assert not re.search(r"[\u4e00-\u9fff]", text.en)
    if "{expected}" in KINDS[kind].text.zh and kind.endswith("answer"):
        assert "接受" in text.zh
        assert "accepted" in text.en


def test_a_case_is_replayed_and_let_go_before_the_next_one_is_read():
    read: list[str] = []
    bodies = {digest: body for _, body, digest in RULES}

    def reading() -> Iterator[Sealed]:
        for _, body, seal in ENTRIES:
            sealed = Sealed.read(body, seal, CATALOGUE)
            assert sealed.entry is not None
            read.append(sealed.entry.case + sealed.entry.shop)
            yield sealed

    replayed = audit(reading(), library(CATALOGUE, bodies.get), Report())

    assert next(replayed).seq == 7
    assert len(read) == 8
    assert next(replayed).seq == 2
    assert len(read) == 10


def test_the_time_between_entries_may_be_any():
    clock = Clock()
    engine = bootstrap("sqlite://", upgrade=True, world=world(clock))
    engine.shop("S1").open("RO-1", by=ADVISOR)
    clock.forward(days=400)

    answer = engine.shop("S1").apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR)

    assert isinstance(answer, Accepted)
    assert clock() - Clock()() == timedelta(days=400)
    assert engine.audit().sound
