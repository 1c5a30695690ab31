"""Rules are data: profiles layer, a body keeps them whole, and a decider rebuilt from a body answers as before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from enum import EnumType
from typing import Any

import pytest

from engine import (
    Answer,
    BadProfile,
    Binding,
    Case,
    Catalogue,
    Event,
    Figure,
    Profile,
    Rules,
    RulesUnknown,
    UnknownProfile,
    standard_catalogue,
)
from engine.canonical import canonical
from engine.command import Actor, Command
from engine.decider import Decider
from engine.events import EVENTS
from engine.guards.figure import codes, minutes, percent
from engine.profiles import SHIPPED
from tests.support import ADVISOR, MANAGER, START, TECHNICIAN

SCORED = "work.findings-reported-once"
"""A clause that the catalogue only counts, and that has a figure."""
CATALOGUE = standard_catalogue()


def layered(clauses: str = "", *, extends: str = 'extends = "dpca"', **others: str) -> Rules:
    """The rules of a profile `house` with these clauses, over dpca unless said otherwise."""
    profiles = {name: Profile.load(text) for name, text in others.items()}
    house = Profile.load(_toml("house", clauses, extends))
    catalogue = replace(CATALOGUE, profiles={**CATALOGUE.profiles, **profiles, "house": house})
    return catalogue.rules("house", "repair_order")


def _toml(name: str, clauses: str, extends: str = "") -> str:
    return "\n".join(
        [
            f'name = "{name}"',
            'version = "1"',
            extends,
            'label = { zh = "本店", en = "house" }',
            "[clauses.repair_order]",
            clauses,
        ]
    )


# --- profiles -----------------------------------------------------------------------------------------------------


def test_a_layer_has_every_clause_of_the_layers_below_it():
    base, dpca = (set(CATALOGUE.rules(name, "repair_order").clauses) for name in ("base", "dpca"))

    assert {"protect.kit-four-piece", "qc.exit-inspection-record"} <= dpca - base
    assert base - dpca == set()


def test_the_shipped_brands_differ_where_their_sources_do():
    kits = {name: CATALOGUE.rules(name, "repair_order").clauses for name in SHIPPED}

    assert "protect.kit-three-piece" in kits["lexus"]
    assert "protect.kit-three-piece" in kits["faw-toyota"]
    assert "qc.final-road-test" in kits["lexus"]
    assert "inspect.customer-acknowledges-condition" in kits["faw-toyota"]
    assert "protect.kit-four-piece" not in kits["lexus"]


def test_no_profile_can_leave_out_the_built_in_clauses():
    rules = layered(extends="")

    assert set(rules.clauses) == {"flow.role", "flow.out-of-order", "flow.late", "flow.correction", "flow.waiver"}


def test_a_layer_names_the_rules_and_says_its_version():
    rules = layered()

    assert (rules.profile, rules.version, rules.workflow, rules.initial) == ("house", "1", "repair_order", "new")


def test_a_layer_without_clauses_of_its_own_is_the_layer_below():
    assert layered().clauses == CATALOGUE.rules("dpca", "repair_order").clauses


def test_a_figure_of_a_layer_is_in_force_and_the_others_stay():
    rules = layered('"flow.late" = { limit = 10 }')
    figures = rules.figures(CATALOGUE.clauses["flow.late"])

    assert figures["limit"] == minutes(10, tighter="lower", house=True)
    assert figures["roles"].value == ("service_advisor", "service_manager", "front_desk_supervisor")


@pytest.mark.parametrize(("written", "limit"), [('"7.5"', "7.5"), ("7", "7")])
def test_a_decimal_figure_is_exact(written: str, limit: str):
    rules = layered(f'"settle.variance-10pct" = {{ limit = {written} }}')

    assert rules.figures(CATALOGUE.clauses["settle.variance-10pct"])["limit"].value == Decimal(limit)


def test_a_binding_may_get_harder():
    rules = layered(f'"{SCORED}" = {{ binding = "refuse" }}')

    assert CATALOGUE.rules("dpca", "repair_order").clauses[SCORED].binding is Binding.SCORE
    assert rules.clauses[SCORED].binding is Binding.REFUSE


def test_a_binding_made_harder_below_stays_so_when_a_layer_only_sets_a_figure():
    chain = _toml("chain", f'"{SCORED}" = {{ binding = "note" }}', 'extends = "dpca"')
    rules = layered(f'"{SCORED}" = {{ limit = 3 }}', extends='extends = "chain"', chain=chain)

    assert rules.clauses[SCORED].binding is Binding.NOTE
    assert rules.clauses[SCORED].figures == {"limit": 3}


@pytest.mark.parametrize(
    ("below", "binding"),
    [
        ("refuse", '"note"'),
        ("refuse", '"score"'),
        ("note", '"score"'),
        ("note", '"clock"'),
        ("note", "1"),
        ("note", "[]"),
    ],
)
def test_a_binding_never_gets_softer_and_is_one_of_three(below: str, binding: str):
    chain = _toml("chain", f'"{SCORED}" = {{ binding = "{below}" }}', 'extends = "dpca"')

    with pytest.raises(BadProfile) as caught:
        layered(f'"{SCORED}" = {{ binding = {binding} }}', extends='extends = "chain"', chain=chain)
    assert caught.value.facts == {
        "profile": "house",
        "where": f"{SCORED}.binding",
        "expected": f"{below} or harder",
    }


@pytest.mark.parametrize(
    ("clauses", "where"),
    [
        ('"no.such-clause" = {}', "no.such-clause"),
        ('"settle.variance-10pct" = { limits = "10" }', "settle.variance-10pct.limits"),
        ('"settle.variance-10pct" = { limit = 10.5 }', "settle.variance-10pct.limit"),
        ('"settle.variance-10pct" = { limit = "ten" }', "settle.variance-10pct.limit"),
        ('"settle.variance-10pct" = { limit = "NaN" }', "settle.variance-10pct.limit"),
        ('"settle.variance-10pct" = { limit = true }', "settle.variance-10pct.limit"),
        ('"flow.late" = { limit = "30" }', "flow.late.limit"),
        ('"flow.late" = { limit = true }', "flow.late.limit"),
        ('"flow.late" = { roles = "service_advisor" }', "flow.late.roles"),
        ('"flow.late" = { roles = [1] }', "flow.late.roles"),
        ('"arrive.purpose-recorded" = { limit = 1 }', "arrive.purpose-recorded.limit"),
    ],
)
def test_a_layer_that_contradicts_the_catalogue_is_told_where(clauses: str, where: str):
    with pytest.raises(BadProfile) as caught:
        layered(clauses)
    assert (caught.value.facts["profile"], caught.value.facts["where"]) == ("house", where)


def test_a_figure_of_the_wrong_type_is_told_its_unit_and_an_example():
    with pytest.raises(BadProfile) as caught:
        layered('"flow.late" = { limit = "soon" }')
    assert caught.value.facts["expected"] == "a figure in minutes, such as 30"


def test_a_workflow_that_does_not_exist_is_no_silent_hole():
    with pytest.raises(BadProfile) as caught:
        layered('[clauses.repair_ordr]\n"flow.late" = {}')
    assert caught.value.facts["where"] == "clauses.repair_ordr"


def test_a_stand_in_for_a_command_that_does_not_exist_is_no_silent_hole():
    with pytest.raises(BadProfile) as caught:
        layered('[stand_ins.repair_order]\nservice_manager = ["customer_greeted", "customer_greted"]')
    assert caught.value.facts["where"] == "stand_ins.repair_order.service_manager.customer_greted"
    assert "流程中已有的命令" in caught.value.text.zh


def test_a_profile_that_leads_back_to_itself_is_refused():
    ring = _toml("ring", "", 'extends = "house"')

    with pytest.raises(BadProfile) as caught:
        layered(extends='extends = "ring"', ring=ring)
    assert caught.value.facts["where"] == "extends"


def test_an_unknown_layer_below_is_told_the_known_ones():
    with pytest.raises(UnknownProfile) as caught:
        layered(extends='extends = "tesla"')
    assert caught.value.facts["expected"] == ["base", "dpca", "faw-toyota", "house", "lexus"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("name = ", "Invalid value (at end of document)"),
        ('version = "1"\nlabel = { zh = "店", en = "x" }', "profile.name"),
        ('name = "x"\nlabel = { zh = "店", en = "x" }', "profile.version"),
        ('name = "x"\nversion = 1\nlabel = { zh = "店", en = "x" }', "profile.version"),
        ('name = "本店"\nversion = "1"\nlabel = { zh = "店", en = "x" }', "profile.name"),
        ('name = "x"\nversion = "1"', "profile.label"),
        ('name = "x"\nversion = "1"\nlabel = "x"', "profile.label"),
        ('name = "x"\nversion = "1"\nlabel = { zh = "店" }', "profile.label.en"),
        (_toml("x", "", 'extend = "base"'), "profile.extend"),
        (_toml("x", "", "extends = 1"), "profile.extends"),
        (_toml("x", "", 'draft = "maybe"'), "profile.draft"),
        (_toml("x", '"flow.late" = 30'), "profile.clauses.repair_order.flow.late"),
        ('name = "x"\nversion = "1"\nclauses = "y"\nlabel = { zh = "店", en = "x" }', "profile.clauses"),
    ],
)
def test_a_profile_that_cannot_be_read_is_told_where(text: str, where: str):
    with pytest.raises(BadProfile) as caught:
        Profile.load(text)
    assert caught.value.facts["where"] == where


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_profile_is_released_with_a_name_in_both_languages(name: str):
    profile = CATALOGUE.profiles[name]

    assert (profile.name, profile.version, profile.draft) == (name, "2026.1", False)
    assert profile.label.zh
    assert profile.label.en


# --- figures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "figure",
    [percent("10.0", tighter="lower"), minutes(30, tighter="lower"), codes("a", "b", unit="x", tighter="more")],
)
def test_a_figure_is_the_same_after_a_round_through_a_body(figure: Figure[Any]):
    assert figure.having(json.loads(canonical(figure.document()))) == figure


# --- bodies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", SHIPPED)
def test_rules_are_the_same_after_a_round_through_their_body(profile: str):
    rules = CATALOGUE.rules(profile, "repair_order")

    again = Rules.from_body(rules.body)
    assert again == rules
    assert again.digest == rules.digest
    assert Rules.stored(rules.digest, rules.body) == rules
    assert canonical(json.loads(rules.body)) == rules.body


def _least(event: type[Event]) -> Event:
    """A fact with nothing but what must be there."""
    types = {name: info.annotation for name, info in event.model_fields.items() if info.is_required()}
    return event.read({name: next(iter(kind)) if isinstance(kind, EnumType) else "x-1" for name, kind in types.items()})


def _attempts(decider: Decider) -> Iterator[tuple[Case, Command]]:
    """Every command in every state by three roles, on a case that has come in."""
    opened = replace(decider.open("S1", "RO-1"), seq=1, version=1, moved_at=START, recorded_at=START)
    facts = [_least(EVENTS[kind]) for kind in dict.fromkeys(row.name for row in decider.rules.rows)]
    for state in decider.rules.states:
        for by in (ADVISOR, MANAGER, TECHNICIAN):
            for fact in facts:
                yield replace(opened, state=state), Command("c-1", by, fact, START - timedelta(minutes=1))
                yield replace(opened, state=state), Command("c-1", by, fact)


def _said(decider: Decider, case: Case, command: Command) -> Answer | str:
    try:
        return decider.decide(case, command, START + timedelta(minutes=5))
    except LookupError as error:  # a guard may rely on what the table says must have happened
        return str(error)


@pytest.mark.parametrize("profile", SHIPPED)
def test_a_decider_rebuilt_from_its_body_answers_as_before(profile: str):
    before = Decider(CATALOGUE.rules(profile, "repair_order"), CATALOGUE)
    after = Decider(Rules.from_body(before.rules.body), CATALOGUE)
    compared = 0

    for case, command in _attempts(before):
        assert _said(after, case, command) == _said(before, case, command)
        compared += 1
    assert compared > 5_000


def test_old_rules_answer_by_their_own_figures_whatever_the_profile_says_by_now():
    strict = layered('"flow.late" = { limit = 1 }')
    decider = Decider(Rules.from_body(strict.body), CATALOGUE)
    case = replace(decider.open("S1", "RO-1"), seq=1, version=1)
    command = Command("c-1", Actor("sg-1", "security_guard"), EVENTS["vehicle_checked_in"](), START)

    answer = decider.decide(case, command, START + timedelta(minutes=2))
    assert answer.clauses == ("flow.late",)


def test_old_rules_without_a_figure_that_a_clause_has_by_now_go_by_its_default():
    document = json.loads(CATALOGUE.rules("dpca", "repair_order").body)
    document["clauses"]["flow.late"]["figures"] = {}
    rules = Rules.from_body(canonical(document))

    assert rules.figures(CATALOGUE.clauses["flow.late"])["limit"].value == 30


Spoil = Callable[[dict[str, Any]], object]
VARIANCE = "settle.variance-10pct"
SPOILT: dict[str, Spoil] = {
    "another format": lambda body: body.update(format=2),
    "no format": lambda body: body.pop("format"),
    "no states": lambda body: body.pop("states"),
    "a state that is no text": lambda body: body.update(states=[1, 2]),
    "an initial state that is none": lambda body: body.update(initial="nowhere"),
    "an end that is no state": lambda body: body.update(ends=["nowhere"]),
    "a source that is no state": lambda body: body["table"][0].update(source="nowhere"),
    "a destination that is no state": lambda body: body["table"][0].update(dest="nowhere"),
    "a destination that is no text": lambda body: body["table"][0].update(dest=[]),
    "roles that are no list": lambda body: body["table"][0].update(roles=3),
    "an event that the code lacks": lambda body: body["table"][0].update(name="vehicle_flown_in"),
    "an event that is no text": lambda body: body["table"][0].update(name=[]),
    "a clause that the code lacks": lambda body: body["clauses"].update({"no.clause": body["clauses"][VARIANCE]}),
    "a binding that the code lacks": lambda body: body["clauses"][VARIANCE].update(binding="shout"),
    "a clause on a foreign event": lambda body: body["clauses"][VARIANCE].update(events=["kit_fitted"]),
    "a clause of one event on all": lambda body: body["clauses"][VARIANCE].update(events=[]),
    "a clause of all events on one": lambda body: body["clauses"]["flow.role"].update(events=["kit_fitted"]),
    "a figure that the code lacks": lambda body: body["clauses"][VARIANCE]["figures"].update(tax=1),
    "a figure of another type": lambda body: body["clauses"][VARIANCE]["figures"].update(limit=[1]),
    "a figure that is no number": lambda body: body["clauses"][VARIANCE]["figures"].update(limit="ten"),
    "figures that are no mapping": lambda body: body["clauses"][VARIANCE].update(figures=[]),
    "a workflow that is no text": lambda body: body.update(workflow=3),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_body_that_this_code_cannot_judge_by_is_unknown_rules(spoil: Spoil):
    document = json.loads(CATALOGUE.rules("dpca", "repair_order").body)
    spoil(document)

    with pytest.raises(RulesUnknown):
        Decider(Rules.from_body(canonical(document)), CATALOGUE)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"7", b"\xff", b'{"format":1}'])
def test_bytes_that_are_no_body_are_unknown_rules(body: bytes):
    with pytest.raises(RulesUnknown):
        Rules.from_body(body)


def test_a_body_under_another_digest_or_none_at_all_is_unknown_rules():
    dpca, lexus = (CATALOGUE.rules(name, "repair_order") for name in ("dpca", "lexus"))

    for body in (lexus.body, None):
        with pytest.raises(RulesUnknown) as caught:
            Rules.stored(dpca.digest, body)
        assert dpca.digest[:12] in caught.value.text.zh


# --- digests ------------------------------------------------------------------------------------------------------


def test_any_difference_is_another_digest():
    rules = {name: CATALOGUE.rules(name, "repair_order").digest for name in SHIPPED}
    rules["house"] = layered().digest
    rules["strict"] = layered('"flow.late" = { limit = 29 }').digest

    assert len(set(rules.values())) == len(rules)


DIGESTS = """
from engine import standard_catalogue
for name in ("base", "dpca", "faw-toyota", "lexus"):
    print(standard_catalogue().rules(name, "repair_order").digest)
"""


@pytest.mark.parametrize("seed", ["1", "2"])
def test_digests_are_the_same_in_every_process(seed: str):
    ran = subprocess.run(
        [sys.executable, "-c", DIGESTS],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.split() == [CATALOGUE.rules(name, "repair_order").digest for name in SHIPPED]


def test_a_catalogue_without_an_event_of_its_table_has_no_decider():
    events = {kind: event for kind, event in EVENTS.items() if kind != "kit_fitted"}
    lacking: Catalogue = replace(CATALOGUE, events=events)

    with pytest.raises(RulesUnknown) as caught:
        Decider(CATALOGUE.rules("dpca", "repair_order"), lacking)
    assert "kit_fitted" in caught.value.text.en


def test_a_body_of_a_workflow_that_the_code_does_not_have_has_no_decider():
    catalogue = standard_catalogue()

    with pytest.raises(RulesUnknown) as error:
        Decider(catalogue.rules("base", "repair_order"), replace(catalogue, workflows={}))

    assert error.value.facts["what"] == "workflow repair_order"
