"""`gongdan sop coverage`: a catalogue of clauses against what is loaded, and what proves each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from adapters.inbound.catalogue_file import Coverage, Implemented, Wanted, compare, read_catalogue
from adapters.inbound.cli import options as given
from adapters.inbound.cli.door import REFUSED
from adapters.inbound.cli.scenarios import scenarios_folder
from adapters.inbound.cli.screen import indented, joined, show, show_json, styled
from adapters.inbound.scenario import Scenario
from adapters.inbound.scenario_file import load
from engine import Text

_IMPLEMENTED = Text(zh="已实现", en="implemented")
_MISSING = Text(zh="缺少", en="missing")
_EXTRA = Text(zh="目录之外", en="extra")
_UNPROVEN = Text(zh="没有场景因它而败", en="no scenario fails without it")


def coverage(
    catalogue: Annotated[Path, typer.Argument(metavar="CATALOGUE.yaml", help="条款目录 / A catalogue of clauses.")],
    machine: Annotated[
        str | None, typer.Option("--machine", metavar="NAME", help="只看一个流程 / Only the clauses of one machine.")
    ] = None,
    dealer: given.Dealer = None,
    as_json: given.Json = False,
) -> None:
    """条款目录与已装条款对照；缺少强制条款时退出码 3 / Compare; exit 3 when an enforced clause is missing."""
    wanted = [clause for clause in read_catalogue(catalogue) if machine in {None, clause.machine}]
    found = compare(wanted, given.catalogue(dealer), _scenarios())
    if as_json:
        show_json(_document(found))
    else:
        show(*_lines(found))
    if any(clause.enforced for clause in found.missing):
        raise typer.Exit(REFUSED)


def _scenarios() -> dict[str, Scenario]:
    """The scenario files of the repository; an installed package has none."""
    return {file.stem: load(file) for file in sorted(scenarios_folder().glob("*.toml"))}


def _document(found: Coverage) -> dict[str, Any]:
    return {
        "implemented": [_implemented_document(one) for one in found.implemented],
        "missing": [asdict(clause) for clause in found.missing],
        "extra": [_implemented_document(one) for one in found.extra],
    }


def _implemented_document(one: Implemented) -> dict[str, Any]:
    document = asdict(one)
    wanted = document.pop("wanted")
    return {**document, "catalogue": wanted and {name: wanted[name] for name in wanted if name != "id"}}


def _lines(found: Coverage) -> Iterator[RenderableType]:
    enforced = sum(clause.enforced for clause in found.missing)
    yield joined(
        (f"{_IMPLEMENTED.zh} {_IMPLEMENTED.en} {len(found.implemented)}  ", "bold green"),
        (f"{_MISSING.zh} {_MISSING.en} {len(found.missing)}", "bold red" if enforced else ""),
        (f"（强制 enforced {enforced}）  ", ""),
        (f"{_EXTRA.zh} {_EXTRA.en} {len(found.extra)}", ""),
    )
    for one in (*found.implemented, *found.extra):
        yield from _implemented_lines(one)
    for clause in found.missing:
        yield _missing_line(clause)


def _implemented_lines(one: Implemented) -> Iterator[RenderableType]:
    yield joined(
        (one.id, "bold"),
        (f"  {one.binding}", ""),
        (f"  {', '.join(one.profiles) or '—'}", "dim"),
        ("" if one.wanted else f"  {_EXTRA.zh} {_EXTRA.en}", "yellow"),
    )
    yield indented(styled(one.function, "cyan"), 2)
    proven = ", ".join(one.scenarios) or f"{_UNPROVEN.zh} / {_UNPROVEN.en}"
    yield indented(styled(proven, "" if one.scenarios else "yellow"), 2)


def _missing_line(clause: Wanted) -> RenderableType:
    return joined(
        (f"{_MISSING.zh} {_MISSING.en}  ", "red" if clause.enforced else "yellow"),
        (clause.id, "bold"),
        (f"  {clause.machine} {clause.tier}", "dim"),
    )
