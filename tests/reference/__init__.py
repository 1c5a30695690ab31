"""The generated parts of the pages, by the name that a page calls them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.reference import (
    api,
    asyncapi,
    attacks,
    cli,
    envelope,
    events,
    glossary,
    index,
    people,
    settings,
    sop,
    tables,
    telemetry,
)

GENERATED: Mapping[str, Callable[[], str]] = {
    **sop.PARTS,
    **api.PARTS,
    **cli.PARTS,
    **events.PARTS,
    **envelope.PARTS,
    **tables.PARTS,
    **settings.PARTS,
    **glossary.PARTS,
    **index.PARTS,
    **people.PARTS,
    **telemetry.PARTS,
    **attacks.PARTS,
}

FILES: Mapping[str, Callable[[], str]] = {**asyncapi.FILES}
"""The files that are generated whole, by their path."""
