"""What others wrote stands in the report as text: it never becomes markup, and steers nothing."""

from __future__ import annotations

from dataclasses import replace

from adapters.report import Proof, Scope
from engine import Compliance, Finding, Integrity, Report, Sealed, Tally
from tests.reported import Page, forged, house, page, written

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)></style>{{ 7*7 }}$\\frac{a}{b}$\x1b[2J\u202eevil'


def hostile():
    """A tally and a report in which everything that a forger may write is hostile."""
    entry = next(Sealed.read(body, seal, house()).entry for kind, body, seal in written() if kind == "entry")
    said = ((HOSTILE, {HOSTILE: HOSTILE, "long": "x" * 5_000}), ("settle.variance-10pct", {HOSTILE: [HOSTILE]}))
    worst = replace(entry, shop=HOSTILE, case=HOSTILE, state=HOSTILE, refusals=said, notes=said, waived=(HOSTILE,))
    facts = {"reason": HOSTILE, HOSTILE: HOSTILE}
    finding = Finding("entry.unreadable", HOSTILE, HOSTILE, 1, facts, 1, HOSTILE, 2, HOSTILE, (HOSTILE,))
    tally = Tally.of(house())
    tally.add(HOSTILE, HOSTILE, [(0, worst)], [finding, replace(finding, seq=7)])
    return tally, Report(findings=[finding])


def test_hostile_text_is_shown_and_never_becomes_markup():
    tally, report = hostile()
    name = (HOSTILE,)
    proof = Proof(HOSTILE, Integrity.OK, Compliance.CONFORMS, Scope(HOSTILE), HOSTILE, 1, HOSTILE, name, name, name)

    html = page([], report, proof, tally)

    seen, bad = Page(html), Page(page(forged()))
    assert {*seen.tags} <= {*bad.tags, "h4"}
    assert {(tag, name) for tag, name, _ in seen.attributes} <= {(tag, name) for tag, name, _ in bad.attributes}
    assert html.count("<style>") == html.count("</style>") == 1
    assert "<script>alert(1)</script>" in seen.text
    assert "{{ 7*7 }}" in seen.text


def test_letters_that_steer_a_screen_are_replaced():
    tally, report = hostile()

    html = page([], report, tally=tally)

    assert not {"\x1b", "\u202e"} & {*html}
    assert "\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}evil" in html


def test_a_long_value_is_cut():
    tally, report = hostile()

    html = page([], report, tally=tally)

    assert "x" * 600 + "…" in html
    assert "x" * 601 not in html
