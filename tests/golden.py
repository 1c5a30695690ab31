"""Golden journals: written once when a version of the profiles is released, replayed on every build, never edited.

`python -m tests.golden` writes those of the present versions that are not there yet, and touches no other.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from pathlib import Path

import structlog

from adapters.inbound.journal_file import write_journal
from adapters.inbound.scenario import Scenario, play, stage
from adapters.inbound.scenario_file import load
from engine import standard_catalogue
from engine.profiles import SHIPPED

ROOT = Path(__file__).parent.parent
JOURNALS = ROOT / "tests" / "journals"
SUMS = JOURNALS / "SHA256SUMS"


def golden(profile: str) -> Path:
    """The journal of a profile as it is now."""
    return JOURNALS / f"{profile}-{standard_catalogue().profiles[profile].version}.jsonl"


def plays(profile: str) -> list[Scenario]:
    """The happy path under this profile, and every scenario that was written for it."""
    loaded = [load(file) for file in sorted(ROOT.glob("scenarios/*.toml"))]
    return [
        replace(one, profile=profile) if one.id == "J" else one
        for one in loaded
        if one.id == "J" or one.profile == profile
    ]


def write(profile: str, file: Path) -> None:
    """Play each on one stage, from the same morning on, for they name days; then export all."""
    engine = stage()
    opening = engine.world.clock()
    for scenario in plays(profile):
        engine.world.clock.now = opening
        assert play(scenario, engine).ok, scenario.id
    write_journal(engine.export_journal(), file)
    engine.store.close()


def release(profile: str) -> None:
    """Write the journal of a profile with its sum; one that is there stays as it is."""
    file = golden(profile)
    if file.exists():
        return
    write(profile, file)
    with SUMS.open("a", encoding="utf-8") as sums:
        sums.write(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    JOURNALS.mkdir(exist_ok=True)
    for name in SHIPPED:
        release(name)
