"""Bundle files: the members of a bundle in a folder or a zip, whole or not at all.

The same members make the same zip, byte for byte.
Must live here: how members become files. Must not be known here: what a member means.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from adapters.folders import draft
from engine import Member

_DAWN = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can say: it says nothing of when it was made."""
_ALONG = {"verify.py": "engine.proof", "VERIFY.md": "adapters.inbound"}
"""Files that every bundle carries, and the packages that have them."""


class Written(NamedTuple):
    """How many members a bundle has, and how many bytes they are."""

    members: int
    bytes: int


def carried() -> Mapping[str, bytes]:
    """The program that verifies a bundle, and how to run it."""
    return {name: (resources.files(package) / name).read_bytes() for name, package in _ALONG.items()}


def write_folder(members: Iterable[Member], target: Path) -> Written:
    """Write a bundle as a folder that is not there yet. Raises OSError, and what reading the members raises."""
    with _drafted(target, shutil.rmtree) as draft:
        written = unpack(members, draft)
        os.sync()  # one journey to the disk for all of its files
    return written


def unpack(members: Iterable[Member], folder: Path) -> Written:
    """Make a folder of members, for as long as it takes to read them. Raises OSError, and what reading them raises."""
    folder.mkdir()
    return _written(members, lambda name, chunks: _write_file(folder / name, chunks))


def write_zip(members: Iterable[Member], target: Path) -> Written:
    """Write a bundle as a zip that is not there yet. Raises OSError, and what reading the members raises."""
    with _drafted(target, Path.unlink) as draft, draft.open("xb") as file:
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            written = _written(members, lambda name, chunks: _write_member(archive, name, chunks))
        file.flush()
        os.fsync(file.fileno())
    return written


@contextmanager
def _drafted(target: Path, remove: Callable[[Path], None]) -> Iterator[Path]:
    """Another name to write under. It becomes the right one at the end, and what has it is removed on any error."""
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, "exists", str(target))
    beside = draft(target)
    try:
        yield beside
        beside.rename(target)
    except OSError as error:
        error.filename = str(target)
        raise
    finally:
        if beside.exists():
            remove(beside)


def _written(members: Iterable[Member], write: Callable[[str, Iterable[bytes]], int]) -> Written:
    sizes = [write(name, chunks) for name, chunks in members]
    return Written(len(sizes), sum(sizes))


def _write_file(path: Path, chunks: Iterable[bytes]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        return sum(map(file.write, chunks))


def _write_member(archive: ZipFile, name: str, chunks: Iterable[bytes]) -> int:
    member = ZipInfo(name, _DAWN)
    member.compress_type = ZIP_DEFLATED
    with archive.open(member, "w", force_zip64=True) as file:
        return sum(map(file.write, chunks))
