"""The brand profiles that ship with the package, and the catalogue of all that the code can do."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from engine.events import EVENTS, WORDS
from engine.guards import CLAUSES
from engine.rules import Catalogue, Profile
from engine.states import WORKFLOWS

SHIPPED = ("base", "dpca", "faw-toyota", "lexus")


@cache
def standard_catalogue() -> Catalogue:
    """Everything that ships: workflows, events, clauses and the four profiles."""
    folder = files(__package__)
    loaded = (Profile.load((folder / f"{name}.toml").read_text("utf-8")) for name in SHIPPED)
    return Catalogue(WORKFLOWS, EVENTS, CLAUSES, {profile.name: profile for profile in loaded}, WORDS)
