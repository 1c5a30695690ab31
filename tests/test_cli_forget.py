"""`gongdan forget` and `gongdan hold`: who asks and why is always said, and what is not done is told."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.retention import load_retention
from engine import BadSettings, Engine, Retention
from engine.events import repair_order as ro
from tests.support import ADVISOR, Clock, arrive, engine_on, gongdan

ASKED = ("--by", "sm-1:service_manager", "--reason", "asked")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A database with a case that has ended before the machine's own time, and one that is open."""
    engine = engine_on(tmp_path, Clock(datetime(2026, 10, 1, tzinfo=UTC)))
    shop = engine.shop("S1")
    for case in ("RO-1", "RO-2"):
        arrive(shop, case)
        shop.apply(case, ro.VehicleCheckedIn(license_plate="粤B12345", subject=f"of-{case}"), by=ADVISOR)
    shop.apply("RO-1", ro.CustomerLeft(reason="另有急事", subject="of-RO-1"), by=ADVISOR)
    engine.store.close()
    return tmp_path / "shop.db"


@pytest.fixture
def at_once(tmp_path: Path) -> Path:
    file = tmp_path / "gongdan.toml"
    file.write_text("[retention]\ncontact = 0\nvehicle = 0\n[retention.repair_order]\nrecord = 0\n", "utf-8")
    return file


def document(*arguments: object, code: int = 0) -> dict[str, Any]:
    result = gongdan(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (code, "")
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_a_subject_of_an_open_case_is_restricted_and_one_whose_term_is_over_erased(db: Path, at_once: Path):
    terms = ("--db", db, "--settings", at_once)

    assert document("forget", "of-RO-2", *ASKED, *terms) == {
        "erased": 0,
        "restricted": 1,
        "until": None,
        "held": False,
    }
    result = gongdan("forget", "of-RO-1", *ASKED, "--due", "--scrub", *terms)
    assert result.exit_code == 0
    for line in (
        "已抹除字段 values erased  2",
        "有法律保全 on legal hold  否 no",
        "文件无残留 no trace in the files  是 yes",
    ):
        assert line in result.stdout


def test_without_a_settings_file_the_terms_are_the_engines(db: Path):
    told = document("forget", "of-RO-1", *ASKED, "--db", db)

    assert (told["erased"], told["restricted"], told["until"][:4]) == (0, 2, "2032")


@pytest.mark.parametrize(
    "given", [(), ("of-RO-1",), ("of-RO-1", "--by", "sm-1:service_manager"), ("x", "--reason", "y")]
)
def test_an_erasure_without_who_and_why_is_no_erasure(db: Path, given: tuple[str, ...]):
    result = gongdan("forget", *given, "--db", db)

    assert (result.exit_code, result.stdout) == (2, "")


def test_who_may_not_ask_is_refused_with_exit_3(db: Path):
    told = document("forget", "of-RO-1", "--by", "sa-1:service_advisor", "--reason", "asked", "--db", db, code=3)

    assert told["error"]["type"] == "LedgerRefused"


def test_traces_that_a_reader_keeps_are_told_with_exit_3(db: Path, monkeypatch: pytest.MonkeyPatch):
    with closing(sqlite3.connect(db, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM gongdan_personal").fetchone()
        gongdan("forget", "of-RO-1", *ASKED, "--db", db)
        monkeypatch.setattr("engine.store.store.BUSY_SECONDS", 0.1)

        results = [gongdan("forget", "--scrub", *form, "--db", db) for form in ((), ("--json",))]

    assert [one.exit_code for one in results] == [3, 3]
    assert "a reader is not done" in results[0].stdout
    assert json.loads(results[1].stdout) == {"scrubbed": False}


# --- holds -----------------------------------------------------------------------------------------------------------


def test_a_hold_is_placed_listed_and_lifted(db: Path, at_once: Path):
    placed = gongdan("hold", "place", "of-RO-1", *ASKED, "--db", db)
    listed = gongdan("hold", "list", "--db", db)
    held = document("forget", "of-RO-1", *ASKED, "--db", db, "--settings", at_once)
    lifted = gongdan("hold", "lift", "of-RO-1", *ASKED, "--db", db)

    assert (placed.stdout, lifted.stdout) == (
        "已保全 placed  #2  现有字段 values at present 2\n",
        "已解除 lifted  #2\n",
    )
    assert all(word in listed.stdout for word in ("#", "of-RO-1", "asked"))
    assert (held["held"], held["restricted"]) == (True, 2)
    assert document("hold", "list", "--db", db) == {"holds": []}
    assert document("forget", "--due", "--db", db, "--settings", at_once)["due_erased"] == 2


def test_of_several_holds_on_a_case_one_is_named_by_its_number(db: Path):
    numbers = [document("hold", "place", "--case", "RO-1", *ASKED, "--db", db)["number"] for _ in range(2)]

    several = document("hold", "lift", "--case", "RO-1", *ASKED, "--db", db, code=1)["error"]
    lifted = document("hold", "lift", "--number", numbers[0], *ASKED, "--db", db)
    none = document("hold", "lift", "nobody", *ASKED, "--db", db, code=1)["error"]

    assert "--number: 2, 3" in several["en"]
    assert lifted == {"lifted": 2}
    assert [one["number"] for one in document("hold", "list", "--db", db)["holds"]] == [3]
    assert "a hold in force" in none["en"]


# --- the settings ----------------------------------------------------------------------------------------------------


def settings(tmp_path: Path, text: str) -> Path:
    (tmp_path / "other.toml").write_text(text, "utf-8")
    return tmp_path / "other.toml"


def test_a_settings_file_sets_terms_beside_its_adapters(tmp_path: Path):
    text = "[adapters]\nscreen = 'console'\n[retention]\ncontact = 30\n[retention.repair_order]\nrecord = 365\n"

    assert load_retention(settings(tmp_path, text)) == Retention({"contact": 30}, {"repair_order": {"record": 365}})
    assert load_retention(settings(tmp_path, "[adapters]\n")) == load_retention(None) == Retention()


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("retention = 3", "retention"),
        ("[retention]\nplates = 3", "retention.plates"),
        ("[retention.sales]\nrecord = 3", "retention.sales"),
        ("[retention.repair_order]\nplates = 3", "retention.repair_order.plates"),
        ("[retention]\nrecord = -1", "retention.record"),
        ("[retention]\nrecord = 40000", "retention.record"),
        ("[retention]\nrecord = true", "retention.record"),
        ("[retention]\nrecord = '3'", "retention.record"),
    ],
)
def test_a_term_that_is_none_is_told_by_its_setting(tmp_path: Path, text: str, where: str):
    with pytest.raises(BadSettings) as caught:
        load_retention(settings(tmp_path, text))

    assert caught.value.facts["where"] == where


def test_an_engine_has_the_terms_it_is_given(tmp_path: Path):
    engine: Engine = engine_on(tmp_path, retention=Retention({"record": 1}))

    assert engine.retention == Retention({"record": 1})
