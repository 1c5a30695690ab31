"""Rules: which answers are told to whom, in which words and when; a TOML file, read and checked at the start.

zone = "Asia/Shanghai"
limit = { messages = 20, seconds = 3600 }

[[rules]]                             # what is given must fit: a kind, an answer, one of the clauses
events = ["handover_rejected"]
roles = ["workshop_dispatcher"]
channels = ["desk", "sms"]
template = "rejected"
urgent = true                         # quiet hours do not hold it back

[templates.rejected]
title = { zh = "{case} 退回车间", en = "{case} is back in the workshop" }
body = { zh = "原因：{reveal:reject_reason}", en = "Reason: {reveal:reject_reason}" }

[[quiet]]                             # of these channels; of all, where none is named
from = 21:00:00
until = 08:00:00
channels = ["sms"]

[[people]]                            # the directory, where no other is given
id = "wd-1"
roles = ["workshop_dispatcher"]
channels = { sms = "13800138000", desk = "" }
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import time
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.complaints import complaint
from adapters.outbound.people.directory import Listed
from adapters.outbound.people.words import PLACES, BadPlace, Wording, may_name
from engine import BadSettings, Catalogue, Entry, Text
from engine.events.event import ID_PATTERN

_LARGEST = 256 * 1024
_FILE = Text("一个可读取的 UTF-8 文件，至多 256 KiB", "a file in UTF-8 that can be read, of at most 256 KiB")
_TOML = Text("TOML", "TOML")
_ZONE = Text("一个已知的时区，如 Asia/Shanghai", "a time zone that is known here, such as Asia/Shanghai")
_SOMETHING = Text("events、clauses、answers 至少一项", "at least one of events, clauses and answers")
_EVENT = Text("目录中的事项", "kinds of facts that the catalogue has")
_CLAUSE = Text("目录中的条款", "clauses that the catalogue has")
_TEMPLATE = Text("其中一个模板：{known}", "one of the templates: {known}")
_CHANNEL = Text("其中一个渠道：{known}", "one of the channels: {known}")
_HOURS = Text("与 from 不同的时间", "another time than from")
_PLACE = Text(
    "只含以下占位的文字：{known}，以及 {{reveal:字段}}",
    "text with no other places than {known} and {{reveal:FIELD}}",
).render({"known": [f"{{{name}}}" for name in PLACES]})
_PERSONAL = Text(
    "其 events 各事项都有的个人信息字段；模板 {template} 用到 {path}",
    "events that each have the personal fields which its template names; {template} names {path}",
)

Name = Annotated[str, Field(pattern=f"^{ID_PATTERN}$")]
Codes = Annotated[frozenset[str], Field(default_factory=frozenset)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class Rule(_Part):
    """Who is told of which answers. What is left out fits everything; not all may be left out."""

    events: Codes
    clauses: Codes
    answers: Annotated[frozenset[Literal["accepted", "refused"]], Field(default_factory=frozenset)]
    roles: Annotated[tuple[Name, ...], Field(min_length=1)]
    channels: Annotated[tuple[str, ...], Field(min_length=1)]
    template: str
    urgent: bool = False

    def fits(self, entry: Entry) -> bool:
        """Whether an entry is one to tell of."""
        spoke = {clause for clause, _ in (*entry.refusals, *entry.notes)}
        return (
            (not self.events or entry.command.name in self.events)
            and (not self.clauses or not spoke.isdisjoint(self.clauses))
            and (not self.answers or ("accepted" if entry.accepted else "refused") in self.answers)
        )


class Both(_Part):
    """A text in both languages, with places."""

    zh: str
    en: str

    @cached_property
    def wording(self) -> Wording:
        """Ready to be filled. Raises BadPlace."""
        return Wording.of(Text(self.zh, self.en))


class Template(_Part):
    """The words of a message."""

    title: Both
    body: Both

    @property
    def paths(self) -> tuple[str, ...]:
        """The personal fields that it names."""
        return tuple(sorted({*self.title.wording.paths, *self.body.wording.paths}))


class Quiet(_Part):
    """Hours of the day in which some channels rest; over midnight where they end before they begin."""

    since: Annotated[time, Field(alias="from")]
    until: time
    channels: Codes


class Limit(_Part):
    """How many messages a person gets over one channel, at most, within so many seconds."""

    messages: Annotated[int, Field(ge=1, le=1000)] = 20
    seconds: Annotated[float, Field(gt=0, le=604_800, allow_inf_nan=False)] = 3600.0


class Rulebook(_Part):
    """A whole file of rules."""

    zone: str = "Asia/Shanghai"
    limit: Limit = Limit()
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    templates: dict[Name, Template]
    quiet: tuple[Quiet, ...] = ()
    people: tuple[Listed, ...] = ()

    @classmethod
    def load(cls, source: str | Path) -> Self:
        """From a file; or from the text itself, which has more than one line. Raises BadSettings."""
        text = source if isinstance(source, str) and "\n" in source else read(Path(source), "rules")
        try:
            document = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            raise BadSettings(where="rules", expected=_TOML) from None
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            parts, expected = complaint(error, document)
            raise BadSettings(where=".".join(["rules", *parts]), expected=expected) from None

    @cached_property
    def tz(self) -> ZoneInfo:
        """The zone of quiet hours and of times in messages."""
        return ZoneInfo(self.zone)

    def check(self, catalogue: Catalogue, channels: frozenset[str]) -> None:
        """Raise BadSettings for the first thing that the catalogue or the channels do not have."""
        for where, expected in self._mistakes(catalogue, channels):
            raise BadSettings(where=f"rules.{where}", expected=expected)

    def _mistakes(self, catalogue: Catalogue, channels: frozenset[str]) -> Iterator[tuple[str, Text]]:
        try:
            _ = self.tz
        except (ValueError, OSError, LookupError):
            yield "zone", _ZONE
        known = _CHANNEL.render({"known": sorted(channels)})
        for name, template in self.templates.items():
            yield from _bad_places(f"templates.{name}", template)
        for number, rule in enumerate(self.rules):
            for field, expected in self._in_rule(rule, catalogue):
                yield f"rules.{number}.{field}", expected
            if not channels.issuperset(rule.channels):
                yield f"rules.{number}.channels", known
        for number, quiet in enumerate(self.quiet):
            if not channels.issuperset(quiet.channels):
                yield f"quiet.{number}.channels", known
            if quiet.since == quiet.until:
                yield f"quiet.{number}.until", _HOURS

    def _in_rule(self, rule: Rule, catalogue: Catalogue) -> Iterator[tuple[str, Text]]:
        if not (rule.events or rule.clauses or rule.answers):
            yield "events", _SOMETHING
        if not catalogue.events.keys() >= rule.events:
            yield "events", _EVENT
        if not catalogue.clauses.keys() >= rule.clauses:
            yield "clauses", _CLAUSE
        if rule.template not in self.templates:
            yield "template", _TEMPLATE.render({"known": sorted(self.templates)})
        for path in self.templates[rule.template].paths:
            if not rule.events or not all(may_name(catalogue, event, path) for event in rule.events):
                yield "events", _PERSONAL.render({"template": rule.template, "path": path})


def _bad_places(where: str, template: Template) -> Iterator[tuple[str, Text]]:
    for part in ("title", "body"):
        try:
            _ = getattr(template, part).wording
        except BadPlace:
            yield f"{where}.{part}", _PLACE


def read(path: Path, where: str) -> str:
    """The text of a file. Raises BadSettings."""
    try:
        if path.is_file() and path.stat().st_size <= _LARGEST:
            return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        pass
    raise BadSettings(where=where, expected=_FILE)
