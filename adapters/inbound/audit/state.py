"""State: what an audit without findings of integrity keeps for the next one of the same log, in one file.

JSON lines: the checkpoint that was verified, then the head of every case that was replayed and found as it should be.
Written whole or not at all. Must not be known here: how anything is verified.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from adapters.folders import replacing
from adapters.inbound.audit.index import Head
from engine import GongdanError, Text

FORMAT = 1
_LONGEST = 256 * 1024
_TYPES = {"case": str, "head": str, "row": str, "seq": int, "shop": str}


class BadState(GongdanError):
    """A file that no audit has left."""

    words = Text(
        zh="审计状态文件无法读取（{file}）：第 {line} 行应为 gongdan audit --state 所写内容。删去该文件即从头审计。",
        en="The audit's state cannot be read ({file}): line {line} is not what gongdan audit --state writes. "
        "Remove the file to audit from the beginning.",
    )


class State(NamedTuple):
    """The checkpoint that was verified, as it was signed, and by which version of the program cases were replayed."""

    note: str
    version: str


def read(file: Path) -> tuple[State, Iterator[Head]] | None:
    """What an earlier audit left, its heads as they are read; None when there is none yet. Raises BadState, OSError."""
    try:
        opened = file.open("rb")
    except FileNotFoundError:
        return None
    first = _object(opened, file, 1)
    if first.get("format") != FORMAT or not all(isinstance(first.get(name), str) for name in State._fields):
        opened.close()
        raise BadState(file=str(file), line=1)
    return State(first["note"], first["version"]), _heads(opened, file)


def _heads(opened: BinaryIO, file: Path) -> Iterator[Head]:
    """The lines up to the last one, which counts them: a file that was cut off is no state."""
    with opened:
        number = 2
        while "cases" not in (line := _object(opened, file, number)):
            if {name: type(value) for name, value in line.items()} != _TYPES:
                raise BadState(file=str(file), line=number)
            yield Head(line["shop"], line["case"], line["seq"], line["head"], line["row"])
            number += 1
        if line != {"cases": number - 2}:
            raise BadState(file=str(file), line=number)


def _object(opened: BinaryIO, file: Path, number: int) -> dict[str, Any]:
    raw = opened.readline(_LONGEST)
    with suppress(ValueError, RecursionError):
        line = json.loads(raw)
        if isinstance(line, dict):
            return line
    opened.close()
    raise BadState(file=str(file), line=number)


def write(file: Path, state: State, heads: Iterable[Head]) -> None:
    """Keep what was verified, in place of what was kept before. Raises OSError."""
    with replacing(file) as opened:
        opened.write(_line({"format": FORMAT, **state._asdict()}))
        cases = 0
        for head in heads:
            opened.write(_line(head._asdict()))
            cases += 1
        opened.write(_line({"cases": cases}))


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True).encode() + b"\n"
