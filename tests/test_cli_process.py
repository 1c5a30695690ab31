"""The program as a process: both doors, its streams, its signals. No traceback, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import engine_on

ROOT = Path(__file__).resolve().parent.parent
MODULE = (sys.executable, "-m", "adapters.inbound.cli")
INTERRUPTIBLE = ("env", "--default-signal=INT")
"""As at a terminal: what a shell starts in the background inherits that it ignores interrupts."""
SCRIPT = (sys.executable, "-c", "from adapters.inbound.cli import main; main()")


def start(*arguments, door=MODULE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **environment):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "", **environment}
    command = [*INTERRUPTIBLE, *door, *map(str, arguments)]
    return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=env, text=False)


def run(*arguments, **options):
    with start(*arguments, **options) as process:
        out, err = process.communicate(timeout=60)
    assert b"Traceback" not in err
    return process.returncode, out or b"", err


@pytest.mark.parametrize("door", [MODULE, SCRIPT], ids=["module", "script"])
def test_both_doors_lead_to_the_same_program(door):
    code, out, err = run("nosuch", door=door)
    assert (code, out) == (2, b"")
    assert err.decode().startswith("用法有误，请看 gongdan --help")


@pytest.mark.parametrize(
    "locale",
    [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "latin-1"}],
    ids=["C", "latin-1"],
)
def test_it_speaks_utf8_under_any_locale(locale):
    code, out, err = run("sop", "show", "flow.role", **locale)
    assert (code, err) == (0, b"")
    assert "请由上述角色之一进行。" in out.decode()


def test_it_is_not_coloured_where_there_is_no_terminal():
    code, out, _ = run("sop", "show", "flow.role", TERM="xterm-256color")
    assert code == 0
    assert b"\x1b" not in out


UNFLUSHED = """
import sys, typer
from adapters.inbound.cli.door import Door
app = typer.Typer(cls=Door)
app.command("write")(lambda: sys.stdout.buffer.write(b"entry"))
app.command("other")(lambda: None)
app(["write"])
"""


@pytest.mark.parametrize(
    ("door", "arguments"),
    [(MODULE, ("sop", "list")), (MODULE, ("sop", "list", "--json")), ((sys.executable, "-c", UNFLUSHED), ())],
    ids=["words", "document", "at the last flush"],
)
def test_a_reader_that_has_gone_is_no_reason_to_complain(door, arguments):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stdout:
        code, _, err = run(*arguments, door=door, stdout=stdout)
    assert (code, err) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [("sop", "list"), ("sop", "list", "--json")])
def test_output_that_cannot_be_written_is_one_line_and_exit_1(arguments):
    with Path("/dev/full").open("wb") as full:
        code, _, err = run(*arguments, stdout=full)
    assert code == 1
    assert err.decode().startswith("文件不可用（stdout）：磁盘已满。")
    assert err.count(b"\n") == 1


def test_a_parent_that_closed_the_streams_is_served_in_silence():
    shell = ("sh", "-c", '"$0" -m adapters.inbound.cli "$@" >&- 2>&-', sys.executable)
    assert run("sop", "show", "flow.role", door=shell) == (0, b"", b"")


def test_an_interrupt_ends_it_with_130(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    put = ("case", "apply", "RO-1", "paid", "--by", "a:b", "--facts", f"@{pipe}")
    with start(*put) as process, pipe.open("wb"):  # which opens when the program reads from it
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == b""


def test_arguments_that_are_no_utf8_are_a_usage_error():
    code, _, err = run("case", "open", b"RO-\xff".decode("utf-8", "surrogateescape"), "--by", "a:b")
    assert code == 2
    assert "UTF-8" in err.decode()


def test_a_lone_surrogate_in_the_facts_is_an_error_that_can_be_printed(tmp_path):
    db = tmp_path / "shop.db"
    engine_on(tmp_path).store.close()
    put = ("case", "apply", "RO-1", "paid", "--by", "a:b", "--db", db, "--facts", '{"\\ud800": 1}')
    code, _, err = run(*put)
    assert code == 1
    assert err.count(b"\n") == 1
    code, out, err = run(*put, "--json")
    assert (code, err) == (1, b"")
    assert json.loads(out)["error"]["type"] == "BadCommand"
