"""The audit of a mirror: that its files follow each other, and that its lines are entries that follow each other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adapters.outbound.mirror import NOTHING, files, first_line, number_of
from engine import BadJournal, Entry, Event, Text, standard_catalogue

_LONGEST_LINE = 65_536
"""The most bytes of an entry, and the end of its line."""
_MISSING = Text(zh="文件 {number}：缺失", en="file {number}: it is missing")
_HEADER = Text(
    zh="首行应写明文件编号和前一文件的 SHA-256 {previous}",
    en="the first line should say the number of the file and the SHA-256 of the file before it, {previous}",
)
_ENTRY = Text(zh="应为一条日志", en="should be an entry")
_SEAL = Text(zh="与本单前一条日志不衔接", en="does not follow the entry before it in its case")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, in which file, on which line."""

    file: str
    line: int
    text: Text


@dataclass(slots=True)
class Verified:
    """What was looked at, and what was wrong with it. `torn`: lines that a crash left, which is no fault."""

    files: int = 0
    entries: int = 0
    torn: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify(folder: Path, events: Mapping[str, type[Event]] | None = None) -> Verified:
    """Check that no file is missing or changed, that every line is an entry, and that those of a case are linked.

    `events` are the facts that entries may hold, by default those that ship. What is cut off at the very end is not
    noticed, nor a change of the last line of all: compare the mirror with the journal. Raises OSError where a file
    cannot be read.
    """
    audit = _Audit(standard_catalogue().events if events is None else events)
    for file in files(folder):
        audit.file(file)
    return audit.found


@dataclass(slots=True)
class _Audit:
    """One audit under way: the hash of the file before, and the last entry of each case."""

    events: Mapping[str, type[Event]]
    found: Verified = field(default_factory=Verified)
    number: int = 0
    previous: str = NOTHING
    heads: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def file(self, file: Path) -> None:
        """Read one file, the one after those read before."""
        self.found.files += 1
        self.number += 1
        if number_of(file) != self.number:
            self._fault(file.name, 0, _MISSING.render({"number": self.number}))
            self.number = number_of(file)
        digest = hashlib.sha256()
        for number, line in enumerate(_lines(file), 1):
            digest.update(line)
            self._line(file.name, number, line)
        self.previous = digest.hexdigest()

    def _line(self, file: str, number: int, line: bytes) -> None:
        if not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
            self.found.torn += 1
        elif number > 1:
            self._entry(file, number, line.removesuffix(b"\n"))
        elif line != first_line(self.number, self.previous):
            self._fault(file, number, _HEADER.render({"previous": self.previous}))

    def _entry(self, file: str, number: int, body: bytes) -> None:
        self.found.entries += 1
        try:
            entry = Entry.read(body, self.events)
        except BadJournal:
            self._fault(file, number, _ENTRY)
            return
        if not self._follows(entry):
            self._fault(file, number, _SEAL)

    def _follows(self, entry: Entry) -> bool:
        """Whether it fits the last entry of its case. One that was delivered again may be older; some may lack."""
        seq, seal = self.heads.get((entry.shop, entry.case), (0, NOTHING))
        if entry.seq > seq:
            self.heads[entry.shop, entry.case] = (entry.seq, entry.seal)
        return (entry.seq != seq or entry.seal == seal) and (entry.seq != seq + 1 or entry.prev == seal)

    def _fault(self, file: str, line: int, text: Text) -> None:
        self.found.faults.append(Fault(file, line, text))


def _lines(file: Path) -> Iterator[bytes]:
    """The lines of a file, with their ends; one that is too long for an entry comes in pieces."""
    with file.open("rb") as whole:
        while line := whole.readline(_LONGEST_LINE):
            yield line
