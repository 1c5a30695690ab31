"""What a template of the people adapter may name."""

from __future__ import annotations

from adapters.outbound.people.words import PLACES
from tests.reference.markdown import code, table


def places() -> str:
    """Every place of a template."""
    return table(("place", "zh", "en"), [(code(f"{{{name}}}"), text.zh, text.en) for name, text in PLACES.items()])


PARTS = {"people.places": places}
