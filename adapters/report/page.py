"""The page: everything that the template shows, put together; and text from outside made safe to show."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from adapters.report.plots import COLOURS, Row, bars
from adapters.report.proof import COMPLIANCE, INTEGRITY, Proof
from adapters.report.words import MEANINGS, WORDS
from engine import KINDS, Catalogue, Finding, Report, Sort, Step, Tally, Text

_LISTED = 300
"""The most rows of a table; what is beyond is counted."""
_DRAWN = 15
_WEEKS = 53
_LONGEST = 600
"""The most letters of one recorded value."""


def render(tally: Tally, report: Report, proof: Proof, catalogue: Catalogue, made_at: datetime) -> str:
    """The report as one HTML page that needs nothing else, dated `made_at`."""
    kinds = [(kind, KINDS[kind], number) for kind, number in report.counts.most_common()]
    findings = _listed(report.findings)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            w=WORDS,
            tally=tally,
            report=report,
            proof=proof,
            scope=_scope(proof),
            made_at=made_at,
            sorts=[(sort, COLOURS[sort], MEANINGS[sort]) for sort in Sort],
            meaning={"integrity": INTEGRITY[proof.integrity], "compliance": COMPLIANCE[proof.compliance]},
            kinds=kinds,
            findings=findings,
            unlisted=report.counts.total() - len(findings),
            tables=_tables(tally, catalogue),
            **_Speech(tally, catalogue).helpers(),
        )
    )


@cache
def _environment() -> Environment:
    loader = PackageLoader("adapters.report")
    return Environment(
        loader=loader, autoescape=True, finalize=_shown, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _shown(value: object) -> object:
    """What goes into the page: text without letters that steer a screen or turn the direction of reading."""
    if isinstance(value, str) and not isinstance(value, Markup) and not value.isprintable():
        return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in value)
    return value


def _outline(text: Text) -> Text:
    """A sentence with dots in the places of its facts."""
    return Text(*(re.sub(r"\{\w+\}\.?", "…", one) for one in (text.zh, text.en)))


def _listed(findings: Sequence[Finding]) -> list[Finding]:
    """As many as a page takes, in their order; where there are more, of each kind alike, so that none hides another."""
    before: Counter[str] = Counter()
    ranked = []
    for place, finding in enumerate(findings):
        ranked.append((before[finding.kind], place))
        before[finding.kind] += 1
    return [findings[place] for place in sorted(place for _, place in sorted(ranked)[:_LISTED])]


def _scope(proof: Proof) -> list[tuple[Text, object]]:
    """The limits of what was audited; none for the whole log."""
    return [(WORDS[name], value) for name, value in proof.scope._asdict().items() if value is not None]


# --- words -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Speech:
    """How codes, clauses, facts and times are said."""

    tally: Tally
    catalogue: Catalogue

    def helpers(self) -> dict[str, Any]:
        """The functions that the template calls."""
        return {
            "label": self.label,
            "said": self.said,
            "facts_of": _facts,
            "when": self.when,
            "profile": self.profile,
            "outline": _outline,
            "folded": _folded,
        }

    def label(self, code: str) -> Text:
        """The words for a command, a state, a role."""
        return self.catalogue.words.get(code) or Text(code, code)

    def said(self, clause: str, facts: Mapping[str, object]) -> Text:
        """What a clause says of these facts; nothing of a clause that is not known here."""
        rule = self.catalogue.clauses.get(clause)
        if rule is None:
            return Text("", "")
        try:
            return rule.refusal(facts, self.catalogue.words).text
        except KeyError:  # a forger's facts may lack what its words want
            return _outline(rule.reason)

    def when(self, moment: datetime) -> str:
        """A moment by the clock of the floor, to the second."""
        return self.tally.local(moment).replace(tzinfo=None).isoformat(" ", "seconds")

    def profile(self, digest: str) -> str:
        """The name of rules, as far as a case that was opened under them told it."""
        return self.tally.profiles.get(digest, "")


def _facts(facts: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(name, _value(value)) for name, value in facts.items()]


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


class Run(NamedTuple):
    """Steps in a row of which there is nothing to say."""

    first: int
    last: int
    number: int


def _folded(steps: Sequence[Step]) -> list[Step | Run]:
    """The steps, where those far from anything worth saying are one run."""
    near = {place + off for place, step in enumerate(steps) if not step.quiet for off in (-2, -1, 0, 1)}
    near |= {0, len(steps) - 1}
    shown: list[Step | Run] = []
    for is_near, group in groupby(enumerate(steps), lambda placed: placed[0] in near):
        part = [step for _, step in group]
        shown += part if is_near else [Run(part[0].seq, part[-1].seq, len(part))]
    return shown


# --- tables ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Table:
    """Counts by something, drawn and listed. `words` are what each name stands for, where names need that."""

    id: str
    title: Text
    column: Text
    note: Text
    rows: list[Row]
    hidden: int
    words: Mapping[str, Text]
    plot: Markup | None


def _tables(tally: Tally, catalogue: Catalogue) -> list[_Table]:
    clauses, advisors, weeks = _rows(tally.by_clause), _rows(tally.by_advisor), _rows(tally.by_week)
    words = {row.name: _meaning(row.name, catalogue) for row in clauses}
    weeks.sort(key=lambda row: row.name)
    return [
        _table("clause", clauses, clauses[:_DRAWN], words),
        _table("advisor", advisors, advisors[:_DRAWN]),
        _table("week", weeks, weeks[-_WEEKS:]),
    ]


def _table(name: str, rows: list[Row], drawn: list[Row], words: Mapping[str, Text] | None = None) -> _Table:
    id, title, listed = f"by-{name}", WORDS[f"by_{name}"], rows[:_LISTED]
    plot = bars(f"{id}-plot", title, WORDS["plot_note"], drawn, upright=name == "week") if drawn else None
    return _Table(id, title, WORDS[name], WORDS[f"{name}_note"], listed, len(rows) - len(listed), words or {}, plot)


def _rows(counts: Counter[tuple[str, Sort]]) -> list[Row]:
    """The rows of a table: most violations first, then most that is no mere note, then most notes."""
    by_name: defaultdict[str, dict[Sort, int]] = defaultdict(dict)
    for (name, sort), number in counts.items():
        by_name[name][sort] = number
    rows = [Row(name, by_sort) for name, by_sort in by_name.items()]
    return sorted(rows, key=_weight)


def _weight(row: Row) -> tuple[int, int, int, str]:
    notes = row.counts.get(Sort.NOTED, 0)
    return -row.counts.get(Sort.VIOLATION, 0), notes - row.total, -notes, row.name


def _meaning(clause: str, catalogue: Catalogue) -> Text:
    """What a clause demands, or what the kind of a finding that stands for one means."""
    if clause in catalogue.clauses:
        return _outline(catalogue.clauses[clause].reason)
    return _outline(KINDS[clause].text) if clause in KINDS else Text("", "")
