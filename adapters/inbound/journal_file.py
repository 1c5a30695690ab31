"""Journal files: JSON lines that carry every sealed byte as it is.

A line is `{"digest":HEX,"rules":BODY}` or `{"entry":BODY,"seal":HEX}`. BODY are the canonical bytes, spliced in and
sliced out again, never parsed or written anew: what was sealed is what is read.

Must live here: how lines are framed and bounded. Must not be known here: what an entry means, whether it is true.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from adapters.folders import replacing
from engine import BadJournal, Line, Text

LONGEST_ENTRY = 65_535
LONGEST_RULES = 4 * 1024 * 1024
_FRAME = len(b'{"digest":"","rules":}\n') + 64

_NO_BREAK = Text(zh="没有换行符的规范内容", en="a canonical body, which has no line break")
_WHOLE = Text(
    zh=f"完整的一行（被截断，或超过 {LONGEST_RULES} 字节）",
    en=f"a whole line (cut off, or longer than {LONGEST_RULES} bytes)",
)
_BOUNDED = Text(zh=f"不超过 {LONGEST_ENTRY} 字节的条目", en=f"an entry of at most {LONGEST_ENTRY} bytes")
_LINE = '{"digest":…,"rules":…} 或/or {"entry":…,"seal":…}'

_ENTRY = re.compile(rb'\{"entry":(.*),"seal":"([0-9a-f]{64})"\}')
_RULES = re.compile(rb'\{"digest":"([0-9a-f]{64})","rules":(.*)\}')


def write_journal(lines: Iterable[Line], target: Path) -> int:
    """Write a journal to a file, whole or not at all; how many lines there were. Raises OSError, BadJournal."""
    target = target.resolve()
    if target.exists() and not target.is_file():
        raise IsADirectoryError(errno.EISDIR, "not a regular file", str(target))
    with replacing(target) as file:
        return write_lines(lines, file)


def write_lines(lines: Iterable[Line], file: BinaryIO) -> int:
    """Write a journal to an open file; how many lines there were.

    Raises BadJournal for a body with a line break, which no canonical body has.
    """
    number = 0
    for number, (kind, body, known) in enumerate(lines, 1):
        if b"\n" in body:
            raise BadJournal(line=number, expected=_NO_BREAK)
        frame = b'{"entry":%b,"seal":"%b"}\n' if kind == "entry" else b'{"digest":"%b","rules":%b}\n'
        parts = (body, known.encode()) if kind == "entry" else (known.encode(), body)
        file.write(frame % parts)
    return number


def read_journal(source: Path) -> Iterator[Line]:
    """The lines of a journal file, one at a time. Raises OSError, and BadJournal for anything that is no such line."""
    with source.open("rb") as file:
        yield from read_lines(file)


def read_lines(file: BinaryIO) -> Iterator[Line]:
    """The lines of an open journal. Memory stays bounded, whatever the file holds. Raises BadJournal."""
    number = 0
    while line := file.readline(LONGEST_RULES + _FRAME):
        number += 1
        yield _line(line, number)


def _line(line: bytes, number: int) -> Line:
    if not line.endswith(b"\n"):
        raise BadJournal(line=number, expected=_WHOLE)
    if entry := _ENTRY.fullmatch(line[:-1]):
        body, seal = entry.groups()
        if len(body) > LONGEST_ENTRY:
            raise BadJournal(line=number, expected=_BOUNDED)
        return "entry", body, seal.decode()
    if rules := _RULES.fullmatch(line[:-1]):
        digest, body = rules.groups()
        return "rules", body, digest.decode()
    raise BadJournal(line=number, expected=_LINE)
