"""A thousand and more ways to change a bundle: an auditor who brings his own trust lets none of them pass.

What counts: the members, as they are read, are not those of the honest bundle, by name or by byte. A change that
leaves them as they are (a swap of equal bytes, a time in a zip's directory) is counted apart.
"""

from __future__ import annotations

import copy
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.bootstrap import bootstrap
from adapters.inbound.bundle_file import carried
from engine.canonical import instant
from engine.events import repair_order as ro
from engine.proof import verify as v
from tests.bundles import Members, Scope, write_folder, write_zip
from tests.exports import HOURS, by_the_book, filled, members_of, policy
from tests.forging import Case, Stolen, bundle_of, manifested, resealed
from tests.mutations import mutators, zipped
from tests.signers import KEY, NEXT, a_key
from tests.support import ADVISOR, AT_ONCE, Clock, arrive, forget, world

pytestmark = pytest.mark.broad

SCOPES: dict[str, dict[str, Any]] = {
    "everything": {},
    "a shop": {"shop": "S1"},
    "a case": {"shop": "S1", "case": "RO-1"},
    "a time": {"shop": "S1", "since": HOURS[2], "until": HOURS[4]},
}
ROUNDS, ZIPS, EVERY = 4, 60, 40
LEAST = 240
"""How often each way is tried on each scope, how many zips are changed, and which of all are tried as a program too."""
SECONDS = 10


class Auditor:
    """Somebody with a policy and a checkpoint of his own, who is handed folders and zips; and what he has seen."""

    def __init__(self, folder: Path, case: Case) -> None:
        self.policy, self.seen = folder / "policy", folder / "seen"
        self.policy.write_bytes(policy(KEY))
        self.seen.write_bytes(case.new["checkpoint"])
        self.trust = v.Trust(v.read_policy(str(self.policy)), (v.read_seen(str(self.seen)),))
        self.passed: list[tuple[str, str, int]] = []
        self.verdicts: Counter[str] = Counter()
        self.unchanged = self.programs = 0
        self.slowest = 0.0

    def judge(self, target: Path) -> str:
        """The verdict on what he is handed."""
        began = time.monotonic()
        try:
            verdict = v.verify(v.open_source(str(target)), self.trust).status
        except v.Refused:
            verdict = "REFUSED"
        self.slowest = max(self.slowest, time.monotonic() - began)
        return verdict

    def as_a_program(self, target: Path) -> str:
        command = [sys.executable, v.__file__, target, "--policy", self.policy, "--seen", self.seen]
        done = subprocess.run(command, capture_output=True, timeout=6 * SECONDS, check=False)
        assert done.stderr == b""
        return {0: "OK", 1: "REFUSED", 3: "FOUND"}[done.returncode]

    def told(self, what: tuple[str, str, int], target: Path, honest: Members) -> None:
        """He is handed something; whether it was changed at all is asked of the bytes, not of him."""
        if read(target) == honest:
            self.unchanged += 1
            return
        verdict = self.judge(target)
        self.verdicts[verdict] += 1
        if sum(self.verdicts.values()) % EVERY == 0:
            self.programs += 1
            assert (self.as_a_program(target) == "OK") == (verdict == "OK"), what
            assert (self.as_a_program(target) == "REFUSED") == (verdict == "REFUSED"), what
        if verdict == "OK":
            self.passed.append(what)


def read(target: Path) -> Members | None:
    """The members as they are read; None where they cannot be."""
    try:
        source = v.open_source(str(target))
        return {name: source.read(name, 1 << 30) for name in source.names()}
    except (v.Refused, v.Broken):
        return None


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    """Bundles of a log with two shops, a change of keys, a refusal, an erasure, exports, and values given in clear."""
    clock, url = Clock(), f"sqlite:///{tmp_path_factory.mktemp('log') / 'shop.db'}"
    engine = bootstrap(url, upgrade=True, world=world(clock), synchronous="OFF", retention=AT_ONCE)
    with closing(engine.store):
        filled(engine, clock)
        engine.checkpoints.make(KEY)
        engine.checkpoints.rotate(KEY, NEXT)
        asked = {"paths": ["vin"], "files": carried()}
        old = {name: members_of(engine, NEXT, **scope, **asked) for name, scope in SCOPES.items()}
        shop = engine.shop("S1")
        shop.apply("RO-1", ro.WaitTick(), by=ADVISOR)
        arrive(shop, "RO-9")
        shop.apply("RO-9", ro.CustomerLeft(reason="\u6709\u4e8b", subject="person-9"), by=ADVISOR)
        assert forget(shop, "person-9").erased == 1
        engine.checkpoints.make(NEXT)
        forger = Stolen.of(a_key(9))
        made = {}
        for name, scope in SCOPES.items():
            new = members_of(engine, NEXT, **scope, **asked)
            book = by_the_book(engine, Stolen.of(KEY), Stolen.of(NEXT))
            made[name] = Case(asked_for(scope), new, old[name], book, forger)
        return made


def asked_for(scope: dict[str, Any]) -> Scope:
    return Scope(**{name: instant(one) if isinstance(one, datetime) else one for name, one in scope.items()})


@pytest.fixture
def auditor(cases: dict[str, Case], scope: str, tmp_path: Path) -> Auditor:
    """One who has the first key, and has seen the checkpoint of the honest bundle."""
    return Auditor(tmp_path, cases[scope])


EVERY_SCOPE = pytest.mark.parametrize("scope", SCOPES)


@EVERY_SCOPE
def test_the_honest_bundle_passes_and_so_does_the_same_by_the_book(cases, scope, auditor, tmp_path):
    case = cases[scope]
    log = resealed(case.book, copy.deepcopy(case.book.documents[:-1]), (case.book.signer,))

    honest = [case.new, case.old, bundle_of(log, case)]

    packed = [write_zip(members, tmp_path / f"{at}.zip") for at, members in enumerate(honest)]
    found = [*map(auditor.judge, packed)]
    assert found == ["OK", "INCOMPLETE", "OK"]
    assert [*map(auditor.as_a_program, packed)] == ["OK", "FOUND", "OK"]
    assert {*case.new} >= {"openings.jsonl", "verify.py"}
    assert case.new["keys.jsonl"].count(b"\n") == 2


@EVERY_SCOPE
def test_no_change_of_members_passes(cases, scope, auditor, tmp_path, record_property):
    case, tried = cases[scope], 0
    for number, (name, mutate) in enumerate([*mutators()] * ROUNDS):
        members = mutate(case, random.Random(f"{scope} {name} {number}"))
        target = tmp_path / str(number)
        (write_folder if number % 2 else write_zip)(members, target)
        auditor.told((scope, name, number), target, case.new)
        tried += 1

    assert auditor.passed == []
    assert sum(auditor.verdicts.values()) + auditor.unchanged == tried
    assert sum(auditor.verdicts.values()) >= LEAST
    assert auditor.programs >= LEAST // EVERY
    assert auditor.slowest < SECONDS
    record_property("mutations", sum(auditor.verdicts.values()))


@EVERY_SCOPE
def test_no_change_of_a_zip_passes(cases, scope, auditor, tmp_path):
    case, honest = cases[scope], tmp_path / "honest.zip"
    write_zip(case.new, honest)
    for number in range(ZIPS):
        name, data = zipped(honest.read_bytes(), random.Random(f"{scope} {number}"))
        target = tmp_path / f"{number}.zip"
        target.write_bytes(data)
        auditor.told((scope, name, number), target, case.new)

    assert auditor.passed == []
    assert sum(auditor.verdicts.values()) > ZIPS / 2
    assert auditor.slowest < SECONDS


# --- what such changes have found, once and for all ------------------------------------------------------------------


def a_line_too_many(case: Case) -> Members:
    note = case.new["manifest.note"]
    return {**case.new, "manifest.note": note + note.splitlines(keepends=True)[-1]}


def a_line_of_nobody(case: Case) -> Members:
    return {**case.new, "manifest.note": case.new["manifest.note"] + "— other.example/k AAAAAAAAAA==\n".encode()}


def a_tile_cut(case: Case) -> Members:
    return _with_tile(case, lambda tile: tile[:-32])


def a_tile_too_long(case: Case) -> Members:
    return _with_tile(case, lambda tile: tile + tile[:32])


def _with_tile(case: Case, change: Callable[[bytes], bytes]) -> Members:
    name = next(name for name in case.new if name.startswith("tile/"))
    return manifested(case, {**case.new, name: change(case.new[name])}, case.signer)


def a_salt_spelled_otherwise(case: Case) -> Members:
    openings = case.new["openings.jsonl"].replace(b'"salt":"', b'"salt":" ')
    return manifested(case, {**case.new, "openings.jsonl": openings}, case.signer)


@pytest.mark.parametrize("scope", ["everything"])
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (a_line_too_many, "manifest.signature"),
        (a_line_of_nobody, "manifest.signature"),
        (a_tile_cut, "tile.differs"),
        (a_tile_too_long, "tile.differs"),
        (a_salt_spelled_otherwise, "opening.wrong"),
    ],
)
def test_what_is_written_in_another_way_is_another_thing(cases, scope, auditor, tmp_path, change, kind):
    bundle = write_zip(change(cases[scope]), tmp_path / "bundle.zip")

    found = v.verify(v.open_source(str(bundle)), auditor.trust)

    assert {one.kind for one in found.findings} == {kind}


def test_a_key_that_the_log_does_not_know_signs_no_manifest(tmp_path):
    engine = bootstrap(f"sqlite:///{tmp_path / 'shop.db'}", upgrade=True, world=world(), synchronous="OFF")
    with closing(engine.store):
        arrive(engine.shop("S1"))
        bundle = write_zip(members_of(engine, KEY, a_key(9, "other.example/k")), tmp_path / "bundle.zip")

    assert v.verify(v.open_source(str(bundle)), v.Trust(v.parse_policy(policy(KEY)))).status == "OK"
