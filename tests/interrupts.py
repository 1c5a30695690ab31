"""Something done at the nth step of what a program says to its database: a kill, a connection that is cut.

A step is a statement (SQLite), some instructions inside one (SQLite), or a round trip (PostgreSQL), just before it is
sent or when it has been sent and its answer has not come.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import count
from sqlite3 import Connection as SqliteConnection
from typing import Any, Literal, NamedTuple

import psycopg
from psycopg.waiting import Wait
from sqlalchemy import Engine, event

MOMENTS = {"sqlite": ("before", "inside"), "postgresql": ("before", "sent")}
INSTRUCTIONS = 2
"""So many of SQLite's instructions are a step inside a statement."""


class Step(NamedTuple):
    """The nth step, from 0, and the moment of it."""

    moment: Literal["before", "inside", "sent"]
    number: int | None


def at_step(step: Step, engines: Iterable[Engine], act: Callable[[], object]) -> Iterator[int]:
    """Act once, at a step of all that new connections of these engines say; None is never. The count so far is next."""
    steps = count()

    def on_step() -> None:
        if next(steps) == step.number:
            act()

    for engine in engines:
        _WATCH[engine.dialect.name](engine, step.moment, on_step)
    return steps


def _watch_sqlite(engine: Engine, moment: str, on_step: Callable[[], None]) -> None:
    def on_connect(connection: SqliteConnection, _record: object) -> None:
        if moment == "before":
            connection.set_trace_callback(lambda _text: on_step())
        else:
            connection.set_progress_handler(on_step, INSTRUCTIONS)

    event.listen(engine, "connect", on_connect, insert=True)


def _watch_postgresql(engine: Engine, moment: str, on_step: Callable[[], None]) -> None:
    class Watched(psycopg.Connection[Any]):
        """A connection whose every round trip is a step."""

        def wait(self, gen: Generator[Wait, Any, Any], *args: Any, **options: Any) -> Any:
            if moment == "before":
                on_step()
            return super().wait(_sent(gen, on_step) if moment == "sent" else gen, *args, **options)

    event.listen(engine, "do_connect", lambda _dialect, _record, args, options: Watched.connect(*args, **options))


_WATCH = {"sqlite": _watch_sqlite, "postgresql": _watch_postgresql}


def _sent(gen: Generator[Wait, Any, Any], on_step: Callable[[], None]) -> Generator[Wait, Any, Any]:
    """The same round trip, with a step where it first waits for the answer, or at its end when it needs none."""
    waiting = False
    try:
        wanted = next(gen)
        while True:
            if wanted == Wait.R and not waiting:
                waiting = True
                on_step()
            wanted = gen.send((yield wanted))
    except StopIteration as end:
        if not waiting:
            on_step()
        return end.value
