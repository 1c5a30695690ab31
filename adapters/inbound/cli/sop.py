"""`gongdan sop`: a profile in words, the table as a picture, what goes out as AsyncAPI. Asks no database."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from adapters.asyncapi import asyncapi
from adapters.inbound.cli import options as given
from adapters.inbound.cli.answers import spoken
from adapters.inbound.cli.coverage import coverage
from adapters.inbound.cli.graph import mermaid
from adapters.inbound.cli.screen import grid, indented, joined, show, show_json, styled, words
from engine import Catalogue, Clause, Figure, GongdanError, Rules, Text, UnknownCommand, standard_catalogue

app = typer.Typer(no_args_is_help=True, help="作业规范条款 / The clauses of the SOP.")
app.command("coverage")(coverage)


class UnknownClause(GongdanError):
    """A clause that the profile does not have."""

    words = Text(
        zh="口径 {profile} 没有条款“{name}”；请看 gongdan sop list。",
        en="Profile {profile} has no clause '{name}'; see gongdan sop list.",
    )


class UnknownWorkflow(GongdanError):
    """A workflow that the catalogue does not have."""

    words = Text(zh="没有流程“{name}”；应为：{expected}。", en="No workflow '{name}'; expected one of: {expected}.")


_STYLES = {"refuse": "red", "note": "yellow", "score": "dim", "clock": "magenta"}


@app.command("list")
def list_clauses(
    profile: given.ProfileName = "base",
    dealer: given.Dealer = None,
    workflow: given.WorkflowName = "repair_order",
    command: Annotated[
        str | None,
        typer.Option("--command", metavar="COMMAND", help="只看约束此命令的 / Those that bind this command."),
    ] = None,
    as_json: given.Json = False,
) -> None:
    """列出一个口径的条款 / List the clauses of a profile."""
    catalogue = given.catalogue(dealer)
    rules = _rules(catalogue, profile, workflow)
    commands = {row.name for row in rules.rows}
    if command is not None and command not in commands:
        raise UnknownCommand(workflow=workflow, name=command, expected=sorted(commands))
    chosen = [
        catalogue.clauses[id_]
        for id_, bound in rules.clauses.items()
        if command in {None, *(bound.events or [command])}
    ]
    if as_json:
        show_json({**_head(catalogue, rules), "clauses": [_document(rule, rules) for rule in chosen]})
        return
    _show_head(catalogue, rules, len(chosen))
    for rule in chosen:
        _show_short(rule, rules)


@app.command("show")
def show_clause(
    clause: Annotated[str, typer.Argument(metavar="CLAUSE", help="条款编号 / The clause's id.")],
    profile: given.ProfileName = "base",
    dealer: given.Dealer = None,
    workflow: given.WorkflowName = "repair_order",
    as_json: given.Json = False,
) -> None:
    """查看一条条款 / Show one clause."""
    catalogue = given.catalogue(dealer)
    rules = _rules(catalogue, profile, workflow)
    if clause not in rules.clauses:
        raise UnknownClause(name=clause, profile=profile)
    if as_json:
        show_json({**_head(catalogue, rules), "clause": _document(catalogue.clauses[clause], rules)})
    else:
        _show_head(catalogue, rules, len(rules.clauses))
        _show_whole(catalogue, catalogue.clauses[clause], rules)


@app.command()
def graph(
    workflow: given.WorkflowName = "repair_order",
    facts: Annotated[
        bool, typer.Option("--facts", help="也画不移动状态的记录 / Also the facts that move nothing.")
    ] = False,
    as_json: given.Json = False,
) -> None:
    """由状态表画出 Mermaid 图 / Draw the table as a Mermaid diagram."""
    catalogue = standard_catalogue()
    _known_workflow(catalogue, workflow)
    picture = mermaid(catalogue, workflow, facts=facts)
    if as_json:
        show_json({"workflow": workflow, "facts": facts, "mermaid": picture})
    else:
        typer.echo(picture, nl=False)


@app.command("asyncapi")
def show_asyncapi() -> None:
    """对外事件的 AsyncAPI 文档（JSON） / The events that go out, as an AsyncAPI document in JSON."""
    show_json(asyncapi(standard_catalogue()))


def _rules(catalogue: Catalogue, profile: str, workflow: str) -> Rules:
    _known_workflow(catalogue, workflow)
    return catalogue.rules(profile, workflow)


def _known_workflow(catalogue: Catalogue, workflow: str) -> None:
    if workflow not in catalogue.workflows:
        raise UnknownWorkflow(name=workflow, expected=sorted(catalogue.workflows))


def _head(catalogue: Catalogue, rules: Rules) -> dict[str, Any]:
    return {
        "profile": rules.profile,
        "version": rules.version,
        "draft": catalogue.profiles[rules.profile].draft,
        "workflow": rules.workflow,
        "digest": rules.digest,
    }


def _document(rule: Clause, rules: Rules) -> dict[str, Any]:
    bound, in_force = rules.clauses[rule.id], rules.figures(rule)
    return {
        "id": rule.id,
        "binding": str(bound.binding),
        "source": rule.source,
        "commands": [*bound.events],
        "owns": [*rule.owns],
        "figures": {
            name: {"value": figure.document(), "unit": figure.unit, "tighter": figure.tighter, "house": figure.house}
            for name, figure in in_force.items()
        },
        "reason": words(rule.reason),
        "remedy": words(rule.remedy),
    }


def _show_head(catalogue: Catalogue, rules: Rules, count: int) -> None:
    profile = catalogue.profiles[rules.profile]
    show(
        joined(
            (f"{profile.label}  ", "bold"),
            (f"{profile.name} {profile.version}{' 草案 draft' if profile.draft else ''}", ""),
            (f"  {count} 条 clauses  {rules.digest[:12]}…", "dim"),
        )
    )


def _show_short(rule: Clause, rules: Rules) -> None:
    bound = rules.clauses[rule.id]
    figures = "  ".join(f"{name}={_value(figure)}" for name, figure in rules.figures(rule).items())
    show(
        joined(
            (rule.id, "bold"),
            (f"  {bound.binding}", _STYLES[str(bound.binding)]),
            (f"  {', '.join(bound.events) or '*'}", "cyan"),
            (f"  {figures}" if figures else "", "yellow"),
            (f"  {rule.source}", "dim"),
        ),
        indented(styled(rule.reason.zh), 2),
        indented(styled(rule.reason.en), 2),
    )


def _show_whole(catalogue: Catalogue, rule: Clause, rules: Rules) -> None:
    bound = rules.clauses[rule.id]
    table = grid(12, None)
    rows = [
        ("约束 binds", "、".join(spoken(catalogue, name) for name in bound.events) or "每个命令 every command"),
        ("力度 how", str(bound.binding)),
        ("来源 source", rule.source),
        ("原因", rule.reason.zh),
        ("why", rule.reason.en),
        ("处理", rule.remedy.zh),
        ("do", rule.remedy.en),
        *((f"数值 {name}", _figure(figure)) for name, figure in rules.figures(rule).items()),
        ("字段 fields", ", ".join(rule.owns) or "—"),
    ]
    for name, value in rows:
        table.add_row(styled(name, "dim"), styled(value))
    show(styled(rule.id, "bold"), indented(table, 2))


def _figure(figure: Figure[Any]) -> str:
    house = "；本店自定 house figure" if figure.house else ""
    return f"{_value(figure)} {figure.unit}（更严 tighter: {figure.tighter}{house}）"


def _value(figure: Figure[Any]) -> str:
    return ", ".join(figure.value) if isinstance(figure.value, tuple) else str(figure.value)
