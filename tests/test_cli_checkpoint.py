"""`gongdan checkpoint`: keys made, checkpoints signed, shown and published, keys changed."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from adapters.bootstrap import bootstrap
from engine.proof.verify import parse_checkpoint, parse_note, parse_vkey, signs
from tests.support import arrive, gongdan, upgraded

NAME = "4s.example/jn-01"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    db = upgraded(tmp_path / "shop.db")
    write(db, "RO-1")
    return db


def write(db: Path, case: str) -> None:
    engine = bootstrap(f"sqlite:///{db}")
    with closing(engine.store):
        arrive(engine.shop("S1"), case)


def keygen(file: Path, name: str = NAME) -> str:
    """A new key; its public part."""
    made = gongdan("checkpoint", "keygen", "--name", name, "--out", file, "--json")
    assert made.exit_code == 0
    return str(json.loads(made.stdout)["vkey"])


@pytest.fixture
def key(tmp_path: Path) -> Path:
    keygen(tmp_path / "key")
    return tmp_path / "key"


def told(*arguments: object) -> dict[str, object]:
    done = gongdan("checkpoint", *arguments, "--json")
    assert done.exit_code == 0, done.output
    document: dict[str, object] = json.loads(done.stdout)
    return document


def test_a_checkpoint_is_signed_with_the_key_that_keygen_made(tmp_path, db):
    public = keygen(tmp_path / "key")

    made = told("now", "--key", tmp_path / "key", "--db", db)

    assert made["made"] is True
    assert made["keys"] == [public]
    assert made["waiting"] == 0
    note = parse_note(str(made["note"]).encode())
    assert signs(parse_vkey(public), note)
    assert parse_checkpoint(note.text).size == made["size"] == 5


def test_nothing_new_is_said_and_the_last_checkpoint_shown(db, key):
    first = told("now", "--key", key, "--db", db)

    again = told("now", "--key", key, "--db", db)
    said = gongdan("checkpoint", "now", "--key", key, "--db", db)

    assert again == {**first, "made": False}
    assert "没有新条目 nothing new" in said.stdout
    assert str(first["note"]).rstrip("\n") in said.stdout


def test_show_tells_what_waits_for_its_place(db, key):
    before = told("show", "--db", db)
    told("now", "--key", key, "--db", db)
    write(db, "RO-2")

    after = told("show", "--db", db)

    assert (before["size"], before["note"], before["waiting"]) == (None, None, 2)
    assert (after["size"], after["waiting"]) == (5, 2)
    assert "还没有检查点" not in gongdan("checkpoint", "show", "--db", db).stdout


def test_show_says_that_there_is_none_yet(db):
    shown = gongdan("checkpoint", "show", "--db", db)

    assert shown.exit_code == 0
    assert "还没有检查点 no checkpoint yet" in shown.stdout


def test_a_changed_key_signs_from_then_on_and_the_old_one_no_more(tmp_path, db, key):
    told("now", "--key", key, "--db", db)
    public = keygen(tmp_path / "new")

    changed = told("rotate", "--key", key, "--new-key", tmp_path / "new", "--db", db)
    write(db, "RO-2")
    refused = gongdan("checkpoint", "now", "--key", key, "--db", db)
    made = told("now", "--key", tmp_path / "new", "--db", db)

    assert str(changed["note"]).count("\N{EM DASH} ") == 2
    assert changed["keys"][1] == public
    assert refused.exit_code == 1
    assert "checkpoint rotate" in refused.stderr
    assert signs(parse_vkey(public), parse_note(str(made["note"]).encode()))


def test_a_checkpoint_is_published_with_its_hashes(tmp_path, db, key):
    made = told("now", "--key", key, "--db", db, "--publish", tmp_path / "public")

    assert (tmp_path / "public" / "checkpoint").read_text() == made["note"]
    assert len((tmp_path / "public" / "tile" / "0" / "000.p" / "5").read_bytes()) == 5 * 32


def test_a_policy_that_is_none_is_refused_by_its_place(tmp_path, db, key):
    (tmp_path / "policy").write_text("quorum nobody\n")

    refused = gongdan("checkpoint", "now", "--key", key, "--db", db, "--policy", tmp_path / "policy")

    assert refused.exit_code == 1
    assert "line 1" in refused.stderr


def test_a_policy_too_long_to_be_one_is_refused(tmp_path, db, key):
    (tmp_path / "policy").write_bytes(b"#" * (1024 * 1024 + 1))

    assert gongdan("checkpoint", "now", "--key", key, "--db", db, "--policy", tmp_path / "policy").exit_code == 1


def test_a_worker_with_a_key_and_no_settings_makes_the_checkpoint(db, key):
    done = gongdan("worker", "--once", "--key", key, "--db", db)

    assert done.exit_code == 0, done.output
    assert told("show", "--db", db)["size"] == 5


def test_a_worker_with_nothing_to_do_says_what_it_needs(db):
    refused = gongdan("worker", "--once", "--db", db)

    assert refused.exit_code == 2
    assert "--key" in refused.stderr
