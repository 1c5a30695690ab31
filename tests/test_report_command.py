"""`gongdan audit report`: a page on disk, the verdicts on the terminal, and an exit code."""

from __future__ import annotations

import json
import sys

import pytest
import typer
from typer.testing import CliRunner

from adapters.inbound.cli import report as command
from adapters.inbound.cli.door import Door
from adapters.inbound.journal_file import write_journal
from tests.reported import Page, forged
from tests.support import engine_on, protect

app = typer.Typer(cls=Door, pretty_exceptions_enable=False)
app.command("report")(command.report)
app.callback()(lambda: None)


def gongdan_report(*arguments):
    return CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1"}).invoke(app, ["report", *map(str, arguments)])


@pytest.fixture
def journal(tmp_path):
    """A forged journal in a file, with one entry that cannot be read, and one whose case is not known."""
    write_journal([*forged(), ("entry", b"{}", "0" * 64)], tmp_path / "j.jsonl")
    return tmp_path / "j.jsonl"


def test_the_command_writes_the_page_of_a_journal_and_says_the_verdicts(journal, tmp_path):
    result = gongdan_report(journal, "--out", tmp_path / "r.html")

    assert result.exit_code == 3
    assert result.stdout.split()[-2:] == ["TAMPERED", "VIOLATION"]
    assert "settle.variance-10pct" in Page((tmp_path / "r.html").read_text("utf-8")).text


def test_the_command_gives_one_json_document(journal, tmp_path):
    result = gongdan_report(journal, "--out", tmp_path / "r.html", "--json")

    told = {"file": str(tmp_path / "r.html"), "integrity": "TAMPERED", "compliance": "VIOLATION"}
    assert json.loads(result.stdout) == told


@pytest.mark.parametrize("target", ["shop.db", "sqlite:///shop.db"])
def test_the_command_reports_on_a_database(tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    engine = engine_on(tmp_path)
    protect(engine.shop("S1", profile="dpca"), "RO-1")
    engine.store.close()

    result = gongdan_report(target, "--out", "r.html")

    assert result.stdout.split()[-2:] == ["UNVERIFIABLE", "CONFORMS"]
    assert "dpca 2026.1" in (tmp_path / "r.html").read_text("utf-8")


def test_a_case_that_has_a_row_only_is_among_the_worst(tmp_path):
    engine = engine_on(tmp_path)
    protect(engine.shop("S1"), "RO-1")
    with engine.store.write() as transaction:
        row = transaction.case("S1", "RO-1")
        transaction.insert_case(row._replace(id="RO-9"))
    engine.store.close()

    gongdan_report(tmp_path / "shop.db", "--out", tmp_path / "r.html")

    assert "S1/RO-9" in Page((tmp_path / "r.html").read_text("utf-8")).text


def test_without_its_packages_the_command_says_which_to_install(journal, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "adapters.report", None)

    result = gongdan_report(journal, "--out", tmp_path / "r.html")

    assert result.exit_code == 1
    assert "gongdan[report]" in result.stderr


@pytest.mark.parametrize("out", ["/dev/full", "/"])
def test_a_page_that_cannot_be_written_is_said(journal, out):
    result = gongdan_report(journal, "--out", out)

    assert result.exit_code == 1
    assert out in result.stderr
