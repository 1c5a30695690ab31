"""All workflows, collected by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.states import ledger, repair_order
from engine.states.workflow import Workflow

WORKFLOWS: Mapping[str, Workflow] = MappingProxyType(
    {workflow.name: workflow for workflow in (repair_order.WORKFLOW, ledger.WORKFLOW)}
)
