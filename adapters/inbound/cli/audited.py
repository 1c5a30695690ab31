"""What is audited, by which anchor: the options of both commands that audit, and the one way to each kind of target."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.inbound.audit import Anchor, audit_bundle, audit_database, is_folder_or_zip
from adapters.inbound.cli.journal import opened
from adapters.inbound.cli.progress import progress
from adapters.inbound.cli.stores import existing, is_database
from adapters.inbound.journal_file import read_lines
from engine import Report, Tally, audit_journal, standard_catalogue

_STATE = "只用于证据包 / only a bundle takes this"
_ANCHOR = "只用于证据包与数据库 / only a bundle or a database takes this"
_JOBS = "只用于证据包，或附 --policy 的数据库 / only for a bundle, or a database with --policy"

Target = Annotated[
    str,
    typer.Argument(
        metavar="FOLDER|ZIP|URL|FILE|-",
        help="证据包、数据库或日志 / A bundle, a database URL, a SQLite file, or a journal file.",
    ),
]
Policy = Annotated[
    Path | None,
    typer.Option("--policy", metavar="FILE", help="您信任谁：策略文件 / Whom you trust: a policy file (C2SP)."),
]
Kept = Annotated[
    list[Path] | None,
    typer.Option(
        "--seen",
        metavar="FILE|FOLDER",
        help="您此前留存的检查点 / A checkpoint that you kept, or a witness's folder; may be repeated.",
    ),
]
Jobs = Annotated[
    int, typer.Option("--jobs", min=1, max=256, metavar="N", help="重放的进程数 / How many processes replay.")
]


def audited(target: str, anchor: Anchor, jobs: int, schema: str | None, tally: Tally | None = None) -> Report:
    """The verdict on whatever it is; what was read is counted into the tally. Raises GongdanError, OSError."""
    if is_folder_or_zip(target):
        with progress() as shown:
            return audit_bundle(Path(target), anchor, jobs=jobs, progress=shown, tally=tally)
    _refused_unless(not anchor.state, "--state", _STATE)
    if is_database(target):
        return _database(target, anchor, jobs, schema, tally)
    _refused_unless(not (anchor.policy or anchor.seen), "--policy, --seen", _ANCHOR)
    _refused_unless(jobs == 1, "--jobs", _JOBS)
    with opened(target) as journal:
        return audit_journal(read_lines(journal), standard_catalogue(), tally)


def _database(target: str, anchor: Anchor, jobs: int, schema: str | None, tally: Tally | None) -> Report:
    """A database by its last checkpoint when there is somebody to trust, else by itself alone."""
    is_anchored = bool(anchor.policy or anchor.seen)
    _refused_unless(is_anchored or jobs == 1, "--jobs", _JOBS)
    with existing(target, schema) as engine:
        if not is_anchored:
            return engine.audit(tally)
        with progress() as shown:
            return audit_database(engine, anchor, jobs=jobs, progress=shown, tally=tally)


def _refused_unless(is_apt: bool, options: str, why: str) -> None:
    if not is_apt:
        raise typer.BadParameter(why, param_hint=options)
