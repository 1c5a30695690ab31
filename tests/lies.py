"""The ways to lie in one entry: what becomes of it, and what must be found of that, said by nobody who audits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from engine import Actor
from engine.command import Command, Refused
from engine.guards.clause import Binding
from engine.journal import Entry
from tests.walks import Document, Step, golden_rules


class Change(NamedTuple):
    """One entry as forged, and what must be found of it."""

    document: Document
    kind: str
    clauses: Sequence[str] = ()


class Way(NamedTuple):
    """A way to lie: what it can be about in an entry (clauses, a command, a state), and the lie about one of them."""

    about: Callable[[Step], Iterable[str]]
    lie: Callable[[Step, str], Change | None]


# --- what a lie can be about -----------------------------------------------------------------------------------------


def refusals(step: Step) -> list[str]:
    return [one["clause"] for one in step.outcome["refusals"]]


def one_of_several_refusals(step: Step) -> list[str]:
    return refusals(step) if len(refusals(step)) > 1 else []


def notes(step: Step) -> list[str]:
    return [one["clause"] for one in step.outcome["notes"]]


def all_said(step: Step) -> list[str]:
    return [*refusals(step), *notes(step)]


def accepted_command(step: Step) -> list[str]:
    return [step.name] if step.entry.accepted else []


def state(step: Step) -> list[str]:
    return [step.entry.state]


def answer(step: Step) -> list[str]:
    return [step.outcome["answer"]]


def whatever(step: Step) -> list[str]:
    return [""]


# --- of any entry but the first --------------------------------------------------------------------------------------


def accepted_instead(step: Step, clause: str) -> Change:
    """What the SOP refused stands as accepted: a seat without covers, a waiver that is none, a paper not there."""
    before, decider = step.case.state, step.walk.decider
    dest = decider.dest(step.name, before) if step.name in decider.open_commands(before) else None
    forged = step.said(answer="accepted", event=step.name, refusals=[], state=dest or before)
    return Change({**forged, "version": step.entry.version + 1}, "replay.answer", refusals(step))


def refused_instead(step: Step, command: str) -> Change:
    """What the SOP accepted stands as refused."""
    binding = (clause.id for clause, how in step.walk.decider.clauses(command) if how is Binding.REFUSE)
    clause = next(binding, "flow.role")
    refused = [{"clause": clause, "facts": {}}]
    forged = step.said(answer="refused", event=None, notes=[], refusals=refused, state=step.case.state)
    return Change({**forged, "version": step.case.version}, "replay.answer", [clause])


def by_the_wrong_role(step: Step, command: str) -> Change | None:
    """Somebody who may not has done it; where nothing else speaks against it."""
    said, guard = step.entry.command, Actor("sg-1", "security_guard")
    forged = Command(said.id, guard, said.facts, said.occurred_at, said.late)
    found = step.walk.decider.decide(step.case, forged, step.entry.recorded_at)
    if not isinstance(found, Refused) or found.clauses != ("flow.role",):
        return None
    return Change(step.commanded(actor={"id": guard.id, "role": guard.role}), "replay.answer", ["flow.role"])


def waived_by_nobody(step: Step, command: str) -> Change:
    """A clause stands as waived for which there is no waiver."""
    return Change(step.said(waived=["protect.kit-four-piece"]), "replay.clauses", ["protect.kit-four-piece"])


def other_state(step: Step, now: str) -> Change:
    """It leads where it does not lead."""
    states = sorted(step.walk.decider.rules.states)
    return Change(step.said(state=states[states.index(now) - 1]), "replay.state")


def other_version(step: Step, answer: str) -> Change:
    """It counts as more than it is."""
    return Change({**step.document, "version": step.entry.version + 1}, "replay.state")


def other_workflow(step: Step, _: str) -> Change:
    """It says that it belongs to another workflow."""
    return Change({**step.document, "workflow": "ledger"}, "replay.state")


def not_noted(step: Step, clause: str) -> Change:
    """A clause that was not met is passed over in silence."""
    left = [one for one in step.outcome["notes"] if one["clause"] != clause]
    return Change(step.said(notes=left), "replay.clauses", [clause])


def not_named(step: Step, clause: str) -> Change:
    """One of several refusals is passed over."""
    left = [one for one in step.outcome["refusals"] if one["clause"] != clause]
    return Change(step.said(refusals=left), "replay.clauses", [clause])


def noted_without_cause(step: Step, command: str) -> Change | None:
    """A clause that was met stands as not met."""
    clause = "depart.seen-off"
    added = [*step.outcome["notes"], {"clause": clause, "facts": {}}]
    return None if clause in notes(step) else Change(step.said(notes=added), "replay.clauses", [clause])


def another_clause(step: Step, clause: str) -> Change:
    """It is refused, but not by the clause that is named."""
    other = [{**one, "clause": "plain.lie"} if one["clause"] == clause else one for one in step.outcome["refusals"]]
    return Change(step.said(refusals=other), "replay.clauses", sorted(["plain.lie", clause]))


def other_figures(step: Step, clause: str) -> Change:
    """The right clause, but not what it saw."""
    forged = {
        how: [
            {**one, "facts": {**one["facts"], "forged": 1}} if one["clause"] == clause else one
            for one in step.outcome[how]
        ]
        for how in ("refusals", "notes")
    }
    return Change(step.said(**forged), "replay.clauses", [clause])


def other_order(step: Step, clause: str) -> Change:
    """The right clauses, the wrong way round."""
    return Change(step.said(refusals=step.outcome["refusals"][::-1]), "replay.clauses")


def unknown_command(step: Step, answer: str) -> Change | None:
    """A fact that no such case can have."""
    if not step.entry.accepted:
        return None
    facts = {"size": 1, "root": "0" * 64, "rules": "0" * 64}
    forged = step.commanded(name="heads_recorded", facts=facts)
    return Change({**forged, "outcome": {**step.outcome, "event": "heads_recorded"}}, "replay.impossible")


def recorded_earlier(step: Step, state: str) -> Change:
    """Recorded before the entry that stands before it; the answer is the one of that time."""
    before = step.case.recorded_at
    assert before
    at = before - timedelta(minutes=1)
    found = step.walk.decider.decide(step.case, step.entry.command, at)
    return Change(json.loads(Entry.of(step.case, step.entry.command, at, found).body), "time.backwards")


def other_rules(step: Step, state: str) -> Change:
    """By other rules, all at once."""
    others = [known for known in golden_rules() if known != step.entry.rules]
    return Change({**step.document, "rules": others[0]}, "rules.changed")


WAYS: tuple[Way, ...] = (
    Way(refusals, accepted_instead),
    Way(accepted_command, refused_instead),
    Way(accepted_command, by_the_wrong_role),
    Way(accepted_command, waived_by_nobody),
    Way(state, other_state),
    Way(answer, other_version),
    Way(whatever, other_workflow),
    Way(notes, not_noted),
    Way(one_of_several_refusals, not_named),
    Way(accepted_command, noted_without_cause),
    Way(refusals, another_clause),
    Way(all_said, other_figures),
    Way(one_of_several_refusals, other_order),
    Way(answer, unknown_command),
    Way(state, recorded_earlier),
    Way(state, other_rules),
)


# --- of the first ----------------------------------------------------------------------------------------------------


def what_opens(step: Step) -> list[str]:
    return ["profile", "version"]


def opened_under_others(step: Step, name: str) -> Change:
    """Opened, as it says, under a profile that is not in force."""
    facts = {**step.document["command"]["facts"], name: "2020.1"}
    return Change(step.commanded(facts=facts), "replay.opening")


OPENINGS = (Way(what_opens, opened_under_others),)
