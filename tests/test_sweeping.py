"""The worker erases what is due: at its start, every hour, and again when the database was away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.sweeping import SECONDS, Sweeping
from adapters.worker import work
from engine import Engine
from engine.events import repair_order as ro
from tests.support import ADVISOR, Clock, arrive, engine_on, forget, gongdan


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2020, 10, 1, tzinfo=UTC))


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> Iterator[Engine]:
    """Two subjects are restricted, whose values are kept for a day and for two years more."""
    engine = engine_on(tmp_path, clock)
    with closing(engine.store):
        for number in (1, 2):
            arrive(engine.shop("S1"), f"RO-{number}")
            engine.shop("S1").apply(f"RO-{number}", ro.CustomerLeft(reason="另有急事"), by=ADVISOR)
            forget(engine.shop("S1"), f"RO-{number}")
            clock.forward(days=1)
        clock.forward(days=728)
        yield engine


def left(engine: Engine) -> int:
    with engine.store.read() as transaction:
        return sum(len(transaction.kept("S1", f"RO-{number}", 3)) for number in (1, 2))


class Looks(threading.Event):
    """Is set after so many looks; between two of them something happens."""

    def __init__(self, number: int, between: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._left, self._between = number, between

    def wait(self, _timeout: float | None = None) -> bool:
        self._left -= 1
        if self._left:
            self._between()
        else:
            self.set()
        return self.is_set()


def times(*values: float) -> Callable[[], float]:
    """A clock that shows one of these after the other."""
    left = iter(values)
    return lambda: next(left)


def test_the_first_look_erases_what_is_due_and_tells_how_much(engine: Engine):
    with capture_logs() as logs:
        work(engine, [], Looks(1), also=[Sweeping(engine).run])

    assert left(engine) == 1
    assert [(one["values"], one["requests"]) for one in logs if one["event"] == "erased"] == [(1, 1)]


@pytest.mark.parametrize(("later", "values"), [(SECONDS, 0), (SECONDS - 0.1, 1)])
def test_an_hour_later_it_looks_again_and_not_before(engine: Engine, clock: Clock, later: float, values: int):
    looks = Looks(2, lambda: clock.forward(days=1))

    Sweeping(engine, times(0.0, 0.0, 0.0, later, later)).run(looks)

    assert left(engine) == values


def test_a_database_that_is_away_is_waited_for_no_longer_than_a_look(engine: Engine):
    def rename(one: str, other: str) -> None:
        with engine.store.write() as transaction:
            transaction._cursor.execute(f"ALTER TABLE {one} RENAME TO {other}")

    rename("gongdan_restricted", "aside")
    with capture_logs() as logs:
        Sweeping(engine, times(0.0, 0.0, 0.0, 0.0)).run(Looks(2, lambda: rename("aside", "gongdan_restricted")))

    assert [one["reason"] for one in logs if one["event"] == "sweep_waits"] == ["StoreUnavailable"]
    assert left(engine) == 1


def test_nothing_due_is_not_worth_a_line(engine: Engine):
    engine.erase_due()

    with capture_logs() as logs:
        Sweeping(engine).sweep()

    assert logs == []


@pytest.mark.parametrize(("text", "values"), [("[retention]\nrecord = 1\n", 0), ("[retention]\n", 0), ("", 2)])
def test_the_command_sweeps_by_the_terms_of_its_settings_and_by_no_others(
    engine: Engine, tmp_path: Path, text: str, values: int
):
    (tmp_path / "gongdan.toml").write_text(f"[adapters]\nscreen = 'console'\n{text}", "utf-8")

    done = gongdan("worker", "--once", "--settings", tmp_path / "gongdan.toml", "--db", tmp_path / "shop.db")

    assert (done.exit_code, left(engine)) == (0, values)


def test_a_worker_may_do_nothing_but_sweep(engine: Engine, tmp_path: Path):
    (tmp_path / "gongdan.toml").write_text("[adapters]\n[retention]\n", "utf-8")

    done = gongdan("worker", "--once", "--settings", tmp_path / "gongdan.toml", "--db", tmp_path / "shop.db")

    assert (done.exit_code, left(engine)) == (0, 0)
