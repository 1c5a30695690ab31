"""A real `kill -9` before any statement, on a real SQLite file: afterwards the whole answer is there, or nothing of it.

Each run is a process of its own that counts the statements of its connection and kills itself before the nth.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from sqlalchemy import event

from adapters.bootstrap import bootstrap
from adapters.outbound.jsonl import Jsonl
from engine import Engine, Store, standard_catalogue
from engine.events import repair_order as ro
from tests.support import ADVISOR, world

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.test_crash"])
standard_catalogue().rules("dpca", "repair_order")  # resolved once, in the process that forks

FOUR = frozenset(ro.KitPiece)
TABLES = ("entry", "case", "personal", "outbox", "subscription", "rules", "meta")
Picture = dict[str, list[tuple[object, ...]]]


def engine_at(folder: Path) -> Engine:
    return bootstrap(
        f"sqlite:///{folder}/shop.db", world=world(), adapters=[Jsonl(folder / "out.jsonl")], synchronous="OFF"
    )


# --- what is played ----------------------------------------------------------------------------------------------


def arrive(engine: Engine) -> object:
    facts = ro.VehicleCheckedIn.read({"vin": "LSVAA4187E2184321", "license_plate": "京A12345"})
    return engine.shop("S1", profile="dpca").apply("RO-1", facts, by=ADVISOR, id="k-arrive")


def be_refused(engine: Engine) -> object:
    return engine.shop("S1").apply("RO-1", ro.KitFitted(), by=ADVISOR, id="k-refused")


def ask_and_fit(engine: Engine) -> object:
    purpose = ro.PurposeRecorded(purposes=frozenset({ro.Purpose.REPAIR}), primary_purpose=ro.Purpose.REPAIR)
    complaint = ro.ComplaintRecorded.read({"symptom_id": "c1", "customer_words": "左前轮异响"})
    facts = [purpose, ro.KitFitted(kit_pieces=FOUR), complaint]
    return engine.shop("S1").apply_all("RO-1", facts, by=ADVISOR, id="k-all")


def forget(engine: Engine) -> object:
    return engine.shop("S1").forget("RO-1")


def subscribe(engine: Engine) -> object:
    engine.subscribe("jsonl", answer="refused")
    return None


def open_case(engine: Engine) -> object:
    return engine.shop("S1", profile="dpca").open("RO-1", by=ADVISOR, id="k-open")


def donor_of(engine: Engine) -> Engine:
    """Another database beside this one, whose journal comes in."""
    return bootstrap(f"{engine.store.url}.donor", world=world())


def fill_donor(engine: Engine) -> object:
    donor = donor_of(engine)
    for act in (open_case, arrive, be_refused):
        act(donor)
    donor.store.close()
    return None


def bring_in(engine: Engine) -> object:
    return engine.import_journal(donor_of(engine).export_journal()).clean


Act = Callable[[Engine], object]
ACTS: dict[str, tuple[tuple[Act, ...], Act]] = {
    "an opening": ((subscribe,), open_case),
    "an answer with personal data": ((subscribe, open_case), arrive),
    "a refusal that somebody is told": ((subscribe, open_case, arrive), be_refused),
    "several facts at once": ((subscribe, open_case, arrive), ask_and_fit),
    "an erasure": ((open_case, arrive), forget),
    "a subscription": ((subscribe,), subscribe),
    "a journal that comes in": ((subscribe, fill_donor), bring_in),
}


def run(folder: Path, name: str, kill_before: int | None, wire: Connection) -> None:
    """Play one act in a process that dies before its nth statement, or after the last one."""
    engine = engine_at(folder)
    engine.store.close()
    statements = watched(engine.store, kill_before)
    ACTS[name][1](engine)
    if kill_before is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    wire.send(next(statements))


def watched(store: Store, kill_before: int | None) -> Iterator[int]:
    """Count every statement of the store's connections; die before the nth."""
    statements = count()

    def on_statement(_text: str) -> None:
        if next(statements) == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(store._engine, "connect", lambda connection, _: connection.set_trace_callback(on_statement))
    return statements


def in_a_process(target: Callable[..., None], *args: object) -> tuple[int | None, int | None]:
    """Run to the end or to death: the exit code, and what was sent, if anything."""
    here, there = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=target, args=(*args, there))
    process.start()
    there.close()
    process.join(60)
    sent = here.recv() if process.exitcode == 0 else None
    here.close()
    return process.exitcode, sent


def picture(folder: Path) -> Picture:
    """Every row of every table."""
    with closing(sqlite3.connect(folder / "shop.db")) as raw:
        return {table: raw.execute(f"SELECT * FROM gongdan_{table} ORDER BY 1, 2").fetchall() for table in TABLES}


# --- every statement ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTS)
def test_a_kill_before_any_statement_leaves_all_of_an_answer_or_nothing(tmp_path, name):
    before, act = ACTS[name]
    ready, whole = tmp_path / "ready", tmp_path / "whole"
    ready.mkdir()
    engine = engine_at(ready)
    for earlier in before:
        earlier(engine)
    engine.store.close()
    nothing = picture(ready)
    shutil.copytree(ready, whole)
    exit_code, statements = in_a_process(run, whole, name, None)
    everything = picture(whole)
    assert exit_code == 0
    assert statements is not None
    assert statements >= 3

    for number in range(statements + 1):
        folder = tmp_path / f"killed-{number}"
        shutil.copytree(ready, folder)
        assert in_a_process(run, folder, name, number)[0] == -signal.SIGKILL

        assert picture(folder) == (nothing if number < statements else everything)
        restarted = engine_at(folder)
        assert restarted.audit().clean
        if act is not bring_in or number < statements:
            act(restarted)
        assert picture(folder) == everything
        assert restarted.audit().clean
        restarted.store.close()


def create(folder: Path, kill_before: int | None, wire: Connection) -> None:
    store = Store(f"sqlite:///{folder}/shop.db", synchronous="OFF")
    statements = watched(store, kill_before)
    store.create()
    if kill_before is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    wire.send(next(statements))


def test_a_kill_while_the_tables_are_created_leaves_none_or_all(tmp_path):
    whole = tmp_path / "whole"
    whole.mkdir()
    _, statements = in_a_process(create, whole, None)
    assert statements is not None
    assert statements > len(TABLES)

    for number in (*range(0, statements, 4), statements):
        folder = tmp_path / f"killed-{number}"
        folder.mkdir()
        assert in_a_process(create, folder, number)[0] == -signal.SIGKILL

        with closing(sqlite3.connect(folder / "shop.db")) as raw:
            tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert tables >= {f"gongdan_{name}" for name in TABLES} if number == statements else not tables
        restarted = Store(f"sqlite:///{folder}/shop.db", synchronous="OFF")
        restarted.create()
        restarted.check()


def deliver(folder: Path, kill_before: int | None, wire: Connection) -> None:
    engine = engine_at(folder)
    engine.store.close()
    statements = watched(engine.store, kill_before)
    engine.deliver()
    wire.send(next(statements))


def test_a_kill_during_delivery_loses_nothing_and_keeps_the_order(tmp_path):
    ready = tmp_path / "ready"
    ready.mkdir()
    engine = engine_at(ready)
    engine.subscribe("jsonl")
    for act in (open_case, arrive, be_refused):
        act(engine)
    bodies = [entry.body for entry in engine.shop("S1").entries("RO-1")]
    engine.store.close()
    shutil.copytree(ready, tmp_path / "whole")
    _, statements = in_a_process(deliver, tmp_path / "whole", None)
    assert statements is not None

    for number in range(statements):
        folder = tmp_path / f"killed-{number}"
        shutil.copytree(ready, folder)
        assert in_a_process(deliver, folder, number)[0] == -signal.SIGKILL
        restarted = engine_at(folder)
        restarted.deliver()

        lines = (folder / "out.jsonl").read_bytes().splitlines()
        assert [body for body, again in zip(lines, [b"", *lines], strict=False) if body != again] == bodies
        assert picture(folder)["outbox"] == []
        restarted.store.close()


# --- at length ---------------------------------------------------------------------------------------------------

STORY: tuple[Act, ...] = (open_case, arrive, be_refused, ask_and_fit)


def tell(folder: Path, kill_before: int | None, wire: Connection) -> None:
    engine = engine_at(folder)
    statements = watched(engine.store, kill_before)
    engine.store.close()
    for act in STORY:
        act(engine)
    wire.send(next(statements))


def gist(folder: Path) -> object:
    """What must not depend on how often the process died: everything but salts and what is sealed over them."""
    rows = picture(folder)
    return (
        [row[:4] for row in rows["entry"]],
        [row[:7] for row in rows["case"]],
        [(*row[:5], row[6]) for row in rows["personal"]],
        [row[1:5] for row in rows["outbox"]],
    )


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(50))
def test_a_story_that_dies_again_and_again_ends_as_if_it_never_had(tmp_path, seed):
    chance = random.Random(seed)
    whole, folder = tmp_path / "whole", tmp_path / "killed"
    for each in (whole, folder):
        each.mkdir()
        subscribe(engine_at(each))
    assert in_a_process(tell, whole, None)[0] == 0

    kills = 0
    while in_a_process(tell, folder, chance.randrange(kills // 2 + 12))[0] == -signal.SIGKILL:
        kills += 1
        assert engine_at(folder).audit().clean

    assert kills
    assert gist(folder) == gist(whole)
