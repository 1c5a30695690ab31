"""A database that fails: nothing is half-written, the error is clear and keeps its secrets, and the next call works.

Real failures of real databases, before each step where that matters: full, read-only, without tables or rights, cut
off, stopped, out of connections. A host sees the same on its own connection.
"""

from __future__ import annotations

import os
import re
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import event, insert
from sqlalchemy.exc import DBAPIError

from adapters.bootstrap import bootstrap
from engine import Answer, StoreUnavailable
from engine.events import repair_order as ro
from engine.store import schema
from tests.acts import ACTS, ARRIVED, ORDERS, VIN, Act, Picture, Scene
from tests.interrupts import MOMENTS, Step, at_step
from tests.processes import in_a_process
from tests.servers import Server
from tests.support import ADVISOR, KIT, PURPOSE, arrive

EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)
NOBODY = 65534
SECRET = "s3cret-pass"
PLATE = "京A12345"
CHINESE = re.compile(r"[\u4e00-\u9fff]{3}")
LONG = "异响" * 2_000


def told(error: StoreUnavailable, reason: str) -> None:
    """The reason is this one, in words of both languages, without any value or password."""
    assert error.facts["reason"] == reason
    words = StoreUnavailable.codes[reason]
    assert words.zh in error.text.zh
    assert words.en in error.text.en
    assert CHINESE.search(words.zh)
    assert not any(secret in str(error) for secret in (VIN, PLATE, LONG[:10], SECRET))
    assert error.__cause__ is None
    assert error.__suppress_context__


def fails(act: Callable[[], object], reason: str) -> None:
    with pytest.raises(StoreUnavailable) as error:
        act()
    told(error.value, reason)


@pytest.fixture
def scene(database: str) -> Iterator[Scene]:
    with closing(Scene.at(database, upgrade=True)) as made:
        yield made


COMPLAINTS = [ro.ComplaintRecorded.read({"symptom_id": f"c{n}", "customer_words": LONG}) for n in range(4)]


def put_long_words(scene: Scene) -> object:
    """More than fits into the pages that are there."""
    return scene.shop.apply_all("RO-1", [PURPOSE, KIT, *COMPLAINTS], by=ADVISOR, id="k-long")


def put_long_words_as_a_host(scene: Scene) -> object:
    with scene.host.begin() as connection:
        connection.execute(insert(ORDERS).values(number="RO-1"))
        facts = [PURPOSE, KIT, *COMPLAINTS]
        return scene.shop.apply_all("RO-1", facts, by=ADVISOR, id="k-long", connection=connection)


# --- failures that last until they are mended ------------------------------------------------------------------------

Failure = Callable[[Scene], object]


@contextmanager
def query_only(scene: Scene) -> Iterator[None]:
    """SQLite, told to write nothing."""

    def on_connect(connection: object, _record: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    scene.close()
    for engine in scene.engines:
        event.listen(engine, "connect", on_connect)
    yield
    scene.close()
    for engine in scene.engines:
        event.remove(engine, "connect", on_connect)


@contextmanager
def configured(scene: Scene, setting: str, value: str) -> Iterator[None]:
    scene.configure(setting, value)
    yield
    scene.reset(setting)


@contextmanager
def without_tables(scene: Scene) -> Iterator[None]:
    """The tables are there under other names only."""
    for old, new in (("gongdan_", "gone_"), ("gone_", "gongdan_")):
        scene.close()
        with scene.host.begin() as connection:
            for table in schema.metadata.tables:
                name = table.removeprefix(schema.PREFIX)
                connection.exec_driver_sql(f"ALTER TABLE {old}{name} RENAME TO {new}{name}")
        if new == "gone_":
            yield


@contextmanager
def raising(scene: Scene, state: str) -> Iterator[None]:
    """PostgreSQL, complaining with a state, and quoting the row, of whatever is written."""
    body = f"RAISE EXCEPTION 'no: %', to_jsonb(coalesce(NEW, OLD)) USING ERRCODE = '{state}'"
    with scene.host.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body.replace('%', '%%')}; END $$"
        )
        for table in schema.metadata.tables:
            connection.exec_driver_sql(
                f"CREATE TRIGGER complains BEFORE INSERT OR UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION complain()"
            )
    yield
    with scene.host.begin() as connection:
        connection.exec_driver_sql("DROP FUNCTION complain() CASCADE")


FAILURES = {
    "sqlite that may not write": ("sqlite", query_only, "readonly"),
    "sqlite without tables": ("sqlite", without_tables, "no such table"),
    "postgresql that may not write": (
        "postgresql-18",
        lambda scene: configured(scene, "default_transaction_read_only", "on"),
        "readonly",
    ),
    "postgresql without tables": ("postgresql-18", without_tables, "no such table"),
    "postgresql without rights": ("postgresql-18", lambda scene: configured(scene, "role", "pg_monitor"), "permission"),
    "postgresql on a full disk": ("postgresql-18", lambda scene: raising(scene, "53100"), "full"),
    "postgresql behind a proxy": ("postgresql-18", lambda scene: raising(scene, "08006"), "connection"),
}


@pytest.mark.parametrize(
    ("database", "failing", "reason"), FAILURES.values(), ids=FAILURES.keys(), indirect=["database"]
)
def test_a_failure_is_told_clearly_and_writes_nothing_and_the_next_call_works(scene, failing, reason):
    empty = scene.picture()
    for name, act in ACTS.items():
        scene.restore(empty)
        for earlier in act.before:
            earlier(scene)
        before = scene.picture()

        with failing(scene):
            fails(lambda act=act: act.do(scene), reason)

        assert scene.picture() == before, name
        act.do(scene)
        assert scene.engine.audit().sound
        assert scene.picture() != before


# --- a full disk -----------------------------------------------------------------------------------------------------


def limited(scene: Scene, pages: int) -> Scene:
    """Another scene on the same SQLite file, which may grow by so many pages."""
    with scene.host.connect() as connection:
        size = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    other = Scene.at(scene.url)
    other.close()
    for engine in other.engines:
        event.listen(engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count = {size + pages}"))
    return other


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("act", [put_long_words, put_long_words_as_a_host])
def test_a_disk_that_is_full_at_any_page_holds_all_of_an_answer_or_nothing(scene, act):
    for earlier in ARRIVED:
        earlier(scene)
    before = scene.picture()

    for pages in count():
        with closing(limited(scene, pages)) as cramped:
            try:
                act(cramped)
                break
            except StoreUnavailable as error:
                told(error, "full")
            assert cramped.picture() == before
            assert cramped.shop.case("RO-1").seq == 2

    assert pages > 5
    assert scene.shop.case("RO-1").seq == 8
    assert scene.engine.audit().sound


def write_past(url: str, size: int, wire: Connection) -> None:
    """Put long words where no file may pass a size: the system's own way to say that there is no room."""
    with closing(Scene.at(url)) as scene:
        before = scene.picture()
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        try:
            put_long_words(scene)
            reason = None
        except StoreUnavailable as error:
            reason = error.facts["reason"]
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert (scene.picture() == before) == (reason is not None)
        assert scene.engine.audit().sound
        put_long_words(scene)
        wire.send((reason, scene.shop.case("RO-1").seq))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("size", "reason"), [(20_000, "disk i/o"), (40_000, "disk i/o"), (1_000_000, None)])
def test_a_file_that_cannot_grow_is_told_and_the_next_call_works(scene, size, reason):
    for earlier in ARRIVED:
        earlier(scene)
    scene.close()

    exit_code, sent = in_a_process(write_past, scene.url, size)

    assert (exit_code, sent) == (0, (reason, 8))


# --- permissions of files --------------------------------------------------------------------------------------------


def without_rights(url: str, wire: Connection) -> None:
    """Come as somebody who may not write everything here: what each act ends with."""
    if os.geteuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    ends = []
    for act in (
        lambda: bootstrap(url).shop("S1").apply("RO-1", ro.WaitTick(), by=ADVISOR, id="k-wait"),
        lambda: bootstrap(url).shop("S1").case("RO-1").seq,
    ):
        try:
            ends.append(act())
        except StoreUnavailable as error:
            ends.append(error.facts["reason"])
    wire.send(ends)


@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "ends"),
    [
        (0o777, 0o444, ["readonly", 2]),
        (0o555, 0o666, ["readonly", "readonly"]),  # to read a database in WAL mode is to write beside it
        (0o555, 0o444, ["readonly", "readonly"]),
        (0o777, 0o000, ["unable to open", "unable to open"]),
        (0o000, 0o666, ["unable to open", "unable to open"]),
    ],
)
def test_what_one_may_not_write_is_told_and_left_alone(folder_mode, file_mode, ends):
    with TemporaryDirectory() as name:
        folder, url = Path(name), f"sqlite:///{name}/shop.db"
        with closing(Scene.at(url, upgrade=True)) as scene:
            arrive(scene.shop)
            before = scene.picture()
        (folder / "shop.db").chmod(file_mode)
        folder.chmod(folder_mode)

        exit_code, sent = in_a_process(without_rights, url)

        folder.chmod(0o755)
        with closing(Scene.at(url)) as scene:
            assert scene.picture() == before
    assert (exit_code, sent) == (0, ends)


# --- a connection that is cut ----------------------------------------------------------------------------------------


def ended(act: Act, scene: Scene) -> bool:
    """Whether an act came to its end; else its caller was told, or the host by its own driver."""
    try:
        act.do(scene)
    except StoreUnavailable as error:
        told(
            error, "unreachable" if error.facts["reason"] == "unreachable" else "connection"
        )  # it was still being made
        return False
    except DBAPIError:
        return False
    return True


def cut_at(seen: Scene, act: Act, step: Step, nothing: Picture) -> bool:
    """Whether an act ends whose connections are cut at a step; what is not there then is done by the next call."""
    over = Event()
    with closing(Scene.at(seen.url)) as scene:
        scene.close()
        at_step(step, scene.engines, lambda: over.is_set() or scene.cut())
        through = ended(act, scene)
        over.set()
        if through:
            scene.close()  # a connection that was cut when all was done is only missed by the one who uses it next
        missing = seen.picture() == nothing
        assert not (through and missing)
        if missing or act.again:
            act.do(scene)
        return through


def cuts_survived(scene: Scene, name: str, moment: str, every: int = 1) -> int:
    """Cut an act at its steps until it is through; how many cuts its callers were told of."""
    act = ACTS[name]
    for earlier in act.before:
        earlier(scene)
    nothing = scene.picture()
    act.do(scene)
    everything = scene.picture()
    for number in count(step=every):
        scene.restore(nothing)
        scene.close()
        through = cut_at(scene, act, Step(moment, number), nothing)
        assert scene.picture() == everything
        if through:
            return number // every
    return 0


@pytest.mark.parametrize("database", ["postgresql-18"], indirect=True)
@pytest.mark.parametrize("name", ACTS)
def test_an_act_whose_connection_is_cut_is_told_and_done_by_the_next_call(scene, name):
    assert cuts_survived(scene, name, "before", every=4) > 0


# --- a server that goes, and comes back ------------------------------------------------------------------------------


@pytest.fixture
def own_database(own_server: Server) -> str:
    own_server.create_database("shop")
    return own_server.url("shop")


def test_a_server_that_stops_is_told_and_the_next_call_after_its_start_works(own_server, own_database):
    with closing(Scene.at(own_database, upgrade=True)) as scene:
        arrive(scene.shop)
        before = scene.picture()

        def tick() -> object:
            return scene.shop.apply("RO-1", ro.WaitTick(), by=ADVISOR, id="k-tick")

        own_server.stop()
        fails(tick, "connection")
        fails(tick, "unreachable")
        fails(lambda: scene.shop.case("RO-1"), "unreachable")
        fails(scene.engine.audit, "unreachable")
        fails(lambda: Scene.at(own_database), "unreachable")
        own_server.start()

        assert tick().seq == 3
        assert scene.shop.apply("RO-1", ro.WaitTick(), by=ADVISOR, id="k-tick").seq == 3
        scene.close()
        assert [row["seq"] for row in before["gongdan_entry"]] == [1, 2]
        assert [entry.seq for entry in scene.shop.entries("RO-1")] == [1, 2, 3]
        assert scene.engine.audit().sound


def test_a_server_that_stopped_and_started_unnoticed_costs_one_call(own_server, own_database):
    with closing(Scene.at(own_database, upgrade=True)) as scene, ExitStack() as idle:
        arrive(scene.shop)
        for _ in range(5):
            idle.enter_context(scene.engine.store.read())
        idle.close()
        own_server.stop()
        own_server.start()

        fails(lambda: scene.shop.case("RO-1"), "connection")

        for _ in range(5):
            assert scene.shop.case("RO-1").seq == 2


def refused(url: str) -> bool:
    """Whether a new connection is."""
    try:
        psycopg.connect(url.replace("+psycopg", "")).close()
    except psycopg.OperationalError:
        return True
    return False


def test_a_server_that_is_stopping_serves_its_connections_and_refuses_new_ones(own_server, own_database):
    with closing(Scene.at(own_database, upgrade=True)) as scene:
        arrive(scene.shop)
        scene.host.dispose()
        own_server._run("pg_ctl", "stop", "--mode=smart", "--no-wait")
        assert any(refused(own_database) for _ in range(1_000))

        with scene.engine.store.read():
            fails(lambda: scene.shop.case("RO-1"), "unreachable")
        assert scene.shop.apply("RO-1", ro.WaitTick(), by=ADVISOR).seq == 3


# --- no connection at all --------------------------------------------------------------------------------------------


def test_who_is_not_let_in_is_told_why_without_the_password(own_server, own_database):
    with closing(Scene.at(own_database, upgrade=True)) as scene, scene._outside() as connection:
        connection.execute(f"CREATE ROLE dms LOGIN PASSWORD '{SECRET}' CONNECTION LIMIT 1")
        connection.execute("CREATE ROLE clerk NOLOGIN")
        connection.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO dms")
        rules = own_server.data / "pg_hba.conf"
        rules.write_text("local all clerk reject\nlocal all dms scram-sha-256\n" + rules.read_text())
        connection.execute("SELECT pg_reload_conf()")

        def at(user: str, database: str = "shop") -> str:
            return own_database.replace("postgres@/shop", f"{user}@/{database}")

        assert any(refused(at("dms")) for _ in range(1_000))
        fails(lambda: bootstrap(at(f"dms:not-{SECRET}")), "permission")
        fails(lambda: bootstrap(at("dms")), "permission")
        fails(lambda: bootstrap(at("clerk")), "permission")
        fails(lambda: bootstrap(at("nobody")), "permission")
        fails(lambda: bootstrap(at(f"dms:{SECRET}", "nowhere")), "no such database")
        with closing(bootstrap(at(f"dms:{SECRET}")).store) as store, store.read():
            fails(store.check, "connections")


@pytest.mark.parametrize(
    "where",
    [f"dms:{SECRET}@127.0.0.1:1/shop", f"dms:{SECRET}@/shop?host=/nowhere", f"dms:{SECRET}@nowhere.invalid/shop"],
    ids=["no server on a port", "no server on a socket", "no such machine"],
)
def test_a_server_that_is_not_there_is_told_without_the_password(where):
    fails(lambda: bootstrap(f"postgresql+psycopg://{where}"), "unreachable")


def test_a_server_that_never_answers_is_told_in_time():
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        where = f"127.0.0.1:{silent.getsockname()[1]}/shop?connect_timeout=2"

        fails(lambda: bootstrap(f"postgresql+psycopg://dms:{SECRET}@{where}"), "unreachable")


def test_more_calls_at_once_than_connections_are_told_in_time(postgresql):
    with closing(Scene.at(postgresql, upgrade=True, busy_seconds=0.05)) as scene:
        arrive(scene.shop)

        with ExitStack() as busy:
            for _ in range(15):
                busy.enter_context(scene.engine.store.read())
            fails(lambda: scene.shop.case("RO-1"), "connections")

        assert scene.shop.case("RO-1").seq == 2


# --- what a host sees on its own connection --------------------------------------------------------------------------


def kept_out(scene: Scene) -> AbstractContextManager[object]:
    """Another host has the case, and does not let go."""
    other = scene.host.connect()
    scene.shop.apply("RO-1", ro.WaitTick(), by=ADVISOR, connection=other)
    return closing(other)


HOSTS = {
    "on a full disk": (lambda scene: raising(scene, "53100"), "full"),
    "that does not do it in time": (lambda scene: raising(scene, "57014"), "locked"),
    "with a lock": (kept_out, "locked"),
}


@pytest.mark.parametrize(("failing", "reason"), HOSTS.values(), ids=HOSTS.keys())
def test_a_host_on_a_postgresql_that_fails_is_told_and_may_commit_its_own(postgresql, failing, reason):
    with closing(Scene.at(postgresql, upgrade=True)) as scene:
        arrive(scene.shop)
        before = scene.picture()

        with failing(scene), scene.host.connect() as connection:
            connection.execute(insert(ORDERS).values(number="1"))
            connection.exec_driver_sql("SET LOCAL lock_timeout = 50")
            for _ in range(2):
                fails(lambda: put_long_words_on(scene, connection), reason)
            connection.execute(insert(ORDERS).values(number="2"))
            connection.commit()

        assert scene.picture() == {**before, "dms_order": [{"number": "1"}, {"number": "2"}]}


def test_a_host_on_a_sqlite_that_is_full_is_told_and_nothing_of_its_transaction_is_left(sqlite):
    with closing(Scene.at(sqlite, upgrade=True)) as scene:
        arrive(scene.shop)
        before = scene.picture()

        with closing(limited(scene, 0)) as full, full.host.connect() as connection:
            connection.execute(insert(ORDERS).values(number="1"))
            fails(lambda: put_long_words_on(full, connection), "full")
            assert not connection.connection.dbapi_connection.in_transaction
            connection.commit()

        assert scene.picture() == before


def put_long_words_on(scene: Scene, connection: sqlalchemy.Connection) -> object:
    return scene.shop.apply_all("RO-1", [PURPOSE, KIT, *COMPLAINTS], by=ADVISOR, id="k-long", connection=connection)


def test_a_host_whose_transaction_failed_before_is_told_to_roll_back(postgresql):
    with closing(Scene.at(postgresql, upgrade=True)) as scene, scene.host.connect() as connection:
        arrive(scene.shop)
        with suppress(DBAPIError):
            connection.exec_driver_sql("SELECT nothing")

        fails(lambda: be_asked(scene, connection), "transaction failed")

        connection.rollback()
        assert be_asked(scene, connection).seq == 3


def be_asked(scene: Scene, connection: sqlalchemy.Connection) -> Answer:
    return scene.shop.apply("RO-1", ro.WaitTick(), by=ADVISOR, id="k-wait", connection=connection)


def test_a_host_whose_connection_is_cut_is_told_and_goes_on_with_another(postgresql):
    with closing(Scene.at(postgresql, upgrade=True)) as scene, scene.host.connect() as connection:
        arrive(scene.shop)
        connection.execute(insert(ORDERS).values(number="1"))
        be_asked(scene, connection)
        scene.cut()

        fails(lambda: be_asked(scene, connection), "connection")
        fails(lambda: scene.shop.case("RO-1", connection=connection), "closed")

        connection.invalidate()
        connection.rollback()
        assert scene.picture()["dms_order"] == []
        assert be_asked(scene, connection).seq == 3
        connection.commit()
        scene.engine.store.close()
        assert scene.engine.audit().sound


def test_a_host_that_sleeps_in_its_transaction_is_told_that_it_was_cut(postgresql):
    with closing(Scene.at(postgresql, upgrade=True)) as scene, scene.host.connect() as connection:
        arrive(scene.shop)
        scene.engine.store.close()
        be_asked(scene, connection)
        connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 1")
        scene.deserted()

        fails(lambda: be_asked(scene, connection), "connection")

        connection.invalidate()
        connection.rollback()
        assert be_asked(scene, connection).seq == 3


def test_a_connection_that_the_server_ended_for_being_idle_costs_one_call(postgresql):
    with closing(Scene.at(postgresql, upgrade=True)) as scene:
        arrive(scene.shop)
        scene.host.dispose()
        with scene.engine.store.read() as transaction:
            transaction._cursor.execute("SET idle_session_timeout = 1")
        scene.deserted()

        fails(lambda: scene.shop.case("RO-1"), "connection")

        assert scene.shop.case("RO-1").seq == 2


# --- at length -------------------------------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize("database", ["postgresql-18", "postgresql-other"], indirect=True)
@pytest.mark.parametrize("moment", MOMENTS["postgresql"])
@pytest.mark.parametrize("name", ACTS)
def test_an_act_that_is_cut_at_each_step_is_told_and_done_by_the_next_call(scene, name, moment):
    assert cuts_survived(scene, name, moment) > 3
