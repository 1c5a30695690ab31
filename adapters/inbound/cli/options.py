"""The options that commands share, and how their words are read."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.inbound.layer_file import with_layers
from engine import Actor, BadCommand, Catalogue, GongdanError, Late, Personal, Text, standard_catalogue

_LONGEST_FACTS = 1024 * 1024
_EXAMPLE = '{"amount": "720.00"}'
_FACTS = Text(zh=f"UTF-8 编码的 JSON 对象，如 {_EXAMPLE}", en=f"a JSON object in UTF-8, such as {_EXAMPLE}")


def _actor(text: str) -> Actor:
    id_, _, role = text.rpartition(":")
    try:
        return Actor(id_, role)
    except GongdanError:
        message = "应为 编号:角色 / should be ID:ROLE, such as sa-1:service_advisor"
        raise typer.BadParameter(message) from None


def moment(text: str) -> datetime:
    """A time with its zone. Raises typer's BadParameter."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901  has no zone, as the next line wants to know
    if moment.tzinfo is None:
        message = "应为带时区的时间 / should be a time with its zone, such as 2026-11-23T09:00:00+08:00"
        raise typer.BadParameter(message)
    return moment


def facts(text: str) -> dict[str, Any]:
    """A JSON object given as it is, as `@FILE`, or as `-` for stdin. Raises BadCommand, OSError."""
    match text[:1], text:
        case _, "-":
            raw = sys.stdin.buffer.read(_LONGEST_FACTS + 1)
        case "@", _:
            with Path(text[1:]).open("rb") as file:
                raw = file.read(_LONGEST_FACTS + 1)
        case _:
            raw = text.encode()
    try:
        document = json.loads(raw) if len(raw) <= _LONGEST_FACTS else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise BadCommand(where="--facts", expected=_FACTS)
    return document


def late(reason: str | None, paper: str | None) -> Late | None:
    """Both options of a late entry, or neither. Raises BadCommand for a paper that is no id."""
    if reason is None and paper is None:
        return None
    if reason is None or paper is None:
        message = "--late-reason 与 --late-paper 须同时给出 / --late-reason and --late-paper go together"
        raise typer.BadParameter(message)
    return Late(Personal.clear(reason), paper)


def catalogue(dealer: list[Path] | None) -> Catalogue:
    """What ships, with the dealers' layers over it. Raises BadProfile, UnknownProfile, OSError."""
    return with_layers(dealer or (), standard_catalogue())


Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 文档 / Print exactly one JSON document.")]
Db = Annotated[
    str,
    typer.Option(
        "--db", envvar="GONGDAN_DB", metavar="URL|FILE", help="数据库 / A database URL, or the path of a SQLite file."
    ),
]
Schema = Annotated[
    str | None,
    typer.Option("--schema", envvar="GONGDAN_SCHEMA", metavar="NAME", help="表所在的 schema / The tables' schema."),
]
Settings = Annotated[
    Path | None,
    typer.Option(
        "--settings", envvar="GONGDAN_SETTINGS", metavar="FILE", help="适配器设置文件 / The TOML file of the adapters."
    ),
]
SigningKey = Annotated[
    Path | None,
    typer.Option("--key", envvar="GONGDAN_KEY", metavar="FILE", help="签名私钥文件 / The file of the signing key."),
]
Published = Annotated[
    Path | None,
    typer.Option(
        "--publish",
        envvar="GONGDAN_PUBLISH",
        metavar="FOLDER",
        help="把检查点与哈希发布到此文件夹 / Publish the checkpoint and the hashes in this folder.",
    ),
]
Asked = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        envvar="GONGDAN_POLICY",
        metavar="FILE",
        help="请哪些见证人会签 / The policy that names the witnesses to ask.",
    ),
]
ShopId = Annotated[str, typer.Option("--shop", envvar="GONGDAN_SHOP", metavar="ID", help="门店 / The shop.")]
By = Annotated[
    Actor, typer.Option("--by", parser=_actor, metavar="ID:ROLE", help="谁 / Who acts, such as sa-1:service_advisor.")
]
Requester = Annotated[
    Actor | None,
    typer.Option("--by", parser=_actor, metavar="ID:ROLE", help="谁提出 / Who asks, such as sm-1:service_manager."),
]
ProfileName = Annotated[str, typer.Option("--profile", metavar="NAME", help="品牌口径 / The profile of rules.")]
Dealer = Annotated[
    list[Path] | None,
    typer.Option(
        "--dealer",
        envvar="GONGDAN_DEALER",
        metavar="FILE",
        help="本店口径文件，可叠加 / A dealer's own layer (TOML); each one given stands over those before it.",
    ),
]
WorkflowName = Annotated[str, typer.Option("--workflow", metavar="NAME", help="流程 / The workflow.")]
CaseId = Annotated[str, typer.Argument(metavar="CASE", help="单号 / The case's id.")]
CommandName = Annotated[str, typer.Argument(metavar="COMMAND", help="命令 / What is recorded, such as kit_fitted.")]
CommandId = Annotated[
    str | None,
    typer.Option("--id", metavar="ID", help="命令编号，重试不重复 / The command's id: a retry repeats nothing."),
]
Facts = Annotated[
    str, typer.Option("--facts", metavar="JSON|@FILE|-", help="事实 / The facts: JSON, @file, or - for stdin.")
]
At = Annotated[
    datetime | None,
    typer.Option("--at", parser=moment, metavar="TIME", help="发生时间 / When it happened (ISO, with zone)."),
]
Expected = Annotated[
    int | None, typer.Option("--expected", metavar="VERSION", help="所依据的版本 / The version you decided on.")
]
LateReason = Annotated[str | None, typer.Option("--late-reason", metavar="TEXT", help="迟录原因 / Why it is late.")]
LatePaper = Annotated[
    str | None, typer.Option("--late-paper", metavar="ID", help="纸质单号 / The paper that shows when it happened.")
]
