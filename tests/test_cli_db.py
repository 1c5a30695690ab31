"""`gongdan db`: the tables made, checked and shown, the rows rebuilt; no other command makes a database."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.schema import CreateSchema

from engine.store.schema import REVISIONS, metadata
from tests.support import engine_on, gongdan, protect, upgraded

LATEST = REVISIONS[-1]
QUOTED = 'Werk "Süd" 50%'
BY = ("--by", "sa-1:service_advisor")
MENDED_BY_UPGRADE = ("请运行 gongdan db upgrade", "run `gongdan db upgrade`")
MENDED_BY_INSTALLING = ("请安装新版 gongdan", "install the newer gongdan")


@pytest.fixture
def db(tmp_path):
    return upgraded(tmp_path / "shop.db")


def document(*arguments, code=0):
    result = gongdan(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (code, "")
    return json.loads(result.stdout)


def changed(db, statement):
    with closing(sqlite3.connect(db)) as raw, raw:
        raw.execute(statement)


# --- upgrade -------------------------------------------------------------------------------------------------------


def test_an_upgrade_makes_a_database_and_says_from_where_to_where(tmp_path):
    first = gongdan("db", "upgrade", "--db", tmp_path / "shop.db")
    again = gongdan("db", "upgrade", "--db", tmp_path / "shop.db")

    assert (first.exit_code, first.stdout) == (0, f"表结构版本 tables at  - → {LATEST}\n")
    assert (again.exit_code, again.stdout) == (0, f"表结构版本 tables at  {LATEST} → {LATEST}\n")
    assert (first.stderr, again.stderr) == ("", "")


def test_an_upgrade_as_a_document_has_both_revisions(tmp_path):
    told = [document("db", "upgrade", "--db", tmp_path / "shop.db") for _ in range(2)]

    assert told == [{"before": None, "after": LATEST}, {"before": LATEST, "after": LATEST}]


def test_an_upgrade_takes_the_database_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("GONGDAN_DB", str(tmp_path / "env.db"))

    assert gongdan("db", "upgrade").exit_code == 0

    assert gongdan("db", "check", "--db", f"sqlite:///{tmp_path / 'env.db'}").exit_code == 0


def test_an_upgrade_leaves_the_tables_of_a_newer_version_alone(db):
    changed(db, "UPDATE gongdan_schema_version SET version_num = '9999'")

    result = gongdan("db", "upgrade", "--db", db)

    assert (result.exit_code, result.stdout) == (1, "")
    assert all(words in result.stderr for words in MENDED_BY_INSTALLING)


def test_an_upgrade_of_a_database_in_no_folder_is_an_error(tmp_path):
    told = document("db", "upgrade", "--db", tmp_path / "missing" / "shop.db", code=1)["error"]

    assert told["type"] == "StoreUnavailable"
    assert not (tmp_path / "missing").exists()


# --- check ---------------------------------------------------------------------------------------------------------


def test_a_check_says_at_which_revision_the_tables_are(db):
    result = gongdan("db", "check", "--db", db)

    assert (result.exit_code, result.stdout) == (0, f"表结构版本 tables at  {LATEST}\n")
    assert document("db", "check", "--db", db) == {"at": LATEST}


def test_a_check_of_other_tables_exits_1_and_names_what_mends_them(db):
    changed(db, "UPDATE gongdan_schema_version SET version_num = '9999'")

    result = gongdan("db", "check", "--db", db)
    told = document("db", "check", "--db", db, code=1)["error"]

    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert all(words in result.stderr for words in MENDED_BY_INSTALLING)
    assert told["type"] == "OtherSchema"
    assert MENDED_BY_INSTALLING[0] in told["zh"]
    assert MENDED_BY_INSTALLING[1] in told["en"]


# --- sql -----------------------------------------------------------------------------------------------------------


def test_the_sql_makes_the_tables_and_asks_no_database(tmp_path):
    result = gongdan("db", "sql", "--db", tmp_path / "no.db")

    assert not (tmp_path / "no.db").exists()
    with closing(sqlite3.connect(tmp_path / "by-hand.db")) as raw:
        raw.executescript(result.stdout)
    assert gongdan("db", "check", "--db", tmp_path / "by-hand.db").exit_code == 0


def test_the_sql_is_that_of_the_database_and_of_the_schema(monkeypatch):
    monkeypatch.setenv("GONGDAN_DB", "postgresql+psycopg://nobody@nowhere/none")

    plain = gongdan("db", "sql").stdout
    named = gongdan("db", "sql", "--schema", QUOTED).stdout

    assert "CREATE TABLE gongdan_entry" in plain
    assert 'CREATE TABLE "Werk ""Süd"" 50%".gongdan_entry' in named


# --- rebuild -------------------------------------------------------------------------------------------------------


@pytest.fixture
def wrong_db(tmp_path):
    """Two cases, of one of which the row says what its entries do not."""
    engine = engine_on(tmp_path)
    protect(engine.shop("S1"), "RO-1")
    protect(engine.shop("S1"), "RO-2")
    engine.store.close()
    changed(tmp_path / "shop.db", "UPDATE gongdan_case SET state = 'settled' WHERE case_id = 'RO-2'")
    return tmp_path / "shop.db"


def test_a_rebuild_counts_what_it_mended(wrong_db):
    before = gongdan("audit", wrong_db).exit_code

    result = gongdan("db", "rebuild", "--db", wrong_db)

    assert (result.exit_code, result.stdout) == (0, "已重建 rebuilt  改正 1 行 rows mended\n")
    after = gongdan("audit", wrong_db).stdout
    assert before == 3
    assert "row.differs" not in after
    assert "UNVERIFIABLE" in after


def test_a_rebuild_as_a_document(wrong_db):
    told = [document("db", "rebuild", "--db", wrong_db) for _ in range(2)]

    assert told == [{"mended": 1}, {"mended": 0}]


# --- no other command makes a database -----------------------------------------------------------------------------

COMMANDS = {
    "db check": ("db", "check"),
    "db rebuild": ("db", "rebuild"),
    "case open": ("case", "open", "RO-1", *BY),
    "case apply": ("case", "apply", "RO-1", "wait_tick", *BY),
    "case show": ("case", "show", "RO-1"),
    "case options": ("case", "options", "RO-1", *BY),
    "case list": ("case", "list"),
    "journal export": ("journal", "export", "-"),
    "journal import": ("journal", "import", "-"),
}


@pytest.fixture(params=COMMANDS.values(), ids=[*COMMANDS])
def command(request):
    return request.param


def test_a_missing_file_stays_missing_and_the_command_that_makes_one_is_named(command, tmp_path):
    result = gongdan(*command, "--db", tmp_path / "new.db")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "新库由 gongdan db upgrade 建立" in result.stderr
    assert "`gongdan db upgrade` makes a new one" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_tables_stays_so_and_the_command_that_makes_them_is_named(command, tmp_path):
    changed(tmp_path / "dms.db", "CREATE TABLE dms_order (number TEXT)")

    result = gongdan(*command, "--db", tmp_path / "dms.db")

    assert (result.exit_code, result.stdout) == (1, "")
    assert all(words in result.stderr for words in MENDED_BY_UPGRADE)
    with closing(sqlite3.connect(tmp_path / "dms.db")) as raw:
        assert raw.execute("SELECT name FROM sqlite_master").fetchall() == [("dms_order",)]


def test_an_audit_refuses_a_database_without_tables_too(tmp_path):
    changed(tmp_path / "dms.db", "CREATE TABLE dms_order (number TEXT)")

    result = gongdan("audit", tmp_path / "dms.db")

    assert (result.exit_code, result.stdout) == (1, "")
    assert all(words in result.stderr for words in MENDED_BY_UPGRADE)


# --- a schema of PostgreSQL's --------------------------------------------------------------------------------------


@pytest.fixture
def in_schema(postgresql, monkeypatch):
    """A PostgreSQL database with an empty schema, both named in the environment."""
    host = create_engine(postgresql)
    with host.begin() as connection:
        connection.execute(CreateSchema(QUOTED))
    monkeypatch.setenv("GONGDAN_DB", postgresql)
    monkeypatch.setenv("GONGDAN_SCHEMA", QUOTED)
    yield host
    host.dispose()


def test_every_command_works_in_the_schema_that_is_named(in_schema, tmp_path):
    assert gongdan("db", "check").exit_code == 1
    assert document("db", "upgrade") == {"before": None, "after": LATEST}
    assert document("db", "check") == {"at": LATEST}
    assert document("case", "open", "RO-1", *BY)["state"] == "new"
    assert document("case", "apply", "RO-1", "vehicle_checked_in", *BY)["state"] == "arrived"
    assert [row["id"] for row in document("case", "list")["cases"]] == ["RO-1"]
    assert document("journal", "export", tmp_path / "j.jsonl")["lines"] == 3
    assert document("db", "rebuild") == {"mended": 0}
    assert document("audit", in_schema.url, code=3)["entries"] == 2
    assert inspect(in_schema).get_table_names() == []
    assert {*inspect(in_schema).get_table_names(QUOTED)} == {*metadata.tables}


def test_the_option_comes_before_the_environment(in_schema):
    gongdan("db", "upgrade")

    assert gongdan("db", "check", "--schema", "public").exit_code == 1
    assert gongdan("case", "list", "--schema", "public").exit_code == 1
    assert gongdan("case", "list").exit_code == 0


def test_a_schema_that_is_not_there_is_an_error_that_says_so(in_schema):
    told = document("db", "upgrade", "--schema", "missing", code=1)["error"]

    assert "其中没有这个 schema" in told["zh"]
    assert "it lacks the schema" in told["en"]


@pytest.mark.parametrize("arguments", [("db", "upgrade"), ("db", "check"), ("db", "sql"), ("case", "list")])
def test_sqlite_has_no_schemas(arguments, tmp_path):
    result = gongdan(*arguments, "--db", tmp_path / "shop.db", "--schema", "dms")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "只有 postgresql 才有 schema" in result.stderr
    assert "only postgresql has schemas" in result.stderr
    assert list(tmp_path.iterdir()) == []
