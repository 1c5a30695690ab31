"""Delivery: what is queued, in which order it goes out, and what becomes of it when an adapter fails."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.bootstrap import bootstrap
from engine import (
    Adapter,
    BadCommand,
    BadSettings,
    Delivered,
    Engine,
    Entry,
    ReceiverGone,
    Retry,
    Reveal,
    Undeliverable,
    Undelivered,
)
from engine.delivery import DEPTH, LANES
from engine.events import repair_order as ro
from tests.support import ADVISOR, START, Clock, world

LEASE = Retry().lease
Told = list[tuple[str, int]]


class Board:
    """An adapter that writes down what it gets, and fails for the cases that it is told to fail for, in a way."""

    def __init__(self, name: str = "board", failing: Iterable[str] = (), how: Exception | None = None) -> None:
        self.name = name
        self.failing = set(failing)
        self.how = how or ConnectionError("the line to 13800138000 is down")
        self.got: Told = []
        self.asked: Told = []

    def deliver(self, entry: Entry) -> None:
        self.asked.append((entry.case, entry.seq))
        if entry.case in self.failing:
            raise self.how
        self.got.append((entry.case, entry.seq))

    def close(self) -> None:
        """Nothing is held."""


def engine_with(folder: Path, *adapters: Adapter, clock: Clock | None = None, retry: Retry = Retry()) -> Engine:
    url = f"sqlite:///{folder}/shop.db"
    return bootstrap(url, upgrade=True, adapters=adapters, world=world(clock), retry=retry)


def play(engine: Engine, *cases: str) -> None:
    """Three answers on each case, in turns: opened, refused, arrived."""
    shop = engine.shop("S1")
    for case in cases:
        shop.open(case, by=ADVISOR)
    for facts in (ro.KitFitted(), ro.VehicleCheckedIn()):
        for case in cases:
            shop.apply(case, facts, by=ADVISOR)


def outbox(folder: Path) -> list[tuple[object, ...]]:
    """Adapter, case, seq, attempts and due time of every row, oldest first."""
    with closing(sqlite3.connect(folder / "shop.db")) as raw:
        return raw.execute("SELECT adapter, case_id, seq, attempts, due_at FROM gongdan_outbox ORDER BY id").fetchall()


# --- what is queued ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "seqs"),
    [
        ({}, [1, 2, 3]),
        ({"answers": ["accepted"]}, [1, 3]),
        ({"answers": ["refused"]}, [2]),
        ({"answers": ["accepted", "refused"]}, [1, 2, 3]),
        ({"workflows": ["repair_order"]}, [1, 2, 3]),
        ({"workflows": ["repair_order"], "answers": ["refused"]}, [2]),
        ({"workflows": ["appointment"]}, []),
        ({"workflows": ["appointment", "repair_order"]}, [1, 2, 3]),
        ({"events": ["kit_fitted"]}, [2]),
        ({"events": ["kit_fitted"], "answers": ["accepted"]}, []),
        ({"events": ["case_opened", "vehicle_checked_in"]}, [1, 3]),
        ({"clauses": ["flow.not-open"]}, [2]),
        ({"clauses": ["flow.late", "flow.not-open"], "shops": ["S1"]}, [2]),
        ({"clauses": ["flow.late"]}, []),
        ({"shops": ["S2"]}, []),
        ({"shops": ["S1"]}, [1, 2, 3]),
    ],
)
def test_an_entry_is_queued_for_the_subscriptions_that_match(tmp_path, asked, seqs):
    engine = engine_with(tmp_path)
    engine.subscribe("board", **asked)

    play(engine, "RO-1")

    now = "2026-11-23T01:00:00.000000Z"
    assert outbox(tmp_path) == [("board", "RO-1", seq, 0, now) for seq in seqs]


def test_an_entry_is_queued_once_for_each_adapter(tmp_path):
    engine = engine_with(tmp_path)
    engine.subscribe("one")
    engine.subscribe("two")

    engine.shop("S1").open("RO-1", by=ADVISOR)

    assert [row[0] for row in outbox(tmp_path)] == ["one", "two"]


def test_a_new_subscription_takes_the_place_of_the_old_one_and_looks_only_forward(tmp_path):
    engine = engine_with(tmp_path)
    engine.shop("S1").open("RO-1", by=ADVISOR)
    engine.subscribe("board", answers=["accepted"])
    engine.subscribe("board", answers=["refused"])

    play(engine, "RO-2")

    assert [row[1:3] for row in outbox(tmp_path)] == [("RO-2", 2)]


def test_a_retried_command_is_queued_once(tmp_path):
    engine = engine_with(tmp_path)
    engine.subscribe("board")
    shop = engine.shop("S1")
    shop.open("RO-1", by=ADVISOR)

    for _ in range(3):
        shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR, id="c-1")

    assert [row[2] for row in outbox(tmp_path)] == [1, 2]


def test_facts_that_are_given_up_together_queue_nothing(tmp_path):
    engine = engine_with(tmp_path)
    engine.subscribe("board")
    engine.shop("S1").open("RO-1", by=ADVISOR)

    engine.shop("S1").apply_all("RO-1", [ro.VehicleCheckedIn(), ro.KitFitted()], by=ADVISOR)

    assert [row[2] for row in outbox(tmp_path)] == [1]


@pytest.mark.parametrize(
    "bad",
    [
        {"adapter": "no such name!"},
        {"adapter": ""},
        {"adapter": "board", "answers": ["maybe"]},
        {"adapter": "board", "answers": "refused"},
        {"adapter": "board", "shops": ["S 1"]},
        {"adapter": "board", "begin": "yesterday"},
        {"adapter": "board", "begin": datetime(2026, 11, 23)},  # noqa: DTZ001 - what it is refused for
    ],
)
def test_a_subscription_that_cannot_be_is_refused(tmp_path, bad):
    engine = engine_with(tmp_path)

    with pytest.raises(BadCommand):
        engine.subscribe(**bad)

    engine.shop("S1").open("RO-1", by=ADVISOR)
    assert outbox(tmp_path) == []


# --- what goes out -----------------------------------------------------------------------------------------------


def test_an_adapter_gets_the_entries_of_a_case_in_order_and_then_they_are_gone(tmp_path):
    board = Board()
    engine = engine_with(tmp_path, board)
    engine.subscribe("board")
    play(engine, "RO-1", "RO-2")

    assert engine.deliver() == Delivered(delivered=6)

    for case in ("RO-1", "RO-2"):
        assert [seq for one, seq in board.got if one == case] == [1, 2, 3]
    assert outbox(tmp_path) == []
    assert engine.deliver() == Delivered()


def test_an_adapter_gets_the_sealed_entry(tmp_path):
    class Keeper(Board):
        entries: list[Entry]

        def deliver(self, entry: Entry) -> None:
            self.entries = [*getattr(self, "entries", []), entry]

    keeper = Keeper()
    engine = engine_with(tmp_path, keeper)
    engine.subscribe("board")
    play(engine, "RO-1")

    engine.deliver()

    assert tuple(keeper.entries) == engine.shop("S1").entries("RO-1")


def test_more_than_a_batch_goes_out_in_one_drain(tmp_path):
    board = Board()
    engine = engine_with(tmp_path, board)
    engine.subscribe("board")
    cases = [f"RO-{number}" for number in range(60)]
    play(engine, *cases)

    assert engine.deliver() == Delivered(delivered=180)

    assert sorted(board.got) == sorted((case, seq) for case in cases for seq in (1, 2, 3))


def test_what_no_adapter_here_is_named_for_stays(tmp_path):
    board = Board()
    engine = engine_with(tmp_path, board)
    engine.subscribe("elsewhere")
    play(engine, "RO-1")

    assert engine.deliver() == Delivered()

    assert board.asked == []
    assert len(outbox(tmp_path)) == 3


def test_another_process_can_deliver_what_this_one_queued(tmp_path):
    engine_with(tmp_path).subscribe("board")
    play(engine_with(tmp_path), "RO-1")
    board = Board()

    engine_with(tmp_path, board).deliver()

    assert board.got == [("RO-1", 1), ("RO-1", 2), ("RO-1", 3)]


def test_an_adapter_that_asks_for_personal_values_gets_the_way_to_them_however_it_comes(tmp_path):
    class Asking(Board):
        reveal: Reveal | None = None

        def reveal_by(self, reveal: Reveal) -> None:
            self.reveal = reveal

    built, handed = Asking("built"), Asking("handed")
    engine = engine_with(tmp_path, built)

    engine.deliver([handed])

    assert built.reveal is not None
    assert handed.reveal is not None


# --- what fails --------------------------------------------------------------------------------------------------


def test_a_failing_case_waits_in_order_while_the_others_flow(tmp_path):
    board = Board(failing={"RO-1"})
    engine = engine_with(tmp_path, board)
    engine.subscribe("board")
    play(engine, "RO-1", "RO-2")

    assert engine.deliver() == Delivered(delivered=3, failed=1)

    assert board.got == [("RO-2", 1), ("RO-2", 2), ("RO-2", 3)]
    assert board.asked.count(("RO-1", 1)) == 1
    assert [row[1:4] for row in outbox(tmp_path)] == [("RO-1", 1, 1), ("RO-1", 2, 0), ("RO-1", 3, 0)]


def test_one_adapter_that_fails_keeps_no_other_from_its_entries(tmp_path):
    down, up = Board("down", failing={"RO-1"}), Board("up")
    engine = engine_with(tmp_path, down, up)
    engine.subscribe("down")
    engine.subscribe("up")
    play(engine, "RO-1")

    engine.deliver()

    assert up.got == [("RO-1", 1), ("RO-1", 2), ("RO-1", 3)]
    assert {row[0] for row in outbox(tmp_path)} == {"down"}


@pytest.mark.parametrize("attempts", range(6))
def test_pauses_double_are_shortened_by_up_to_a_half_and_end_at_the_longest(attempts):
    retry = Retry(longest=timedelta(seconds=20))

    pauses = [retry.pause(attempts, spread, None).total_seconds() for spread in (0, 0.5, 1)]

    doubled = min(2**attempts, 20)
    assert pauses == [doubled, doubled * 3 / 4, doubled / 2]


@pytest.mark.parametrize("name", ["first", "longest", "deadline", "lease"])
def test_no_time_is_no_time_to_wait(name):
    with pytest.raises(BadSettings) as error:
        Retry(**{name: timedelta(0)})

    assert f"retry.{name}" in error.value.text.zh


def test_a_pause_has_no_end_of_doublings():
    assert Retry().pause(100_000, 0, None) == Retry().longest


@pytest.mark.parametrize(
    ("asked", "pause"),
    [(None, 1), (0.2, 1), (30, 30), (10**9, 900), (1e300, 900), (math.inf, 900), (math.nan, 1), (-1e300, 1)],
)
def test_a_receiver_that_asks_for_time_gets_it_up_to_the_longest_pause(asked, pause):
    assert Retry().pause(0, 0, asked).total_seconds() == pause


def test_what_failed_together_does_not_come_back_together(tmp_path):
    cases = [f"RO-{number}" for number in range(20)]
    engine = engine_with(tmp_path, Board(failing=cases))
    engine.subscribe("board", events=["case_opened"])
    play(engine, *cases)

    engine.deliver()

    due = [row[4] for row in outbox(tmp_path)]
    assert len(set(due)) > 15
    assert all(
        START + timedelta(seconds=0.5) <= datetime.fromisoformat(each) <= START + timedelta(seconds=1) for each in due
    )


def test_a_failed_entry_is_not_tried_before_its_pause_is_over(tmp_path):
    board, clock = Board(failing={"RO-1"}), Clock()
    engine = engine_with(tmp_path, board, clock=clock)
    engine.subscribe("board", answers=["refused"])
    play(engine, "RO-1")

    for attempt in range(1, 8):
        assert engine.deliver() == Delivered(failed=1)
        clock.now = datetime.fromisoformat(outbox(tmp_path)[0][4]) - timedelta(microseconds=1)
        assert engine.deliver() == Delivered()
        clock.forward(microseconds=1)
        assert len(board.asked) == attempt

    assert clock.now - START > timedelta(seconds=sum(2**n for n in range(7)) / 2)


def test_what_failed_goes_out_in_order_once_the_adapter_is_back(tmp_path):
    board, clock = Board(failing={"RO-1"}), Clock()
    engine = engine_with(tmp_path, board, clock=clock)
    engine.subscribe("board")
    play(engine, "RO-1")
    engine.deliver()
    board.failing.clear()
    clock.forward(seconds=1)

    assert engine.deliver() == Delivered(delivered=3)

    assert board.got == [("RO-1", 1), ("RO-1", 2), ("RO-1", 3)]


def test_what_failed_until_the_deadline_is_a_dead_letter_loudly_said(tmp_path):
    board, clock = Board(failing={"RO-1"}), Clock()
    retry = Retry(first=timedelta(minutes=30), longest=timedelta(minutes=30), deadline=timedelta(hours=2))
    engine = engine_with(tmp_path, board, clock=clock, retry=retry)
    engine.subscribe("board")
    play(engine, "RO-1", "RO-2")

    with capture_logs() as logs:
        done = [(engine.deliver(), clock.forward(minutes=30))[0] for _ in range(10)]

    dead = [one.dead for one in done].index(1)
    assert sum(one.dead for one in done) == 1
    assert dead in {3, 4}
    assert [one.failed for one in done] == [1] * (dead + 1) + [0] * (9 - dead)
    failures = [log for log in logs if log["event"] == "delivery_failed"]
    assert [log["log_level"] for log in failures] == ["warning"] * dead + ["error"]
    assert [log["dead"] for log in failures] == [False] * dead + [True]
    assert [row[1:3] for row in outbox(tmp_path)] == [("RO-1", 1), ("RO-1", 2), ("RO-1", 3)]


def test_a_deadline_runs_from_the_first_failure_and_not_from_the_queueing(tmp_path):
    board, clock = Board(failing={"RO-1"}), Clock()
    engine = engine_with(tmp_path, board, clock=clock)
    engine.subscribe("board")
    play(engine, "RO-1")
    clock.forward(days=30)

    assert engine.deliver() == Delivered(failed=1)


def test_what_no_try_would_help_is_a_dead_letter_at_once(tmp_path):
    engine = engine_with(tmp_path, Board(failing={"RO-1"}, how=Undeliverable("status 422")))
    engine.subscribe("board")
    play(engine, "RO-1", "RO-2")

    assert engine.deliver() == Delivered(delivered=3, failed=1, dead=1)

    (letter,) = engine.outbox.letters(dead=True)
    assert (letter.case, letter.seq, letter.attempts, letter.error) == ("RO-1", 1, 1, "status 422")


def test_a_poisoned_entry_is_put_off_like_any_other_failure(tmp_path):
    board = Board()
    engine = engine_with(tmp_path, board)
    engine.subscribe("board")
    play(engine, "RO-1", "RO-2")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as raw:
        raw.execute("UPDATE gongdan_entry SET body = x'7b7d' WHERE case_id = 'RO-1' AND seq = 2")
        raw.commit()

    assert engine.deliver() == Delivered(delivered=4, failed=1)

    assert [letter.error for letter in engine.outbox.letters()] == ["BadJournal", None]
    assert board.got == [("RO-1", 1), ("RO-2", 1), ("RO-2", 2), ("RO-2", 3)]


def test_a_receiver_that_is_gone_rests_with_all_that_waits_until_it_is_started_again(tmp_path):
    board, clock = Board(failing={"RO-1"}, how=ReceiverGone("status 410")), Clock()
    engine = engine_with(tmp_path, board, clock=clock)
    engine.subscribe("board")
    play(engine, "RO-1")
    assert engine.deliver() == Delivered(failed=1)
    board.failing.clear()
    clock.forward(days=9)
    play(engine, "RO-2")

    rested = engine.deliver(), [one.stopped for one in engine.outbox.subscriptions()]
    engine.outbox.retry(adapter="board")

    assert rested == (Delivered(), ["status 410"])
    assert engine.deliver() == Delivered(delivered=6)
    assert [one.stopped for one in engine.outbox.subscriptions()] == [None]


def test_a_receiver_that_is_gone_is_not_asked_again_in_the_same_delivery(tmp_path):
    board = Board(failing={"RO-1", "RO-2"}, how=ReceiverGone("status 410"))
    engine = engine_with(tmp_path, board)
    engine.subscribe("board")
    play(engine, "RO-1", "RO-2")

    assert engine.deliver() == Delivered(failed=1)

    assert board.asked == [("RO-1", 1)]
    assert {letter.due_at for letter in engine.outbox.letters() if letter.case == "RO-2"} == {
        "2026-11-23T01:00:00.000000Z"
    }


def test_a_receiver_that_is_gone_and_has_no_subscription_to_rest_leaves_a_dead_letter(tmp_path):
    engine = engine_with(tmp_path, Board(failing={"RO-1"}, how=ReceiverGone("status 410")))
    engine.subscribe("board")
    engine.shop("S1").open("RO-1", by=ADVISOR)
    engine.outbox.unsubscribe("board")

    assert engine.deliver() == Delivered(failed=1, dead=1)


def test_a_failure_is_logged_and_kept_with_ids_and_never_with_what_the_adapter_said(tmp_path):
    engine = engine_with(tmp_path, Board(failing={"RO-1"}))
    engine.subscribe("board")
    engine.shop("S1").open("RO-1", by=ADVISOR)

    with capture_logs() as logs:
        engine.deliver()

    assert logs == [
        {
            "event": "delivery_failed",
            "log_level": "warning",
            "adapter": "board",
            "shop": "S1",
            "case": "RO-1",
            "letter": 1,
            "attempts": 1,
            "error": "ConnectionError",
            "dead": False,
        }
    ]
    assert [letter.error for letter in engine.outbox.letters()] == ["ConnectionError"]


def test_a_reason_is_kept_as_far_as_its_column_goes(tmp_path):
    engine = engine_with(tmp_path, Board(failing={"RO-1"}, how=Undelivered("x" * 900)))
    engine.subscribe("board")
    engine.shop("S1").open("RO-1", by=ADVISOR)

    engine.deliver()

    assert [letter.error for letter in engine.outbox.letters()] == ["x" * 500]


# --- claims ------------------------------------------------------------------------------------------------------


class Interrupted(Board):
    """Its process is told to end while it delivers."""

    def deliver(self, entry: Entry) -> None:
        super().deliver(entry)
        raise KeyboardInterrupt


def test_what_was_handed_over_but_not_ticked_off_goes_out_again(tmp_path):
    interrupted, board = Interrupted(), Board()
    engine = engine_with(tmp_path, interrupted)
    engine.subscribe("board")
    engine.shop("S1").open("RO-1", by=ADVISOR)
    with pytest.raises(KeyboardInterrupt):
        engine.deliver()

    engine_with(tmp_path, board).deliver()

    assert interrupted.got == board.got == [("RO-1", 1)]


class Nested(Board):
    """While it delivers its first entry, another worker delivers what is left to it."""

    other: Engine
    beside: Delivered | None = None

    def deliver(self, entry: Entry) -> None:
        super().deliver(entry)
        if self.beside is None:
            self.beside = self.other.deliver()


def test_nobody_else_gets_what_is_claimed(tmp_path):
    nested, board = Nested(), Board()
    engine = engine_with(tmp_path, nested)
    nested.other = engine_with(tmp_path, board)
    engine.subscribe("board")
    play(engine, "RO-1", "RO-2")

    assert engine.deliver() == Delivered(delivered=6)

    assert (nested.beside, board.got) == (Delivered(), [])


def test_a_claim_that_its_worker_outlives_is_anybodys(tmp_path):
    clock = Clock()
    nested, board = Nested(), Board()
    engine = engine_with(tmp_path, nested, clock=clock)
    later = Clock(START + LEASE)
    nested.other = engine_with(tmp_path, board, clock=later)
    engine.subscribe("board")
    play(engine, "RO-1")

    assert engine.deliver() == Delivered(delivered=3)

    assert nested.beside == Delivered(delivered=3)
    assert nested.got == board.got == [("RO-1", 1), ("RO-1", 2), ("RO-1", 3)]


def test_nobody_else_gets_the_next_of_a_case_whose_first_entries_are_ticked_off(tmp_path):
    class Slow(Nested):
        def deliver(self, entry: Entry) -> None:
            if entry.seq == 1:
                Board.deliver(self, entry)
            else:
                super().deliver(entry)
            clock.forward(seconds=1)

    clock = Clock()
    slow, board = Slow(), Board()
    engine = engine_with(tmp_path, slow, clock=clock)
    slow.other = engine_with(tmp_path, board, clock=clock)
    engine.subscribe("board")
    play(engine, "RO-1")

    assert engine.deliver() == Delivered(delivered=3)

    assert (slow.beside, board.got) == (Delivered(), [])


def test_who_takes_a_claim_over_does_not_try_what_is_dead(tmp_path):
    class Slow(Nested):
        def deliver(self, entry: Entry) -> None:
            if (entry.case, entry.seq) == ("RO-1", 2):
                raise Undeliverable("status 422")
            if entry.case == "RO-1":
                Board.deliver(self, entry)
            else:
                super().deliver(entry)

    slow, board = Slow(), Board()
    engine = engine_with(tmp_path, slow)
    slow.other = engine_with(tmp_path, board, clock=Clock(START + LEASE))
    engine.subscribe("board")
    play(engine, "RO-1", "RO-2")

    engine.deliver()

    assert board.got == [("RO-2", 1), ("RO-2", 2), ("RO-2", 3)]
    assert [letter.seq for letter in engine.outbox.letters(dead=True)] == [2]


def test_a_failure_of_a_claim_that_somebody_else_has_by_now_changes_nothing(tmp_path):
    class Slow(Nested):
        def deliver(self, entry: Entry) -> None:
            super().deliver(entry)
            raise ConnectionError

    slow, board = Slow(), Board(failing={"RO-1"})
    engine = engine_with(tmp_path, slow, clock=Clock())
    slow.other = engine_with(tmp_path, board, clock=Clock(START + LEASE))
    engine.subscribe("board")
    play(engine, "RO-1")

    engine.deliver()

    (letter, *_) = engine.outbox.letters()
    assert letter.attempts == 1
    assert datetime.fromisoformat(letter.due_at) > START + LEASE


def test_a_worker_whose_claim_runs_out_leaves_the_rest_to_others(tmp_path):
    class Slow(Board):
        def deliver(self, entry: Entry) -> None:
            super().deliver(entry)
            clock.forward(seconds=25)

    clock = Clock()
    slow = Slow()
    engine = engine_with(tmp_path, slow, clock=clock)
    engine.subscribe("board")
    play(engine, "RO-1", "RO-2")

    engine.deliver()

    assert sorted(slow.got) == sorted((case, seq) for case in ("RO-1", "RO-2") for seq in (1, 2, 3))
    assert outbox(tmp_path) == []


def test_told_to_stop_it_finishes_the_entry_in_hand_and_gives_the_rest_back(tmp_path):
    board = Board()
    engine = engine_with(tmp_path, board)
    engine.subscribe("board")
    play(engine, "RO-1", "RO-2")

    stopped = engine.deliver(stop=lambda: len(board.got) == 2)

    assert stopped == Delivered(delivered=2)
    assert engine_with(tmp_path, board).deliver() == Delivered(delivered=4)
    for case in ("RO-1", "RO-2"):
        assert [seq for one, seq in board.asked if one == case] == [1, 2, 3]


def test_told_to_stop_before_it_began_it_claims_nothing(tmp_path):
    engine = engine_with(tmp_path, Board())
    engine.subscribe("board")
    play(engine, "RO-1")

    assert engine.deliver(stop=lambda: True) == Delivered()


def test_a_case_with_more_entries_than_a_claim_takes_goes_out_in_order(tmp_path):
    board = Board()
    engine = engine_with(tmp_path, board)
    engine.subscribe("board")
    shop = engine.shop("S1")
    shop.open("RO-1", by=ADVISOR)
    for _ in range(DEPTH + 5):
        shop.apply("RO-1", ro.KitFitted(), by=ADVISOR)

    engine.deliver()

    assert board.got == [("RO-1", seq) for seq in range(1, DEPTH + 7)]


def test_more_cases_than_a_claim_takes_all_go_out(tmp_path):
    board = Board()
    engine = engine_with(tmp_path, board)
    engine.subscribe("board")
    cases = [f"RO-{number}" for number in range(LANES * 2 + 1)]
    for case in cases:
        engine.shop("S1").open(case, by=ADVISOR)

    engine.deliver()

    assert sorted(case for case, _ in board.got) == sorted(cases)


def test_what_arrived_is_ticked_off_while_slow_entries_follow(tmp_path):
    class Slow(Board):
        waiting: list[int]

        def deliver(self, entry: Entry) -> None:
            self.waiting = [*getattr(self, "waiting", []), len(outbox(tmp_path))]
            super().deliver(entry)
            clock.forward(seconds=1)

    clock = Clock()
    slow = Slow()
    engine = engine_with(tmp_path, slow, clock=clock)
    engine.subscribe("board")
    play(engine, "RO-1")

    engine.deliver()

    assert slow.waiting == [3, 2, 1]
