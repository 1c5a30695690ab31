"""Redis: entries go into a stream, whose oldest ones are dropped when it is full. It has no headers."""

from __future__ import annotations

import re
from typing import Any, ClassVar, cast

from faststream.redis import BinaryMessageFormatV1, RedisBroker
from pydantic import PositiveInt
from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError
from redis.exceptions import ConnectionError as NotConnectedError
from redis.exceptions import TimeoutError as TooLateError

from adapters.outbound.protocols import AS_IT_IS, Message, Protocol
from engine import Entry, Text


class Plain(BinaryMessageFormatV1):
    """The document itself, in no wrapping of FastStream's, so that any client can read it."""

    @classmethod
    async def encode(cls, *, message: Any, **_others: object) -> bytes:
        """The body."""
        return cast("Message", message).body


class Redis(Protocol):
    """Redis streams: `to` is the key of a stream, `maxlen` about how many entries it keeps."""

    to: str = "gongdan"
    maxlen: PositiveInt = 1_000_000

    template: ClassVar[re.Pattern[str]] = re.compile(r"(?:[A-Za-z0-9._:/-]|\{shop\})+")
    places: ClassVar[Text] = Text(
        "键名：字母、数字和 . _ : / -，可含 {shop}",
        "a key: letters, digits and . _ : / -, perhaps with {shop}",
    )
    unreachable: ClassVar[tuple[type[Exception], ...]] = (NotConnectedError, TooLateError)
    denied: ClassVar[tuple[type[Exception], ...]] = (AuthenticationError, AuthorizationError, NoPermissionError)

    @property
    def has_headers(self) -> bool:
        """No."""
        return False

    def broker(self) -> Any:
        """A client that does not try again by itself."""
        return RedisBroker(
            self.address,
            socket_connect_timeout=self.patience,
            socket_timeout=self.patience,
            message_format=Plain,
            codec=AS_IT_IS,
            logger=None,  # type: ignore[arg-type]  # it takes none, and is not annotated so
        )

    def arguments(self, entry: Entry, _headers: dict[str, str]) -> dict[str, Any]:
        """Its stream."""
        return {"stream": self.place(entry), "maxlen": self.maxlen}
