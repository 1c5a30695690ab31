"""`gongdan outbox`: who gets entries, what waits, what could not be delivered and what becomes of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from adapters.bootstrap import DEFAULT_URL
from adapters.inbound.cli import options as given
from adapters.inbound.cli.screen import grid, joined, listing, show, show_json, styled
from adapters.inbound.cli.stores import existing
from engine import LATE, Count, Letter, Subscription, Text

app = typer.Typer(no_args_is_help=True, help="发件箱：订阅、待送与死信 / Subscriptions, what waits, dead letters.")

Name = Annotated[str, typer.Argument(metavar="ADAPTER", help="适配器 / The adapter's name.")]
LetterId = Annotated[int | None, typer.Argument(metavar="[LETTER]", help="信件编号 / The letter's number.")]
OfAdapter = Annotated[str | None, typer.Option("--adapter", metavar="NAME", help="该适配器的 / Those of one adapter.")]
Values = list[str] | None
_COUNTS = (
    Text("适配器", "adapter"),
    Text("待送", "waiting"),
    Text("其中迟滞", "late"),
    Text("死信", "dead"),
    Text("最早排入", "oldest"),
    Text("停送原因", "stopped"),
)
_LETTERS = (
    Text("编号", "#"),
    Text("适配器", "adapter"),
    Text("单号", "case"),
    Text("排入", "queued"),
    Text("已试", "tried"),
    Text("状况", "state"),
)
_FIELDS = {
    "id": Text("编号", "number"),
    "adapter": Text("适配器", "adapter"),
    "shop": Text("门店", "shop"),
    "case": Text("单号", "case"),
    "seq": Text("日志序号", "entry"),
    "queued_at": Text("排入时间", "queued"),
    "due_at": Text("下次投递", "due"),
    "attempts": Text("已失败次数", "failures"),
    "failing_since": Text("首次失败", "failing since"),
    "error": Text("原因", "why"),
    "dead_at": Text("成为死信", "dead since"),
}
_TIMES = {"queued_at", "due_at", "failing_since", "dead_at"}


# --- subscriptions ---------------------------------------------------------------------------------------------------


def _begin(text: str) -> str | datetime:
    return text if text in {"now", "first"} else given.moment(text)


@app.command()
def subscribe(
    adapter: Name,
    workflow: Annotated[Values, typer.Option(metavar="NAME", help="流程 / Of these workflows.")] = None,
    event: Annotated[Values, typer.Option(metavar="KIND", help="事实种类 / Of these kinds of facts.")] = None,
    answer: Annotated[Values, typer.Option(metavar="ANSWER", help="accepted 或 refused / Accepted or refused.")] = None,
    clause: Annotated[Values, typer.Option(metavar="ID", help="涉及的条款 / Where these clauses spoke.")] = None,
    of_shop: Annotated[Values, typer.Option(metavar="ID", help="门店 / Of these shops.")] = None,
    begin: Annotated[
        Any,
        typer.Option(parser=_begin, metavar="now|first|TIME", help="从何处起 / With which entry it begins."),
    ] = "now",
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    as_json: given.Json = False,
) -> None:
    """订阅：从此把符合条件的条目排给适配器 / Queue entries for an adapter; options may be given more than once."""
    with existing(db, schema) as engine:
        made = engine.subscribe(
            adapter,
            workflows=workflow or (),
            events=event or (),
            answers=answer or (),
            clauses=clause or (),
            shops=of_shop or (),
            begin=begin,
        )
    if as_json:
        show_json(_subscription(made))
    else:
        show(joined(("已订阅 subscribed  ", "bold green"), (f"{adapter}  {_filter(made)}", "")))


@app.command()
def unsubscribe(
    adapter: Name, db: given.Db = DEFAULT_URL, schema: given.Schema = None, as_json: given.Json = False
) -> None:
    """退订：不再排入，已排入的照送 / Queue nothing more for an adapter; what waits is still delivered."""
    with existing(db, schema) as engine:
        was = engine.outbox.unsubscribe(adapter)
    if as_json:
        show_json({"adapter": adapter, "was_subscribed": was})
    else:
        show(joined(("已退订 unsubscribed  " if was else "原无订阅 was not subscribed  ", "bold"), (adapter, "")))


def _subscription(one: Subscription) -> dict[str, Any]:
    asked: dict[str, list[str]] = {}
    for field, value in one.filter.items():
        asked.setdefault(field, []).append(value)
    return {"adapter": one.adapter, "filter": asked, "begins_at": one.begins_at.isoformat(), "stopped": one.stopped}


def _filter(one: Subscription) -> str:
    return ", ".join(f"{field}={value}" for field, value in one.filter.items()) or "全部 everything"


# --- what waits ------------------------------------------------------------------------------------------------------


@app.command()
def status(db: given.Db = DEFAULT_URL, schema: given.Schema = None, as_json: given.Json = False) -> None:
    """每个适配器的待送、迟滞与死信数 / How many wait, wait for over 5 minutes, are dead, by adapter."""
    with existing(db, schema) as engine:
        counts = {one.adapter: one for one in engine.outbox.counts()}
        known = {one.adapter: one for one in engine.outbox.subscriptions()}
    names = sorted({*counts, *known})
    rows = [
        {
            **counts.get(name, Count(name, 0, 0, 0, None))._asdict(),
            "subscription": _subscription(known[name]) if name in known else None,
        }
        for name in names
    ]
    if as_json:
        show_json({"adapters": rows})
        return
    table = listing(*_COUNTS)
    for name, row in zip(names, rows, strict=True):
        stopped = known[name].stopped if name in known else "未订阅 not subscribed"
        table.add_row(
            styled(name, "bold"),
            str(row["waiting"]),
            styled(row["late"], "yellow" if row["late"] else ""),
            styled(row["dead"], "red" if row["dead"] else ""),
            styled(_at(row["oldest"] or "")),
            styled(stopped or "", "red"),
        )
    show(table)


@app.command("list")
def list_letters(
    adapter: OfAdapter = None,
    dead: Annotated[bool, typer.Option("--dead", help="死信 / Only dead letters.")] = False,
    late: Annotated[
        bool, typer.Option("--late", help="等了五分钟以上的 / Those that wait for over 5 minutes.")
    ] = False,
    after: Annotated[int, typer.Option(metavar="LETTER", help="从此编号之后 / Those after this number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="条数 / How many.")] = 50,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    as_json: given.Json = False,
) -> None:
    """列出待送的信件 / List what is on its way, oldest first."""
    if dead and late:
        message = "--dead 与 --late 只能取其一：死信不再等待 / give --dead or --late: a dead letter waits no more"
        raise typer.BadParameter(message)
    with existing(db, schema) as engine:
        letters = engine.outbox.letters(
            adapter=adapter, dead=dead, late=LATE if late else None, after=after, limit=limit
        )
    if as_json:
        show_json({"letters": [letter._asdict() for letter in letters]})
        return
    table = listing(*_LETTERS)
    for letter in letters:
        table.add_row(
            str(letter.id),
            styled(letter.adapter),
            styled(f"{letter.shop} {letter.case} #{letter.seq}"),
            styled(_at(letter.queued_at)),
            str(letter.attempts),
            _state(letter),
        )
    show(table)


def _state(letter: Letter) -> Any:
    if letter.dead_at:
        return styled(f"死信 dead: {letter.error}", "red")
    return (
        styled(f"再试 again {_at(letter.due_at)}: {letter.error}", "yellow")
        if letter.attempts
        else styled("待送 waiting")
    )


def _at(time: str) -> str:
    """A time in UTC as people read it, to the second."""
    return f"{time[:10]} {time[11:19]}Z" if time else ""


@app.command("show")
def show_letter(
    letter: Annotated[int, typer.Argument(metavar="LETTER", help="信件编号 / The letter's number.")],
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    as_json: given.Json = False,
) -> None:
    """看一封信件 / Look at one letter: where to, why not yet."""
    with existing(db, schema) as engine:
        found = engine.outbox.letter(letter)
    if as_json:
        show_json(found._asdict())
        return
    table = grid(None, None)
    for field, title in _FIELDS.items():
        if (value := getattr(found, field)) is not None:
            table.add_row(styled(f"{title.zh} {title.en}", "dim"), styled(_at(value) if field in _TIMES else value))
    show(table)


# --- dead letters ----------------------------------------------------------------------------------------------------


@app.command()
def retry(
    letter: LetterId = None,
    adapter: OfAdapter = None,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    as_json: given.Json = False,
) -> None:
    """重投一封死信，或某适配器的全部并恢复投递 / Deliver a dead letter after all, or all of an adapter."""
    _one_or_all(letter, adapter)
    with existing(db, schema) as engine:
        number = engine.outbox.retry(letter, adapter=adapter)
    _done("重投 retried", number, as_json=as_json)


@app.command()
def drop(
    letter: LetterId = None,
    adapter: OfAdapter = None,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    as_json: given.Json = False,
) -> None:
    """放弃一封死信，或某适配器的全部；日志不变 / Give up a dead letter, or all of an adapter."""
    _one_or_all(letter, adapter)
    with existing(db, schema) as engine:
        number = engine.outbox.drop(letter, adapter=adapter)
    _done("放弃 dropped", number, as_json=as_json)


def _one_or_all(letter: int | None, adapter: str | None) -> None:
    if (letter is None) == (adapter is None):
        message = "请给出一个信件编号，或 --adapter / give a letter's number, or --adapter"
        raise typer.BadParameter(message)


def _done(said: str, number: int, *, as_json: bool) -> None:
    if as_json:
        show_json({"letters": number})
    else:
        show(joined((f"{said}  ", "bold green"), (f"{number} 封 letters", "")))
