"""A dealer's own layer at the command line: `--dealer FILE`, or GONGDAN_DEALER."""

from __future__ import annotations

import json
import os

import pytest

from tests.support import gongdan, upgraded

BY = ("--by", "sa-1:service_advisor")
OURS = ("--profile", "our-house")
LAYER = """
name = "{name}"
version = "1"
extends = "{below}"
label = {{ zh = "本店", en = "Our house" }}

[clauses.repair_order]
{clauses}
"""


@pytest.fixture
def layer(tmp_path):
    """Writes a layer, by default over dpca with a figure of its own."""

    def write(clauses='"settle.variance-10pct" = { limit = "5" }', name="our-house", below="dpca"):
        file = tmp_path / f"{name}.toml"
        file.write_text(LAYER.format(name=name, below=below, clauses=clauses), "utf-8")
        return file

    return write


def document(*arguments, code=0):
    result = gongdan(*arguments, "--json")
    assert result.exit_code == code, result.stderr
    return json.loads(result.stdout)


def limit(*arguments):
    clause = document("sop", "show", "settle.variance-10pct", *OURS, *arguments)["clause"]
    return clause["figures"]["limit"]["value"]


def test_a_dealers_rules_are_shown_and_listed_as_a_brands_are(layer):
    listed = document("sop", "list", *OURS, "--dealer", layer())

    assert limit("--dealer", layer()) == "5"
    assert listed["profile"] == "our-house"
    assert "protect.kit-four-piece" in {one["id"] for one in listed["clauses"]}


def test_a_layer_that_is_still_a_draft_says_so(layer):
    draft = layer()
    draft.write_text(draft.read_text("utf-8").replace('version = "1"', 'version = "1"\ndraft = true'), "utf-8")

    assert "本店 / Our house  our-house 1 草案 draft" in gongdan("sop", "list", *OURS, "--dealer", draft).stdout
    assert document("sop", "list", *OURS, "--dealer", draft)["draft"] is True


def test_without_his_layer_a_dealer_is_unknown():
    assert document("sop", "list", *OURS, code=1)["error"]["type"] == "UnknownProfile"


def test_layers_stand_one_over_the_other_in_the_order_given(layer):
    group = layer('"settle.variance-10pct" = { limit = "7" }', name="group")
    shop = layer("", below="group")

    assert limit("--dealer", group, "--dealer", shop) == "7"
    assert document("sop", "list", *OURS, "--dealer", shop, "--dealer", group, code=1)["error"]["type"] == (
        "UnknownProfile"
    )


def test_the_environment_may_name_the_layers(layer, monkeypatch):
    group = layer('"settle.variance-10pct" = { limit = "7" }', name="group")
    monkeypatch.setenv("GONGDAN_DEALER", os.pathsep.join([str(group), str(layer("", below="group"))]))

    assert limit() == "7"


def test_a_case_opened_under_a_dealers_layer_is_judged_and_audited_by_it_without_the_file(layer, tmp_path):
    pieces = ["floor_mat", "gear_cover", "key_tag", "seat_cover", "steering_cover"]
    ours = layer(f'"protect.kit-four-piece" = {{ pieces = {pieces} }}')
    db = ("--db", upgraded(tmp_path / "shop.db"))
    opened = document("case", "open", "RO-1", *BY, *db, *OURS, "--dealer", ours)
    ours.unlink()
    kit = json.dumps({"kit_pieces": [piece for piece in pieces if piece != "key_tag"], "customer_present": True})

    assert opened["answer"] == "accepted"
    document("case", "apply", "RO-1", "vehicle_checked_in", *BY, *db)
    refused = document("case", "apply", "RO-1", "kit_fitted", *BY, *db, "--facts", kit, code=3)
    told = {one["clause"]: one["facts"] for one in refused["refusals"]}
    assert told["protect.kit-four-piece"] == {"missing": ["key_tag"]}
    assert document("audit", db[1], code=3)["compliance"]["verdict"] == "CONFORMS"


def test_coverage_counts_a_dealer_among_those_who_hold_a_clause(layer, tmp_path):
    wanted = tmp_path / "wanted.yaml"
    wanted.write_text("- {id: qc.final-road-test, machine: repair_order, tier: enforced, effect: block}", "utf-8")
    ours = layer('"qc.final-road-test" = {}')

    (found,) = document("sop", "coverage", wanted, "--dealer", ours)["implemented"]

    assert found["profiles"] == ["lexus", "our-house"]


@pytest.mark.parametrize(
    ("raw", "kind", "where"),
    [
        (b"name = ", "BadProfile", "house.toml"),
        (b"\xff", "BadProfile", "UTF-8"),
        (b"#" * (1024 * 1024 + 1), "BadProfile", "1 MiB"),
        (b'name = "x"\nversion = "1"\nlabel = "x"', "BadProfile", "profile.label"),
        (LAYER.format(name="x", below="dpca", clauses='"flow.late" = { limit = 31 }').encode(), "BadProfile", "30"),
        (LAYER.format(name="x", below="tesla", clauses="").encode(), "UnknownProfile", "tesla"),
    ],
    ids=["cut", "bytes", "long", "label", "looser", "brand"],
)
def test_a_layer_that_cannot_be_used_is_told_in_both_languages(tmp_path, raw, kind, where):
    file = tmp_path / "house.toml"
    file.write_bytes(raw)

    error = document("sop", "list", "--dealer", file, code=1)["error"]

    assert error["type"] == kind
    assert all(where in error[language] for language in ("zh", "en"))


def test_a_layer_that_is_not_there_is_a_file_that_is_not_available(tmp_path):
    error = document("sop", "list", "--dealer", tmp_path / "nosuch.toml", code=1)["error"]

    assert error["type"] == "FileUnavailable"
