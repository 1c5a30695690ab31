"""The attack table: twelve attacks on a real database, each audited with what an auditor may hold, level by level.

The edits stay within the rules, so that the replay of a rewritten journal has nothing to say; one test shows what it
says where they do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.inbound.audit import Anchor, audit_bundle
from adapters.publish import publish
from engine import Compliance, Report, audit_journal, standard_catalogue
from engine.errors import BadLog
from engine.events import repair_order as ro
from engine.proof import note
from engine.proof.witness import Objection
from engine.store import Log, schema
from tests.attacks import (
    ATTACKS,
    OLD,
    RESIGNED,
    Attack,
    documents,
    edit_and_recompute,
    remove_and_sign,
    roll_back,
)
from tests.exports import policy
from tests.insider import House, house, rewrite, wipe
from tests.signers import KEY, NEXT, ORIGIN
from tests.support import ADVISOR

ON_POSTGRESQL = tuple(one for one in ATTACKS if one.run in {roll_back, edit_and_recompute, remove_and_sign})
CASES = [*(("sqlite", one) for one in ATTACKS), *(("postgresql-18", one) for one in ON_POSTGRESQL)]


def title(attack: Attack) -> str:
    return attack.name.en.replace(" ", "-")


@pytest.fixture
def here(database: str, tmp_path: Path) -> Iterator[House]:
    with house(database, tmp_path) as made:
        yield made


def journal(here: House) -> Report:
    """What a journal alone shows: the first level."""
    return audit_journal(here.engine.export_journal(), standard_catalogue())


def audited(here: House, *seen: Path) -> Report:
    """The audit of a bundle, by the auditor's own policy and with what was seen before."""
    trust, bundle = here.folder / "trust", here.folder / "handed"
    trust.write_bytes(policy())
    return audit_bundle(bundle if bundle.exists() else here.handed("handed"), Anchor(trust, seen))


def levels(here: House) -> list[Report]:
    """What each level shows."""
    return [journal(here), audited(here), audited(here, here.visit), audited(here, here.visit, here.kept)]


def caught(report: Report) -> str:
    """A journal has no anchor, which is never a pass; here it counts whether anything was found."""
    return "." if report.sound else "C"


def first_bad(report: Report) -> tuple[int | None, set[str]]:
    """The first index that is named, and all that is said of it."""
    first = min((one.index for one in report.findings if one.index is not None), default=None)
    return first, {one.kind for one in report.findings if one.index == first}


@pytest.mark.parametrize(
    ("database", "attack"), CASES, indirect=["database"], ids=[f"{kind}-{title(one)}" for kind, one in CASES]
)
def test_an_attack_is_caught_by_whoever_holds_enough_and_its_first_bad_entry_named(here, attack):
    first = attack.first(here) if attack.first else None
    attack.run(here)

    reports = levels(here)

    assert "".join(map(caught, reports)) == attack.caught
    assert [report.clean for report in reports[1:]] == [level == "." for level in attack.caught[1:]]
    assert first_bad(reports[-1]) == (first, {*attack.kinds})


@pytest.mark.parametrize("attack", RESIGNED, ids=title)
def test_a_witness_refuses_a_log_that_was_rewritten_and_signed_again(sqlite, tmp_path, attack):
    with house(sqlite, tmp_path) as here:
        first = attack.first(here)
        attack.run(here)
        with here.engine.checkpoints.tiles() as tile:
            publish(here.folder / "forged", here.last().note, tile)

        reply = here.look(here.folder / "forged")

    assert (reply.objection, reply.first) == (Objection.REWRITTEN, first)
    assert [*(here.kept / "refused").iterdir()] != []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_edit_that_breaks_the_rules_is_convicted_by_the_replay_alone(here):
    history = documents(here)
    history[here.place(*OLD)]["command"]["facts"] |= {"expected_wait_minutes": 15}
    rewrite(here, history, KEY)

    report = journal(here)

    assert report.compliance is Compliance.VIOLATION
    assert [(one.kind, one.case, one.seq) for one in report.findings if one.case] == [("replay.clauses", *OLD)]


def test_an_honest_key_signs_nothing_that_contradicts_what_it_signed(sqlite, tmp_path):
    with house(sqlite, tmp_path) as here:
        edit_and_recompute(here)
        one_more(here)

        with pytest.raises(BadLog, match="checkpoint 45"):
            here.engine.checkpoints.make(KEY)


def test_an_honest_key_signs_no_root_that_the_tree_does_not_have(sqlite, tmp_path):
    with house(sqlite, tmp_path) as here:
        plant(here, here.sizes[-1], None)

        with pytest.raises(BadLog, match="checkpoint 43"):
            here.engine.checkpoints.make(KEY)


RENUMBERED = (
    "DELETE FROM gongdan_leaf WHERE idx = 2",
    "UPDATE gongdan_leaf SET idx = -idx WHERE idx > 2",
    "UPDATE gongdan_leaf SET idx = -idx - 1 WHERE idx < 0",
)


@pytest.mark.parametrize("more", [0, 1, 2])
def test_an_honest_key_signs_nothing_of_a_log_that_has_become_shorter(sqlite, tmp_path, more):
    """An entry is gone, and those behind it have moved up: as many come after it as make up for it, or not."""
    with house(sqlite, tmp_path) as here:
        signed = here.engine.checkpoints.make(KEY) or here.last()
        with here.engine.store.write() as transaction:
            for statement in RENUMBERED:
                transaction._cursor.execute(statement)
        for _ in range(more):
            one_more(here)

        with pytest.raises(BadLog, match=f"checkpoint {signed.size}"):
            here.engine.checkpoints.make(KEY)


@pytest.mark.parametrize("junk", [b"nothing", note.signed(note.checkpoint_text(ORIGIN, 43, bytes(32)), [NEXT])])
def test_an_honest_key_goes_on_from_nothing_that_it_did_not_sign(sqlite, tmp_path, junk):
    with house(sqlite, tmp_path) as here:
        plant(here, here.sizes[-1], junk)
        one_more(here)

        with pytest.raises(BadLog, match="checkpoint 45"):
            here.engine.checkpoints.make(KEY)


def plant(here: House, size: int, signed: bytes | None) -> None:
    """An insider's own checkpoint, in the place of all that were made."""
    wipe(here, schema.checkpoint)
    with here.engine.store.write() as transaction:
        Log(transaction).put_checkpoint(size, bytes(32))
        if signed is not None:
            Log(transaction).sign(size, signed)


def one_more(here: House) -> None:
    here.engine.shop("S1").apply("RO-9", ro.WaitTick(acknowledged=True), by=ADVISOR)
