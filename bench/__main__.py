"""`python -m bench`: every ratio in one run. It prints figures and leaves the judging to people: always exit 0."""

from __future__ import annotations

import argparse
import json
import platform
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from rich import box
from rich.console import Console
from rich.table import Column, Table

from bench import delivering, sequencing
from bench.applying import applying
from bench.auditing import auditing, memory
from bench.deciding import deciding
from bench.growing import growing
from bench.measure import Measure
from bench.playing import only_warnings
from bench.postgresql import on_postgresql
from bench.proving import proving
from bench.reading import reading
from bench.server import CannotStart, running, version
from bench.sizes import FULL, QUICK, Sizes
from engine import Text

_WIDTH = 140
"""Columns of a page that no terminal bounds."""
_COLUMNS = (
    Text(zh="量测", en="measure"),
    Text(zh="对照", en="floor"),
    Text(zh="目标", en="mark"),
    Text(zh="中位比值", en="median ratio"),
    Text(zh="最小 … 最大", en="min … max"),
    Text(zh="结论", en="verdict"),
)
_LEFT_OUT = Text(zh="未测", en="left out")
_REACHED = {True: Text(zh="达到", en="reached"), False: Text(zh="未达到", en="missed")}


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds of few cases: only shows that it runs")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args()
    only_warnings()
    start = perf_counter()
    conditions: dict[str, object] = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "sqlite": sqlite3.sqlite_version,
    }
    with TemporaryDirectory() as folder:
        measures = list(_told(_measures(Path(folder), QUICK if asked.quick else FULL, conditions)))
    conditions["seconds"] = round(perf_counter() - start, 1)
    (_print_json if asked.json else _print_table)(measures, conditions)


def _measures(folder: Path, sizes: Sizes, conditions: dict[str, object]) -> Iterator[Measure]:
    yield from applying(folder, sizes)
    yield from measured_on(running, sizes, conditions)
    yield delivering.on_sqlite(folder, sizes)
    yield from sequencing.on_sqlite(folder, sizes)
    yield from reading(folder, sizes)
    yield deciding(sizes)
    yield auditing(folder, sizes)
    yield memory(folder, sizes)
    yield from proving(folder, sizes)
    yield from growing(folder, sizes)


def measured_on(
    server: Callable[[], AbstractContextManager[str]], sizes: Sizes, conditions: dict[str, object]
) -> Iterator[Measure]:
    """What is measured on PostgreSQL; where none can start it is left out, and the conditions say why."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(server())
        except CannotStart as reason:
            conditions["postgresql"] = f"{_LEFT_OUT.zh} {_LEFT_OUT.en}: {reason}"
            return
        conditions["postgresql"] = version(url)
        yield from on_postgresql(url, sizes)
        yield from delivering.on_postgresql(url, sizes)
        yield from sequencing.on_postgresql(url, sizes)


def _told(measures: Iterable[Measure]) -> Iterator[Measure]:
    """Each measure as it comes, so that a minute is not silent."""
    for measure in measures:
        print(f"{measure.key} {measure.ratio:.2f}", file=sys.stderr, flush=True)
        yield measure


def _print_json(measures: list[Measure], conditions: dict[str, object]) -> None:
    print(json.dumps({**conditions, "measures": [measure.document() for measure in measures]}, indent=2))


def _print_table(measures: list[Measure], conditions: dict[str, object]) -> None:
    columns = (Column(_stacked(column), overflow="fold") for column in _COLUMNS)
    table = Table(*columns, box=box.SIMPLE, show_lines=True)
    for measure in measures:
        table.add_row(*_cells(measure))
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    console.print(table)
    console.print(" · ".join(f"{name} {value}" for name, value in conditions.items()))


def _cells(measure: Measure) -> Iterator[str]:
    yield _stacked(measure.name)
    yield _stacked(measure.floor)
    yield f"{'≥' if measure.at_least else '≤'} {measure.mark:.2f}"
    yield f"{measure.ratio:.2f}"
    yield f"{min(measure.ratios):.2f} … {max(measure.ratios):.2f}"
    yield _stacked(_REACHED[measure.reached])


def _stacked(text: Text) -> str:
    return f"{text.zh}\n{text.en}"


if __name__ == "__main__":
    main()
