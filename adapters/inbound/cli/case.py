"""`gongdan case`: open a repair order, put facts to it, look at it."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.text import Text as Styled

from adapters.bootstrap import DEFAULT_URL
from adapters.inbound.cli import options as given
from adapters.inbound.cli.answers import (
    answer_document,
    answer_lines,
    answered,
    label,
    refusal_lines,
    spoken,
    who,
)
from adapters.inbound.cli.door import REFUSED
from adapters.inbound.cli.screen import joined, listing, show, show_json, styled, words
from adapters.inbound.cli.stores import existing
from engine import Answer, CaseRow, Catalogue, Engine, Entry, Option, Page, Refused, Text, standard_catalogue

app = typer.Typer(no_args_is_help=True, help="维修工单 / Repair orders.")

DEFAULT_SHOP = "S1"


@app.command("open")
def open_case(
    case: given.CaseId,
    by: given.By,
    profile: given.ProfileName = "base",
    dealer: given.Dealer = None,
    workflow: given.WorkflowName = "repair_order",
    id: given.CommandId = None,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    shop: given.ShopId = DEFAULT_SHOP,
    as_json: given.Json = False,
) -> None:
    """开单，规则就此锁定 / Open a case; its rules are pinned from here on."""
    with existing(db, schema, given.catalogue(dealer)) as engine:
        answer = engine.shop(shop, profile=profile).open(case, by=by, workflow=workflow, id=id)
    _tell(engine, case, "case_opened", answer, as_json=as_json)


@app.command()
def apply(
    case: given.CaseId,
    command: given.CommandName,
    by: given.By,
    facts: given.Facts = "{}",
    id: given.CommandId = None,
    at: given.At = None,
    expected: given.Expected = None,
    late_reason: given.LateReason = None,
    late_paper: given.LatePaper = None,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    shop: given.ShopId = DEFAULT_SHOP,
    as_json: given.Json = False,
) -> None:
    """记录一个事实；SOP 不允许则拒绝并说明 / Record a fact; refused with reasons where the SOP says no (exit 3)."""
    document, late = given.facts(facts), given.late(late_reason, late_paper)
    with existing(db, schema) as engine:
        desk = engine.shop(shop)
        fact = desk.fact(command, document)
        answer = desk.apply(case, fact, by=by, id=id, occurred_at=at, late=late, expected=expected)
    _tell(engine, case, command, answer, as_json=as_json)


def _tell(engine: Engine, case: str, command: str, answer: Answer, *, as_json: bool) -> None:
    if as_json:
        show_json({"case": case, "command": command, **answer_document(answer)})
    else:
        show(*answer_lines(engine.catalogue, case, command, answer))
    if isinstance(answer, Refused):
        raise typer.Exit(REFUSED)


# --- show --------------------------------------------------------------------------------------------------------


@app.command("show")
def show_case(
    case: given.CaseId,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    shop: given.ShopId = DEFAULT_SHOP,
    as_json: given.Json = False,
) -> None:
    """查看一单的全部答复，含拒绝 / Show every answer a case has had, refusals too."""
    with existing(db, schema) as engine:
        entries = engine.shop(shop).entries(case)
    if as_json:
        show_json(_case_document(entries))
    else:
        _show_entries(engine.catalogue, entries)


def _case_document(entries: tuple[Entry, ...]) -> dict[str, Any]:
    last = entries[-1]
    head = {"shop": last.shop, "case": last.case, "workflow": last.workflow, "state": last.state}
    counts = {"seq": last.seq, "version": last.version, "rules": last.rules, "head": last.seal}
    return {**head, **counts, "entries": [{**json.loads(entry.body), "seal": entry.seal} for entry in entries]}


def _show_entries(catalogue: Catalogue, entries: tuple[Entry, ...]) -> None:
    last = entries[-1]
    show(
        joined(
            (f"{last.shop}/{last.case}  ", "bold"),
            (spoken(catalogue, last.state), "bold cyan"),
            (f"  v{last.version}  #{last.seq}  {last.seal[:12]}…", "dim"),
        )
    )
    table = listing(
        Text("序", "#"), Text("时间", "UTC"), Text("谁", "who"), Text("记录", "what"), Text("答复", "answer")
    )
    table.columns[2].no_wrap = True
    for entry in entries:
        word, style = answered(entry.accepted)
        result = spoken(catalogue, entry.state) if entry.accepted else word
        said = [styled(clause, "dim") for clause, _ in (*entry.refusals, *entry.notes)]
        table.add_row(
            str(entry.seq),
            f"{entry.recorded_at:%m-%d %H:%M}",
            styled(who(catalogue, entry.command.actor)),
            styled(spoken(catalogue, entry.command.name)),
            Styled("\n").join([styled(result, style), *said]),
        )
    show(table)
    for clause, facts in last.refusals:
        show(*refusal_lines(catalogue.clauses[clause].refusal(facts, catalogue.words)))


# --- options -----------------------------------------------------------------------------------------------------


@app.command("options")
def options_of_case(
    case: given.CaseId,
    by: given.By,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    shop: given.ShopId = DEFAULT_SHOP,
    as_json: given.Json = False,
) -> None:
    """现在可以做什么、谁可以做 / What can be done now, and by whom."""
    with existing(db, schema) as engine:
        found = engine.shop(shop).options(case, by=by)
    if as_json:
        show_json({"case": case, "by": by.id, "role": by.role, "options": [_option_document(one) for one in found]})
    else:
        _show_options(engine.catalogue, found)


def _option_document(option: Option) -> dict[str, Any]:
    return {
        "name": option.name,
        "label": words(option.label),
        "dest": option.dest,
        "allowed": option.allowed,
        "roles": sorted(option.roles),
        "clauses": [{"id": id_, "binding": str(binding)} for id_, binding in option.clauses],
        "schema": option.schema,
    }


def _show_options(catalogue: Catalogue, found: tuple[Option, ...]) -> None:
    table = listing(Text("命令", "command"), Text("含义", "meaning"), Text("到", "leads to"), Text("由", "for"))
    for option in sorted(found, key=lambda option: (not option.allowed, option.dest is None)):
        style = "" if option.allowed else "dim"
        roles = "、".join(label(catalogue, role).zh for role in sorted(option.roles))
        table.add_row(
            styled(option.name, "bold" if option.allowed else "dim"),
            styled(f"{option.label.zh} {option.label.en}", style),
            styled(spoken(catalogue, option.dest) if option.dest else "", "cyan" if option.allowed else "dim"),
            styled("可以 you may" if option.allowed else roles, "green" if option.allowed else "dim"),
        )
    show(table)


# --- list --------------------------------------------------------------------------------------------------------


def _state(text: str) -> str:
    states = [str(state) for workflow in standard_catalogue().workflows.values() for state in workflow.states]
    if text not in states:
        message = f"应为状态之一 / should be a state: {', '.join(states)}"
        raise typer.BadParameter(message)
    return text


@app.command("list")
def list_cases(
    state: Annotated[str | None, typer.Option(parser=_state, metavar="STATE", help="状态 / Of one state.")] = None,
    role: Annotated[
        str | None, typer.Option(metavar="ROLE", help="下一步归此角色 / Those whose next step is this role's.")
    ] = None,
    advisor: Annotated[str | None, typer.Option(metavar="ID", help="服务顾问 / Those of one advisor.")] = None,
    open_only: Annotated[bool, typer.Option("--open", help="未结束的 / Those that have not ended.")] = False,
    late: Annotated[bool, typer.Option("--late", help="已过承诺时间的 / Those past their promised time.")] = False,
    after: Annotated[str | None, typer.Option(metavar="CASE", help="从此单号之后 / Those after this case.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", help="每页条数 / How many, 1 to 100.")] = 50,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    shop: given.ShopId = DEFAULT_SHOP,
    as_json: given.Json = False,
) -> None:
    """按单号列出工单 / List cases by id, a page at a time."""
    with existing(db, schema) as engine:
        page = engine.shop(shop).find(
            state=state,
            role=role,
            advisor=advisor,
            open=True if open_only else None,
            late=late,
            after=after,
            limit=limit,
        )
    if as_json:
        show_json({"cases": [_row_document(row) for row in page.rows], "next": page.next})
    else:
        _show_page(engine.catalogue, page)


def _row_document(row: CaseRow) -> dict[str, Any]:
    return row._asdict()


def _minute(instant: str | None) -> str:
    return instant[:16].replace("T", " ") if instant else "—"


def _show_page(catalogue: Catalogue, page: Page) -> None:
    table = listing(
        Text("单号", "case"),
        Text("状态", "state"),
        Text("顾问", "advisor"),
        Text("承诺", "promised (UTC)"),
        Text("最近", "last (UTC)"),
    )
    for row in page.rows:
        table.add_row(
            styled(row.id, "bold"),
            styled(spoken(catalogue, row.state), "cyan"),
            styled(row.advisor or "—"),
            _minute(row.promised_at),
            _minute(row.recorded_at),
        )
    show(table)
    if page.next is not None:
        show(styled(f"下一页 next page: --after {page.next}", "dim"))
