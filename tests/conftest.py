"""Tests speak through their failures, not through log lines; `structlog.testing.capture_logs` still sees each one.

The databases they run on: a server starts when the first test asks for it, and serves the rest of the session.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests import servers
from tests.servers import Server


def _drop(_logger: object, _name: str, _event: dict[str, object]) -> dict[str, object]:
    raise structlog.DropEvent


structlog.configure(processors=[_drop])

KILLS = "kills"
"""The property under which a test reports how many kills it survived."""
DATABASES = {"sqlite": "sqlite", "postgresql-18": "postgresql", "postgresql-other": "other_postgresql"}
"""The databases every store must work on, and the fixtures that give them."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many kills were survived in all."""
    reports = terminalreporter.getreports("passed")
    kills = sum(count for report in reports for name, count in report.user_properties if name == KILLS)
    if kills:
        terminalreporter.write_line(f"survived: {kills} kills")


@pytest.fixture(params=list(DATABASES))
def database(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database: the test runs once on each kind."""
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
