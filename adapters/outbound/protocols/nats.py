"""NATS: entries go into a stream of JetStream, which drops an id that it has already and confirms every entry."""

from __future__ import annotations

import re
from math import ceil
from typing import Any, ClassVar
from urllib.parse import quote

from faststream.nats import NatsBroker
from nats.errors import Error, MaxPayloadError
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError
from pydantic import Field

from adapters.outbound.protocols import AS_IT_IS, TOO_LARGE, WORD, Message, Protocol, words
from engine import Entry, Text

_PRINTABLE = "!#$&'()*+,/:;<=>?@[\\]^`{|}"
"""What a header may hold as it is, besides letters, digits and `_.-~`."""
_MESSAGE_TOO_LARGE = 10054
"""JetStream's code for a message larger than the stream takes."""


class Nats(Protocol):
    """JetStream: `to` is a subject, `stream` the stream that it belongs to and that is made where it is missing."""

    to: str = "gongdan.{shop}.{type}"
    stream: str = Field(default="gongdan", pattern=rf"^{WORD}$")

    template: ClassVar[re.Pattern[str]] = words(".", "shop", "case", "type")
    places: ClassVar[Text] = Text(
        "以点分隔的词，首词为文字，其余可为 {shop}、{case}、{type}",
        "words with dots between, the first one literal, others perhaps {shop}, {case} or {type}",
    )
    unreachable: ClassVar[tuple[type[Exception], ...]] = (Error,)
    hopeless: ClassVar[tuple[type[Exception], ...]] = (MaxPayloadError,)

    def broker(self) -> Any:
        """A client that does not connect again by itself: a lost connection is a failed delivery."""
        return NatsBroker(
            self.address,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=ceil(self.patience),
            codec=AS_IT_IS,
            logger=None,
        )

    async def prepare(self, broker: Any) -> None:
        """Make the stream, unless there is one of its name, whatever its limits."""
        jetstream = (await broker.connect()).jetstream(timeout=self.patience)
        try:
            await jetstream.stream_info(self.stream)
        except NotFoundError:
            await jetstream.add_stream(name=self.stream, subjects=[re.sub(r"\{.*", ">", self.to)])

    def message(self, entry: Entry) -> Message:
        """As the binding says: header values percent-encoded, and the type of the data among them."""
        body, content_type, headers = super().message(entry)
        if headers:
            headers[self.prefix + "datacontenttype"] = content_type
        return Message(body, content_type, {name: quote(value, safe=_PRINTABLE) for name, value in headers.items()})

    def arguments(self, entry: Entry, headers: dict[str, str]) -> dict[str, Any]:
        """The id again, for JetStream to know it by."""
        return {
            "subject": self.place(entry),
            "stream": self.stream,
            "timeout": self.patience,
            "headers": headers | {"Nats-Msg-Id": entry.seal},
        }

    def reason(self, error: Exception) -> str:
        """JetStream answers with numbers, and a server that does not let one in with words only."""
        if "authorization violation" in str(error).lower():
            return "denied"
        if isinstance(error, NoStreamResponseError):
            return "no stream"
        if isinstance(error, APIError):
            return TOO_LARGE if error.err_code == _MESSAGE_TOO_LARGE else f"jetstream {error.err_code}"
        return super().reason(error)
