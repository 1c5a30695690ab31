"""What an audit of a database or a journal counts as it goes: each case once, beside all that is wrong with it."""

from __future__ import annotations

from contextlib import closing
from functools import partial

from engine import Engine, Finding, Tally, audit_journal, standard_catalogue
from tests.support import engine_on, protect

CATALOGUE = standard_catalogue()
audited = partial(Tally.of, CATALOGUE)


def wrong(engine: Engine) -> None:
    """RO-0 and RO-9 have nothing but rows."""
    with engine.store.write() as transaction:
        row = transaction.case("S1", "RO-2")
        for name in ("RO-0", "RO-9"):
            transaction.insert_case(row._replace(id=name))


def test_a_database_is_counted_in_the_pass_that_audits_it(tmp_path):
    engine = engine_on(tmp_path)
    tally, lines = audited(), audited()
    with closing(engine.store):
        for number in range(1, 4):
            protect(engine.shop("S1"), f"RO-{number}")
        wrong(engine)
        exported = [*engine.export_journal()]
        report = engine.audit(tally)

    audit_journal(exported, CATALOGUE, lines)
    assert report.counts["row.orphan"] == 2
    assert (tally.accepted, tally.refused, tally.by_rules) == (lines.accepted, lines.refused, lines.by_rules)
    assert {one.case: one.entries for one in tally.worst if one.findings} == {"RO-0": 0, "RO-9": 0}


def test_what_was_found_before_stands_with_its_case_and_not_twice(tmp_path):
    engine = engine_on(tmp_path)
    tally = audited()
    with closing(engine.store):
        protect(engine.shop("S1"), "RO-1")
        wrong_before = [
            Finding("row.orphan", "S1", "RO-9", 0),
            Finding("heads.leaf", "S1", "RO-1", 2),
            Finding("tree.root", "", "", 0),
        ]
        with engine.store.write() as transaction:
            transaction.insert_case(transaction.case("S1", "RO-1")._replace(id="RO-9"))
        engine.audit(tally, wrong_before)

    assert {one.case: one.findings for one in tally.worst} == {"RO-1": 1, "RO-9": 1}
    assert {one.case: one.entries for one in tally.worst}["RO-1"] > 1
