"""A real browser for pages that people read, Debian's chromium through Playwright, and what a page did in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE = 30_000
"""Milliseconds: the machine may be busy."""

CONTRASTS = """
() => {
  const parts = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const solid = text => { const [r, g, b, a = 1] = parts(text); return a > 0 ? [r, g, b] : null; };
  const light = rgb => rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = solid(getComputedStyle(at).backgroundColor);
      if (colour) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const ink = element.closest('svg') ? style.fill : style.color;
    const [one, other] = [light(solid(ink)), light(behind(element))].sort((a, b) => b - a);
    found.push([(one + 0.05) / (other + 0.05), walker.currentNode.data.trim().slice(0, 40)]);
  }
  return found;
}
"""
"""For every text that is seen, how it stands out from what is behind it (WCAG 2), and the text."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, or a skip that says that there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_FLAGS], timeout=_PATIENCE)
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page in a browser that has no network, and all that it complained of and asked for."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.set_default_timeout(_PATIENCE)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(file.as_uri())


@contextmanager
def opened(browser: Browser, file: Path, *, width: int = 1100, scripts: bool = False) -> Iterator[Watched]:
    """A file as a browser shows it, by default without any script of the page's."""
    context = browser.new_context(
        offline=True, java_script_enabled=scripts, viewport={"width": width, "height": 1400}, locale="en-GB"
    )
    try:
        yield Watched(context.new_page(), file)
    finally:
        context.close()
