"""Console: entries as lines for people, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from engine import Entry, Text, standard_catalogue

_ANSWERS = {True: Text(zh="接受", en="accepted"), False: Text(zh="拒绝", en="refused")}
_LINE = Text(zh="{case} #{seq}  {command}：{answer}{by}，{state}", en="{command}: {answer}{by}, {state}")


class Console:
    """Prints one line for each entry: the case, what was put, how it was answered, where the case stands."""

    def __init__(self, stream: TextIO, name: str = "console", words: Mapping[str, Text] | None = None) -> None:
        """A stream to print to; `words` spells out commands and states, by default those that ship."""
        self.stream = stream
        self.name = name
        self._words = standard_catalogue().words if words is None else words

    def deliver(self, entry: Entry) -> None:
        """Print one line."""
        print(line(entry, self._words), file=self.stream, flush=True)


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
