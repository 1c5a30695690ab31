"""`gongdan sop`: the rules in words and as a picture, drawn from the tables themselves."""

from __future__ import annotations

import json
import re

import pytest

from adapters.inbound.cli.graph import mermaid
from engine import standard_catalogue
from tests.support import gongdan

CATALOGUE = standard_catalogue()
WORKFLOW = CATALOGUE.workflows["repair_order"]


def document(*arguments, code=0):
    result = gongdan(*arguments, "--json")
    assert result.exit_code == code
    return json.loads(result.stdout)


@pytest.mark.parametrize("profile", CATALOGUE.profiles)
def test_a_profile_lists_exactly_the_clauses_of_its_rules_with_words_in_both_languages(profile):
    listed = document("sop", "list", "--profile", profile)
    rules = CATALOGUE.rules(profile, "repair_order")
    assert [one["id"] for one in listed["clauses"]] == [*rules.clauses]
    assert listed["digest"] == rules.digest
    for one in listed["clauses"]:
        assert all(one[text][language] for text in ("reason", "remedy") for language in ("zh", "en"))
        assert one["source"]


def test_the_clauses_of_one_command_are_those_that_a_decider_asks_of_it():
    listed = [one["id"] for one in document("sop", "list", "--profile", "dpca", "--command", "kit_fitted")["clauses"]]
    assert "protect.kit-four-piece" in listed
    assert "flow.role" in listed
    assert "settle.gate-pass" not in listed


def test_a_list_for_people_has_figures_bindings_and_both_languages():
    shown = gongdan("sop", "list", "--profile", "dpca").stdout
    assert "limit=10" in shown
    assert "pieces=floor_mat, steering_cover" in shown
    assert "东风标致 / DPCA" in shown
    assert "草案 draft" not in shown
    assert "四件套缺少：{missing}。" in shown
    assert "The four-piece kit lacks: {missing}." in shown


def test_one_clause_is_shown_whole():
    shown = gongdan("sop", "show", "settle.variance-10pct", "--profile", "dpca").stdout
    for said in ("打印结算单 Statement printed", "001 P60", "10 percent", "tighter: lower", "由客户签增项", "manager"):
        assert said in shown
    clause = document("sop", "show", "settle.variance-10pct")["clause"]
    assert clause["figures"] == {"limit": {"value": "10", "unit": "percent", "tighter": "lower", "house": False}}
    assert clause["commands"] == ["statement_printed", "paid"]


def test_a_clause_of_every_command_says_so_and_a_house_figure_is_marked():
    assert "每个命令 every command" in gongdan("sop", "show", "flow.role").stdout
    assert "本店自定 house figure" in gongdan("sop", "show", "flow.late").stdout


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (("list", "--profile", "nosuch"), "UnknownProfile"),
        (("list", "--workflow", "nosuch"), "UnknownWorkflow"),
        (("graph", "--workflow", "nosuch"), "UnknownWorkflow"),
        (("list", "--command", "nosuch"), "UnknownCommand"),
        (("show", "nosuch"), "UnknownClause"),
        (("show", "protect.kit-four-piece", "--profile", "lexus"), "UnknownClause"),
    ],
)
def test_what_the_catalogue_does_not_have_is_an_error_of_its_kind(arguments, kind):
    assert document("sop", *arguments, code=1)["error"]["type"] == kind


def test_the_picture_has_one_arrow_for_each_move_of_the_table():
    picture = mermaid(CATALOGUE, "repair_order")
    drawn = re.findall(r"^    (\w+) --> (\w+) : (.+)$", picture, re.MULTILINE)
    moves = [(row.source, row.dest, str(row.label)) for row in WORKFLOW.rows if row.dest is not None]
    assert drawn == [(source.replace("-", "_"), dest.replace("-", "_"), label) for source, dest, label in moves]
    assert picture.startswith("stateDiagram-v2\n")
    assert f"[*] --> {WORKFLOW.initial}" in picture
    assert picture.count("--> [*]") == len(WORKFLOW.ends)


def test_every_state_is_named_in_both_languages_and_no_name_has_a_hyphen():
    picture = mermaid(CATALOGUE, "repair_order")
    named = re.findall(r'state "(.+) / (.+)" as (\w+)$', picture, re.MULTILINE)
    assert [(zh, en) for zh, en, _ in named] == [(state.label.zh, state.label.en) for state in WORKFLOW.states]


def test_facts_that_move_nothing_are_drawn_on_demand():
    bare, full = gongdan("sop", "graph").stdout, gongdan("sop", "graph", "--facts").stdout
    assert "note right of" not in bare
    standing = [row for row in WORKFLOW.rows if row.dest is None]
    assert full.startswith(bare)
    assert full.count("note right of") == len({row.source for row in standing})
    assert len(full.splitlines()) == len(bare.splitlines()) + len(standing) + 2 * full.count("note right of")
    assert document("sop", "graph", "--facts")["mermaid"] == full
