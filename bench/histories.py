"""Real histories as templates: cases of the golden journals that can be told again under other names, fast.

Only what names the case, its shop and the link is told anew; so every answer stays the one that the rules give.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from engine import standard_catalogue
from engine.canonical import canonical, digest
from engine.case import FIRST, CaseRow

JOURNALS = Path(__file__).parents[1] / "tests" / "journals"
PROFILES = ("dpca", "faw-toyota", "lexus")
_CUT = re.compile(rb'\{"case":"[^"]*"(.*"prev":")[0-9a-f]{64}(".*"shop":")[^"]*(","version":.*)', re.DOTALL)


class Piece(NamedTuple):
    """An entry between the names: behind the case, behind the link, behind the shop."""

    facts: bytes
    answer: bytes
    end: bytes

    @classmethod
    def cut(cls, body: bytes) -> Piece:
        """From the bytes of an entry."""
        found = _CUT.fullmatch(body)
        assert found
        return cls(*found.groups())

    def told(self, shop: bytes, case: bytes, prev: bytes) -> bytes:
        """The entry of this case, linked to the one before."""
        return b"".join((b'{"case":"', case, b'"', self.facts, prev, self.answer, shop, self.end))


@dataclass(frozen=True)
class History:
    """What happened in a case, whoever's it is; and the row that lists show of it then, if anybody knows."""

    pieces: Sequence[Piece]
    row: CaseRow | None = None

    def row_digest(self, shop: str, case: str, head: str) -> str:
        """What the heads of a log say of the row."""
        row = self.row and self.row._replace(shop=shop, id=case, head=head)
        return digest(canonical(row and row._asdict()))


def told(pieces: Iterable[Piece], shop: bytes, case: bytes) -> Iterator[tuple[bytes, str]]:
    """The entries of a case with their seals, linked from the first on."""
    prev = FIRST.encode()
    for piece in pieces:
        body = piece.told(shop, case, prev)
        head = sha256(b"\x00" + body).hexdigest()
        yield body, head
        prev = head.encode()


def golden() -> tuple[Mapping[str, bytes], list[list[bytes]]]:
    """The rules of the golden journals by digest, and the bodies of each of their cases."""
    rules: dict[str, bytes] = {}
    entries: list[tuple[tuple[str, str, str], bytes]] = []
    for profile in PROFILES:
        version = standard_catalogue().profiles[profile].version
        for line in (JOURNALS / f"{profile}-{version}.jsonl").read_bytes().splitlines():
            read = json.loads(line)
            if "rules" in read:
                rules[read["digest"]] = canonical(read["rules"])
            else:
                entry = read["entry"]
                entries.append(((profile, entry["shop"], entry["case"]), canonical(entry)))
    return rules, [[body for _, body in case] for _, case in groupby(entries, itemgetter(0))]
