"""The way through a bundle: verify it, noting where every entry stands, then replay it case by case."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, nullcontext
from functools import partial
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from adapters.inbound.audit import members
from adapters.inbound.audit import state as kept
from adapters.inbound.audit.index import Index, Span
from adapters.inbound.audit.noting import Noting
from adapters.inbound.audit.replaying import Task, replayed
from adapters.inbound.audit.state import State
from engine import PROVEN, Catalogue, Finding, Integrity, Report, Tally, rules_digest, standard_catalogue
from engine.proof.verify import Found, Seen, Source, Trust, read_policy, read_seen
from engine.proof.verify import verify as verify_bundle

Progress = Callable[[str, int, int | None], None]
"""(stage, how much is done, of how much): the stages are `verify`, in entries, and `replay`, in cases."""

_VERSION = version("gongdan")
_LONGEST_NOTE = 64 * 1024
_MANIFEST_NOTE = "manifest.note"


def silent(stage: str, done: int, total: int | None) -> None:
    """Nobody wants to know how far it has got."""


class Anchor(NamedTuple):
    """What an auditor brings himself: whom he trusts, which checkpoints he kept, what his last audit left."""

    policy: Path | None = None
    seen: tuple[Path, ...] = ()
    state: Path | None = None

    def trust(self, state: State | None) -> Trust:
        """What `verify` is told to trust. Raises NotABundle."""
        seen = [read_seen(str(path)) for path in self.seen]
        last = [] if state is None else [Seen(state.note.encode())]
        return Trust(read_policy(str(self.policy)) if self.policy else None, (*seen, *last))


def audit_bundle(
    target: Path,
    anchor: Anchor = Anchor(),
    *,
    jobs: int = 1,
    catalogue: Callable[[], Catalogue] = standard_catalogue,
    progress: Progress = silent,
    tally: Tally | None = None,
    ours: bool = False,
) -> Report:
    """The verdict on a bundle, the same with any number of jobs. Memory stays flat.

    `catalogue` goes to other processes when there are several. What is replayed is counted into the tally. `ours` is a
    bundle that nobody handed over: whoever audits has just made it, and no key has signed its manifest.
    Raises NotAudited, BadState, OSError.
    """
    source = members.opened(target)
    with TemporaryDirectory(prefix="gongdan-audit-") as name, members.refusing(target):
        folder = Path(name)
        with closing(Index(folder / "index.db", new=True)) as index:
            audit = _Audit(source, index, progress, tally)
            state = audit.resumed(anchor.state)
            spool = None if target.is_dir() else folder / "entries"
            audit.verify(anchor.trust(state), spool, frozenset({_MANIFEST_NOTE} if ours else ()))
            task = Task(index.file, spool or target, catalogue, frozenset(PROVEN), tally is not None, audit.found())
            audit.replay(task, jobs)
            audit.keep(anchor.state)
        return audit.report


class _Audit:
    """One audit of one bundle, step by step."""

    def __init__(self, source: Source, index: Index, progress: Progress, tally: Tally | None) -> None:
        self.report = Report()
        self._tally = tally
        self._source = source
        self._index = index
        self._progress = progress
        self._manifest = members.manifest_of(source)
        self._rules: str | None = None

    def resumed(self, file: Path | None) -> State | None:
        """What the last audit left; cases that another version of the program replayed are replayed again."""
        found = kept.read(file) if file else None
        if found is None:
            return None
        state, heads = found
        self._index.put_known(head for head in heads if state.version == _VERSION)
        return state

    def verify(self, trust: Trust, spool: Path | None, unasked: AbstractSet[str]) -> None:
        """The bundle is verified, but for files not asked for, and the place of each entry noted on the way."""
        with spool.open("wb") if spool else nullcontext() as file:
            noting = Noting(self._index, file, self._manifest.heads)
            result = verify_bundle(self._source, trust, noting.each, self._verified)
        self.report = Report(
            cases=result.cases,
            entries=result.entries,
            origin=result.origin,
            size=result.size,
            root=result.root,
            scope=self._manifest.scope,
            signed_by=tuple(result.signed_by),
            cosigned_by=tuple(result.cosigned_by),
        )
        self.report.extend(_finding(one) for one in result.findings if one.file not in unasked)
        self._rules = noting.rules

    def _verified(self, entries: int) -> None:
        self._progress("verify", entries, self._manifest.entries)

    def found(self) -> dict[tuple[str, str], list[Finding]]:
        """What was found so far, by the case that it is about."""
        found: dict[tuple[str, str], list[Finding]] = {}
        for one in filter(attrgetter("case"), self.report.findings):
            found.setdefault((one.shop, one.case), []).append(one)
        return found

    def replay(self, task: Task, jobs: int) -> None:
        """Every case that is there whole is replayed, if it is not as it was at the last audit."""
        index, report = self._index, self.report
        aside = dict(task.found)
        index.put_heads(members.heads(self._source))
        index.put_rules(members.rules(self._source))
        index.finish()
        done, wrong = 0, []
        spans = filter(partial(members.is_replayed, self._manifest), index.spans())
        for part in replayed(task, _without(aside, spans), jobs):
            report.merge(part.report)
            if self._tally is not None and part.tally is not None:
                self._tally.merge(part.tally)
            wrong += part.wrong
            done += part.cases
            self._progress("replay", done, report.cases)
        index.put_wrong(wrong)
        self._count(aside)
        report.extend(self._rules_findings())
        report.findings.sort(key=_order)

    def _count(self, aside: Mapping[tuple[str, str], Sequence[Finding]]) -> None:
        """Count the cases about which there is something to say though they were not replayed."""
        if self._tally is not None:
            for (shop, case), findings in aside.items():
                self._tally.add(shop, case, (), findings)

    def _rules_findings(self) -> Iterator[Finding]:
        """Whether the rules that are there are all that the log had, and no others."""
        found = rules_digest(self._index.digests())
        if members.is_everything(self._manifest) and self._rules is not None and found != self._rules:
            facts = {"expected": self._rules[:12], "actual": found[:12]}
            yield Finding("rules.set", "", "", 0, facts, self._manifest.heads)

    def keep(self, file: Path | None) -> None:
        """Leave for the next audit what this one has verified, when that is the whole log and all of it is proven."""
        if file and members.is_everything(self._manifest) and self.report.integrity is Integrity.OK:
            note = self._source.read("checkpoint", _LONGEST_NOTE).decode()
            kept.write(file, State(note, _VERSION), self._index.settled())


def _without(aside: dict[tuple[str, str], Sequence[Finding]], spans: Iterator[Span]) -> Iterator[Span]:
    """The spans as they go by; what is aside of theirs is no longer."""
    for span in spans:
        aside.pop((span.shop, span.case), None)
        yield span


def _finding(found: Found) -> Finding:
    """What `verify` found, as a finding like any other."""
    return Finding(found.kind, found.shop, found.case, found.seq, found.facts, found.index, found.file, found.line)


def _order(finding: Finding) -> tuple[bool, int]:
    """By the place in the log; first what concerns the whole."""
    return finding.index is not None, finding.index or 0
