"""The report in a real browser: offline, without scripts, in both languages, on paper and on a telephone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from adapters.report import Proof, render
from tests.browser import CONTRASTS, Watched, chromium, opened
from tests.reported import audited, forged, house, tallied

LANGUAGES = {"zh": ("结论", "Verdict"), "en": ("Verdict", "结论")}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a forged journal."""
    report = audited(forged())
    proof = Proof("journal.jsonl", report.integrity, report.compliance)
    target: Path = tmp_path_factory.mktemp("report") / "report.html"
    page = render(tallied(forged(), report), report, proof, house(), datetime(2026, 12, 20, tzinfo=UTC))
    target.write_text(page, "utf-8")
    return target


@pytest.fixture(scope="module")
def seen(browser: Browser, file: Path) -> Iterator[Watched]:
    with opened(browser, file) as watched:
        yield watched


@pytest.fixture
def scripted(browser: Browser, file: Path) -> Iterator[Watched]:
    """The same, where a test may look inside by its own scripts."""
    with opened(browser, file, scripts=True) as watched:
        yield watched


def test_the_page_asks_for_itself_only_and_complains_of_nothing(scripted: Watched, file: Path):
    scripted.page.check("#language-en")

    assert [url for url in scripted.requests if not url.startswith("data:")] == [file.as_uri()]
    assert scripted.complaints == []


def test_the_language_is_switched_without_a_script(seen: Watched):
    for language, (shown, hidden) in LANGUAGES.items():
        seen.page.check(f"#language-{language}")
        assert seen.page.get_by_text(shown, exact=True).first.is_visible()
        assert not seen.page.get_by_text(hidden, exact=True).first.is_visible()
    seen.page.check("#language-both")
    assert all(seen.page.get_by_text(word, exact=True).first.is_visible() for word in LANGUAGES["zh"])


def test_the_language_is_switched_by_keys(seen: Watched):
    seen.page.check("#language-zh")
    seen.page.focus("#language-zh")

    seen.page.keyboard.press("ArrowRight")

    assert seen.page.is_checked("#language-en")
    assert seen.page.get_by_text("Verdict", exact=True).first.is_visible()


def test_plots_and_their_tables_are_seen(seen: Watched):
    for name in ("by-clause", "by-advisor", "by-week"):
        section = seen.page.locator(f"#{name}")
        assert section.locator("svg[role=img]").bounding_box()["height"] > 60
        assert section.locator("tbody tr").count() >= 2
        assert section.locator("thead th[scope=col]").count() == 6


def test_every_part_has_a_name_and_headings_leave_out_no_level(seen: Watched):
    seen.page.check("#language-en")
    tree = seen.page.locator("body").aria_snapshot()

    assert not re.search(r"- (region|table|article|figure|img|radio|group)( \[[^]]*\])*:?$", tree, re.MULTILINE)
    levels = [int(level) for level in re.findall(r"- heading .*\[level=(\d)\]", tree)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("media", ["screen", "print"])
def test_text_stands_out_from_what_is_behind_it(scripted: Watched, media: str):
    scripted.page.check("#language-both")
    scripted.page.emulate_media(media=media)

    contrasts = scripted.page.evaluate(CONTRASTS)

    assert len(contrasts) > 300
    assert [text for ratio, text in contrasts if ratio < 4.5] == []


@pytest.mark.parametrize("language", ["zh", "en", "both"])
@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_narrow_window_scrolls_down_only(browser: Browser, file: Path, width: int, language: str):
    with opened(browser, file, width=width, scripts=True) as watched:
        watched.page.check(f"#language-{language}")

        assert watched.page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_everything_is_shown_and_nothing_runs_off_the_sheet(scripted: Watched):
    page = scripted.page
    page.check("#language-both")
    before = page.evaluate("document.querySelector('main').innerText.replace(/\\s+/g, '')")
    page.set_viewport_size({"width": 690, "height": 1000})  # an A4 sheet between its margins

    page.emulate_media(media="print")

    assert not page.locator("fieldset").is_visible()
    assert page.evaluate("document.querySelector('main').innerText.replace(/\\s+/g, '')") == before
    assert (
        page.evaluate("[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1)") == []
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 690


def test_it_prints_on_a4_sheets(scripted: Watched, tmp_path: Path):
    pdf = scripted.page.pdf(prefer_css_page_size=True)

    boxes = {*re.findall(rb"/MediaBox \[([^]]*)\]", pdf)}
    assert {tuple(round(float(side)) for side in box.split()) for box in boxes} <= {(0, 0, 595, 842), (0, 0, 594, 842)}
    assert len(re.findall(rb"/Type /Page\b", pdf)) > 2
