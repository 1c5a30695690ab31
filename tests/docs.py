"""Documentation is test code: what is generated is generated here, what is shown as run is run here.

`make docs` writes the generated parts anew; `tests/test_docs.py` fails when a file is stale or an example does not
print what stands below it. FILES are generated whole.

    <!-- generated: NAME -->      a part that one of GENERATED writes, up to <!-- end -->
    <!-- run -->                  a Python block that is executed; a text block right after it is its output;
                                  or an `sh` block, whose lines are run by `shell.py`
    <!-- setup …lines… -->        such lines that no reader sees
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

from tests.reference import FILES, GENERATED

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_PART = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
_RUN = re.compile(r"<!-- run -->\n```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)
_SHELL = re.compile(r"<!-- (?:run -->\n```sh|setup)\n(.*?)(?:```|-->)\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)


@cache
def written(name: str) -> str:
    """A generated part, made once: the demo stands in two pages."""
    return GENERATED[name]()


def parts(text: str) -> list[str]:
    """The names of a page's generated parts."""
    return [part[2] for part in _PART.finditer(text)]


def renewed(text: str) -> str:
    """The page with every generated part written anew."""
    return _PART.sub(lambda part: f"{part[1]}{written(part[2])}{part[3]}", text)


def examples(text: str) -> Iterator[tuple[str, str]]:
    """The Python blocks of a page that are run, each with the output that stands below it."""
    return ((block[1], block[2] or "") for block in _RUN.finditer(text))


def scripts(text: str) -> Iterator[tuple[str, str]]:
    """The shell blocks of a page that are run, each with the output that stands below it, if any."""
    return ((block[1], block[2] or "") for block in _SHELL.finditer(text))


def output(code: str) -> str:
    """What a block prints."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(code, "<example>", "exec"), {"__name__": "__main__"})
    return printed.getvalue()


if __name__ == "__main__":
    for part in GENERATED:
        written(part)  # all of them, before a page is touched
    for page in PAGES:
        text = page.read_text("utf-8")
        if renewed(text) != text:
            page.write_text(renewed(text), "utf-8")
    for name, made in FILES.items():
        (ROOT / name).write_text(made(), "utf-8")
