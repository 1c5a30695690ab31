"""`gongdan journal`: sealed bytes out and in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from adapters.bootstrap import DEFAULT_URL
from adapters.inbound.cli import options as given
from adapters.inbound.cli.answers import told
from adapters.inbound.cli.door import REFUSED
from adapters.inbound.cli.screen import joined, show, show_json
from adapters.inbound.cli.stores import existing
from adapters.inbound.journal_file import read_lines, write_journal, write_lines

app = typer.Typer(no_args_is_help=True, help="封印日志 / The sealed journal.")

File = Annotated[str, typer.Argument(metavar="FILE|-", help="日志文件 / A journal file, or - for the standard stream.")]


@app.command("export")
def export(file: File, db: given.Db = DEFAULT_URL, schema: given.Schema = None, as_json: given.Json = False) -> None:
    """导出全部规则与封印条目，字节原样 / Write every rules body and sealed entry, byte for byte."""
    if file == "-" and as_json:
        message = "“-”已占用标准输出，不能再用 --json / - already takes the standard output, leave out --json"
        raise typer.BadParameter(message)
    with existing(db, schema) as engine:
        lines = engine.export_journal()
        if file == "-":
            write_lines(lines, sys.stdout.buffer)
            return
        written = write_journal(lines, Path(file))
    if as_json:
        show_json({"file": file, "lines": written})
    else:
        show(joined(("已导出 exported  ", "bold green"), (f"{file}  {written} 行 lines", "")))


@app.command("import")
def import_(file: File, db: given.Db = DEFAULT_URL, schema: given.Schema = None, as_json: given.Json = False) -> None:
    """重放核验后原样入库，否则一条不入 / Verify by replay and insert verbatim, or insert nothing (exit 3)."""
    with opened(file) as journal, existing(db, schema) as engine:
        report = engine.import_journal(read_lines(journal))
    if not as_json and report.sound:
        show(joined(("已导入 imported", "bold green")))
    told(report, as_json=as_json)
    if not report.sound:
        raise typer.Exit(REFUSED)


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """A journal file, or the standard input. Raises OSError."""
    if file == "-":
        yield sys.stdin.buffer
    else:
        with Path(file).open("rb") as journal:
            yield journal
