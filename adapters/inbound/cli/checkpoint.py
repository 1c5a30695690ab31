"""`gongdan checkpoint`: what the log is, signed; and the keys that sign it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from adapters import keys
from adapters.bootstrap import DEFAULT_URL
from adapters.checkpointing import Checkpointing
from adapters.inbound.cli import options as given
from adapters.inbound.cli.screen import console, joined, plain, show_json
from adapters.inbound.cli.stores import existing
from adapters.trust import read_policy
from engine import Engine, LogKey, Signed
from engine.proof.note import vkey

app = typer.Typer(no_args_is_help=True, help="检查点：日志的签名与密钥 / Checkpoints: the log's signatures and keys.")


@app.callback()
def checkpoint() -> None:
    """检查点：日志的签名与密钥 / Checkpoints: the log's signatures and keys."""


Key = Annotated[
    Path,
    typer.Option("--key", envvar="GONGDAN_KEY", metavar="FILE", help="签名私钥文件 / The file of the signing key."),
]
NewKey = Annotated[
    Path, typer.Option("--new-key", metavar="FILE", help="新私钥文件 / The file of the key that signs from now on.")
]


def checkpointing(engine: Engine, files: Sequence[Path], folder: Path | None, policy: Path | None) -> Checkpointing:
    """What makes the checkpoints of a database with these keys. Raises BadSettings, OSError."""
    signers = [keys.load(file) for file in files]
    return Checkpointing(engine, signers, folder, None if policy is None else read_policy(policy))


@app.command()
def now(
    key: Key,
    publish: given.Published = None,
    policy: given.Asked = None,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    as_json: given.Json = False,
) -> None:
    """立即签一个检查点；没有新条目则不签 / Sign a checkpoint now; none is made when nothing is new."""
    with existing(db, schema) as engine:
        making = checkpointing(engine, [key], publish, policy)
        made = making.make()
        _tell(engine, made or making.collect(), as_json=as_json, made=made is not None)


@app.command("show")
def show_(db: given.Db = DEFAULT_URL, schema: given.Schema = None, as_json: given.Json = False) -> None:
    """最近的检查点、谁签了字、还有多少条目未入账 / The last checkpoint, who signed it, and how much waits for one."""
    with existing(db, schema) as engine:
        _tell(engine, engine.checkpoints.last(), as_json=as_json, made=None)


@app.command()
def rotate(
    key: Key,
    new_key: NewKey,
    publish: given.Published = None,
    policy: given.Asked = None,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    as_json: given.Json = False,
) -> None:
    """换签名密钥：记入日志，检查点由新旧两把同签 / Change the signing key: announced in the log, signed by both."""
    with existing(db, schema) as engine:
        made = checkpointing(engine, [key, new_key], publish, policy).rotate()
        _tell(engine, made, as_json=as_json, made=True)


def _tell(engine: Engine, signed: Signed | None, *, as_json: bool, made: bool | None) -> None:
    document = _document(signed, engine.checkpoints.epochs(), engine.checkpoints.waiting())
    if as_json:
        show_json(document if made is None else {"made": made, **document})
    else:
        console().print(*_lines(document, made), sep="\n", soft_wrap=True)  # a key or a note is copied as one line


def _document(signed: Signed | None, epochs: Sequence[LogKey], waiting: int) -> dict[str, Any]:
    note = None if signed is None or signed.note is None else signed.note.decode()
    shown = [vkey(one.name, bytes.fromhex(one.public)) for one in epochs]
    size, root = (None, None) if signed is None else (signed.size, signed.root)
    return {"size": size, "root": root, "note": note, "keys": shown, "waiting": waiting}


def _lines(document: dict[str, Any], made: bool | None) -> Iterator[RenderableType]:
    said = {True: "已签 signed", False: "没有新条目 nothing new", None: "最近的检查点 last checkpoint"}[made]
    if document["note"] is None:
        yield joined(("还没有检查点 no checkpoint yet", "yellow"))
    else:
        yield joined((f"{said}  ", "bold green"), (f"{document['size']} 条 entries", ""))
        yield from (plain(line) for line in document["note"].rstrip("\n").split("\n"))
    yield joined(("未入账 waiting  ", "bold"), (f"{document['waiting']} 条 entries", ""))
    for number, key in enumerate(document["keys"], 1):
        yield joined((f"密钥 key {number}  ", "bold"), (key, ""))


@app.command()
def keygen(
    name: Annotated[
        str,
        typer.Option(
            metavar="ORIGIN", help="账本名称，如 4s.example/jn-01 / The log's name, such as 4s.example/jn-01."
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="新建的私钥文件，权限 0600 / The new file for the private key.")
    ],
    as_json: given.Json = False,
) -> None:
    """新建日志的签名密钥，打印公钥 / Make a key for a log and print its public part; nothing is written over."""
    key = keys.generate(name)
    keys.save(key, out)
    public = vkey(key.name, key.public)
    if as_json:
        show_json({"name": key.name, "file": str(out), "vkey": public, "policy": f"log {public}"})
        return
    typer.echo(plain(f"公钥 public key  {public}"))
    typer.echo(plain(f"策略行 policy line  log {public}"))
