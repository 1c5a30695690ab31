"""How much is measured: enough for a figure, or just enough to see that the bench runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rounds of what waits for a disk and of what only computes, and cases in each round."""

    durable_rounds: int
    short_rounds: int
    applied: int
    decided: int
    audited: int
    few: int
    many: int


FULL = Sizes(durable_rounds=11, short_rounds=31, applied=40, decided=100, audited=300, few=1_000, many=10_000)
QUICK = Sizes(durable_rounds=2, short_rounds=2, applied=4, decided=5, audited=5, few=20, many=200)
