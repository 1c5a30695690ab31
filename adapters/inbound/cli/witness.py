"""`gongdan witness`: keep the largest checkpoint of a log on another machine, and cosign what continues it."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import Annotated, Any

import typer

from adapters.inbound.cli import options as given
from adapters.inbound.cli.door import REFUSED
from adapters.inbound.cli.screen import joined, listing, plain, show, show_json, styled, words
from adapters.inbound.cli.worker import told_to_stop
from adapters.witness import home
from adapters.witness.core import Reply, Witness
from adapters.witness.server import WitnessServer
from adapters.witness.shared_folder import watch as watching
from adapters.witness.shared_folder import witnessed
from engine import Text

app = typer.Typer(no_args_is_help=True, help="见证人：见证并会签日志的检查点 / Witness and cosign a log's checkpoints.")

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="见证人自己的文件夹 / The witness's own folder.")]
Published = Annotated[
    list[Path],
    typer.Option(
        "--from", metavar="FOLDER", help="日志发布处，可多个 / Where a log publishes; may be given more than once."
    ),
]
_POLL_SECONDS = 10.0
_LOGS = (
    Text("账本", "log"),
    Text("已见证条数", "entries witnessed"),
    Text("根", "root"),
    Text("拒签存证", "refused, kept"),
)


@app.command()
def init(
    folder: Folder,
    name: Annotated[str, typer.Option(metavar="NAME", help="见证人名称，如 oem.example/w1 / The witness's name.")],
    log: Annotated[
        list[str],
        typer.Option(metavar="VKEY", help="账本的公钥，可多个 / A log's public key; may be given more than once."),
    ],
    as_json: given.Json = False,
) -> None:
    """新建见证人：密钥与所认的账本 / Make a witness: its key, and the logs that it knows."""
    made = home.create(folder, name, log)
    line = f"witness {name} {made.vkey}"
    if as_json:
        show_json({"name": name, "vkey": made.vkey, "policy": line, "logs": [*made.logs]})
        return
    typer.echo(plain(f"公钥 public key  {made.vkey}"))
    typer.echo(plain(f"策略行 policy line  {line}"))


@app.command()
def once(folder: Folder, published: Published, as_json: given.Json = False) -> None:
    """看一次：一致则会签，否则说明原因 / Look once: cosign what is consistent, or say why not (exit code 3)."""
    with home.at_work(folder) as witness:
        replies = [(place, witnessed(witness, place)) for place in published]
    if as_json:
        show_json({"replies": [{"from": str(place), **_document(reply)} for place, reply in replies]})
    else:
        for place, reply in replies:
            _tell(place, reply)
    _end([reply for _, reply in replies])


@app.command()
def watch(
    folder: Folder,
    published: Published,
    interval: Annotated[
        float, typer.Option(min=0.01, metavar="SECONDS", help="隔多久再看 / How long to wait between two looks.")
    ] = _POLL_SECONDS,
    as_json: given.Json = False,
) -> None:
    """一直看，收到 SIGTERM 即止 / Look again and again until SIGTERM or Ctrl-C."""
    replies: list[Reply] = []

    def told(place: Path, reply: Reply) -> None:
        replies.append(reply)
        if not as_json:
            _tell(place, reply)

    with told_to_stop() as stop, home.at_work(folder) as witness:
        watching(witness, published, stop, interval, told)
    if as_json:
        refused = sum(bool(reply.objection) for reply in replies)
        show_json({"cosigned": len(replies) - refused, "refused": refused})
    _end(replies)


@app.command()
def serve(
    folder: Folder,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="端口，0 为任一 / The port; 0: any.")],
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="地址 / The address to listen at.")] = "127.0.0.1",
) -> None:
    """以 HTTP 见证，收到 SIGTERM 即止 / Witness over HTTP (C2SP tlog-witness) until SIGTERM or Ctrl-C."""
    with (
        told_to_stop() as stop,
        home.at_work(folder) as witness,
        WitnessServer(witness, host, port) as server,
    ):
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
        serving.start()
        show(joined(("正在见证 witnessing  ", "bold green"), (f"http://{host}:{server.port}/add-checkpoint", "")))
        stop.wait()
        server.shutdown()
        serving.join()


@app.command("show")
def show_witness(folder: Folder, as_json: given.Json = False) -> None:
    """看见证人的公钥与已见证的账本 / Show its public key, and what it has witnessed of each log."""
    witness = home.load(folder)
    rows = [_seen(witness, origin) for origin in witness.logs]
    if as_json:
        show_json({"name": witness.key.name, "vkey": witness.vkey, "logs": rows})
        return
    table = listing(*_LOGS)
    for row in rows:
        table.add_row(
            styled(row["origin"], "bold"),
            str(row["size"]),
            row["root"],
            styled(row["refused"], "red" if row["refused"] else ""),
        )
    typer.echo(plain(f"公钥 public key  {witness.vkey}"))
    show(table)


def _seen(witness: Witness, origin: str) -> dict[str, Any]:
    known, place = witness.known(origin), witness.home(origin)
    refused = len([*(place / "refused").glob("*")])
    return {"origin": origin, "size": known.size, "root": known.root.hex(), "refused": refused, "folder": str(place)}


def _document(reply: Reply) -> dict[str, Any]:
    document: dict[str, Any] = {"cosigned": reply.objection is None}
    if reply.offered:
        document |= {"origin": reply.offered.origin, "size": reply.offered.size, "root": reply.offered.root.hex()}
    if reply.objection:
        document |= {"objection": reply.objection.value, "why": words(reply.objection.label), "first": reply.first}
    return document


def _tell(place: Path, reply: Reply) -> None:
    what = f"{reply.offered.origin} {reply.offered.size}" if reply.offered else str(place)
    if reply.objection is None:
        show(joined(("已会签 cosigned  ", "bold green"), (what, "")))
        return
    first = "" if reply.first is None else f" (自第 {reply.first} 条起 / from entry {reply.first} on)"
    show(joined(("拒绝会签 refused  ", "bold red"), (f"{what}  {reply.objection.label}{first}", "")))


def _end(replies: list[Reply]) -> None:
    if any(reply.objection for reply in replies):
        raise typer.Exit(REFUSED)
