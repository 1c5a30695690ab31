"""What a terminal shows: consoles, JSON documents, and words that came from outside made safe to print."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import typer
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text as Styled

from engine import Text

_WIDTH = 100
"""Columns when nobody says how wide the screen is."""


def console(*, stderr: bool = False) -> Console:
    """A console on the standard streams as they are now; plain where they are no terminal."""
    stream = sys.stderr if stderr else sys.stdout
    known = stream.isatty() or os.environ.get("COLUMNS", "").isdigit()
    return Console(
        stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=False, width=None if known else _WIDTH
    )


def show(*parts: RenderableType) -> None:
    """Print parts below each other, without the blanks that fill up their lines."""
    screen = console()
    with screen.capture() as captured:
        screen.print(*parts, sep="\n")
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def show_json(document: Mapping[str, Any]) -> None:
    """The one JSON document that a command prints."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def plain(text: object) -> str:
    """Text without anything that could steer a terminal: journals and file names come from others."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in str(text))


def styled(text: object, style: str = "") -> Styled:
    """Safe text in a style."""
    return Styled(plain(text), style)


def joined(*parts: tuple[object, str]) -> Styled:
    """Safe pieces of text, each in its style, on one line."""
    return Styled.assemble(*((plain(text), style) for text, style in parts))


def words(text: Text) -> dict[str, str]:
    """A sentence as JSON documents hold it."""
    return {"zh": text.zh, "en": text.en}


def grid(*widths: int | None) -> Table:
    """A table without lines; None is a column that takes what is left."""
    table = Table.grid(padding=(0, 1, 0, 0), expand=False)
    for width in widths:
        table.add_column(width=width, overflow="fold")
    return table


def listing(*titles: Text) -> Table:
    """A table with a head in both languages."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in titles:
        table.add_column(f"{title.zh} {title.en}", overflow="fold")
    return table


def indented(part: RenderableType, by: int) -> Padding:
    """A part some columns to the right, all its lines."""
    return Padding(part, (0, 0, 0, by), expand=False)
