"""Replaying a bundle case by case, in this process or in several: the same findings in the same order.

Must live here: how cases are handed out and taken in. Must not be known here: how a case is judged (`engine.audit`).
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO

from adapters.inbound.audit.index import Index, Span, Where
from engine import Catalogue, Entry, Finding, Leaf, Place, Report, Sealed, Tally, library, replay

_CHUNK = 16
"""Cases that are handed out at a time."""
_AHEAD = 2
"""Chunks that wait for each process."""
_OPEN = 8
"""Files that a process keeps open."""


@dataclass(frozen=True, slots=True)
class Task:
    """What it takes to replay any case of a bundle: it goes to other processes.

    `bodies` is the folder of the bundle, or the one file into which its entries were taken out. With `tallies`, cases
    are counted too; `found` is what was found wrong with some of them before.
    """

    index: Path
    bodies: Path
    catalogue: Callable[[], Catalogue]
    checked_before: frozenset[str] = frozenset()
    tallies: bool = False
    found: Mapping[tuple[str, str], Sequence[Finding]] = field(default_factory=dict)


@dataclass(slots=True)
class Part:
    """What the replay of some cases gave, and in which of them there was anything to say."""

    cases: int = 0
    report: Report = field(default_factory=Report)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    tally: Tally | None = None


class Replayer:
    """Replays cases of one bundle."""

    def __init__(self, task: Task) -> None:
        """Open what is needed."""
        self._task = task
        self._index = Index(task.index)
        self._catalogue = task.catalogue()
        self._deciders = library(self._catalogue, self._index.rules)
        self._files: dict[str, BinaryIO] = {}

    def close(self) -> None:
        """Give the files back."""
        self._index.close()
        self._close_files()

    def _close_files(self) -> None:
        while self._files:
            self._files.popitem()[1].close()

    def run(self, chunk: Iterable[Span]) -> Part:
        """Replay some cases."""
        part = Part(tally=Tally.of(self._catalogue) if self._task.tallies else None)
        for span in chunk:
            report = self._replayed(span, part.tally)
            if report.findings:
                part.wrong.append((span.shop, span.case))
            part.report.merge(report)
            part.cases += 1
        return part

    def _replayed(self, span: Span, tally: Tally | None) -> Report:
        found, report = Report(), Report()
        leaf = None if span.seq is None or span.row is None else Leaf(span.seq, span.row)
        kept: list[tuple[int | None, Entry]] = []
        entries = map(self._sealed, self._index.case(span.shop, span.case))
        replay(entries if tally is None else _keeping(kept, entries), self._deciders, found, leaf)
        report.extend(one for one in found.findings if one.kind not in self._task.checked_before)
        if tally is not None:
            before = self._task.found.get((span.shop, span.case), ())
            tally.add(span.shop, span.case, kept, [*before, *report.findings])
        return report

    def _sealed(self, where: Where) -> Sealed:
        place = Place(where.at, where.file, where.line)
        return Sealed.read(self._body(where), where.seal, self._catalogue, place)

    def _body(self, where: Where) -> bytes:
        return os.pread(self._file(where.file).fileno(), where.length, where.start)

    def _file(self, name: str) -> BinaryIO:
        if name not in self._files:
            if len(self._files) == _OPEN:
                self._close_files()
            bodies = self._task.bodies
            self._files[name] = (bodies / name if bodies.is_dir() else bodies).open("rb")
        return self._files[name]


def _keeping(kept: list[tuple[int | None, Entry]], entries: Iterable[Sealed]) -> Iterator[Sealed]:
    """The entries as they go by, those that can be read kept with their places."""
    for sealed in entries:
        if sealed.entry is not None:
            kept.append((sealed.place.index, sealed.entry))
        yield sealed


def replayed(task: Task, spans: Iterator[Span], jobs: int) -> Iterator[Part]:
    """Replay cases in so many processes; what they give, in the order of the cases."""
    chunks = iter(lambda: [*islice(spans, _CHUNK)], [])
    if jobs > 1:
        yield from _in_processes(task, chunks, jobs)
        return
    replayer = Replayer(task)
    try:
        yield from map(replayer.run, chunks)
    finally:
        replayer.close()


def _in_processes(task: Task, chunks: Iterator[list[Span]], jobs: int) -> Iterator[Part]:
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=begin, initargs=(task,))
    waiting: deque[Future[Part]] = deque()
    try:
        for chunk in chunks:
            with _uninterrupted():
                waiting.append(pool.submit(run, chunk))
            if len(waiting) > jobs * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """What is started meanwhile hears no interrupt, ever: it is for the process that started them, which ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_here: list[Replayer] = []


def begin(task: Task) -> None:
    """Make a process ready."""
    _here.append(Replayer(task))


def run(chunk: list[Span]) -> Part:
    """Replay some cases in a process that is ready."""
    return _here[-1].run(chunk)
