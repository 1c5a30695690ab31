"""`gongdan demo`: four repair orders from the gate to the follow-up call, and three forgeries of their journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
from rich.console import RenderableType

from adapters.inbound.cli import options as given
from adapters.inbound.cli.anchored import Anchored
from adapters.inbound.cli.answers import finding_lines, report_document, report_lines
from adapters.inbound.cli.door import REFUSED
from adapters.inbound.cli.forgery import one_byte_changed, order_removed, refusal_accepted
from adapters.inbound.cli.play import played_document, played_lines
from adapters.inbound.cli.scenarios import find, scenarios_folder
from adapters.inbound.cli.screen import indented, joined, show, show_json, styled, words
from adapters.inbound.journal_file import read_journal, write_journal
from adapters.inbound.scenario import Played, play, stage
from adapters.inbound.scenario_file import load
from engine import Catalogue, Engine, Finding, Line, Refused, Report, Text, audit_journal

SCENARIOS = ("J-happy-path", "C3-tie-rod-doubled", "D1-worn-tyres", "A1-no-covers-needed")

_PAID, _CHANGED = b'"amount":"720.00"', b'"amount":"120.00"'
_FORGED_CASE, _FORGED_COMMAND = "C3-doubled", "statement_printed"

_REMOVED_CASE = "C3-doubled"

_UNTOUCHED = Text(
    zh="证据包原样审计：日志由本店签名，见证人会签",
    en="The bundle as exported: signed by the shop, cosigned by a witness",
)
_ONE_BYTE = Text(
    zh="副本一：改一个字节，720.00 元改成 120.00 元", en="Copy 1: one byte changed, 720.00 paid becomes 120.00"
)
_RESEALED = Text(
    zh="副本二：拒绝改成接受，整条链重新封印", en="Copy 2: a refusal made an acceptance, the chain sealed anew"
)
_STOLEN = Text(
    zh="副本三：整单删除，用偷来的密钥重新签名", en="Copy 3: a whole order removed, signed anew with the stolen key"
)
_TITLE = Text(zh="四张维修工单，一次审计，三次伪造", en="four repair orders, an audit, three forgeries")
_LEGEND = Text(zh="+N：其间另记 N 项事实", en="+N: so many facts recorded in between")
_WHOLE = Text(zh="封印与链条全部吻合，靠重放识破", en="every seal and link holds; the replay tells")
_TORN = Text(zh="封印识破", en="the seals tell")
_SEEN = Text(zh="封印、链条、签名全部吻合，靠见证人识破", en="every seal, link and signature holds; the witness tells")


@dataclass(frozen=True, slots=True)
class Audited:
    """A copy of the journal and what its audit found; a forged one must be caught."""

    title: Text
    forged: bool
    report: Report
    refused_by: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Proven when untouched, caught when forged."""
        return not self.report.sound if self.forged else self.report.clean


def demo(as_json: given.Json = False) -> None:
    """演示：四张工单、一次审计、三次伪造被识破 / Play four repair orders, audit them, catch three forgeries."""
    loaded = [load(find(name, scenarios_folder())) for name in SCENARIOS]
    with TemporaryDirectory(prefix="gongdan-demo-") as name:
        folder = Path(name)
        engine = stage(f"sqlite:///{folder / 'demo.db'}")
        with closing(engine.store):
            played = [play(scenario, engine) for scenario in loaded]
            audited = _audits(engine, folder, played)
    ok = all(one.ok for one in played) and all(one.ok for one in audited)
    if as_json:
        show_json(_document(engine.catalogue, played, audited, ok=ok))
    else:
        show(*_lines(engine.catalogue, played, audited))
    if not ok:
        raise typer.Exit(REFUSED)


def _audits(engine: Engine, folder: Path, played: list[Played]) -> list[Audited]:
    original, forged = folder / "journal.jsonl", folder / "forged.jsonl"
    write_journal(engine.export_journal(), original)
    lines = [*read_journal(original)]
    anchored = Anchored.at(folder)

    def audit_forged(copy: list[Line]) -> Report:
        write_journal(copy, forged)
        return audit_journal(read_journal(forged), engine.catalogue)

    return [
        Audited(_UNTOUCHED, forged=False, report=anchored.audited(anchored.witnessed_bundle(engine))),
        Audited(_ONE_BYTE, forged=True, report=audit_forged(one_byte_changed(lines, _PAID, _CHANGED))),
        Audited(
            _RESEALED,
            forged=True,
            report=audit_forged(refusal_accepted(lines, _FORGED_CASE, _FORGED_COMMAND)),
            refused_by=_refused_by(played),
        ),
        Audited(_STOLEN, forged=True, report=_with_stolen_key(anchored, order_removed(lines, _REMOVED_CASE))),
    ]


def _with_stolen_key(anchored: Anchored, lines: list[Line]) -> Report:
    """What the auditor finds in a bundle of another database, which holds these lines and signs with the same key."""
    thief = stage(f"sqlite:///{anchored.folder / 'forged.db'}")
    with closing(thief.store):
        thief.import_journal(lines)
        return anchored.audited(anchored.bundle(thief, "forged"))


def _refused_by(played: list[Played]) -> tuple[str, ...]:
    """The clauses of the refusal that the second forger turns."""
    steps = (step for one in played if one.case_id == _FORGED_CASE for step in one.steps)
    answers = (step.answer for step in steps if step.step.name == _FORGED_COMMAND)
    return next((answer.clauses for answer in answers if isinstance(answer, Refused)), ())


def _document(catalogue: Catalogue, played: list[Played], audited: list[Audited], *, ok: bool) -> dict[str, Any]:
    return {
        "ok": ok,
        "scenarios": [played_document(catalogue, one) for one in played],
        "audits": [
            {"copy": words(one.title), "forged": one.forged, "ok": one.ok, **report_document(one.report)}
            for one in audited
        ],
    }


def _lines(catalogue: Catalogue, played: list[Played], audited: list[Audited]) -> Iterator[RenderableType]:
    yield styled(f"gongdan 工单：{_TITLE}", "bold")
    yield styled(_LEGEND, "dim")
    for one in played:
        yield ""
        yield from played_lines(catalogue, one, brief=True)
    for copy in audited:
        yield ""
        yield styled(copy.title, "bold cyan")
        yield from _caught(copy) if copy.forged else report_lines(copy.report)


def _caught(copy: Audited) -> Iterator[RenderableType]:
    if not copy.ok:
        yield styled("未识破 not caught", "bold red")
        return
    shown = [finding for finding in copy.report.findings if finding.kind != "anchor.missing"]
    yield joined(("识破 caught  ", "bold green"), (_told_by(shown), ""))
    for finding in shown:
        yield from finding_lines(finding)
    if copy.refused_by:
        yield indented(styled(f"当时据以拒绝 it was refused by: {', '.join(copy.refused_by)}", "dim"), 4)


def _told_by(findings: list[Finding]) -> Text:
    """What gave the forger away."""
    families = {finding.kind.partition(".")[0] for finding in findings}
    by_witness = families <= {"seen", "quorum"}
    return _WHOLE if families == {"replay"} else _SEEN if by_witness else _TORN
