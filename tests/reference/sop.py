"""What the SOP has: the machine and its states, the clauses, and the demo that plays them."""

from __future__ import annotations

from functools import partial
from typing import Any

from typer.testing import CliRunner

from adapters.inbound.cli import app
from engine import Binding, Figure, standard_catalogue
from engine.profiles import SHIPPED
from engine.states.repair_order import ROWS, State
from tests.reference.markdown import fenced, table


def command(*words: str) -> str:
    """What a gongdan command prints, in a terminal of 100 columns. Raises when it fails: no page shows half of it."""
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "100", "NO_COLOR": "1"})
    if result.exit_code != 0:
        message = f"gongdan {' '.join(words)}: exit code {result.exit_code}\n{result.output}"
        raise RuntimeError(message)
    lines = (line.rstrip() for line in result.stdout.splitlines())
    return "\n".join(lines).strip("\n") + "\n"


def machine() -> str:
    return fenced("mermaid", command("sop", "graph"))


def demo() -> str:
    return fenced("text", command("demo"))


def states() -> str:
    """Every state with its labels, and the moves that leave it."""
    return table(
        ("state", "zh", "en", "moves"),
        [(f"`{state}`", state.label.zh, state.label.en, _moves(state) or "none") for state in State],
    )


def _moves(state: State) -> str:
    return ", ".join(f"`{row.name}` → {row.dest}" for row in ROWS if row.source == state and row.dest)


def clauses() -> str:
    """Every clause that ships, with the profiles that hold it and the commands it binds."""
    catalogue = standard_catalogue()
    rules = {name: catalogue.rules(name, "repair_order").clauses for name in catalogue.profiles}
    rows = []
    for id_, clause in sorted(catalogue.clauses.items()):
        held = [name for name in rules if id_ in rules[name]]
        binding = rules[held[0]][id_].binding if held else Binding.REFUSE
        kinds = ", ".join(f"`{event.kind}`" for event in clause.on if hasattr(event, "kind")) or "every command"
        where = "all" if len(held) in {0, len(rules)} else ", ".join(held)
        rows.append((f"`{id_}`", kinds, binding, where, clause.source, clause.reason.zh, clause.reason.en))
    return table(("clause", "binds", "how", "profiles", "source", "zh", "en"), rows)


def clauses_of(profile: str) -> str:
    """Every clause of one profile as it binds there: figures in force, why it is unmet and what to do, zh and en."""
    catalogue = standard_catalogue()
    rules = catalogue.rules(profile, "repair_order")
    rows = []
    for id_, bound in sorted(rules.clauses.items()):
        clause = catalogue.clauses[id_]
        figures = "<br>".join(f"{name} = {_figure(figure)}" for name, figure in rules.figures(clause).items())
        kinds = ", ".join(f"`{kind}`" for kind in bound.events) or "every command"
        words = (f"{clause.reason.zh}<br>→ {clause.remedy.zh}", f"{clause.reason.en}<br>→ {clause.remedy.en}")
        rows.append((f"`{id_}`", kinds, bound.binding, figures or "—", clause.source, *words))
    return table(("clause", "binds", "how", "figures", "source", "zh", "en"), rows)


def _figure(figure: Figure[Any]) -> str:
    value = ", ".join(figure.value) if isinstance(figure.value, tuple) else figure.value
    return f"{value} {figure.unit}{' (house)' if figure.house else ''}"


PARTS = {
    "machine": machine,
    "demo": demo,
    "states": states,
    "clauses": clauses,
    **{f"clauses-of-{profile}": partial(clauses_of, profile) for profile in SHIPPED},
}
