"""`gongdan audit export`: one command gives an auditor all that he needs, and says in words what it will not do."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters import keys
from engine.proof.verify import Seen, Trust, parse_policy
from tests.exports import HOURS, VIN, filled, judged, policy
from tests.support import Clock, engine_on, gongdan

ORIGIN = "4s.example/jn-01"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    clock = Clock()
    engine = engine_on(tmp_path, clock)
    with closing(engine.store):
        filled(engine, clock)
    return tmp_path / "shop.db"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    keys.save(keys.generate(ORIGIN), tmp_path / "key")
    return tmp_path / "key"


@pytest.fixture
def trust(key: Path) -> Trust:
    return Trust(parse_policy(policy(keys.load(key))))


@pytest.fixture
def export(db: Path, key: Path) -> Any:
    """Run the command: by whom and what for is given."""

    def run(out: Path, *arguments: object, by: str = "sm-1:service_manager") -> Any:
        given = ("--to-whom", "auditor-1", "--purpose", "audit", "--by", by, "--key", key, "--db", db)
        return gongdan("audit", "export", "--out", out, *given, *arguments)

    return run


def error(result: Any, code: int = 1) -> dict[str, Any]:
    assert result.exit_code == code
    told: dict[str, Any] = json.loads(result.stdout)["error"]
    return told


@pytest.mark.parametrize("form", [[], ["--plain"]], ids=["zip", "folder"])
def test_a_bundle_is_written_and_proven(export, trust, tmp_path, form):
    result = export(tmp_path / "bundle", *form)

    assert result.exit_code == 0
    assert "已导出 exported" in result.stdout
    assert (tmp_path / "bundle").is_dir() is bool(form)
    assert judged(tmp_path / "bundle", trust).findings == []


def test_what_was_written_is_one_document(export, tmp_path):
    told = json.loads(export(tmp_path / "bundle", "--plain", "--json").stdout)
    files = [one for one in (tmp_path / "bundle").rglob("*") if one.is_file()]
    total = sum(one.stat().st_size for one in files)
    assert told == {"file": str(tmp_path / "bundle"), "members": len(files), "bytes": total}
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    assert manifest["generator"].startswith("gongdan ")


@pytest.mark.parametrize(
    ("asked", "scope"),
    [
        (["--shop", "S1"], {"shop": "S1"}),
        (["--shop", "S1", "--case", "RO-1"], {"shop": "S1", "case": "RO-1"}),
        (["--from", HOURS[2].isoformat(), "--to", "2026-11-23T12:00:00+08:00"], {"since": "03", "until": "04"}),
    ],
    ids=["shop", "case", "time"],
)
def test_a_part_is_written_as_asked(export, trust, tmp_path, asked, scope):
    assert export(tmp_path / "bundle", "--plain", *asked).exit_code == 0

    said = json.loads((tmp_path / "bundle" / "manifest.json").read_text())["scope"]
    given = {name: value for name, value in said.items() if value is not None}
    assert {name: value[11:13] if len(value) > 20 else value for name, value in given.items()} == scope
    assert judged(tmp_path / "bundle", trust).findings == []


def test_personal_values_go_along_only_as_asked(export, tmp_path):
    export(tmp_path / "none", "--plain")
    export(tmp_path / "some", "--plain", "--open-field", "vin", "--open-subject", "person-7")

    assert not (tmp_path / "none" / "openings.jsonl").exists()
    opened = (tmp_path / "some" / "openings.jsonl").read_text()
    assert opened.count(VIN) == 5
    assert len(opened.splitlines()) == 6


def test_a_checkpoint_that_the_auditor_has_is_continued(export, trust, tmp_path):
    export(tmp_path / "before", "--plain")
    seen = tmp_path / "before" / "checkpoint"

    assert export(tmp_path / "after", "--plain", "--shop", "S1", "--since", seen).exit_code == 0
    assert judged(tmp_path / "after", trust._replace(seen=(Seen(seen.read_bytes()),))).findings == []


def test_the_operators_own_policy_goes_along(export, key, tmp_path):
    own = b"# of 4s.example\n" + policy(keys.load(key))
    (tmp_path / "policy").write_bytes(own)
    assert export(tmp_path / "bundle", "--plain", "--policy", tmp_path / "policy").exit_code == 0
    assert (tmp_path / "bundle" / "policy").read_bytes() == own


def test_what_is_there_already_is_not_written_over(export, tmp_path):
    (tmp_path / "bundle").write_text("mine")
    for form in ([], ["--plain"]):
        told = error(export(tmp_path / "bundle", "--json", *form))
        assert told["type"] == "FileUnavailable"
        assert "已存在" in told["zh"]
        assert "exists already" in told["en"]
    assert (tmp_path / "bundle").read_text() == "mine"
    export(tmp_path / "other", "--plain")
    assert (tmp_path / "other" / "entries" / "000000.jsonl").read_text().count('"name":"journal_exported"') == 1


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"x" * 100_000], ids=["empty", "other", "long"])
def test_what_is_no_checkpoint_is_refused(export, tmp_path, content):
    (tmp_path / "seen").write_bytes(content)
    told = error(export(tmp_path / "bundle", "--since", tmp_path / "seen", "--json"))
    assert told["type"] == "BadSettings"
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(
    ("asked", "kind", "code"),
    [
        (["--case", "RO-1"], "BadCommand", 1),
        (["--from", "yesterday"], "Usage", 2),
        (["--policy", "nosuch"], "FileUnavailable", 1),
        (["--since", "nosuch"], "FileUnavailable", 1),
        (["--db", "nosuch.db"], "StoreUnavailable", 1),
    ],
)
def test_a_mistake_is_told_in_words_and_leaves_nothing(export, tmp_path, asked, kind, code):
    told = error(export(tmp_path / "bundle", "--json", *asked), code)
    assert told["type"] == kind
    assert told["zh"]
    assert told["en"]
    assert not (tmp_path / "bundle").exists()


def test_one_who_may_not_export_is_refused(export, tmp_path):
    told = error(export(tmp_path / "bundle", "--json", by="c-1:customer"))
    assert told["type"] == "NotExported"
    assert "未导出" in told["zh"]
    assert not (tmp_path / "bundle").exists()
