"""The outbox: where subscriptions begin, what waits, what is dead, and what people do about it. On every database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from adapters.bootstrap import bootstrap
from engine import Delivered, Engine, LetterNotFound, StoreUnavailable, Undeliverable
from engine.events import repair_order as ro
from engine.store import LostRace, Queue, queued
from tests.support import ADVISOR, START, Clock, world
from tests.test_delivery import Board, play


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def engine(database: str, clock: Clock, board: Board) -> Iterator[Engine]:
    engine = bootstrap(database, upgrade=True, world=world(clock), adapters=[board])
    yield engine
    engine.store.close()


def waiting(engine: Engine) -> list[tuple[str, str, int]]:
    return [(letter.adapter, letter.case, letter.seq) for letter in engine.outbox.letters(limit=1_000)]


# --- subscriptions ---------------------------------------------------------------------------------------------------


def test_a_subscription_is_what_was_asked_for(engine, clock):
    made = engine.subscribe(
        "board",
        workflows=["repair_order"],
        events=["kit_fitted"],
        answers=["refused"],
        clauses=["flow.role"],
        shops=["S1"],
    )

    assert engine.outbox.subscriptions() == [made]
    assert made.begins_at == START
    assert [*made.filter.items()] == [
        ("workflows", "repair_order"),
        ("events", "kit_fitted"),
        ("answers", "refused"),
        ("clauses", "flow.role"),
        ("shops", "S1"),
    ]


def test_a_subscription_begins_with_what_is_written_from_now_on(engine):
    play(engine, "RO-1")

    engine.subscribe("board")
    engine.shop("S1").apply("RO-1", ro.WaitTick(), by=ADVISOR)

    assert waiting(engine) == [("board", "RO-1", 4)]


def test_a_subscription_may_begin_with_the_first_entry(engine, board):
    play(engine, "RO-2", "RO-1")

    engine.subscribe("board", begin="first")
    engine.shop("S1").apply("RO-1", ro.WaitTick(), by=ADVISOR)

    assert engine.deliver() == Delivered(delivered=7)
    assert [seq for case, seq in board.got if case == "RO-1"] == [1, 2, 3, 4]


def test_a_subscription_may_begin_at_a_time(engine, clock):
    play(engine, "RO-1")
    begin = clock.forward(hours=1)
    play(engine, "RO-2")

    engine.subscribe("board", begin=begin)

    assert waiting(engine) == [("board", "RO-2", 1), ("board", "RO-2", 2), ("board", "RO-2", 3)]


def test_earlier_entries_are_queued_as_the_filter_says_and_not_twice(engine):
    engine.subscribe("board", answers=["refused"])
    play(engine, "RO-1")

    engine.subscribe("board", answers=["refused", "accepted"], events=["kit_fitted", "case_opened"], begin="first")

    assert sorted(waiting(engine)) == [("board", "RO-1", 1), ("board", "RO-1", 2)]


def test_who_is_unsubscribed_gets_what_waits_and_nothing_more(engine, board):
    engine.subscribe("board", answers=["refused"])
    play(engine, "RO-1")

    assert engine.outbox.unsubscribe("board")
    play(engine, "RO-2")

    assert engine.deliver() == Delivered(delivered=1)
    assert board.got == [("RO-1", 2)]
    assert engine.outbox.subscriptions() == []
    assert not engine.outbox.unsubscribe("board")


def test_work_that_is_lost_to_another_transaction_is_done_again_and_not_for_ever(engine):
    tries = []

    def lost(queue: Queue) -> str:
        tries.append(queue)
        if len(tries) < 3:
            raise LostRace
        return "done"

    def always_lost(queue: Queue) -> str:
        raise LostRace

    assert queued(engine.store, lost) == "done"
    assert len(tries) == 3
    with pytest.raises(StoreUnavailable) as error:
        queued(engine.store, always_lost)
    assert error.value.facts["reason"] == "collision"


# --- counts and letters ----------------------------------------------------------------------------------------------


def test_counts_tell_what_waits_what_is_late_and_what_is_dead(engine, clock, board):
    board.how = Undeliverable("status 422")
    board.failing = {"RO-1"}
    engine.subscribe("board")
    engine.subscribe("elsewhere", events=["kit_fitted"])
    play(engine, "RO-1")
    engine.deliver()
    clock.forward(minutes=5, microseconds=1)
    play(engine, "RO-2")

    counts = [one[:4] for one in engine.outbox.counts()]

    assert counts == [("board", 5, 2, 1), ("elsewhere", 2, 1, 0)]
    assert {one.oldest for one in engine.outbox.counts()} == {"2026-11-23T01:00:00.000000Z"}


def test_letters_are_listed_a_page_at_a_time_by_adapter_dead_or_late(engine, clock, board):
    board.how = Undeliverable("status 422")
    board.failing = {"RO-1"}
    engine.subscribe("board")
    engine.subscribe("other", events=["kit_fitted"])
    play(engine, "RO-1")
    engine.deliver()
    clock.forward(hours=1)
    play(engine, "RO-2")
    outbox = engine.outbox

    everything = outbox.letters()

    assert len(everything) == 8
    assert [*outbox.letters(limit=3), *outbox.letters(limit=9, after=everything[2].id)] == everything
    assert {letter.adapter for letter in outbox.letters(adapter="other")} == {"other"}
    assert [letter.dead_at is not None for letter in outbox.letters(dead=True)] == [True]
    assert [letter.case for letter in outbox.letters(late=timedelta(minutes=59))] == ["RO-1"] * 3
    assert outbox.letter(everything[0].id) == everything[0]


def test_a_letter_that_is_not_there_is_told(engine):
    with pytest.raises(LetterNotFound) as error:
        engine.outbox.letter(7)

    assert "7" in error.value.text.zh
    assert "7" in error.value.text.en


def test_a_reason_is_kept_without_what_no_database_takes(engine, board):
    board.how = Undeliverable("bad\x00\udcff\x1b[2J 坏")
    board.failing = {"RO-1"}
    engine.subscribe("board", events=["case_opened"])
    play(engine, "RO-1")

    assert engine.deliver() == Delivered(failed=1, dead=1)

    assert [letter.error for letter in engine.outbox.letters()] == ["bad\ufffd\ufffd\ufffd[2J 坏"]


# --- dead letters ----------------------------------------------------------------------------------------------------


@pytest.fixture
def dead(engine: Engine, board: Board) -> int:
    """A dead letter, the first of its case; what failed it is over."""
    board.how = Undeliverable("status 422")
    board.failing = {"RO-1"}
    engine.subscribe("board")
    play(engine, "RO-1", "RO-2")
    assert engine.deliver() == Delivered(delivered=3, failed=1, dead=1)
    board.failing = set()
    return engine.outbox.letters(dead=True)[0].id


def test_a_dead_letter_holds_the_later_entries_of_its_case_and_no_other(engine, board, clock, dead):
    clock.forward(days=99)
    play(engine, "RO-3")

    assert engine.deliver() == Delivered(delivered=3)
    assert "RO-1" not in {case for case, _ in board.got}


def test_a_dead_letter_that_is_retried_goes_out_before_its_followers(engine, board, dead):
    assert engine.outbox.retry(dead) == 1

    assert engine.deliver() == Delivered(delivered=3)
    assert [seq for case, seq in board.got if case == "RO-1"] == [1, 2, 3]


def test_a_dead_letter_that_is_dropped_lets_its_followers_go(engine, board, dead):
    assert engine.outbox.drop(dead) == 1

    assert engine.deliver() == Delivered(delivered=2)
    assert [seq for case, seq in board.got if case == "RO-1"] == [2, 3]
    assert engine.audit().sound


@pytest.mark.parametrize("act", ["retry", "drop"])
def test_all_dead_letters_of_an_adapter_are_done_at_once(engine, dead, act):
    assert getattr(engine.outbox, act)(adapter="elsewhere") == 0
    assert getattr(engine.outbox, act)(adapter="board") == 1
    assert engine.outbox.letters(dead=True) == []


@pytest.mark.parametrize("act", ["retry", "drop"])
def test_what_is_not_dead_is_neither_retried_nor_dropped(engine, dead, act):
    alive = engine.outbox.letters()[-1]

    for letter in (alive.id, 10_000):
        with pytest.raises(LetterNotFound):
            getattr(engine.outbox, act)(letter)

    assert engine.outbox.letters()[-1] == alive


@pytest.mark.parametrize(("act", "said"), [("retry", "letters_retried"), ("drop", "letters_dropped")])
def test_what_people_do_to_letters_is_logged(engine, dead, act, said):
    with capture_logs() as logs:
        getattr(engine.outbox, act)(dead)

    assert logs == [{"event": said, "log_level": "warning", "letter": dead, "adapter": None, "letters": 1}]


def test_delivery_leaves_the_journal_as_it_is(engine, dead):
    before = list(engine.export_journal())

    engine.outbox.retry(dead)
    engine.deliver()

    assert list(engine.export_journal()) == before
