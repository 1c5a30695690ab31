"""`gongdan forget` and `gongdan hold`: personal data restricted, erased at the end of their term, or kept by law."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from adapters.bootstrap import DEFAULT_URL
from adapters.inbound.cli import options as given
from adapters.inbound.cli.door import REFUSED
from adapters.inbound.cli.screen import joined, listing, show, show_json, styled
from adapters.inbound.cli.stores import existing
from adapters.retention import load_retention
from engine import BadCommand, Engine, Forgotten, Hold, Text

DEFAULT_SHOP = "S1"
hold = typer.Typer(no_args_is_help=True, help="法律保全：期间不得抹除 / Legal holds: what they are on is not erased.")

Subject = Annotated[
    str | None, typer.Argument(metavar="[SUBJECT]", help="信息主体：人员编号或单号 / A person's id, or a case's.")
]
OfCase = Annotated[str | None, typer.Option("--case", metavar="CASE", help="或：单号 / Or a case, whosever values.")]
Reason = Annotated[str, typer.Option("--reason", metavar="CODE", help="原因代码 / Why, as a code.")]
MaybeReason = Annotated[str | None, typer.Option("--reason", metavar="CODE", help="原因代码 / Why, as a code.")]

_HOLDS = (
    Text("编号", "#"),
    Text("门店", "shop"),
    Text("信息主体", "subject"),
    Text("单号", "case"),
    Text("原因", "why"),
    Text("始于", "since"),
)
_LEFT = Text(
    "有读取者未结束，已抹除的内容可能仍在预写日志中；请稍后再试",
    "a reader is not done: what was erased may still stand in the write-ahead log; try again later",
)
_NONE = Text("一项有效保全", "a hold in force on it; see `gongdan hold list`")
_SEVERAL = Text("其中之一，用 --number：{numbers}", "one of them, by --number: {numbers}")


def forget(
    subject: Subject = None,
    by: given.Requester = None,
    reason: MaybeReason = None,
    due: Annotated[bool, typer.Option("--due", help="抹除到期者 / Erase whatever is due, in every shop.")] = False,
    scrub: Annotated[
        bool,
        typer.Option(
            "--scrub",
            help="清除文件残留；PostgreSQL 独占锁表 / Leave no trace in the files; PostgreSQL: locks a table.",
        ),
    ] = False,
    id: given.CommandId = None,
    settings: given.Settings = None,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    shop: given.ShopId = DEFAULT_SHOP,
    as_json: given.Json = False,
) -> None:
    """个人信息先限制，到期即抹除 / Restrict a subject's personal data, and erase them when their term ends."""
    if subject is None and not (due or scrub):
        message = "须给出信息主体、--due 或 --scrub / a subject, --due or --scrub is needed"
        raise typer.BadParameter(message)
    if subject is not None and (by is None or reason is None):
        message = "须说明谁提出、为何：--by 与 --reason / who asks and why is needed: --by and --reason"
        raise typer.BadParameter(message)
    done: dict[str, object] = {}
    with existing(db, schema) as engine:
        engine.retention = load_retention(settings)
        if subject is not None and by is not None and reason is not None:
            done |= _forgotten(engine.shop(shop).forget(subject, by=by, reason=reason, id=id))
        if due:
            swept = engine.erase_due()
            done |= {"due_erased": swept.erased, "due_requests": swept.requests, "due_held": swept.held}
        if scrub:
            done["scrubbed"] = engine.scrub()
    _tell(done, as_json=as_json)


def _forgotten(done: Forgotten) -> dict[str, object]:
    until = None if done.until is None else done.until.isoformat()
    return {**done._asdict(), "until": until}


_SAID = {
    "erased": Text("已抹除字段", "values erased"),
    "restricted": Text("只存不用的字段", "values only stored"),
    "until": Text("最迟至", "at the latest until"),
    "held": Text("有法律保全", "on legal hold"),
    "due_erased": Text("到期抹除字段", "due values erased"),
    "due_requests": Text("涉及请求", "of requests"),
    "due_held": Text("保全中的字段", "values on hold"),
    "scrubbed": Text("文件无残留", "no trace in the files"),
}
_YES_NO = {True: "是 yes", False: "否 no", None: "-"}


def _tell(done: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        show_json(done)
    else:
        for name, value in done.items():
            said = _YES_NO[value] if value is None or isinstance(value, bool) else str(value)
            show(joined((f"{_SAID[name].zh} {_SAID[name].en}  ", "bold"), (said, "")))
    if done.get("scrubbed") is False:
        if not as_json:
            show(styled(_LEFT.zh, "yellow"), styled(_LEFT.en, "yellow"))
        raise typer.Exit(REFUSED)


# --- holds -----------------------------------------------------------------------------------------------------------


@hold.command()
def place(
    by: given.By,
    reason: Reason,
    subject: Subject = None,
    case: OfCase = None,
    id: given.CommandId = None,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    shop: given.ShopId = DEFAULT_SHOP,
    as_json: given.Json = False,
) -> None:
    """保全：解除之前不得抹除 / Place a hold: nothing of the subject, or of the case, is erased until it is lifted."""
    with existing(db, schema) as engine:
        placed = engine.shop(shop).place_hold(subject, case=case, by=by, reason=reason, id=id)
    if as_json:
        show_json(placed._asdict())
    else:
        show(
            joined((f"已保全 placed  #{placed.number}  ", "bold"), (f"现有字段 values at present {placed.values}", ""))
        )


@hold.command()
def lift(
    by: given.By,
    reason: Reason,
    subject: Subject = None,
    case: OfCase = None,
    number: Annotated[int | None, typer.Option("--number", metavar="#", help="编号 / The hold's number.")] = None,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    shop: given.ShopId = DEFAULT_SHOP,
    as_json: given.Json = False,
) -> None:
    """解除保全 / Lift a hold: the one on the subject or the case, or the one of that number."""
    with existing(db, schema) as engine:
        chosen = number or _only(engine, shop, subject, case)
        engine.shop(shop).lift_hold(chosen, by=by, reason=reason)
    if as_json:
        show_json({"lifted": chosen})
    else:
        show(joined((f"已解除 lifted  #{chosen}", "bold")))


def _only(engine: Engine, shop: str, subject: str | None, case: str | None) -> int:
    """The number of the one hold on it."""
    numbers = [one.number for one in engine.holds() if (one.shop, one.subject, one.case) == (shop, subject, case)]
    if len(numbers) != 1:
        raise BadCommand(where="hold", expected=_SEVERAL.render({"numbers": numbers}) if numbers else _NONE)
    return numbers[0]


@hold.command("list")
def list_(db: given.Db = DEFAULT_URL, schema: given.Schema = None, as_json: given.Json = False) -> None:
    """列出全部有效保全 / List every hold in force."""
    with existing(db, schema) as engine:
        holds = engine.holds()
    if as_json:
        show_json({"holds": [one._asdict() for one in holds]})
    else:
        show(_table(holds))


def _table(holds: list[Hold]) -> Table:
    table = listing(*_HOLDS)
    for one in holds:
        cells = (one.number, one.shop, one.subject or "-", one.case or "-", one.reason, one.placed_at)
        table.add_row(*(styled(cell) for cell in cells))
    return table
