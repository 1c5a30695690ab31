"""All clauses, collected by name from the modules listed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType, ModuleType

from engine.guards import flow, repair_order
from engine.guards.clause import Clause


def _declared(module: ModuleType) -> Iterator[Clause]:
    return (value for value in vars(module).values() if isinstance(value, Clause))


CLAUSES: Mapping[str, Clause] = MappingProxyType(
    {rule.id: rule for module in (flow, *repair_order.STAGES) for rule in _declared(module)}
)
