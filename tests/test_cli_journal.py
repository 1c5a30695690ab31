"""`gongdan journal` and `gongdan audit`: what is handed over is what was sealed, and a forgery is found."""

from __future__ import annotations

import hashlib
import json

import pytest

from adapters.inbound.cli.forgery import one_byte_changed, refusal_accepted
from adapters.inbound.journal_file import read_journal, write_journal
from engine import NOT_ANCHORED
from engine.events import repair_order as ro
from tests.support import ADVISOR, GUARD, engine_on, gongdan, protect, upgraded


@pytest.fixture
def shop_db(tmp_path):
    """A database with two cases, one of them with a refusal."""
    engine = engine_on(tmp_path)
    shop = engine.shop("S1", profile="dpca")
    protect(shop, "RO-1")
    protect(shop, "RO-2")
    shop.apply("RO-2", ro.StaffEntered(kit_in_place=True), by=GUARD)
    shop.apply("RO-2", ro.StaffEntered(kit_in_place=True), by=ADVISOR)
    engine.store.close()
    return tmp_path / "shop.db"


@pytest.fixture
def journal(shop_db, tmp_path):
    assert gongdan("journal", "export", tmp_path / "j.jsonl", "--db", shop_db).exit_code == 0
    return tmp_path / "j.jsonl"


@pytest.fixture
def other_db(tmp_path):
    """A database with its tables and nothing in them."""
    return upgraded(tmp_path / "other.db")


def document(*arguments, code=0, stdin=b""):
    result = gongdan(*arguments, "--json", stdin=stdin)
    assert result.exit_code == code
    return json.loads(result.stdout)


def wrong(report):
    """All findings but that there is no anchor."""
    return [one for one in report["findings"] if one["kind"] != "anchor.missing"]


def unwrapped(text):
    return "".join(text.split())


def forged(journal, lines):
    write_journal(lines, journal)
    return document("audit", journal, code=3)


def test_an_export_is_counted_and_may_go_to_standard_output(shop_db, journal, tmp_path):
    assert document("journal", "export", tmp_path / "k.jsonl", "--db", shop_db)["lines"] == 11
    assert gongdan("journal", "export", "-", "--db", shop_db).stdout_bytes == journal.read_bytes()
    assert "11 行 lines" in gongdan("journal", "export", tmp_path / "k.jsonl", "--db", shop_db).stdout


def test_an_export_to_standard_output_leaves_no_room_for_a_document(shop_db):
    assert document("journal", "export", "-", "--db", shop_db, code=2)["error"]["type"] == "Usage"


def test_a_journal_comes_in_as_it_went_out(journal, other_db):
    report = document("journal", "import", journal, "--db", other_db)
    assert (report["compliance"]["verdict"], report["cases"], report["entries"]) == ("CONFORMS", 2, 10)
    assert gongdan("journal", "export", "-", "--db", other_db).stdout_bytes == journal.read_bytes()
    assert document("audit", other_db, code=3)["compliance"]["verdict"] == "CONFORMS"


def test_a_journal_comes_in_through_standard_input(journal, other_db):
    result = gongdan("journal", "import", "-", "--db", other_db, stdin=journal.read_bytes())
    assert result.exit_code == 0
    assert "已导入 imported" in result.stdout


def test_a_journal_that_is_here_already_is_an_error(journal, shop_db):
    assert document("journal", "import", journal, "--db", shop_db, code=1)["error"]["type"] == "CaseExists"


def test_a_forged_journal_is_not_let_in_not_even_in_part(journal, other_db):
    write_journal(refusal_accepted([*read_journal(journal)], "RO-2", "staff_entered"), journal)
    result = gongdan("journal", "import", journal, "--db", other_db)
    assert result.exit_code == 3
    assert "已导入" not in result.stdout
    assert document("case", "list", "--db", other_db)["cases"] == []


def test_an_import_of_a_file_that_is_missing_makes_no_database(tmp_path):
    document("journal", "import", tmp_path / "nosuch", "--db", tmp_path / "new.db", code=1)
    assert not (tmp_path / "new.db").exists()


def test_an_audit_without_an_anchor_is_no_pass_and_says_how_to_get_one(shop_db, journal):
    for target in (shop_db, f"sqlite:///{shop_db}", journal):
        result = gongdan("audit", target)
        assert result.exit_code == 3
        assert "审计 audit  2 单 cases，10 条 entries" in result.stdout
        assert "完整性 integrity  UNVERIFIABLE" in result.stdout
        assert "合规性 compliance  CONFORMS" in result.stdout
        assert unwrapped(NOT_ANCHORED.zh) in unwrapped(result.stdout)
        assert unwrapped(NOT_ANCHORED.en) in unwrapped(result.stdout)
    report = document("audit", "-", code=3, stdin=journal.read_bytes())
    assert [one["kind"] for one in report["findings"]] == ["anchor.missing"]
    assert report["anchored"] is False
    assert report["not_anchored"] == {"zh": NOT_ANCHORED.zh, "en": NOT_ANCHORED.en}


def test_findings_exit_3_and_say_where_and_what_in_both_languages(journal):
    report = forged(journal, one_byte_changed(read_journal(journal), b'"kit_in_place":true', b'"kit_in_place":trve'))
    assert report["findings"][0]["kind"] == "entry.unreadable"
    assert all(one["zh"] and one["en"] for one in report["findings"])
    shown = gongdan("audit", journal)
    assert shown.exit_code == 3
    assert "TAMPERED" in shown.stdout
    assert "entry.unreadable" in shown.stdout


def test_one_changed_byte_breaks_a_seal_and_a_link(journal):
    lines = [*read_journal(journal)]
    changed = one_byte_changed(lines, b'"kit_in_place":true', b'"kit_in_place":null')
    assert sum(a != b for a, b in zip(lines, changed, strict=True)) == 1
    report = forged(journal, changed)
    assert {"seal.broken", "chain.broken"} <= {one["kind"] for one in report["findings"]}


def test_a_refusal_made_an_acceptance_is_found_although_every_seal_and_link_holds(journal):
    lines = refusal_accepted([*read_journal(journal)], "RO-2", "staff_entered")
    heads = {}
    for kind, body, seal in lines:
        if kind == "entry":
            assert hashlib.sha256(b"\x00" + body).hexdigest() == seal
            entry = json.loads(body)
            assert entry["prev"] == heads.get(entry["case"], "0" * 64)
            heads[entry["case"]] = seal
    report = forged(journal, lines)
    assert [(one["kind"], one["case"], one["seq"]) for one in wrong(report)] == [("replay.answer", "RO-2", 5)]


def test_a_row_that_was_changed_behind_the_journal_is_found(shop_db, tmp_path):
    engine = engine_on(tmp_path)
    with engine.store.write() as transaction:
        transaction._cursor.execute("UPDATE gongdan_case SET state='settled' WHERE case_id='RO-1'")
    engine.store.close()
    assert [one["kind"] for one in wrong(document("audit", shop_db, code=3))] == ["row.differs"]


@pytest.mark.parametrize("cut", [1, 40, 500])
def test_a_journal_that_is_cut_off_in_a_line_is_an_error(journal, cut):
    journal.write_bytes(journal.read_bytes()[:-cut])
    told = document("audit", journal, code=1)["error"]
    assert told["type"] == "BadJournal"
    assert "第 11 行" in told["zh"]
    assert "line 11" in told["en"]


def test_an_audit_of_a_missing_database_makes_none(tmp_path):
    assert document("audit", f"sqlite:///{tmp_path / 'no.db'}", code=1)["error"]["type"] == "StoreUnavailable"
    assert not (tmp_path / "no.db").exists()


def test_a_url_that_is_none_is_a_clear_error_without_its_password():
    for url in ("mysql://root:geheim@host/db", "://", "postgresql+nosuch://u:geheim@h/d"):
        told = document("audit", url, code=1)["error"]
        assert told["type"] == "StoreUnavailable"
        assert "geheim" not in json.dumps(told)


def test_what_a_forger_put_into_a_name_does_not_steer_the_terminal(journal):
    forged_lines = one_byte_changed(read_journal(journal), b'"case":"RO-1"', b'"case":"\\u001b[2J"')
    write_journal(forged_lines, journal)
    shown = gongdan("audit", journal)
    assert shown.exit_code == 3
    assert "\x1b" not in shown.stdout
