"""Delivery: what is queued, in which order it goes out, and what becomes of it when an adapter fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.bootstrap import bootstrap
from engine import Adapter, BadCommand, Engine, Entry
from engine.delivery import MOST_ATTEMPTS, Delivered
from engine.events import repair_order as ro
from tests.support import ADVISOR, START, Clock, world

Told = list[tuple[str, int]]


class Board:
    """An adapter that writes down what it gets, and fails for the cases that it is told to fail for."""

    def __init__(self, name: str = "board", failing: Iterable[str] = ()) -> None:
        self.name = name
        self.failing = set(failing)
        self.got: Told = []
        self.asked: Told = []

    def deliver(self, entry: Entry) -> None:
        self.asked.append((entry.case, entry.seq))
        if entry.case in self.failing:
            message = "the line to 13800138000 is down"
            raise ConnectionError(message)
        self.got.append((entry.case, entry.seq))


def engine_with(folder: Path, *adapters: Adapter, clock: Clock | None = None) -> Engine:
    return bootstrap(f"sqlite:///{folder}/shop.db", upgrade=True, adapters=adapters, world=world(clock))


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
    ("workflow", "answer", "seqs"),
    [
        ("*", "*", [1, 2, 3]),
        ("*", "accepted", [1, 3]),
        ("*", "refused", [2]),
        ("repair_order", "*", [1, 2, 3]),
        ("repair_order", "refused", [2]),
        ("appointment", "*", []),
    ],
)
def test_an_entry_is_queued_for_the_subscriptions_that_match(tmp_path, workflow, answer, seqs):
    engine = engine_with(tmp_path)
    engine.subscribe("board", workflow=workflow, answer=answer)

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
    engine.subscribe("board", answer="accepted")
    engine.subscribe("board", answer="refused")

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
    "bad", [{"adapter": "no such name!"}, {"adapter": "board", "answer": "maybe"}, {"adapter": ""}]
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


def test_a_failed_entry_is_tried_again_after_pauses_that_double(tmp_path):
    board, clock = Board(failing={"RO-1"}), Clock()
    engine = engine_with(tmp_path, board, clock=clock)
    engine.subscribe("board", answer="refused")
    play(engine, "RO-1")

    for pause in (1, 2, 4, 8):
        asked = len(board.asked)
        engine.deliver()
        assert len(board.asked) == asked + 1
        clock.forward(seconds=pause, microseconds=-1)
        assert engine.deliver() == Delivered()
        clock.forward(microseconds=1)

    assert len(board.asked) == 4
    assert clock.now == START + timedelta(seconds=15)


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


def test_after_too_many_failures_an_entry_is_dead_kept_and_loudly_said(tmp_path):
    board, clock = Board(failing={"RO-1"}), Clock()
    engine = engine_with(tmp_path, board, clock=clock)
    engine.subscribe("board")
    play(engine, "RO-1", "RO-2")

    done = []
    with capture_logs() as logs:
        for _ in range(MOST_ATTEMPTS + 3):
            done.append(engine.deliver())
            clock.forward(days=1)

    assert sum(one.failed for one in done) == MOST_ATTEMPTS
    assert [one.dead for one in done].index(1) == MOST_ATTEMPTS - 1
    assert sum(one.dead for one in done) == 1
    assert board.asked.count(("RO-1", 1)) == MOST_ATTEMPTS
    failures = [log for log in logs if log["event"] == "delivery_failed"]
    assert [log["log_level"] for log in failures] == ["warning"] * (MOST_ATTEMPTS - 1) + ["error"]
    assert [row[1:4] for row in outbox(tmp_path)] == [
        ("RO-1", 1, MOST_ATTEMPTS),
        ("RO-1", 2, 0),
        ("RO-1", 3, 0),
    ]


def test_a_dead_entry_holds_back_its_own_case_only(tmp_path):
    board, clock = Board(failing={"RO-1"}), Clock()
    engine = engine_with(tmp_path, board, clock=clock)
    engine.subscribe("board")
    play(engine, "RO-1")
    for _ in range(MOST_ATTEMPTS):
        engine.deliver()
        clock.forward(days=1)
    board.failing.clear()
    play(engine, "RO-2")

    assert engine.deliver() == Delivered(delivered=3)

    assert {case for case, _ in board.got} == {"RO-2"}


def test_a_failure_is_logged_with_ids_and_never_with_what_the_adapter_said(tmp_path):
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
            "seq": 1,
            "attempts": 1,
            "error": "ConnectionError",
        }
    ]
    with closing(sqlite3.connect(tmp_path / "shop.db")) as raw:
        assert raw.execute("SELECT error FROM gongdan_outbox").fetchall() == [("ConnectionError",)]


def test_what_was_handed_over_but_not_ticked_off_goes_out_again(tmp_path):
    class Interrupted(Board):
        def deliver(self, entry: Entry) -> None:
            super().deliver(entry)
            raise KeyboardInterrupt

    interrupted, board = Interrupted(), Board()
    engine = engine_with(tmp_path, interrupted)
    engine.subscribe("board")
    engine.shop("S1").open("RO-1", by=ADVISOR)
    with pytest.raises(KeyboardInterrupt):
        engine.deliver()

    engine_with(tmp_path, board).deliver()

    assert interrupted.got == board.got == [("RO-1", 1)]
