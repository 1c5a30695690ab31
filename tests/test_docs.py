"""No page is stale, every example runs, every link leads somewhere, and the reference leaves nothing out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from enum import Enum
from functools import reduce

import pytest
import structlog

import engine
from engine import Role, proof, standard_catalogue
from engine.events import common
from engine.events import repair_order as ro
from engine.store.schema import metadata
from tests.docs import PAGES, ROOT, examples, output, parts, renewed, scripts
from tests.reference import FILES, GENERATED
from tests.reference.markdown import table
from tests.reference.sop import command
from tests.reference.source import said_of, signature
from tests.shell import Shell

pytestmark = pytest.mark.broad

LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
ANCHOR = re.compile(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_generated_part_is_current(page):
    text = page.read_text("utf-8")

    assert text == renewed(text), "stale: run `make docs`"


@pytest.mark.parametrize("name", FILES)
def test_every_generated_file_is_current(name):
    assert (ROOT / name).read_text("utf-8") == FILES[name](), "stale: run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_example_prints_what_stands_below_it(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = structlog.get_config()
    try:
        for code, expected in examples(page.read_text("utf-8")):
            assert output(code) == expected
    finally:
        structlog.configure(**before)


SCRIPTED = [page for page in PAGES if any(scripts(page.read_text("utf-8")))]


@pytest.mark.parametrize("page", SCRIPTED, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_does_what_the_page_says(page, tmp_path):
    with Shell(tmp_path) as shell:
        for commands, expected in scripts(page.read_text("utf-8")):
            printed = shell.run(commands)

            assert not expected or printed == expected


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page):
    targets = LINK.findall(page.read_text("utf-8"))

    assert [target for target in targets if not (page.parent / target).exists()] == []


def anchors(text: str) -> set[str]:
    """What a page's headings are called in links."""
    titles = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_anchor_leads_to_a_heading(page):
    text = page.read_text("utf-8")
    places = [(page.parent / target if target else page, anchor) for target, anchor in ANCHOR.findall(text)]
    known = {path: anchors(path.read_text("utf-8")) for path, _ in places}

    assert [(path.name, anchor) for path, anchor in places if anchor not in known[path]] == []


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


# --- the generators ----------------------------------------------------------------------------------------------


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def headings(text: str) -> list[str]:
    """The names that stand alone in a heading, as code."""
    return re.findall(r"^#+ `(.+)`$", text, re.MULTILINE)


def rows(text: str) -> Iterator[list[str]]:
    """The cells of every table row, without their code marks and links."""
    for line in re.findall(r"^\| (.+) \|$", text, re.MULTILINE):
        yield [re.sub(r"\[?`([^`]+)`(\]\(\S+\))?", r"\1", cell.strip()) for cell in re.split(r"(?<!\\)\|", line)]


def test_every_generated_part_stands_in_a_page():
    used = {name for one in PAGES for name in parts(one.read_text("utf-8"))}

    assert used == set(GENERATED)


@pytest.mark.parametrize("one", PAGES, ids=lambda one: str(one.relative_to(ROOT)))
def test_no_page_shows_where_an_object_lies(one):
    assert ADDRESS.findall(one.read_text("utf-8")) == []


def test_a_command_that_fails_is_shown_in_no_page():
    with pytest.raises(RuntimeError, match="exit code 2"):
        command("nosuch")


def test_what_would_end_a_cell_is_escaped():
    assert table(("a",), [("int | None\nor so",)]) == "| a |\n|---|\n| int \\| None or so |\n"


def _sample(
    a: int, /, b: str = "x", *rest: Role, c: object = Role.CASHIER, d: object = object, **more: int
) -> Enum: ...


def test_a_signature_shows_names_and_values_and_never_an_object():
    assert signature("f", _sample) == (
        'f(\n    a: int,\n    /,\n    b: str = "x",\n    *rest: Role,\n    c: object = Role.CASHIER,\n'
        "    d: object = …,\n    **more: int,\n) -> Enum\n"
    )


@pytest.mark.parametrize(
    ("doc", "meaning"),
    [
        ("A row. `one`: the first\nof them; `two`: the second.", "the first of them"),
        ("`one` is the first, `two` the second.", "the first"),
        ("`one` is at most 1.5 km. It is a number.", "at most 1.5 km"),
        ("Nothing of it.", ""),
    ],
)
def test_what_a_docstring_says_of_a_name_ends_with_its_part_of_the_sentence(doc, meaning):
    assert said_of("one", doc) == meaning


# --- nothing is left out -----------------------------------------------------------------------------------------


def test_every_public_name_is_explained():
    text = page("reference/api.md")
    explained = {*headings(text), *(cells[0] for cells in rows(text))}

    assert set(engine.__all__) - explained == set(), "give its module a group in tests/reference/api.py"


def test_every_table_and_column_says_what_it_is():
    unexplained = [str(one) for one in metadata.tables.values() if not one.comment]
    unexplained += [str(column) for one in metadata.tables.values() for column in one.columns if not column.comment]

    assert unexplained == []


def test_every_role_state_and_command_is_in_the_glossary():
    codes = {cells[2] for cells in rows(page("reference/glossary.md"))}
    catalogue = standard_catalogue()
    states = {str(state) for flow in catalogue.workflows.values() for state in flow.states}
    commands = {row.name for flow in catalogue.workflows.values() for row in flow.rows}

    assert {*map(str, Role), *states, *commands} - codes == set()


def concepts() -> list[list[str]]:
    """The rows of the glossary that are written by hand."""
    by_hand = page("reference/glossary.md").split("\n## Roles\n")[0]
    return [cells for cells in rows(by_hand) if cells[0] != "zh"]


@pytest.mark.parametrize("cells", concepts(), ids=lambda cells: cells[1])
def test_a_word_of_the_glossary_is_defined_and_its_name_in_code_exists(cells):
    _, _, name, meaning = cells

    assert re.fullmatch(r"[A-Z](?:(?!\. ).)*\.", meaning), "one sentence"
    assert not name or _found(name)


def _found(name: str) -> object:
    first, *rest = name.split(".")
    start = {"ro": ro, "common": common, "proof": proof}.get(first) or getattr(engine, first)
    return reduce(_part, rest, start)


def _part(thing: object, name: str) -> object:
    """An attribute, or the field of a fact or of a dataclass."""
    fields = {**getattr(thing, "model_fields", {}), **getattr(thing, "__dataclass_fields__", {})}
    return fields[name] if name in fields else getattr(thing, name)


def test_no_word_stands_twice_in_the_glossary():
    english = [cells[1] for cells in concepts()]

    assert sorted(english) == sorted(set(english))


def test_every_page_is_in_the_index():
    index = ROOT / "docs/README.md"
    linked = {(index.parent / target).resolve() for target in LINK.findall(index.read_text("utf-8"))}
    listed = {one for one in PAGES if one.parent != ROOT / "docs/decisions" or one.name == "README.md"}

    assert listed - linked == {index}
