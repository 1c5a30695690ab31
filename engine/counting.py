"""Counting: an audit's entries and cases go by; each case is counted as it ends, beside what was found wrong with it.

Must live here: which findings and entries belong together. Must not be known here: how a case is judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from engine.case import Case
from engine.evidence import Sealed
from engine.findings import Finding, Report
from engine.tally import Tally
from engine.timeline import Placed

_Whose = tuple[str, str]


class Counting:
    """Stands beside one audit, with the report that it writes. Memory: the entries of one case, and the findings."""

    def __init__(self, tally: Tally | None, report: Report, before: Sequence[Finding] = ()) -> None:
        """Count into this tally; without one, everything only goes by. `before` was found already, by other means."""
        self._tally = tally
        self._report = report
        self._told = 0
        self._same = {finding.same for finding in before}
        self._entries: defaultdict[_Whose, list[Placed]] = defaultdict(list)
        self._found: defaultdict[_Whose, list[Finding]] = defaultdict(list)
        self._put(before)

    def entries(self, sealed: Iterable[Sealed]) -> Iterator[Sealed]:
        """The entries on their way to the audit."""
        for one in sealed:
            if self._tally is not None and one.entry is not None:
                self._entries[one.entry.shop, one.entry.case].append((one.place.index, one.entry))
            yield one

    def cases(self, replayed: Iterable[Case]) -> Iterator[Case]:
        """The cases on their way from the audit; whoever takes one has done with it when he asks for the next."""
        for case in replayed:
            yield case
            self._take_in()
            self._count(case.shop, case.id)

    def finish(self) -> None:
        """Count what is left: cases that are wrong and have no entries."""
        self._take_in()
        for shop, case in [*self._found]:
            self._count(shop, case)

    def _take_in(self) -> None:
        """What the report has more than the last time."""
        more, self._told = self._report.findings[self._told :], len(self._report.findings)
        self._put(finding for finding in more if finding.same not in self._same)

    def _put(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            if finding.case:
                self._found[finding.shop, finding.case].append(finding)

    def _count(self, shop: str, case: str) -> None:
        if self._tally is not None:
            self._tally.add(shop, case, self._entries.pop((shop, case), ()), self._found.pop((shop, case), ()))
