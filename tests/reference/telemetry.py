"""What a host's traces and metrics show, from the tables of `engine.signals`."""

from __future__ import annotations

from engine.signals import ATTRIBUTES, METRICS, SPANS
from tests.reference.markdown import code, table


def spans() -> str:
    """Every span."""
    rows = [(code(one.name), one.about, one.kind, code(*one.attributes)) for one in SPANS]
    return table(("span", "about", "kind", "attributes"), rows)


def metrics() -> str:
    """Every metric."""
    rows = [(code(one.name), one.about, one.kind, code(one.unit), code(*one.attributes)) for one in METRICS]
    return table(("metric", "about", "kind", "unit", "by"), rows)


def attributes() -> str:
    """Every attribute."""
    return table(("attribute", "value"), [(code(name), about) for name, about in ATTRIBUTES.items()])


PARTS = {"telemetry.spans": spans, "telemetry.metrics": metrics, "telemetry.attributes": attributes}
