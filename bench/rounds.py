"""How anything here is timed: every contender once a round, in a shuffled order, ratios taken inside the round."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

Contender = Callable[[], int]
"""Does a batch of work and says how many units of it."""
Timer = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Rounds:
    """Seconds per unit of each contender, round by round."""

    seconds: Mapping[str, tuple[float, ...]]

    def ratios(self, over: str, under: str) -> tuple[float, ...]:
        """One contender's time by another's, inside each round."""
        return tuple(a / b for a, b in zip(self.seconds[over], self.seconds[under], strict=True))

    def micros(self, name: str) -> float:
        """The median of a contender, in microseconds a unit."""
        return median(self.seconds[name]) * 1e6


def interleaved(
    contenders: Mapping[str, Contender], timer: Timer, rounds: int, *, warmed: Callable[[], object] | None = None
) -> Rounds:
    """Run all contenders in each round; the first round only warms up and is not kept; `warmed` is called behind it."""
    shuffle = random.Random(7).sample
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    gc.freeze()  # what is there by now need not be looked through before each measurement
    for turn in range(rounds + 1):
        for name in shuffle(sorted(contenders), len(contenders)):
            spent = _timed(contenders[name], timer)
            if turn:
                seconds[name].append(spent)
        if not turn and warmed is not None:
            warmed()
    return Rounds({name: tuple(spent) for name, spent in seconds.items()})


def _timed(contender: Contender, timer: Timer) -> float:
    with _uncollected():
        start = timer()
        units = contender()
        return (timer() - start) / units


@contextmanager
def _uncollected() -> Iterator[None]:
    """The garbage collector runs between the measurements and never inside one."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
