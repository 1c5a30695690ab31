"""A workflow as a Mermaid diagram, drawn from its table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from engine import Catalogue


def mermaid(catalogue: Catalogue, workflow: str, *, facts: bool = False) -> str:
    """A `stateDiagram-v2` of the moves; with `facts`, each state's facts that move nothing stand in a note."""
    return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in _lines(catalogue, workflow, facts=facts))]) + "\n"


def _lines(catalogue: Catalogue, workflow: str, *, facts: bool) -> Iterator[str]:
    table = catalogue.workflows[workflow]
    for state in table.states:
        yield f'state "{state.label}" as {_id(state)}'
    yield f"[*] --> {_id(table.initial)}"
    for row in table.rows:
        if row.dest is not None:
            yield f"{_id(row.source)} --> {_id(row.dest)} : {row.label}"
    for end in sorted(table.ends):
        yield f"{_id(end)} --> [*]"
    if facts:
        yield from _notes(catalogue, workflow)


def _notes(catalogue: Catalogue, workflow: str) -> Iterator[str]:
    standing: dict[str, list[str]] = defaultdict(list)
    for row in catalogue.workflows[workflow].rows:
        if row.dest is None:
            standing[row.source].append(str(row.label))
    for source, labels in standing.items():
        yield f"note right of {_id(source)}"
        yield from (f"    {label}" for label in labels)
        yield "end note"


def _id(state: str) -> str:
    """Mermaid's names of states have no hyphen."""
    return str(state).replace("-", "_")
