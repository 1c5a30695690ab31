"""The command tree."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import typer

from adapters.inbound.cli import (
    audit,
    case,
    checkpoint,
    db,
    demo,
    export,
    forget,
    journal,
    outbox,
    play,
    report,
    sop,
    witness,
    worker,
)
from adapters.inbound.cli.door import Door

app = typer.Typer(
    cls=Door,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="工单：售后工单引擎 / gongdan: the workflow engine of a dealership's after-sales floor.",
    epilog="退出码 / Exit codes: 0 完成 done · 1 错误 error · 2 用法 usage · 3 拒绝或发现问题 refused or findings",
)
app.command("demo")(demo.demo)
app.command("play")(play.play_scenarios)
app.add_typer(case.app, name="case")
app.add_typer(sop.app, name="sop")
app.add_typer(journal.app, name="journal")
app.add_typer(db.app, name="db")
app.add_typer(outbox.app, name="outbox")
app.add_typer(checkpoint.app, name="checkpoint")
app.add_typer(witness.app, name="witness")
app.command("worker")(worker.worker)
app.command("forget")(forget.forget)
app.add_typer(forget.hold, name="hold")
audit.app.command("export")(export.export)
audit.app.command("report")(report.report)
app.add_typer(audit.app, name="audit")


def main() -> None:
    """The program. Speaks UTF-8 whatever the locale says, and into nothing where a parent closed its streams."""
    sys.stdout, sys.stderr = _utf8(sys.stdout), _utf8(sys.stderr)
    app(prog_name="gongdan")


def _utf8(stream: TextIO | None) -> TextIO:
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    return stream
