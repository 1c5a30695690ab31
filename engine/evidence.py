"""Evidence: an entry as an auditor gets it, with the seal that was kept beside its bytes and the place where it stood.

Must live here: reading one entry without ever failing. Must not be known here: rules, other entries, files.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import NamedTuple, cast

from engine.canonical import canonical, digest
from engine.errors import BadJournal
from engine.events.event import Event
from engine.findings import Finding
from engine.journal import Entry
from engine.rules import Catalogue


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry was read, for a person to find it again: its index in the log, the line of a file."""

    index: int | None = None
    file: str = ""
    line: int = 0


class Columns(NamedTuple):
    """What a database says of an entry beside its body."""

    shop: str
    case: str
    seq: int
    command: str

    @classmethod
    def of(cls, entry: Entry) -> Columns:
        """What it should say."""
        return cls(entry.shop, entry.case, entry.seq, entry.command.id)


@dataclass(frozen=True, slots=True)
class Foreign:
    """A fact of a kind that the code here does not have: carried along, so that its chain is still walked."""

    kind: str
    facts: Mapping[str, object]
    corrects: None = None
    personal: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """The fact as it stands in its entry."""
        return {**self.facts}


class _OrForeign(ChainMap[str, type[Event]]):
    """The facts that the code has, and any other as a foreign one; nothing is copied, for each entry asks."""

    def __missing__(self, kind: str) -> type[Event]:
        def from_journal(facts: Mapping[str, object]) -> Foreign:
            return Foreign(kind, facts)

        return cast("type[Event]", SimpleNamespace(from_journal=from_journal))


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry as it was read, and the seal that was kept with its bytes; without an entry, the reason."""

    seal: str
    entry: Entry | None
    reason: str = ""
    place: Place = Place()
    columns: Columns | None = None

    @classmethod
    def read(
        cls, body: bytes, seal: str, catalogue: Catalogue, place: Place = Place(), columns: Columns | None = None
    ) -> Sealed:
        """Read an entry; of an unreadable one the reason is kept."""
        try:
            events = _OrForeign(cast("dict[str, type[Event]]", catalogue.events))
            return cls(seal, Entry.read(body, events), "", place, columns)
        except BadJournal as error:
            return cls(seal, None, str(error.facts["expected"]), place, columns)

    def finding(self, kind: str, clauses: Iterable[str] = (), **facts: object) -> Finding:
        """Something wrong with this entry; of an unreadable one nobody knows whose it is."""
        entry, place = self.entry, self.place
        case = (entry.shop, entry.case, entry.seq) if entry else ("", "", 0)
        rules = entry.rules if entry else ""
        return Finding(kind, *case, facts, place.index, place.file, place.line, rules, tuple(clauses))


def rules_digest(digests: Iterable[str]) -> str:
    """What the heads of a log say of all its rules: the digest of their digests in order."""
    return digest(canonical(sorted(digests)))
