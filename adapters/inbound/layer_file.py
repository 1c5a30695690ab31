"""Dealers' own layers in TOML files, each over what was there before it.

Must live here: reading such a file. Must not be known here: what a layer may say.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from engine import BadProfile, Catalogue, Profile, Text

_LARGEST = 1024 * 1024
_TOML = Text(zh="至多 1 MiB 的 UTF-8 编码 TOML", en="TOML in UTF-8, at most 1 MiB")


def with_layers(files: Iterable[Path], catalogue: Catalogue) -> Catalogue:
    """The catalogue with the layers of these files, in their order. Raises BadProfile, UnknownProfile, OSError."""
    for file in files:
        catalogue = catalogue.with_dealer(_read(file))
    return catalogue


def _read(file: Path) -> Profile:
    with file.open("rb") as stream:
        raw = stream.read(_LARGEST + 1)
    try:
        text = raw.decode() if len(raw) <= _LARGEST else None
    except UnicodeDecodeError:
        text = None
    if text is None:
        raise BadProfile(profile=file.name, where="file", expected=_TOML)
    try:
        return Profile.load(text)
    except BadProfile as error:
        raise BadProfile(**{**error.facts, "profile": file.name}) from None
