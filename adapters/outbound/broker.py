"""Broker: entries as CloudEvents to NATS JetStream, RabbitMQ, Kafka, MQTT or Redis streams, by FastStream.

Must live here: the connection and what becomes of a failure. What a broker takes is in `adapters.outbound.protocols`.
"""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from importlib import import_module
from threading import Lock, Thread
from typing import Any
from weakref import WeakSet

from adapters.outbound.protocols import TOO_LARGE, Protocol
from engine import BadSettings, Entry, Text, Undeliverable, Undelivered

SCHEMES = {
    "nats": "nats:Nats",
    "tls": "nats:Nats",
    "amqp": "rabbit:Rabbit",
    "amqps": "rabbit:Rabbit",
    "kafka": "kafka:Kafka",
    "kafkas": "kafka:Kafka",
    "mqtt": "mqtt:Mqtt",
    "mqtts": "mqtt:Mqtt",
    "redis": "redis:Redis",
    "rediss": "redis:Redis",
}
"""Which protocol a URL means: module and class in `adapters.outbound.protocols`. Only that one's client is loaded."""

_SCHEME = Text(f"以 {'、'.join(SCHEMES)} 之一加 :// 开头", f"one that begins with {', '.join(SCHEMES)} and ://")
_CLIENT = Text(
    "已安装客户端的消息服务器：先运行 pip install 'gongdan[brokers]'",
    "a broker whose client is installed: pip install 'gongdan[brokers]'",
)
_GOODBYE = 1.0
"""Seconds that a connection is given to end in good manners."""


class Broker:
    """Puts each entry to a broker and waits until that has confirmed it.

    The first delivery connects; after a failure the next one connects anew. An entry that a broker was too slow to
    confirm may be there twice: receivers de-duplicate by its id.
    """

    def __init__(self, name: str, *, url: str = "", **settings: Any) -> None:
        """A URL, and the settings of its protocol. Raises BadSettings, or ValidationError for a wrong setting.

        Settings are checked, nothing is connected yet.
        """
        self.name = name
        self._protocol = _protocol(url).model_validate({"url": url, **settings})
        self._lock = Lock()
        self._connection: _Connection | None = None

    def __repr__(self) -> str:
        """The settings, without what the URL holds."""
        return f"{type(self).__name__}({self.name!r}, {self._protocol!r})"

    def deliver(self, entry: Entry) -> None:
        """Put one entry. Raises Undelivered with a short code, Undeliverable if the broker takes none so large."""
        with self._lock:
            if self._connection is None or self._connection.is_over:
                self._connection = _Connection(self._protocol, self.name)
            try:
                self._connection.put(entry)
            except Exception as error:  # noqa: BLE001 - whatever a client raises is a failed delivery
                reason = self._protocol.reason(error)
                raise (Undeliverable if reason == TOO_LARGE else Undelivered)(reason) from None

    def close(self) -> None:
        """End the connection, its loop and its thread."""
        with self._lock:
            if self._connection is not None:
                self._connection.end()
                self._connection.join()


class _Loop(asyncio.SelectorEventLoop):
    """A loop that knows its sockets: clients forget those of a connection that failed half-way."""

    def __init__(self) -> None:
        super().__init__()
        self._opened: WeakSet[asyncio.Transport] = WeakSet()

    async def create_connection(self, *args: Any, **kwargs: Any) -> Any:
        """As every loop does, and remember it."""
        transport, protocol = await super().create_connection(*args, **kwargs)
        self._opened.add(transport)
        return transport, protocol

    async def abort_all(self) -> None:
        """Close what is still open."""
        for transport in self._opened:
            transport.abort()
        await asyncio.sleep(0)  # once round the loop: then they are closed


class _Connection:
    """A client with an event loop and a thread of its own. Once anything has failed it is of no use any more."""

    def __init__(self, protocol: Protocol, name: str) -> None:
        self.is_over = False
        self._protocol = protocol
        self._client: Any = None
        self._loop = _Loop()
        self._loop.set_exception_handler(_ignore)
        self._over = asyncio.Event()
        self._thread = Thread(target=self._run, name=f"gongdan-{name}", daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Connect if need be, publish, and wait for the confirmation; for no longer than `timeout`."""
        try:
            asyncio.run_coroutine_threadsafe(self._put(entry), self._loop).result(self._protocol.timeout)
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Tell it to let go of all that it holds."""
        if not self.is_over:
            self.is_over = True
            self._loop.call_soon_threadsafe(self._over.set)

    def join(self) -> None:
        """Wait until it has done so."""
        self._thread.join(3 * _GOODBYE)

    def _run(self) -> None:
        with closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        await self._over.wait()
        with suppress(Exception):
            async with asyncio.timeout(_GOODBYE):
                await self._client.stop()
        await _cancel_all()
        await self._loop.abort_all()

    async def _put(self, entry: Entry) -> None:
        if self._client is None:
            self._client = self._protocol.broker()
            await self._client.start()
            await self._protocol.prepare(self._client)
        message = self._protocol.message(entry)
        await self._client.publish(message, **self._protocol.arguments(entry, message.headers))


async def _cancel_all() -> None:
    """End what clients still do in the background; one of them goes on after it was cancelled: it is not waited for."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_GOODBYE)


def _ignore(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    """What fails behind a client's back is told by the next delivery."""


def _protocol(url: str) -> type[Protocol]:
    scheme = str(url).partition("://")[0]
    if scheme not in SCHEMES:
        raise BadSettings(where="url", expected=_SCHEME)
    module, _, kind = SCHEMES[scheme].partition(":")
    try:
        found: type[Protocol] = getattr(import_module(f"adapters.outbound.protocols.{module}"), kind)
    except ImportError:
        raise BadSettings(where="url", expected=_CLIENT) from None
    return found
