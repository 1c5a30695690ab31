"""Timeline: one case step by step, as evidence — what was put and answered, what is to be said of it, and its seals.

Must live here: what is kept of a case that needs a look. Must not be known here: which cases those are, how they look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from engine.command import Actor
from engine.findings import Finding
from engine.journal import Entry, Said
from engine.text import Word

LONGEST = 400
"""How many steps of one case are kept; of a longer one, those go first of which nothing is to be said."""


class Sort(Word):
    """What there is to say of an entry."""

    VIOLATION = "violation", "违反规则", "violation"
    REFUSED = "refused", "拒绝", "refusal"
    WAIVED = "waived", "豁免", "waiver"
    LATE = "late", "迟录", "late entry"
    NOTED = "noted", "提示", "note"


_WEIGHTY = (Sort.REFUSED, Sort.WAIVED, Sort.LATE)


Placed = tuple[int | None, Entry]
"""An entry, and its index in the log where that is known."""


def remarks(counts: Mapping[Sort, int]) -> int:
    """How many refusals, waivers and late entries there are."""
    return sum(counts.get(sort, 0) for sort in _WEIGHTY)


@dataclass(frozen=True, slots=True)
class Step:
    """An entry as a timeline shows it: what was put and answered, what is to be said of it, and its seal."""

    seq: int
    index: int | None
    recorded_at: datetime
    occurred_at: datetime | None
    actor: Actor
    name: str
    accepted: bool
    state: str
    refusals: tuple[Said, ...]
    notes: tuple[Said, ...]
    waived: tuple[str, ...]
    paper: str
    seal: str
    findings: tuple[Finding, ...] = ()

    @property
    def quiet(self) -> bool:
        """Nothing is to be said of it."""
        return not (self.findings or self.refusals or self.notes or self.waived or self.paper)

    @classmethod
    def of(cls, index: int | None, entry: Entry, findings: Iterable[Finding]) -> Self:
        """The step of an entry, without its bytes."""
        late = entry.command.late
        return cls(
            seq=entry.seq,
            index=index,
            recorded_at=entry.recorded_at,
            occurred_at=entry.command.occurred_at,
            actor=entry.command.actor,
            name=entry.command.name,
            accepted=entry.accepted,
            state=entry.state,
            refusals=entry.refusals,
            notes=entry.notes,
            waived=entry.waived,
            paper=late.paper if late else "",
            seal=entry.seal,
            findings=tuple(findings),
        )


@dataclass(frozen=True, slots=True)
class Timeline:
    """A case step by step.

    `findings` and `counts` say how bad it is, `entries` how long; `loose` are the findings at none of its entries.
    """

    shop: str
    case: str
    rules: str
    findings: int
    counts: Mapping[Sort, int]
    entries: int
    steps: tuple[Step, ...]
    loose: tuple[Finding, ...]

    @property
    def rank(self) -> tuple[int, int, str, str]:
        """The worst first: most findings, then most refusals, waivers and late entries."""
        return -self.findings, -remarks(self.counts), self.shop, self.case

    @classmethod
    def of(
        cls,
        shop: str,
        case: str,
        entries: Sequence[Placed],
        at: Mapping[int, Sequence[Finding]],
        counts: Mapping[Sort, int],
    ) -> Self:
        """The timeline of a case; `at` are its findings by seq."""
        seqs = {entry.seq for _, entry in entries}
        steps = [Step.of(index, entry, at.get(entry.seq, ())) for index, entry in entries]
        kept = {id(step) for step in sorted(steps, key=lambda step: step.quiet)[:LONGEST]}
        return cls(
            shop=shop,
            case=case,
            rules=entries[0][1].rules if entries else "",
            findings=sum(len(found) for found in at.values()),
            counts=dict(counts),
            entries=len(entries),
            steps=tuple(step for step in steps if id(step) in kept),
            loose=tuple(finding for seq, found in at.items() if seq not in seqs for finding in found),
        )
