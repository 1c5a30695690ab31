"""A real SMTP server on loopback, which keeps what it is sent."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import cast


class _Handler(socketserver.StreamRequestHandler):
    """The least of RFC 5321 that a client needs to hand in a message."""

    server: _Server

    def handle(self) -> None:
        self._say("220 mailbox")
        recipients: list[str] = []
        while line := self.rfile.readline().decode().strip():
            match line.split()[0].upper():
                case "RCPT":
                    recipients.append(line[line.index("<") + 1 : line.index(">")])
                    self._say("550 nobody" if recipients[-1] in self.server.mailbox.unknown else "250 ok")
                case "DATA":
                    self._say("354 go on")
                    self.server.mailbox.take(recipients, self._message())
                    self._say("250 ok")
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 ok")

    def _message(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mailbox = mailbox


@dataclass
class Mailbox:
    """What has been handed in, and whose mail is not taken."""

    taken: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    port: int = 0

    def take(self, recipients: list[str], raw: bytes) -> None:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        self.taken.append((recipients, cast("EmailMessage", message)))


@contextmanager
def open_mailbox() -> Iterator[Mailbox]:
    """A mailbox that is open."""
    mailbox = Mailbox()
    with _Server(mailbox) as server:
        mailbox.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield mailbox
        server.shutdown()
