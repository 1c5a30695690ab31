"""Envelope: an entry as a CloudEvents 1.0 event, the form in which it leaves the house.

Must live here: what each attribute of the event is. Must not be known here: how an event travels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from engine.canonical import canonical, instant
from engine.journal import Entry

SPECVERSION = "1.0"
DATA_TYPE = "application/json"
STRUCTURED_TYPE = "application/cloudevents+json"
REFUSED = "refused."
_SEQUENCE_DIGITS = 10


def event_type(command: str, *, accepted: bool) -> str:
    """The type of the event: the kind of the fact, or `refused.` and the command."""
    return command if accepted else REFUSED + command


@dataclass(frozen=True, slots=True)
class Envelope:
    """One entry on its way: the attributes of its event, and its sealed bytes as the data.

    A receiver proves the data by its id: SHA-256 of a zero byte and the data in binary mode; in structured mode, of
    the canonical bytes of the `data` member.
    """

    attributes: Mapping[str, str]
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """The event of an entry."""
        return cls(
            {
                "specversion": SPECVERSION,
                "id": entry.seal,
                "source": f"./{entry.shop}" if ":" in entry.shop else entry.shop,  # or "a:b" would have a scheme, a
                "type": event_type(entry.command.name, accepted=entry.accepted),
                "subject": entry.case,
                "time": instant(entry.command.occurred_at or entry.recorded_at),
                "datacontenttype": DATA_TYPE,
                "partitionkey": entry.case,
                "sequence": f"{entry.seq:0{_SEQUENCE_DIGITS}}",
                "recordedtime": instant(entry.recorded_at),
            },
            entry.body,
        )

    def structured(self) -> bytes:
        """The whole event as one JSON document (`application/cloudevents+json`); the data in it byte for byte."""
        return canonical(dict(self.attributes))[:-1] + b',"data":' + self.data + b"}"

    def headers(self, prefix: str = "ce-") -> dict[str, str]:
        """The attributes as headers, for binary mode; the type of the data has a header of its own."""
        return {prefix + name: value for name, value in self.attributes.items() if name != "datacontenttype"}
