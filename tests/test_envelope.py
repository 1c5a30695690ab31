"""The envelope is a CloudEvents 1.0 event: the official SDK reads every form in which it travels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.amqp import AMQPMessage, from_amqp_event
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_rabbitmq_event

from adapters.testing import CHINESE, NAME, largest, saying, story
from engine import Entry, Envelope, Shop
from engine.events import repair_order as ro
from tests.support import ADVISOR, START, Clock, engine_on

JSON = "application/json"
STRUCTURED = "application/cloudevents+json"
ENTRIES = pytest.mark.parametrize("entry", [*story(), saying(CHINESE), largest()], ids=lambda entry: entry.seal[:6])


def http_structured(envelope: Envelope) -> BaseCloudEvent:
    return from_http_event(HTTPMessage({"content-type": STRUCTURED}, envelope.structured()))


def http_binary(envelope: Envelope) -> BaseCloudEvent:
    return from_http_event(HTTPMessage({**envelope.headers(), "content-type": JSON}, envelope.data))


def kafka_structured(envelope: Envelope) -> BaseCloudEvent:
    return from_kafka_event(KafkaMessage({"content-type": STRUCTURED.encode()}, None, envelope.structured()))


def kafka_binary(envelope: Envelope) -> BaseCloudEvent:
    headers = {**envelope.headers("ce_"), "content-type": JSON}
    key = envelope.attributes["partitionkey"]
    return from_kafka_event(KafkaMessage({name: value.encode() for name, value in headers.items()}, key, envelope.data))


def amqp_structured(envelope: Envelope) -> BaseCloudEvent:
    return from_amqp_event(AMQPMessage({"content-type": STRUCTURED}, {}, envelope.structured()))


def amqp_binary(envelope: Envelope) -> BaseCloudEvent:
    return from_amqp_event(AMQPMessage({"content-type": JSON}, envelope.headers("cloudEvents:"), envelope.data))


def amqp_binary_for_jms(envelope: Envelope) -> BaseCloudEvent:
    return from_amqp_event(AMQPMessage({"content-type": JSON}, envelope.headers("cloudEvents_"), envelope.data))


def rabbitmq_binary(envelope: Envelope) -> BaseCloudEvent:
    return from_rabbitmq_event(RabbitMQMessage(envelope.headers(), JSON, envelope.data))


Read = Callable[[Envelope], BaseCloudEvent]
BINARY = [http_binary, kafka_binary, amqp_binary, amqp_binary_for_jms, rabbitmq_binary]
EVERY_FORM = pytest.mark.parametrize("read", [http_structured, kafka_structured, amqp_structured, *BINARY])


def attributes(event: BaseCloudEvent) -> dict[str, Any]:
    return {**event.get_attributes(), "time": event.get_time()}


@ENTRIES
@EVERY_FORM
def test_the_sdk_reads_every_attribute_and_the_data(read: Read, entry: Entry):
    event = read(Envelope.of(entry))

    assert attributes(event) == {
        "specversion": "1.0",
        "id": entry.seal,
        "source": "S1",
        "type": entry.command.name if entry.accepted else f"refused.{entry.command.name}",
        "subject": entry.case,
        "time": entry.recorded_at,
        "datacontenttype": JSON,
        "partitionkey": entry.case,
        "sequence": f"{entry.seq:010}",
        "recordedtime": "2026-11-23T01:00:00.000000Z",
    }
    assert event.get_data() == json.loads(entry.body)


@ENTRIES
def test_a_receiver_proves_the_data_by_the_id(entry: Entry):
    envelope = Envelope.of(entry)
    event = http_structured(envelope)

    again = json.dumps(event.get_data(), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    for data in (envelope.data, again):
        assert hashlib.sha256(b"\x00" + data).hexdigest() == event.get_id()


def test_the_data_are_in_the_document_byte_for_byte():
    envelope = Envelope.of(saying(CHINESE))

    assert envelope.structured().endswith(b',"data":' + envelope.data + b"}")
    assert CHINESE.encode() in envelope.structured()


@pytest.fixture
def shop(tmp_path) -> Shop:
    return engine_on(tmp_path, Clock(START)).shop("urn:shop:S1")


def test_the_time_is_when_it_occurred_and_not_when_it_was_recorded(shop: Shop):
    shop.open("RO-1", by=ADVISOR)
    occurred = START - timedelta(minutes=5)
    shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR, occurred_at=occurred)

    event = http_structured(Envelope.of(shop.entries("RO-1")[1]))

    assert event.get_time() == occurred
    assert event.get_attributes()["recordedtime"] == "2026-11-23T01:00:00.000000Z"


@pytest.mark.parametrize("read", [http_structured, kafka_binary, amqp_binary, rabbitmq_binary])
def test_a_shop_with_colons_is_no_uri_with_a_scheme(shop: Shop, read: Read):
    shop.open("RO-1", by=ADVISOR)

    event = read(Envelope.of(shop.entries("RO-1")[0]))

    assert event.get_source() == "./urn:shop:S1"


def test_nothing_of_an_entry_is_in_the_repr_of_its_envelope():
    envelope = Envelope.of(saying(NAME))

    assert NAME not in repr(envelope)
    assert NAME.encode() in envelope.data
