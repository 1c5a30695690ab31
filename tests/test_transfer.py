"""Journals out and in: the sealed bytes as they are, or nothing at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bootstrap import bootstrap
from engine import Accepted, BadJournal, CaseExists, CaseNotFound, Engine, Finding, GongdanError, Line, Report
from engine.canonical import digest
from engine.events import repair_order as ro
from tests.support import ADVISOR, Document, documents, engine_on, protect, resealed, world

EMPTY: dict[str, list[tuple[object, ...]]] = {
    "rules": [],
    "entry": [],
    "case": [],
    "personal": [],
    "outbox": [],
}


def play(engine: Engine) -> Engine:
    """Two shops, two bodies of rules, four cases, a refusal, personal data."""
    shop = engine.shop("S1", profile="dpca")
    for case in ("RO-1", "RO-2"):
        protect(shop, case)
    shop.apply("RO-1", ro.WaitTick(), by=ADVISOR)
    shop.apply("RO-1", ro.ComplaintRecorded.read({"symptom_id": "c1", "customer_words": "左前轮异响"}), by=ADVISOR)
    for case in ("RO-1", "RO-3"):
        engine.shop("S2").open(case, by=ADVISOR)
    return engine


def unanchored(cases: int, entries: int) -> Report:
    """What is said of a journal with which nothing is wrong."""
    return Report(cases, entries, [Finding("anchor.missing", "", "", 0)])


LINES = tuple(play(bootstrap("sqlite://", upgrade=True, world=world())).export_journal())
RULES = [line for line in LINES if line[0] == "rules"]
ENTRIES = [line for line in LINES if line[0] == "entry"]


def tables(folder: Path, name: str = "shop.db") -> dict[str, list[tuple[object, ...]]]:
    """Every row that a journal could leave."""
    with closing(sqlite3.connect(folder / name)) as raw:
        return {table: sorted(raw.execute(f"SELECT * FROM gongdan_{table}")) for table in EMPTY}


# --- out ---------------------------------------------------------------------------------------------------------


def test_a_journal_goes_out_rules_first_then_entries_by_shop_case_and_seq():
    places = [(one["shop"], one["case"], one["seq"]) for one in documents(LINES)]

    assert [kind for kind, _, _ in LINES] == ["rules"] * 2 + ["entry"] * 12
    assert all(known == digest(body) for _, body, known in RULES)
    assert all(one < other for one, other in pairwise(places))


def test_a_journal_longer_than_a_page_goes_out_whole_and_once():
    engine = bootstrap("sqlite://", upgrade=True, world=world())
    shop = engine.shop("S1")
    for number in range(5):
        shop.open(f"RO-{number}", by=ADVISOR)
        shop.apply_all(f"RO-{number}", [ro.VehicleCheckedIn(), *[ro.WaitTick()] * 110], by=ADVISOR)

    lines = list(engine.export_journal())

    assert len(lines) == 1 + 5 * 112
    assert len({seal for _, _, seal in lines}) == len(lines)
    assert bootstrap("sqlite://", upgrade=True, world=world()).import_journal(lines) == unanchored(cases=5, entries=560)


def test_an_empty_store_has_an_empty_journal():
    assert list(bootstrap("sqlite://", upgrade=True, world=world()).export_journal()) == []


def test_a_journal_goes_out_as_it_was_when_it_was_begun(tmp_path):
    engine = play(engine_on(tmp_path))
    lines = engine.export_journal()
    first = next(lines)

    engine.shop("S1").apply("RO-2", ro.WaitTick(), by=ADVISOR)

    assert (first, *lines) == LINES


# --- in ----------------------------------------------------------------------------------------------------------


def test_a_journal_comes_in_with_the_same_rows_cases_and_bytes(tmp_path):
    one = play(engine_on(tmp_path, name="one.db"))
    other = engine_on(tmp_path, name="other.db")

    assert other.import_journal(one.export_journal()) == unanchored(cases=4, entries=12)

    was, now = tables(tmp_path, "one.db"), tables(tmp_path, "other.db")
    for table in ("rules", "entry", "case"):
        assert now[table] == was[table]
    assert tuple(other.export_journal()) == LINES
    assert other.audit() == one.audit() == unanchored(cases=4, entries=12)
    assert other.shop("S1").case("RO-1") == one.shop("S1").case("RO-1")


def test_personal_values_and_deliveries_do_not_travel(tmp_path):
    engine = engine_on(tmp_path)
    engine.subscribe("board")

    engine.import_journal(LINES)

    assert tables(tmp_path)["personal"] == []
    assert tables(tmp_path)["outbox"] == []


def test_work_goes_on_where_the_journal_ended(tmp_path):
    engine = engine_on(tmp_path)
    engine.import_journal(LINES)
    shop = engine.shop("S1", profile="lexus")

    answer = shop.apply("RO-2", ro.WalkaroundStarted(customer_present=True), by=ADVISOR, id="later")

    assert isinstance(answer, Accepted)
    assert answer.seq == 5
    assert engine.audit().sound


def test_a_command_that_was_answered_over_there_is_answered_the_same_here(tmp_path):
    one, other = play(engine_on(tmp_path, name="one.db")), engine_on(tmp_path, name="other.db")
    other.import_journal(LINES)
    put = one.shop("S1").entries("RO-1")[1]

    again = other.shop("S1").apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR, id=put.command.id)

    assert isinstance(again, Accepted)
    assert (again.seq, again.state) == (2, "arrived")
    assert tables(tmp_path, "other.db")["entry"] == tables(tmp_path, "one.db")["entry"]


def test_two_journals_of_different_shops_come_into_one_store(tmp_path):
    engine = engine_on(tmp_path)
    here = bootstrap("sqlite://", upgrade=True, world=world())
    here.shop("S7").open("RO-1", by=ADVISOR)

    assert engine.import_journal(LINES).sound
    assert engine.import_journal(here.export_journal()).sound

    assert engine.audit() == unanchored(cases=5, entries=13)


# --- refused -----------------------------------------------------------------------------------------------------


def with_document(index: int, **fields: object) -> list[Line]:
    """The journal with fields of one entry changed, its chain sealed anew."""
    forged: list[Document] = documents(LINES)
    forged[index] |= fields
    return resealed(LINES, forged)


TAMPERED: dict[str, tuple[list[Line], str]] = {
    "a seal": ([*LINES[:5], ("entry", LINES[5][1], "0" * 64), *LINES[6:]], "seal.broken"),
    "a byte": ([*LINES[:5], ("entry", LINES[5][1].replace(b"sa-1", b"sa-2"), LINES[5][2]), *LINES[6:]], "seal.broken"),
    "an entry in the middle": ([*LINES[:4], *LINES[5:]], "chain.broken"),
    "an entry twice": ([*LINES[:5], *LINES[4:]], "chain.broken"),
    "two entries swapped": ([*LINES[:4], LINES[5], LINES[4], *LINES[6:]], "chain.broken"),
    "cases out of order": ([*RULES, *ENTRIES[10:], *ENTRIES[:10]], "entry.order"),
    "a chain sealed anew": (with_document(1, version=9), "replay.state"),
    "a rules body": ([("rules", RULES[1][1], RULES[0][2]), *LINES[1:]], "rules.digest"),
    "a rules body that nobody needs": ([*LINES, ("rules", b"{}", "0" * 64)], "rules.digest"),
    "no rules": ([*ENTRIES], "rules.unknown"),
    "entries before their rules": ([*ENTRIES, *RULES], "rules.unknown"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_journal_that_was_tampered_with_leaves_nothing_and_the_findings_say_why(tmp_path, name):
    lines, kind = TAMPERED[name]
    engine = engine_on(tmp_path)

    report = engine.import_journal(lines)

    assert kind in {finding.kind for finding in report.findings}
    assert tables(tmp_path) == EMPTY
    assert engine.import_journal(LINES).sound


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (("entry", b"", "0" * 64), "entry"),
        (("entry", LINES[5][1][:-1], LINES[5][2]), "entry"),
        (("entry", b"\xff\xfe", "0" * 64), "entry"),
        (("entry", LINES[5][1] + b" ", LINES[5][2]), "canonical"),
        (("letter", "不是日志".encode(), ""), "entry"),
    ],
    ids=["empty", "cut off", "no text", "other bytes", "another kind"],
)
def test_what_is_no_entry_is_named_by_its_line_and_leaves_nothing(tmp_path, line, expected):
    engine = engine_on(tmp_path)

    with pytest.raises(BadJournal) as error:
        engine.import_journal([*LINES[:5], line, *LINES[6:]])

    assert error.value.facts == {"line": 6, "expected": expected}
    assert "第 6 行" in error.value.text.zh
    assert BadJournal.codes[expected].en in error.value.text.en
    assert tables(tmp_path) == EMPTY


def test_a_case_that_is_here_already_is_not_written_over(tmp_path):
    engine = engine_on(tmp_path)
    engine.shop("S2").open("RO-3", by=ADVISOR)
    was = tables(tmp_path)

    with pytest.raises(CaseExists) as error:
        engine.import_journal(LINES)

    assert error.value.facts == {"shop": "S2", "case": "RO-3"}
    assert tables(tmp_path) == was
    with pytest.raises(CaseNotFound):
        engine.shop("S1").case("RO-1")


def test_a_case_in_two_pieces_is_refused(tmp_path):
    engine = engine_on(tmp_path)

    with pytest.raises(CaseExists):
        engine.import_journal([*RULES, *ENTRIES[:10], ENTRIES[0]])

    assert tables(tmp_path) == EMPTY


def test_a_command_id_that_its_shop_has_used_is_refused(tmp_path):
    engine = engine_on(tmp_path)
    engine.shop("S2").open("RO-9", by=ADVISOR, id=documents(LINES)[10]["command"]["id"])
    was = tables(tmp_path)

    with pytest.raises(BadJournal) as error:
        engine.import_journal(LINES)

    assert error.value.facts == {"line": 13, "expected": "new-command"}
    assert tables(tmp_path) == was


def test_a_command_id_that_stands_twice_in_one_shop_is_refused(tmp_path):
    forged = documents(LINES)
    forged[11]["command"]["id"] = forged[10]["command"]["id"]

    with pytest.raises(BadJournal) as error:
        engine_on(tmp_path).import_journal(resealed(LINES, forged))

    assert error.value.facts["line"] == 14
    assert tables(tmp_path) == EMPTY


def test_lines_that_break_off_with_an_error_leave_nothing(tmp_path):
    def breaking_off() -> Iterable[Line]:
        yield from LINES[:9]
        raise BadJournal(line=10, expected="entry")

    engine = engine_on(tmp_path)
    with pytest.raises(BadJournal):
        engine.import_journal(breaking_off())

    assert tables(tmp_path) == EMPTY
    assert isinstance(engine.shop("S1").open("RO-1", by=ADVISOR), Accepted)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=18))
def test_whatever_order_lines_come_in_all_of_a_clean_journal_is_kept_or_nothing(lines):
    engine = bootstrap("sqlite://", upgrade=True, world=world())

    try:
        clean = engine.import_journal(lines).sound
    except GongdanError:
        clean = False

    entries = [line for line in engine.export_journal() if line[0] == "entry"]
    assert sorted(entries) == (sorted(line for line in lines if line[0] == "entry") if clean else [])
    assert engine.audit().sound
