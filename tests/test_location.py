"""Location: of deviations of every kind among many cases each is found, at its entry and clause, and nothing else.

Here a few hundred cases and a deviation of every kind, for every family of clauses; `make soak` has 100,000 cases and
one for every clause, command and state, many times over.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from adapters.inbound.audit import Anchor, audit_bundle
from bench.bundling import LINES, Bundle, Leaf, Told, tell
from bench.histories import History, Piece
from engine import Report
from engine.findings import KINDS, Compliance, Integrity
from engine.journal import seal
from tests.deviations import Deviation, deviations, family, plugged
from tests.lies import OPENINGS, WAYS
from tests.walks import golden_rules, walks

pytestmark = pytest.mark.broad

SHOPS = 20
OF_THE_REPLAY = {kind for kind in KINDS if kind.startswith("replay.")} | {
    "time.backwards",
    "rules.changed",
    "rules.unknown",
    "entry.unreadable",
    "row.differs",
}


class Located(NamedTuple):
    """A finding, as far as it says where."""

    kind: str
    shop: str
    case: str
    seq: int
    index: int | None = None
    clauses: tuple[str, ...] = ()
    file: str = ""
    line: int = 0


def at(index: int) -> tuple[str, int]:
    """The file and the line of an entry in a whole bundle."""
    return f"entries/{index // LINES:06}.jsonl", index % LINES + 1


class Audited(NamedTuple):
    """A bundle on a disk, whom its auditor trusts, and what he must find."""

    folder: Path
    anchor: Anchor
    expected: Counter[Located]


class Log:
    """Cases in a bundle; where each deviation has come to stand is noted."""

    def __init__(self, folder: Path, bundle: type[Bundle] = Bundle) -> None:
        self.bundle = bundle(folder / "bundle", {**golden_rules(), **plugged()})
        self.expected: Counter[Located] = Counter()
        self.places: dict[tuple[str, str, int], int] = {}
        self._deviations: dict[tuple[str, str], Deviation] = {}

    def tell(self, histories: Iterable[History | Deviation]) -> None:
        tell(self.bundle, map(self._named, *zip(*enumerate(histories), strict=True)), self._placed)

    def _named(self, number: int, one: History | Deviation) -> Told:
        shop, case = f"S{number % SHOPS}", f"RO-{number:06}"
        if isinstance(one, History):
            return Told(shop, case, one)
        self._deviations[shop, case] = one
        return Told(shop, case, one.history)

    def _placed(self, one: Told, seq: int, index: int) -> None:
        self.places[one.shop, one.case, seq] = index
        deviation = self._deviations.get((one.shop, one.case))
        if deviation and deviation.expected.seq == seq:
            found = Located(
                deviation.expected.kind, one.shop, one.case, seq, index, deviation.expected.clauses, *at(index)
            )
            self.expected[found] += 1

    def close(self) -> Audited:
        self.bundle.close()
        policy = self.bundle.folder.with_name("policy")
        policy.write_bytes(self.bundle.policy)
        return Audited(self.bundle.folder, Anchor(policy), self.expected)


def located(report: Report) -> Counter[Located]:
    assert all(finding.text.zh and finding.text.en for finding in report.findings)
    assert report.counts.total() == len(report.findings)  # none was left out
    return Counter(
        Located(one.kind, one.shop, one.case, one.seq, one.index, one.clauses, one.file, one.line)
        for one in report.findings
    )


def honest(chance: random.Random) -> Iterator[History]:
    """Cases that conform, of ten entries and more, without end."""
    long_enough = [walk for walk in walks() if len(walk.entries) >= 10]
    every = [walk.upto(count) for walk in long_enough for count in range(10, min(len(walk.entries), 16))]
    while True:
        yield chance.choice(every)


def mixed(cases: int, found: Sequence[Deviation], times: int) -> list[History | Deviation]:
    """So many cases, each deviation several times among them."""
    chance = random.Random(6)
    some = [*islice(cycle(found), len(found) * times)]
    mixture: list[History | Deviation] = [*some, *islice(honest(chance), cases - len(some))]
    chance.shuffle(mixture)
    return mixture


# --- deviations that only the replay can see -------------------------------------------------------------------------


def test_a_deviation_of_every_kind_is_found_at_its_entry_and_clause_and_nothing_else(tmp_path):
    log = Log(tmp_path)
    log.tell(mixed(300, [*deviations(family)], times=1))
    audited = log.close()

    report = audit_bundle(audited.folder, audited.anchor)

    assert located(report) == audited.expected
    assert set(report.counts) == OF_THE_REPLAY
    assert (report.integrity, report.compliance) == (Integrity.TAMPERED, Compliance.VIOLATION)


@pytest.mark.soak
def test_among_100_000_cases_every_deviation_is_found_at_its_entry_and_clause_and_nothing_else():
    found = [*deviations()]
    with TemporaryDirectory() as folder:  # a gigabyte that nobody keeps
        log = Log(Path(folder))
        log.tell(mixed(100_000, found, times=5))
        audited = log.close()
        report = audit_bundle(audited.folder, audited.anchor, jobs=2)

    assert report.cases == 100_001
    assert audited.expected.total() == 5 * len(found)
    assert located(report) == audited.expected
    assert set(report.counts) == OF_THE_REPLAY


def test_cases_that_conform_give_no_finding_wherever_they_have_got_to(tmp_path):
    log = Log(tmp_path)
    log.tell(walk.upto(count) for walk in walks()[::10] for count in {3, len(walk.entries) // 2, len(walk.entries)})
    audited = log.close()

    report = audit_bundle(audited.folder, audited.anchor)

    assert located(report) == Counter()
    assert report.clean


def test_every_way_to_lie_is_told_for_each_clause_that_the_golden_journals_name():
    ways = {one.way for one in deviations(family)}
    refused = {clause for walk in walks() for entry in walk.entries for clause, _ in entry.refusals}
    turned = {one.about for one in deviations() if one.way == "accepted_instead"}

    assert ways == {way.lie.__name__ for way in (*WAYS, *OPENINGS)} | {"unreadable", "other_row", "plug_in"}
    assert turned == refused
    assert len(refused) > 80


# --- deviations of the log itself, signed by its key -----------------------------------------------------------------


class Elsewhere(Piece):
    """An entry that is linked to none before it."""

    def told(self, shop: bytes, case: bytes, prev: bytes) -> bytes:  # noqa: ARG002 - it does not look
        return Piece(*self).told(shop, case, b"f" * 64)


class Forger(Bundle):
    """It lists heads that are none, leaves one out, invents a case; a tile and the set of rules are not its own."""

    def heads(self):
        leaves = {**self.leaves}
        leaves["S1", "RO-000001"] = leaves["S1", "RO-000001"]._replace(head="f" * 64)
        del leaves["S2", "RO-000002"]
        leaves["S3", "RO-ghost"] = Leaf("RO-ghost", "f" * 64, "f" * 64, 3, "S3")
        return leaves.values()

    def tile(self, level, index, hashes):
        forged = hashes[: 7 * 32] + bytes(32) + hashes[8 * 32 :]
        super().tile(level, index, forged if (level, index) == (0, 1) else hashes)

    def known_rules(self):
        return sorted(super().known_rules())[1:]


def numbered(piece: Piece, seq: int) -> Piece:
    """An entry with another number."""
    return piece._replace(answer=re.sub(rb'"seq":[0-9]+', b'"seq":%d' % seq, piece.answer))


def test_deviations_of_the_log_are_found_where_they_are_though_all_of_it_is_signed(tmp_path):
    log, walk = Log(tmp_path, Forger), walks()[0]
    history = walk.upto(12)
    unlinked, misnumbered = [*history.pieces], [*history.pieces]
    unlinked[4] = Elsewhere(*unlinked[4])
    misnumbered[6] = numbered(misnumbered[6], 8)
    cases = [history] * 50
    cases[4], cases[5] = replace(history, pieces=unlinked), replace(history, pieces=misnumbered)
    log.tell(cases)
    shapeless = log.bundle.add(b'{"case":"RO-1","nothing":0}', seal(b'{"case":"RO-1","nothing":0}'))
    audited = log.close()

    report = audit_bundle(audited.folder, audited.anchor)

    def placed(kind: str, number: int, seq: int, said: int) -> Located:
        shop, case = f"S{number}", f"RO-{number:06}"
        index = log.places[shop, case, seq]
        return Located(kind, shop, case, said, index, (), *at(index))

    assert located(report) == Counter(
        [
            placed("chain.broken", 4, 5, said=5),
            placed("chain.count", 5, 7, said=8),
            placed("chain.count", 5, 8, said=8),
            Located("entry.shape", "", "", 0, shapeless, (), *at(shapeless)),
            Located("heads.leaf", "S1", "RO-000001", 0, file="heads.jsonl"),
            Located("heads.leaf", "S2", "RO-000002", 0, file="heads.jsonl"),
            Located("case.missing", "S3", "RO-ghost", 0),
            Located("tile.differs", "", "", 0, 256 + 7, file="tile/0/001"),
            Located("rules.set", "", "", 0, log.bundle.size - 1),
        ]
    )
    assert (report.integrity, report.compliance) == (Integrity.TAMPERED, Compliance.CONFORMS)
