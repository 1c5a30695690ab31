"""A real `kill -9` between any two statements, and inside them: the whole answer is there, or nothing of it.

State, journal, personal data, outbox and what the host wrote agree. Each run is a process of its own that counts the
steps of its connections and kills itself at the nth, or that the system kills at the nth byte it writes.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from adapters.outbound.mirror import Mirror, bodies
from engine import Retry, Store
from engine.store import schema
from tests.acts import (
    ACTS,
    ARRIVED,
    Act,
    Picture,
    Scene,
    arrive,
    ask_and_fit,
    be_a_part,
    be_refused,
    forget,
    open_case,
    put_many,
    subscribe,
)
from tests.conftest import DATABASES, KILLS
from tests.interrupts import MOMENTS, Step, at_step
from tests.processes import KILLED, in_a_process
from tests.support import START, Clock

pytestmark = pytest.mark.broad

EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)
OURS = {table.name for table in schema.metadata.sorted_tables}
NEVER = Step("before", None)
END = sys.maxsize
"""The step behind the last one."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(url: str, name: str, step: Step, wire: Connection) -> None:
    """Play one act in a process that dies at a step, or after the last one."""
    scene = Scene.at(url)
    scene.close()
    steps = at_step(step, scene.engines, die)
    ACTS[name].do(scene)
    if step.number is not None:
        die()
    wire.send(next(steps))


@pytest.fixture
def scene(database: str) -> Iterator[Scene]:
    made = Scene.at(database, upgrade=True)
    yield made
    made.close()


def stories(scene: Scene, act: Act, name: str, moment: str) -> tuple[Picture, Picture, int]:
    """Every row before an act and after it, and in how many steps it came about."""
    for earlier in act.before:
        earlier(scene)
    nothing = scene.picture()
    scene.close()
    exit_code, steps = in_a_process(run, scene.url, name, Step(moment, None))
    everything = scene.picture()
    assert exit_code == 0
    assert nothing != everything
    assert scene.engine.audit().sound
    return nothing, everything, steps


def survived(scene: Scene, act: Act, nothing: Picture, everything: Picture) -> bool:
    """Whether all is there, else nothing is; and the same act again ends as if it had not been killed."""
    scene.alone()
    found = scene.picture()
    assert found in (nothing, everything)
    restarted = Scene.at(scene.url)
    if act.again or found == nothing:
        act.do(restarted)
    assert restarted.picture() == everything
    restarted.close()
    return found == everything


def killed(scene: Scene, name: str, moment: str, every: int = 1) -> int:
    """Kill an act at its steps; how many kills. It is there from one of them on, its commit, and not before."""
    act = ACTS[name]
    nothing, everything, steps = stories(scene, act, name, moment)
    whole = []
    for number in (*range(0, steps, every), END):
        scene.restore(nothing)
        scene.close()
        assert in_a_process(run, scene.url, name, Step(moment, number))[0] == KILLED
        whole.append(survived(scene, act, nothing, everything))
    assert whole == sorted(whole)
    assert (whole[0], whole[-1]) == (False, True)
    return len(whole)


# --- every statement -----------------------------------------------------------------------------------------------


@EITHER
@pytest.mark.parametrize("name", ACTS)
def test_a_kill_before_any_statement_leaves_all_of_an_act_or_nothing(scene: Scene, name: str) -> None:
    assert killed(scene, name, "before", every=3) >= 3


def upgrade(url: str, step: Step, wire: Connection) -> None:
    store = Store(url, synchronous="OFF")
    steps = at_step(step, [store._engine], die)
    store.upgrade()
    if step.number is not None:
        die()
    wire.send(next(steps))


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found & OURS


def upgrades_killed(url: str, every: int = 1) -> int:
    """Kill upgrades of an empty database; how many kills."""
    scene = Scene.at(url, upgrade=True)
    schema.metadata.drop_all(scene.host)
    _, steps = in_a_process(upgrade, url, NEVER)
    found = []
    for number in (*range(0, steps, every), END):
        schema.metadata.drop_all(scene.host)
        scene.close()
        assert in_a_process(upgrade, url, Step("before", number))[0] == KILLED
        scene.alone()
        found.append(tables(url))
        restarted = Store(url)
        restarted.upgrade()
        assert restarted.check() == schema.REVISIONS[-1]
        restarted.close()
    scene.close()
    assert found == sorted(found)
    assert (found[0], found[-1]) == (set(), OURS)
    assert all(each in (set(), OURS) for each in found)
    return len(found)


def test_a_kill_during_an_upgrade_leaves_all_tables_or_none(database: str) -> None:
    assert upgrades_killed(database, every=9) >= 3


def deliver(url: str, out: Path, step: Step, wire: Connection) -> None:
    out.mkdir()
    scene = Scene.at(url, adapters=[Mirror("mirror", folder=out)])
    scene.close()
    steps = at_step(step, scene.engines, die)
    scene.engine.deliver()
    wire.send(next(steps))


@EITHER
def test_a_kill_during_delivery_loses_nothing_and_keeps_the_order(scene: Scene, tmp_path: Path) -> None:
    for act in (*ARRIVED, be_refused):
        act(scene)
    entries = [entry.body for entry in scene.shop.entries("RO-1")]
    queued = scene.picture()
    scene.close()
    _, steps = in_a_process(deliver, scene.url, tmp_path / "whole", NEVER)

    for number in range(steps):
        out = tmp_path / f"killed-{number}"
        scene.restore(queued)
        scene.close()
        assert in_a_process(deliver, scene.url, out, Step("before", number))[0] == KILLED
        scene.alone()
        later = Clock(START + Retry().lease)  # what the dead one had claimed is anybody's by then
        restarted = Scene.at(scene.url, later, adapters=[Mirror("mirror", folder=out)])
        restarted.engine.deliver()

        assert [*dict.fromkeys(bodies(out))] == entries
        assert restarted.picture()["gongdan_outbox"] == []
        restarted.close()


# --- inside a statement --------------------------------------------------------------------------------------------


def run_short_of_bytes(url: str, name: str, size: int, wire: Connection) -> None:
    """Play one act, and close the database, in a process that the system kills where a file would pass a size."""
    scene = Scene.at(url)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    ACTS[name].do(scene)
    scene.close()


def torn(scene: Scene, name: str, every: int) -> int:
    """Kill an act at every nth byte that it writes to a file, until it is through; how many kills."""
    act = ACTS[name]
    nothing, everything, _ = stories(scene, act, name, "before")
    kills = 0
    while True:
        scene.restore(nothing)
        scene.close()
        if in_a_process(run_short_of_bytes, scene.url, name, kills * every)[0] == 0:
            return kills
        kills += 1
        survived(scene, act, nothing, everything)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_kill_within_a_write_to_the_file_leaves_all_of_an_act_or_nothing(scene: Scene) -> None:
    assert torn(scene, "an answer with personal data", every=20_011) > 3


# --- at length -----------------------------------------------------------------------------------------------------

STORY = (open_case, arrive, be_refused, ask_and_fit, put_many, be_a_part, forget)


def tell(url: str, step: Step, wire: Connection) -> None:
    scene = Scene.at(url)
    scene.close()
    steps = at_step(step, scene.engines, die)
    for act in STORY:
        act(scene)
    wire.send(next(steps))


def story_killed(scene: Scene, seed: int) -> int:
    """Tell a story again and again until no kill comes in between; how many kills."""
    chance = random.Random(seed)
    subscribe(scene)
    nothing = scene.picture()
    scene.close()
    assert in_a_process(tell, scene.url, NEVER)[0] == 0
    whole = scene.picture()
    scene.restore(nothing)
    scene.close()
    kills = 0
    while in_a_process(tell, scene.url, Step("before", chance.randrange(kills + 12)))[0] == KILLED:
        kills += 1
        scene.alone()
        assert scene.engine.audit().sound
        scene.close()
    assert scene.picture() == whole
    return kills


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Callable[[int], None]:
    """Counts the kills that a long run survived; the end of the run shows their sum."""

    def count(kills: int) -> None:
        assert kills > 0
        record_property(KILLS, kills)

    return count


@pytest.mark.soak
@pytest.mark.parametrize(
    ("database", "moment"),
    [(database, moment) for database in DATABASES for moment in MOMENTS[database.partition("-")[0]]],
    indirect=["database"],
)
@pytest.mark.parametrize("name", ACTS)
def test_a_kill_at_each_step_of_an_act_leaves_all_or_nothing(scene, name, moment, counted) -> None:
    counted(killed(scene, name, moment))


@pytest.mark.soak
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ACTS)
def test_a_kill_within_each_write_of_an_act_leaves_all_or_nothing(scene, name, counted) -> None:
    counted(torn(scene, name, every=1_499))


@pytest.mark.soak
def test_a_kill_before_each_statement_of_an_upgrade_leaves_all_tables_or_none(database, counted) -> None:
    counted(upgrades_killed(database))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
@EITHER
def test_a_story_that_dies_again_and_again_ends_as_if_it_never_had(scene, seed, counted) -> None:
    counted(story_killed(scene, seed))
