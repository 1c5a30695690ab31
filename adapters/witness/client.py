"""How a log asks a witness over HTTP for its cosignature."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import ClassVar
from urllib.parse import SplitResult, urlsplit

from adapters.witness.deadline import within
from engine import BadSettings, GongdanError, Text
from engine.proof.witness import Submission

SECONDS = 10.0
"""How long one question may take."""

_MOST_ANSWER = 65_536
_TRIES = 3
_OK, _CONFLICT = 200, 409
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_LINES = re.compile("(— [^\n]+\n)+".encode())
_URL = Text(
    zh="见证人的地址，如 https://witness.example/w1", en="a witness's address, such as https://witness.example/w1"
)
_CONNECTIONS = {"http": HTTPConnection, "https": HTTPSConnection}


class Unwitnessed(GongdanError):
    """A witness gave no cosignature. `reason`: what it answered, or what was wrong with the connection."""

    words = Text(zh="见证人 {host} 未签字：{reason}。", en="The witness {host} did not cosign: {reason}.")
    codes: ClassVar[Mapping[str, Text]] = {
        said.en: said
        for said in (
            Text("它见证过更长的账本", "it has witnessed a larger log"),
            Text("它见证过另一个版本", "it has witnessed another version of the log"),
            Text("连接不上，或中途断开", "no connection, or it broke"),
            Text("答复读不懂", "its answer cannot be read"),
            Text("检查点有误", "HTTP 400"),
            Text("不认得日志的密钥", "HTTP 403"),
            Text("不认识这个账本", "HTTP 404"),
            Text("证明不成立", "HTTP 422"),
        )
    }


def ask(
    url: str,
    note: bytes,
    size: int,
    prove: Callable[[int], Sequence[bytes]],
    *,
    old: int = 0,
    seconds: float = SECONDS,
) -> bytes:
    """The signature lines that a witness answers to a checkpoint of `size` entries; whose they are is not checked.

    `prove` gives the consistency proof from a size; `old` is the size that the witness is thought to know. Where it
    knows another one, it says so and is asked again. Raises Unwitnessed, BadSettings for an address that is none.
    """
    place = _place(url)
    for _ in range(_TRIES):
        status, body = _posted(place, Submission(old, prove(old) if old else [], note).body(), seconds)
        if status == _OK:
            return body
        told = _SIZE.fullmatch(body)
        if status != _CONFLICT or told is None:
            raise Unwitnessed(host=place.hostname, reason=f"HTTP {status}")
        if int(told[1]) == old:
            raise Unwitnessed(host=place.hostname, reason="it has witnessed another version of the log")
        old = int(told[1])
        if old > size:
            raise Unwitnessed(host=place.hostname, reason="it has witnessed a larger log")
    raise Unwitnessed(host=place.hostname, reason=f"HTTP {_CONFLICT}")


def _place(url: str) -> SplitResult:
    try:
        place = urlsplit(url)
        usable = place.scheme in _CONNECTIONS and place.hostname and place.port != 0
    except ValueError:
        usable = None
    if not usable:
        raise BadSettings(where="url", expected=_URL)
    return place


def _posted(place: SplitResult, body: bytes, seconds: float) -> tuple[int, bytes]:
    connection = _CONNECTIONS[place.scheme](place.hostname or "", place.port, timeout=seconds)
    try:
        connection.connect()
        with within(seconds, connection.sock):
            connection.request("POST", f"{place.path.rstrip('/')}/add-checkpoint", body)
            return _read(connection.getresponse())
    except (OSError, HTTPException, UnicodeError) as broken:
        raise Unwitnessed(host=place.hostname, reason=_broken(broken)) from None
    finally:
        connection.close()


def _read(answer: HTTPResponse) -> tuple[int, bytes]:
    body = answer.read(_MOST_ANSWER + 1)
    is_cut = len(body) > _MOST_ANSWER or answer.length
    if is_cut or (answer.status == _OK and not _LINES.fullmatch(body)):
        raise HTTPException
    return answer.status, body


def _broken(error: Exception) -> str:
    return "no connection, or it broke" if isinstance(error, OSError) else "its answer cannot be read"
