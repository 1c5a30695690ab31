"""Tests speak through their failures, not through log lines; `structlog.testing.capture_logs` still sees each one.

The databases they run on: a server starts when the first test asks for it, and serves the rest of the session.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Generator, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import structlog
from coverage import Coverage

from tests import servers
from tests.servers import Server


def _drop(_logger: object, _name: str, _event: dict[str, object]) -> dict[str, object]:
    raise structlog.DropEvent


structlog.configure(processors=[_drop])

_MEASURE_CHILDREN = "COVERAGE_PROCESS_CONFIG"
"""The variable by which `coverage run` measures the processes that tests start."""
KILLS = "kills"
"""The property under which a test reports how many kills it survived."""
DATABASES = {"sqlite": "sqlite", "postgresql-18": "postgresql", "postgresql-other": "other_postgresql"}
"""The databases every store must work on, and the fixtures that give them."""


@pytest.fixture(scope="session", autouse=True)
def _declared(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An editable install knows the entry points of the day it was made; where it lacks some, it is shadowed."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))["project"]
    group, points = "gongdan.adapters", project["entry-points"]["gongdan.adapters"]
    if {*points} - {one.name for one in entry_points(group=group)}:
        folder = tmp_path_factory.mktemp("declared")
        metadata = folder / f"gongdan-{project['version']}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: gongdan\nVersion: {project['version']}\n")
        lines = "".join(f"{name} = {target}\n" for name, target in points.items())
        (metadata / "entry_points.txt").write_text(f"[{group}]\n{lines}")
        sys.path.insert(0, str(folder))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    """Broad tests are not measured: coverage is for those that aim at what they cover, and tracing takes its time."""
    measuring = Coverage.current()
    if measuring is None or item.get_closest_marker("broad") is None:
        return (yield)
    measuring.stop()
    in_children = os.environ.pop(_MEASURE_CHILDREN, None)
    try:
        return (yield)
    finally:
        if in_children is not None:
            os.environ[_MEASURE_CHILDREN] = in_children
        measuring.start()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many kills were survived in all."""
    reports = terminalreporter.getreports("passed")
    kills = sum(count for report in reports for name, count in report.user_properties if name == KILLS)
    if kills:
        terminalreporter.write_line(f"survived: {kills} kills")


@pytest.fixture(params=["sqlite", "postgresql-18", pytest.param("postgresql-other", marks=pytest.mark.soak)])
def database(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database: the test runs once on each kind; on an older server in `make soak`."""
    return request.getfixturevalue(DATABASES[request.param])


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """The URL of a SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'shop.db'}"


@pytest.fixture
def postgresql(newest_server: Server) -> Iterator[str]:
    """The URL of an empty database on the newest PostgreSQL."""
    with newest_server.empty_database() as url:
        yield url


@pytest.fixture
def other_postgresql(other_server: Server) -> Iterator[str]:
    """The URL of an empty database on another major version."""
    with other_server.empty_database() as url:
        yield url


@pytest.fixture(scope="session")
def newest_server() -> Iterator[Server]:
    yield from servers.or_skip(servers.of_the_wheel)


@pytest.fixture(scope="session")
def other_server() -> Iterator[Server]:
    yield from servers.or_skip(servers.of_debian)


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server of the test's own, which it may stop and start."""
    yield from servers.or_skip(servers.of_the_wheel)
