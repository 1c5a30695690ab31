"""How a layer's settings bind a clause: no softer than the layer below, and a dealer's figures never looser.

And for which commands it may let a role stand in.

Must live here: what one layer may make of another's. Must not be known here: where layers come from, what rules are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import BadProfile
from engine.events.event import Event
from engine.guards import flow
from engine.guards.clause import Binding, Clause
from engine.roles import Role
from engine.states.workflow import Workflow
from engine.text import Text

_HARDER = {
    Binding.SCORE: (Binding.SCORE, Binding.NOTE, Binding.REFUSE),
    Binding.NOTE: (Binding.NOTE, Binding.REFUSE),
    Binding.REFUSE: (Binding.REFUSE,),
    Binding.CLOCK: (Binding.CLOCK,),  # it judges what came late: to refuse that would only make it later
}
"""What a layer may make of the binding below it."""
_WAIVABLE = (flow.WAIVER.id, "waivable")
_COMMAND = Text("流程中已有的命令", "a command of the workflow")


@dataclass(frozen=True, slots=True)
class Bound:
    """How one clause binds: on which events (none named: all), how hard, with which figures."""

    events: tuple[str, ...]
    binding: Binding
    figures: Mapping[str, object]


def bind(rule: Clause, settings: Mapping[str, Any], layer: str, below: Bound | None = None) -> Bound:
    """How a clause binds in a layer: its settings over those of the layer below. Raises BadProfile."""
    values = dict(settings)
    softest = below.binding if below else rule.binding
    binding = _binding(rule, values.pop("binding", softest), layer, softest)
    unknown = sorted(set(values) - set(rule.figures))
    if unknown:
        raise BadProfile(profile=layer, where=f"{rule.id}.{unknown[0]}", expected=f"one of {sorted(rule.figures)}")
    figures = below.figures if below else {name: figure.document() for name, figure in rule.figures.items()}
    for name, value in values.items():
        try:
            figures = {**figures, name: rule.figures[name].having(value).document()}
        except ValueError as error:
            raise BadProfile(profile=layer, where=f"{rule.id}.{name}", expected=str(error)) from None
    return Bound(tuple(event.kind for event in rule.on if event is not Event), binding, figures)


def _binding(rule: Clause, asked: object, layer: str, softest: Binding) -> Binding:
    for binding in _HARDER[softest]:
        if asked == binding:
            return binding
    raise BadProfile(profile=layer, where=f"{rule.id}.binding", expected=f"{softest} or harder")


def refuse_looser(rule: Clause, own: Bound, held: Mapping[str, Bound], layer: str) -> None:
    """A dealer's figures are at least as tight as those below; and he waives only what he alone asks for."""
    if rule.id not in held:
        return
    for name, value in own.figures.items():
        figure = rule.figures[name]
        was, now = figure.having(held[rule.id].figures[name]), figure.having(value)
        if (rule.id, name) == _WAIVABLE:
            fine = not ({*now.value} - {*was.value}) & held.keys()
        else:
            fine = now.no_looser_than(was)
        if not fine:
            expected = Text(f"不比 {was.document()} 宽松", f"no looser than {was.document()}")
            raise BadProfile(profile=layer, where=f"{rule.id}.{name}", expected=expected)


def refuse_unknown(stand_ins: Mapping[Role, tuple[str, ...]], table: Workflow, layer: str) -> None:
    """Whoever stands in does so for commands that the table has. Raises BadProfile."""
    known = {row.name for row in table.rows}
    for role, commands in stand_ins.items():
        for command in commands:
            if command not in known:
                raise BadProfile(profile=layer, where=f"stand_ins.{table.name}.{role}.{command}", expected=_COMMAND)
