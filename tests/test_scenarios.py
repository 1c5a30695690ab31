"""The worked cases of the SOP, as files that a dealer can read: every clause refuses in one and is met in one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from adapters.inbound.scenario import Played, Scenario, Step, play, stage
from adapters.inbound.scenario_file import load
from engine import Accepted, BadScenario, Binding, Engine, Refused, standard_catalogue
from tests.support import START, engine_on

FOLDER = Path(__file__).parent.parent / "scenarios"
FILES = sorted(FOLDER.glob("*.toml"))
CATALOGUE = standard_catalogue()
PROFILES = sorted(CATALOGUE.profiles)
HAPPY = load(FOLDER / "J-happy-path.toml")
NAMED_BY_THE_ISSUE = "A1 A2 A5 B1 B3 B5 C1 C3 C4 C5 C7 C9 D1 D3 D7 E1 E3 E4 E6 E7 F9 J".split()  # noqa: SIM905 - a list to read


@cache
def played(file: Path) -> Played:
    return play(load(file), stage())


def told(file: Path) -> Iterator[tuple[Step, Accepted | Refused]]:
    result = played(file)
    return ((step.step, step.answer) for step in (*result.started, *result.steps))


@pytest.mark.broad
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_scenario_is_answered_as_its_file_says(file):
    wrong = [
        (step.step.name, step.answer, step.expectation)
        for step in (*played(file).started, *played(file).steps)
        if not step.ok
    ]

    assert wrong == []


@pytest.mark.parametrize("case", NAMED_BY_THE_ISSUE)
def test_every_worked_case_of_the_catalogue_has_its_file(case):
    assert [file for file in FILES if file.stem.startswith(f"{case}-")]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_happy_path_is_accepted_under_every_profile(profile):
    result = play(replace(HAPPY, profile=profile), stage())

    assert result.ok
    assert result.steps[-1].answer.state == "followed-up"
    assert [(step.step.name, note.clause) for step in result.steps for note in step.answer.notes] == []


@cache
def clauses_of(profile: str) -> dict[str, Binding]:
    return {id_: bound.binding for id_, bound in CATALOGUE.rules(profile, "repair_order").clauses.items()}


REFUSING = sorted(
    {
        id_
        for profile in PROFILES
        for id_, binding in clauses_of(profile).items()
        if binding is Binding.REFUSE and not id_.startswith("flow.")
    }
)
NOTING = sorted(
    {id_ for profile in PROFILES for id_, binding in clauses_of(profile).items() if binding is not Binding.REFUSE}
)


@cache
def answered() -> dict[str, dict[str, set[str]]]:
    """Over all scenarios: which commands each clause refused, noted and let pass."""
    seen: dict[str, dict[str, set[str]]] = {"refused": {}, "noted": {}, "passed": {}}
    for file in FILES:
        in_force = clauses_of(played(file).scenario.profile)
        for step, answer in told(file):
            if isinstance(answer, Refused):
                words = {"refused": answer.clauses}
            else:
                noted = {note.clause for note in answer.notes}
                words = {"noted": noted, "passed": set(in_force) - noted}
            for word, clauses in words.items():
                for clause in clauses:
                    seen[word].setdefault(clause, set()).add(step.name)
    return seen


@pytest.mark.broad
@pytest.mark.parametrize("clause", REFUSING)
def test_every_clause_refuses_in_a_scenario_and_the_same_command_passes_it_in_one(clause):
    refused, passed = answered()["refused"].get(clause, set()), answered()["passed"].get(clause, set())

    assert refused
    assert refused & passed


@pytest.mark.broad
@pytest.mark.parametrize("clause", NOTING)
def test_every_clause_that_only_notes_leaves_its_note_in_a_scenario(clause):
    assert clause in answered()["noted"]


@cache
def owned_fields(profile: str) -> dict[str, set[str]]:
    """Which clauses of a profile refuse, or leave a note, for the want of which field."""
    owners: dict[str, set[str]] = {}
    for id_ in clauses_of(profile):
        for name in CATALOGUE.clauses[id_].owns:
            owners.setdefault(name, set()).add(id_)
    return owners


NOT_IN_FORCE_ON_THE_HAPPY_PATH = {
    "work.supplement-written-and-signed",  # its order has one revision
    "work.absent-customer-consent-kept",
    "settle.by-account-type",  # all that it charges is the customer's
    "depart.overhaul-briefing",
}


def drops(profile: str) -> Iterator[tuple[int, str]]:
    """Every owned field that a step of the happy path records."""
    owners = owned_fields(profile)
    for number, step in enumerate(HAPPY.steps):
        if not step.only or profile in step.only:
            yield from ((number, name) for name in step.facts if f"{step.name}.{name}" in owners)


def unmet(scenario: Scenario, engine: Engine) -> set[str]:
    """The clauses noted up to the first answer that refuses, and those of that one; what follows from it may refuse."""
    engine.world.clock.now = START  # the promised time of the scenario is a time of that day
    found: set[str] = set()
    for step in play(scenario, engine).steps:
        if isinstance(step.answer, Refused):
            return found | {*step.answer.clauses}
        found |= {note.clause for note in step.answer.notes}
    return found


@pytest.mark.broad
@pytest.mark.parametrize("profile", ["dpca", "faw-toyota", "lexus"])
def test_dropping_one_owned_field_makes_exactly_its_owners_refuse_or_leave_a_note(profile):
    owners, engine = owned_fields(profile), stage()
    for number, name in drops(profile):
        step = HAPPY.steps[number]
        facts = {key: value for key, value in step.facts.items() if key != name}
        steps = (*HAPPY.steps[:number], replace(step, facts=facts), *HAPPY.steps[number + 1 :])
        expected = owners[f"{step.name}.{name}"] - NOT_IN_FORCE_ON_THE_HAPPY_PATH

        found = unmet(replace(HAPPY, id=f"{number}.{name}", profile=profile, steps=steps), engine)

        assert found == expected, f"{step.name}.{name} of step {number + 1}"


HEAD = 'id = "X"\nprofile = "dpca"\n'
TITLED = HEAD + 'title = { zh = "一", en = "a" }\nsource = "s"\n'
BROKEN = {
    "not TOML": ("id = ", "file"),
    "no step": (TITLED, "step"),
    "no English": (
        'id = "X"\ntitle = { zh = "一" }\nsource = "s"\nprofile = "dpca"\n[[step]]\nby = "a:b"\ndo = "paid"\n',
        "title",
    ),
    "an unknown key": ('id = "X"\nwhat = 1\n', "what"),
    "no profile": ('id = "X"\n', "profile"),
    "an actor without a role": (HEAD + '[[step]]\nby = "a"\ndo = "paid"\n', "step 1"),
    "a selector that selects nothing": (HEAD + '[start]\npath = "J"\nwithout = ["nothing"]\n', "start (nothing)"),
    "an unknown key of a step": (HEAD + '[[step]]\nby = "a:b"\ndo = "paid"\nif = 1\n', "step 1.if"),
    "an unknown key of then": (HEAD + '[[step]]\nby = "a:b"\ndo = "paid"\nthen = { maybe = 1 }\n', "step 1.then.maybe"),
    "a step that is no table": (HEAD + "step = [1]\n", "step"),
    "steps that are no list": (HEAD + "step = 1\n", "step"),
    "a start that is no table": (HEAD + "start = 5\n", "start"),
    "a then that is no table": (HEAD + '[[step]]\nby = "a:b"\ndo = "paid"\nthen = 5\n', "step 1.then"),
    "minutes that are text": (HEAD + '[[step]]\nby = "a:b"\ndo = "paid"\nminutes = "x"\n', "step 1.minutes"),
    "minutes beyond a year": (
        HEAD + '[[step]]\nby = "a:b"\ndo = "paid"\nlate_minutes = 525601\n',
        "step 1.late_minutes",
    ),
    "a start from itself": (HEAD + '[start]\npath = "broken"\n', "start.path"),
    "a late entry without its paper": (HEAD + '[[step]]\nby = "a:b"\ndo = "paid"\nlate = { reason = "x" }\n', "step 1"),
    "a remark in one language": (HEAD + '[[step]]\nby = "a:b"\ndo = "paid"\nsay = { zh = "x" }\n', "step 1"),
    "an insert without its place": (
        HEAD + '[start]\npath = "J"\n[[start.insert]]\nby = "a:b"\n',
        "start.insert 1.before",
    ),
}


@pytest.mark.parametrize(("text", "where"), BROKEN.values(), ids=BROKEN)
def test_a_broken_scenario_is_refused_with_its_place_and_what_was_expected(tmp_path, text, where):
    (tmp_path / "J.toml").write_text((FOLDER / "J-happy-path.toml").read_text("utf-8"), "utf-8")
    file = tmp_path / "broken.toml"
    file.write_text(text, "utf-8")

    with pytest.raises(BadScenario) as caught:
        load(file)

    assert (caught.value.facts["file"], caught.value.facts["where"]) == ("broken.toml", where)
    assert caught.value.facts["expected"]


def test_a_missing_scenario_is_a_clear_error(tmp_path):
    with pytest.raises(BadScenario, match="readable file"):
        load(tmp_path / "none.toml")


def test_a_step_answered_otherwise_than_expected_is_not_ok():
    first = replace(HAPPY.steps[0], then=replace(HAPPY.steps[0].then, state="settled"))

    assert not play(replace(HAPPY, steps=(first,)), stage()).ok


def test_every_step_is_shown_as_it_is_played():
    seen = []

    result = play(replace(HAPPY, steps=HAPPY.steps[:3]), stage(), seen.append)

    assert tuple(seen) == result.steps


def test_a_correction_of_nothing_is_refused():
    step = replace(HAPPY.steps[1], corrects="purpose_recorded")

    result = play(replace(HAPPY, steps=(HAPPY.steps[0], step)), stage())

    assert result.steps[-1].answer.clauses == ("flow.correction",)


def test_a_scenario_can_be_played_in_a_shop_whose_clock_nobody_moves(tmp_path):
    result = play(replace(HAPPY, steps=HAPPY.steps[:3]), engine_on(tmp_path))

    assert result.ok
