"""The codes that a person meets, with their words: roles, states, commands."""

from __future__ import annotations

from collections.abc import Iterable

from engine import Role, standard_catalogue
from engine.states.workflow import Transition
from tests.reference.markdown import code, table
from tests.reference.source import first_sentence, said

_CATALOGUE = standard_catalogue()
ROWS: tuple[Transition, ...] = tuple(row for flow in _CATALOGUE.workflows.values() for row in flow.rows)


def roles() -> str:
    """Every role, and what it may record."""
    return table(
        ("zh", "en", "role", "may record"),
        [
            (role.label.zh, role.label.en, f"`{role}`", _kinds(row for row in ROWS if role in row.roles))
            for role in Role
        ],
    )


def states() -> str:
    """Every state, and the facts that lead to it."""
    return table(
        ("zh", "en", "state", "reached by"),
        [
            (state.label.zh, state.label.en, f"`{state}`", _kinds(row for row in ROWS if row.dest == state))
            for flow in _CATALOGUE.workflows.values()
            for state in flow.states
        ],
    )


def commands() -> str:
    """Every command, in one sentence."""
    kinds = dict.fromkeys(row.event for row in ROWS)
    words = {event: _CATALOGUE.words[event.kind] for event in kinds}
    return table(
        ("zh", "en", "command", "meaning"),
        [
            (words[event].zh, words[event].en, f"[`{event.kind}`](events.md#{event.kind})", first_sentence(said(event)))
            for event in kinds
        ],
    )


def _kinds(rows: Iterable[Transition]) -> str:
    return code(*dict.fromkeys(row.name for row in rows)) or "nothing"


PARTS = {"glossary.roles": roles, "glossary.states": states, "glossary.commands": commands}
