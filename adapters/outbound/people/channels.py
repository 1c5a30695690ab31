"""Channels: the ways to a person, each an Apprise URL; SMS through a port where no URL will do.

Must live here: Apprise, its silence and its time limit. Must not be known here: what is said, and to whom.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping
from contextvars import ContextVar, copy_context
from pathlib import Path
from threading import Thread
from typing import Protocol, runtime_checkable
from urllib.parse import quote

from apprise import Apprise, AppriseAsset, NotifyFormat
from pydantic import SecretStr

from engine import BadSettings, Text, Undelivered

ADDRESS = "{address}"
"""Where the address of the person goes in a URL, percent-encoded. A URL without it is a group's."""
SMS = "sms://"
"""The URL of a channel that goes through the SMS port."""

_URL = Text("Apprise 网址；一人一址处写 {{address}}", "an Apprise URL, with {{address}} where a person's goes").render(
    {}
)
_SMS = Text("Apprise 网址；sms:// 须由宿主给出 sms", "an Apprise URL; sms:// needs the host to give `sms`")
_PLUGIN = Text("一个 Python 文件", "a Python file")
_SAMPLES = ("someone@example.com", "13800138000")
_TALKATIVE = ("apprise", "urllib3.connectionpool", "urllib3.util.retry")

_sending: ContextVar[bool] = ContextVar("gongdan_people_sending", default=False)


def _silent(_record: logging.LogRecord) -> bool:
    """While we send, others say nothing: their lines hold bodies, addresses and tokens."""
    return not _sending.get()


for _name in _TALKATIVE:
    logging.getLogger(_name).addFilter(_silent)

with warnings.catch_warnings():  # Apprise loads all it has at the first URL, and some of that is old
    warnings.simplefilter("ignore", DeprecationWarning)
    Apprise.instantiate("json://localhost")


@runtime_checkable
class Sms(Protocol):
    """Sends text messages. A host writes one over its provider."""

    def send(self, number: str, text: str) -> None:
        """Send one. Raises Undelivered, or anything else: of that only the class is told."""
        ...


class Channels:
    """Every channel by its name. Safe to share between threads."""

    def __init__(self, urls: Mapping[str, SecretStr], sms: Sms | None, plugins: list[Path]) -> None:
        """Check each of them; nothing is sent yet. Raises BadSettings."""
        for number, path in enumerate(plugins):
            if not path.is_file():
                raise BadSettings(where=f"plugins.{number}", expected=_PLUGIN)
        self._asset = AppriseAsset(plugin_paths=[str(path) for path in plugins], storage_mode="memory")
        self._urls = {name: url.get_secret_value() for name, url in urls.items()}
        self._sms = sms
        for name, url in self._urls.items():
            self._check(f"channels.{name}", url)

    @property
    def names(self) -> frozenset[str]:
        """What rules call them."""
        return frozenset(self._urls)

    def send(self, channel: str, address: str, title: str, body: str, seconds: float) -> None:
        """Send one message within so many seconds. Raises Undelivered."""
        url = self._urls[channel]
        sms = self._sms
        if url == SMS and sms is not None:
            _within(seconds, lambda: sms.send(address, f"{title}\n{body}"), channel)
        else:
            _within(seconds, lambda: self._notify(channel, _at(url, address), title, body, seconds), channel)

    def _notify(self, channel: str, url: str, title: str, body: str, seconds: float) -> None:
        service = Apprise.instantiate(url, asset=self._asset)
        if service is None:
            raise Undelivered(f"{channel}: address")
        # A new one each time: Apprise makes a service pause between messages, in our time.
        service.socket_connect_timeout = service.socket_read_timeout = seconds
        if not service.notify(title=title, body=body, body_format=NotifyFormat.TEXT):
            raise Undelivered(f"{channel}: refused or out of reach")

    def _check(self, where: str, url: str) -> None:
        if url.startswith("sms:"):
            if url != SMS or self._sms is None:
                raise BadSettings(where=where, expected=_SMS)
            return
        token = _sending.set(True)
        try:
            known = any(Apprise.instantiate(_at(url, sample), asset=self._asset) for sample in _SAMPLES)
        finally:
            _sending.reset(token)
        if not known:
            raise BadSettings(where=where, expected=_URL)


def _at(url: str, address: str) -> str:
    return url.replace(ADDRESS, quote(address, safe=""))


def _within(seconds: float, send: Callable[[], None], channel: str) -> None:
    """Do it in a thread of its own, for as long as that: what talks drop by drop would never time out."""
    failed: list[Exception] = []

    def run() -> None:
        _sending.set(True)
        try:
            send()
        except Exception as error:  # noqa: BLE001 - a foreign channel may raise anything
            failed.append(error)

    thread = Thread(target=copy_context().run, args=(run,), name=f"gongdan-people-{channel}", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise Undelivered(f"{channel}: timeout")
    for error in failed:
        if isinstance(error, Undelivered):
            raise error
        raise Undelivered(f"{channel}: {type(error).__name__}")
