"""Tally: what a replayed journal amounts to, counted case by case, and the cases that need a look.

Must live here: counting, in memory that does not grow with the journal, and joining what several processes counted.
Must not be known here: how a journal is read or judged, how a report looks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Self

from engine.events.common import CaseOpened
from engine.findings import Compliance, Finding
from engine.guards.flow import recorded_in_time
from engine.guards.repair_order.order import CHINA
from engine.journal import Entry
from engine.rules import Catalogue
from engine.timeline import Placed, Sort, Timeline, remarks

WORST = 10
"""How many cases are kept with their steps."""
ROWS = 20_000
"""How many rows a table has at most."""
OTHERS = "…"
"""The row of what found no place in a full table."""
NOBODY = "-"
"""Whose a case is before any advisor has acted on it."""
Counts = Counter[tuple[str, Sort]]
"""How often, by a name and a sort."""


@dataclass(slots=True)
class Tally:
    """Counters over a journal, and its worst cases. `keepers` are the roles whose work the cases of a workflow are.

    A clause counts once for each entry that it speaks of; an advisor and a week once for each entry and sort. An entry
    is the advisor's who put it; what others put is his who acted on the case last.
    """

    keepers: Mapping[str, str]
    zone: tzinfo = CHINA
    accepted: int = 0
    refused: int = 0
    since: datetime | None = None
    until: datetime | None = None
    total: Counter[Sort] = field(default_factory=Counter)
    by_clause: Counts = field(default_factory=Counter)
    by_advisor: Counts = field(default_factory=Counter)
    by_week: Counts = field(default_factory=Counter)
    by_rules: Counter[str] = field(default_factory=Counter)
    profiles: dict[str, str] = field(default_factory=dict)
    worst: list[Timeline] = field(default_factory=list)

    @classmethod
    def of(cls, catalogue: Catalogue) -> Self:
        """Nothing counted yet."""
        return cls({name: str(workflow.keeper) for name, workflow in catalogue.workflows.items()})

    def add(self, shop: str, case: str, entries: Sequence[Placed], findings: Sequence[Finding] = ()) -> None:
        """Count one case: its entries in order, and what was found wrong with it."""
        at: dict[int, list[Finding]] = defaultdict(list)
        for finding in findings:
            at[finding.seq].append(finding)
        counts: Counter[Sort] = Counter()
        advisor = ""
        for _, entry in entries:
            actor = entry.command.actor
            advisor = actor.id if actor.role == self.keepers.get(entry.workflow) else advisor
            said = {*_said(entry), *_violations(at.get(entry.seq, ()))}
            counts.update(self._counted(entry, advisor, said))
        self.total.update(counts)
        self._opened(entries)
        if findings or remarks(counts):
            self._keep(Timeline.of(shop, case, entries, at, counts))

    def local(self, moment: datetime) -> datetime:
        """A moment by the clock of the floor; as it is where a forger's lies beyond the calendar."""
        try:
            return moment.astimezone(self.zone)
        except OverflowError:
            return moment

    def _counted(self, entry: Entry, advisor: str, said: AbstractSet[tuple[Sort, str]]) -> set[Sort]:
        """Count one entry; the sorts that it is of."""
        self.accepted += entry.accepted
        self.refused += not entry.accepted
        self.since = min(self.since or entry.recorded_at, entry.recorded_at)
        self.until = max(self.until or entry.recorded_at, entry.recorded_at)
        sorts = {sort for sort, _ in said}
        if sorts:
            year, week, _ = self.local(entry.recorded_at).isocalendar()
            _count(self.by_clause, ((clause, sort) for sort, clause in said))
            _count(self.by_advisor, ((f"{entry.shop}/{advisor or NOBODY}", sort) for sort in sorts))
            _count(self.by_week, ((f"{year}-W{week:02}", sort) for sort in sorts))
        return sorts

    def _opened(self, entries: Sequence[Placed]) -> None:
        """Remember under which rules a case stands."""
        for _, entry in entries[:1]:
            self.by_rules[entry.rules] += 1
            facts = entry.command.facts
            if isinstance(facts, CaseOpened):
                self.profiles[entry.rules] = f"{facts.profile} {facts.version}"

    def _keep(self, *timelines: Timeline) -> None:
        self.worst = sorted([*self.worst, *timelines], key=lambda timeline: timeline.rank)[:WORST]

    def merge(self, other: Tally) -> None:
        """Add what another process counted, of other cases."""
        self.accepted += other.accepted
        self.refused += other.refused
        times = [one for tally in (self, other) for one in (tally.since, tally.until) if one is not None]
        self.since, self.until = min(times, default=None), max(times, default=None)
        self.total.update(other.total)
        self.by_rules.update(other.by_rules)
        self.profiles.update(other.profiles)
        for mine, others in self._tables(other):
            for mark, number in others.items():
                _count(mine, [mark], number)
        self._keep(*other.worst)

    def _tables(self, other: Tally) -> Iterator[tuple[Counts, Counts]]:
        yield self.by_clause, other.by_clause
        yield self.by_advisor, other.by_advisor
        yield self.by_week, other.by_week


def _count(table: Counts, marks: Iterable[tuple[str, Sort]], number: int = 1) -> None:
    """Count into a table; a forger may make up names without end, and the last of them share a row."""
    for name, sort in marks:
        full = len(table) >= ROWS and (name, sort) not in table
        table[OTHERS if full else name, sort] += number


def _said(entry: Entry) -> Iterator[tuple[Sort, str]]:
    """What an entry itself says, by clause."""
    yield from ((Sort.REFUSED, clause) for clause, _ in entry.refusals)
    yield from ((Sort.NOTED, clause) for clause, _ in entry.notes)
    yield from ((Sort.WAIVED, clause) for clause in entry.waived)
    if entry.accepted and entry.command.late is not None:
        yield Sort.LATE, recorded_in_time.id


def _violations(findings: Iterable[Finding]) -> Iterator[tuple[Sort, str]]:
    """The clauses that an entry violates; where none is at issue, the kind of the finding stands for one."""
    for finding in findings:
        if finding.verdict is Compliance.VIOLATION:
            yield from ((Sort.VIOLATION, clause) for clause in finding.clauses or (finding.kind,))
