"""A real HTTP receiver on loopback, which fails as it is told to."""

from __future__ import annotations

import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


@dataclass(frozen=True)
class Request:
    """What was posted: where to, with which headers (in lower case), and the body."""

    path: str
    headers: Mapping[str, str]
    body: bytes


Script = Callable[["Handler"], None]
"""Writes an answer, or does not."""


def answers(status: int = 204, body: bytes = b"", **headers: str) -> Script:
    """A whole answer; underscores in the names of headers are hyphens."""

    def write(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return write


def says(*parts: bytes, pause: float = 0.0) -> Script:
    """Raw bytes, a pause after each part, and the end of the connection."""

    def write(handler: Handler) -> None:
        handler.close_connection = True
        with suppress(OSError):  # who called may have hung up
            for part in parts:
                handler.wfile.write(part)
                handler.server.stopping.wait(pause)

    return write


class Handler(BaseHTTPRequestHandler):
    """Keeps connections open, as servers do."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.receiver.answer(self, Request(self.path, headers, body))

    def log_message(self, *said: Any) -> None:
        """Nothing: tests speak through their failures."""


class Server(ThreadingHTTPServer):
    """Knows its connections, so that it can hang up on all of them."""

    request_queue_size = 64
    daemon_threads = True

    def __init__(self, port: int, receiver: Receiver) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.receiver = receiver
        self.stopping = threading.Event()
        self.connections: set[socket.socket] = set()
        self.calls = 0
        if receiver.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(receiver.certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.calls += 1
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever called hung up."""

    def hang_up(self) -> None:
        """Stop, and end every connection."""
        self.stopping.set()
        self.shutdown()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


@dataclass
class Receiver:
    """Takes what is posted, and answers as scripted; without a script, or at its end, with 204."""

    certificate: str | None = None
    script: deque[Script] = field(default_factory=deque)
    taken: list[Request] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    server: Server = field(init=False)

    def __post_init__(self) -> None:
        self.up(0)

    @property
    def port(self) -> int:
        return cast(int, self.server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?shop=S1"

    def up(self, port: int) -> None:
        self.server = Server(port, self)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Nobody listens at the port, and every connection is ended."""
        port = self.port
        self.server.hang_up()
        yield
        self.up(port)

    @contextmanager
    def rejecting(self, id: str) -> Iterator[None]:
        """One message is answered with 422."""
        self.refused.add(id)
        yield
        self.refused.clear()

    def answer(self, handler: Handler, request: Request) -> None:
        if request.headers.get("webhook-id") in self.refused:
            answers(422)(handler)
            return
        self.taken.append(request)
        script = self.script.popleft() if self.script else answers()
        script(handler)


@contextmanager
def receiving(certificate: str | None = None) -> Iterator[Receiver]:
    """A receiver that runs."""
    receiver = Receiver(certificate)
    yield receiver
    receiver.server.hang_up()
