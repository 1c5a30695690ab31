"""Tests speak through their failures, not through log lines; `structlog.testing.capture_logs` still sees each one."""

from __future__ import annotations

import structlog


def _drop(_logger: object, _name: str, _event: dict[str, object]) -> dict[str, object]:
    raise structlog.DropEvent


structlog.configure(processors=[_drop])
