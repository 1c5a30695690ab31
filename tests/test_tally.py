"""The tally: what it counts is what the journal says, however the work is split, in memory that does not grow."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from engine import Finding, Late, Personal, Report, Sealed, Sort, Tally
from engine.tally import OTHERS, ROWS, WORST
from engine.timeline import LONGEST
from tests.reported import audited, forged, house, tallied, written

CHINA = timezone(timedelta(hours=8))


def entries_of(case):
    """The entries of one case, each with its place in the journal."""
    sealed = (Sealed.read(body, seal, house()).entry for kind, body, seal in written() if kind == "entry")
    return [(place, entry) for place, entry in enumerate(filter(None, sealed)) if entry.case == case]


def parts():
    """The cases of the journal, each as a tally of its own."""
    for case in dict.fromkeys(json.loads(body)["case"] for kind, body, _ in written() if kind == "entry"):
        yield tallied(line for line in written() if line[0] == "rules" or f'"case":"{case}"'.encode() in line[1])


def recounted():
    """The refusals, notes, waivers and late entries of the journal, counted from its JSON."""
    clauses, weeks, total = Counter(), Counter(), Counter()
    for document in (json.loads(body) for kind, body, _ in written() if kind == "entry"):
        outcome = document["outcome"]
        said = [(one["clause"], Sort.REFUSED) for one in outcome["refusals"]]
        said += [(one["clause"], Sort.NOTED) for one in outcome["notes"]]
        said += [(clause, Sort.WAIVED) for clause in outcome["waived"]]
        if outcome["answer"] == "accepted" and document["command"]["late"]:
            said += [("flow.late", Sort.LATE)]
        week = datetime.fromisoformat(document["recorded_at"]).astimezone(CHINA).strftime("%G-W%V")
        clauses.update(said)
        weeks.update((week, sort) for sort in {sort for _, sort in said})
        total.update({sort for _, sort in said})
    return clauses, weeks, total


def test_a_tally_counts_what_the_entries_say_by_clause_and_by_week():
    tally = tallied(written())

    assert (tally.by_clause, tally.by_week, tally.total) == recounted()


def test_every_sort_that_a_journal_can_hold_is_in_the_sample():
    assert all(tallied(written()).total[sort] for sort in Sort if sort is not Sort.VIOLATION)


def test_answers_times_and_rules_are_counted():
    documents = [json.loads(body) for kind, body, _ in written() if kind == "entry"]
    tally = tallied(written())

    assert tally.accepted == sum(one["outcome"]["answer"] == "accepted" for one in documents)
    assert tally.accepted + tally.refused == len(documents)
    times = sorted(datetime.fromisoformat(one["recorded_at"]) for one in documents)
    assert (tally.since, tally.until) == (times[0], times[-1])
    assert sum(tally.by_rules.values()) == len({(one["shop"], one["case"]) for one in documents})
    assert sorted(tally.profiles.values()) == ["dpca 2026.1", "house 1"]


def test_what_others_put_counts_for_the_advisor_who_acted_last():
    tally = Tally.of(house())
    (_, opened), (_, arrived), (_, refused), *_ = entries_of("RO-7")
    by_guard = replace(
        refused, command=replace(refused.command, actor=replace(opened.command.actor, id="g-1", role="security_guard"))
    )

    tally.add("S2", "RO-7", [(0, by_guard), (1, opened), (2, arrived), (3, by_guard)])

    assert tally.by_advisor == {("S2/-", Sort.REFUSED): 1, ("S2/sa-1", Sort.REFUSED): 1}


def test_a_late_command_that_was_refused_is_a_refusal_only():
    tally = Tally.of(house())
    refused = entries_of("RO-7")[2][1]
    late = replace(refused, command=replace(refused.command, late=Late(Personal.clear("忙"), "PAPER-1")))

    tally.add("S2", "RO-7", [(0, late)])

    assert tally.total == {Sort.REFUSED: 1}


def test_a_violation_counts_for_the_clause_the_advisor_and_the_week_of_its_entry():
    tally = tallied(forged(), audited(forged()))

    violations = {
        name for name, sort in (*tally.by_clause, *tally.by_advisor, *tally.by_week) if sort is Sort.VIOLATION
    }
    assert violations == {
        "settle.variance-10pct",
        "settle.unannounced-increase-blocked",
        "settle.price-matches-quote",
        "S1/sa-1",
        "2026-W48",
    }


def test_a_violation_without_a_clause_counts_under_its_kind():
    tally = Tally.of(house())

    tally.add(
        "S2", "RO-7", entries_of("RO-7"), [Finding("replay.state", "S2", "RO-7", 2, {"expected": "a", "actual": "b"})]
    )

    assert tally.by_clause["replay.state", Sort.VIOLATION] == 1


def test_findings_about_integrity_are_no_violations_and_stand_at_their_step():
    tally = Tally.of(house())
    broken = Finding("seal.broken", "S2", "RO-7", 2, {"expected": "a", "actual": "b"})

    tally.add("S2", "RO-7", entries_of("RO-7"), [broken])

    assert tally.total[Sort.VIOLATION] == 0
    assert [step.findings for step in tally.worst[0].steps[:3]] == [(), (broken,), ()]
    assert tally.worst[0].loose == ()


def test_findings_of_a_case_without_entries_are_kept():
    tally = Tally.of(house())
    orphan = Finding("row.orphan", "S2", "RO-9", 0)

    tally.add("S2", "RO-9", [], [orphan])

    assert [(one.case, one.findings, one.steps, one.loose) for one in tally.worst] == [("RO-9", 1, (), (orphan,))]


@pytest.mark.parametrize("turned", [False, True])
def test_parts_counted_apart_join_to_the_whole(turned):
    joined = Tally.of(house())

    for part in sorted(parts(), key=lambda part: part.since, reverse=turned):
        joined.merge(pickle.loads(pickle.dumps(part)))

    whole = tallied(written())
    for name in ("total", "by_clause", "by_advisor", "by_week", "by_rules", "profiles", "accepted", "refused", "since"):
        assert getattr(joined, name) == getattr(whole, name)
    assert joined.until == whole.until
    assert [(one.shop, one.case) for one in joined.worst] == [(one.shop, one.case) for one in whole.worst]


def test_an_empty_tally_joins_to_an_empty_one():
    tally = Tally.of(house())

    tally.merge(Tally.of(house()))

    assert tally == Tally.of(house())


def test_the_worst_cases_are_kept_most_findings_first_then_most_remarks():
    tally = Tally.of(house())
    refused = entries_of("RO-7")[2]
    row = Finding("row.orphan", "S1", "c-bad", 0)

    for number in range(WORST + 5):
        tally.add("S1", f"c-{number:02}", [refused] * number)
    tally.add("S1", "c-bad", [], [row])

    assert [one.case for one in tally.worst] == ["c-bad", *(f"c-{number:02}" for number in range(WORST + 4, 5, -1))]


def test_of_a_long_case_the_steps_with_something_to_say_stay():
    tally = Tally.of(house())
    entries = entries_of("RO-7")
    said = [placed for placed in entries if placed[1].refusals]

    tally.add("S2", "RO-7", [*entries[:2] * LONGEST, *said])

    (worst,) = tally.worst
    assert (worst.entries, len(worst.steps)) == (2 * LONGEST + len(said), LONGEST)
    assert sum(bool(step.refusals) for step in worst.steps) == len(said)


def test_a_moment_beyond_the_calendar_of_the_floor_is_counted_as_it_is():
    tally = Tally.of(house())
    refused = entries_of("RO-7")[2][1]

    tally.add("S2", "RO-7", [(0, replace(refused, recorded_at=datetime.max.replace(tzinfo=UTC)))])

    assert [*tally.by_week] == [("9999-W52", Sort.REFUSED)]


def test_names_without_end_share_a_row():
    tally = Tally.of(house())
    refused = entries_of("RO-7")[2][1]

    tally.add("S2", "RO-7", [(0, replace(refused, refusals=tuple((f"x.{one}", {}) for one in range(ROWS + 5))))])

    assert len(tally.by_clause) == ROWS + 1
    assert tally.by_clause[OTHERS, Sort.REFUSED] == 5


def test_a_case_that_begins_in_the_middle_stands_under_rules_without_a_name():
    tally = Tally.of(house())
    entries = entries_of("RO-7")[1:]

    tally.add("S2", "RO-7", entries)

    assert (tally.by_rules, tally.profiles) == ({entries[0][1].rules: 1}, {})


def test_a_report_that_found_nothing_leaves_cases_with_refusals_to_look_at():
    tally = tallied(written(), Report())

    assert {one.case for one in tally.worst} == {"A5", "C3-doubled", "E7", "K-payables", "RO-7"}
