"""`gongdan outbox`: subscriptions made and ended, what waits looked at, dead letters retried or dropped."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from engine import ReceiverGone, Undeliverable
from tests.support import ADVISOR, Clock, gongdan, upgraded
from tests.test_delivery import Board, engine_with, play

LONG_AGO = datetime(2020, 1, 6, 1, tzinfo=UTC)
"""Whatever was queued then is due and late by now."""
QUEUED, SHOWN = "2020-01-06T01:00:00.000000Z", "2020-01-06 01:00:00Z"
HOSTILE = "\x1b[2J\x1b]0;owned\x07[red]status\u202e 422"


@pytest.fixture
def db(tmp_path):
    """One dead letter of `board` with two behind it; one of `slow` failed once; `idle` gets nothing."""
    board, slow = Board(failing={"RO-1"}, how=Undeliverable("status 422")), Board("slow", failing={"RO-1"})
    engine = engine_with(tmp_path, board, slow, clock=Clock(LONG_AGO))
    engine.subscribe("board")
    engine.subscribe("slow", answers=["refused"], workflows=["repair_order"])
    engine.subscribe("idle", shops=["S9", "S8"])
    play(engine, "RO-1")
    engine.deliver()
    engine.store.close()
    return tmp_path / "shop.db"


def logged(result):
    """Its standard error but for the record of what people do to letters."""
    return "".join(line for line in result.stderr.splitlines() if " letters_" not in line)


def outbox(db, *arguments):
    """What a person reads, all blanks as one."""
    result = gongdan("outbox", *arguments, "--db", db)
    assert (result.exit_code, logged(result)) == (0, "")
    return " ".join(result.stdout.split())


def document(db, *arguments, code=0):
    result = gongdan("outbox", *arguments, "--db", db, "--json")
    assert (result.exit_code, logged(result)) == (code, "")
    return json.loads(result.stdout)


def dead(db):
    (letter,) = document(db, "list", "--dead")["letters"]
    return letter


def behind(db):
    """The number of a letter that is not dead."""
    return document(db, "list", "--adapter", "board")["letters"][1]["id"]


# --- subscriptions ---------------------------------------------------------------------------------------------------


def test_a_subscription_is_told_with_all_that_was_asked_for(tmp_path):
    db = upgraded(tmp_path / "shop.db")
    asked = [
        *("--workflow", "repair_order", "--event", "kit_fitted", "--event", "kit_removed", "--answer", "refused"),
        *("--clause", "flow.role", "--of-shop", "S1"),
    ]

    told = outbox(db, "subscribe", "board", *asked)

    wanted = ["workflows=repair_order", "events=kit_fitted", "events=kit_removed", "answers=refused"]
    assert told == f"已订阅 subscribed board {', '.join([*wanted, 'clauses=flow.role', 'shops=S1'])}"
    assert document(db, "status")["adapters"][0]["subscription"]["filter"] == {
        "workflows": ["repair_order"],
        "events": ["kit_fitted", "kit_removed"],
        "answers": ["refused"],
        "clauses": ["flow.role"],
        "shops": ["S1"],
    }


def test_a_subscription_to_everything_says_so(tmp_path):
    db = upgraded(tmp_path / "shop.db")

    assert outbox(db, "subscribe", "board") == "已订阅 subscribed board 全部 everything"


def test_a_subscription_as_a_document_says_where_it_begins(db):
    told = document(db, "subscribe", "board", "--answer", "accepted", "--begin", "2020-01-06T09:00:00+08:00")

    assert told == {
        "adapter": "board",
        "filter": {"answers": ["accepted"]},
        "begins_at": "2020-01-06T01:00:00+00:00",
        "stopped": None,
    }


@pytest.mark.parametrize(
    ("begin", "waiting"),
    [("now", 0), ("first", 3), ("2020-01-06T01:00:00Z", 3), ("2020-01-06T09:00:01+08:00", 0)],
)
def test_a_subscription_begins_where_it_is_told_to(db, begin, waiting):
    outbox(db, "subscribe", "archive", "--begin", begin)

    assert len(document(db, "list", "--adapter", "archive")["letters"]) == waiting


def test_an_adapter_that_is_unsubscribed_keeps_what_waits(db):
    waiting = document(db, "list", "--adapter", "board")

    first, second = outbox(db, "unsubscribe", "board"), outbox(db, "unsubscribe", "board")

    assert (first, second) == ("已退订 unsubscribed board", "原无订阅 was not subscribed board")
    assert document(db, "list", "--adapter", "board") == waiting
    assert document(db, "unsubscribe", "slow") == {"adapter": "slow", "was_subscribed": True}
    assert document(db, "unsubscribe", "slow") == {"adapter": "slow", "was_subscribed": False}


@pytest.mark.parametrize(
    ("arguments", "kind", "code"),
    [
        (["no such name!"], "BadCommand", 1),
        (["board", "--answer", "maybe"], "BadCommand", 1),
        (["board", "--of-shop", "S 1"], "BadCommand", 1),
        (["board", "--begin", "yesterday"], "Usage", 2),
        (["board", "--begin", "2026-11-23T09:00:00"], "Usage", 2),
        ([], "Usage", 2),
    ],
)
def test_a_subscription_that_cannot_be_is_told_and_not_made(db, arguments, kind, code):
    before = document(db, "status")

    told = document(db, "subscribe", *arguments, code=code)

    assert told["error"]["type"] == kind
    assert document(db, "status") == before


# --- what waits ------------------------------------------------------------------------------------------------------


def test_the_status_of_each_adapter_is_its_counts_and_its_subscription(db):
    board, idle, slow = document(db, "status")["adapters"]

    assert {name: board[name] for name in ("adapter", "waiting", "late", "dead", "oldest")} == {
        "adapter": "board",
        "waiting": 2,
        "late": 2,
        "dead": 1,
        "oldest": QUEUED,
    }
    assert board["subscription"] == {
        "adapter": "board",
        "filter": {},
        "begins_at": "2020-01-06T01:00:00+00:00",
        "stopped": None,
    }
    assert (idle["waiting"], idle["late"], idle["dead"], idle["oldest"]) == (0, 0, 0, None)
    assert idle["subscription"]["filter"] == {"shops": ["S8", "S9"]}
    assert (slow["waiting"], slow["late"], slow["dead"]) == (1, 1, 0)


def test_the_status_for_people_has_a_row_for_each_adapter(db):
    outbox(db, "unsubscribe", "slow")

    head, board, idle, slow = gongdan("outbox", "status", "--db", db).stdout.splitlines()

    titles = ["适配器 adapter", "待送 waiting", "其中迟滞 late", "死信 dead", "最早排入 oldest", "停送原因 stopped"]
    assert all(title in head for title in titles)
    assert board.split() == ["board", "2", "2", "1", *SHOWN.split()]
    assert idle.split() == ["idle", "0", "0", "0"]
    assert slow.split() == ["slow", "1", "1", "0", *SHOWN.split(), "未订阅", "not", "subscribed"]


def test_an_adapter_that_rests_says_why_until_it_is_retried(tmp_path):
    engine = engine_with(tmp_path, Board(failing={"RO-1"}, how=ReceiverGone("status 410")), clock=Clock(LONG_AGO))
    engine.subscribe("board")
    play(engine, "RO-1")
    engine.deliver()
    db = tmp_path / "shop.db"

    rests = outbox(db, "status"), document(db, "status")["adapters"][0]["subscription"]["stopped"]
    retried = outbox(db, "retry", "--adapter", "board")

    assert rests[0].endswith("status 410")
    assert rests[1] == "status 410"
    assert retried == "重投 retried 0 封 letters"
    assert document(db, "status")["adapters"][0]["subscription"]["stopped"] is None


def test_letters_are_listed_oldest_first_and_a_page_at_a_time(db):
    letters = document(db, "list")["letters"]

    numbers = [letter["id"] for letter in letters]
    page = document(db, "list", "--limit", 2)["letters"]
    rest = document(db, "list", "--after", page[-1]["id"])["letters"]

    assert numbers == sorted(numbers)
    assert len(numbers) == 4
    assert page + rest == letters


def test_letters_are_listed_by_adapter_or_only_the_dead_or_only_the_late(db):
    assert {letter["adapter"] for letter in document(db, "list", "--adapter", "slow")["letters"]} == {"slow"}
    assert [letter["seq"] for letter in document(db, "list", "--dead")["letters"]] == [1]
    assert len(document(db, "list", "--late")["letters"]) == 3
    assert document(db, "list", "--adapter", "nobody") == {"letters": []}

    gongdan("case", "open", "RO-2", "--by", "sa-1:service_advisor", "--db", db)

    assert len(document(db, "list")["letters"]) == 5
    assert len(document(db, "list", "--late")["letters"]) == 3


def test_the_list_for_people_says_how_each_letter_stands(db):
    head, *lines = gongdan("outbox", "list", "--db", db).stdout.splitlines()
    text = outbox(db, "list")

    assert all(title in head for title in ("编号 #", "适配器 adapter", "单号 case", "排入 queued", "状况 state"))
    assert lines[0].split()[:4] == ["1", "board", "S1", "RO-1"]
    assert text.count("待送 waiting") == 2
    assert "死信 dead: status 422" in text
    assert "再试 again 2020-01-06 01:00:0" in text
    assert "Z: ConnectionError" in text


@pytest.mark.parametrize(
    "arguments",
    [["--dead", "--late"], ["--limit", 0], ["--limit", 1001], ["--limit", "many"], ["--after", "x"]],
)
def test_a_list_that_cannot_be_is_a_usage_error(db, arguments):
    assert document(db, "list", *arguments, code=2)["error"]["type"] == "Usage"


def test_a_letter_is_shown_with_all_that_is_known_of_it(db):
    letter = dead(db)

    shown = outbox(db, "show", letter["id"])
    waiting = outbox(db, "show", behind(db))

    assert document(db, "show", letter["id"]) == letter
    assert (letter["case"], letter["seq"], letter["attempts"], letter["error"]) == ("RO-1", 1, 1, "status 422")
    assert letter["dead_at"] == letter["failing_since"] == QUEUED
    for title in ("门店 shop S1", "单号 case RO-1", "日志序号 entry 1", "已失败次数 failures 1"):
        assert title in shown
    assert f"成为死信 dead since {SHOWN}" in shown
    assert "原因 why status 422" in shown
    assert "原因 why" not in waiting
    assert "成为死信" not in waiting


# --- dead letters ----------------------------------------------------------------------------------------------------


def test_a_dead_letter_is_retried_by_its_number(db):
    told = outbox(db, "retry", dead(db)["id"])

    assert told.endswith("重投 retried 1 封 letters")
    letters = document(db, "list", "--adapter", "board")["letters"]
    assert [(one["attempts"], one["dead_at"]) for one in letters] == [(0, None)] * 3


def test_a_dead_letter_is_dropped_by_its_number(db):
    assert document(db, "drop", dead(db)["id"]) == {"letters": 1}

    assert [one["seq"] for one in document(db, "list", "--adapter", "board")["letters"]] == [2, 3]


@pytest.mark.parametrize("act", ["retry", "drop"])
def test_all_dead_letters_of_an_adapter_are_done_at_once(db, act):
    assert document(db, act, "--adapter", "slow") == {"letters": 0}
    assert document(db, act, "--adapter", "board") == {"letters": 1}
    assert document(db, "list", "--dead") == {"letters": []}


@pytest.mark.parametrize("act", ["retry", "drop"])
@pytest.mark.parametrize("arguments", [[], [1, "--adapter", "board"]], ids=["neither", "both"])
def test_a_letter_or_an_adapter_is_given_and_not_both(db, act, arguments):
    before = document(db, "list")

    result = gongdan("outbox", act, *arguments, "--db", db)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "--adapter" in result.stderr
    assert "信件编号" in result.stderr
    assert document(db, "list") == before


@pytest.mark.parametrize("act", ["retry", "drop", "show"])
def test_a_letter_that_is_not_there_is_an_error_in_both_languages(db, act):
    result = gongdan("outbox", act, 999, "--db", db)
    told = document(db, act, 999, code=1)["error"]

    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert told["type"] == "LetterNotFound"
    assert all("999" in text for text in (result.stderr, told["zh"], told["en"]))


@pytest.mark.parametrize("act", ["retry", "drop"])
def test_a_letter_that_is_not_dead_is_neither_retried_nor_dropped(db, act):
    before = document(db, "list")

    assert document(db, act, behind(db), code=1)["error"]["type"] == "LetterNotFound"

    assert document(db, "list") == before


# --- what came from outside, and what is missing ---------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["status"], ["list"], ["show", 1]])
def test_words_that_would_steer_a_terminal_are_shown_as_what_they_are_not(db, arguments):
    with closing(sqlite3.connect(db)) as raw, raw:
        raw.execute("UPDATE gongdan_outbox SET error = ?, adapter = ? WHERE id = 1", (HOSTILE, HOSTILE[:20]))
        raw.execute("UPDATE gongdan_subscription SET stopped = ?", (HOSTILE,))

    shown = gongdan("outbox", *arguments, "--db", db)

    assert shown.exit_code == 0
    assert all(letter.isprintable() for letter in shown.stdout.replace("\n", ""))
    assert "\N{REPLACEMENT CHARACTER}[2J" in shown.stdout


@pytest.mark.parametrize(
    "arguments",
    [["subscribe", "board"], ["unsubscribe", "board"], ["status"], ["list"], ["show", 1], ["retry", 1], ["drop", 1]],
    ids=lambda arguments: arguments[0],
)
def test_a_database_without_tables_is_told_and_not_made(tmp_path, arguments):
    told = document(tmp_path / "no.db", *arguments, code=1)

    assert set(told["error"]) == {"type", "zh", "en"}
    assert not (tmp_path / "no.db").exists()


def test_an_entry_is_queued_for_a_subscription_of_the_command_line(tmp_path):
    engine = engine_with(tmp_path, Board())
    outbox(tmp_path / "shop.db", "subscribe", "board", "--event", "case_opened")

    engine.shop("S1").open("RO-1", by=ADVISOR)

    assert engine.deliver().delivered == 1
