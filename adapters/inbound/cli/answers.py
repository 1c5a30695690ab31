"""Answers, findings and reports: as JSON documents, and as words for people in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType

from adapters.inbound.cli.screen import grid, indented, joined, show, show_json, styled, words
from engine import (
    NOT_ANCHORED,
    Accepted,
    Actor,
    Answer,
    Catalogue,
    Compliance,
    Finding,
    Integrity,
    Refusal,
    Report,
    Text,
)

_VERDICTS: Mapping[Integrity | Compliance, str] = {
    Integrity.OK: "green",
    Integrity.UNVERIFIABLE: "yellow",
    Integrity.INCOMPLETE: "red",
    Integrity.TAMPERED: "red",
    Compliance.CONFORMS: "green",
    Compliance.UNDECIDABLE: "yellow",
    Compliance.VIOLATION: "red",
}
_SHOWN = 100
"""The most findings that a person is shown; a program gets those that the report keeps."""

_ANSWERS = {"accepted": ("已接受", "accepted", "green"), "refused": ("已拒绝", "refused", "red")}


def label(catalogue: Catalogue, code: str) -> Text:
    """The words for a code: a command, a state, a role."""
    return catalogue.words.get(code) or Text(code, code)


def spoken(catalogue: Catalogue, code: str) -> str:
    """A code in both languages, short."""
    text = label(catalogue, code)
    return text.zh if text.zh == text.en else f"{text.zh} {text.en}"


def who(catalogue: Catalogue, actor: Actor) -> str:
    """An actor with his role."""
    return f"{actor.id} {spoken(catalogue, actor.role)}"


def answered(accepted: bool) -> tuple[str, str]:
    """The word for an answer, and its style."""
    zh, en, style = _ANSWERS["accepted" if accepted else "refused"]
    return f"{zh} {en}", style


# --- documents ---------------------------------------------------------------------------------------------------


def refusal_document(refusal: Refusal) -> dict[str, Any]:
    """A clause that is not met, with the facts that show it, why, and what to do."""
    return {
        "clause": refusal.clause,
        "facts": refusal.facts,
        "reason": words(refusal.text),
        "remedy": words(refusal.next_step),
    }


def answer_document(answer: Answer) -> dict[str, Any]:
    """An answer; both kinds have the same keys."""
    accepted = isinstance(answer, Accepted)
    refusals = () if isinstance(answer, Accepted) else answer.refusals
    return {
        "answer": "accepted" if accepted else "refused",
        "state": answer.state,
        "seq": answer.seq,
        "version": answer.version,
        "refusals": [refusal_document(one) for one in refusals],
        "notes": [refusal_document(one) for one in answer.notes] if isinstance(answer, Accepted) else [],
        "waived": [*answer.waived] if isinstance(answer, Accepted) else [],
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """One thing that is wrong with a journal: what it means, where it is, and the facts that show it."""
    return {
        "kind": finding.kind,
        "verdict": finding.verdict,
        "shop": finding.shop,
        "case": finding.case,
        "seq": finding.seq,
        "index": finding.index,
        "file": finding.file,
        "line": finding.line,
        "rules": finding.rules,
        "clauses": [*finding.clauses],
        "facts": finding.facts,
        **words(finding.text),
    }


def report_document(report: Report) -> dict[str, Any]:
    """What an audit saw, its verdict on both axes, and what it cannot know."""
    return {
        "clean": report.clean,
        "integrity": {"verdict": report.integrity, **words(report.integrity.label)},
        "compliance": {"verdict": report.compliance, **words(report.compliance.label)},
        "anchored": report.anchored,
        "not_anchored": None if report.anchored else words(NOT_ANCHORED),
        "origin": report.origin,
        "size": report.size,
        "root": report.root,
        "scope": None if report.scope is None else report.scope._asdict(),
        "signed_by": [*report.signed_by],
        "cosigned_by": [*report.cosigned_by],
        "waiting": report.waiting,
        "cases": report.cases,
        "entries": report.entries,
        "counts": dict(sorted(report.counts.items())),
        "findings": [finding_document(finding) for finding in report.findings],
    }


# --- words for people --------------------------------------------------------------------------------------------


def refusal_lines(refusal: Refusal, style: str = "red", indent: int = 2) -> Iterator[RenderableType]:
    """The clause, the reason and what to do, in both languages."""
    yield indented(styled(refusal.clause, f"bold {style}"), indent)
    table = grid(5, None)
    table.add_row(styled("原因", "dim"), styled(refusal.text.zh))
    table.add_row(styled("why", "dim"), styled(refusal.text.en))
    table.add_row(styled("处理", "dim"), styled(refusal.next_step.zh))
    table.add_row(styled("do", "dim"), styled(refusal.next_step.en))
    yield indented(table, indent + 2)


def answer_lines(catalogue: Catalogue, case: str, command: str, answer: Answer) -> Iterator[RenderableType]:
    """What was put, how it was answered, and every clause with its reason and what to do."""
    word, style = answered(isinstance(answer, Accepted))
    yield joined(
        (f"{word}  ", f"bold {style}"),
        (f"{case}  ", "bold"),
        (spoken(catalogue, command), ""),
        (f" → {spoken(catalogue, answer.state)}", style),
        (f"  (#{answer.seq}, v{answer.version})", "dim"),
    )
    if isinstance(answer, Accepted):
        for note in answer.notes:
            yield from refusal_lines(note, "yellow")
        for clause in answer.waived:
            yield styled(f"  {clause}：已豁免 waived", "yellow")
    else:
        for refusal in answer.refusals:
            yield from refusal_lines(refusal)


def finding_lines(finding: Finding, indent: int = 2) -> Iterator[RenderableType]:
    """What kind, where, by which clauses, and in words."""
    style = _VERDICTS[finding.verdict]
    yield indented(joined((finding.kind, f"bold {style}"), (f"  {_place(finding)}", "bold")), indent)
    if finding.clauses:
        yield indented(styled(f"条款 clauses：{', '.join(finding.clauses)}"), indent + 2)
    yield indented(styled(finding.text.zh), indent + 2)
    yield indented(styled(finding.text.en), indent + 2)


def _place(finding: Finding) -> str:
    """The case and its entry, the index in the log, the line of the file: whatever is known."""
    parts = (
        f"{finding.shop}/{finding.case}#{finding.seq}" if finding.case else finding.shop,
        "" if finding.index is None else f"@{finding.index}",
        f"{finding.file}:{finding.line}" if finding.file and finding.line else finding.file,
        f"行 line {finding.line}" if finding.line and not finding.file else "",
    )
    return "  ".join(part for part in parts if part)


def report_lines(report: Report) -> Iterator[RenderableType]:
    """The verdict of an audit on both axes: what it saw, what is wrong, and what it cannot know."""
    yield joined(("审计 audit  ", "bold"), (f"{report.cases} 单 cases，{report.entries} 条 entries", ""))
    if report.origin:
        yield joined(("检查点 checkpoint  ", ""), (f"{report.origin}  {report.size}  {report.root[:12]}", "bold"))
    if report.waiting:
        yield styled(
            f"检查点之后尚有 {report.waiting} 条，待下一检查点 / {report.waiting} entries wait for their checkpoint"
        )
    yield _axis("完整性 integrity", report.integrity)
    yield _axis("合规性 compliance", report.compliance)
    shown = [finding for finding in report.findings if finding.kind != "anchor.missing"]
    for finding in shown[:_SHOWN]:
        yield from finding_lines(finding)
    more = report.counts.total() - report.counts["anchor.missing"] - len(shown[:_SHOWN])
    if more:
        yield styled(f"另有 {more} 处，见 --json / {more} more: --json", "yellow")
    if not report.anchored:
        yield styled(NOT_ANCHORED.zh, "yellow")
        yield styled(NOT_ANCHORED.en, "yellow")


def _axis(title: str, verdict: Integrity | Compliance) -> RenderableType:
    label = verdict.label
    return joined((f"{title}  ", ""), (verdict, f"bold {_VERDICTS[verdict]}"), (f"  {label.zh} {label.en}", ""))


def told(report: Report, *, as_json: bool) -> None:
    """Print a report, for people or for a program."""
    if as_json:
        show_json(report_document(report))
    else:
        show(*report_lines(report))
