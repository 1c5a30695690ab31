"""`gongdan audit`: two verdicts, one exit code, the same words for a bundle as for a journal."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.bundles import LOG_KEY, policy, write_folder, write_zip
from tests.support import gongdan
from tests.test_bundle_audit import closed, forged, into_acceptance, journal, log_of


@pytest.fixture
def trust(tmp_path):
    (tmp_path / "trust").write_bytes(policy(LOG_KEY))
    return tmp_path / "trust"


@pytest.fixture
def bundle(tmp_path):
    return write_folder(closed(log_of(journal())).bundle(), tmp_path / "bundle")


@pytest.fixture
def forgery(tmp_path):
    log, index = forged(into_acceptance)
    return write_zip(log.bundle(), tmp_path / "forged.zip"), index


def test_a_bundle_that_is_proven_and_conforms_exits_0(bundle, trust):
    result = gongdan("audit", bundle, "--policy", trust)

    assert (result.exit_code, result.stderr) == (0, "")
    assert "完整性 integrity  OK" in result.stdout
    assert "合规性 compliance  CONFORMS" in result.stdout
    assert "检查点 checkpoint  4s.example/jn-01" in result.stdout
    assert "anchor" not in result.stdout


def test_the_same_command_may_be_spelled_out(bundle, trust):
    assert gongdan("audit", "run", bundle, "--policy", trust).exit_code == 0
    assert gongdan("audit", "--policy", trust, bundle).exit_code == 0


def test_without_a_policy_a_bundle_is_no_pass_and_is_told_how_to_become_one(bundle):
    result = gongdan("audit", bundle)

    assert result.exit_code == 3
    assert "UNVERIFIABLE" in result.stdout
    assert "--policy" in result.stdout


def test_a_finding_in_a_bundle_says_where_it_is_for_people_and_for_programs(forgery, trust):
    file, index = forgery

    shown = gongdan("audit", file, "--policy", trust, "--jobs", "2")
    document = json.loads(gongdan("audit", file, "--policy", trust, "--json").stdout)

    assert shown.exit_code == 3
    assert "合规性 compliance  VIOLATION" in shown.stdout
    assert f"replay.answer  S1/RO-4#3  @{index}  entries/000000.jsonl:{index + 1}" in shown.stdout
    assert "条款 clauses：arrive.purpose-recorded" in shown.stdout
    first = document["findings"][0]
    assert (first["verdict"], first["index"], first["clauses"]) == ("VIOLATION", index, ["arrive.purpose-recorded"])
    assert document["integrity"]["verdict"] == "OK"
    assert document["anchored"]
    assert document["not_anchored"] is None
    assert sum(document["counts"].values()) == len(document["findings"])


def test_a_great_many_findings_are_counted_and_the_first_are_shown(bundle, trust, tmp_path):
    entries = bundle / "entries" / "000000.jsonl"
    entries.write_bytes(b"nonsense\n" * 200)

    result = gongdan("audit", bundle, "--policy", trust)

    assert result.exit_code == 3
    assert "more: --json" in result.stdout
    assert len(result.stdout.splitlines()) < 400


@pytest.mark.parametrize("option", ["--policy", "--seen", "--state"])
def test_what_only_a_bundle_takes_is_a_usage_error_elsewhere(tmp_path, trust, option):
    (tmp_path / "j.jsonl").write_bytes(b"")

    result = gongdan("audit", tmp_path / "j.jsonl", option, trust)

    assert result.exit_code == 2
    assert "只用于证据包" in result.stderr


@pytest.mark.parametrize("name", ["empty", "out.zip", "trust"])
def test_what_cannot_be_audited_exits_1_with_one_line_in_both_languages(tmp_path, bundle, name):
    (tmp_path / "empty").mkdir()
    write_zip({"../out": b"x"}, tmp_path / "out.zip")
    (tmp_path / "trust").write_bytes(b"nonsense\n")
    target = ["audit", bundle, "--policy", tmp_path / name] if name == "trust" else ["audit", tmp_path / name]

    result = gongdan(*target)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("无法审计")
    assert "cannot be audited" in result.stderr
    assert json.loads(gongdan(*target, "--json").stdout)["error"]["type"] == "NotAudited"


def test_the_help_of_the_group_names_its_commands():
    shown = gongdan("audit", "--help")

    assert shown.exit_code == 0
    assert "run" in shown.stdout


# --- real processes ----------------------------------------------------------------------------------------------


def process(*arguments: object, temporary: Path, stderr: int) -> subprocess.Popen[bytes]:
    temporary.mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(temporary), "COLUMNS": "100", "TERM": "xterm"}
    command = [sys.executable, "-m", "adapters.inbound.cli", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, env=environment, start_new_session=True)


def test_on_a_terminal_the_progress_is_shown_and_nothing_is_left_behind(trust, tmp_path):
    bundle = write_folder(closed(log_of(journal(40))).bundle(), tmp_path / "many")
    ours, theirs = pty.openpty()
    audit = process("audit", bundle, "--policy", trust, "--jobs", 2, temporary=tmp_path / "temporary", stderr=theirs)
    os.close(theirs)

    shown = b""
    with os.fdopen(ours, "rb", 0) as terminal, suppress(OSError):  # that is how a terminal ends
        while some := terminal.read(1 << 16):
            shown += some
    out, _ = audit.communicate(timeout=120)

    assert audit.returncode == 0
    assert "OK" in out.decode()
    assert "重放工单" in shown.decode()
    assert [*(tmp_path / "temporary").iterdir()] == []


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_an_interrupt_ends_every_process_and_leaves_nothing_behind(trust, tmp_path):
    bundle = write_folder(closed(log_of(journal(120))).bundle(), tmp_path / "many")
    temporary = tmp_path / "temporary"
    audit = process("audit", bundle, "--policy", trust, "--jobs", 3, temporary=temporary, stderr=subprocess.PIPE)
    while not children(audit.pid):  # until others replay with it
        assert audit.poll() is None

    os.killpg(audit.pid, signal.SIGINT)
    _, errors = audit.communicate(timeout=120)

    assert audit.returncode == 130
    assert b"Traceback" not in errors
    assert [*temporary.iterdir()] == []
