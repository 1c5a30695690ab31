"""Jsonl: entries as lines of a file, for whoever reads files."""

from __future__ import annotations

import os
from pathlib import Path

from engine import Entry


class Jsonl:
    """Appends the sealed bytes of each entry, one entry a line; a line that was delivered is on the disk."""

    def __init__(self, path: Path, name: str = "jsonl") -> None:
        """A file that is made where it is missing, in a folder that exists."""
        self.path = path
        self.name = name

    def deliver(self, entry: Entry) -> None:
        """Append one line. What a crash left of an earlier one stays a line of its own, and was not delivered."""
        with self.path.open("a+b") as file:
            file.write(_line_break(file.tell(), self.path) + entry.body + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _line_break(size: int, path: Path) -> bytes:
    """What ends an unfinished last line."""
    if size == 0:
        return b""
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return b"" if file.read(1) == b"\n" else b"\n"
