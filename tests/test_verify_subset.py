"""verify.py on parts of a log: every scope is proven complete, and what is left out of it is found."""

from __future__ import annotations

import pytest

from tests.bundles import (
    WITNESSES,
    Log,
    Scope,
)
from tests.naive import LOG_KEY
from tests.tampering import (
    NEXT,
    NO,
    checked,
    edited,
    first,
    kinds,
    records,
    resealed,
    said,
    without,
)

__all__ = ["said"]


SINCE, UNTIL = "2026-11-22T12:00:00.000000Z", "2026-11-23T12:00:00.000000Z"


def days(hosts=WITNESSES[:2]) -> Log:
    log = Log(witnesses=hosts)
    for case, dates in {"before": (20, 21), "around": (21, 25), "after": (25, 26), "within": (21, 23, 26)}.items():
        for day in dates:
            log.add("S1", case, "order_noted", f"2026-11-{day}T00:00:00.000000Z")
    log.add("S2", "within", "order_noted", "2026-11-23T00:00:00.000000Z")
    log.announce(LOG_KEY)
    log.seal()
    return log


SCOPES = {
    "shop": Scope("S1"),
    "case": Scope("S1", "around"),
    "no such case": Scope("S1", "none"),
    "no such shop": Scope("S9"),
    "no such shop's case": Scope("S9", "none"),
    "the log's ledger": Scope("ledger"),
    "range": Scope(None, None, SINCE, UNTIL),
    "range of a shop": Scope("S1", None, SINCE, UNTIL),
    "range of a case": Scope("S1", "before", SINCE, UNTIL),
    "since": Scope(None, None, SINCE),
    "until": Scope(None, None, None, UNTIL),
}


@pytest.mark.parametrize("name", SCOPES)
@pytest.mark.parametrize("rotated", [False, True])
def test_every_scope_is_proven_complete(tmp_path, name, rotated):
    log, told = days(), []
    if rotated:
        log.announce(NEXT)
        log.seal()

    result = checked(log.bundle(SCOPES[name]), tmp_path, each=lambda *one: told.append(one))

    assert (result.status, result.findings) == ("OK", [])
    assert len(told) == result.entries
    assert all(log.bodies[one[0]] == one[1] for one in told)


ALL = Scope(None, None, SINCE, UNTIL)
PROOFS = "proofs/000000.jsonl"
LEFT_OUT = {
    "a case of a shop": (Scope("S1"), without(0, 1), {"case.missing"}),
    "the end of a case": (Scope("S1"), without(8), {"case.cut"}),
    "the beginning of a case": (Scope("S1"), without(6), {"case.cut"}),
    "the middle of a case": (Scope("S1"), without(7), {"chain.broken", "chain.count"}),
    "the only case": (Scope("S1", "within"), without(6, 7, 8), {"case.missing"}),
    "the boundary before": (ALL, without(2), {"range.gap"}),
    "the boundary after": (ALL, without(3), {"range.gap"}),
    "the boundary at the end": (ALL, without(1), {"case.missing"}),
    "an entry in the range": (ALL, without(9), {"case.missing"}),
    "what came before it": (ALL, without(6), {"case.cut"}),
    "the heads entry": (Scope("S1"), without(12), {"heads.entry"}),
    "the key's entry": (Scope("S1"), without(11), {"key.epoch"}),
    "map.json": (Scope("S1"), lambda members: members.pop("map.json") and None, {"file.missing", "heads.root"}),
    "a proof": (Scope("S1"), records(PROOFS, lambda rows: rows[:-1]), {"proof.wrong"}),
    "a line's proof": (Scope("S1"), records(PROOFS, first(proof=[])), {"proof.wrong"}),
    "a proof's form": (Scope("S1"), records(PROOFS, first(proof=["x"])), {"proof.wrong", "file.form"}),
    "a proof too many": (Scope("S1"), records(PROOFS, lambda rows: [*rows, rows[-1]]), {"file.form"}),
    "the order": (Scope("S1"), records(PROOFS, lambda rows: [rows[1], rows[0], *rows[2:]]), {"proof.wrong"}),
    "a head": (Scope("S1"), records("heads.jsonl", lambda rows: rows[1:]), {"heads.leaf", "heads.root"}),
    "a head's seal": (Scope("S1"), records("heads.jsonl", first(head=NO)), {"heads.leaf", "heads.root"}),
    "the scope": (Scope("S1"), records("heads.jsonl", first(shop="S2")), {"heads.leaf"}),
    "the one head": (Scope("S1", "within"), records("heads.jsonl", lambda _: []), {"heads.leaf", "heads.root"}),
    "all heads": (Scope("S1"), records("heads.jsonl", lambda _: []), {"heads.leaf", "heads.root"}),
    "the shop's root": (Scope("S1"), records("map.json", first(root=NO)), {"heads.root"}),
    "the form of the root": (Scope("S1"), records("map.json", first(root="x")), {"heads.root"}),
    "the shop's presence": (Scope("S1"), records("map.json", first(root=None)), {"heads.root"}),
    "a key of the map": (Scope("S1"), records("map.json", lambda rows: [{"shop": rows[0]["shop"]}]), {"heads.root"}),
    "the map": (Scope("S1"), edited("map.json", b"{", b"["), {"file.form", "heads.root"}),
    "the map's object": (ALL, lambda members: members.update({"map.json": b"[]\n"}), {"heads.root"}),
    "the epoch's place": (Scope("S1"), records("keys.jsonl", first(proof=[])), {"key.epoch"}),
    "the epoch's proof": (Scope("S1"), records("keys.jsonl", first(proof=[NO])), {"file.form", "key.epoch"}),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_of_a_subset_or_changed_in_it_is_found(tmp_path, name):
    scope, change, expected = LEFT_OUT[name]

    result = checked(resealed(days(), change, scope), tmp_path)

    assert result.status in {"TAMPERED", "INCOMPLETE"}
    assert expected <= kinds(result), kinds(result)
