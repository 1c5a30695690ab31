"""How much is measured: enough for a figure, or just enough to see that the bench runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rounds of what waits for a disk and of what only computes, and how much of each thing in a round.

    `applied` cases, in tens; `clients` processes; cases `listed`, of which `pages` are read; cases `loaded`; `decided`
    and `audited` cases; a `few` and `many` cases for what an audit holds in memory; `slow` entries to deliver in each
    of the `slow_rounds`. `proven` entries in a bundle, in `proof_rounds`; a `short_log` and a `long_log`, in entries;
    cases that each process has `sequenced` in each of the `sequenced_rounds`.
    """

    durable_rounds: int
    short_rounds: int
    applied: int
    clients: int
    listed: int
    pages: int
    loaded: int
    decided: int
    audited: int
    few: int
    many: int
    slow: int
    slow_rounds: int
    proven: int
    proof_rounds: int
    short_log: int
    long_log: int
    sequenced: int
    sequenced_rounds: int


FULL = Sizes(
    durable_rounds=21,
    short_rounds=31,
    applied=10,
    clients=4,
    listed=100_000,
    pages=50,
    loaded=1_000,
    decided=40,
    audited=60,
    few=1_000,
    many=10_000,
    slow=200,
    slow_rounds=9,
    proven=1_000_000,
    proof_rounds=7,
    short_log=10_000,
    long_log=1_000_000,
    sequenced=20,
    sequenced_rounds=15,
)
QUICK = Sizes(
    durable_rounds=1,
    short_rounds=2,
    applied=10,
    clients=2,
    listed=2_000,
    pages=2,
    loaded=20,
    decided=5,
    audited=5,
    few=20,
    many=100,
    slow=4,
    slow_rounds=1,
    proven=2_000,
    proof_rounds=1,
    short_log=2_000,
    long_log=4_000,
    sequenced=10,
    sequenced_rounds=1,
)
