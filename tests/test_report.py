"""The report: one page that needs nothing else, says what was and was not proven, and shows others' text as text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from adapters.report import Proof, Scope
from adapters.report.plots import COLOURS
from engine import Compliance, Finding, Integrity, Report, Sealed, Sort, Tally
from tests.reported import MADE_AT, PLAIN, Page, audited, forged, house, page

PROVEN = Proof(
    "jn-01.zip",
    Integrity.OK,
    Compliance.CONFORMS,
    Scope("S1", None, MADE_AT, MADE_AT),
    "4s.example/jn-01",
    558,
    "ab" * 32,
    ("4s.example/jn-01",),
    ("head-office.example/w1",),
    ("policy.txt",),
)


@pytest.fixture(scope="module")
def html():
    """The report of a forged journal."""
    return page(forged())


@pytest.fixture(scope="module")
def bad(html):
    """The same, as a browser would see it."""
    return Page(html)


# --- one page that needs nothing else --------------------------------------------------------------------------------


def test_a_page_runs_nothing_and_asks_nobody_for_anything(html):
    seen = Page(html)

    assert not {"script", "img", "iframe", "object", "embed", "form", "base"} & {*seen.tags}
    assert not [name for _, name, _ in seen.attributes if name.startswith("on")]
    links = [*seen.all("href"), *seen.all("xlink:href"), *seen.all("src")]
    assert all(link.startswith("#") or link == "data:," for link in links)
    assert all(inside.startswith("#") for inside in re.findall(r"url\(([^)]*)", html))
    assert "default-src 'none'" in seen.all("content")[0]


def test_ids_are_unique_and_all_that_is_pointed_at_is_there(bad):
    ids = bad.all("id")
    pointed = [name for at in ("aria-labelledby", "aria-describedby", "for") for name in bad.all(at)]
    pointed += [link[1:] for link in bad.all("xlink:href")]

    assert len({*ids}) == len(ids)
    assert {*pointed} <= {*ids}


def test_the_same_audit_gives_the_same_page(html):
    assert page(forged()) == html


def test_every_sentence_is_there_in_both_languages(html, bad):
    pairs = re.findall(r'<span lang="zh">[^<]+</span><span lang="en">[^<]+</span>', html)
    assert len(pairs) == html.count('<span lang="zh">') == html.count('<span lang="en">')
    assert all(heading in bad.text for heading in ("审计报告", "Audit report", "未证明", "What was not proven"))


# --- what it says ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proof", "proven", "open"),
    [
        (PLAIN, ["fits its seal", "Every answer"], ["without a checkpoint", "no policy", "no witness"]),
        (PROVEN, ["fits its seal", "558 entries", "Nothing in scope", "cosigned", "Every answer"], []),
        (replace(PROVEN, signed_by=()), ["fits its seal", "Nothing", "cosigned", "Every answer"], ["no signature"]),
        (
            replace(PROVEN, integrity=Integrity.UNVERIFIABLE),
            ["fits its seal", "Every answer"],
            ["does not reach that far"],
        ),
        (
            replace(PROVEN, integrity=Integrity.TAMPERED, compliance=Compliance.VIOLATION),
            [],
            ["nothing was changed", "every answer conforms"],
        ),
        (
            replace(PROVEN, integrity=Integrity.INCOMPLETE, compliance=Compliance.UNDECIDABLE),
            ["fits its seal"],
            ["nothing is missing", "rules are not available"],
        ),
    ],
)
def test_a_proof_says_what_was_proven_and_what_was_not(proof, proven, open):
    beyond = ["never recorded", "is true"]

    assert len(proof.proven) == len(proven)
    assert all(part in text.en for part, text in zip(proven, proof.proven, strict=True))
    assert all(part in text.en for part, text in zip([*open, *beyond], proof.not_proven, strict=True))


def test_the_anchor_and_the_scope_are_named():
    seen = Page(page(proof=PROVEN)).text

    for part in ("4s.example/jn-01", "558", "ab" * 32, "head-office.example/w1", "policy.txt", "2026-12-20 16:00:00"):
        assert part in seen


def test_a_finding_is_shown_with_its_place_its_clauses_and_its_rules(bad):
    report = audited(forged())
    placed = replace(report.findings[0], index=41, file="entries/000000.jsonl", line=42)
    seen = Page(page(report=Report(findings=[placed, replace(placed, line=0)]))).text

    for finding in report.findings:
        assert finding.kind in bad.text
        assert finding.text.zh in bad.text
        assert finding.text.en in bad.text
    assert "S1/C3-doubled#98" in bad.text
    assert "settle.variance-10pct" in bad.text
    assert re.search(r"entries/000000.jsonl\s*:\s*42", seen)
    assert re.search(r"日志序 Index\s+41", seen)


def test_a_timeline_shows_who_did_what_when_and_by_which_clause(bad):
    for part in ("RO-7", "PAPER-17", "sa-1", "kit_fitted", "arrive.purpose-recorded", "service advisor", "primary ="):
        assert part in bad.text
    shown = [seal for seal in bad.all("title") if re.fullmatch("[0-9a-f]{64}", seal)]
    assert len(shown) > 30
    assert {*shown} <= {Sealed.read(body, seal, house()).entry.seal for kind, body, seal in forged() if kind == "entry"}


def test_steps_of_which_there_is_nothing_to_say_share_a_line(bad):
    assert re.search(r"#4 to #9\d: \d+ accepted, nothing to be said", bad.text)


def test_rows_stand_by_violations_then_by_what_is_no_mere_note():
    tally = Tally.of(house())
    tally.by_clause.update({("b.notes", Sort.NOTED): 9, ("a.refusal", Sort.REFUSED): 2, ("c.wrong", Sort.VIOLATION): 1})
    seen = Page(page([], Report(), tally=tally)).text

    assert re.findall("[abc][.](?:wrong|refusal|notes)", seen)[-3:] == ["c.wrong", "a.refusal", "b.notes"]


def test_an_empty_journal_has_a_report():
    seen = Page(page([], Report())).text

    assert "There is nothing to list." in seen
    assert "There are no findings." in seen


def test_what_is_too_much_for_a_page_is_counted_and_no_kind_hides_another():
    orphans = [Finding("row.orphan", "S1", f"c-{one}", 0) for one in range(304)]
    report = Report(findings=[*orphans, Finding("row.missing", "S1", "c-last", 1)])
    tally = Tally.of(house())
    tally.by_clause.update({(f"x.{one}", Sort.REFUSED): 1 for one in range(307)})
    seen = Page(page([], report, tally=tally)).text

    assert "5 more are not listed." in seen
    assert "S1/c-last#1" in "".join(seen.split())
    assert "7 more are not listed." in seen


# --- plots -------------------------------------------------------------------------------------------------------


def test_plots_have_names_and_descriptions_and_their_text_is_text(html):
    plots = html.split("<svg xmlns=")[1:]

    assert len(plots) == 3
    for plot, named in zip(plots, ("settle.variance-10pct", "S1/sa-1", "2026-W49"), strict=True):
        svg = plot[: plot.index("</svg>")]
        assert 'role="img"' in svg
        assert re.search(r'aria-label="[^"]+ / [^"]+"', svg)
        assert "<title" in svg
        assert "<desc" in svg
        assert re.search(rf">{named}</text>", svg)
        assert len(svg) < 60_000


def test_each_sort_has_a_colour_that_stands_out_on_white():
    def contrast(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 1.05 / (sum(part * by for part, by in zip(linear, (0.2126, 0.7152, 0.0722), strict=True)) + 0.05)

    assert {*COLOURS} == {*Sort}
    assert all(contrast(colour) >= 3 for colour in COLOURS.values())
