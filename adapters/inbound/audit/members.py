"""What a bundle has besides its entries, as far as the replay needs it. Whether it is right, `verify` has said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Any

from adapters.inbound.audit.index import Head, Span
from engine import GongdanError, Text
from engine.proof.verify import Bad as BadForm
from engine.proof.verify import Broken, Manifest, Reader, Source, open_source, parse_manifest
from engine.proof.verify import Refused as NotABundle

_ZIP = b"PK\x03\x04"
_LONGEST_MANIFEST = 32 * 1024 * 1024
_LONGEST_LINE = 4_096
_LONGEST_RULES = 4 * 1024 * 1024
_RULES = re.compile(r"rules/([0-9a-f]{64})\.json")
_HEAD = {"case": str, "head": str, "row": str, "seq": int, "shop": str}


class NotAudited(GongdanError):
    """What was handed over is no bundle, or one that should not be opened; or what is trusted cannot be read."""

    words = Text(zh="无法审计 {file}：{reason}。", en="{file} cannot be audited: {reason}.")


def opened(target: Path) -> Source:
    """The bundle at a path. Raises NotAudited for what is none, or should not be opened."""
    with refusing(target):
        return open_source(str(target))


@contextmanager
def refusing(target: Path) -> Iterator[None]:
    """What `verify` will not look at is an error of ours, in both languages."""
    try:
        yield
    except NotABundle as refused:
        zh, en = refused.words
        raise NotAudited(file=str(target), reason=Text(zh, en)) from None


def is_replayed(manifest: Manifest, span: Span) -> bool:
    """Whether a case is to be replayed: it is asked for, and not only there to show where another one ends."""
    scope = manifest.scope
    asked = scope.covers(span.shop, span.case)
    return is_everything(manifest) or (asked and (span.is_whole or not scope.has_range))


def is_everything(manifest: Manifest) -> bool:
    """Whether a bundle is of the whole log."""
    return not any(manifest.scope)


def is_folder_or_zip(target: str) -> bool:
    """Whether this may be a bundle; anything else is a database or a journal. Raises OSError."""
    if target == "-" or "://" in target:
        return False
    path = Path(target)
    if path.is_dir():
        return True
    with path.open("rb") as file:
        return file.read(len(_ZIP)) == _ZIP


def manifest_of(source: Source) -> Manifest:
    """What the bundle says it is. Raises NotABundle when it does not say so."""
    try:
        return parse_manifest(source.read("manifest.json", _LONGEST_MANIFEST))
    except (KeyError, BadForm, Broken):
        raise NotABundle("manifest") from None


def heads(source: Source) -> Iterator[Head]:
    """What the heads say of each case."""
    if "heads.jsonl" not in source:
        return
    with suppress(Broken), BufferedReader(Reader(source.open("heads.jsonl"))) as file:
        while line := file.readline(_LONGEST_LINE):
            said = _object(line)
            if {name: type(value) for name, value in said.items()} == _HEAD:
                yield Head(said["shop"], said["case"], said["seq"], said["head"], said["row"])


def _object(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def rules(source: Source) -> Iterator[tuple[str, bytes]]:
    """Every rules body, by the digest that its name says."""
    for name in source.names():
        if known := _RULES.fullmatch(name):
            with suppress(Broken, NotABundle):
                yield known[1], source.read(name, _LONGEST_RULES)
