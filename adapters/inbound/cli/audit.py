"""`gongdan audit`: the verdict on a database, a journal or a bundle. Other words after it are commands of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from adapters.inbound.audit import Anchor
from adapters.inbound.cli import options as given
from adapters.inbound.cli.answers import told
from adapters.inbound.cli.audited import Jobs, Kept, Policy, Target, audited
from adapters.inbound.cli.door import REFUSED
from adapters.inbound.cli.export import export

_RUN = "run"


class _Audit(TyperGroup):
    """The word `run` may be left out: `gongdan audit TARGET`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Whatever is no command is what is to be audited."""
        is_told = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        rest: list[str] = super().parse_args(ctx, args if is_told else [_RUN, *args])
        return rest


app = typer.Typer(
    cls=_Audit,
    help="审计：完整性与合规性，各一结论 / Audit: one verdict on integrity, one on compliance.",
    epilog="gongdan audit TARGET = gongdan audit run TARGET",
)
app.command("export")(export)


@app.command(_RUN)
def audit(
    target: Target,
    policy: Policy = None,
    seen: Kept = None,
    jobs: Jobs = 1,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="FILE", help="接续上次审计 / Go on from the audit that left this file."),
    ] = None,
    schema: given.Schema = None,
    as_json: given.Json = False,
) -> None:
    """审计：逐条重问当时的规则，比对答复 / Audit: ask the rules of the day every question again and compare."""
    report = audited(target, Anchor(policy, tuple(seen or ()), state), jobs, schema)
    told(report, as_json=as_json)
    if not report.clean:
        raise typer.Exit(REFUSED)
