"""Text: every sentence a person reads, in Chinese and in English.

Must live here: the pair, and how recorded facts are put into it. Must not be known here: clauses, cases, terminals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_YES_NO = {True: ("是", "yes"), False: ("否", "no")}


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages; `{name}` marks the place of a fact."""

    zh: str
    en: str

    def render(self, facts: Mapping[str, object], words: Mapping[str, Text] | None = None) -> Text:
        """Both sentences with the facts in their places; codes that have a word in `words` are spelled out."""
        words = words or {}
        return Text(
            zh=self.zh.format_map({key: _spell(value, words, 0) for key, value in facts.items()}),
            en=self.en.format_map({key: _spell(value, words, 1) for key, value in facts.items()}),
        )

    def __str__(self) -> str:
        """Both languages on one line, Chinese first."""
        return f"{self.zh} / {self.en}"


class Word(StrEnum):
    """A code with a label in both languages: `FLOOR_MAT = "floor_mat", "脚垫", "floor mat"`."""

    label: Text

    def __new__(cls, code: str, zh: str, en: str) -> Self:
        """A member is its code; the label rides along."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = Text(zh, en)
        return member


def _spell(value: object, words: Mapping[str, Text], language: int) -> str:  # noqa: PLR0911 - a line for each kind
    match value:
        case bool():
            return _YES_NO[value][language]
        case Text():
            return (value.zh, value.en)[language]
        case None:
            return ("未记录", "not recorded")[language]
        case list() | tuple():
            spelled = [_spell(item, words, language) for item in value]
            return ("、", ", ")[language].join(spelled) or ("无", "none")[language]
        case str() if value in words:
            return (words[value].zh, words[value].en)[language]
        case str() if _INSTANT.fullmatch(value):
            return f"{value[:10]} {value[11:19]} UTC"
        case _:
            return str(value)
