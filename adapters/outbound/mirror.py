"""Mirror: a copy of the journal outside the database, as numbered files of lines that are only ever appended to.

    folder/000001.jsonl     {"mirror":1,"number":1,"previous":"000…"}     the header
                            the sealed bytes of an entry                  a line for each
    folder/000002.jsonl     {"mirror":1,"number":2,"previous":"e3b…"}     the SHA-256 of the whole file before it
    folder/lock             held while something is written

A crash may leave a torn line. It is never cut off or written over: the next file begins there, and its header vouches
for the torn rest too. So a file is whole lines, with at most one torn rest at its end; the folder may be one that only
lets files grow. An entry whose line was torn was not delivered, and is delivered again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import KW_ONLY
from pathlib import Path

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from engine import BadSettings, Entry, Text, Undelivered

FORMAT = 1
NOTHING = "0" * 64
"""What the first header says of the file before it."""

_FOLDER = Text(zh="一个已存在、可写入的文件夹", en="a folder that exists and can be written to")
_NAME = re.compile(r"([0-9]{6,})\.jsonl")
_PAUSE = 0.005


@dataclass(config=ConfigDict(extra="forbid", hide_input_in_errors=True))
class Mirror:
    """Appends the sealed bytes of each entry to the newest file of a folder; what was delivered is on the disk.

    `rotate_at` is how many bytes a file may have before the next one begins; one entry it may always have. `timeout`,
    in seconds, is how long to wait while another process writes. Any number of processes and threads may share a
    folder. Raises BadSettings where the folder is missing or read-only: it is not made, or a disk that is not mounted
    would go unnoticed.
    """

    name: str
    _: KW_ONLY
    folder: Path
    rotate_at: int = Field(default=64 * 1024 * 1024, ge=1)
    timeout: float = Field(default=10.0, gt=0, le=300, allow_inf_nan=False)

    def __post_init__(self) -> None:
        """Look whether the folder is there."""
        if not self.folder.is_dir() or not os.access(self.folder, os.W_OK | os.X_OK):
            raise BadSettings(where="folder", expected=_FOLDER)
        self._synced: Path | None = None

    def deliver(self, entry: Entry) -> None:
        """Append one line, and return once it is on the disk. Raises Undelivered."""
        try:
            with _locked(self.folder / "lock", self.timeout):
                self._append(entry.body + b"\n")
        except OSError as error:
            raise Undelivered(os.strerror(error.errno) if error.errno else "timeout") from None

    def close(self) -> None:
        """Nothing is held between two entries."""

    def _append(self, line: bytes) -> None:
        known = files(self.folder)
        file = known[-1] if known else _numbered(self.folder, 1)
        if _is_finished(file, self.rotate_at - len(line)):
            file = _numbered(self.folder, number_of(file) + 1)
        is_new = not file.exists() or file.stat().st_size == 0
        _write(file, (header(file) if is_new else b"") + line)
        if file != self._synced:  # new, or made by a process that may have died before it could do this
            _sync(self.folder)
            self._synced = file


def files(folder: Path) -> list[Path]:
    """The files of a mirror, oldest first."""
    return sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), key=number_of)


def bodies(folder: Path) -> Iterator[bytes]:
    """The sealed bytes of every entry of a mirror, in the order of delivery; an entry may be there twice."""
    for file in files(folder):
        with file.open("rb") as lines:
            next(lines, None)
            yield from (line[:-1] for line in lines if line.endswith(b"\n"))


def header(file: Path) -> bytes:
    """The first line of a file: its number, and the SHA-256 of the whole file before it."""
    before = _numbered(file.parent, number_of(file) - 1)
    return first_line(number_of(file), sha256(before) if number_of(file) > 1 else NOTHING)


def first_line(number: int, previous: str) -> bytes:
    """The header of a file of a number, after a file of a hash."""
    return b'{"mirror":%d,"number":%d,"previous":"%s"}\n' % (FORMAT, number, previous.encode())


def sha256(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal, as `sha256sum` prints it."""
    with file.open("rb") as whole:
        return hashlib.file_digest(whole, "sha256").hexdigest()


# --- names and bytes -------------------------------------------------------------------------------------------------


def _numbered(folder: Path, number: int) -> Path:
    return folder / f"{number:06}.jsonl"


def number_of(file: Path) -> int:
    """The number in a file's name."""
    return int(file.stem)


def _is_finished(file: Path, most: int) -> bool:
    """Whether nothing more goes into a file: it is full, or a crash has torn its last line."""
    if not file.exists() or not (size := file.stat().st_size):
        return False
    with file.open("rb") as whole:
        whole.seek(-1, os.SEEK_END)
        return size > most or whole.read(1) != b"\n"


def _write(file: Path, line: bytes) -> None:
    """Append, and wait for the disk. What a failure wrote is taken back: that is no crash, and nobody has seen it."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        size = os.fstat(descriptor).st_size
        try:
            _write_all(descriptor, line)
            os.fsync(descriptor)
        except OSError:
            with suppress(OSError):  # then it stays, as after a crash
                os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, line: bytes) -> None:
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync(folder: Path) -> None:
    """Put the names of the files in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(file: Path, seconds: float) -> Iterator[None]:
    """Alone among processes and threads. Raises TimeoutError; the system lets go for a process that dies."""
    deadline = time.monotonic() + seconds
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        while not _taken(descriptor):
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
