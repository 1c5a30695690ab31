"""verify.py as the command that an auditor runs, by itself, also by Python 3.9."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.proof import verify as v
from tests.bundles import WITNESSES, Log, policy, write_folder
from tests.naive import LOG_KEY
from tests.tampering import SMALL_TRUST, small_log

VERIFY = Path(v.__file__)
ENTRIES = "entries/000000.jsonl"


def _old_python() -> str | None:
    """A Python 3.9 that runs: the one named, the one on the path, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    named = [os.environ.get("GONGDAN_OLD_PYTHON"), shutil.which("python3.9")]
    for python in filter(None, [*named, *map(str, pyenv.glob("versions/3.9*/bin/python3.9"))]):
        if subprocess.run([python, "-V"], capture_output=True, check=False).stdout.startswith(b"Python 3.9"):
            return python
    return None


OLD_PYTHON = _old_python()


@pytest.fixture
def log() -> Log:
    return small_log()


@pytest.fixture
def trust() -> v.Trust:
    return SMALL_TRUST


def run(*arguments, python=sys.executable, **how):
    command = [python, str(VERIFY), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=120, check=False, **how)


@pytest.fixture
def bundle(tmp_path, log):
    (tmp_path / "policy").write_bytes(policy(LOG_KEY, witnesses=WITNESSES[:1], least=1))
    return write_folder(log.bundle(), tmp_path / "bundle")


def test_the_bundle_is_verified_by_its_own_verify_py_alone(tmp_path, bundle):
    command = [sys.executable, "-I", str(bundle / "verify.py"), "--policy", str(tmp_path / "policy"), "--json"]

    ran = subprocess.run(command, capture_output=True, timeout=120, check=False, cwd=tmp_path)

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["status"] == "OK"
    assert not list(bundle.glob("**/__pycache__"))


@pytest.mark.skipif(OLD_PYTHON is None, reason="no Python 3.9 here; name one with GONGDAN_OLD_PYTHON")
def test_python_3_9_gives_the_same_answers(tmp_path, bundle):
    broken = write_folder({ENTRIES: (bundle / ENTRIES).read_bytes().replace(b"sa-1", b"sa-2", 1)}, tmp_path / "broken")
    shutil.copytree(bundle, broken, ignore=lambda *_: ["000000.jsonl"], dirs_exist_ok=True)

    for folder in (bundle, broken):
        arguments = (
            folder,
            "--policy",
            tmp_path / "policy",
            "--seen",
            bundle / "checkpoint",
            "--seen",
            bundle,
            "--json",
        )
        new, old = run(*arguments), run(*arguments, python=OLD_PYTHON)
        assert (old.returncode, old.stdout, old.stderr) == (new.returncode, new.stdout, b"")


def test_exit_codes_and_both_languages(tmp_path, bundle, capfdbinary):
    trusted = ["--policy", str(tmp_path / "policy")]

    codes = [v.main([str(bundle), *trusted]), v.main([str(bundle)]), v.main([str(tmp_path / "none")])]

    said = capfdbinary.readouterr().out.decode()
    assert codes == [0, 3, 1]
    assert "结论 / verdict: OK" in said
    assert "anchor.missing" in said
    assert "无法审计：不是证据包" in said
    with pytest.raises(SystemExit) as usage:
        v.main(["--nonsense"])
    assert usage.value.code == 2


def test_a_refusal_as_json(tmp_path, capfdbinary):
    assert v.main([str(tmp_path / "none"), "--json"]) == 1

    assert json.loads(capfdbinary.readouterr().out)["reason"] == "not_a_bundle"


def test_findings_are_printed_with_their_places(tmp_path, bundle, capfdbinary):
    entries = bundle / ENTRIES
    entries.write_bytes(entries.read_bytes().replace(b"sa-1", b"sa-2", 1))

    code = v.main([str(bundle), "--policy", str(tmp_path / "policy")])

    said = capfdbinary.readouterr().out.decode()
    assert code == 3
    assert f"[TAMPERED] chain.broken  {ENTRIES}:3  index 2  S1/R1#2" in said
    assert "链条断开" in said


def test_policies_and_checkpoints_that_cannot_be_read_are_refused(tmp_path, bundle, capfdbinary):
    bad = tmp_path / "bad"
    bad.write_bytes(b"quorum\n")
    empty = tmp_path / "empty"
    empty.mkdir()

    for option in (
        ["--policy", bad],
        ["--policy", empty],
        ["--seen", bad],
        ["--seen", empty],
        ["--seen", tmp_path / "none"],
    ):
        assert v.main([str(bundle), *map(str, option)]) == 1
    assert "line 1" in capfdbinary.readouterr().out.decode()


def test_nothing_printed_moves_the_cursor(capfdbinary):
    result = v.Result()
    result.origin = "\x1b[2J"

    v._print(v.report(result))

    assert b"\x1b" not in capfdbinary.readouterr().out
