"""The way in by HTTP: `POST /add-checkpoint`, as C2SP tlog-witness says. What a status means is in one table here."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from typing import Any

import structlog

from adapters.folders import MOST_NOTE
from adapters.witness.core import Found, Reply, Witness
from adapters.witness.deadline import within
from engine import GongdanError
from engine.proof.witness import Objection, objection_to, parse_submission

_log = structlog.get_logger("gongdan.witness")

MOST_BODY = MOST_NOTE + 64 * 45 + 32
"""The most bytes of a submission: a note, 63 hashes, the line of the old size."""
CONNECTIONS = 64
"""How many are served at a time; who comes then is turned away."""
SECONDS = 30.0
"""How long a connection may last, idle or not."""

_PATH = "/add-checkpoint"
_LENGTH = re.compile(r"[0-9]{1,6}")
_STATUS: Mapping[Objection, int] = {
    Objection.MALFORMED: 400,
    Objection.UNKNOWN: 404,
    Objection.UNSIGNED: 403,
    Objection.STALE: 409,
    Objection.FORK: 409,
    Objection.UNPROVEN: 422,
}
_OK, _BAD, _NOT_FOUND, _CONFLICT, _FAILED = 200, 400, 404, 409, 500
_TEXT, _SIZE = "text/plain; charset=utf-8", "text/x.tlog.size"


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness. Bound to its address when made: raises OSError where that cannot be."""

    daemon_threads = True
    request_queue_size = CONNECTIONS

    def __init__(
        self, witness: Witness, host: str, port: int, *, seconds: float = SECONDS, connections: int = CONNECTIONS
    ) -> None:
        """Port 0 is any free one: see `port`."""
        self.witness = witness
        self.seconds = seconds
        self._free = threading.BoundedSemaphore(connections)
        super().__init__((host, port), _Handler)

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, or hang up where there are too many."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One connection, from its begin to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever called hung up, or was cut off."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WitnessServer
    connection: socket

    def handle(self) -> None:
        with within(self.server.seconds, self.connection):
            super().handle()

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            self.close_connection = True
            self._answer(_BAD, _said(Objection.MALFORMED))
        elif self.path != _PATH:
            self._answer(_NOT_FOUND, b"")
        else:
            self._consider(body)

    def _body(self) -> bytes | None:
        """What was posted; None where its length is not said, once and in digits, or is too much."""
        lengths = self.headers.get_all("content-length") or []
        if len(lengths) != 1 or not _LENGTH.fullmatch(lengths[0]) or self.headers["transfer-encoding"]:
            return None
        length = int(lengths[0])
        body = self.rfile.read(length) if length <= MOST_BODY else b""
        return body if len(body) == length else None

    def _consider(self, body: bytes) -> None:
        try:
            reply = submitted(self.server.witness, body)
        except (OSError, GongdanError) as error:
            _log.error("witness_fails", error=type(error).__name__)
            self._answer(_FAILED, b"")
            return
        if reply.objection is None:
            self._answer(_OK, reply.cosignature)
        elif _STATUS[reply.objection] == _CONFLICT and reply.known:
            self._answer(_CONFLICT, b"%d\n" % reply.known.size, _SIZE)
        else:
            self._answer(_STATUS[reply.objection], _said(reply.objection))

    def _answer(self, status: int, body: bytes, type: str = _TEXT) -> None:
        self.send_response(status)
        self.send_header("Content-Type", type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        return "gongdan"

    def log_message(self, *said: Any) -> None:
        """Nothing: the witness itself says what it refuses."""


def submitted(witness: Witness, body: bytes) -> Reply:
    """The answer to what was posted. Raises OSError, BadSettings."""
    submission = parse_submission(body)
    if submission is None:
        return Reply(Objection.MALFORMED)
    old, proof, note = submission
    return witness.consider(note, lambda known, new: Found(objection_to(new, known, old, proof)))


def _said(objection: Objection) -> bytes:
    return f"{objection.label}\n".encode()
