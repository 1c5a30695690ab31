"""The bench runs: every measure is there, whatever its figures are."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MEASURES = {"apply_normal", "apply_full", "decide", "audit", "audit_memory"}


@pytest.fixture(scope="module")
def printed():
    """What the quick bench prints."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--json"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def test_the_bench_prints_every_measure_once(printed):
    names = [measure["measure"] for measure in printed["measures"]]

    assert sorted(MEASURES) == sorted(names)


def test_every_ratio_is_positive_and_lies_between_its_extremes(printed):
    for measure in printed["measures"]:
        assert 0 < measure["min"] <= measure["ratio"] <= measure["max"]


def test_every_measure_says_whether_its_mark_is_reached(printed):
    for measure in printed["measures"]:
        above, exact = measure["ratio"] > measure["mark"], measure["ratio"] == measure["mark"]

        assert measure["reached"] == (exact or above == measure["at_least"])
