"""`gongdan sop coverage`: what a catalogue asks for against what is loaded, and what proves each clause."""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.inbound.catalogue_file import BadCatalogue, compare, read_catalogue
from adapters.inbound.cli.scenarios import scenarios_folder
from adapters.inbound.scenario import play, stage
from adapters.inbound.scenario_file import load
from engine import standard_catalogue
from tests.support import gongdan

ASKED = """
- {id: protect.kit-four-piece, machine: repair_order, tier: enforced, effect: block, profiles: [dpca]}
- {id: order.free-requests-listed, machine: repair_order, tier: observed, effect: warn, profiles: [base]}
- {id: rest.tea-served, machine: repair_order, tier: observed, effect: score, profiles: [base]}
- {id: book.capacity-70pct, machine: appointment, tier: enforced, effect: block, profiles: [faw-toyota]}
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    file = tmp_path / "catalogue.yaml"
    file.write_text(ASKED, "utf-8")
    return file


def test_what_is_asked_for_is_told_as_implemented_missing_or_extra(catalogue):
    result = gongdan("sop", "coverage", catalogue, "--json")

    document = json.loads(result.stdout)
    assert [one["id"] for one in document["implemented"]] == ["protect.kit-four-piece", "order.free-requests-listed"]
    assert [one["id"] for one in document["missing"]] == ["rest.tea-served", "book.capacity-70pct"]
    assert {one["id"] for one in document["extra"]} == {*standard_catalogue().clauses} - {
        "protect.kit-four-piece",
        "order.free-requests-listed",
    }


def test_each_implemented_clause_names_its_function_its_profiles_and_what_fails_without_it(catalogue):
    document = json.loads(gongdan("sop", "coverage", catalogue, "--json").stdout)

    kit = document["implemented"][0]
    module, _, name = kit["function"].partition(":")
    assert kit["profiles"] == ["dpca"]
    assert kit["binding"] == "refuse"
    assert getattr(importlib.import_module(module), name).id == "protect.kit-four-piece"
    assert kit["catalogue"] == {"machine": "repair_order", "tier": "enforced", "effect": "block", "profiles": ["dpca"]}
    assert kit["scenarios"]


def test_a_scenario_that_is_named_fails_when_its_clause_is_taken_away(catalogue):
    document = json.loads(gongdan("sop", "coverage", catalogue, "--json").stdout)
    whole = standard_catalogue()

    for named in document["implemented"]:
        profiles = {
            name: replace(
                profile,
                clauses={
                    flow: {id_: settings for id_, settings in held.items() if id_ != named["id"]}
                    for flow, held in profile.clauses.items()
                },
            )
            for name, profile in whole.profiles.items()
        }
        for scenario in named["scenarios"]:
            loaded = load(scenarios_folder() / f"{scenario}.toml")
            engine = stage(catalogue=replace(whole, profiles=profiles))
            assert not play(loaded, engine).ok, (named["id"], scenario)


def test_a_missing_enforced_clause_is_exit_code_3_and_an_observed_one_is_not(catalogue):
    assert gongdan("sop", "coverage", catalogue).exit_code == 3
    assert gongdan("sop", "coverage", catalogue, "--machine", "repair_order").exit_code == 0
    assert gongdan("sop", "coverage", catalogue, "--machine", "appointment").exit_code == 3


def test_the_page_names_what_is_missing_and_what_no_scenario_proves_in_both_languages(catalogue):
    page = gongdan("sop", "coverage", catalogue).stdout

    assert "已实现 implemented 2" in page
    assert "缺少 missing 2" in page
    assert re.search(r"missing +book\.capacity-70pct +appointment enforced", page)
    assert "没有场景因它而败 / no scenario fails without it" in page


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("{}", "file"),
        ("- [", "file"),
        ("- clause", "#1"),
        ("- {id: a, machine: m, tier: t}", "#1.effect"),
        ("- {id: 1, machine: m, tier: t, effect: e}", "#1.id"),
        ("- {id: a, machine: m, tier: t, effect: e, profiles: dpca}", "#1.profiles"),
        ("- {id: a, machine: m, tier: t, effect: e}\n" * 2, "a"),
        ("[" * 50_000, "file"),
        ("# " + "x" * (16 * 1024 * 1024), "file"),
        ("- !!python/object/apply:os.getcwd []", "file"),
    ],
    ids=["mapping", "cut", "word", "effect", "number", "profiles", "twice", "deep", "huge", "python"],
)
def test_a_file_that_is_no_catalogue_is_an_error_that_says_where(tmp_path, text, where):
    file = tmp_path / "bad.yaml"
    file.write_text(text, "utf-8")

    with pytest.raises(BadCatalogue) as error:
        read_catalogue(file)

    assert (error.value.facts["file"], error.value.facts["where"]) == ("bad.yaml", where)
    assert re.search(r"[\u4e00-\u9fff]", error.value.text.zh)


def test_a_catalogue_is_compared_with_what_is_loaded_and_with_nothing_else(catalogue):
    loaded = standard_catalogue()
    without = replace(loaded, clauses={"flow.role": loaded.clauses["flow.role"]}, profiles={})

    found = compare(read_catalogue(catalogue), without, {})

    assert [one.id for one in found.extra] == ["flow.role"]
    assert found.extra[0].profiles == ()
    assert found.implemented == ()
    assert len(found.missing) == 4
