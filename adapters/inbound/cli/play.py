"""`gongdan play`: scenarios played in a database of their own, step by step, with every refusal in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from adapters.inbound.cli import options as given
from adapters.inbound.cli.answers import answer_document, answered, label, refusal_lines, spoken, who
from adapters.inbound.cli.door import REFUSED
from adapters.inbound.cli.scenarios import find, scenarios_folder
from adapters.inbound.cli.screen import grid, indented, joined, show, show_json, styled, words
from adapters.inbound.scenario import Expectation, Played, PlayedStep, Scenario, play, stage
from adapters.inbound.scenario_file import load
from engine import Accepted, Answer, Catalogue, Refusal, Text

_COLUMNS = (33, 29, 29, 3)


def play_scenarios(
    scenarios: Annotated[
        list[str], typer.Argument(metavar="SCENARIO...", help="场景文件或名称 / Scenario files, or names such as A1-….")
    ],
    as_json: given.Json = False,
) -> None:
    """演示场景：逐步显示答复与理由，不合预期则报 3 / Play scenarios; exit 3 when an answer is not the expected one."""
    loaded = [load(find(name, scenarios_folder())) for name in scenarios]
    documents, ok = [], True
    for scenario in loaded:
        played, catalogue = _played(scenario)
        ok = ok and played.ok
        documents.append(played_document(catalogue, played))
        if not as_json:
            show(*played_lines(catalogue, played))
    if as_json:
        show_json({"ok": ok, "scenarios": documents})
    if not ok:
        raise typer.Exit(REFUSED)


def _played(scenario: Scenario) -> tuple[Played, Catalogue]:
    engine = stage()
    with closing(engine.store):
        return play(scenario, engine), engine.catalogue


# --- as a document -----------------------------------------------------------------------------------------------


def played_document(catalogue: Catalogue, played: Played) -> dict[str, Any]:
    """A played scenario: who put what, what was expected, what was answered."""
    scenario = played.scenario
    return {
        "id": scenario.id,
        "title": words(scenario.title),
        "source": scenario.source,
        "profile": scenario.profile,
        "case": played.case_id,
        "ok": played.ok,
        "started": len(played.started),
        "steps": [_step_document(catalogue, step) for step in (*played.started, *played.steps)],
    }


def _step_document(catalogue: Catalogue, played: PlayedStep) -> dict[str, Any]:
    step, expected = played.step, played.expectation
    return {
        "by": step.by.id,
        "role": step.by.role,
        "command": step.name,
        "label": words(label(catalogue, step.name)),
        "say": words(step.say) if step.say else None,
        "expected": {"refused": sorted(expected.refused), "state": expected.state, "notes": sorted(expected.notes)},
        "ok": played.ok,
        **answer_document(played.answer),
    }


# --- for people --------------------------------------------------------------------------------------------------


def played_lines(catalogue: Catalogue, played: Played, *, brief: bool = False) -> Iterator[RenderableType]:
    """The steps of a scenario below its title.

    `brief` only counts the facts that were accepted and moved nothing, and says each refusal once.
    """
    scenario = played.scenario
    yield joined((f"{scenario.id}  ", "bold cyan"), (scenario.title, "bold"))
    state = played.started[-1].answer.state if played.started else ""
    before = f" · 前 {len(played.started)} 步略 steps left out → {spoken(catalogue, state)}" if state else ""
    yield styled(f"  {scenario.profile} · {scenario.source}{before}", "dim")
    told: list[Refusal] = []
    quiet = 0
    for step in played.steps:
        if brief and _is_quiet(step, state):
            quiet += 1
            continue
        yield from _step_lines(catalogue, step, state, quiet)
        yield from _clause_lines(step.answer, told if brief else [])
        state, quiet = step.answer.state, 0


def _is_quiet(played: PlayedStep, state: str) -> bool:
    unremarkable = isinstance(played.answer, Accepted) and not played.answer.notes and played.ok
    return unremarkable and played.answer.state == state and played.step.say is None


def _step_lines(catalogue: Catalogue, played: PlayedStep, state: str, quiet: int) -> Iterator[RenderableType]:
    step, answer = played.step, played.answer
    accepted = isinstance(answer, Accepted)
    word, style = answered(accepted)
    moved = accepted and answer.state != state
    if step.say is not None:
        yield indented(styled(f"{step.say.zh}  {step.say.en}", "italic"), 2)
    table = grid(*_COLUMNS)
    table.add_row(
        styled(who(catalogue, step.by), "dim" if accepted else ""),
        styled(spoken(catalogue, step.name)),
        styled(f"→ {spoken(catalogue, answer.state)}" if moved else word, style),
        styled(f"+{quiet}" if quiet else "", "dim"),
    )
    yield indented(table, 2)
    if not played.ok:
        yield styled(f"  与预期不符 not as expected: {_expected(catalogue, played.expectation)}", "bold red")


def _clause_lines(answer: Answer, told: list[Refusal]) -> Iterator[RenderableType]:
    clauses, style = (answer.notes, "yellow") if isinstance(answer, Accepted) else (answer.refusals, "red")
    for refusal in clauses:
        if refusal in told:
            yield indented(joined((refusal.clause, f"bold {style}"), ("  同上 as above", "dim")), 4)
        else:
            yield from refusal_lines(refusal, style, 4)
        told.append(refusal)


def _expected(catalogue: Catalogue, expectation: Expectation) -> Text:
    if expectation.refused:
        clauses = ", ".join(sorted(expectation.refused))
        return Text(f"应被拒绝（{clauses}）", f"refused by {clauses}")
    notes = "".join(f" +{clause}" for clause in sorted(expectation.notes))
    state = f" → {spoken(catalogue, expectation.state)}" if expectation.state else ""
    return Text(f"应被接受{state}{notes}", f"accepted{state}{notes}")
