"""The broker adapter on real brokers: what arrives at each of them, in which form, and what becomes of a failure."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from typing import Any

import pytest
from cloudevents.core.bindings import amqp, http, kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from faststream.nats import JStream, NatsBroker

from adapters.outbound.broker import Broker
from adapters.testing import AdapterContract, Arrived, largest, story
from engine import Entry, Envelope, Undeliverable, Undelivered
from tests import brokers
from tests.brokers import PASSWORD, USER, Server
from tests.receivers import KINDS, STRANGE, FromKafka, Receiver, Taken

TIMEOUT = 5.0
_numbers = count(1)

Servers = Callable[[Any], Server]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Gives the broker of a kind: started once, when a test asks for it first."""
    with ExitStack() as stack:
        started: dict[Any, Server | Exception] = {}

        def server(how: Any) -> Server:
            if how not in started:
                try:
                    started[how] = stack.enter_context(brokers.running(how))
                except (brokers.CannotStart, OSError, ImportError) as reason:
                    started[how] = reason
            if isinstance(found := started[how], Exception):
                pytest.skip(f"no broker: {found}")
            return found

        yield server


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def receiver(kind: str, servers: Servers) -> Iterator[Receiver]:
    how, taker = KINDS[kind]
    with closing(taker(servers(how), f"t{next(_numbers)}")) as taking:
        taking.open()
        yield taking


@pytest.fixture
def adapter(receiver: Receiver) -> Iterator[Broker]:
    with closing(Broker("facts", url=receiver.server.url, timeout=TIMEOUT, **receiver.settings)) as made:
        yield made


class TestContract(AdapterContract):
    seconds = 2 * TIMEOUT

    @pytest.fixture
    def received(self, receiver: Receiver) -> Callable[[], list[Arrived]]:
        return receiver.arrived

    @pytest.fixture
    def down(self, receiver: Receiver) -> Any:
        return receiver.down


# --- the form in which entries arrive ----------------------------------------------------------------------------


def nats_event(taken: Taken) -> Any:
    """The SDK has no binding of NATS; its headers are those of HTTP."""
    return http.from_binary(http.HTTPMessage(headers=taken.headers, body=taken.body), JSONFormat(), CloudEvent)


def kafka_event(taken: Taken) -> Any:
    headers = {name: value.encode() for name, value in taken.headers.items()}
    message = kafka.KafkaMessage(headers=headers, key=taken.more["key"], value=taken.body)
    return kafka.from_binary(message, JSONFormat(), CloudEvent)


def amqp_event(taken: Taken) -> Any:
    properties = {"content-type": taken.content_type}
    return amqp.from_binary(amqp.AMQPMessage(properties, taken.headers, taken.body), JSONFormat(), CloudEvent)


def mqtt_event(taken: Taken) -> Any:
    """The SDK has no binding of MQTT 5.0; each user property is an attribute."""
    attributes = {**taken.headers, "datacontenttype": taken.content_type, "data": json.loads(taken.body)}
    return JSONFormat().read(CloudEvent, json.dumps(attributes))


def structured_event(taken: Taken) -> Any:
    return JSONFormat().read(CloudEvent, taken.body)


READ_BY = {
    "nats": nats_event,
    "kafka": kafka_event,
    "mqtt-3": structured_event,
    "mqtt-5": mqtt_event,
    "redis": structured_event,
    "rabbitmq": amqp_event,
}


def same(event: Any, entry: Entry) -> bool:
    """Whether an event says what the envelope of an entry does."""
    read = {name: str(value) for name, value in event.get_attributes().items() if name not in TIMES}
    expected = {name: value for name, value in Envelope.of(entry).attributes.items() if name not in TIMES}
    return read == expected and event.get_data() == json.loads(entry.body)


TIMES = {"time", "recordedtime"}


def test_the_official_sdk_reads_each_event(kind, receiver, adapter):
    entries = [*story(), STRANGE]

    for entry in entries:
        adapter.deliver(entry)

    events = [READ_BY[kind](taken) for taken in receiver.wait(len(entries))]
    assert all(same(event, entry) for event, entry in zip(events, entries, strict=True))
    assert all(event.get_time() == entry.recorded_at for event, entry in zip(events, entries, strict=True))


@pytest.mark.parametrize("kind", ["nats", "kafka", "mqtt-5", "rabbitmq"], indirect=True)
def test_a_whole_event_travels_as_one_document_where_that_is_set(receiver):
    settings = {**receiver.settings, "mode": "structured", "timeout": TIMEOUT}

    with closing(Broker("facts", url=receiver.server.url, **settings)) as adapter:
        adapter.deliver(STRANGE)

    (taken,) = receiver.wait(1)
    assert taken.content_type == "application/cloudevents+json"
    assert taken.body == Envelope.of(STRANGE).structured()
    assert same(structured_event(taken), STRANGE)


# --- what is particular to one kind ------------------------------------------------------------------------------

ONLY = {name: pytest.mark.parametrize("kind", [name], indirect=True) for name in KINDS}


@ONLY["nats"]
def test_jetstream_drops_an_id_that_it_has(receiver, adapter):
    first, second, *_ = story()

    for entry in (first, second, first, second):
        adapter.deliver(entry)

    assert [taken.headers["Nats-Msg-Id"] for taken in receiver.wait(2)] == [first.seal, second.seal]


@ONLY["nats"]
def test_a_stream_that_is_there_is_used_as_it_is(receiver, adapter):
    receiver.make(max_msgs=1)

    for entry in story()[:3]:
        adapter.deliver(entry)

    assert receiver.arrived()[-1:] == [Arrived(story()[2].seal, story()[2].body, "case_opened")]
    assert receiver.limits().max_msgs == 1


@ONLY["nats"]
def test_what_is_too_large_for_the_stream_is_undeliverable_and_the_next_is_delivered(receiver, adapter):
    receiver.make(max_msg_size=20_000)

    with pytest.raises(Undeliverable, match="too large"):
        adapter.deliver(largest())
    adapter.deliver(story()[0])

    assert [one.id for one in receiver.arrived()] == [story()[0].seal]


@ONLY["nats"]
def test_a_subject_that_the_stream_does_not_have_is_told(receiver):
    receiver.make()

    with (
        closing(Broker("facts", url=receiver.server.url, stream=receiver.topic, to="elsewhere")) as adapter,
        pytest.raises(Undelivered, match="no stream"),
    ):
        adapter.deliver(story()[0])


@ONLY["nats"]
@pytest.mark.parametrize(("mode", "expected"), [("binary", dict), ("structured", bytes)])
def test_a_consumer_of_faststream_gets_json_in_binary_mode_and_bytes_in_structured_mode(receiver, mode, expected):
    with closing(Broker("facts", url=receiver.server.url, mode=mode, **receiver.settings)) as adapter:
        adapter.deliver(story()[0])

    async def consumed() -> Any:
        broker = NatsBroker(receiver.server.url, logger=None)
        got = asyncio.get_running_loop().create_future()

        @broker.subscriber(f"{receiver.topic}.>", stream=JStream(receiver.topic, declare=False))
        async def take(message: Any) -> None:
            got.set_result(message)

        async with broker:
            await broker.start()
            return await asyncio.wait_for(got, 2 * TIMEOUT)

    message = asyncio.run(consumed())

    assert type(message) is expected
    assert message == (json.loads(story()[0].body) if mode == "binary" else Envelope.of(story()[0]).structured())


def test_a_case_stays_in_one_partition_and_in_order(servers):
    with closing(ThreePartitions(servers(brokers.kafka), f"t{next(_numbers)}")) as receiver:
        receiver.open()
        with closing(Broker("facts", url=receiver.server.url, **receiver.settings)) as adapter:
            for entry in story():
                adapter.deliver(entry)
        taken = receiver.wait(len(story()))

    for case in ("RO-1", "RO-2", "RO-3"):
        own = [one for one in taken if one.more["key"] == case.encode()]
        assert len({one.more["partition"] for one in own}) == 1
        assert [one.headers["ce_id"] for one in own] == [entry.seal for entry in story() if entry.case == case]
    assert len({one.more["partition"] for one in taken}) > 1


class ThreePartitions(FromKafka):
    partitions = 3


@ONLY["rabbitmq"]
def test_a_message_of_rabbitmq_is_persistent_and_carries_the_id(receiver, adapter):
    adapter.deliver(story()[0])

    (taken,) = receiver.wait(1)
    assert taken.more == {"message_id": story()[0].seal, "persistent": True}


@pytest.mark.parametrize("mandatory", [True, False])
def test_what_no_queue_wants_is_not_delivered_unless_that_is_allowed(servers, mandatory):
    settings = {"url": servers(brokers.rabbitmq).url, "exchange": f"t{next(_numbers)}", "mandatory": mandatory}

    with closing(Broker("facts", **settings)) as adapter:
        if mandatory:
            with pytest.raises(Undelivered, match="no queue"):
                adapter.deliver(story()[0])
        else:
            adapter.deliver(story()[0])


# --- what it is told by, and what it holds -------------------------------------------------------------------------


@ONLY["nats"]
def test_a_wrong_password_is_denied_and_the_right_one_is_not(receiver, caplog):
    caplog.set_level(logging.DEBUG)
    place = receiver.server.url.removeprefix("nats://")

    with closing(Broker("facts", url=f"nats://{USER}:{PASSWORD}@{place}", **receiver.settings)) as right:
        right.deliver(story()[0])
    with (
        closing(Broker("facts", url=f"nats://{USER}:{PASSWORD}x@{place}", **receiver.settings)) as wrong,
        pytest.raises(Undelivered, match="denied") as caught,
    ):
        wrong.deliver(story()[0])

    assert len(receiver.wait(1)) == 1
    assert PASSWORD not in caplog.text + "".join(traceback.format_exception(caught.value))


def test_a_closed_adapter_holds_no_thread_and_connects_anew(servers):
    with closing(Broker("threads", url=servers(brokers.nats).url)) as adapter:
        adapter.deliver(story()[0])
        adapter.close()
        ended = {thread.name for thread in threading.enumerate()}
        adapter.deliver(story()[0])

    assert "gongdan-threads" not in ended
