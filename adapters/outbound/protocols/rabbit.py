"""RabbitMQ: entries go to a durable topic exchange, are written to disk and confirmed."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from aio_pika.exceptions import AMQPConnectionError, AuthenticationError, DeliveryError, ProbableAuthenticationError
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange
from pydantic import Field

from adapters.outbound.protocols import AS_IT_IS, Protocol, words
from engine import Entry, Text


class Rabbit(Protocol):
    """RabbitMQ: `to` is a routing key, `exchange` the exchange that is made where it is missing.

    An entry that no queue wants is not delivered, and so is not lost before the queues are there; with
    `mandatory=False` it is dropped.
    """

    to: str = "gongdan.{shop}.{type}"
    exchange: str = Field(default="gongdan", pattern=r"^[A-Za-z0-9._:-]{1,127}$")
    mandatory: bool = True

    template: ClassVar[re.Pattern[str]] = words(".", "shop", "case", "type")
    places: ClassVar[Text] = Text(
        "以点分隔的词，首词为文字，其余可为 {shop}、{case}、{type}",
        "words with dots between, the first one literal, others perhaps {shop}, {case} or {type}",
    )
    prefix: ClassVar[str] = "cloudEvents_"
    unreachable: ClassVar[tuple[type[Exception], ...]] = (AMQPConnectionError,)
    denied: ClassVar[tuple[type[Exception], ...]] = (AuthenticationError, ProbableAuthenticationError)

    def broker(self) -> Any:
        """A client whose channel confirms, and raises what comes back."""
        channel = Channel(publisher_confirms=True, on_return_raises=True)
        client = RabbitBroker(
            self.address, default_channel=channel, timeout=self.patience, fail_fast=True, codec=AS_IT_IS, logger=None
        )
        client.publisher(exchange=self._exchange)  # so that it is made
        return client

    def arguments(self, entry: Entry, headers: dict[str, str]) -> dict[str, Any]:
        """Persistent, and with the id where AMQP has a place for it."""
        return {
            "exchange": self._exchange,
            "routing_key": self.place(entry),
            "mandatory": self.mandatory,
            "persist": True,
            "timeout": self.patience,
            "headers": headers,
            "message_id": entry.seal,
        }

    def reason(self, error: Exception) -> str:
        """What comes back had no queue to go to."""
        return "no queue" if isinstance(error, DeliveryError) else super().reason(error)

    @property
    def _exchange(self) -> RabbitExchange:
        return RabbitExchange(self.exchange, type=ExchangeType.TOPIC, durable=True)
