"""The pages themselves, a list for each folder."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from tests.reference.source import first_sentence

DOCS = Path(__file__).parents[2] / "docs"
FOLDERS = ("tutorial", "how-to", "reference", "explanation")


def pages(folder: str) -> str:
    """Every page of a folder with its title and its first English sentence."""
    return "".join(f"- {_page(page)}\n" for page in sorted((DOCS / folder).glob("*.md")))


def _page(page: Path) -> str:
    title, *paragraphs = page.read_text("utf-8").split("\n\n")
    opening = next((one for one in paragraphs if re.match("[A-Z`]", one)), "")
    return f"[{title.removeprefix('# ')}]({page.relative_to(DOCS)}): {first_sentence(opening)}"


PARTS = {f"pages.{folder}": partial(pages, folder) for folder in FOLDERS}
