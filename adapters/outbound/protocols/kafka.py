"""Kafka: the key of an entry is its case, so that a case stays in one partition and in order."""

from __future__ import annotations

import re
import ssl
from string import ascii_letters, digits
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from aiokafka.errors import (  # type: ignore[import-untyped]  # it has no types
    AuthenticationFailedError,
    KafkaConnectionError,
    MessageSizeTooLargeError,
    NodeNotReadyError,
    RecordTooLargeError,
)
from faststream.kafka import KafkaBroker
from faststream.kafka.publisher.producer import AioKafkaFastProducerImpl
from faststream.security import BaseSecurity, SASLPlaintext

from adapters.outbound.protocols import AS_IT_IS, Protocol
from engine import Entry, Text

TLS = "kafkas"
_BACKOFF = 500
"""Milliseconds between the client's own tries, each of which it logs."""


class _Producer(AioKafkaFastProducerImpl):
    """FastStream's own one forgets a producer that could not start, with its sockets."""

    async def connect(self, producer: Any, *others: Any, **named: Any) -> None:
        """Start it, or stop what was started of it."""
        try:
            await super().connect(producer, *others, **named)
        except BaseException:
            await producer.stop()
            raise


class Kafka(Protocol):
    """Kafka: `to` is a topic. The URL may name several brokers, with commas between; a user in it means SASL PLAIN."""

    to: str = "gongdan"
    idempotent: bool = True
    """Whether the client's own retries are told apart by the broker; False for one that cannot."""

    template: ClassVar[re.Pattern[str]] = re.compile(r"(?:[A-Za-z0-9._-]|\{shop\})+")
    places: ClassVar[Text] = Text(
        "主题名：字母、数字、点、- 和 _，可含 {shop}",
        "a topic: letters, digits, dots, - and _, perhaps with {shop}",
    )
    prefix: ClassVar[str] = "ce_"
    kept: ClassVar[frozenset[str]] = frozenset(ascii_letters + digits + "-")
    mark: ClassVar[str] = "_"
    unreachable: ClassVar[tuple[type[Exception], ...]] = (KafkaConnectionError, NodeNotReadyError)
    denied: ClassVar[tuple[type[Exception], ...]] = (AuthenticationFailedError,)
    hopeless: ClassVar[tuple[type[Exception], ...]] = (MessageSizeTooLargeError, RecordTooLargeError)

    @classmethod
    def hosts(cls, url: str) -> list[str]:
        """More than one perhaps."""
        return [host for netloc in super().hosts(url) for host in netloc.split(",")]

    def broker(self) -> Any:
        """A client that waits for all replicas."""
        client = KafkaBroker(
            self.hosts(self.address),
            security=self._security(),
            acks="all",
            enable_idempotence=self.idempotent,
            retry_backoff_ms=_BACKOFF,
            request_timeout_ms=round(self.patience * 1000),
            codec=AS_IT_IS,
            logger=None,
        )
        client.config.broker_config.producer = _Producer(parser=None, decoder=None)
        return client

    def arguments(self, entry: Entry, headers: dict[str, str]) -> dict[str, Any]:
        """The key is the case."""
        return {"topic": self.place(entry), "key": entry.case.encode(), "headers": headers}

    def _security(self) -> BaseSecurity:
        url = urlsplit(self.address)
        context = ssl.create_default_context() if url.scheme == TLS else None
        if url.username is None:
            return BaseSecurity(context)
        return SASLPlaintext(unquote(url.username), unquote(url.password or ""), context)
