"""Words: a template with its places, and what an entry puts into them.

Must live here: the closed list of places, and that nothing else is read from a template. Must not be known here:
who gets a message, and how.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import NamedTuple

from engine import Catalogue, Entry, Text

PLACES: Mapping[str, Text] = {
    "shop": Text("门店", "the shop"),
    "case": Text("单号", "the case"),
    "seq": Text("本单日志中的序号", "the place in the case's journal"),
    "command": Text("事项", "what was put, in words"),
    "answer": Text("接受或拒绝", "accepted or refused"),
    "state": Text("单据现在的状态", "where the case stands now, in words"),
    "by": Text("提交者的岗位", "the role of whoever put it"),
    "at": Text("发生时间，按规则所在时区", "when it happened, in the zone of the rules"),
    "clauses": Text("拒绝或提示的条款编号", "the ids of the clauses that refused or noted"),
    "reasons": Text("这些条款的说明，每条一行", "what those clauses say, a line for each"),
    "do": Text("这些条款要求的下一步，每条一行", "what those clauses ask for next, a line for each"),
}
"""What a template may name, besides `{reveal:FIELD}`: the value of a personal field, in clear."""
ERASED = Text("已删除", "erased")
MISSING = Text("未记录", "not recorded")

_REVEAL = "reveal"
_LATE = "late.reason"
_ANSWERS = {True: Text("接受", "accepted"), False: Text("拒绝", "refused")}
_NONE = Text("无", "none")


class BadPlace(ValueError):
    """A template names something that is not on the list."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A text whose places are known: `{case}` and the like, and `{r0}`, `{r1}` for the personal fields `paths`."""

    text: Text
    paths: tuple[str, ...]

    @classmethod
    def of(cls, text: Text) -> Wording:
        """Read a template once. Raises BadPlace."""
        parsed = [_parsed(one) for one in (text.zh, text.en)]
        paths = tuple(sorted({part.path for parts in parsed for part in parts if part.path is not None}))
        zh, en = ("".join(part.rebuilt(paths) for part in parts) for parts in parsed)
        return cls(Text(zh, en), paths)

    def filled(self, places: Mapping[str, Text], values: Mapping[str, Text]) -> Text:
        """The text with everything in its place. What stands in a value is not read again."""
        return self.text.render({**places, **{f"r{n}": values[path] for n, path in enumerate(self.paths)}})


class _Part(NamedTuple):
    """Some letters of a template, and the place after them: one of the list, or a personal field."""

    literal: str
    place: str | None = None
    path: str | None = None

    def rebuilt(self, paths: tuple[str, ...]) -> str:
        """As `Text.render` takes it."""
        place = self.place if self.path is None else f"r{paths.index(self.path)}"
        escaped = self.literal.replace("{", "{{").replace("}", "}}")
        return escaped if place is None else f"{escaped}{{{place}}}"


def _parsed(template: str) -> list[_Part]:
    try:
        parts = [*string.Formatter().parse(template)]
    except ValueError:
        raise BadPlace from None
    return [_part(*part) for part in parts]


def _part(literal: str, name: str | None, spec: str | None, conversion: str | None) -> _Part:
    if name is None:
        return _Part(literal)
    if name == _REVEAL and spec and not conversion:
        return _Part(literal, path=spec)
    if name in PLACES and not spec and not conversion:
        return _Part(literal, place=name)
    raise BadPlace


# --- what an entry says ----------------------------------------------------------------------------------------------


def said(entry: Entry, catalogue: Catalogue, zone: tzinfo, only: frozenset[str]) -> dict[str, Text]:
    """What an entry puts into the places; of the clauses those that are asked for, or all of them."""
    clauses = [one for one in (*entry.refusals, *entry.notes) if not only or one[0] in only]
    known = [(catalogue.clauses[id_], facts) for id_, facts in clauses if id_ in catalogue.clauses]
    refusals = [clause.refusal(facts, catalogue.words) for clause, facts in known]
    at = (entry.command.occurred_at or entry.recorded_at).astimezone(zone)
    return {
        "shop": _as_is(entry.shop),
        "case": _as_is(entry.case),
        "seq": _as_is(str(entry.seq)),
        "command": _word(entry.command.name, catalogue),
        "answer": _ANSWERS[entry.accepted],
        "state": _word(entry.state, catalogue),
        "by": _word(entry.command.actor.role, catalogue),
        "at": _as_is(f"{at:%Y-%m-%d %H:%M}"),
        "clauses": _as_is(", ".join(id_ for id_, _ in clauses)) if clauses else _NONE,
        "reasons": _lines(one.text for one in refusals),
        "do": _lines(one.next_step for one in refusals),
    }


def of_value(entry: Entry, path: str, values: Mapping[str, str]) -> Text:
    """A personal value on one line; or a neutral word for one that was erased, or never given."""
    if path in values:
        return _as_is(" ".join(values[path].split()))
    late = entry.command.late
    kept = (late and late.reason) if path == _LATE else getattr(entry.command.facts, path)
    return MISSING if kept is None else ERASED


def may_name(catalogue: Catalogue, event: str, path: str) -> bool:
    """Whether a fact of this kind has such a personal field."""
    return path == _LATE or path in catalogue.events[event].personal


def _as_is(text: str) -> Text:
    return Text(text, text)


def _word(code: str, catalogue: Catalogue) -> Text:
    return catalogue.words.get(code) or _as_is(code)


def _lines(texts: Iterable[Text]) -> Text:
    lines = [*texts]
    return Text("\n".join(one.zh for one in lines), "\n".join(one.en for one in lines)) if lines else _NONE
