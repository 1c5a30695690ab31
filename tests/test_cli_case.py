"""`gongdan case`: a repair order from a terminal."""

from __future__ import annotations

import json
import re

import pytest

from adapters.inbound.cli.answers import answer_lines
from engine import Accepted, standard_catalogue
from engine.events import repair_order as ro
from tests.support import ADVISOR, arrive, engine_on, gongdan, protect, upgraded

BY = ("--by", "sa-1:service_advisor")
KIT = '{"kit_pieces": ["floor_mat"]}'


@pytest.fixture
def db(tmp_path):
    return ("--db", upgraded(tmp_path / "shop.db"))


@pytest.fixture
def arrived(db):
    assert gongdan("case", "open", "RO-1", *BY, *db, "--profile", "dpca").exit_code == 0
    assert gongdan("case", "apply", "RO-1", "vehicle_checked_in", *BY, *db).exit_code == 0
    return db


def document(*arguments, stdin=b"", code=0):
    result = gongdan(*arguments, "--json", stdin=stdin)
    assert result.exit_code == code, result.stderr
    return json.loads(result.stdout)


def error(*arguments, stdin=b""):
    return document(*arguments, stdin=stdin, code=1)["error"]


# --- open and apply ----------------------------------------------------------------------------------------------


def test_an_opened_case_is_told_as_a_document(db):
    opened = document("case", "open", "RO-1", *BY, *db)
    assert opened == {
        "case": "RO-1",
        "command": "case_opened",
        "answer": "accepted",
        "state": "new",
        "seq": 1,
        "version": 1,
        "refusals": [],
        "notes": [],
        "waived": [],
    }


def test_the_store_and_the_shop_come_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("GONGDAN_DB", f"sqlite:///{upgraded(tmp_path / 'env.db')}")
    monkeypatch.setenv("GONGDAN_SHOP", "S9")
    document("case", "open", "RO-1", *BY)
    assert [row["shop"] for row in document("case", "list")["cases"]] == ["S9"]
    assert document("case", "list", "--shop", "S1")["cases"] == []


def test_an_accepted_fact_says_where_the_case_stands_now(db):
    gongdan("case", "open", "RO-1", *BY, *db)
    result = gongdan("case", "apply", "RO-1", "vehicle_checked_in", *BY, *db)
    assert result.exit_code == 0
    assert "已接受 accepted" in result.stdout
    assert "→ 已到店 arrived" in result.stdout


def test_a_refusal_names_clause_reason_and_what_to_do_in_both_languages(arrived):
    result = gongdan("case", "apply", "RO-1", "kit_fitted", *BY, *arrived, "--facts", KIT)
    assert result.exit_code == 3
    for said in (
        "已拒绝 refused",
        "protect.kit-four-piece",
        "四件套缺少：方向盘套、档把套、座套。",
        "The four-piece kit lacks: steering-wheel cover, gear-lever cover, seat cover.",
        "先当面装好防护套件并登记各件，再继续。",
        "Fit the protection kit first and record its pieces; then go on.",
    ):
        assert said in result.stdout
    assert result.stderr == ""


def test_a_refusal_as_a_document_has_the_keys_of_an_acceptance(arrived):
    refused = document("case", "apply", "RO-1", "kit_fitted", *BY, *arrived, "--facts", KIT, code=3)
    accepted = document("case", "apply", "RO-1", "customer_left", *BY, *arrived, "--facts", '{"reason": "等太久"}')
    assert list(refused) == list(accepted)
    assert (refused["answer"], refused["state"], refused["version"]) == ("refused", "arrived", 2)
    clause = next(one for one in refused["refusals"] if one["clause"] == "protect.kit-four-piece")
    assert clause["facts"] == {"missing": ["steering_cover", "gear_cover", "seat_cover"]}
    assert sorted(clause["reason"]) == sorted(clause["remedy"]) == ["en", "zh"]


def test_notes_and_waived_clauses_stand_below_an_acceptance():
    catalogue = standard_catalogue()
    noted = catalogue.clauses["order.free-requests-listed"].refusal({"requests": ["Q1"]}, catalogue.words)
    answer = Accepted(ro.OrderSigned(), "signed", 9, 9, notes=(noted,), waived=("settle.gate-pass",))
    lines = [*answer_lines(catalogue, "RO-1", "order_signed", answer)]
    assert str(lines[-1]) == "  settle.gate-pass：已豁免 waived"
    assert len(lines) == 4


def test_facts_come_from_a_file_or_from_standard_input(arrived, tmp_path):
    (tmp_path / "facts.json").write_text('{"purposes": ["repair"], "primary_purpose": "repair"}', "utf-8")
    put = ("case", "apply", "RO-1", "purpose_recorded", *BY, *arrived, "--facts")
    assert document(*put, f"@{tmp_path / 'facts.json'}")["version"] == 3
    assert document(*put, "-", stdin=(tmp_path / "facts.json").read_bytes())["version"] == 4


@pytest.mark.parametrize(
    "facts",
    [b"{", b"[]", b"null", b'"text"', b"{'a': 1}", b"\xff\xfe", b"[" * 100_000, b"9" * 5_000, b" " * 1_048_577],
    ids=["cut", "list", "null", "text", "quotes", "bytes", "deep", "huge", "long"],
)
def test_facts_that_are_no_json_object_are_an_error_that_says_what_was_expected(arrived, facts):
    told = error("case", "apply", "RO-1", "paid", *BY, *arrived, "--facts", "-", stdin=facts)
    assert told["type"] == "BadCommand"
    assert "--facts 应为 UTF-8 编码的 JSON 对象" in told["zh"]
    assert "--facts should be a JSON object in UTF-8" in told["en"]


@pytest.mark.parametrize(
    ("command", "facts"),
    [("paid", '{"amount": 13812345678.5}'), ("kit_fitted", '{"owner": "13812345678"}'), ("paid", '{"\\ud800": 1}')],
)
def test_facts_of_a_wrong_type_or_name_are_an_error_without_the_value(arrived, command, facts):
    told = error("case", "apply", "RO-1", command, *BY, *arrived, "--facts", facts)
    assert told["type"] == "BadCommand"
    assert "13812345678" not in json.dumps(told)


def test_mistakes_are_told_apart_by_their_type(arrived):
    put = ("case", "apply", "RO-1", "vehicle_checked_in", *BY, *arrived)
    assert error("case", "apply", "RO-9", *put[3:])["type"] == "CaseNotFound"
    assert error("case", "show", "RO-9", *arrived)["type"] == "CaseNotFound"
    assert error("case", "apply", "RO-1", "nosuch", *BY, *arrived)["type"] == "UnknownCommand"
    assert error("case", "open", "RO-1", *BY, *arrived)["type"] == "CaseExists"
    assert error("case", "open", "RO-2", *BY, *arrived, "--profile", "nosuch")["type"] == "UnknownProfile"
    assert error(*put, "--expected", "1")["type"] == "StaleVersion"
    assert error("case", "list", *arrived, "--limit", "0")["type"] == "BadCommand"


def test_the_same_command_id_answers_as_before_and_refuses_other_content(arrived):
    put = ("case", "apply", "RO-1", "kit_fitted", *BY, *arrived, "--id", "C-1", "--facts")
    first = document(*put, KIT, code=3)
    assert document(*put, KIT, code=3) == first
    assert error(*put, "{}")["type"] == "CommandConflict"


def test_a_late_fact_passes_with_its_reason_and_its_paper(db):
    gongdan("case", "open", "RO-1", *BY, *db)
    put = ("case", "apply", "RO-1", "vehicle_checked_in", *BY, *db, "--at")
    refused = document(*put, "2026-01-05T09:00:00+08:00", code=3)
    assert "flow.out-of-order" in [one["clause"] for one in refused["refusals"]]
    late = document(*put, "2026-01-05T09:00:00+08:00", "--late-reason", "停电", "--late-paper", "HW-7", code=3)
    assert [one["clause"] for one in late["refusals"]] == ["flow.out-of-order"]


@pytest.mark.parametrize(
    "command",
    [("open", "RO-1", *BY), ("list",), ("show", "RO-1"), ("options", "RO-1", *BY), ("apply", "RO-1", "paid", *BY)],
)
def test_no_command_makes_a_database_that_is_missing(tmp_path, command):
    missing = tmp_path / "missing.db"
    told = error("case", *command, "--db", missing)
    assert told["type"] == "StoreUnavailable"
    assert not missing.exists()


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database, but long enough to look for one " * 50)
    for command in (("list",), ("open", "RO-1", *BY)):
        told = error("case", *command, "--db", tmp_path / "notes.txt")
        assert "该文件不是数据库" in told["zh"]


# --- show, options, list -----------------------------------------------------------------------------------------


def test_a_case_as_a_document_holds_its_sealed_entries(db, tmp_path):
    engine = engine_on(tmp_path)
    protect(engine.shop("S1"))
    shown = document("case", "show", "RO-1", *db)
    entries = engine.shop("S1").entries("RO-1")
    assert [json.loads(entry.body) | {"seal": entry.seal} for entry in entries] == shown["entries"]
    assert (shown["state"], shown["version"], shown["head"]) == ("protected", 4, entries[-1].seal)


def test_a_case_is_shown_with_every_answer_and_why_the_last_was_no(arrived):
    gongdan("case", "apply", "RO-1", "kit_fitted", *BY, *arrived, "--facts", KIT)
    shown = gongdan("case", "show", "RO-1", *arrived).stdout
    assert "车辆进门 Vehicle" in shown
    assert "protect.kit-four-piece" in shown
    assert "先当面装好防护套件并登记各件，再继续。" in shown
    gongdan("case", "apply", "RO-1", "customer_left", *BY, *arrived, "--facts", '{"reason": "等太久"}')
    shown = gongdan("case", "show", "RO-1", *arrived).stdout
    assert "已取消 cancelled" in shown
    assert "先当面装好防护套件并登记各件，再继续。" not in shown


def test_options_tell_what_is_open_who_may_and_by_which_clauses(arrived):
    found = {one["name"]: one for one in document("case", "options", "RO-1", *BY, *arrived)["options"]}
    assert (found["kit_fitted"]["dest"], found["kit_fitted"]["allowed"]) == ("protected", True)
    assert {"id": "protect.kit-four-piece", "binding": "refuse"} in found["kit_fitted"]["clauses"]
    assert "kit_pieces" in found["kit_fitted"]["schema"]["properties"]
    assert not found["clause_waived"]["allowed"]
    assert found["clause_waived"]["roles"] == ["after_sales_business_manager", "service_manager"]
    shown = gongdan("case", "options", "RO-1", *BY, *arrived).stdout
    assert "装好防护套件 Kit fitted" in shown
    assert "售后业务经理、服务经理" in shown


def test_paging_by_case_id_meets_every_case_once(db, tmp_path):
    shop = engine_on(tmp_path).shop("S1")
    for number in range(5):
        protect(shop, f"RO-{number}")
    met, after = [], ()
    while after is not None:
        page = document("case", "list", *db, "--limit", "2", *after)
        met += [row["id"] for row in page["cases"]]
        after = ("--after", page["next"]) if page["next"] else None
    assert met == [f"RO-{number}" for number in range(5)]


def test_a_list_shows_the_states_and_how_to_go_on(db, tmp_path):
    shop = engine_on(tmp_path).shop("S1")
    protect(shop, "RO-1")
    protect(shop, "RO-2")
    shown = gongdan("case", "list", *db, "--limit", "1").stdout
    assert "已防护 protected" in shown
    assert "--after RO-1" in shown
    assert "--after" not in gongdan("case", "list", *db).stdout
    assert document("case", "list", *db, "--state", "settled")["cases"] == []
    assert len(document("case", "list", *db, "--state", "protected")["cases"]) == 2


def test_a_list_is_narrowed_by_role_advisor_end_and_promise(db, tmp_path):
    shop = engine_on(tmp_path).shop("S1")
    protect(shop, "RO-1")
    arrive(shop, "RO-2")
    shop.apply("RO-2", ro.CustomerLeft.read({"reason": "等太久"}), by=ADVISOR)

    def listed(*filters):
        return [row["id"] for row in document("case", "list", *db, *filters)["cases"]]

    assert listed() == ["RO-1", "RO-2"]
    assert listed("--open") == ["RO-1"]
    assert listed("--role", "service_advisor") == ["RO-1"]
    assert listed("--role", "cashier") == []
    assert listed("--advisor", ADVISOR.id, "--open") == ["RO-1"]
    assert listed("--advisor", "sa-9") == []
    assert listed("--late") == []
    assert re.search(r"RO-1 .*sa-1 +— ", gongdan("case", "list", *db).stdout)
