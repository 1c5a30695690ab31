"""Documentation is test code: what is generated is generated here, what is shown as run is run here.

`make docs` writes the generated parts anew; `tests/test_docs.py` fails when a file is stale or an example does not
print what stands below it.

    <!-- generated: NAME -->      a part that one of GENERATED writes, up to <!-- end -->
    <!-- run -->                  a Python block that is executed; a text block right after it is its output
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path

from typer.testing import CliRunner

from adapters.inbound.cli import app
from engine import Binding, standard_catalogue
from engine.states.repair_order import ROWS, State

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_PART = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
_RUN = re.compile(r"<!-- run -->\n```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)


def command(*words: str) -> str:
    """What a gongdan command prints, in a terminal of 100 columns."""
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "100", "NO_COLOR": "1"})
    lines = (line.rstrip() for line in result.stdout.splitlines())
    return "\n".join(lines).strip("\n") + "\n"


def fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}```\n"


def machine() -> str:
    return fenced("mermaid", command("sop", "graph"))


def demo() -> str:
    return fenced("text", command("demo"))


def states() -> str:
    """Every state with its labels, and the moves that leave it."""
    rows = ["| state | zh | en | moves |", "|---|---|---|---|"]
    for state in State:
        moves = ", ".join(f"`{row.name}` → {row.dest}" for row in ROWS if row.source == state and row.dest)
        rows.append(f"| `{state}` | {state.label.zh} | {state.label.en} | {moves or 'none'} |")
    return "\n".join(rows) + "\n"


def clauses() -> str:
    """Every clause that ships, with the profiles that hold it and the commands it binds."""
    catalogue = standard_catalogue()
    rules = {name: catalogue.rules(name, "repair_order").clauses for name in catalogue.profiles}
    rows = ["| clause | binds | how | profiles | source | zh | en |", "|---|---|---|---|---|---|---|"]
    for id_, clause in sorted(catalogue.clauses.items()):
        held = [name for name in rules if id_ in rules[name]]
        binding = rules[held[0]][id_].binding if held else Binding.REFUSE
        kinds = ", ".join(f"`{event.kind}`" for event in clause.on if hasattr(event, "kind")) or "every command"
        where = "all" if len(held) in {0, len(rules)} else ", ".join(held)
        words = f"{clause.reason.zh} | {clause.reason.en}"
        rows.append(f"| `{id_}` | {kinds} | {binding} | {where} | {clause.source} | {words} |")
    return "\n".join(rows) + "\n"


GENERATED: dict[str, Callable[[], str]] = {"machine": machine, "demo": demo, "states": states, "clauses": clauses}


def renewed(text: str) -> str:
    """The page with every generated part written anew."""
    return _PART.sub(lambda part: f"{part[1]}{GENERATED[part[2]]()}{part[3]}", text)


def examples(text: str) -> Iterator[tuple[str, str]]:
    """The Python blocks of a page that are run, each with the output that stands below it."""
    return ((block[1], block[2] or "") for block in _RUN.finditer(text))


def output(code: str) -> str:
    """What a block prints."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(code, "<example>", "exec"), {"__name__": "__main__"})
    return printed.getvalue()


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(renewed(page.read_text("utf-8")), "utf-8")
