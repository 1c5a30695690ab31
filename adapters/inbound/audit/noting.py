"""What is noted while a bundle is verified: where each entry stands, and what the heads say of the rules."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import BinaryIO

from adapters.inbound.audit.index import Index, Where
from engine import seal

_OF = re.compile(
    rb'\{"case":"([^"\\]{1,100})",.*,"seq":([0-9]{1,16}),"shop":"([^"\\]{1,100})","version":[0-9]+,"workflow":"[^"\\]*"\}',
    re.DOTALL,
)


class Noting:
    """Takes every entry as it is verified. With a spool, its bytes are kept there: a zip cannot be read at a place."""

    def __init__(self, index: Index, spool: BinaryIO | None, heads: int | None) -> None:
        """Into this index; `heads` is the index of the heads entry."""
        self._index = index
        self._spool = spool
        self._heads = heads
        self._spooled = 0
        self.rules: str | None = None

    def each(self, index: int, body: bytes, file: str, line: int, start: int) -> None:
        """One entry: its place in the log, its bytes, and where they stand."""
        if self._spool is not None:
            start = self._spooled
            self._spooled += self._spool.write(body)
        if index == self._heads:
            self._read_heads(body)
        if of := _OF.fullmatch(body):
            case, seq, shop = (part.decode("utf-8", "replace") for part in of.groups())
            self._index.add(Where(shop, case, int(seq), index, file, line, start, len(body), seal(body)))

    def _read_heads(self, body: bytes) -> None:
        with suppress(KeyError, TypeError, ValueError, RecursionError):
            self.rules = str(json.loads(body)["command"]["facts"]["rules"])
