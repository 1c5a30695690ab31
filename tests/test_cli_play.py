"""`gongdan play` and `gongdan demo`: repair orders played on a stage, every refusal in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.inbound.cli import demo
from adapters.inbound.cli.demo import SCENARIOS, Audited
from adapters.inbound.cli.scenarios import NoScenarios, find, scenarios_folder
from adapters.inbound.scenario_file import load
from engine import Finding, Report, Text
from tests.support import gongdan

SCENARIO = """
id = "X"
title = { zh = "试", en = "Trial" }
source = "design"
profile = "dpca"

[[step]]
by = "sg-1:security_guard"
do = "vehicle_checked_in"
then = { accepted = "arrived" }

[[step]]
say = { zh = "什么都没装", en = "Nothing fitted" }
by = "sa-1:service_advisor"
do = "kit_fitted"
"""


@pytest.fixture
def played_otherwise(tmp_path):
    """A scenario with one expectation; the second step is refused."""

    def write(then: str) -> Path:
        (tmp_path / "x.toml").write_text(f"{SCENARIO}then = {then}\n", "utf-8")
        return tmp_path / "x.toml"

    return write


def document(*arguments, code=0):
    result = gongdan(*arguments, "--json")
    assert result.exit_code == code, result.stderr
    return json.loads(result.stdout)


# --- play --------------------------------------------------------------------------------------------------------


def test_a_scenario_shows_who_what_and_every_refusal_in_words():
    result = gongdan("play", "A1-no-covers-needed")
    assert result.exit_code == 0
    for said in (
        "客户说不用套 / The customer who needs no covers",
        "sa-1 服务顾问 service advisor",
        "装好防护套件 Kit fitted",
        "已拒绝 refused",
        "→ 已防护 protected",
        "客户表示不需要防护，不能代替防护本身。",
        "Note what the customer said, and fit the kit all the same.",
    ):
        assert said in result.stdout
    assert "不合" not in result.stdout


def test_several_scenarios_are_one_document():
    folder = scenarios_folder()
    told = document("play", folder / "J-happy-path.toml", "C5-request-not-listed")
    assert told["ok"]
    assert [one["id"] for one in told["scenarios"]] == [
        load(folder / f"{name}.toml").id for name in ("J-happy-path", "C5-request-not-listed")
    ]
    steps = told["scenarios"][0]["steps"]
    assert {"by", "role", "command", "label", "say", "expected", "ok", "answer", "refusals"} <= set(steps[0])
    assert steps[-1]["state"] == "followed-up"


def test_a_note_is_shown_below_the_step_that_it_does_not_stop():
    assert "order.free-requests-listed" in gongdan("play", "C5-request-not-listed").stdout


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ('{ accepted = "protected" }', "应被接受 → 已防护 protected / accepted → 已防护 protected"),
        ("{}", "应被接受 / accepted"),
        ('{ notes = ["settle.gate-pass"] }', "应被接受 +settle.gate-pass"),
        ('{ refused = ["flow.role"] }', "应被拒绝（flow.role） / refused by flow.role"),
    ],
)
def test_an_answer_that_was_not_expected_is_shown_and_exits_3(played_otherwise, then, expected):
    result = gongdan("play", played_otherwise(then))
    assert result.exit_code == 3
    assert f"与预期不符 not as expected: {expected}" in result.stdout
    told = document("play", played_otherwise(then), code=3)
    assert [step["ok"] for step in told["scenarios"][0]["steps"]] == [True, False]
    assert not told["ok"]


def test_a_scenario_that_cannot_be_read_is_an_error_before_anything_is_played(tmp_path):
    (tmp_path / "bad.toml").write_text("id = ")
    result = gongdan("play", "A1-no-covers-needed", tmp_path / "bad.toml")
    assert (result.exit_code, result.stdout) == (1, "")
    assert document("play", tmp_path / "bad.toml", code=1)["error"]["type"] == "BadScenario"


def test_an_unknown_scenario_is_told_what_is_like_it():
    told = document("play", "A1-no-cover", code=1)["error"]
    assert told["type"] == "BadScenario"
    assert "A1-no-covers-needed" in told["en"]


def test_an_installation_without_scenarios_says_so(tmp_path):
    with pytest.raises(NoScenarios, match="no scenario files"):
        find("J-happy-path", tmp_path / "scenarios")


# --- demo --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told():
    return gongdan("demo")


@pytest.fixture(scope="module")
def documented():
    return document("demo")


def test_the_demo_plays_four_orders_and_is_short_enough_to_read(told):
    assert told.exit_code == 0
    assert told.stderr == ""
    lines = told.stdout.splitlines()
    assert len(lines) <= 180
    assert "与预期不符" not in told.stdout
    for name in SCENARIOS:
        assert str(load(scenarios_folder() / f"{name}.toml").title) in told.stdout


def test_every_clause_that_refuses_in_the_demo_has_reason_and_remedy(told, documented):
    refusals = [one for played in documented["scenarios"] for step in played["steps"] for one in step["refusals"]]
    flat = "".join(told.stdout.split())
    assert len(refusals) > 10
    for refusal in refusals:
        for text in (refusal["reason"], refusal["remedy"]):
            assert "".join(text["zh"].split()) in flat or "Z" in text["zh"]
            assert "".join(text["en"].split()) in flat or "Z" in text["en"]


def test_the_demo_proves_its_bundle_and_catches_every_forgery(documented):
    audits = documented["audits"]
    assert [one["forged"] for one in audits] == [False, True, True, True]
    assert all(one["ok"] for one in audits)
    assert (audits[0]["integrity"]["verdict"], audits[0]["compliance"]["verdict"]) == ("OK", "CONFORMS")
    kinds = [{finding["kind"] for finding in one["findings"]} - {"anchor.missing"} for one in audits]
    assert kinds == [
        set(),
        {"seal.broken", "chain.broken"},
        {"replay.answer"},
        {"seen.newer", "seen.differs", "quorum.missing"},
    ]


def test_the_demo_shows_what_a_witness_is_for(told):
    assert "封印、链条、签名全部吻合，靠见证人识破" in told.stdout


def test_the_demo_says_the_same_each_time(told):
    assert gongdan("demo").stdout == told.stdout


def test_the_demo_tells_why_the_forged_acceptance_was_a_refusal(told):
    assert "封印与链条全部吻合，靠重放识破" in told.stdout
    assert "was refused by: settle.price-matches-quote" in told.stdout


def test_a_forgery_is_caught_when_it_is_found_and_an_honest_journal_when_it_is_not():
    found = Report(findings=[Finding("chain.count", "S1", "J", 1, {"expected": 1, "actual": 2})])
    title = Text(zh="副本", en="copy")
    assert Audited(title, forged=True, report=found).ok
    assert Audited(title, forged=False, report=Report()).ok
    assert not Audited(title, forged=True, report=Report()).ok
    assert not Audited(title, forged=False, report=found).ok


def test_a_demo_that_does_not_catch_its_forgeries_says_so_and_exits_3(monkeypatch):
    monkeypatch.setattr(demo, "_CHANGED", demo._PAID)
    result = gongdan("demo")
    assert result.exit_code == 3
    assert "未识破 not caught" in result.stdout
