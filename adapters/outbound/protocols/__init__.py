"""Protocols of message brokers: what each takes for a URL, a place and a message. `adapters.outbound.broker` runs them.

Must live here: what all of them share. What one of them has of its own is in the module of its name.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from string import ascii_letters, digits
from typing import Any, ClassVar, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from engine import BadSettings, Entry, Envelope, Text

STRUCTURED_TYPE = "application/cloudevents+json"
TOO_LARGE = "too large"
"""The code of what a broker will never take."""
WORD = r"[A-Za-z0-9_-]+"
_KEPT = frozenset(ascii_letters + digits + "-_")

_URL = Text(
    "含主机名的地址，如 nats://主机:4222、amqp://主机/、kafka://主机:9092、mqtt://主机 或 redis://主机",
    "a URL with a host, such as nats://host:4222, amqp://host/, kafka://host:9092, mqtt://host or redis://host",
)


class Message(NamedTuple):
    """What travels: the body, the type that says how to read it, and the headers."""

    body: bytes
    content_type: str
    headers: dict[str, str]


class _AsItIs:
    """Bodies go out as they are: an entry was encoded when it was sealed."""

    async def encode(self, message: Message, _serializer: object = None) -> tuple[bytes, str]:
        """The body and its type."""
        return message.body, message.content_type


AS_IT_IS: Any = _AsItIs()
"""The codec of every client."""


class Protocol(BaseModel, ABC):
    """The settings of one kind of broker, and how a message is put to it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SecretStr
    """Where the broker is, with its user and password if it asks for them."""
    to: str
    """The place of an entry at the broker; `{shop}`, `{case}` and `{type}` stand for what the entry says."""
    mode: Literal["binary", "structured"] | None = None
    """Attributes of the event as headers, or all of it as one JSON document; binary where there are headers."""
    timeout: float = Field(default=10.0, gt=0, allow_inf_nan=False)
    """Seconds within which a delivery ends, the connection included."""

    template: ClassVar[re.Pattern[str]]
    """What `to` may be."""
    places: ClassVar[Text]
    """The same in words."""
    prefix: ClassVar[str] = "ce-"
    """What stands before an attribute's name in a header."""
    kept: ClassVar[frozenset[str]] = _KEPT
    """The characters of an id that stand for themselves in a place."""
    mark: ClassVar[str] = "%"
    """What stands before the two hexadecimal digits of any other."""
    unreachable: ClassVar[tuple[type[Exception], ...]] = ()
    """What the client raises when there is no connection."""
    denied: ClassVar[tuple[type[Exception], ...]] = ()
    """What the client raises when the broker does not let it in."""
    hopeless: ClassVar[tuple[type[Exception], ...]] = ()
    """What the client raises for a message that this broker will never take."""

    @field_validator("url")
    @classmethod
    def _has_hosts(cls, url: SecretStr) -> SecretStr:
        if not all(map(_is_host, cls.hosts(url.get_secret_value()))):
            raise BadSettings(where="url", expected=_URL)
        return url

    @field_validator("to")
    @classmethod
    def _is_place(cls, to: str) -> str:
        if not cls.template.fullmatch(to):
            raise BadSettings(where="to", expected=cls.places)
        return to

    @model_validator(mode="after")
    def _has_a_place_for_attributes(self) -> Self:
        if self.mode == "binary" and not self.has_headers:
            raise BadSettings(where="mode", expected="structured")
        return self

    @classmethod
    def hosts(cls, url: str) -> list[str]:
        """The hosts of a URL, each with its port if it has one."""
        return [_netloc(url).rpartition("@")[2]]

    @property
    def has_headers(self) -> bool:
        """Whether a message has any."""
        return True

    @property
    def address(self) -> str:
        """The URL in clear."""
        return self.url.get_secret_value()

    @property
    def patience(self) -> float:
        """Seconds that a client is given for one step: less than `timeout`, so that it gives up in good order."""
        return 0.9 * self.timeout

    @abstractmethod
    def broker(self) -> Any:
        """A new client, not yet connected."""

    async def prepare(self, broker: Any) -> None:
        """Make what entries are put into, where it is missing."""

    @abstractmethod
    def arguments(self, entry: Entry, headers: dict[str, str]) -> dict[str, Any]:
        """What the client's `publish` is told besides the message."""

    def message(self, entry: Entry) -> Message:
        """The entry as an event in the form that was set."""
        envelope = Envelope.of(entry)
        if self.mode == "structured" or not self.has_headers:
            return Message(envelope.structured(), STRUCTURED_TYPE, {})
        return Message(envelope.data, envelope.attributes["datacontenttype"], envelope.headers(self.prefix))

    def place(self, entry: Entry) -> str:
        """Where an entry goes: `to`, with its ids so that none is taken for two words or for another id."""
        kinds = Envelope.of(entry).attributes["type"].split(".")
        return self.to.format(
            shop=self._escaped(entry.shop),
            case=self._escaped(entry.case),
            type=".".join(map(self._escaped, kinds)),
        )

    def _escaped(self, id: str) -> str:
        return "".join(each if each in self.kept else f"{self.mark}{ord(each):02X}" for each in id)

    def reason(self, error: Exception) -> str:
        """A short code of what went wrong; never what the error says, which may name the URL."""
        codes: list[tuple[str, tuple[type[Exception], ...]]] = [
            ("timeout", (TimeoutError,)),
            ("denied", self.denied),
            (TOO_LARGE, self.hopeless),
            ("no connection", (OSError, *self.unreachable)),
        ]
        return next((code for code, kinds in codes if isinstance(error, kinds)), type(error).__name__)


def words(separator: str, *fields: str) -> re.Pattern[str]:
    """A word, and more words or fields after it."""
    either = "|".join((WORD, *(rf"\{{{field}\}}" for field in fields)))
    return re.compile(rf"{WORD}(?:{re.escape(separator)}(?:{either}))*")


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _is_host(host: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
