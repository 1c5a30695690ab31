"""Connections to whom a setting names, and to nobody else: public addresses only, and never longer than a deadline.

A name is resolved here and the connection goes to an address that was checked, so a name that is given another address
meanwhile leads nowhere. All that is done inside `within(seconds)` ends with it: a receiver that sends a byte a
second holds nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from socket import SOCK_STREAM, getaddrinfo
from ssl import SSLContext
from threading import Thread
from typing import Any

import httpcore2

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Iterable[str]]
"""The IP addresses of a host, for a port. Raises OSError where there are none."""

_DEADLINE: ContextVar[float] = ContextVar("deadline")
_NAT64 = IPv6Network("64:ff9b::/96")


class PrivateAddress(Exception):
    """A host with an address that is not public."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Bound everything that is done on connections inside, together."""
    token = _DEADLINE.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def resolved(host: str, port: int) -> list[str]:
    """What the machine's resolver says."""
    return [str(found[4][0]) for found in getaddrinfo(host, port, type=SOCK_STREAM)]


def is_public(address: Address) -> bool:
    """Whether an address can be anybody's on the Internet. One that carries an IPv4 address is judged by that."""
    real = _carried(address)
    ours = real.is_multicast or real.is_reserved or (isinstance(real, IPv6Address) and real.is_site_local)
    return real.is_global and not ours


def _carried(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class Backend(httpcore2.NetworkBackend):
    """Makes connections for httpcore2."""

    def __init__(self, resolve: Resolve, *, allow_private: bool) -> None:
        """`allow_private` lets connections go to addresses that are not public, too."""
        self._resolve = resolve
        self._allow_private = allow_private
        self._tcp = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline stands in for it, here and below
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address of a host that answers. All of them must be public, or PrivateAddress is raised.

        The deadline stands in for `timeout`. Raises httpcore2's ConnectError and ConnectTimeout.
        """
        failure = httpcore2.ConnectError("no address")
        for address in self._checked(host, port):
            try:
                return _Stream(self._tcp.connect_tcp(address, port, _left(), local_address, socket_options))
            except httpcore2.ConnectError as refused:
                failure = refused
        raise failure

    def _checked(self, host: str, port: int) -> list[str]:
        addresses = _in_time(self._resolve, host, port)
        if not self._allow_private and not all(is_public(ip_address(address)) for address in addresses):
            raise PrivateAddress
        return addresses


class _Stream(httpcore2.NetworkStream):
    """A connection each of whose calls ends with the deadline, whatever timeout it is given."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - as above
        return self._stream.read(max_bytes, _left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - as above
        connection = self.get_extra_info("socket")
        connection.settimeout(_left())
        try:
            connection.sendall(buffer)  # its timeout is for the whole buffer; the stream's own is for each part
        except TimeoutError as late:
            raise httpcore2.WriteTimeout from late
        except OSError as broken:
            raise httpcore2.WriteError from broken

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - as above
    ) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left()))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left() -> float:
    seconds = _DEADLINE.get() - time.monotonic()
    if seconds <= 0:
        raise httpcore2.ReadTimeout
    return seconds


def _in_time(resolve: Resolve, host: str, port: int) -> list[str]:
    """The machine's resolver knows no timeout: it is asked from a thread that may be left behind."""
    answer: Future[list[str]] = Future()

    def ask() -> None:
        try:
            answer.set_result(list(resolve(host, port)))
        except Exception as error:  # noqa: BLE001 - it is raised below, in the thread that waits
            answer.set_exception(error)

    Thread(target=ask, daemon=True).start()
    try:
        return answer.result(_left())
    except TimeoutError as late:
        raise httpcore2.ConnectTimeout from late
    except (OSError, UnicodeError) as unknown:
        raise httpcore2.ConnectError from unknown
