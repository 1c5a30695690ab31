"""Answers, findings and reports: as JSON documents, and as words for people in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType

from adapters.inbound.cli.screen import grid, indented, joined, styled, words
from engine import NOT_ANCHORED, Accepted, Actor, Answer, Catalogue, Finding, Refusal, Report, Text

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
    """One thing that is wrong with a journal."""
    place = {"kind": finding.kind, "shop": finding.shop, "case": finding.case, "seq": finding.seq}
    return {**place, "facts": finding.facts, **words(finding.text)}


def report_document(report: Report) -> dict[str, Any]:
    """What an audit saw, and what it cannot know."""
    return {
        "clean": report.clean,
        "cases": report.cases,
        "entries": report.entries,
        "findings": [finding_document(finding) for finding in report.findings],
        "anchored": False,
        "not_anchored": words(NOT_ANCHORED),
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
    """Where, what kind, and in words."""
    place = f"{finding.shop}/{finding.case}#{finding.seq}"
    yield indented(joined((finding.kind, "bold red"), (f"  {place}", "bold")), indent)
    yield indented(styled(finding.text.zh), indent + 2)
    yield indented(styled(finding.text.en), indent + 2)


def report_lines(report: Report) -> Iterator[RenderableType]:
    """The verdict of an audit: what it saw, what is wrong, and what it cannot know."""
    counts = f"{report.cases} 单 cases，{report.entries} 条 entries"
    if report.clean:
        yield joined(("审计无异常 clean  ", "bold green"), (counts, ""))
    else:
        yield joined((f"审计发现 {len(report.findings)} 处 findings  ", "bold red"), (counts, ""))
    for finding in report.findings:
        yield from finding_lines(finding)
    yield styled(NOT_ANCHORED.zh, "yellow")
    yield styled(NOT_ANCHORED.en, "yellow")
