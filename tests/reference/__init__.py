"""The generated parts of the pages, by the name that a page calls them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.reference import api, cli, events, glossary, index, settings, sop, tables

GENERATED: Mapping[str, Callable[[], str]] = {
    **sop.PARTS,
    **api.PARTS,
    **cli.PARTS,
    **events.PARTS,
    **tables.PARTS,
    **settings.PARTS,
    **glossary.PARTS,
    **index.PARTS,
}
