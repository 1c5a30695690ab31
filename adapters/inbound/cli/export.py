"""`gongdan audit export`: a bundle for an auditor, who needs nothing else of ours to verify it."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from adapters.bootstrap import DEFAULT_URL
from adapters.inbound.bundle_file import carried, write_folder, write_zip
from adapters.inbound.cli import options as given
from adapters.inbound.cli.checkpoint import Key, checkpointing
from adapters.inbound.cli.screen import joined, show, show_json
from adapters.inbound.cli.stores import existing
from adapters.trust import read_policy
from engine import BadSettings, Text
from engine.proof.verify import parse_checkpoint, parse_note

LONGEST = 65_536
_CHECKPOINT = Text(zh="检查点（C2SP 签名笔记）", en="a checkpoint, as a C2SP signed note")

Out = Annotated[
    Path, typer.Option("--out", metavar="PATH", help="新建的 zip 文件或文件夹 / The zip or folder, not there yet.")
]
Plain = Annotated[bool, typer.Option("--plain", help="写成文件夹，不压缩 / A folder of files, not compressed.")]
Whom = Annotated[str, typer.Option("--to-whom", metavar="ID", help="交给谁 / Who gets it: an opaque id.")]
Purpose = Annotated[str, typer.Option("--purpose", metavar="CODE", help="用途代码 / What for, as a code.")]
Shop = Annotated[
    str | None, typer.Option("--shop", metavar="ID", help="只限此门店；不给则全部 / Only this shop; else all.")
]
Case = Annotated[str | None, typer.Option("--case", metavar="CASE", help="只限此单 / Only this case of the shop.")]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--from", parser=given.moment, metavar="TIME", help="此时起有记录的单 / Cases with entries from this time on."
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(
        "--to", parser=given.moment, metavar="TIME", help="此时前有记录的单 / Cases with entries before this time."
    ),
]
Subjects = Annotated[
    list[str] | None,
    typer.Option(
        "--open-subject",
        metavar="ID",
        help="随附此人的个人信息明文，可重复 / Give this subject's personal values in clear; may be repeated.",
    ),
]
Paths = Annotated[
    list[str] | None,
    typer.Option(
        "--open-field",
        metavar="PATH",
        help="随附此字段的明文，可重复 / Give the values of this field in clear, such as vin; may be repeated.",
    ),
]
Known = Annotated[
    list[Path] | None,
    typer.Option(
        "--since",
        metavar="CHECKPOINT",
        help="审计方已有的检查点，可重复 / A checkpoint that the auditor has: proof that this continues it.",
    ),
]


def export(
    out: Out,
    to_whom: Whom,
    purpose: Purpose,
    by: given.By,
    key: Key,
    plain: Plain = False,
    shop: Shop = None,
    case: Case = None,
    since: Since = None,
    until: Until = None,
    open_subject: Subjects = None,
    open_field: Paths = None,
    known: Known = None,
    publish: given.Published = None,
    policy: given.Asked = None,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    as_json: given.Json = False,
) -> None:
    """导出证据包，审计方可独立核验；导出本身记入日志 / Write a bundle that an auditor verifies alone; an entry too."""
    files = {**carried(), **({} if policy is None else {"policy": _policy(policy)})}
    sizes = [_size(file) for file in known or ()]
    with existing(db, schema) as engine:
        making = checkpointing(engine, [key], publish, policy)
        members = engine.export(
            *making.signers,
            make=making.make,
            by=by,
            to=to_whom,
            purpose=purpose,
            shop=shop,
            case=case,
            since=since,
            until=until,
            subjects=open_subject or (),
            paths=open_field or (),
            known=sizes,
            files=files,
            generator=f"gongdan {version('gongdan')}",
        )
        written = write_folder(members, out) if plain else write_zip(members, out)
    if as_json:
        show_json({"file": str(out), **written._asdict()})
    else:
        counts = f"{out}  {written.members} 个文件 files，{written.bytes} 字节 bytes"
        show(joined(("已导出 exported  ", "bold green"), (counts, "")))


def _policy(file: Path) -> bytes:
    """A policy as it is, when it is one. Raises BadSettings, OSError."""
    read_policy(file)
    return file.read_bytes()


def _size(file: Path) -> int:
    """The size of a checkpoint that somebody has kept. Raises BadSettings, OSError."""
    with file.open("rb") as opened:
        raw = opened.read(LONGEST + 1)
    try:
        return parse_checkpoint(parse_note(raw).text).size
    except ValueError:
        raise BadSettings(where=str(file), expected=_CHECKPOINT) from None
