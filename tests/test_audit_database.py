"""The audit of a database by its own last checkpoint: what a policy finds that the database alone cannot show."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from adapters.bootstrap import bootstrap
from adapters.inbound.audit import Anchor, audit_database
from engine import Compliance, Engine, Integrity, NoCheckpoint, Tally, standard_catalogue
from tests.exports import filled, policy
from tests.reported import Page
from tests.signers import KEY, NEXT, a_key
from tests.support import ADVISOR, PURPOSE, Clock, Document, gongdan, world

CATALOGUE = standard_catalogue()


EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'shop.db'}"


@pytest.fixture
def engine(database: str):
    clock = Clock()
    made = bootstrap(database, upgrade=True, world=world(clock), synchronous="OFF")
    with closing(made.store):
        yield filled(made, clock)


@pytest.fixture
def signed(engine: Engine) -> Engine:
    engine.checkpoints.make(KEY)
    return engine


@pytest.fixture
def anchor(tmp_path: Path) -> Anchor:
    (tmp_path / "mine").write_bytes(policy())
    return Anchor(tmp_path / "mine")


def run(engine: Engine, statement: str, **values: object) -> None:
    """What an insider writes, whatever the engine holds of it."""
    with closing(engine.store), create_engine(engine.store.url).begin() as connection:
        connection.execute(text(statement), values)


def kinds(report) -> dict[str, int]:
    return dict(report.counts)


@EITHER
def test_a_database_at_its_checkpoint_is_proven_and_nothing_is_recorded(signed, anchor):
    before = [*signed.export_journal()]

    report = audit_database(signed, anchor)

    assert (report.clean, report.findings, report.waiting) == (True, [], 0)
    assert report.signed_by == (KEY.name,)
    assert report.entries == sum(kind == "entry" for kind, *_ in before)
    assert [*signed.export_journal()] == before


@EITHER
def test_entries_after_the_checkpoint_are_counted_and_no_finding(signed, anchor):
    signed.shop("S1", profile="dpca").apply("RO-5", PURPOSE, by=ADVISOR)
    signed.shop("S1", profile="dpca").open("RO-6", by=ADVISOR)
    tally = Tally.of(CATALOGUE)

    report = audit_database(signed, anchor, tally=tally)

    assert (report.clean, report.waiting) == (True, 2)
    assert report.size + 2 == report.entries == tally.accepted + tally.refused
    assert report.cases == audit_database(signed, anchor, jobs=2).cases == 9


JUNK = {"junk": b"\xff"}
FORGERIES: dict[str, tuple[str, dict[str, object], set[str]]] = {
    "a tail cut off": (
        "DELETE FROM gongdan_entry WHERE case_id = 'RO-1' AND seq = 4",
        {},
        {"entries.count", "tree.root"},
    ),
    "a case removed": (
        "DELETE FROM gongdan_entry WHERE shop = 'S2' AND case_id = 'RO-1'",
        {},
        {"entries.count", "case.missing"},
    ),
    "another head": ("UPDATE gongdan_head SET \"row\" = head WHERE case_id = 'RO-2'", {}, {"heads.root"}),
    "a key's entry removed": ("DELETE FROM gongdan_entry WHERE case_id = 'ledger' AND seq = 2", {}, {"key.epoch"}),
    "another key": ("UPDATE gongdan_key SET public = 'zz'", {}, {"file.form", "key.epoch"}),
    "a tile changed": ("UPDATE gongdan_tile SET body = :zeros", {"zeros": bytes(32 * 23)}, {"tile.differs"}),
    "no note to read": ("UPDATE gongdan_checkpoint SET note = :junk", JUNK, {"file.form"}),
    "no root": ("UPDATE gongdan_checkpoint SET root = 'zz'", {}, {"manifest.differs"}),
    "a larger size": ("UPDATE gongdan_checkpoint SET size = size + 1", {}, {"manifest.differs"}),
    "a smaller size": ("UPDATE gongdan_checkpoint SET size = size - 1", {}, {"manifest.differs"}),
    "rules changed": ("UPDATE gongdan_rules SET body = :junk", JUNK, {"rules.digest", "rules.unknown"}),
    "a case row changed": ("UPDATE gongdan_case SET state = 'closed' WHERE case_id = 'RO-1'", {}, {"row.differs"}),
    "a column changed": (
        "UPDATE gongdan_entry SET command_id = 'x' WHERE case_id = 'RO-1' AND seq = 1",
        {},
        {"entry.columns"},
    ),
}


@EITHER
@pytest.mark.parametrize("name", FORGERIES)
def test_what_was_changed_in_the_database_is_found(signed, anchor, name):
    statement, values, expected = FORGERIES[name]
    run(signed, statement, **values)

    report = audit_database(signed, anchor)

    assert expected <= {*report.counts}
    assert report.integrity is Integrity.TAMPERED
    same = [finding.same for finding in report.findings if finding.case]
    assert len(same) == len({*same})


def test_a_case_that_was_removed_whole_is_among_the_worst(signed, anchor):
    run(signed, FORGERIES["a case removed"][0])
    tally = Tally.of(CATALOGUE)

    audit_database(signed, anchor, tally=tally)

    assert ("S2", "RO-1") in {(one.shop, one.case) for one in tally.worst if one.findings}


def test_a_log_made_anew_by_another_key_is_not_the_one_that_is_trusted(engine, anchor):
    engine.checkpoints.make(a_key(7))

    report = audit_database(engine, anchor)

    assert (report.integrity, report.compliance) == (Integrity.UNVERIFIABLE, Compliance.CONFORMS)
    assert kinds(report) == {"key.unknown": 1}


def test_keys_that_were_changed_are_followed_and_a_note_between_them_that_was_torn_is_found(signed, anchor):
    signed.checkpoints.rotate(KEY, NEXT)
    assert audit_database(signed, anchor).clean
    signed.shop("S1", profile="dpca").open("RO-7", by=ADVISOR)
    size = signed.checkpoints.last().size
    signed.checkpoints.make(NEXT)
    run(signed, "UPDATE gongdan_checkpoint SET note = :junk WHERE size = :size", size=size, **JUNK)

    assert "file.form" in audit_database(signed, anchor).counts


def test_without_a_signed_last_checkpoint_there_is_nothing_to_hold_it_against(engine, anchor):
    with pytest.raises(NoCheckpoint):
        audit_database(engine, anchor)
    engine.checkpoints.make(KEY)
    run(engine, "UPDATE gongdan_checkpoint SET note = NULL")

    with pytest.raises(NoCheckpoint) as told:
        audit_database(engine, anchor)

    assert "gongdan checkpoint now" in told.value.text.en


# --- the command -------------------------------------------------------------------------------------------------


def test_the_command_proves_a_database_by_a_policy(signed, anchor, tmp_path):
    signed.shop("S1", profile="dpca").open("RO-6", by=ADVISOR)
    signed.store.close()

    shown = gongdan("audit", tmp_path / "shop.db", "--policy", anchor.policy, "--jobs", "2")
    told: Document = json.loads(gongdan("audit", tmp_path / "shop.db", "--policy", anchor.policy, "--json").stdout)

    assert (shown.exit_code, shown.stderr) == (0, "")
    assert "1 entries wait for their checkpoint" in shown.stdout
    assert "待下一检查点" in shown.stdout
    assert (told["waiting"], told["signed_by"], told["anchored"]) == (1, [KEY.name], True)
    assert told["scope"] == {"shop": None, "case": None, "since": None, "until": None}


def test_a_checkpoint_that_was_kept_shows_that_a_database_was_set_back(signed, anchor, tmp_path):
    (tmp_path / "kept").write_bytes(signed.checkpoints.last().note)
    (tmp_path / "before").write_bytes((tmp_path / "shop.db").read_bytes())
    signed.shop("S1", profile="dpca").open("RO-6", by=ADVISOR)
    signed.checkpoints.make(KEY)
    (tmp_path / "newer").write_bytes(signed.checkpoints.last().note)

    def kept(name):
        return audit_database(signed, anchor._replace(seen=(tmp_path / name,)))

    assert kept("kept").clean
    run(signed, "DELETE FROM gongdan_checkpoint WHERE size = (SELECT max(size) FROM gongdan_checkpoint)")
    assert "seen.newer" in kept("newer").counts


def test_without_a_policy_a_database_stays_unverifiable(signed, tmp_path):
    signed.store.close()

    result = gongdan("audit", tmp_path / "shop.db")

    assert result.exit_code == 3
    assert "UNVERIFIABLE" in result.stdout


@pytest.mark.parametrize(("option", "value"), [("--state", "s"), ("--jobs", "2")])
def test_what_a_database_alone_does_not_take_is_a_usage_error(signed, tmp_path, option, value):
    signed.store.close()

    result = gongdan("audit", tmp_path / "shop.db", option, value)

    assert result.exit_code == 2
    assert "只用于证据包" in result.stderr


@pytest.mark.parametrize(("option", "value"), [("--seen", "j.jsonl"), ("--jobs", "2")])
def test_what_a_journal_does_not_take_is_a_usage_error(tmp_path, monkeypatch, option, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "j.jsonl").write_bytes(b"")

    result = gongdan("audit", "j.jsonl", option, value)

    assert result.exit_code == 2
    assert "只用于证据包" in result.stderr


def test_the_report_of_a_database_says_what_its_checkpoint_proved(signed, anchor, tmp_path):
    signed.shop("S1", profile="dpca").open("RO-6", by=ADVISOR)
    signed.store.close()

    result = gongdan(
        "audit", "report", f"sqlite:///{tmp_path}/shop.db", "--policy", anchor.policy, "--out", tmp_path / "r.html"
    )

    assert (result.exit_code, result.stdout.split()[-2:]) == (0, ["OK", "CONFORMS"])
    page = Page((tmp_path / "r.html").read_text("utf-8")).text
    assert KEY.name in page
    assert "mine" in page
    assert "The 1 entries after the checkpoint" in page
