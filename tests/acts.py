"""What one can do to a shop's database, each as an act on a scene; and a picture of every row, to compare with.

Here lives what is done. What goes wrong meanwhile is said by the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import psycopg
import sqlalchemy
from sqlalchemy import Column, MetaData, String, Table, create_engine, delete, insert, select, update

from adapters.bootstrap import bootstrap
from engine import Engine, Line, Shop
from engine.events import repair_order as ro
from engine.store import schema
from tests.support import ADVISOR, KIT, MANAGER, PURPOSE, Clock, world

VIN = "LSVAA4187E2184321"
ORDERS = Table("dms_order", MetaData(), Column("number", String(20), primary_key=True))
"""A table of the host's own."""
TABLES = (ORDERS, *schema.metadata.sorted_tables)
OTHERS = """
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""

Picture = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Scene:
    """An engine on a database, and the connections of a host that has a table of its own there."""

    url: str
    engine: Engine
    host: sqlalchemy.Engine

    @classmethod
    def at(cls, url: str, clock: Clock | None = None, **options: Any) -> Scene:
        """On a database that has its tables, or gets them with `upgrade`. Nothing waits for the disk.

        All salts are the same one: what is done twice looks the same.
        """
        engine = bootstrap(url, world=replace(world(clock), new_salt=lambda: bytes(16)), synchronous="OFF", **options)
        scene = cls(url, engine, create_engine(url))
        ORDERS.create(scene.host, checkfirst=True)
        return scene

    @property
    def shop(self) -> Shop:
        return self.engine.shop("S1", profile="dpca")

    @property
    def engines(self) -> tuple[sqlalchemy.Engine, sqlalchemy.Engine]:
        """Who makes connections here: the store, and the host."""
        return self.engine.store._engine, self.host

    def close(self) -> None:
        for engine in self.engines:
            engine.dispose()

    def picture(self) -> Picture:
        """Every row of every table; the outbox without its ids, which may have gaps."""
        with self.host.connect() as connection:
            return {table.name: _rows(connection, table) for table in TABLES}

    def restore(self, picture: Picture) -> None:
        """Put the rows of a picture in the place of what is there."""
        with self.host.begin() as connection:
            for table in reversed(TABLES):
                connection.execute(delete(table))
            for table in TABLES:
                if picture[table.name]:
                    connection.execute(insert(table), picture[table.name])

    def alone(self) -> None:
        """Wait until the server has noticed that its other clients are gone; SQLite needs no such wait."""
        self.close()
        if self.host.dialect.name == "postgresql":
            self.deserted()

    def deserted(self) -> None:
        """Wait until PostgreSQL has no connection to this database any more."""
        self._until("SELECT count(*) = 0", OTHERS)

    def cut(self) -> None:
        """End all connections to the PostgreSQL database, and return once they are gone."""
        with self._outside() as connection:
            connection.execute(f"SELECT pg_terminate_backend(pid, 10000) {OTHERS}")

    def waited_for(self) -> None:
        """Wait until somebody waits for a lock."""
        self._until("SELECT count(*) > 0", OTHERS, "AND wait_event_type = 'Lock'")

    def _until(self, *parts: str) -> None:
        with self._outside() as connection:
            assert any(connection.execute(" ".join(parts)).fetchone() == (True,) for _ in range(20_000))

    def configure(self, setting: str, value: str) -> None:
        """Change a setting of the PostgreSQL database, for all connections that are made from now on."""
        self._alter(f"SET {setting} = '{value}'")

    def reset(self, setting: str) -> None:
        """Change a setting back."""
        self._alter(f"RESET {setting}")

    def _alter(self, how: str) -> None:
        self.close()
        with self._outside() as connection:
            connection.execute(f"ALTER DATABASE {self.host.url.database} {how}")

    def _outside(self) -> psycopg.Connection:
        """A connection that no setting touches, without transactions."""
        url = self.url.replace("+psycopg", "")
        return psycopg.connect(url, autocommit=True, options="-c role=none -c default_transaction_read_only=off")


def _rows(connection: sqlalchemy.Connection, table: Table) -> list[dict[str, Any]]:
    rows = connection.execute(select(table).order_by(*table.primary_key)).mappings()
    return [{name: value for name, value in row.items() if name != "id"} for row in rows]


# --- acts ----------------------------------------------------------------------------------------------------------


def subscribe(scene: Scene) -> object:
    return scene.engine.subscribe("mirror")


def subscribe_to_less(scene: Scene) -> object:
    return scene.engine.subscribe("mirror", answers=["refused"])


def open_case(scene: Scene) -> object:
    return scene.shop.open("RO-1", by=ADVISOR, id="k-open")


def arrive(scene: Scene) -> object:
    facts = ro.VehicleCheckedIn.read({"vin": VIN, "license_plate": "京A12345"})
    return scene.shop.apply("RO-1", facts, by=ADVISOR, id="k-arrive")


def be_refused(scene: Scene) -> object:
    return scene.shop.apply("RO-1", ro.KitFitted(), by=ADVISOR, id="k-refused")


def ask_and_fit(scene: Scene) -> object:
    complaint = ro.ComplaintRecorded.read({"symptom_id": "c1", "customer_words": "左前轮异响"})
    return scene.shop.apply_all("RO-1", [PURPOSE, KIT, complaint], by=ADVISOR, id="k-all")


def put_many(scene: Scene) -> object:
    """A batch: cases that are there, a refusal, a mistake, and cases that are new."""
    batch = scene.shop.batch()
    batch.apply("RO-2", ro.WaitTick(), by=ADVISOR, id="k-nowhere")
    batch.apply("RO-1", ro.WaitTick(), by=ADVISOR, id="k-waiting")
    batch.apply("RO-1", ro.KitFitted(), by=ADVISOR, id="k-refused")
    for number in (3, 4):
        batch.open(f"RO-{number}", by=ADVISOR, id=f"k-open-{number}")
        batch.apply(f"RO-{number}", ro.VehicleCheckedIn.read({"vin": VIN}), by=ADVISOR, id=f"k-arrive-{number}")
    return batch.run()


def open_ledger(scene: Scene) -> object:
    """Or an erasure would open it, under an id of chance."""
    return scene.shop.open("ledger", by=MANAGER, workflow="ledger", id="k-ledger")


def forget(scene: Scene) -> object:
    return scene.shop.forget("RO-1", by=MANAGER, reason="asked", id="k-forget")


def bring_in(scene: Scene) -> object:
    return scene.engine.import_journal(another_journal()).sound


@cache
def another_journal() -> list[Line]:
    """What another shop hands over."""
    engine = bootstrap("sqlite://", upgrade=True, world=world())
    shop = engine.shop("S2", profile="dpca")
    shop.open("RO-1", by=ADVISOR)
    shop.apply("RO-1", ro.VehicleCheckedIn.read({"vin": VIN}), by=ADVISOR)
    shop.apply("RO-1", ro.KitFitted(), by=ADVISOR)
    return list(engine.export_journal())


def mislead(scene: Scene) -> object:
    """Rows that do not say what the journal says: one is wrong, one is missing."""
    bring_in(scene)
    with scene.host.begin() as connection:
        connection.execute(delete(schema.case).where(schema.case.c.shop == "S2"))
        connection.execute(update(schema.case).values(state="settled", advisor=None))
    return None


def rebuild(scene: Scene) -> object:
    return scene.engine.rebuild()


def be_a_part(scene: Scene) -> object:
    """A host's transaction: its own row, between two answers that stand or fall with it."""
    with scene.host.begin() as connection:
        scene.shop.apply("RO-1", ro.WaitTick(), by=ADVISOR, id="k-wait", connection=connection)
        if not connection.scalars(select(ORDERS)).all():
            connection.execute(insert(ORDERS).values(number="RO-1"))
        facts = ro.ComplaintRecorded.read({"symptom_id": "c2", "customer_words": "右后轮异响"})
        return scene.shop.apply("RO-1", facts, by=ADVISOR, id="k-words", connection=connection)


class Act(NamedTuple):
    """What must have happened, what is done, and whether it may be done again when it was done."""

    before: tuple[Callable[[Scene], object], ...]
    do: Callable[[Scene], object]
    again: bool = True


ARRIVED = (subscribe, open_case, arrive)
ACTS = {
    "an opening": Act((subscribe,), open_case),
    "an answer with personal data": Act((subscribe, open_case), arrive),
    "a refusal that somebody is told": Act(ARRIVED, be_refused),
    "several facts at once": Act(ARRIVED, ask_and_fit),
    "a batch of several cases": Act(ARRIVED, put_many),
    "an erasure": Act((*ARRIVED, open_ledger), forget),
    "a subscription": Act(ARRIVED, subscribe_to_less),
    "a journal that comes in": Act(ARRIVED, bring_in, again=False),
    "a rebuild": Act((*ARRIVED, mislead), rebuild),
    "a host's transaction": Act(ARRIVED, be_a_part),
}
