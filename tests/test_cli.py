"""The door of the command line: every end is an exit code and, at most, one line or one document."""

from __future__ import annotations

import io
import json
import sys

import pytest
import structlog
import typer
from typer.testing import CliRunner

from adapters.inbound.cli.app import _utf8
from adapters.inbound.cli.door import Door
from adapters.inbound.cli.screen import plain
from tests.support import gongdan, upgraded

COMMANDS = [
    ("demo",),
    ("play",),
    ("case", "open"),
    ("case", "apply"),
    ("case", "show"),
    ("case", "options"),
    ("case", "list"),
    ("sop", "list"),
    ("sop", "show"),
    ("sop", "graph"),
    ("journal", "export"),
    ("journal", "import"),
    ("db", "upgrade"),
    ("db", "check"),
    ("db", "sql"),
    ("db", "rebuild"),
    ("audit",),
]

WRONG = [
    ("nosuch",),
    ("case", "nosuch"),
    ("case", "list", "--nosuch"),
    ("case", "list", "--limit", "x"),
    ("case", "list", "--state", "nosuch"),
    ("case", "open", "RO-1"),
    ("case", "open", "RO-1", "--by", "sa-1"),
    ("case", "open", "RO-1", "--by", "张三:service_advisor"),
    ("case", "open", "RO-\udcff", "--by", "sa-1:service_advisor"),
    ("case", "apply", "RO-1", "paid", "--by", "a:b", "--at", "yesterday"),
    ("case", "apply", "RO-1", "paid", "--by", "a:b", "--at", "2026-11-23T09:00:00"),
    ("case", "apply", "RO-1", "paid", "--by", "a:b", "--late-reason", "停电"),
    ("case", "apply", "RO-1", "paid", "--by", "a:b", "--late-paper", "HW-7"),
    ("db", "upgrade", "--nosuch"),
    ("play",),
    ("audit",),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_in_both_languages(command):
    result = gongdan(*command, "--help")
    assert result.exit_code == 0
    assert " / " in result.stdout
    assert any("一" <= letter <= "鿿" for letter in result.stdout)


@pytest.mark.parametrize("arguments", [(), ("case",), ("sop",), ("journal",), ("db",)])
def test_without_a_command_the_help_is_shown_and_it_is_a_usage_error(arguments):
    result = gongdan(*arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("arguments", WRONG)
def test_a_usage_error_is_one_line_in_both_languages_and_exit_2(arguments):
    result = gongdan(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("用法有误")
    assert "/ Usage: " in result.stderr


@pytest.mark.parametrize("arguments", WRONG)
def test_with_json_a_usage_error_is_one_document(arguments):
    result = gongdan(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (2, "")
    error = json.loads(result.stdout)["error"]
    assert sorted(error) == ["en", "type", "zh"]
    assert error["type"] == "Usage"


def test_a_file_that_cannot_be_read_is_one_line_and_exit_1(tmp_path):
    for target, reason in [(tmp_path / "nosuch", "不存在"), (tmp_path, "清单")]:
        result = gongdan("audit", target)
        assert (result.exit_code, result.stdout) == (1, "")
        assert str(target) in result.stderr
        assert reason in result.stderr
        assert result.stderr.count("\n") == 1


def test_with_json_an_error_is_one_document_with_its_type_and_both_languages(tmp_path):
    result = gongdan("audit", tmp_path / "nosuch", "--json")
    assert (result.exit_code, result.stderr) == (1, "")
    assert json.loads(result.stdout)["error"]["type"] == "FileUnavailable"


def test_a_fault_of_our_own_is_one_line_that_says_where_and_repeats_no_value():
    app = typer.Typer(cls=Door)

    @app.command()
    def broken():
        raise RuntimeError("13800000000")

    @app.command()
    def whole():
        """A second command, or the first would be the program."""

    result = CliRunner().invoke(app, ["broken"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert f"RuntimeError at {__name__}:" in result.stderr
    assert "13800000000" not in result.stderr
    assert CliRunner().invoke(app, ["whole"]).exit_code == 0


def test_logs_are_quiet_while_a_command_runs_and_left_alone_afterwards(tmp_path):
    db = upgraded(tmp_path / "a.db")

    result = gongdan("case", "open", "RO-1", "--by", "sa-1:service_advisor", "--db", db, "--json")

    assert json.loads(result.stdout)["answer"] == "accepted"
    assert result.stderr == ""
    assert not structlog.is_configured()


def test_what_could_steer_a_terminal_is_not_printed():
    assert plain("RO\x1b[2J-1\r\n\u202e") == "RO\ufffd[2J-1\ufffd\ufffd\ufffd"
    assert plain("单号 RO-1，100 %") == "单号 RO-1，100 %"


def test_the_program_speaks_utf8_into_whatever_it_was_given():
    latin = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    assert _utf8(latin).encoding == "utf-8"
    text = io.StringIO()
    assert _utf8(text) is text
    with _utf8(None) as nothing:
        nothing.write("工单")
    assert sys.stdout is not nothing
