"""`gongdan audit report`: the audit as one page that a person reads."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from adapters.inbound.audit import Anchor
from adapters.inbound.cli import options as given
from adapters.inbound.cli.audited import Jobs, Kept, Policy, Target, audited
from adapters.inbound.cli.door import DONE, REFUSED
from adapters.inbound.cli.screen import joined, show, show_json
from adapters.inbound.cli.stores import named
from engine import Catalogue, GongdanError, Report, Tally, Text, standard_catalogue


class NotInstalled(GongdanError):
    """The packages that draw the report are not there."""

    words = Text(
        zh="报告所需的软件包没有安装：pip install 'gongdan[{extra}]'。",
        en="The packages that the report needs are not installed: pip install 'gongdan[{extra}]'.",
    )


def report(
    target: Target,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="写到何处 / Where to write the page.")],
    policy: Policy = None,
    seen: Kept = None,
    jobs: Jobs = 1,
    schema: given.Schema = None,
    as_json: given.Json = False,
) -> None:
    """审计并写成一页可读可印的报告；有发现时退出码 3 / Audit, and write a page to read and print (exit 3: findings)."""
    catalogue = standard_catalogue()
    tally, anchor = Tally.of(catalogue), Anchor(policy, tuple(seen or ()))
    found = audited(target, anchor, jobs, schema, tally)
    write_page(out, named(target), tally, found, catalogue, anchor)
    if as_json:
        show_json({"file": str(out), "integrity": found.integrity, "compliance": found.compliance})
    else:
        show(joined(("报告 report  ", "bold green"), (f"{out}  {found.integrity}  {found.compliance}", "")))
    raise typer.Exit(DONE if found.clean else REFUSED)


def write_page(
    out: Path, source: str, tally: Tally, found: Report, catalogue: Catalogue, anchor: Anchor = Anchor()
) -> None:
    """Write the page of what was audited by this anchor. Raises NotInstalled, OSError."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # its caches are nothing that a terminal should hear of
    try:
        from adapters.report import Proof, render  # noqa: PLC0415 - an extra, and slow to load
    except ImportError:
        raise NotInstalled(extra="report") from None
    brought = [path.name for path in (anchor.policy, *anchor.seen) if path is not None]
    page = render(tally, found, Proof.of(found, source, brought), catalogue, datetime.now(UTC))
    try:
        out.write_text(page, "utf-8")
    except OSError as error:
        error.filename = str(out)
        raise
