"""`verify.py` alone, on a bundle of a million entries, against reading and hashing the same bytes; and its memory.

Processor time, that of the process which verifies included. The replay beside it is measured by `bench.auditing`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from hashlib import file_digest, sha256
from itertools import accumulate, cycle, takewhile
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory

from bench.bundling import Bundle, Told, tell
from bench.histories import History, Piece, golden
from bench.measure import Comparison, Measure
from bench.rounds import Contender, interleaved
from bench.sizes import Sizes
from engine import Text

MARK = 12.0
MOST_BYTES = 150 * 1024 * 1024
_SHOPS = 7
_AND_ITS_PEAK = """
import resource, subprocess, sys
code = subprocess.call([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
sys.exit(code)
"""
"""Run by a small process: what a process holds at most begins with what the one held that started it."""


def proving(folder: Path, sizes: Sizes) -> Iterator[Measure]:
    """The time by each of two floors, and the memory."""
    with TemporaryDirectory(dir=folder) as name:
        bundle = Path(name) / "bundle"
        policy = _written(bundle, sizes.proven)
        verifying = _Verifying(bundle, policy)
        contenders = {"verify": verifying.run, "lines": _lines(bundle), "bulk": _bulk(bundle, verifying.entries)}
        rounds = interleaved(contenders, _processor_time, sizes.proof_rounds)
    entries = f"{verifying.entries:,}"
    yield Comparison(rounds, "verify", "lines").at_most(
        MARK,
        "verify",
        name=Text(zh=f"verify.py，{entries} 条", en=f"verify.py, {entries} entries"),
        floor=Text(zh="verify.py ÷ 逐行读取并算 SHA-256", en="verify.py ÷ SHA-256 of each line of the same entries"),
    )
    yield Comparison(rounds, "verify", "bulk").at_most(
        MARK,
        "verify_bulk",
        name=Text(zh=f"同上，对照整文件摘要，{entries} 条", en=f"the same by one hash a file, {entries} entries"),
        floor=Text(zh="verify.py ÷ 整文件算 SHA-256", en="verify.py ÷ SHA-256 of the files, 64 Ki entries at once"),
    )
    yield _memory(verifying.peak)


def _memory(peak: int) -> Measure:
    return Measure(
        key="verify_memory",
        name=Text(zh="verify.py 的内存峰值 ÷ 150 MiB", en="verify.py's peak memory ÷ 150 MiB"),
        floor=Text(zh=f"常驻内存 {peak:,} 字节", en=f"{peak:,} bytes resident"),
        mark=1.0,
        at_least=False,
        ratios=(peak / MOST_BYTES,),
        figures={"peak_bytes": peak},
    )


def _written(bundle: Path, entries: int) -> Path:
    """A bundle of that many real entries, or a few more; the policy of who trusts it."""
    rules, cases = golden()
    histories = [History([*map(Piece.cut, case)]) for case in cases]
    lengths = accumulate((len(one.pieces) for one in cycle(histories)), initial=0)
    numbered = zip(takewhile(lambda before: before < entries, lengths), cycle(histories), strict=False)
    log = Bundle(bundle, rules)
    tell(log, (Told(f"S{number % _SHOPS}", f"RO-{number:07}", one) for number, (_, one) in enumerate(numbered)))
    log.close()
    policy = bundle.with_name("policy")
    policy.write_bytes(log.policy)
    return policy


class _Verifying:
    """Runs the bundle's own `verify.py`, as an auditor would."""

    def __init__(self, bundle: Path, policy: Path) -> None:
        self._command = [sys.executable, "-c", _AND_ITS_PEAK, str(bundle / "verify.py"), "--policy", str(policy)]
        self.entries = _lines(bundle)()
        self.peak = 0

    def run(self) -> int:
        done = subprocess.run(self._command, check=True, stdout=subprocess.PIPE)  # it fails unless all is proven
        self.peak = max(self.peak, int(done.stdout))
        return self.entries


def _lines(bundle: Path) -> Contender:
    def play() -> int:
        count = 0
        for file in _files(bundle):
            with file.open("rb") as lines:
                for line in lines:
                    sha256(line).digest()
                    count += 1
        return count

    return play


def _bulk(bundle: Path, entries: int) -> Contender:
    def play() -> int:
        for file in _files(bundle):
            with file.open("rb") as bytes_of:
                file_digest(bytes_of, "sha256").digest()
        return entries

    return play


def _files(bundle: Path) -> Sequence[Path]:
    return sorted((bundle / "entries").iterdir())


def _processor_time() -> float:
    """Of this process and of those that it has waited for."""
    spent = [getrusage(whose) for whose in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)
