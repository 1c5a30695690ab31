"""What is read back from the brokers of `brokers.py`, by plain clients: none of them is FastStream.

A receiver takes what was put under one topic since it was opened, which is a subject, an exchange or a key elsewhere.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from threading import Event, Thread
from typing import Any, NamedTuple

import aio_pika
import aiokafka
import nats
import redis
import zmqtt
from nats.js.errors import NotFoundError

from adapters.testing import Arrived
from adapters.testing.entries import ADVISOR, engine_in_memory
from engine import Entry
from tests import brokers
from tests.brokers import HOST, PATIENCE, PAUSE, Server


def entry_of(shop: str, case: str) -> Entry:
    engine = engine_in_memory()
    with closing(engine.store):
        engine.shop(shop).open(case, by=ADVISOR)
        return engine.shop(shop).entries(case)[0]


STRANGE = entry_of("4S:gz/a.b", "RO+1@x/2")
"""Ids with all that means something in a URL, a topic or a routing key."""


class Taken(NamedTuple):
    """A message as it came: where it lay, its headers, its body, what says how to read it, and what else it had."""

    place: str
    headers: dict[str, str]
    body: bytes
    content_type: str | None = None
    more: dict[str, Any] | None = None


class Receiver(ABC):
    """Takes what lies under a topic."""

    prefix = "ce-"

    def __init__(self, server: Server, topic: str) -> None:
        self.server = server
        self.topic = topic
        self.taken: list[Taken] = []

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What an adapter is told besides the URL to put its entries here."""

    @abstractmethod
    def pull(self) -> None:
        """Add to `taken` what is new."""

    def open(self) -> None:  # noqa: B027 - most need nothing
        """Make ready what must be there before an entry comes."""

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Give back what is held."""

    def arrived(self) -> list[Arrived]:
        """What has come so far, as the contract reads it."""
        self.pull()
        return [
            Arrived.binary(one.headers, one.body, self.prefix) if self.prefix + "id" in one.headers
            else Arrived.structured(one.body)
            for one in self.taken
        ]  # fmt: skip

    def wait(self, number: int) -> list[Taken]:
        """What has come, once it is so many."""
        deadline = time.monotonic() + PATIENCE
        while len(self.taken) < number:
            assert time.monotonic() < deadline, f"{len(self.taken)} of {number} came"
            self.pull()
            time.sleep(PAUSE)
        return self.taken

    @contextmanager
    def down(self) -> Iterator[None]:
        """The broker is down for a while. Some forget all by it, so what was put before is taken before."""
        self.wait(1)
        self.close()
        try:
            with self.server.down():
                yield
        finally:
            self.open()


class FromNats(Receiver):
    @property
    def settings(self) -> dict[str, Any]:
        return {"to": self.topic + ".{shop}.{type}", "stream": self.topic}

    def pull(self) -> None:
        self.taken = asyncio.run(self._all())

    async def _all(self) -> list[Taken]:
        async with _jetstream(self.server) as stream:
            try:
                held = (await stream.stream_info(self.topic)).state
            except NotFoundError:
                return []
            messages = [await stream.get_msg(self.topic, seq) for seq in range(held.first_seq, held.last_seq + 1)]
        return [_of_nats(message) for message in messages]

    def make(self, **limits: Any) -> None:
        """The stream, made by an operator."""
        asyncio.run(self._make(**limits))

    async def _make(self, **limits: Any) -> None:
        async with _jetstream(self.server) as stream:
            await stream.add_stream(name=self.topic, subjects=[f"{self.topic}.>"], **limits)

    def limits(self) -> Any:
        """How the stream is set up."""
        return asyncio.run(self._limits())

    async def _limits(self) -> Any:
        async with _jetstream(self.server) as stream:
            return (await stream.stream_info(self.topic)).config


@asynccontextmanager
async def _jetstream(server: Server) -> AsyncIterator[nats.js.JetStreamContext]:
    client = await nats.connect(server.url)
    try:
        yield client.jetstream()
    finally:
        await client.close()


def _of_nats(message: Any) -> Taken:
    headers = dict(message.headers)
    return Taken(message.subject, headers, message.data, headers.get("content-type"))


class FromKafka(Receiver):
    prefix = "ce_"
    partitions = 1

    @property
    def settings(self) -> dict[str, Any]:
        return {"to": self.topic, "idempotent": False}  # tansu cannot

    def open(self) -> None:
        self._before = list(self.taken)
        where = ["--broker", f"tcp://{HOST}:{self.server.port}", "--partitions", str(self.partitions)]
        subprocess.run([brokers.tansu(), "topic", "create", *where, self.topic], check=True, capture_output=True)

    def pull(self) -> None:
        self.taken = self._before + asyncio.run(self._all())

    async def _all(self) -> list[Taken]:
        consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=f"{HOST}:{self.server.port}")
        await consumer.start()
        try:
            parts = [aiokafka.TopicPartition(self.topic, number) for number in range(self.partitions)]
            consumer.assign(parts)
            await consumer.seek_to_beginning(*parts)
            ends = await consumer.end_offsets(parts)
            taken: list[Taken] = []
            while any([await consumer.position(part) < ends[part] for part in parts]):
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    taken.extend(map(_of_kafka, records))
            return taken
        finally:
            await consumer.stop()


def _of_kafka(record: Any) -> Taken:
    headers = {name: value.decode() for name, value in record.headers}
    more = {"key": record.key, "partition": record.partition}
    return Taken(record.topic, headers, record.value, headers.get("content-type"), more)


class FromMqtt(Receiver):
    """Stays connected, in a thread: an MQTT broker keeps nothing for those who are away."""

    prefix = ""
    version: Any = "5.0"

    @property
    def settings(self) -> dict[str, Any]:
        return {"to": self.topic + "/{shop}/{case}", "version": self.version}

    def open(self) -> None:
        self._ready = Event()
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._thread = Thread(target=lambda: self._loop.run_until_complete(self._listen()))
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)
        self._loop.close()

    def pull(self) -> None:
        """It comes by itself."""

    async def _listen(self) -> None:
        client = zmqtt.MQTTClient(HOST, self.server.port, version=self.version)
        async with client, client.subscribe(f"{self.topic}/#", qos=zmqtt.QoS.AT_LEAST_ONCE) as subscription:
            self._ready.set()
            over = asyncio.create_task(self._over.wait())
            while not over.done():
                coming = asyncio.create_task(subscription.get_message())
                await asyncio.wait({coming, over}, return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    self.taken.append(_of_mqtt(coming.result()))
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)


class FromMqtt3(FromMqtt):
    version = "3.1.1"


def _of_mqtt(message: Any) -> Taken:
    properties = message.properties
    headers = dict(properties.user_properties) if properties else {}
    content_type = properties.content_type if properties else None
    return Taken(message.topic, headers, message.payload, content_type, {"qos": message.qos})


class FromRedis(Receiver):
    @property
    def settings(self) -> dict[str, Any]:
        return {"to": self.topic}

    def pull(self) -> None:
        with redis.Redis(port=self.server.port) as client:
            self.taken = [Taken(self.topic, {}, fields[b"__data__"]) for _, fields in client.xrange(self.topic)]


class FromRabbit(Receiver):
    prefix = "cloudEvents_"

    @property
    def settings(self) -> dict[str, Any]:
        return {"exchange": self.topic}

    def open(self) -> None:
        self.pull()

    def pull(self) -> None:
        self.taken.extend(asyncio.run(self._new()))

    async def _new(self) -> list[Taken]:
        async with await aio_pika.connect(self.server.url) as connection:
            channel = await connection.channel()
            exchange = await channel.declare_exchange(self.topic, aio_pika.ExchangeType.TOPIC, durable=True)
            queue = await channel.declare_queue(self.topic, durable=True)
            await queue.bind(exchange, "#")
            taken = []
            while message := await queue.get(no_ack=True, fail=False):
                taken.append(_of_rabbit(message))
            return taken


def _of_rabbit(message: Any) -> Taken:
    more = {"message_id": message.message_id, "persistent": message.delivery_mode is aio_pika.DeliveryMode.PERSISTENT}
    return Taken(message.routing_key, dict(message.headers), message.body, message.content_type, more)


KINDS: dict[str, tuple[Any, type[Receiver]]] = {
    "nats": (brokers.nats, FromNats),
    "kafka": (brokers.kafka, FromKafka),
    "mqtt-3": (brokers.amqtt, FromMqtt3),
    "mqtt-5": (brokers.mosquitto, FromMqtt),
    "redis": (brokers.redis, FromRedis),
    "rabbitmq": (brokers.rabbitmq, FromRabbit),
}
"""Each kind of broker: how it is started, and who takes what it has."""
