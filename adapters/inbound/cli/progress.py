"""How far a long command has got, on a terminal: nothing is shown where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from adapters.inbound.cli.screen import console
from engine import Text

_STAGES = {
    "verify": Text(zh="核验条目", en="entries verified"),
    "replay": Text(zh="重放工单", en="cases replayed"),
}

Shown = Callable[[str, int, int | None], None]
"""(stage, how much is done, of how much)."""


@contextmanager
def progress() -> Iterator[Shown]:
    """Bars on standard error, one a stage, gone at the end."""
    screen = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def shown(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(str(_STAGES[stage]), total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield shown
