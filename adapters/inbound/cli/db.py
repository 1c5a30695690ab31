"""`gongdan db`: the tables in a host's database — made, checked, shown as SQL, and the case rows rebuilt."""

from __future__ import annotations

import sys

import typer

from adapters.bootstrap import DEFAULT_URL
from adapters.inbound.cli import options as given
from adapters.inbound.cli.screen import joined, show, show_json
from adapters.inbound.cli.stores import existing, store
from engine import Text

app = typer.Typer(no_args_is_help=True, help="数据表 / The tables in the database.")

_AT = Text(zh="表结构版本", en="tables at")


@app.command()
def upgrade(db: given.Db = DEFAULT_URL, schema: given.Schema = None, as_json: given.Json = False) -> None:
    """建表或升级到本版本，要么全部完成要么原样不动 / Make the tables or bring them up to date, all or nothing."""
    with store(db, schema) as opened:
        before, after = opened.upgrade()
    if as_json:
        show_json({"before": before, "after": after})
    else:
        show(joined((f"{_AT.zh} {_AT.en}  ", "bold green"), (f"{before or '-'} → {after}", "")))


@app.command()
def check(db: given.Db = DEFAULT_URL, schema: given.Schema = None, as_json: given.Json = False) -> None:
    """检查表结构是否为本版本 / Check that the tables are of this version (exit 1 when not)."""
    with store(db, schema) as opened:
        at = opened.check()
    if as_json:
        show_json({"at": at})
    else:
        show(joined((f"{_AT.zh} {_AT.en}  ", "bold green"), (at, "")))


@app.command()
def sql(
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
) -> None:
    """输出建表与升级的 SQL，由宿主自己执行 / Print the migrations as SQL, for hosts that run it themselves."""
    with store(db, schema) as opened:
        sys.stdout.write(opened.sql())


@app.command()
def rebuild(db: given.Db = DEFAULT_URL, schema: given.Schema = None, as_json: given.Json = False) -> None:
    """由日志重建全部工单行 / Make every case row anew from the journal; others may go on writing."""
    with existing(db, schema) as engine:
        mended = engine.rebuild()
    if as_json:
        show_json({"mended": mended})
    else:
        show(joined(("已重建 rebuilt  ", "bold green"), (f"改正 {mended} 行 rows mended", "")))
