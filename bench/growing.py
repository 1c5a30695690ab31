"""A checkpoint of a thousand new entries in a long log, against the same in a short one. Processor time.

The entries are put down by SQL, real ones under other names: only what makes the checkpoint is timed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, cycle
from pathlib import Path
from time import process_time

from adapters.bootstrap import bootstrap
from adapters.keys import generate
from bench.histories import Piece, golden, told
from bench.measure import Comparison, Measure
from bench.rounds import Contender, interleaved
from bench.sizes import Sizes
from engine import Text
from engine.store import Transaction

MARK = 2.0
_NEW = 1_000
"""New entries in a checkpoint."""
_LONG = 25
"""Entries of a case, where not every one is of another."""
_STEP = 50_000
"""Entries that get their places at a time while a log grows."""


def growing(folder: Path, sizes: Sizes) -> Iterator[Measure]:
    """Checkpoints of a few cases that went on, and of as many cases as entries: the worst there is."""
    long = _Log(folder / "long.db", sizes.long_log)
    sizes_told = f"{sizes.long_log:,} ÷ {sizes.short_log:,}"
    for key, length, zh, en in (
        ("checkpoint_growth", _LONG, f"{_NEW // _LONG} 单", f"{_NEW // _LONG} cases"),
        ("checkpoint_growth_worst", 1, f"{_NEW} 单", f"{_NEW} cases"),
    ):
        short, watch = _Log(folder / f"{key}.db", sizes.short_log), _Watch()
        contenders = {"long": long.checkpoint(length, watch), "short": short.checkpoint(length, watch)}
        rounds = interleaved(contenders, watch, sizes.proof_rounds)
        short.close()
        yield Comparison(rounds, "long", "short").at_most(
            MARK,
            key,
            name=Text(zh=f"检查点：{zh}的一千条新条目", en=f"a checkpoint of 1,000 new entries of {en}"),
            floor=Text(zh=f"日志 {sizes_told} 条的用时", en=f"time in a log of {sizes_told} entries"),
        )
    long.close()


class _Watch:
    """Processor time of what is done under it, and nothing else."""

    def __init__(self) -> None:
        self._spent = 0.0

    def __call__(self) -> float:
        return self._spent

    @contextmanager
    def timed(self) -> Iterator[None]:
        start = process_time()
        yield
        self._spent += process_time() - start


class _Log:
    """A log in a file, as long as told."""

    def __init__(self, file: Path, entries: int) -> None:
        self._engine = bootstrap(f"sqlite:///{file}", upgrade=True, synchronous="OFF")
        self._key = generate("bench.example/log")
        self._numbers = count()
        _, cases = golden()
        self._pieces = cycle([[*map(Piece.cut, case)] for case in cases if len(case) >= _LONG])
        for start in range(0, entries, _STEP):
            self._write(min(_STEP, entries - start), _LONG)
            self._engine.checkpoints.make(self._key)

    def checkpoint(self, length: int, watch: _Watch) -> Contender:
        """Makes one for new entries, so many of each case."""

        def play() -> int:
            self._write(_NEW, length)
            with watch.timed():
                signed = self._engine.checkpoints.make(self._key)
            assert signed
            return 1

        return play

    def close(self) -> None:
        self._engine.store.close()

    def _write(self, entries: int, length: int) -> None:
        with self._engine.store.write() as transaction:
            for _ in range(entries // length):
                self._write_case(transaction, length)

    def _write_case(self, transaction: Transaction, length: int) -> None:
        shop, case = "S1", f"RO-{next(self._numbers):07}"
        pieces = next(self._pieces)[:length]
        rows = [
            (shop, case, seq, f"{case}-{seq}", body, seal)
            for seq, (body, seal) in enumerate(told(pieces, shop.encode(), case.encode()), 1)
        ]
        last = (shop, case, "repair_order", "0" * 64, "new", True, None, None, length, length, rows[-1][-1], "2026")
        put = transaction._cursor.executemany
        put("INSERT INTO gongdan_entry VALUES (?, ?, ?, ?, ?, ?)", rows)
        put("INSERT INTO gongdan_pending (shop, case_id, seq) VALUES (?, ?, ?)", [row[:3] for row in rows])
        put(f"INSERT INTO gongdan_case VALUES ({', '.join('?' * len(last))})", [last])
