"""`python -m bench`: every ratio in one run. It prints figures and leaves the judging to people: always exit 0."""

from __future__ import annotations

import argparse
import json
import logging
import platform
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import structlog
from rich import box
from rich.console import Console
from rich.table import Column, Table

from bench.applying import applying
from bench.auditing import auditing, memory
from bench.deciding import deciding
from bench.measure import Measure
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
_REACHED = {True: Text(zh="达到", en="reached"), False: Text(zh="未达到", en="missed")}


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds of few cases: only shows that it runs")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args()
    _configure_logging()
    start = perf_counter()
    with TemporaryDirectory() as folder:
        measures = list(_told(_measures(Path(folder), QUICK if asked.quick else FULL)))
    conditions = {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "machine": platform.machine(),
        "seconds": round(perf_counter() - start, 1),
    }
    (_print_json if asked.json else _print_table)(measures, conditions)


def _configure_logging() -> None:
    """As a host would: a line below WARNING costs next to nothing."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING), cache_logger_on_first_use=True
    )


def _measures(folder: Path, sizes: Sizes) -> Iterator[Measure]:
    yield from applying(folder, sizes)
    yield deciding(sizes)
    yield auditing(folder, sizes)
    yield memory(folder, sizes)


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
