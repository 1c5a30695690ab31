"""What many tests need: a world that is an argument, and an engine on a real SQLite file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from adapters.bootstrap import bootstrap
from adapters.inbound.cli import app
from engine import Actor, Engine, Forgotten, Line, RecordClass, Retention, Shop, World
from engine.events import repair_order as ro

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
"""A Monday, nine in the morning in China."""

ADVISOR = Actor("sa-1", "service_advisor")
MANAGER = Actor("sm-1", "service_manager")
TECHNICIAN = Actor("t-1", "technician")
INSPECTOR = Actor("qi-1", "quality_inspector")
DISPATCHER = Actor("wd-1", "workshop_dispatcher")
GUARD = Actor("sg-1", "security_guard")

PURPOSE = ro.PurposeRecorded(purposes=frozenset({ro.Purpose.REPAIR}), primary_purpose=ro.Purpose.REPAIR)
KIT = ro.KitFitted(kit_pieces=frozenset(ro.KitPiece), customer_present=True, announced_to_customer=True)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


def world(clock: Clock | None = None) -> World:
    """A world without chance: a clock that stands, numbered ids and salts."""
    ids, salts = count(1), count(1)
    return World(
        clock=clock or Clock(), new_id=lambda: f"id-{next(ids)}", new_salt=lambda: next(salts).to_bytes(16, "big")
    )


AT_ONCE = Retention(dict.fromkeys(RecordClass, 0))
"""Terms that end with the case."""


def engine_on(
    folder: Path, clock: Clock | None = None, name: str = "shop.db", retention: Retention = Retention()
) -> Engine:
    """An engine on a SQLite file of this folder; no test pulls the plug, so none waits for the disk."""
    url = f"sqlite:///{folder / name}"
    return bootstrap(url, upgrade=True, world=world(clock), synchronous="NORMAL", retention=retention)


def arrive(shop: Shop, case: str = "RO-1") -> None:
    """Open a case and let the vehicle in: version 2, state arrived."""
    shop.open(case, by=ADVISOR)
    shop.apply(case, ro.VehicleCheckedIn(), by=ADVISOR)


def protect(shop: Shop, case: str = "RO-1") -> None:
    """Let the vehicle in and fit the kit: version 4, state protected."""
    arrive(shop, case)
    shop.apply_all(case, [PURPOSE, KIT], by=ADVISOR)


def withdraw(shop: Shop, case: str = "RO-1") -> None:
    """End a protected case on which no work was done."""
    gone = ro.OrderWithdrawn(cancel_reason="客户改期", keys_returned=True)
    *_, last = shop.apply_all(case, [ro.KitRemoved(customer_present=True, disposed=True), gone], by=ADVISOR)
    assert last.state == "cancelled"


def forget(shop: Shop, subject: str) -> Forgotten:
    """What the manager does when somebody wants to be forgotten."""
    return shop.forget(subject, by=MANAGER, reason="asked")


# --- a forger's tools: nothing of the engine, so that they cannot share its mistakes --------------------------------

Document = dict[str, Any]


def documents(lines: Iterable[Line]) -> list[Document]:
    """The entries of a journal as JSON values."""
    return [json.loads(body) for kind, body, _ in lines if kind == "entry"]


def resealed(lines: Iterable[Line], forged: Iterable[Document]) -> list[Line]:
    """A journal with other entries, every case's chain sealed anew from its first entry on."""
    heads: dict[tuple[str, str], str] = {}
    sealed = [line for line in lines if line[0] == "rules"]
    for document in forged:
        place = (str(document["shop"]), str(document["case"]))
        document["prev"] = heads.get(place, "0" * 64)
        text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        body = text.encode("utf-8", "surrogatepass")
        heads[place] = hashlib.sha256(b"\x00" + body).hexdigest()
        sealed.append(("entry", body, heads[place]))
    return sealed


def upgraded(db: Path) -> Path:
    """A database with its tables, made by the command that an operator runs."""
    assert gongdan("db", "upgrade", "--db", db).exit_code == 0
    return db


def gongdan(*arguments: object, stdin: bytes = b"") -> Result:
    """Run the command line in this process: exit code, standard output, standard error."""
    return CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1"}).invoke(
        app, [str(argument) for argument in arguments], input=stdin
    )
