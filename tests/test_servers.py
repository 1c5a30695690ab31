"""The servers that the tests run on are real, empty when they should be, and gone when they should be."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.exc import OperationalError

from tests import servers
from tests.servers import Server

HALF_A_LIFE = """
import os, signal
from tests import servers

with servers.running(servers.of_the_wheel) as server:
    print(server.folder, server.folder.exists(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def run(url: str, *statements: str) -> list[object]:
    """What these statements answer, in a transaction of their own."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            results = [connection.execute(text(statement)) for statement in statements]
            return [value for result in results if result.returns_rows for value in result.scalars()]
    finally:
        engine.dispose()


def tables(url: str) -> list[str]:
    engine = create_engine(url)
    try:
        return inspect(engine).get_table_names()
    finally:
        engine.dispose()


@pytest.mark.parametrize("_again", [1, 2])
def test_every_test_gets_an_empty_database(database: str, _again: int) -> None:
    before = tables(database)

    run(database, "CREATE TABLE car (vin TEXT)")

    assert before == []
    assert tables(database) == ["car"]


def test_two_databases_of_a_server_do_not_see_each_other(newest_server: Server) -> None:
    with newest_server.empty_database() as one, newest_server.empty_database() as other:
        run(one, "CREATE TABLE car (vin TEXT)")

        assert tables(one) == ["car"]
        assert tables(other) == []


def test_a_database_is_dropped_when_its_test_has_ended(newest_server: Server) -> None:
    with newest_server.empty_database() as url:
        name = make_url(url).database

    assert name not in run(newest_server.url("postgres"), "SELECT datname FROM pg_database")


def test_the_newest_version_is_in_the_wheel(newest_server: Server) -> None:
    assert newest_server.version == servers.NEWEST


def test_the_other_server_is_of_another_version(other_server: Server) -> None:
    assert servers.OLDEST <= other_server.version != servers.NEWEST
    assert f"PostgreSQL {other_server.version}" in str(run(other_server.url("postgres"), "SELECT version()"))


def test_a_stopped_server_refuses_and_has_its_data_when_it_starts_again(own_server: Server) -> None:
    own_server.create_database("shop")
    url = own_server.url("shop")
    run(url, "CREATE TABLE car (vin TEXT)", "INSERT INTO car VALUES ('LSVAA4187E2184321')")

    for _ in range(2):
        own_server.stop()
        with pytest.raises(OperationalError):
            run(url, "SELECT vin FROM car")
        own_server.start()

        assert run(url, "SELECT vin FROM car") == ["LSVAA4187E2184321"]


def test_terminated_backends_are_gone_and_others_stay(newest_server: Server) -> None:
    with newest_server.empty_database() as one, newest_server.empty_database() as other:
        ended, kept = (create_engine(url).connect() for url in (one, other))

        newest_server.terminate_backends(make_url(one).database)

        with closing(ended), pytest.raises(OperationalError, match="terminat"):
            ended.execute(text("SELECT 1"))
        with closing(kept):
            assert kept.scalar(text("SELECT 1")) == 1
        for connection in (ended, kept):
            connection.engine.dispose()


def test_a_killed_test_run_leaves_no_server_and_no_folder(newest_server: Server) -> None:
    killed = subprocess.run([sys.executable, "-c", HALF_A_LIFE], stdout=subprocess.PIPE, text=True, check=False)

    folder, was_there = killed.stdout.split()
    assert was_there == "True"
    assert not Path(folder).exists()


def _broken(folder: Path) -> Path:
    programs = folder / "bin"
    programs.mkdir()
    (programs / "initdb").write_text("#!/bin/sh\necho initdb: no room on the disk >&2\nexit 1\n")
    (programs / "initdb").chmod(0o755)
    return programs


@pytest.mark.parametrize(
    ("find", "reason"),
    [(lambda _: Path("/nowhere"), "/nowhere/initdb"), (_broken, "initdb: no room on the disk")],
    ids=["no programs", "initdb fails"],
)
def test_where_a_server_cannot_start_the_skip_says_why(find: Callable[[Path], Path], reason: str) -> None:
    with pytest.raises(pytest.skip.Exception, match=reason):
        next(servers.or_skip(find))


def test_a_machine_without_another_version_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(servers, "DEBIAN", tmp_path)

    with pytest.raises(pytest.skip.Exception, match=str(tmp_path)):
        next(servers.or_skip(servers.of_debian))
