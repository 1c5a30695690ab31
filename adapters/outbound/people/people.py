"""People: tells those concerned, in their language, of the answers that rules name."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, field
from dataclasses import dataclass as plain
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic import ConfigDict, Field, InstanceOf, SecretStr
from pydantic.dataclasses import dataclass

from adapters.outbound.people.channels import Channels, Sms
from adapters.outbound.people.directory import Directory, ListedPeople, Person
from adapters.outbound.people.limits import Rate, Told, quiet_for
from adapters.outbound.people.rules import Rule, Rulebook
from adapters.outbound.people.words import of_value, said
from engine import BadSettings, Catalogue, Entry, Reveal, Text, Undelivered, standard_catalogue

_REVEAL = Text(
    "由引擎给出个人信息的途径；模板 {template} 用到",
    "the way to personal values that an engine gives; {template} names some",
)


def machine_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


@plain(frozen=True, slots=True)
class _Message:
    """What is said by one rule to one role, before languages."""

    title: Text
    body: Text

    def to(self, person: Person) -> tuple[str, str]:
        """Title and body as this person reads them; the title is one line."""
        title, body = (_in(person.language, one) for one in (self.title, self.body))
        return " ".join(title.split()), body


def _in(language: str, text: Text) -> str:
    said_in: dict[str, str] = {"zh": text.zh, "en": text.en}
    return said_in.get(language) or (text.zh if text.zh == text.en else f"{text.zh}\n{text.en}")


@plain(slots=True)
class _Round:
    """One delivery: what was not sent, and why."""

    until: float
    waits: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    failed: bool = False

    def put_off(self, seconds: float, reason: str) -> None:
        """Not now."""
        self.waits.append(seconds)
        self.reasons.append(reason)

    def fail(self, reason: str) -> None:
        """It went wrong; to be tried again like anything else."""
        self.failed = True
        self.reasons.append(reason)

    def end(self) -> None:
        """Raise Undelivered when something is left to be sent."""
        if self.reasons:
            soonest = None if self.failed else min(self.waits)
            raise Undelivered("; ".join(dict.fromkeys(self.reasons)), retry_after=soonest)


@dataclass(config=ConfigDict(extra="forbid", hide_input_in_errors=True))
class People:
    """Notifies people over Apprise, by rules.

    `rules` is the path of a TOML file, its text, or a Rulebook. `channels` are Apprise URLs by name. `directory`
    says who has a role; by default the rules list the people. `plugins` are Python files with `@notify` functions,
    `sms` a port for `sms://`. `timeout`, in seconds, is for all messages of one entry together. Raises BadSettings.
    """

    name: str
    _: KW_ONLY
    rules: str | Path | Rulebook = field(repr=False)
    channels: dict[str, SecretStr] = field(default_factory=dict, repr=False)
    directory: InstanceOf[Directory] | None = field(default=None, repr=False)
    plugins: list[Path] = field(default_factory=list)
    sms: InstanceOf[Sms] | None = field(default=None, repr=False)
    timeout: float = Field(default=30.0, gt=0, le=300, allow_inf_nan=False)
    clock: Callable[[], datetime] = field(default=machine_clock, repr=False)
    catalogue: InstanceOf[Catalogue] | None = field(default=None, repr=False)
    reveal: InstanceOf[Reveal] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Read and check everything; nothing is sent yet."""
        self._book = self.rules if isinstance(self.rules, Rulebook) else Rulebook.load(self.rules)
        self._catalogue = self.catalogue or standard_catalogue()
        self._channels = Channels(self.channels, self.sms, self.plugins)
        self._book.check(self._catalogue, self._channels.names)
        self._directory: Directory = self.directory or ListedPeople(self._book.people)
        self._rate = Rate(self._book.limit)
        self._told = Told()
        self._lock = Lock()

    def reveal_by(self, reveal: Reveal) -> None:
        """Take the way to personal values; an engine gives it when it is built."""
        self.reveal = self.reveal or reveal

    def deliver(self, entry: Entry) -> None:
        """Tell everybody whom a rule names. Who was told is not told again, as long as this process lives.

        Raises Undelivered for what is left: a channel failed, it is quiet hours, somebody got too many already, or
        nobody is there. Raises BadSettings for a personal value that there is no way to.
        """
        with self._lock:
            round_ = _Round(time.monotonic() + self.timeout)
            for number, rule in enumerate(self._book.rules):
                if rule.fits(entry):
                    self._tell(entry, number, rule, round_)
            round_.end()

    def close(self) -> None:
        """Nothing is held."""

    # --- one rule ----------------------------------------------------------------------------------------------------

    def _tell(self, entry: Entry, number: int, rule: Rule, round_: _Round) -> None:
        messages: dict[str, _Message] = {}
        nobody = True
        for role, person, channel in self._concerned(entry, rule):
            nobody = False
            address = (channel, person.channels[channel])
            message = (entry.seal, number, *address, person.language)
            if message in self._told or not self._may(rule, address, round_):
                continue
            if role not in messages:
                messages[role] = self._message(entry, rule, role)
            self._send(message, address, messages[role].to(person), round_)
        if nobody:
            round_.fail(f"nobody for {', '.join(rule.roles)}")

    def _concerned(self, entry: Entry, rule: Rule) -> Iterator[tuple[str, Person, str]]:
        for role in rule.roles:
            for person in self._directory(role, entry.shop, entry):
                yield from ((role, person, channel) for channel in rule.channels if channel in person.channels)

    def _may(self, rule: Rule, address: tuple[str, str], round_: _Round) -> bool:
        """Whether something may be sent there now."""
        now = self.clock()
        quiet = 0.0 if rule.urgent else quiet_for(self._book.quiet, address[0], now, self._book.tz)
        wait = self._rate.wait(address, now)
        if quiet or wait:
            round_.put_off(max(quiet, wait), "quiet hours" if quiet >= wait else "rate limit")
        return not (quiet or wait)

    def _send(self, message: Any, address: tuple[str, str], words: tuple[str, str], round_: _Round) -> None:
        try:
            left = round_.until - time.monotonic()
            if left <= 0:
                raise Undelivered(f"{address[0]}: timeout")
            self._channels.send(*address, *words, left)
        except Undelivered as error:
            round_.fail(error.reason)
            return
        self._told.add(message)
        self._rate.count(address, self.clock())

    def _message(self, entry: Entry, rule: Rule, role: str) -> _Message:
        template = self._book.templates[rule.template]
        places = said(entry, self._catalogue, self._book.tz, rule.clauses)
        given = self._given(entry, template.paths, role, rule.template)
        values = {path: of_value(entry, path, given) for path in template.paths}
        return _Message(template.title.wording.filled(places, values), template.body.wording.filled(places, values))

    def _given(self, entry: Entry, paths: tuple[str, ...], role: str, template: str) -> Mapping[str, str]:
        if not paths:
            return {}
        if self.reveal is None:
            raise BadSettings(where="reveal", expected=_REVEAL.render({"template": template}))
        return self.reveal(entry, paths, to=role, purpose=template)
