"""A busy house without a cheat: writers, checkpoints, changes of keys, erasure, exports; and kills at any moment.

Here lives what each process does. Whoever is killed is started anew; what every bundle must then be is said by the
tests.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as any_of
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import create_engine

from adapters.bootstrap import bootstrap, real_world
from adapters.witness.home import at_work, create
from adapters.witness.server import WitnessServer
from engine import Engine, standard_catalogue
from engine.proof.note import vkey
from engine.proof.verify import COSIGNER
from tests.house import KEYS, WITNESS, House, checkpointed, exported, in_force, rotated, scope
from tests.processes import FORKS, KILLED, SECONDS, ended, started
from tests.signers import ORIGIN
from tests.writers import Writer

WRITERS, CHECKPOINTERS, EXPORTERS = 8, 2, 2
OPERATIONS_A_KEY = 1_500
"""How long a key is used, about; the first two are given up at once."""
MOST_DAYS = 20
"""How far the clock is moved at once."""


# --- who is there ----------------------------------------------------------------------------------------------------


def write(house: House, place: int, seed: int, wire: Connection) -> None:
    with house.engine() as engine:
        host = create_engine(house.url, connect_args={"timeout": SECONDS} if "sqlite" in house.url else {})
        writer = Writer(engine, host, place, random.Random(seed), house.done[place])
        while not house.is_over.value:
            house.done[place] += writer.act()
        host.dispose()
    wire.send(writer.told)


def checkpoint(house: House, _place: int, seed: int, wire: Connection) -> None:
    chance, pause = random.Random(seed), threading.Event()
    with house.engine() as engine:
        while not house.is_over.value:
            at = in_force(engine)
            if at < min(2 + sum(house.done) // OPERATIONS_A_KEY, len(KEYS) - 1):
                rotated(house, engine, at)
            else:
                checkpointed(house, engine)
            pause.wait(chance.random() / 5)
    wire.send(Counter())


def export(house: House, place: int, seed: int, wire: Connection) -> None:
    chance, told = random.Random(seed), Counter()
    with house.engine() as engine:
        while not house.is_over.value:
            report = exported(house, engine, chance, scope(house, engine, chance))
            told["exported" if report else "no cosignature yet, or other keys"] += 1
            house.exports[place] += report is not None
    wire.send(told)


# --- the house --------------------------------------------------------------------------------------------------------

CREW: list[Callable[..., None]] = [write] * WRITERS + [checkpoint] * CHECKPOINTERS + [export] * EXPORTERS


class Goal(NamedTuple):
    """How much is to be done at least; kills are spread over the operations."""

    operations: int
    exports: int
    kills: int

    def is_reached(self, house: House, kills: int) -> bool:
        return sum(house.done) >= self.operations and sum(house.exports) >= self.exports and kills >= self.kills


@contextmanager
def opened(url: str, folder: Path) -> Iterator[House]:
    """A house with its tables and its witness, and nobody at work yet."""
    for name in ("seen", "alarms"):
        (folder / name).mkdir()
    with closing(bootstrap(url, upgrade=True).store) as store:
        Engine(store, standard_catalogue(), real_world()).checkpoints.make(KEYS[0])
    create(folder / "witness", WITNESS, [vkey(ORIGIN, key.public) for key in KEYS])
    with at_work(folder / "witness") as witness, WitnessServer(witness, "127.0.0.1", 0) as server:
        at = f"http://127.0.0.1:{server.port}"
        given = f"witness w1 {vkey(witness.key.name, witness.key.public, COSIGNER)} {at}"
        (folder / "policy").write_text(f"log {vkey(ORIGIN, KEYS[0].public)}\n{given}\nquorum w1\n")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        count = len(CREW)
        shared = (FORKS.RawArray("Q", count), FORKS.RawArray("Q", count), FORKS.RawValue("d"), FORKS.RawValue("b"))
        try:
            yield House(url, folder, at, *shared)
        finally:
            server.shutdown()
            thread.join()


def stormed(house: House, goal: Goal, seed: int) -> int:
    """All at work until the goal is reached, one of them killed now and then; how many kills."""
    chance, kills = random.Random(seed), 0
    crew = [hired(house, place, chance) for place in range(len(CREW))]
    while not goal.is_reached(house, kills):
        until = sum(house.done) + chance.randrange(2 * goal.operations // goal.kills)
        while sum(house.done) < until:
            gone = any_of([process.sentinel for process, _ in crew], timeout=0.05)
            assert not gone, [process.exitcode for process, _ in crew]
        place = chance.randrange(len(CREW))
        crew[place][0].kill()
        kills += ended(*crew[place])[0] == KILLED
        crew[place] = hired(house, place, chance)
        house.days.value += chance.random() * MOST_DAYS
    house.is_over.value = 1
    for process, wire in crew:
        wire.poll(10 * SECONDS)  # an auditor may be at work on the whole log
        assert ended(process, wire)[0] == 0
    return kills


def hired(house: House, place: int, chance: random.Random) -> tuple[BaseProcess, Connection]:
    return started(CREW[place], house, place, chance.getrandbits(32))


def alarms(house: House) -> list[Any]:
    return [json.loads(file.read_text()) for file in sorted((house.folder / "alarms").iterdir())]
