"""No page is stale, every example runs, every link leads somewhere."""

from __future__ import annotations

import re
import tomllib

import pytest
import structlog

from tests.docs import PAGES, ROOT, examples, output, renewed

LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_generated_part_is_current(page):
    text = page.read_text("utf-8")

    assert text == renewed(text), "stale: run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_example_prints_what_stands_below_it(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = structlog.get_config()
    try:
        for code, expected in examples(page.read_text("utf-8")):
            assert output(code) == expected
    finally:
        structlog.configure(**before)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page):
    targets = LINK.findall(page.read_text("utf-8"))

    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_both_readmes_show_the_same_examples():
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh.md"))

    assert list(examples(english))
    assert list(examples(english)) == list(examples(chinese))


def test_the_picture_of_the_floors_is_the_contract_that_is_checked():
    page = (ROOT / "docs/explanation/architecture.md").read_text("utf-8")
    picture = re.search(r"<!-- floors -->\n```\n(.*?)```", page, re.DOTALL)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]

    assert picture is not None
    assert picture[1].splitlines() == contracts[0]["layers"]
