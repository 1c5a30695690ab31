"""A reference page as a test reads it: sections, their tables, their code blocks."""

from __future__ import annotations

import re
from pathlib import Path

_FOLDER = Path(__file__).parent.parent / "docs/reference"


class Page:
    """One page of the reference, by its name."""

    def __init__(self, name: str) -> None:
        self.text = (_FOLDER / name).read_text("utf-8")

    def section(self, title: str) -> str:
        return self.text.split(f"\n## {title}\n")[1].split("\n## ")[0]

    def rows(self, title: str) -> list[list[str]]:
        """The table in a section, cell by cell, without its code marks."""
        lines = [line for line in self.section(title).splitlines() if line.startswith("|")][2:]
        cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
        return [[cell.replace("\\|", "|").strip().strip("`") for cell in row] for row in cells]

    def table(self, title: str) -> dict[str, str]:
        """The first two columns of it."""
        return {row[0]: row[1] for row in self.rows(title)}

    def block(self, title: str, language: str) -> str:
        found = re.search(rf"```{language}\n(.*?)\n```", self.section(title), re.DOTALL)
        assert found
        return found[1]
