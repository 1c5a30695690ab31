"""A journal that was brought in tells of another log: this one begins behind it, under a name of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count

import pytest

from adapters.bootstrap import bootstrap
from engine import Engine, NameTaken
from engine.proof.verify import Trust, parse_policy
from tests.exports import filled, judged, members_of, on_disk, policy
from tests.signers import KEY, NEXT, ORIGIN, a_key
from tests.support import Clock, arrive, world

EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)
OWN, OWN_NEXT = (a_key(number, "4s.example/jn-01-b") for number in (3, 4))
TRUST = Trust(parse_policy(policy(OWN)))


@pytest.fixture
def moved(database: str) -> Iterator[Engine]:
    """A database into which the journal of another was brought, whose log has had two keys."""
    clock = Clock()
    source = filled(bootstrap("sqlite://", upgrade=True, world=world(clock)), clock)
    source.checkpoints.make(KEY)
    source.checkpoints.rotate(KEY, NEXT)
    members_of(source, NEXT)
    ids = count(1)
    here = replace(world(clock), new_id=lambda: f"here-{next(ids)}")
    engine = bootstrap(database, upgrade=True, world=here, synchronous="OFF")
    with closing(source.store), closing(engine.store):
        assert {found.kind for found in engine.import_journal(source.export_journal()).findings} == {"anchor.missing"}
        yield engine


@EITHER
@pytest.mark.parametrize(
    "scope", [{}, {"shop": "S1"}, {"shop": "ledger", "case": "ledger"}], ids=["whole", "a shop", "the log's ledger"]
)
def test_a_log_that_begins_behind_an_imported_journal_is_proven_and_so_are_its_next_keys(moved, tmp_path, scope):
    moved.checkpoints.make(OWN)
    before = judged(on_disk(members_of(moved, OWN, **scope), tmp_path / "before"), TRUST)
    arrive(moved.shop("S1"), "RO-8")
    moved.checkpoints.rotate(OWN, OWN_NEXT)
    after = judged(on_disk(members_of(moved, OWN_NEXT, **scope), tmp_path / "after"), TRUST)

    assert (before.status, before.findings) == ("OK", [])
    assert (after.status, after.findings) == ("OK", [])
    assert [key.name for key in moved.checkpoints.epochs()] == [OWN.name, OWN.name]


@EITHER
@pytest.mark.parametrize("signer", [KEY, NEXT, a_key(9, ORIGIN)], ids=["first", "last", "new"])
def test_it_does_not_begin_under_the_name_of_the_log_it_came_from(moved, signer):
    waiting = moved.checkpoints.waiting()

    with pytest.raises(NameTaken, match=ORIGIN):
        moved.checkpoints.make(signer)

    assert moved.checkpoints.epochs() == []
    assert moved.checkpoints.last() is None
    assert moved.checkpoints.waiting() == waiting
