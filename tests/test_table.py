"""The structure of the table and of the registries: what can be seen without putting a single command."""

from __future__ import annotations

import ast
import inspect
import re
import string
from collections import Counter, defaultdict
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pytest
from pydantic import AwareDatetime
from pydantic.fields import FieldInfo

import engine.events.repair_order as events_package
import engine.guards.repair_order as guards_package
from engine import Binding, Role, standard_catalogue
from engine.decider import Decider
from engine.events import EVENTS, WORDS, common
from engine.events.event import Event
from engine.events.personal import Personal
from engine.guards import CLAUSES, flow
from engine.guards.clause import Clause
from engine.profiles import SHIPPED
from engine.states import WORKFLOWS, ledger
from engine.states.repair_order import MAIN_PATH, WORKFLOW, State
from engine.text import Text, Word
from tests import conforming as co

TRANSITIONS = """
    new                 arrived             vehicle_checked_in
    arrived             diverted            purpose_not_repair
    arrived             cancelled           customer_left
    arrived             protected           kit_fitted
    protected           inspected           inspection_completed
    protected           cancelled           order_withdrawn
    inspected           under-observation   observation_chosen
    inspected           quoted              quote_issued
    inspected           cancelled           order_withdrawn
    under-observation   inspected           symptom_seen
    under-observation   arrived             vehicle_returned
    under-observation   followed-up         declared_gone
    under-observation   cancelled           order_withdrawn
    quoted              signed              order_signed
    quoted              in-work             supplement_declined
    quoted              cancelled           quotation_declined
    signed              in-work             work_dispatched
    signed              cancelled           order_withdrawn
    in-work             quoted              supplement_found
    in-work             suspended           work_suspended
    in-work             cancelled           vehicle_withdrawn
    in-work             QC                  work_finished
    suspended           in-work             work_resumed
    suspended           cancelled           vehicle_withdrawn
    QC                  in-work             qc_failed
    QC                  internal-handover   qc_passed
    internal-handover   in-work             handover_rejected
    internal-handover   settled             paid
    settled             followed-up         follow_up_closed
"""
"""Every transition of the SOP's machine that moves a repair order: from, to, event."""
FACTS_OF_THE_MACHINE = {
    ("arrived", "wait_tick"),
    ("arrived", "peak_raised"),
    ("in-work", "progress_noted"),
    ("in-work", "eta_changed"),
    ("followed-up", "comeback_opened"),
}
"""Those of its transitions that lead from a state to itself."""

ROWS = [row for workflow in WORKFLOWS.values() for row in workflow.rows]
"""The rows of every workflow."""
MOVES = [(row.source, row.dest, row.name) for row in WORKFLOW.rows if row.dest is not None]
STATES = {str(state) for state in State}
BUILT_IN = {rule.id for rule in vars(flow).values() if isinstance(rule, Clause)}
"""The clauses that hold for every workflow; those of the brands' process maps are called `flow.` too."""
REFUSING = [rule for rule in CLAUSES.values() if rule.binding is Binding.REFUSE and not rule.id.startswith("flow.")]
PERSONAL = {
    "clause_waived": {"reason"},
    "vehicle_checked_in": {"vin", "license_plate"},
    "customer_left": {"reason"},
    "complaint_recorded": {"customer_words", "frequency", "operating_condition"},
    "inquiry_answered": {"answer"},
    "inquiry_summarised": {"summary"},
    "forgotten_needs_asked": {"needs"},
    "checkpoint_checked": {"note"},
    "inspection_completed": {"odometer_note"},
    "next_step_agreed": {"contact"},
    "quotation_declined": {"cancel_reason"},
    "supplement_declined": {"decline_reason"},
    "order_withdrawn": {"cancel_reason"},
    "vehicle_withdrawn": {"cancel_reason"},
    "customer_data_verified": {"owner_phone"},
    "sender_identified": {"sender_name", "sender_phone"},
    "progress_noted": {"content"},
    "eta_changed": {"reason"},
    "vehicle_kept": {"kept_reason", "next_action"},
    "supplement_found": {"reason"},
    "advice_declined": {"decline_reason"},
    "qc_failed": {"failure_cause"},
    "handover_rejected": {"reject_reason"},
    "copy_loss_accepted": {"manager_note"},
    "subject_restricted": {"whose"},
    "hold_placed": {"whose"},
}
"""Every field of every fact that holds what a person is called, reached by, or said."""


# --- the table -------------------------------------------------------------------------------------------------------


def test_the_moves_are_those_of_the_sop() -> None:
    expected = [tuple(line.split()) for line in TRANSITIONS.strip().splitlines()]

    assert sorted(expected) == sorted(MOVES)


def test_the_facts_that_the_sop_lists_as_transitions_move_nothing() -> None:
    rows = {(row.source, row.name): row.dest for row in WORKFLOW.rows}

    assert {rows[fact] for fact in FACTS_OF_THE_MACHINE} == {None}


def test_a_state_and_an_event_name_one_row() -> None:
    counted = Counter((table.name, row.source, row.name) for table in WORKFLOWS.values() for row in table.rows)

    assert [pair for pair, times in counted.items() if times > 1] == []


def test_the_ten_states_of_the_main_path_are_spelled_as_their_users_spell_them() -> None:
    expected = "arrived protected inspected quoted signed in-work QC internal-handover settled followed-up"

    assert [str(state) for state in MAIN_PATH] == expected.split()


def test_the_main_path_is_a_path() -> None:
    steps = {(source, dest) for source, dest, _ in MOVES}

    assert {*pairwise(MAIN_PATH)} <= steps


def test_rows_lead_between_states_of_the_table() -> None:
    assert {row.source for row in WORKFLOW.rows} | {dest for _, dest, _ in MOVES} == STATES


def test_every_state_is_reached_from_the_first() -> None:
    assert {state for state in STATES if co.road(WORKFLOW.initial, state) is not None} == STATES


def test_every_state_that_is_no_end_leads_to_one() -> None:
    for state in STATES - WORKFLOW.ends:
        assert any(co.road(state, end) for end in WORKFLOW.ends), state


def test_an_end_has_no_way_out() -> None:
    assert [move for move in MOVES if move[0] in WORKFLOW.ends] == []


def test_no_move_leads_back_to_the_first_state() -> None:
    assert [move for move in MOVES if move[1] == WORKFLOW.initial] == []


def test_every_row_is_open_to_somebody() -> None:
    assert [row.name for row in ROWS if not row.roles] == []


def test_an_event_is_labelled_the_same_in_every_state() -> None:
    labels = defaultdict(set)
    for row in ROWS:
        labels[row.name].add(row.label)

    assert [name for name, found in labels.items() if len(found) > 1] == []


def test_no_two_events_share_a_label() -> None:
    labels = {row.name: row.label for row in ROWS}

    assert len({label.zh for label in labels.values()}) == len({label.en for label in labels.values()}) == len(labels)


def test_a_ledger_has_one_state_which_is_an_end_and_records_without_moving() -> None:
    table = ledger.WORKFLOW

    assert {str(state) for state in table.states} == {table.initial} == table.ends
    assert {(row.source, row.dest) for row in table.rows} == {(table.initial, None)}


@pytest.mark.parametrize("profile", SHIPPED)
def test_a_ledger_is_bound_by_the_built_in_clauses_and_by_none_of_the_sop(profile: str) -> None:
    catalogue = standard_catalogue()
    decider = Decider(catalogue.rules(profile, ledger.LEDGER), catalogue)

    assert {*decider.rules.clauses} == BUILT_IN - {flow.NOT_OPEN.id}
    assert {decider.clauses(row.name) for row in ledger.WORKFLOW.rows} == {()}


def test_a_program_may_do_nothing_that_a_person_of_the_floor_does() -> None:
    of_programs = {row.name for row in ROWS if Role.SYSTEM in row.roles}

    assert of_programs
    assert of_programs <= {row.name for row in ledger.WORKFLOW.rows}


# --- words -----------------------------------------------------------------------------------------------------------


def in_both_languages(text: Text) -> bool:
    return bool(re.search(r"[\u4e00-\u9fff]|QC", text.zh)) and bool(re.search(r"[A-Za-z]", text.en))


OF_FACTS = ("engine.events.repair_order", "engine.events.common", "engine.states", "engine.roles")
"""Where the codes stand that a fact may carry; other words are of verdicts, witnesses and terms."""


def word_enums() -> list[type[Word]]:
    return [*Word.__subclasses__()]


def test_everything_a_person_reads_is_filled_in_both_languages() -> None:
    labels = [
        *(workflow.label for workflow in WORKFLOWS.values()),
        *(row.label for row in ROWS),
        *(member.label for words in word_enums() for member in words),
        *(profile.label for profile in standard_catalogue().profiles.values()),
        *(text for rule in CLAUSES.values() for text in (rule.reason, rule.remedy)),
    ]

    assert [label for label in labels if not in_both_languages(label)] == []


def test_a_code_has_one_label_wherever_it_is_used() -> None:
    labels = defaultdict(set)
    for words in word_enums():
        for member in words:
            labels[str(member)].add(member.label)

    assert [code for code, found in labels.items() if len(found) > 1] == []


def test_the_catalogue_spells_every_code_that_a_refusal_may_show() -> None:
    words = standard_catalogue().words
    enums = [enum for enum in word_enums() if enum.__module__.startswith(OF_FACTS)]
    codes = {str(member) for enum in enums for member in enum}

    assert codes | EVENTS.keys() <= words.keys()
    places = {Role, *(workflow.states for workflow in WORKFLOWS.values())}
    assert {str(member) for enum in enums if enum not in places for member in enum} == {*WORDS}


# --- events ----------------------------------------------------------------------------------------------------------


def test_an_event_is_called_by_its_class_in_snake_case() -> None:
    for name, event in EVENTS.items():
        assert name == event.kind == re.sub(r"(?<!^)([A-Z])", r"_\1", event.__name__).lower()


def test_every_event_is_in_a_row_but_the_opening() -> None:
    assert EVENTS.keys() - {row.name for row in ROWS} == {common.CaseOpened.kind}
    assert {row.event for row in ROWS} <= {*EVENTS.values()}


def collected(package: Any) -> set[str]:
    return {module.__name__.rpartition(".")[2] for module in package.STAGES}


def files_beside(package: Any) -> set[str]:
    return {path.stem for path in Path(package.__file__).parent.glob("*.py")} - {"__init__"}


def test_every_module_of_facts_is_collected() -> None:
    assert collected(events_package) == files_beside(events_package)
    assert {event for event in Event.__subclasses__() if event.__module__.startswith("engine.")} == {*EVENTS.values()}


def test_every_module_of_clauses_is_collected() -> None:
    """`order` and `lines` hold questions, not clauses."""
    assert collected(guards_package) == files_beside(guards_package) - {"order", "lines"}
    declared = {rule.id for module in guards_package.STAGES for rule in vars(module).values() if is_clause(rule)}
    assert declared == CLAUSES.keys() - BUILT_IN


def is_clause(value: object) -> bool:
    return isinstance(value, Clause)


def test_no_id_names_two_clauses() -> None:
    modules = (flow, *guards_package.STAGES)
    declared = {id(rule): rule.id for module in modules for rule in vars(module).values() if is_clause(rule)}

    assert sorted(declared.values()) == sorted(CLAUSES)


def types_in(annotation: Any) -> set[Any]:
    """Every type that a field's annotation is made of."""
    inner = get_args(annotation)
    if get_origin(annotation) is Annotated:
        inner = inner[:1]
    return {annotation, get_origin(annotation)} | {found for one in inner for found in types_in(one)}


def own_fields(event: type[Event]) -> dict[str, FieldInfo]:
    return {name: info for name, info in event.model_fields.items() if name not in Event.model_fields}


def test_no_event_has_a_float() -> None:
    found = [
        (event.kind, name)
        for event in EVENTS.values()
        for name, info in own_fields(event).items()
        if float in types_in(info.annotation)
    ]

    assert found == []


def test_an_event_never_repeats_when_it_happened() -> None:
    """The time of a thing is its fact's `occurred_at`; the only times in facts are promises of another moment."""
    times = {
        (event.kind, name)
        for event in EVENTS.values()
        for name, info in own_fields(event).items()
        if {datetime, AwareDatetime} & types_in(info.annotation)
    }

    assert times == {
        ("quote_issued", "eta"),
        ("next_step_agreed", "plan_due_at"),
        ("order_printed", "eta"),
        ("order_signed", "promised_at"),
        ("eta_changed", "new_promised_at"),
        ("eta_risk_found", "planned_finish"),
        ("supplement_found", "new_promised_at"),
        ("customer_notified", "retry_at"),
        ("journal_exported", "since"),
        ("journal_exported", "until"),
        ("subject_restricted", "until"),
    }


def test_money_is_decimal_wherever_it_is() -> None:
    amounts = {
        (event.kind, name): info
        for event in EVENTS.values()
        for name, info in own_fields(event).items()
        if re.fullmatch(".*_(amount|charge|total)|amount", name)
    }

    assert amounts
    assert [key for key, info in amounts.items() if Decimal not in types_in(info.annotation)] == []


def test_the_personal_fields_are_these_and_no_others() -> None:
    found = {event.kind: {*event.personal} for event in EVENTS.values() if event.personal}
    typed = {
        event.kind: {name for name, info in own_fields(event).items() if Personal in types_in(info.annotation)}
        for event in EVENTS.values()
    }

    assert found == PERSONAL
    assert {kind: names for kind, names in typed.items() if names} == PERSONAL


def test_no_other_field_can_hold_a_sentence() -> None:
    """Text that is not personal is an identifier, by its pattern, a code with a label, a time or an amount."""
    found = [
        (event.kind, name)
        for event in EVENTS.values()
        for name, info in own_fields(event).items()
        if name not in event.personal and Decimal not in types_in(info.annotation)
        if holds_free_text(event.model_json_schema(), event.model_json_schema()["properties"][name])
    ]

    assert found == []


def holds_free_text(schema: dict[str, Any], part: dict[str, Any]) -> bool:
    if "$ref" in part:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    inner = [
        *part.get("anyOf", ()),
        *([part["items"]] if "items" in part else ()),
        *part.get("properties", {}).values(),
    ]
    text = part.get("type") == "string" and not part.keys() & {"pattern", "enum", "format"}
    return text or any(holds_free_text(schema, one) for one in inner)


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.kind)
def test_the_form_of_an_event_builds_and_knows_no_other_field(event: type[Event]) -> None:
    schema = event.model_json_schema()

    assert schema["additionalProperties"] is False
    assert {*schema["properties"]} == {*event.model_fields}
    assert all(schema["properties"][name] for name in event.personal)


# --- clauses ---------------------------------------------------------------------------------------------------------


def bound_clauses() -> dict[str, dict[str, Any]]:
    catalogue = standard_catalogue()
    return {name: dict(catalogue.rules(name, "repair_order").clauses) for name in SHIPPED}


def test_every_clause_is_in_some_profile() -> None:
    used = {id_ for clauses in bound_clauses().values() for id_ in clauses}

    assert CLAUSES.keys() - used == {flow.NOT_OPEN.id}


def test_the_brands_differ_where_the_sop_says_so() -> None:
    clauses = bound_clauses()
    own = {name: clauses[name].keys() - clauses["base"].keys() for name in SHIPPED}

    assert own == {
        "base": set(),
        "dpca": {
            "arrive.guide-rotating-at-peak",
            "flow.dpca-six-phases",
            "inspect.precheck-required",
            "inspect.route-order",
            "order.unclear-item-handwritten",
            "peak.reinforcement-by-managers",
            "protect.kit-four-piece",
            "qc.exit-inspection-record",
            "quote.precheck-sells-work",
            "settle.by-account-type",
        },
        "faw-toyota": {
            "arrive.advisor-carries-forms-and-kit",
            "arrive.guide-standing-role",
            "flow.toyota-reception-nine-steps",
            "inspect.customer-acknowledges-condition",
            "inspect.doors-closed-afterwards",
            "inspect.measured-not-guessed",
            "inspect.oil-demonstrated",
            "peak.second-line-standby",
            "protect.fitted-before-customers-eyes",
            "protect.kit-three-piece",
            "quote.etiquette",
            "quote.no-unrequested-upsell",
            "settle.cashier-two-minutes",
            "wash.procedure-posted",
        },
        "lexus": {"flow.lexus-eight-steps", "protect.kit-three-piece", "qc.final-road-test", "rest.viewing-gallery"},
    }


def test_a_clause_binds_to_events_of_the_table() -> None:
    events = {row.event for row in WORKFLOW.rows}

    assert [rule.id for rule in CLAUSES.values() if not {*rule.on} <= events | {Event}] == []
    assert [rule.id for rule in CLAUSES.values() if not rule.on] == []


def test_a_clause_owns_fields_that_exist_and_may_be_missing() -> None:
    for rule in CLAUSES.values():
        for owned in rule.owns:
            kind, name = owned.split(".")
            info = EVENTS[kind].model_fields[name]
            assert not info.is_required(), owned
            assert info.default is None, owned
            assert type(None) in types_in(info.annotation), owned


def test_an_owned_field_belongs_to_the_clauses_machine() -> None:
    assert {owned.split(".")[0] for rule in CLAUSES.values() for owned in rule.owns} <= {
        row.name for row in WORKFLOW.rows
    }


def test_a_source_names_seed_and_paragraph() -> None:
    cited = re.compile(r"\d{3} [A-Z]\d{2}(, \d{3} [A-Z]\d{2})*")
    odd = {rule.id: rule.source for rule in CLAUSES.values() if not cited.fullmatch(rule.source)}

    assert {*odd} == BUILT_IN
    assert {*odd.values()} == {"design", "roles"}


def test_thirty_clauses_and_more_refuse() -> None:
    assert len(REFUSING) >= 30


@pytest.mark.parametrize("profile", SHIPPED)
def test_two_clauses_and_more_refuse_on_every_move_of_the_main_path(profile: str) -> None:
    """But for the way in, which has only clocks."""
    catalogue = standard_catalogue()
    decider = Decider(catalogue.rules(profile, "repair_order"), catalogue)
    moves = {name: (source, dest) for source, dest, name in MOVES if (source, dest) in {*pairwise(MAIN_PATH)}}
    refusing = {
        name: [rule.id for rule, binding in decider.clauses(name) if binding is Binding.REFUSE] for name in moves
    }

    assert len(moves) == len(MAIN_PATH) - 1
    assert [name for name, found in refusing.items() if len(found) < 2] == []


@pytest.mark.parametrize("rule", CLAUSES.values(), ids=lambda rule: rule.id)
def test_the_words_of_a_clause_name_the_same_facts_in_both_languages(rule: Clause) -> None:
    assert placeholders(rule.reason.zh) == placeholders(rule.reason.en)
    assert placeholders(rule.remedy.zh) == placeholders(rule.remedy.en) == set()


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("rule", CLAUSES.values(), ids=lambda rule: rule.id)
def test_every_verdict_of_a_clause_brings_the_facts_that_its_words_name(rule: Clause) -> None:
    """Read from the guard's source, so that no branch is forgotten; a run shows only the branches that it takes."""
    told = verdicts(rule)

    assert told
    assert [facts for facts in told if not placeholders(rule.reason.zh) <= facts] == []


def verdicts(rule: Clause) -> list[set[str]]:
    """The facts of each `met(…)` in a guard, or in the function of its module that it leaves the verdict to."""
    functions = {
        node.name: node
        for node in ast.walk(ast.parse(inspect.getsource(inspect.getmodule(rule.judge))))
        if isinstance(node, ast.FunctionDef)
    }
    own = calls(functions[rule.judge.__name__])
    helpers = [one for name, _ in own if name in functions for one in calls(functions[name])]
    return [facts for name, facts in [*own, *helpers] if name == "met"]


def calls(function: ast.FunctionDef) -> list[tuple[str, set[str]]]:
    """The functions that a function calls by name, each with its keywords."""
    found = (node for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    return [(node.func.id, {str(keyword.arg) for keyword in node.keywords}) for node in found]
