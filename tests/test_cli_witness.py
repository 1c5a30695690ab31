"""`gongdan witness` and `gongdan checkpoint keygen`: in this process, and as processes that are stopped and killed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from contextlib import contextmanager

import pytest

from adapters import keys
from adapters.publish import publish, with_published
from adapters.witness.client import Unwitnessed, ask
from engine.proof.note import vkey
from engine.proof.verify import parse_note, parse_policy, parse_vkey
from tests.processes import KILLED, SECONDS
from tests.support import gongdan
from tests.test_cli_process import run, start
from tests.test_witness import LOG_KEY, ORIGIN, Log, show

PUBLIC = vkey(ORIGIN, LOG_KEY.public)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "witness"
    assert gongdan("witness", "init", folder, "--name", "oem.example/w1", "--log", PUBLIC).exit_code == 0
    return folder


@pytest.fixture
def published(tmp_path):
    return tmp_path / "published"


@pytest.fixture
def log():
    return Log().grow(600)


def document(*arguments, code=0):
    result = gongdan(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (code, "")
    return json.loads(result.stdout)


def said(*arguments, code=0):
    result = gongdan(*arguments)
    assert (result.exit_code, result.stderr) == (code, "")
    return result.stdout


# --- keys ------------------------------------------------------------------------------------------------------------


def test_a_log_gets_a_key_and_a_policy_line(tmp_path):
    made = document("checkpoint", "keygen", "--name", ORIGIN, "--out", tmp_path / "log.key")

    assert keys.load(tmp_path / "log.key").public == parse_vkey(made["vkey"]).public
    (key,) = parse_policy(f"{made['policy']}\nquorum none\n".encode()).logs
    assert (key.name, key.type) == (ORIGIN, 1)


def test_a_key_is_said_on_whole_lines_however_narrow_the_screen(tmp_path):
    words = said("checkpoint", "keygen", "--name", "x" * 120, "--out", tmp_path / "log.key")

    public, policy = words.splitlines()
    assert policy.endswith(f"log {public.split()[-1]}")
    assert parse_vkey(public.split()[-1]).name == "x" * 120


def test_a_key_is_not_written_over_another(tmp_path):
    (tmp_path / "log.key").write_text("precious")

    result = gongdan("checkpoint", "keygen", "--name", ORIGIN, "--out", tmp_path / "log.key")

    assert result.exit_code == 1
    assert "不会被覆盖" in result.stderr or "never written over" in result.stderr
    assert (tmp_path / "log.key").read_text() == "precious"


# --- a witness -------------------------------------------------------------------------------------------------------


def test_a_witness_is_made_and_shown(tmp_path):
    made = document("witness", "init", tmp_path / "w", "--name", "w1", "--log", PUBLIC)
    shown = document("witness", "show", tmp_path / "w")

    assert made["logs"] == [ORIGIN]
    assert parse_policy(f"{made['policy']}\nquorum w1\n".encode()).witnesses["w1"] == parse_vkey(made["vkey"])
    assert shown["vkey"] == made["vkey"]
    assert [(one["origin"], one["size"], one["refused"]) for one in shown["logs"]] == [(ORIGIN, 0, 0)]


def test_making_one_says_its_key_and_the_policy_line_on_whole_lines(tmp_path):
    words = said("witness", "init", tmp_path / "w", "--name", "w1", "--log", PUBLIC)

    public, policy = words.splitlines()
    assert policy.endswith(f"witness w1 {public.split()[-1]}")
    assert public.split()[-1] in said("witness", "show", tmp_path / "w")


def test_once_cosigns_what_is_published(folder, published, log):
    publish(published, log.note(), log.read)

    (reply,) = document("witness", "once", folder, "--from", published)["replies"]

    assert (reply["cosigned"], reply["origin"], reply["size"]) == (True, ORIGIN, 600)
    public = document("witness", "show", folder)["vkey"]
    assert with_published(published, log.note(), [parse_vkey(public)]) != log.note()
    assert "已会签 cosigned  4s.example/jn-01 600" in said("witness", "once", folder, "--from", published)


def test_once_says_why_it_refuses_in_both_languages_and_where(folder, published, log):
    publish(published, log.note(), log.read)
    said("witness", "once", folder, "--from", published)
    show(log.rewritten(411), published)

    result = gongdan("witness", "once", folder, "--from", published)
    (reply,) = json.loads(gongdan("witness", "once", folder, "--from", published, "--json").stdout)["replies"]

    assert result.exit_code == 3
    assert "已见证的条目被改写" in result.stdout
    assert "from entry 411 on" in " ".join(result.stdout.split())
    assert (reply["cosigned"], reply["objection"], reply["first"]) == (False, "rewritten", 411)
    assert reply["why"]["en"] == "entries witnessed before were rewritten"
    (shown,) = document("witness", "show", folder)["logs"]
    assert (shown["size"], shown["refused"]) == (600, 1)
    assert re.search(rf"{ORIGIN}\s+600\s", said("witness", "show", folder))


def test_a_folder_where_nothing_is_published_is_named(folder, published):
    result = gongdan("witness", "once", folder, "--from", published)

    assert result.exit_code == 3
    assert str(published) in result.stdout.replace("\n", "")
    assert "不是检查点" in result.stdout
    (reply,) = document("witness", "once", folder, "--from", published, code=3)["replies"]
    assert (reply["from"], reply["cosigned"], reply["objection"]) == (str(published), False, "malformed")


@pytest.mark.parametrize("command", [("once", "--from", "p"), ("show",)])
def test_without_a_witness_it_says_so(tmp_path, command):
    name, *rest = command

    result = gongdan("witness", name, tmp_path / "none", *rest)

    assert result.exit_code == 1
    assert "key" in result.stderr


# --- as processes ----------------------------------------------------------------------------------------------------


@contextmanager
def serving(folder):
    """A witness that serves, and its address."""
    with start("witness", "serve", folder, "--port", 0) as process:
        try:
            line = process.stdout.readline().decode()
            yield process, re.search(r"http://[0-9.:]+", line)[0]
        finally:
            process.kill()


def test_it_serves_until_told_to_stop(folder, log):
    with serving(folder) as (process, url):
        line = ask(url, log.note(), 600, log.proof)
        process.send_signal(signal.SIGTERM)
        code = process.wait(SECONDS)

    assert (code, process.stderr.closed) == (0, True)
    assert len(parse_note(log.note() + line).signatures) == 2


def test_killed_and_started_again_it_knows_what_it_has_cosigned(folder, log):
    with serving(folder) as (process, url):
        ask(url, log.note(), 600, log.proof)
        process.kill()
        assert process.wait(SECONDS) == KILLED

    fork = log.rewritten(411)
    with serving(folder) as (_, url):
        with pytest.raises(Unwitnessed, match="another version"):
            ask(url, fork.note(), 600, fork.proof)
        assert ask(url, log.grow(5).note(), 605, log.proof, old=600)


def test_one_process_at_a_time_works_in_a_folder(folder, published):
    with serving(folder):
        code, _, err = run("witness", "once", folder, "--from", published)

    assert code == 1
    assert "no other witness process" in err.decode()


def test_it_watches_until_told_to_stop(folder, published, log):
    publish(published, log.note(), log.read)

    with start("witness", "watch", folder, "--from", published, "--interval", 0.05) as process:
        first = process.stdout.readline().decode()
        show(log.rewritten(2), published)
        second = process.stdout.readline().decode()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=SECONDS)

    assert "cosigned" in first
    assert process.returncode == 3
    assert b"Traceback" not in err
    assert "refused" in second


def test_watching_ends_in_one_document(folder, published, log, tmp_path):
    publish(published, log.note(), log.read)

    with start("witness", "watch", folder, "--from", published, "--interval", 0.05, "--json") as process:
        for _ in range(20 * SECONDS):
            if [*published.glob("cosignatures/[!.]*")]:
                break
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.05)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=SECONDS)

    assert (process.returncode, json.loads(out)) == (0, {"cosigned": 1, "refused": 0})
