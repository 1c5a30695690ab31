"""A journal to report on: scenarios played over three weeks, a waiver, a late entry, and what forgers did to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path

from adapters.inbound.cli.forgery import one_byte_changed, refusal_accepted
from adapters.inbound.scenario import StageClock, play, stage
from adapters.inbound.scenario_file import load
from adapters.report import Proof, render
from engine import (
    Catalogue,
    Compliance,
    Engine,
    Finding,
    Integrity,
    Late,
    Line,
    Personal,
    Profile,
    Report,
    Sealed,
    Tally,
    audit_journal,
    standard_catalogue,
)
from engine.events import repair_order as ro
from engine.events.common import ClauseWaived
from tests.support import ADVISOR, KIT, MANAGER, arrive

SCENARIOS = Path(__file__).parent.parent / "scenarios"
PLAYED = (
    "C3-tie-rod-doubled",
    "A5-handwritten-order",
    "J-happy-path",
    "E7-hurried-explanation",
    "K-statement-incomplete",
)
MADE_AT = datetime(2026, 12, 20, 8, tzinfo=UTC)
PLAIN = Proof("journal.jsonl", Integrity.UNVERIFIABLE, Compliance.CONFORMS)
HOUSE = """
name = "house"
version = "1"
extends = "dpca"
label = { zh = "本店", en = "house" }

[clauses.repair_order]
"flow.waiver" = { waivable = ["arrive.purpose-recorded", "protect.kit-four-piece"] }
"""
LATE = Late(Personal.clear("网络中断，先记在纸上"), "PAPER-17")


def house() -> Catalogue:
    """What ships, and a profile under which two clauses may be waived."""
    shipped = standard_catalogue()
    return replace(shipped, profiles={**shipped.profiles, "house": Profile.load(HOUSE)})


@cache
def written() -> tuple[Line, ...]:
    """The journal as the engine wrote it."""
    engine = stage(catalogue=house())
    opening = engine.world.clock()
    for week, name in enumerate(PLAYED):
        engine.world.clock.now = opening + timedelta(weeks=week % 3)
        play(load(SCENARIOS / f"{name}.toml"), engine)
    _waive(engine)
    lines = tuple(engine.export_journal())
    engine.store.close()
    return lines


def _waive(engine: Engine) -> None:
    """A clause is waived, and something is recorded three quarters of an hour late."""
    shop, clock = engine.shop("S2", profile="house"), engine.world.clock
    assert isinstance(clock, StageClock)
    arrive(shop, "RO-7")
    shop.apply("RO-7", KIT, by=ADVISOR)
    waiver = ClauseWaived(refused_seq=3, clause="arrive.purpose-recorded", reason=Personal.clear("客户已电话说明"))
    shop.apply("RO-7", waiver, by=MANAGER)
    happened = clock.now
    clock.now += timedelta(minutes=45)
    shop.apply("RO-7", KIT, by=ADVISOR, occurred_at=happened, late=LATE)
    shop.apply("RO-7", ro.StaffEntered(kit_in_place=True), by=MANAGER)


def forged() -> list[Line]:
    """The journal where a refusal was made an acceptance and sealed anew, and elsewhere a byte was changed."""
    lines = refusal_accepted(written(), "C3-doubled", "statement_printed")
    return one_byte_changed(lines, b'"sa-1"', b'"sa-2"')


def tallied(lines: Iterable[Line], report: Report | None = None) -> Tally:
    """The tally of a journal, with what was found."""
    catalogue = house()
    tally = Tally.of(catalogue)
    entries = (Sealed.read(body, seal, catalogue).entry for kind, body, seal in lines if kind == "entry")
    for (shop, case), group in groupby(filter(None, entries), lambda entry: (entry.shop, entry.case)):
        tally.add(shop, case, [*enumerate(group)], _of_case(report, shop, case))
    return tally


def _of_case(report: Report | None, shop: str, case: str) -> list[Finding]:
    found = report.findings if report else ()
    return [finding for finding in found if (finding.shop, finding.case) == (shop, case)]


def audited(lines: Iterable[Line]) -> Report:
    """What an audit without an anchor finds."""
    return audit_journal(lines, house())


def page(lines=None, report=None, proof=PLAIN, tally=None):
    lines = written() if lines is None else lines
    report = audited(lines) if report is None else report
    return render(tally or tallied(lines, report), report, proof, house(), MADE_AT)


VOID = {"meta", "link", "input", "br", "col"}


class Page(HTMLParser):
    """What a browser would see of a page: its elements, what they name, and the text between."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words)

    def all(self, name):
        return [value for _, given, value in self.attributes if given == name]
