"""Audit against bare parse and decide of the same entries, and what an audit holds in memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import process_time

from adapters.bootstrap import bootstrap
from bench.measure import Comparison, Measure
from bench.order import ADVISOR, PROFILE, SHOP, STEPS, Step
from bench.rounds import Contender, interleaved
from bench.sizes import Sizes
from engine import Accepted, Actor, Catalogue, Engine, Event, Fact, Line, Text, audit_journal
from engine.command import Command
from engine.decider import Decider
from engine.document import CommandDocument, Document

MARK = 0.6
FLAT = 1.1
_SHORT = 3


def auditing(folder: Path, sizes: Sizes) -> Measure:
    """The exported lines of many orders, in memory on both sides. Processor time."""
    engine = _played(folder / "audited.db", sizes.audited, STEPS)
    lines, catalogue = list(engine.export_journal()), engine.catalogue
    contenders = {"audit": _by_audit(lines, catalogue), "bare": _bare(lines, catalogue)}
    rounds = interleaved(contenders, process_time, sizes.short_rounds)
    return Comparison(rounds, "audit", "bare").at_least(
        MARK,
        "audit",
        name=Text(zh="审计日志", en="audit"),
        floor=Text(zh="只解析并裁定同样的条目 ÷ 审计", en="bare parse + decide of the same entries ÷ audit"),
    )


def memory(folder: Path, sizes: Sizes) -> Measure:
    """What an audit of a database holds at most, with few orders and with many."""
    peaks = [_peak(folder / f"{cases}.db", cases) for cases in (sizes.few, sizes.many)]
    return Measure(
        key="audit_memory",
        name=Text(
            zh=f"审计的内存峰值，{sizes.many} 单 ÷ {sizes.few} 单",
            en=f"audit's peak memory, {sizes.many} ÷ {sizes.few} cases",
        ),
        floor=Text(
            zh=f"{sizes.few} 单：{peaks[0]:,} 字节；{sizes.many} 单：{peaks[1]:,} 字节",
            en=f"{sizes.few} cases: {peaks[0]:,} bytes; {sizes.many} cases: {peaks[1]:,} bytes",
        ),
        mark=FLAT,
        at_least=False,
        ratios=(peaks[1] / peaks[0],),
        figures={"few_bytes": peaks[0], "many_bytes": peaks[1]},
    )


def _peak(file: Path, cases: int) -> int:
    engine = _played(file, cases, STEPS[:_SHORT])
    tracemalloc.start()
    try:
        report = engine.audit()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report.sound
    assert report.cases == cases
    engine.store.close()
    return peak


def _played(file: Path, cases: int, steps: Sequence[Step]) -> Engine:
    """An engine with many orders that all took these steps; nobody needs its disk to be safe."""
    engine = bootstrap(f"sqlite:///{file}", upgrade=True, synchronous="OFF")
    shop = engine.shop(SHOP, profile=PROFILE)
    facts = [shop.fact(step.name, step.facts) for step in steps]
    for number in range(cases):
        case = f"RO-{number:06}"
        shop.open(case, by=ADVISOR)
        for fact in facts:
            shop.apply(case, fact, by=ADVISOR)
    return engine


def _by_audit(lines: Sequence[Line], catalogue: Catalogue) -> Contender:
    def play() -> int:
        report = audit_journal(lines, catalogue)
        assert report.sound
        return report.entries

    return play


def _bare(lines: Sequence[Line], catalogue: Catalogue) -> Contender:
    """The loop that only replays: parse into types, decide, carry the case on.

    Nothing is verified: no canonical bytes, no seal, no link; no answer is compared with the recorded one.
    """
    decider = Decider(catalogue.rules(PROFILE, "repair_order"), catalogue)
    bodies = [body for kind, body, _ in lines if kind == "entry"]
    events = catalogue.events

    def play() -> int:
        case = decider.open(SHOP, "")
        for body in bodies:
            said = Document.model_validate(json.loads(body))
            case = decider.open(SHOP, said.case) if said.seq == 1 else case
            command, at = _command(said.command, events), datetime.fromisoformat(said.recorded_at)
            answer = decider.decide(case, command, at)
            if isinstance(answer, Accepted):
                fact = Fact(command.facts, command.actor, at, at, answer.version)
                case = case.accepted(fact, answer.state, said.prev)
        return len(bodies)

    return play


def _command(said: CommandDocument, events: Mapping[str, type[Event]]) -> Command:
    return Command(said.id, Actor(said.actor.id, said.actor.role), events[said.name].from_journal(said.facts))
