"""The contract suite of adapters itself: an adapter that breaks a promise fails the test that names it, and no other.

And the page that tells how to write one: what it shows works as it stands.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.docs import ROOT

pytestmark = pytest.mark.broad

PAGE = ROOT / "docs/how-to/write-an-adapter.md"
BLOCKS = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def outcomes(folder: Path, **modules: str) -> dict[str, str]:
    """Run modules as a stranger would, in a process of its own: how each test of each class ended."""
    for name, code in modules.items():
        (folder / f"{name}.py").write_text(code, "utf-8")
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", str(folder)]
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert report.exists(), ran.stdout + ran.stderr
    cases = ET.parse(report).getroot().iter("testcase")
    return {f"{case.get('classname')}.{case.get('name')}".split(".", 1)[1]: _outcome(case) for case in cases}


def _outcome(case: ET.Element) -> str:
    return next((child.tag for child in case if child.tag in {"failure", "error", "skipped"}), "passed")


def test_the_adapter_of_the_page_keeps_the_contract_of_the_page(tmp_path):
    adapter, contract = BLOCKS.findall(PAGE.read_text("utf-8"))

    ended = outcomes(tmp_path, spool=adapter, test_spool=contract)

    assert set(ended.values()) == {"passed", "skipped"}
    assert {name.partition(".test_")[2] for name, how in ended.items() if how == "skipped"} == {
        "what_a_receiver_that_is_down_did_not_get_arrives_once_it_is_up",
        "an_entry_that_is_rejected_for_good_is_told_so_and_the_next_arrives",
    }


BROKEN = """
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

import pytest

from adapters.testing import NAME, AdapterContract, Arrived
from engine import Undeliverable, Undelivered

NUMBERS = count()


class Sound:
    def __init__(self):
        self.name, self.got, self.is_down, self.refused, self.closed = "mine", [], False, None, 0

    def take(self, entry):
        type = entry.command.name if entry.accepted else "refused." + entry.command.name
        return Arrived(entry.seal, entry.body, type)

    def deliver(self, entry):
        if self.is_down:
            raise Undelivered("down")
        if self.refused == entry.seal:
            raise Undeliverable("refused")
        self.got.append(self.take(entry))

    def close(self):
        self.closed += 1

    @contextmanager
    def down(self):
        self.is_down = True
        yield
        self.is_down = False

    @contextmanager
    def rejecting(self, entry):
        self.refused = entry.seal
        yield
        self.refused = None


class Base(AdapterContract):
    seconds = 1.0

    @pytest.fixture
    def adapter(self):
        return self.kind()

    @pytest.fixture
    def received(self, adapter):
        return lambda: adapter.got

    @pytest.fixture
    def down(self, adapter):
        return adapter.down

    @pytest.fixture
    def rejecting(self, adapter):
        return adapter.rejecting


class TestSound(Base):
    kind = Sound


class TestLosing(Base):
    class kind(Sound):
        def deliver(self, entry):
            super().deliver(entry)
            if entry.seq == 3:
                self.got.pop()


class TestSwapping(Base):
    class kind(Sound):
        def deliver(self, entry):
            super().deliver(entry)
            if entry.seq == 2:
                self.got.insert(0, self.got.pop())


class TestNumbering(Base):
    class kind(Sound):
        def take(self, entry):
            return super().take(entry)._replace(id=f"{entry.seal}-{next(NUMBERS)}")


class TestEscaping(Base):
    class kind(Sound):
        def take(self, entry):
            data = entry.body.decode().encode("ascii", "backslashreplace")
            return super().take(entry)._replace(data=data)


class TestShort(Base):
    class kind(Sound):
        def deliver(self, entry):
            if len(entry.body) > 60_000:
                raise Undeliverable("too large")
            super().deliver(entry)


class TestUntyped(Base):
    class kind(Sound):
        def take(self, entry):
            return super().take(entry)._replace(type=entry.command.name)


class TestTalking(Base):
    carries_data = False

    class kind(Sound):
        def take(self, entry):
            return super().take(entry)._replace(data=NAME.encode())


class TestSilent(Base):
    class kind(Sound):
        def deliver(self, entry):
            if not self.is_down:
                super().deliver(entry)


class TestHopeless(Base):
    class kind(Sound):
        def deliver(self, entry):
            if self.is_down:
                raise Undeliverable("down")
            super().deliver(entry)


class TestHopeful(Base):
    class kind(Sound):
        def deliver(self, entry):
            if self.refused == entry.seal:
                raise Undelivered("refused")
            super().deliver(entry)


class TestOnce(Base):
    class kind(Sound):
        def close(self):
            super().close()
            if self.closed > 1:
                raise RuntimeError


class TestNameless(Base):
    class kind(Sound):
        @property
        def name(self):
            return f"mine-{next(NUMBERS)}"

        @name.setter
        def name(self, name):
            pass
"""
PROMISES = 12
ARRIVES, DATA, ORDER, TWICE = (
    "every_entry_arrives",
    "the_data_that",
    "the_entries_of_a_case",
    "an_entry_delivered_twice",
)
REFUSAL, CHINESE, LARGEST, PERSONAL = "a_refusal", "chinese_text", "the_largest_entry", "no_personal"
DOWN, REJECTED, NAME, CLOSED = (
    "what_a_receiver_that_is_down",
    "an_entry_that_is_rejected",
    "its_name",
    "it_may_be_closed",
)
FOUND = {
    "TestSound": set(),
    "TestLosing": {ARRIVES, DATA, ORDER, REFUSAL},
    "TestSwapping": {ORDER},
    "TestNumbering": {ARRIVES, DATA, ORDER, TWICE, REFUSAL, LARGEST, DOWN, REJECTED, NAME, CLOSED},
    "TestEscaping": {CHINESE, LARGEST},
    "TestShort": {LARGEST},
    "TestUntyped": {REFUSAL},
    "TestTalking": {PERSONAL},
    "TestSilent": {DOWN},
    "TestHopeless": {DOWN},
    "TestHopeful": {REJECTED},
    "TestOnce": {CLOSED},
    "TestNameless": {NAME},
}
"""The beginnings of the names of the tests that must fail for each."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return outcomes(tmp_path_factory.mktemp("broken"), test_broken=BROKEN)


@pytest.mark.parametrize("kind", FOUND)
def test_a_promise_that_is_broken_fails_the_tests_that_name_it_and_no_other(found, kind):
    own = {name.partition(".test_")[2]: how for name, how in found.items() if f"{kind}." in name}

    failed = {name for name, how in own.items() if how not in {"passed", "skipped"}}

    assert len(own) == PROMISES
    assert {start for start in FOUND[kind] if any(name.startswith(start) for name in failed)} == FOUND[kind]
    assert [name for name in failed if not name.startswith(tuple(FOUND[kind]))] == []
