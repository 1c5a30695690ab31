"""MQTT: QoS 1. Version 5.0 has headers; 3.1.1 has none, so there an event travels as one document."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from faststream.mqtt import MQTTBroker
from zmqtt import MQTTConnectError, MQTTError, QoS, ReconnectConfig

from adapters.outbound.protocols import AS_IT_IS, Protocol, words
from engine import Entry, Text

_DENIED = {4, 5, 0x86, 0x87}
"""The answers to a wrong user or password, and to one who may not; of 3.1.1 and of 5.0."""


class Mqtt(Protocol):
    """MQTT: `to` is a topic. A broker keeps the order within a topic only, so the type is not part of it."""

    to: str = "gongdan/{shop}/{case}"
    version: Literal["5.0", "3.1.1"] = "5.0"

    template: ClassVar[re.Pattern[str]] = words("/", "shop", "case")
    places: ClassVar[Text] = Text(
        "以 / 分隔的词，首词为文字，其余可为 {shop}、{case}",
        "words with / between, the first one literal, others perhaps {shop} or {case}",
    )
    prefix: ClassVar[str] = ""
    unreachable: ClassVar[tuple[type[Exception], ...]] = (MQTTError,)

    @property
    def has_headers(self) -> bool:
        """Version 5.0 has user properties."""
        return self.version == "5.0"

    def broker(self) -> Any:
        """A client that does not connect again by itself: a lost connection is a failed delivery."""
        return MQTTBroker(
            self.address,
            version=self.version,
            reconnect=ReconnectConfig(enabled=False),
            mqtt_connect_timeout=self.patience,
            codec=AS_IT_IS,
            logger=None,
        )

    def arguments(self, entry: Entry, headers: dict[str, str]) -> dict[str, Any]:
        """At least once."""
        return {"topic": self.place(entry), "qos": QoS.AT_LEAST_ONCE, "headers": headers}

    def reason(self, error: Exception) -> str:
        """A broker tells with a number why it does not let one in."""
        is_denied = isinstance(error, MQTTConnectError) and error.return_code in _DENIED
        return "denied" if is_denied else super().reason(error)
