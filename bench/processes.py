"""Real processes that do what they are told through a pipe, until they are told nothing."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

PATIENCE = 60.0
"""Seconds that a process waits for the others before it gives up."""
_CONTEXT = multiprocessing.get_context("spawn")


def barrier(parties: int) -> Barrier:
    """Where so many of them wait for each other."""
    return _CONTEXT.Barrier(parties)


@contextmanager
def running(work: Callable[..., None], each: Sequence[tuple[object, ...]]) -> Iterator[Sequence[Connection]]:
    """One process for each set of arguments, behind which it gets its end of the pipe; our ends, inside `with`."""
    pipes = [_CONTEXT.Pipe() for _ in each]
    processes = [
        _CONTEXT.Process(target=work, args=(*arguments, theirs), daemon=True)
        for arguments, (_, theirs) in zip(each, pipes, strict=True)
    ]
    for process in processes:
        process.start()
    for _, theirs in pipes:
        theirs.close()  # or nobody would see that a process has died
    yield [ours for ours, _ in pipes]
    for (ours, _), process in zip(pipes, processes, strict=True):
        ours.send(None)
        process.join()
