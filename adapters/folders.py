"""Files in folders that others write to as well: whole or not at all, on the disk before it counts, never too much.

A name is a path inside a folder, as C2SP writes it: `tile/0/x001/234`. Whatever stands there was put there by somebody
else: a link that leads out, a pipe, a folder or a file without an end are as good as no file.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

MOST_NOTE = 65_536
"""The most bytes of a signed note, and of what one witness writes back."""

_NO_FILE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG}
_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Not through a link, and without waiting for whoever fills a pipe."""


def file_name(name: str) -> str:
    """A name of a key or log as one that any file may have; different names stay different."""
    spelled = quote(name, safe="+@= ")
    return f"%2E{spelled[1:]}" if spelled.startswith(".") else spelled


def read(folder: Path, name: str, most: int) -> bytes | None:
    """A file of at most so many bytes; None for anything else that may stand there.

    Raises OSError for what there is no right to, and for what the disk does not give.
    """
    path = folder / name
    if not _is_inside(folder, path):
        return None
    try:
        descriptor = os.open(path, _LOOK)
    except OSError as error:
        if error.errno in _NO_FILE:
            return None
        raise
    body = content(descriptor, most)
    return body if body is not None and len(body) <= most else None


def content(descriptor: int, most: int) -> bytes | None:
    """What an open file holds, and one byte too many where it is more; None where it is no file. It is closed."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most + 1)


def write(folder: Path, name: str, body: bytes) -> None:
    """Write a file whole, in place of one that may stand there, and return once it is on the disk. Raises OSError."""
    target = folder / name
    if not _is_inside(folder, target):
        raise NotADirectoryError(errno.ENOTDIR, "a link leads out of the folder", str(target))
    _make(target.parent)
    with replacing(target) as file:
        file.write(body)
    sync(target.parent)


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of one that may stand there: at the end, on the disk and whole, or not at all.

    Raises OSError, which names the target.
    """
    beside = draft(target)
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError as error:
        error.filename = str(target)
        raise
    finally:
        beside.unlink(missing_ok=True)


def draft(target: Path) -> Path:
    """Another name in the same folder, which nobody else has and which is not too long for it."""
    return target.with_name(f".{target.name[:60]}.{secrets.token_hex(8)}.part")


def _make(folder: Path) -> None:
    """Make a folder and those above it, each entered in the one above before it is used."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        sync(one.parent)


def sync(folder: Path) -> None:
    """Return once the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_inside(folder: Path, path: Path) -> bool:
    """Whether the way to a path leads through no link that leads out."""
    return Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(folder))


@contextmanager
def held(folder: Path, *, wait: bool = False) -> Iterator[bool]:
    """Whether nobody else holds this folder, or held it until now; it is ours until the end, which a death is too."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _taken(descriptor, wait=wait)
    finally:
        os.close(descriptor)


def _taken(descriptor: int, *, wait: bool) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
