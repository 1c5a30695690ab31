"""The examples run as their users would run them: a refusal is kept with what the host wrote, a rollback takes both."""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from runpy import run_path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import make_url
from sqlalchemy.exc import IntegrityError

import engine
from adapters.bootstrap import bootstrap
from engine import CaseExists, CaseNotFound
from engine.events import repair_order as ro
from tests.hosts import sqlalchemy_engine

pytestmark = pytest.mark.broad

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
README = (EXAMPLES / "README.md").read_text("utf-8")
CHINESE = re.compile(r"[\u4e00-\u9fff]{2}")
EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)
ADVISOR = {"Actor": "sa-7:service_advisor"}


def journal(url: str) -> list[tuple[str, str, bool]]:
    """Case, command and verdict of every entry; the audit finds nothing wrong with them."""
    gongdan = bootstrap(url)
    with closing(gongdan.store):
        assert gongdan.audit().sound
        shop = gongdan.shop("S1")
        entries = [entry for row in shop.find().rows for entry in shop.entries(row.id)]
    return [(entry.case, entry.command.name, entry.accepted) for entry in entries]


OPENED = [("RO-1", "case_opened", True), ("RO-1", "vehicle_checked_in", True)]
REFUSED = ("RO-1", "kit_fitted", False)


# --- what the README says ----------------------------------------------------------------------------------------


def commands(example: str) -> list[str]:
    """The lines that the README gives for an example."""
    section = re.split(rf"^## {example}$", README, flags=re.MULTILINE)[1].split("\n## ")[0]
    return [line for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) for line in block.splitlines()]


def program(line: str, *more: str) -> list[str]:
    """A line of the README as a process of this Python, from any folder."""
    first, *rest = shlex.split(line.replace("examples/", f"{EXAMPLES}/"))
    return [sys.executable, *([] if first == "python" else ["-m", first]), *rest, *more]


def environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(EXAMPLES.parent), "PYTHONUNBUFFERED": "1", **variables}


@contextmanager
def serving(line: str, port: tuple[str, ...], folder: Path) -> Iterator[str]:
    """A server that the README starts, on a port that is free; its address."""
    command = program(line, *port)
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        printed = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in server.stdout or ())
        yield next(found[0] for found in printed if found)
        server.terminate()


def curl(line: str, address: str) -> httpx2.Response:
    """A request as the README writes it, to the address where its server is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("curl")
    parser.add_argument("url")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="body")
    asked = parser.parse_args(shlex.split(line))
    headers = dict(header.split(": ", 1) for header in asked.headers)
    url = asked.url.replace("http://127.0.0.1:8000", address)
    body = asked.body.encode() if asked.body else None
    return httpx2.request("POST" if body else "GET", url, headers=headers, content=body, trust_env=False)


def _run(line: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = program(line, *more)
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)


def test_the_program_of_the_readme_prints_what_the_readme_says(tmp_path):
    ran = [_run(line, tmp_path) for line in commands("plain_sqlalchemy")]

    assert [each.returncode for each in ran] == [0, 0, 3, 0, 0, 0]
    assert "".join(each.stderr for each in ran) == ""
    assert "".join(each.stdout for each in ran) in README


def test_the_service_of_the_readme_answers_the_requests_of_the_readme(tmp_path):
    server, *requests = commands("fastapi_host")

    with serving(server, ("--port", "0"), tmp_path) as address:
        answers = [curl(line, address) for line in requests]

    assert [answer.status_code for answer in answers] == [200, 409, 200]
    assert answers[-1].json() == {"orders": [{"order_no": "RO-1", "state": "arrived"}], "next": None}
    assert journal(f"sqlite:///{tmp_path}/dms.db") == [*OPENED, REFUSED]


def test_the_project_of_the_readme_answers_the_requests_of_the_readme(tmp_path):
    migrate, server = commands("django_host")
    requests = commands("fastapi_host")[1:3]

    assert _run(migrate, tmp_path).returncode == 0
    with serving(server, ("127.0.0.1:0",), tmp_path) as address:
        answers = [curl(line, address) for line in requests]

    assert [answer.status_code for answer in answers] == [200, 409]
    assert journal(f"sqlite:///{tmp_path}/dms.db") == [*OPENED, REFUSED]


def test_the_examples_import_only_public_names():
    trees = [ast.parse(file.read_text("utf-8")) for file in EXAMPLES.rglob("*.py")]
    modules = {
        f"{node.module}.{name.name}" if node.module in {"engine", "adapters"} else str(node.module)
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    ours = {module for module in modules if module.split(".")[0] in {"engine", "adapters"}}

    assert ours <= {"adapters.bootstrap", "engine.events", *(f"engine.{name}" for name in engine.__all__)}


# --- plain SQLAlchemy --------------------------------------------------------------------------------------------

NO_KIT = ro.KitFitted(kit_pieces=frozenset())


@pytest.fixture
def reception(database: str) -> Iterator[Any]:
    """The desk of the program, without its command line."""
    program = run_path(str(EXAMPLES / "plain_sqlalchemy/reception.py"))
    with closing(program["Reception"](database)) as desk:
        yield desk


@EITHER
def test_the_program_keeps_a_refusal_with_its_notices(reception, database):
    reception.arrive("RO-1", "粤B12345")

    answer = reception.record("RO-1", NO_KIT)

    assert len(answer.clauses) == 3
    assert journal(database) == [*OPENED, REFUSED]
    assert reception.here() == [("RO-1", "粤B12345", "arrived", 3)]


@EITHER
def test_what_fails_in_the_programs_own_table_takes_the_order_with_it(reception, database):
    reception.arrive("RO-1", "粤B12345")

    with pytest.raises(IntegrityError):
        reception.arrive("RO-2", "粤B12345")

    assert journal(database) == OPENED
    assert reception.here() == [("RO-1", "粤B12345", "arrived", 0)]


@EITHER
def test_a_mistake_at_the_desk_leaves_nothing(reception, database):
    reception.arrive("RO-1", "粤B12345")

    with pytest.raises(CaseExists):
        reception.arrive("RO-1", "粤B99999")
    with pytest.raises(CaseNotFound):
        reception.record("RO-9", NO_KIT)

    assert journal(database) == OPENED
    assert reception.here() == [("RO-1", "粤B12345", "arrived", 0)]


def test_a_mistake_is_one_line_of_the_program(tmp_path):
    asked = [("arrive", "RO-1", "粤B12345"), ("arrive", "RO-2", "粤B12345"), ("kit", "RO-9")]

    _, *mistakes = [_run("python examples/plain_sqlalchemy/reception.py", tmp_path, *each) for each in asked]

    for mistake in mistakes:
        assert (mistake.returncode, mistake.stdout, mistake.stderr.count("\n")) == (1, "", 1)
        assert CHINESE.search(mistake.stderr)


# --- FastAPI and Django: one service twice -----------------------------------------------------------------------

Request = tuple[str, dict[str, Any], dict[str, str]]
Service = Callable[[list[Request]], list[tuple[int, Any]]]
"""Puts requests in their order; the status and the document of each answer."""


def arrive(order_no: str, plate: str, key: str) -> Request:
    return "/orders", {"order_no": order_no, "plate": plate}, {**ADVISOR, "Idempotency-Key": key}


def fact(key: str, order_no: str = "RO-1", name: str = "kit_fitted", facts: Any = None, **headers: str) -> Request:
    asked = {"name": name, "facts": facts or {}}
    return f"/orders/{order_no}/facts", asked, {**ADVISOR, "Idempotency-Key": key, **headers}


@contextmanager
def fastapi(url: str, patch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    patch.setenv("DMS_URL", url)
    patch.syspath_prepend(EXAMPLES / "fastapi_host")
    with TestClient(import_module("app").app, raise_server_exceptions=False) as client:
        yield client


DJANGO = """
import json, sys
import django

django.setup()
from django.core.management import call_command
from django.test import Client

call_command("migrate", verbosity=0)
client = Client(raise_request_exception=False)
for path, asked, headers in json.load(sys.stdin):
    answer = client.post(path, asked, content_type="application/json", headers=headers)
    print(json.dumps([answer.status_code, answer.json() if "json" in answer["Content-Type"] else None]))
"""


def django(url: str, requests: list[Request]) -> list[tuple[int, Any]]:
    """The project in a process of its own, on a database."""
    parsed = make_url(url)
    place = {"DMS_FILE": str(parsed.database)}
    if parsed.get_backend_name() == "postgresql":
        place = {"PGDATABASE": str(parsed.database), "PGHOST": str(parsed.query["host"]), "PGUSER": "postgres"}
    variables = environment(DJANGO_SETTINGS_MODULE="dms.settings", **place)
    variables["PYTHONPATH"] += os.pathsep + str(EXAMPLES / "django_host")
    ran = subprocess.run(
        [sys.executable, "-c", DJANGO],
        input=json.dumps(requests),
        env=variables,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answers = (json.loads(line) for line in ran.stdout.splitlines() if line.startswith("["))
    return [(status, document) for status, document in answers]


EVERYWHERE = pytest.mark.parametrize(
    ("service", "database"),
    [(name, kind) for name in ("fastapi_host", "django_host") for kind in ("sqlite", "postgresql-18")],
    indirect=True,
)
ON_SQLITE = pytest.mark.parametrize(
    ("service", "database"), [("fastapi_host", "sqlite"), ("django_host", "sqlite")], indirect=True
)


@pytest.fixture
def service(request: pytest.FixtureRequest, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    if request.param == "django_host":
        yield lambda requests: django(database, requests)
        return
    with fastapi(database, monkeypatch) as client:

        def put(requests: list[Request]) -> list[tuple[int, Any]]:
            answers = [client.post(path, json=asked, headers=headers) for path, asked, headers in requests]
            return [(answer.status_code, answer.json()) for answer in answers]

        yield put


def notices(url: str) -> int:
    """How many there are on the manager's board."""
    with sqlalchemy_engine(url) as own, own.connect() as connection:
        table = "dms_notice" if own.dialect.has_table(connection, "dms_notice") else "notice"
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


@EVERYWHERE
def test_a_refusal_is_told_with_clauses_words_and_next_steps_and_kept_with_its_notice(service, database):
    _, (status, document) = service([arrive("RO-1", "粤B12345", "k-1"), fact("k-2")])

    assert (status, document["state"]) == (409, "arrived")
    clauses = [violation["clause"] for violation in document["violations"]]
    assert clauses == ["arrive.purpose-recorded", "protect.kit-before-entry", "protect.kit-four-piece"]
    for violation in document["violations"]:
        for words in (violation["reason"], violation["next_step"]):
            assert CHINESE.search(words["zh"])
            assert words["en"].isascii()
    assert journal(database) == [*OPENED, REFUSED]
    assert notices(database) == 1


@EVERYWHERE
def test_what_fails_in_the_hosts_own_table_takes_the_order_with_it(service, database):
    answers = service([arrive("RO-1", "粤B12345", "k-1"), arrive("RO-2", "粤B12345", "k-2"), fact("k-3", "RO-2")])

    assert [status for status, _ in answers] == [200, 409, 404]
    assert journal(database) == OPENED


@ON_SQLITE
def test_a_retry_is_answered_as_before_and_writes_nothing_twice(service, database):
    first, again, refused, refused_again = service(
        [arrive("RO-1", "粤B12345", "k-1")] * 2 + [fact("k-2")] * 2,
    )

    assert first == again == (200, {"state": "arrived", "version": 2})
    assert refused == refused_again
    assert journal(database) == [*OPENED, REFUSED]
    assert notices(database) == 1


@ON_SQLITE
def test_a_mistake_is_the_clients_and_leaves_nothing(service, database):
    (status, _), *mistakes = service(
        [
            arrive("RO-1", "粤B12345", "k-1"),
            arrive("RO-1", "粤B12345", "k-2"),
            fact("k-3", "RO-9"),
            fact("k-4", name="kit"),
            fact("k-5", facts={"kit_pieces": 4}),
            fact("k-6", facts={"colour": "blue"}),
            fact("k-7", Actor="nobody"),
            fact("not an id"),
            fact("k-1"),
        ]
    )

    assert status == 200
    assert [status for status, _ in mistakes] == [409, 404, 422, 422, 422, 422, 422, 422]
    for _, document in mistakes:
        assert CHINESE.search(document["zh"])
        assert document["en"]
    assert journal(database) == OPENED
    assert notices(database) == 0


@EITHER
def test_a_fact_put_on_an_old_version_is_told_so(database, monkeypatch):
    with fastapi(database, monkeypatch) as client:
        for path, asked, headers in (arrive("RO-1", "粤B12345", "k-1"), fact("k-2", **{"If-Match": "1"})):
            answer = client.post(path, json=asked, headers=headers)

    assert (answer.status_code, answer.json()["title"]) == (412, "StaleVersion")
    assert journal(database) == OPENED


@EITHER
def test_many_requests_at_once_are_all_answered_and_all_kept(database, monkeypatch):
    with fastapi(database, monkeypatch) as client:

        def put(request: Request) -> int:
            path, asked, headers = request
            return int(client.post(path, json=asked, headers=headers).status_code)

        with ThreadPoolExecutor(8) as pool:
            arrived = list(pool.map(put, [arrive(f"RO-{n}", f"粤B{n:05}", f"in-{n}") for n in range(8)]))
            ticks = list(pool.map(put, [fact(f"t-{n}", "RO-1", "wait_tick") for n in range(8)]))

    assert (arrived, ticks) == ([200] * 8, [200] * 8)
    assert len(journal(database)) == 8 * 2 + 8


def test_a_page_of_orders_names_the_next_one(sqlite, monkeypatch):
    with fastapi(sqlite, monkeypatch) as client:
        for n in range(51):
            path, asked, headers = arrive(f"RO-{n:02}", f"粤B{n:05}", f"in-{n}")
            client.post(path, json=asked, headers=headers)

        first = client.get("/orders").json()
        last = client.get("/orders", params={"after": first["next"]}).json()

    assert (len(first["orders"]), [order["order_no"] for order in last["orders"]]) == (50, ["RO-50"])
    assert last["next"] is None
