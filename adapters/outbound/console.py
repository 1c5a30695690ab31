"""Console: entries as lines for people, in Chinese and in English."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import KW_ONLY, field
from io import TextIOBase
from typing import TextIO, cast

from pydantic import ConfigDict, InstanceOf
from pydantic.dataclasses import dataclass

from engine import Entry, Text, standard_catalogue

_ANSWERS = {True: Text(zh="接受", en="accepted"), False: Text(zh="拒绝", en="refused")}
_LINE = Text(zh="{case} #{seq}  {command}：{answer}{by}，{state}", en="{command}: {answer}{by}, {state}")


@dataclass(config=ConfigDict(extra="forbid"))
class Console:
    """Prints one line for each entry: the case, what was put, how it was answered, where the case stands.

    `stream` is what to print to, a file of text; without one it is the standard output of the moment. `words` spells
    out commands and states, by default those that ship.
    """

    name: str = "console"
    _: KW_ONLY
    stream: InstanceOf[TextIOBase] | None = field(default=None, repr=False)
    words: Mapping[str, Text] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Look the words up once."""
        self._words: Mapping[str, Text] = standard_catalogue().words if self.words is None else self.words

    def deliver(self, entry: Entry) -> None:
        """Print one line."""
        stream = sys.stdout if self.stream is None else cast("TextIO", self.stream)
        print(line(entry, self._words), file=stream, flush=True)

    def close(self) -> None:
        """Nothing is held."""


def line(entry: Entry, words: Mapping[str, Text]) -> str:
    """An entry in words, without any fact."""
    answer = _ANSWERS[entry.accepted]
    clauses = [clause for clause, _ in entry.refusals]
    facts = {
        "case": entry.case,
        "seq": entry.seq,
        "command": entry.command.name,
        "state": entry.state,
        "by": f" ({', '.join(clauses)})" if clauses else "",
        "answer": "answer",
    }
    return str(_LINE.render(facts, {**words, "answer": answer}))
