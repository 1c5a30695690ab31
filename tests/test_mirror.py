"""The mirror: whole lines, on the disk, file after file; kills at any byte, many writers, and what its audit finds."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import contextmanager
from itertools import groupby, pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

import pytest
from pydantic import ValidationError

from adapters.outbound.mirror import Mirror, bodies, files, header, sha256
from adapters.outbound.mirror_audit import Verified, verify
from adapters.testing import AdapterContract, Arrived, largest, story
from engine import BadSettings, Entry, Undelivered, standard_catalogue
from tests.conftest import KILLS
from tests.processes import KILLED, ended, in_a_process, started

SMALL = 1800
"""A size at which files have two or three entries."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mirror"
    made.mkdir()
    return made


def write(folder: Path, entries: tuple[Entry, ...], **settings: object) -> Mirror:
    mirror = Mirror("mirror", folder=folder, **settings)
    for entry in entries:
        mirror.deliver(entry)
    return mirror


def told(found: Verified) -> list[tuple[str, int]]:
    """Where the faults are."""
    return [(fault.file, fault.line) for fault in found.faults]


@contextmanager
def unmounted(folder: Path):
    """The folder is gone for a while."""
    away = folder.rename(folder.with_name("away"))
    yield
    away.rename(folder)


class TestMirror(AdapterContract):
    """The contract of every adapter."""

    carries_type = False

    @pytest.fixture
    def adapter(self, folder: Path) -> Mirror:
        return Mirror("mirror", folder=folder, rotate_at=SMALL)

    @pytest.fixture
    def received(self, folder: Path):
        return lambda: [Arrived(seal(body), body) for body in bodies(folder)]

    @pytest.fixture
    def down(self, folder: Path):
        return lambda: unmounted(folder)


def seal(body: bytes) -> str:
    return hashlib.sha256(b"\x00" + body).hexdigest()


def forged(entry: Entry) -> Entry:
    """The same entry by somebody else, sealed anew."""
    return Entry.read(entry.body.replace(b"sa-1", b"sa-9"), standard_catalogue().events)


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_a_header_and_the_sealed_bytes_of_an_entry_on_each_line(folder):
    entries = story()[:2]

    write(folder, entries)

    head = b'{"mirror":1,"number":1,"previous":"' + b"0" * 64 + b'"}'
    assert (folder / "000001.jsonl").read_bytes().split(b"\n") == [head, entries[0].body, entries[1].body, b""]
    assert {path.name for path in folder.iterdir()} == {"000001.jsonl", "lock"}


def test_a_file_that_is_full_is_followed_by_one_that_vouches_for_it(folder):
    write(folder, story(), rotate_at=SMALL)

    found = files(folder)
    assert [file.name for file in found] == [f"{number:06}.jsonl" for number in range(1, len(found) + 1)]
    assert len(found) > 3
    assert all(file.stat().st_size <= SMALL for file in found)
    for before, after in pairwise(found):
        assert sha256(before).encode() in after.read_bytes().split(b"\n")[0]
    assert verify(folder) == Verified(files=len(found), entries=12)


def test_an_entry_larger_than_a_file_has_one_of_its_own(folder):
    write(folder, (story()[0], largest(), story()[3]), rotate_at=1)

    assert len(files(folder)) == 3
    assert verify(folder).entries == 3


def test_a_file_takes_exactly_as_many_bytes_as_it_may(folder, tmp_path):
    entries = story()[:2]
    write(folder, entries)
    size = files(folder)[0].stat().st_size
    fits, short = tmp_path / "fits", tmp_path / "short"
    for one in (fits, short):
        one.mkdir()

    write(fits, entries, rotate_at=size)
    write(short, entries, rotate_at=size - 1)

    assert (len(files(fits)), len(files(short))) == (1, 2)


def test_the_millionth_file_comes_after_the_one_before_it(folder):
    for number in (999_999, 1_000_000):
        (folder / f"{number}.jsonl").write_bytes(b"x\n")

    write(folder, story()[:1], rotate_at=1)

    assert [file.name for file in files(folder)] == ["999999.jsonl", "1000000.jsonl", "1000001.jsonl"]


def test_what_was_delivered_is_on_the_disk_and_so_is_the_name_of_its_file(folder, tmp_path):
    strace = [one for one in os.environ.get("PATH", "").split(":") if (Path(one) / "strace").exists()]
    if not strace:
        pytest.skip("no strace on this machine")
    log = tmp_path / "calls"
    code = (
        "from adapters.testing import story; from tests.test_mirror import write; from pathlib import Path; "
        f"write(Path({str(folder)!r}), story()[:1])"
    )

    os.spawnlp(
        os.P_WAIT,
        "strace",
        "strace",
        "-f",
        "--seccomp-bpf",
        "-y",
        "-e",
        "fsync",
        "-o",
        str(log),
        sys.executable,
        "-c",
        code,
    )

    synced = [line for line in log.read_text().splitlines() if "fsync(" in line and line.endswith("= 0")]
    assert any("000001.jsonl" in line for line in synced)
    assert any(f"{folder}>" in line for line in synced)


# --- crashes ---------------------------------------------------------------------------------------------------------


def test_a_torn_line_stays_and_the_next_file_vouches_for_it(folder):
    first, second, *_ = story()
    write(folder, (first, second))
    os.truncate(folder / "000001.jsonl", (folder / "000001.jsonl").stat().st_size - 7)
    torn = (folder / "000001.jsonl").read_bytes()

    write(folder, (second,))

    assert (folder / "000001.jsonl").read_bytes() == torn
    assert [*bodies(folder)] == [first.body, second.body]
    assert verify(folder) == Verified(files=2, entries=2, torn=1)


def test_a_file_that_a_crash_left_empty_is_begun(folder):
    (folder / "000001.jsonl").touch()

    write(folder, story()[:1])

    assert verify(folder) == Verified(files=1, entries=1)


def deliver_short_of_bytes(folder: Path, done: int, size: int, wire: Connection) -> None:
    """Deliver the rest of the story in a process that the system kills where a file would pass a size."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    mirror = Mirror("mirror", folder=folder, rotate_at=SMALL)
    for entry in story()[done:]:
        mirror.deliver(entry)
        wire.send(entry.seal)


def goes_on_after_a_kill_at(folder: Path, size: int) -> None:
    exit_code, _ = in_a_process(deliver_short_of_bytes, folder, 0, size)
    assert exit_code == -signal.SIGXFSZ
    whole = [*bodies(folder)]
    left = {file: file.read_bytes() for file in files(folder)}

    write(folder, story()[len(whole) :], rotate_at=SMALL)

    assert [*bodies(folder)] == [entry.body for entry in story()]
    assert all(file.read_bytes().startswith(left[file]) for file in left), "what was there was changed"
    assert verify(folder).clean


@pytest.mark.parametrize("size", [0, 1, 60, 101, 102, 103, 110, 500, 1000, 1500])
def test_a_kill_at_any_byte_leaves_a_mirror_that_can_be_gone_on_with(folder, size):
    goes_on_after_a_kill_at(folder, size)


@pytest.mark.soak
def test_a_kill_at_every_few_bytes_leaves_a_mirror_that_can_be_gone_on_with(tmp_path, record_property):
    sizes = range(0, 1500, 29)
    for size in sizes:
        (tmp_path / str(size)).mkdir()
        goes_on_after_a_kill_at(tmp_path / str(size), size)

    record_property(KILLS, len(sizes))


def deliver_again_and_again(folder: Path, wire: Connection) -> None:
    """Deliver the story from its first entry on, for ever; tell what was delivered."""
    mirror = Mirror("mirror", folder=folder, rotate_at=SMALL * 10)
    while True:
        for entry in story():
            mirror.deliver(entry)
            wire.send(entry.seal)


def kill(folder: Path, after: int) -> list[str]:
    """Kill a process after so many deliveries; the seals of all that it was told are delivered."""
    process, wire = started(deliver_again_and_again, folder)
    told = [wire.recv() for _ in range(after)]
    process.kill()
    process.join()
    while wire.poll():
        try:
            told.append(wire.recv())
        except (EOFError, OSError):
            break
    wire.close()
    assert process.exitcode == KILLED
    return told


def kills_survived(folder: Path, kills: int) -> int:
    chance = random.Random(kills)
    delivered: list[str] = []
    for _ in range(kills):
        delivered += kill(folder, chance.randrange(1, 20))
        found = verify(folder)
        assert found.clean
        kept = iter([seal(body) for body in bodies(folder)])
        assert all(one in kept for one in delivered), "lost, or out of order"
    return kills


def test_nothing_delivered_is_lost_to_a_kill(folder):
    assert kills_survived(folder, 5) == 5


@pytest.mark.soak
def test_nothing_delivered_is_lost_to_many_kills(folder, record_property):
    record_property(KILLS, kills_survived(folder, 60))


# --- failures that are told ------------------------------------------------------------------------------------------


@contextmanager
def full_at(size: int):
    """No file of this process may pass a size, for a while."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_fails_is_taken_back_and_told(folder):
    first, second, *_ = story()
    mirror = write(folder, (first,))
    before = files(folder)[0].read_bytes()

    with full_at(len(before) + 100), pytest.raises(Undelivered, match="File too large"):
        mirror.deliver(second)

    assert files(folder)[0].read_bytes() == before
    mirror.deliver(second)
    assert verify(folder) == Verified(files=1, entries=2)


def test_another_writer_is_waited_for_but_not_for_ever(folder):
    mirror = Mirror("mirror", folder=folder, timeout=0.05)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(Undelivered, match="timeout"):
            mirror.deliver(story()[0])

    mirror.deliver(story()[0])
    assert verify(folder).entries == 1


def test_bad_settings_name_the_setting(folder, tmp_path):
    for missing in (tmp_path / "missing", tmp_path / "file"):
        (tmp_path / "file").touch()
        with pytest.raises(BadSettings) as caught:
            Mirror("mirror", folder=missing)
        assert caught.value.facts["where"] == "folder"
        assert str(tmp_path) not in str(caught.value)
    for settings in ({"rotate_at": 0}, {"timeout": 0}, {"colour": "blue"}):
        with pytest.raises(ValidationError):
            Mirror("mirror", folder=folder, **settings)


# --- many writers ----------------------------------------------------------------------------------------------------


def deliver_one_case(folder: Path, case: str, wire: Connection) -> None:
    mirror = Mirror("mirror", folder=folder, rotate_at=SMALL, timeout=60)
    for _ in range(10):
        for entry in story():
            if entry.case == case:
                mirror.deliver(entry)
    wire.send(case)


def test_processes_that_share_a_folder_write_whole_lines_in_turn(folder):
    cases = sorted({entry.case for entry in story()})

    running = [started(deliver_one_case, folder, case) for case in cases]
    assert [ended(*one) for one in running] == [(0, case) for case in cases]

    found = verify(folder)
    assert (found.clean, found.entries, found.torn) == (True, 120, 0)
    for case in cases:
        own = [entry.body for entry in story() if entry.case == case]
        assert [body for body, _ in groupby(body for body in bodies(folder) if body in own)] == own * 10


def test_threads_that_share_a_mirror_write_whole_lines(folder):
    mirror = Mirror("mirror", folder=folder, rotate_at=SMALL, timeout=60)
    threads = [Thread(target=mirror.deliver, args=(entry,)) for entry in story()]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(bodies(folder)) == sorted(entry.body for entry in story())
    assert all(file.read_bytes().startswith(header(file)) for file in files(folder))


# --- the audit of a mirror -------------------------------------------------------------------------------------------


@pytest.fixture
def whole(folder: Path) -> Path:
    """A mirror of four or more files."""
    write(folder, story(), rotate_at=SMALL)
    assert verify(folder).clean
    return folder


Forge = Callable[[bytes], bytes]


def edit(file: Path, forge: Forge) -> None:
    raw = file.read_bytes()
    assert forge(raw) != raw
    file.write_bytes(forge(raw))


def test_a_missing_file_is_found(whole):
    (whole / "000002.jsonl").unlink()

    assert ("000003.jsonl", 0) in told(verify(whole))


FORGERIES: dict[str, Forge] = {
    "a value": lambda raw: raw.replace(b'"actor":{"id":"sa-1"', b'"actor":{"id":"sa-2"', 1),
    "a line less": lambda raw: b"".join(raw.splitlines(keepends=True)[:-1]),
    "a line torn": lambda raw: raw[:-20],
    "a line more": lambda raw: raw + raw.splitlines(keepends=True)[-1],
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_change_of_a_file_is_found_by_the_next_one(whole, name):
    edit(whole / "000002.jsonl", FORGERIES[name])

    assert ("000003.jsonl", 1) in told(verify(whole))


def test_a_header_of_another_number_is_found(whole):
    edit(whole / "000001.jsonl", lambda raw: raw.replace(b'"number":1', b'"number":7'))

    assert told(verify(whole))[0] == ("000001.jsonl", 1)


@pytest.mark.parametrize("line", [b"{}\n", b"\xff\n", b"\n", b"x" * 65_536 + b"\n"])
def test_a_line_that_is_no_entry_is_found(folder, line):
    write(folder, story()[:1])
    edit(folder / "000001.jsonl", lambda raw: raw + line)

    assert ("000001.jsonl", 3) in told(verify(folder))


def test_an_entry_that_does_not_follow_the_one_before_it_is_found(folder):
    entries = [entry for entry in story() if entry.case == "RO-1"]

    write(folder, (forged(entries[0]), *entries[1:]))

    assert told(verify(folder)) == [("000001.jsonl", 3)]


def test_an_entry_in_the_place_of_another_one_is_found(folder):
    entries = [entry for entry in story() if entry.case == "RO-1"]

    write(folder, (*entries[:2], forged(entries[1])))

    assert told(verify(folder)) == [("000001.jsonl", 4)]


def test_entries_that_come_again_and_entries_that_were_not_subscribed_to_are_no_faults(folder):
    entries = [entry for entry in story() if entry.case == "RO-1"]

    write(folder, (entries[0], entries[1], entries[0], entries[1], entries[3]))

    assert verify(folder) == Verified(files=1, entries=5)


def test_a_mirror_of_unknown_facts_is_read_with_the_catalogue_that_knows_them(folder):
    write(folder, story())

    assert not verify(folder, events={}).clean
    assert verify(folder, events={type(entry.command.facts).kind: type(entry.command.facts) for entry in story()}).clean


def test_a_fault_is_told_in_both_languages(folder):
    write(folder, story()[:1])
    edit(folder / "000001.jsonl", lambda raw: raw + b"{}\n")

    (fault,) = verify(folder).faults

    assert (fault.text.zh, fault.text.en) == ("应为一条日志", "should be an entry")
