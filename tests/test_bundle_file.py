"""Bundles on a disk: folder and zip hold the same bytes, whole or not at all, and verify themselves anywhere."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

import pytest

from adapters.inbound.bundle_file import carried, write_folder, write_zip
from engine import Engine, Member
from tests.exports import exported, filled, judged, policy, read
from tests.support import Clock, engine_on

WRITERS = pytest.mark.parametrize("write", [write_folder, write_zip], ids=["folder", "zip"])
SECONDS = 60


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Engine]:
    (tmp_path / "db").mkdir()
    clock = Clock()
    engine = engine_on(tmp_path / "db", clock)
    with closing(engine.store):
        yield filled(engine, clock)


def some() -> list[Member]:
    return [
        Member("a", [b"one", b"two"]),
        Member("entries/000000.jsonl", [b""]),
        Member("tile/0/x001/000", [b"\x00" * 9]),
    ]


def in_folder(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def in_zip(path: Path) -> dict[str, bytes]:
    with ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_folder_and_a_zip_hold_the_same_members_and_both_are_proven(log, tmp_path):
    members = [Member(name, [data]) for name, data in read(exported(log, files=carried())).items()]
    folder, archive = tmp_path / "b", tmp_path / "b.zip"

    by_folder, by_zip = write_folder(members, folder), write_zip(members, archive)

    assert by_folder == by_zip == (len(members), sum(len(data) for one in members for data in one.chunks))
    assert in_folder(folder) == in_zip(archive) == {one.name: b"".join(one.chunks) for one in members}
    assert judged(folder).findings == judged(archive).findings == []


def test_the_same_members_make_the_same_zip(tmp_path):
    write_zip(some(), tmp_path / "one.zip")
    write_zip(some(), tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


@WRITERS
def test_an_export_goes_to_the_disk_as_it_is_read(log, tmp_path, write):
    target = tmp_path / "bundle"
    write(exported(log, files=carried(), shop="S1"), target)
    assert judged(target).findings == []
    assert sorted(tmp_path.glob(".*")) == []


@WRITERS
def test_what_stands_under_the_name_is_never_written_over(tmp_path, write):
    file, folder, link = tmp_path / "file", tmp_path / "folder", tmp_path / "link"
    file.write_text("mine")
    folder.mkdir()
    link.symlink_to(tmp_path / "nowhere")

    for target in (file, folder, link):
        with pytest.raises(FileExistsError) as caught:
            write(some(), target)
        assert caught.value.filename == str(target)

    assert file.read_text() == "mine"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "folder", "link"]


@WRITERS
def test_a_place_that_cannot_be_written_to_is_named(tmp_path, write):
    target = tmp_path / "no such folder" / "bundle"
    with pytest.raises(FileNotFoundError) as caught:
        write(some(), target)
    assert caught.value.filename == str(target)


@WRITERS
def test_what_goes_wrong_in_the_middle_leaves_nothing(tmp_path, write):
    def members() -> Iterator[Member]:
        yield from some()
        raise ConnectionError

    with pytest.raises(ConnectionError):
        write(members(), tmp_path / "bundle")
    assert sorted(tmp_path.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from adapters.inbound.bundle_file import write_folder, write_zip
from engine import Member

def chunks():
    yield b"x" * 1_000_000
    os.kill(os.getpid(), signal.SIGKILL)

write = {"folder": write_folder, "zip": write_zip}[sys.argv[1]]
write([Member("a", [b"a"]), Member("b", chunks())], Path(sys.argv[2]))
"""


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_process_killed_in_the_middle_leaves_nothing_under_the_name(tmp_path, kind):
    target = tmp_path / "bundle"
    ended = subprocess.run([sys.executable, "-c", KILLED, kind, target], timeout=SECONDS, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not os.path.lexists(target)


def python_of(version: str) -> str:
    """A Python of this version that is here; the test is skipped without one."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{version}.*/bin/python")
    for python in filter(None, [shutil.which(f"python{version}"), *map(str, kept)]):
        if subprocess.run([python, "-c", ""], capture_output=True, timeout=SECONDS, check=False).returncode == 0:
            return python
    pytest.skip(f"no Python {version} here")


@pytest.mark.parametrize("version", ["this one", "3.9", "3.10", "3.12", "3.13", "3.14"])
def test_a_bundle_verifies_itself_with_nothing_but_a_python(log, tmp_path, version):
    python = sys.executable if version == "this one" else python_of(version)
    folder, trusted = tmp_path / "bundle", tmp_path / "policy"
    write_folder(exported(log, files=carried()), folder)
    trusted.write_bytes(policy())

    def run(*arguments: object) -> subprocess.CompletedProcess[bytes]:
        command = [python, "-I", "-B", folder / "verify.py", *arguments]
        return subprocess.run(command, cwd="/", env={}, capture_output=True, timeout=SECONDS, check=False)

    unanchored, anchored, told = run(), run("--policy", trusted), run("--policy", trusted, "--json")
    assert (unanchored.returncode, unanchored.stderr) == (3, b"")
    assert "--policy" in unanchored.stdout.decode()
    assert (anchored.returncode, anchored.stderr) == (0, b"")
    assert json.loads(told.stdout)["status"] == "OK"
    (folder / "heads.jsonl").write_bytes(b"")
    assert run("--policy", trusted).returncode == 3


def test_how_to_verify_is_told_in_both_languages():
    told = carried()["VERIFY.md"].decode()
    for words in ("python3 verify.py", "--policy", "Python 3.9", "## 中文", "## English"):
        assert words in told
