"""Webhook: entries by HTTP POST, each a CloudEvents document signed as Standard Webhooks says.

What an answer means is in one table here; which addresses may be called, and for how long, is in `network`.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import KW_ONLY, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from urllib.parse import unquote

import httpcore2
from pydantic import AnyHttpUrl, ConfigDict, Field, SecretStr
from pydantic.dataclasses import dataclass
from standardwebhooks import Webhook as Signer

from adapters.outbound.network import Backend, PrivateAddress, Resolve, is_public, resolved, within
from engine import BadSettings, Entry, Envelope, ReceiverGone, Text, Undeliverable, Undelivered

MOST_READ = 65_536
"""The most bytes of an answer that are read."""
LONGEST_PAUSE = 86_400.0
"""The most seconds that a receiver can ask to be left alone: a day."""

_SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{32,88}={0,2}")
_DIGITS = re.compile(r"[0-9]{1,9}")
_GONE = 410
_LATER = {408, 425, 429}
_ASKS_TO_WAIT = {429, 503}
_URL = Text(zh="https 地址，指向公网", en="an https address on the public Internet")
_SECRETS = Text(
    zh="至少一个密钥：whsec_ 加 24 至 64 字节的 base64", en="at least one secret: whsec_ and 24 to 64 bytes in base64"
)
_FAILURES: dict[type[Exception], str] = {
    PrivateAddress: "private address",
    httpcore2.TimeoutException: "timeout",
    httpcore2.NetworkError: "no connection",
    httpcore2.ProtocolError: "not an HTTP answer",
}


def machine_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


@dataclass(config=ConfigDict(extra="forbid", hide_input_in_errors=True))
class Webhook:
    """Posts each entry to a URL; any answer of the 200s means that it is delivered.

    `url` is https; user and password in it are sent as Basic authorization. `secrets` are `whsec_…`, the newest
    first: each signs, so that a receiver may know any one of them. `timeout`, in seconds, is for a whole call: the
    name, the connection, the answer. `allow_private` lets the URL be http and its host have private addresses.
    Raises BadSettings.
    """

    name: str
    _: KW_ONLY
    url: AnyHttpUrl = field(repr=False)
    secrets: list[SecretStr] = field(repr=False)
    timeout: float = Field(default=10.0, gt=0, le=300, allow_inf_nan=False)
    allow_private: bool = False
    clock: Callable[[], datetime] = field(default=machine_clock, repr=False)
    resolve: Resolve = field(default=resolved, repr=False)

    def __post_init__(self) -> None:
        """Check what types cannot, and prepare connections; none is made yet."""
        if not self.allow_private and (self.url.scheme != "https" or _is_private(self.url.host or "")):
            raise BadSettings(where="url", expected=_URL)
        secrets = [secret.get_secret_value() for secret in self.secrets]
        if not secrets or not all(_SECRET.fullmatch(secret) for secret in secrets):
            raise BadSettings(where="secrets", expected=_SECRETS)
        self._signers = [Signer(secret) for secret in secrets]
        self._target = _target(self.url)
        self._headers = _headers(self.url)
        backend = Backend(self.resolve, allow_private=self.allow_private)
        self._pool = httpcore2.ConnectionPool(
            httpcore2.default_ssl_context(), max_connections=None, keepalive_expiry=60, network_backend=backend
        )

    def deliver(self, entry: Entry) -> None:
        """Post one entry. Raises Undelivered, with `retry_after` where told so; Undeliverable; ReceiverGone for 410."""
        body = Envelope.of(entry).structured()
        now = self.clock().astimezone(UTC)
        headers = {
            **self._headers,
            "webhook-id": entry.seal,
            "webhook-timestamp": str(math.floor(now.timestamp())),
            "webhook-signature": " ".join(signer.sign(entry.seal, now, body.decode()) for signer in self._signers),
        }
        _judge(*self._post(body, headers), now)

    def close(self) -> None:
        """Give the connections back."""
        self._pool.close()

    def _post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """The status of the answer, and how long the receiver asks to be left alone, in its words."""
        try:
            with (
                within(self.timeout),
                self._pool.stream("POST", self._target, headers=[*headers.items()], content=body) as answer,
            ):
                _finish(answer)
                return answer.status, _value(answer, b"retry-after")
        except tuple(_FAILURES) as failure:
            reason = next(reason for kind, reason in _FAILURES.items() if isinstance(failure, kind))
            raise Undelivered(reason) from None


# --- settings ------------------------------------------------------------------------------------------------------


def _is_private(host: str) -> bool:
    """Whether a host is an address, and not a public one."""
    try:
        return not is_public(ip_address(host.strip("[]")))
    except ValueError:
        return False


def _target(url: AnyHttpUrl) -> httpcore2.URL:
    query = f"?{url.query}" if url.query else ""
    host = (url.host or "").strip("[]")
    return httpcore2.URL(scheme=url.scheme, host=host, port=url.port, target=(url.path or "/") + query)


def _headers(url: AnyHttpUrl) -> dict[str, str]:
    """What is the same in every call."""
    headers = {
        "host": f"{url.host}:{url.port}",
        "content-type": "application/cloudevents+json",
        "user-agent": "gongdan",
    }
    if url.username or url.password:
        login = f"{unquote(url.username or '')}:{unquote(url.password or '')}"
        headers["authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    return headers


# --- answers -------------------------------------------------------------------------------------------------------


def _finish(answer: httpcore2.Response) -> None:
    """Read what is left of an answer, so that its connection can serve again; not more than that is worth."""
    read = 0
    with suppress(httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError):
        for part in answer.iter_stream():
            read += len(part)
            if read > MOST_READ:
                return


def _value(answer: httpcore2.Response, name: bytes) -> str:
    """The first header of a name; empty where there is none."""
    return next((value.decode("latin-1").strip() for key, value in answer.headers if key.lower() == name), "")


def _judge(status: int, retry_after: str, now: datetime) -> None:
    """Return for 2xx, raise for every other status."""
    reason = f"HTTP {status}"
    match status // 100:
        case 2:
            return
        case 4 if status == _GONE:
            raise ReceiverGone(reason)
        case 4 if status not in _LATER:
            raise Undeliverable(reason)
    raise Undelivered(reason, retry_after=_pause(retry_after, now) if status in _ASKS_TO_WAIT else None)


def _pause(words: str, now: datetime) -> float | None:
    """The seconds of a Retry-After, which says seconds or a date; None for anything else."""
    if _DIGITS.fullmatch(words):
        return min(float(words), LONGEST_PAUSE)
    try:
        then = parsedate_to_datetime(words)
    except ValueError:
        return None
    seconds = (then.replace(tzinfo=then.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_PAUSE)
