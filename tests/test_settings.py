"""The settings of adapters: one line builds one; a mistake is told by the name of its setting, never by its value."""

from __future__ import annotations

import os
import pickle
import re
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from adapters.outbound.console import Console
from adapters.settings import EXTRAS, GROUP, installed, load_adapters
from engine import Adapter, BadSettings
from tests.support import ADVISOR, engine_on, gongdan

TABLES = "one of the tables: adapters, retention"
ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OURS = [EntryPoint(name, value, GROUP) for name, value in PROJECT["entry-points"][GROUP].items()]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def load(file: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> tuple[Adapter, ...]:
    """What a settings file of this text gives, with our own kinds and those of the installed packages."""
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_adapters(file, environ or {}, [*OURS, *(one for one in installed() if one.name == "postbox")])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gongdan.toml"


def mistake(file: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> BadSettings:
    """The mistake that a file is refused for: told in both languages, on a line, and without any value."""
    with pytest.raises(BadSettings) as told:
        load(file, text, environ)
    error = told.value
    assert CHINESE.search(error.text.zh)
    assert not CHINESE.search(error.text.en)
    assert SECRET not in f"{error!r} {error.facts} {error.text}"
    assert error.__suppress_context__ or error.__context__ is None
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    return error


# --- a package of somebody else ----------------------------------------------------------------------------------

POSTBOX = """
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic.dataclasses import dataclass
from typing import Literal

from engine import BadSettings, Text


closed = []


class Stamp(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cents: int = Field(ge=1)


@dataclass(kw_only=True, config=ConfigDict(extra="forbid"))
class Postbox:
    name: str
    street: str = Field(min_length=3, max_length=20)
    keys: list[SecretStr] = Field(default_factory=list, max_length=2)
    stamps: list[Stamp] = Field(default_factory=list)
    number: int | float = 1
    colour: Literal["red", "green"] = "red"
    open: bool = True
    words: dict[str, str] = Field(default_factory=dict)

    @field_validator("street")
    @classmethod
    def _no_dead_end(cls, street):
        if street == "dead end":
            raise BadSettings(where="street", expected=Text("通路", "a way through"))
        if street == "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"[:20]:
            raise ValueError(f"not {street}")
        return street

    def deliver(self, entry):
        print(self.name, entry.case)

    def close(self):
        closed.append(self.name)
        raise OSError("jammed")


class Shy:
    def __init__(self, name):
        self.name = "other"

    def deliver(self, entry): ...

    def close(self): ...


class Dumb:
    def __init__(self, name):
        self.name = name


def explode(name, **settings):
    raise RuntimeError(f"cannot use {settings}")
"""


@dataclass(frozen=True)
class Packages:
    """A folder of packages, each with its module and its metadata."""

    folder: Path

    def add(self, package: str, module: str, code: str, **kinds: str) -> None:
        points = "".join(f"{kind} = {target}\n" for kind, target in kinds.items())
        metadata = self.folder / f"{package}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{points}")
        (self.folder / f"{module}.py").write_text(code)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packages]:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = {*sys.modules}
    yield Packages(folder)
    for name in {path.stem for path in folder.glob("*.py")} & ({*sys.modules} - before):
        del sys.modules[name]


@pytest.fixture
def postbox(packages: Packages) -> Packages:
    packages.add("gongdan-postbox", "gongdan_postbox", POSTBOX, postbox="gongdan_postbox:Postbox")
    return packages


def theirs(file: Path, text: str, environ: Mapping[str, str] | None = None) -> tuple[Any, ...]:
    """What a file gives with the kinds of the installed packages alone."""
    file.write_text(text, "utf-8")
    return load_adapters(file, environ or {})


# --- what works --------------------------------------------------------------------------------------------------


def test_one_word_makes_an_adapter_that_carries_entries_out(file, tmp_path, capsys):
    (screen,) = load(file, '[adapters]\nscreen = "console"\n')
    shop = engine_on(tmp_path).shop("S1")
    shop.open("RO-17", by=ADVISOR)
    capsys.readouterr()  # what the engine logs

    screen.deliver(shop.entries("RO-17")[0])
    screen.close()

    assert isinstance(screen, Console)
    assert screen.name == "screen"
    assert capsys.readouterr().out.startswith("RO-17 #1")


def test_a_table_of_one_kind_is_the_same_as_its_name(file):
    (screen,) = load(file, '[adapters.screen]\nkind = "console"\n')

    assert isinstance(screen, Console)


def test_adapters_come_in_the_order_of_the_file(file):
    adapters = load(file, '[adapters]\nb = "console"\na = { kind = "console" }\n"c:/1" = "console"\n')

    assert [one.name for one in adapters] == ["b", "a", "c:/1"]


@pytest.mark.parametrize("text", ["[adapters]\n", b"\xef\xbb\xbf[adapters]\r\n"])
def test_a_file_may_name_no_adapter_and_be_saved_by_any_editor(file, text):
    assert load(file, text) == ()


def test_an_adapter_of_another_package_is_built_by_its_entry_point(file, postbox):
    line = '[adapters]\npo = { kind = "postbox", street = "Hafenstraße", keys = ["a"], stamps = [{ cents = 5 }] }'

    (box,) = theirs(file, line)

    assert (box.name, box.street, box.stamps[0].cents) == ("po", "Hafenstraße", 5)
    assert any(one.name == "postbox" for one in installed())


def test_secrets_come_from_the_environment_and_from_files_beside_the_settings(file, postbox, tmp_path):
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbf" + SECRET.encode() + b" \r\n")
    keys = f'keys = ["env:DMS_SECRET", "file:{tmp_path}/key"], words = {{ a = "file:key" }}'

    (box,) = theirs(file, f'[adapters]\npo = {{ kind = "postbox", street = "abc", {keys} }}', {"DMS_SECRET": "s3\n"})

    assert [key.get_secret_value() for key in box.keys] == ["s3", SECRET]
    assert box.words == {"a": SECRET}
    assert SECRET not in repr(box)[: repr(box).index("words")]


# --- the file ----------------------------------------------------------------------------------------------------

NOT_A_FILE: dict[str, Callable[[Path], object]] = {
    "not there": lambda _: None,
    "a folder": Path.mkdir,
    "a pipe that nobody writes to": os.mkfifo,
    "a link to itself": lambda file: file.symlink_to(file),
}


@pytest.mark.parametrize("make", NOT_A_FILE.values(), ids=NOT_A_FILE)
def test_a_file_that_cannot_be_read_is_told_by_its_name(file, make):
    make(file)

    with pytest.raises(BadSettings) as told:
        load_adapters(file, {}, OURS)

    assert told.value.text.en == "Setting gongdan.toml should be a file that can be read."


DEEP = 20_000
HOSTILE: dict[str, tuple[bytes, str]] = {
    "no TOML": (b"[adapters]\na = 'console'\nb = \n", "TOML; line 3 is not"),
    "cut off": (b"[adapters]\na = '''console\n", "TOML; line 3 is not"),
    "a secret in a mistake": (f"[adapters]\na = {SECRET}\n".encode(), "TOML; line 2 is not"),
    "GBK": ('[adapters]\n# 适配器\na = "console"'.encode("gbk"), "text in UTF-8"),
    "UTF-16": ('[adapters]\na = "console"'.encode("utf-16"), "text in UTF-8"),
    "bytes": (bytes(range(256)), "text in UTF-8"),
    "zeros": (bytes(1000), "TOML; line 1 is not"),
    "huge": (b"[adapters]\n" + b"# comment\n" * 10_000, "a file of at most 64 KiB, its lines of at most 4096 bytes"),
    "a long line": (b"a" + b".a" * DEEP + b" = 1", "a file of at most 64 KiB, its lines of at most 4096 bytes"),
    "deep": (b"[adapters]\na = " + b"[\n" * DEEP, "TOML that is not nested so deep"),
}


@pytest.mark.parametrize(("raw", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_no_settings_file_is_told_by_its_name_and_line(file, raw, expected):
    error = mistake(file, raw)

    assert (error.facts["where"], str(error.text.en)) == ("gongdan.toml", f"Setting gongdan.toml should be {expected}.")


def test_a_file_of_the_worst_keys_is_read_in_seconds(file):
    began = time.monotonic()

    error = mistake(file, b"".join(b"%d" % n + b".a" * 2040 + b" = 1\n" for n in range(15)))

    assert error.facts["where"] == "0"
    assert time.monotonic() - began < 20


# --- what a file may say -----------------------------------------------------------------------------------------

LINES: dict[str, tuple[str, str, str]] = {
    "another table": ("[adaptors]\na = 'console'", "adaptors", TABLES),
    "a long name": (f"{'x' * 500} = 1", "x" * 60 + "…", TABLES),
    "a name that steers a terminal": (
        '"a\\u001b[31m\\n" = 1',
        "a\ufffd[31m\ufffd",
        TABLES,
    ),
    "no table": ("", "adapters", "a table with a line for each adapter: its name = its settings"),
    "a list": ("adapters = []", "adapters", "a table with a line for each adapter: its name = its settings"),
    "a name in Chinese": (
        "[adapters]\n'屏幕' = 'console'",
        "adapters",
        "the names of adapters: 1 to 100 of A-Z a-z 0-9 . _ : @ / + -",
    ),
    "a number": ("[adapters]\na = 1", "adapters.a", 'a kind, such as "console", or a table with its kind'),
    "no kind": ("[adapters]\na = {}", "adapters.a.kind", 'a kind, such as "console", or a table with its kind'),
    "a kind that is no text": (
        "[adapters]\na = { kind = ['console'] }",
        "adapters.a.kind",
        'a kind, such as "console", or a table with its kind',
    ),
    "an unknown kind": (
        f"[adapters]\na = '{SECRET}'",
        "adapters.a",
        "one of the kinds of adapters: " + ", ".join(sorted(one.name for one in OURS)),
    ),
    "an unknown kind in a table": (
        "[adapters]\na = { kind = 'fax' }",
        "adapters.a.kind",
        "one of the kinds of adapters: " + ", ".join(sorted(one.name for one in OURS)),
    ),
    "a name of its own": (
        "[adapters]\na = { kind = 'console', name = 'b' }",
        "adapters.a.name",
        "left out: the name is on the left",
    ),
    "an unknown setting": (
        f"[adapters]\na = {{ kind = 'console', colour = '{SECRET}' }}",
        "adapters.a.colour",
        "left out: no such setting",
    ),
    "nested too deep": (
        "[adapters]\na.kind = 'console'\na.words" + ".a" * 16 + " = 1",
        "adapters.a.words" + ".a" * 16,
        "settings that are not nested so deep",
    ),
    "lists nested too deep": (
        f"[adapters]\na = {{ kind = 'console', words = {'[' * 20}1{']' * 20} }}",
        "adapters.a.words" + ".0" * 16,
        "settings that are not nested so deep",
    ),
}


@pytest.mark.parametrize(("text", "where", "expected"), LINES.values(), ids=LINES)
def test_a_line_that_makes_no_adapter_is_told_by_the_name_of_its_setting(file, text, where, expected):
    error = mistake(file, text)

    assert error.facts["where"] == where
    assert error.text.en == f"Setting {where} should be {expected}."


FIELDS: dict[str, tuple[str, str, str]] = {
    "one is missing": ("", "street", "given"),
    "too short": ("street = 'a'", "street", "text of at least 3 characters"),
    "too long": ("street = 'aaaaaaaaaaaaaaaaaaaaaaaaa'", "street", "text of at most 20 characters"),
    "no text": ("street = 17", "street", "text"),
    "a mistake in its own words": ("street = 'dead end'", "street", "a way through"),
    "a message with the value": (f"street = '{SECRET[:20]}'", "street", "a value that can be used (value_error)"),
    "unknown": (f"street = 'abc', '{'k' * 99}' = '{SECRET}'", "k" * 60 + "…", "left out: no such setting"),
    "a list of it": (f"street = 'abc', keys = '{SECRET}'", "keys", "a list"),
    "in a list": (f"street = 'abc', keys = ['{SECRET}', 1]", "keys.1", "text"),
    "too many": (f"street = 'abc', keys = ['{SECRET}', 'a', 'b']", "keys", "at most 2 of them"),
    "in a table of a list": (
        f"street = 'abc', stamps = [{{ cents = '{SECRET}' }}]",
        "stamps.0.cents",
        "a whole number",
    ),
    "missing there": ("street = 'abc', stamps = [{ cents = 1 }, {}]", "stamps.1.cents", "given"),
    "too little there": ("street = 'abc', stamps = [{ cents = 0 }]", "stamps.0.cents", "a number of at least 1"),
    "no table": (f"street = 'abc', stamps = ['{SECRET}']", "stamps.0", "a table of settings"),
    "one of a union": (f"street = 'abc', number = '{SECRET}'", "number", "a whole number"),
    "one of some words": (f"street = 'abc', colour = '{SECRET}'", "colour", "one of 'red' or 'green'"),
    "no flag": (f"street = 'abc', open = '{SECRET}'", "open", "true or false"),
}


@pytest.mark.parametrize(("settings", "where", "expected"), FIELDS.values(), ids=FIELDS)
def test_a_wrong_setting_is_told_by_its_name_and_what_it_should_be(file, postbox, settings, where, expected):
    error = mistake(file, f"[adapters]\npo = {{ kind = 'postbox'{', ' if settings else ''}{settings} }}")

    assert error.facts["where"] == f"adapters.po.{where}"
    assert error.text.en == f"Setting adapters.po.{where} should be {expected}."


# --- secrets -----------------------------------------------------------------------------------------------------

HELD = "set, not empty, in UTF-8, at most 64 KiB"
ENVIRON = {"BLANK": " \n", "HALF": "\udcff", "LONG": "x" * 70_000, "DMS_SECRET": SECRET}


@pytest.mark.parametrize("name", ["MISSING", "BLANK", "HALF", "LONG"])
def test_a_variable_that_holds_no_secret_is_told_by_its_setting(file, name):
    error = mistake(file, f"[adapters]\ndms = {{ kind = 'webhook', secrets = ['x', 'env:{name}'] }}", ENVIRON)

    assert error.text.en == f"Setting adapters.dms.secrets.1 should be what env:{name} holds: {HELD}."
    assert f"env:{name}" in error.text.zh


@pytest.mark.parametrize(
    "name", ["missing", "empty", "latin", "large", "folder", "pipe", "/dev/zero", "/proc/self/mem", "a\\u0000b"]
)
def test_a_file_that_holds_no_secret_is_told_by_its_setting(file, tmp_path, name):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "latin").write_bytes(SECRET.encode() + b"\xff")
    (tmp_path / "large").write_text(SECRET * 2000)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")

    error = mistake(file, f'[adapters]\ndms = {{ kind = "webhook", signing.secret = "file:{name}" }}')

    assert error.facts["where"] == "adapters.dms.signing.secret"
    assert error.text.en.endswith(f" holds: {HELD}.")


@pytest.mark.parametrize("reference", ["env:", "file:", f"env:{SECRET}", "env:DMS SECRET", "env:密钥"])
def test_a_reference_that_is_none_is_not_repeated(file, reference):
    error = mistake(file, f"[adapters]\ndms = {{ kind = 'webhook', url = '{reference}' }}", ENVIRON)

    expected = "env: and the name of a variable, or file: and the path of a file"
    assert error.text.en == f"Setting adapters.dms.url should be {expected}."


def test_a_file_that_may_not_be_read_is_told_by_its_setting(file, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    error = mistake(file, "[adapters]\ndms = { kind = 'webhook', url = 'file:loop/key' }")

    assert error.text.en == f"Setting adapters.dms.url should be what file:loop/key holds: {HELD}."


# --- kinds -------------------------------------------------------------------------------------------------------


def test_a_kind_that_two_packages_bring_is_used_by_neither(file, postbox):
    postbox.add("another-postbox", "another_postbox", "", postbox="another_postbox:Postbox")

    error = mistake(file, "[adapters]\npo = { kind = 'postbox', street = 'abc' }")

    assert error.text.en == (
        "Setting adapters.po.kind should be a kind that one package brings alone; "
        "it is claimed by another-postbox, gongdan-postbox."
    )


def test_a_kind_that_was_declared_twice_without_a_package_is_told_by_its_classes(file):
    file.write_text("[adapters]\na = 'x'")

    with pytest.raises(BadSettings, match=r"claimed by m:A, m:B"):
        load_adapters(file, {}, [EntryPoint("x", "m:A", GROUP), EntryPoint("x", "m:B", GROUP)])


def test_without_any_kind_none_is_known(file):
    file.write_text("[adapters]\na = 'x'")

    with pytest.raises(BadSettings, match="one of the kinds of adapters: none"):
        load_adapters(file, {}, [])


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import nosuch_module", "ModuleNotFoundError"),
        (f"raise KeyError('{SECRET}')", "KeyError"),
        (f"{SECRET} =", "SyntaxError"),
        ("", "AttributeError"),
    ],
)
def test_a_package_that_cannot_be_loaded_is_told_by_the_class_of_its_error(file, packages, code, error):
    packages.add("gongdan-broken", "gongdan_broken", code, postbox="gongdan_broken:Broken")

    told = mistake(file, "[adapters]\na = 'postbox'")

    assert told.text.en == f"Setting adapters.a should be a kind that can be loaded; postbox raised {error}."


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("explode", "adapters.a should be settings that postbox can be built with; it raised RuntimeError"),
        ("Dumb", "adapters.a should be settings that postbox can be built with; it raised TypeError"),
        ("Shy", "adapters.a.kind should be a kind with name, deliver and close; postbox has not all of them"),
    ],
)
def test_a_class_that_cannot_be_built_is_told_without_what_it_said(file, packages, target, expected):
    packages.add("gongdan-postbox", "gongdan_postbox", POSTBOX, postbox=f"gongdan_postbox:{target}")
    key = "" if target == "Shy" else f", key = '{SECRET}'"

    told = mistake(file, f"[adapters]\na = {{ kind = 'postbox'{key} }}")

    assert told.text.en == f"Setting {expected}."


def test_a_class_that_is_no_adapter_is_told_so(file, packages):
    packages.add("gongdan-postbox", "gongdan_postbox", POSTBOX, postbox="gongdan_postbox:Dumb")

    told = mistake(file, "[adapters]\na = 'postbox'")

    assert "it raised AttributeError" in told.text.en


def test_what_was_built_before_a_mistake_is_closed_whatever_that_raises(file, postbox):
    told = mistake(file, '[adapters]\na = { kind = "postbox", street = "abc" }\nb = { kind = "postbox" }\n')

    assert told.facts["where"] == "adapters.b.street"
    assert sys.modules["gongdan_postbox"].closed == ["a"]


@pytest.mark.parametrize("kind", EXTRAS)
def test_a_kind_whose_packages_are_not_installed_names_the_extra(file, packages, kind):
    assert EXTRAS[kind] in PROJECT["optional-dependencies"]
    packages.add("without-extra", "without_extra", "import nosuch_module")
    file.write_text(f"[adapters]\na = '{kind}'")

    with pytest.raises(BadSettings) as told:
        load_adapters(file, {}, [EntryPoint(kind, "without_extra:Adapter", GROUP)])

    expected = f"a kind whose packages are installed: pip install 'gongdan[{EXTRAS[kind]}]'"
    assert told.value.text.en == f"Setting adapters.a should be {expected}."
    assert f"pip install 'gongdan[{EXTRAS[kind]}]'" in told.value.text.zh


def test_every_extra_belongs_to_a_kind_of_this_package():
    assert {*EXTRAS} < {one.name for one in OURS}


@pytest.mark.parametrize("kind", OURS, ids=lambda one: one.name)
def test_every_kind_of_this_package_is_a_class_with_the_parts_of_an_adapter(kind):
    made = kind.load()

    assert isinstance(made, type)
    assert callable(made.deliver)
    assert callable(made.close)


# --- our own kinds -----------------------------------------------------------------------------------------------

KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
RULES = """
[[rules]]
answers = ["refused"]
roles = ["service_advisor"]
channels = ["desk"]
template = "plain"

[templates.plain]
title = { zh = "{case}", en = "{case}" }
body = { zh = "{reasons}", en = "{reasons}" }
"""
REAL = {
    "console": "",
    "mirror": "folder = '{folder}'",
    "webhook": "url = 'https://dms.example/hooks', secrets = ['env:KEY', 'file:key']",
    "broker": "url = 'nats://dms:env@nats.example'",
    "people": "rules = 'file:rules.toml', channels = { desk = 'env:DESK' }",
}


@pytest.fixture
def shop_floor(tmp_path: Path) -> Path:
    """A settings file beside what its adapters ask for."""
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "rules.toml").write_text(RULES, "utf-8")
    return tmp_path / "gongdan.toml"


@pytest.mark.parametrize("kind", REAL)
def test_a_line_builds_an_adapter_of_each_kind_that_shows_no_secret(shop_floor, kind):
    settings = REAL[kind].format(folder=shop_floor.parent) if kind == "mirror" else REAL[kind]
    line = f"[adapters]\nmine = {{ kind = '{kind}'{', ' if settings else ''}{settings} }}\n"

    (adapter,) = load(shop_floor, line, {"KEY": KEY, "DESK": f"json://{KEY}@desk.example"})
    shown = repr(adapter)
    adapter.close()

    assert adapter.name == "mine"
    assert KEY not in shown


def test_every_kind_of_this_package_is_built_by_a_line_here():
    assert {*REAL} == {one.name for one in OURS}


MISTAKES = [
    ("webhook", f"url = 'ftp://{SECRET}', secrets = ['env:KEY']", "url"),
    ("webhook", "url = 'https://dms.example', secrets = []", "secrets"),
    ("webhook", f"url = 'https://dms.example', secrets = ['{SECRET}!']", "secrets"),
    ("webhook", "url = 'https://dms.example'", "secrets"),
    ("webhook", "url = 'https://dms.example', secrets = ['env:KEY'], timeout = 'soon'", "timeout"),
    ("mirror", f"folder = '/nowhere/{SECRET}'", "folder"),
    ("mirror", "", "folder"),
    ("broker", f"url = 'gopher://{SECRET}'", "url"),
    ("broker", f"url = 'nats://nats.example', colour = '{SECRET}'", "colour"),
    ("broker", "", "url"),
    ("people", f"rules = '/nowhere/{SECRET}', channels = {{}}", "rules"),
    ("people", f"rules = 'file:rules.toml', channels = {{ desk = '{SECRET}' }}", "channels"),
    ("people", "rules = 'file:rules.toml'", "rules.rules.0.channels"),
]


@pytest.mark.parametrize(("kind", "settings", "where"), MISTAKES)
def test_a_mistake_in_the_settings_of_a_kind_of_ours_is_told_by_its_name(shop_floor, kind, settings, where):
    error = mistake(
        shop_floor, f"[adapters]\nmine = {{ kind = '{kind}'{', ' if settings else ''}{settings} }}", {"KEY": KEY}
    )

    assert str(error.facts["where"]).startswith(f"adapters.mine.{where}")


def test_a_worker_does_not_start_on_bad_settings_and_says_which_on_one_line(shop_floor, sqlite):
    assert gongdan("db", "upgrade", "--db", sqlite).exit_code == 0
    shop_floor.write_text(f"[adapters]\nmine = {{ kind = 'webhook', url = 'ftp://{SECRET}', secrets = ['{KEY}'] }}")

    ended = gongdan("worker", "--once", "--db", sqlite, "--settings", shop_floor)

    assert ended.exit_code == 1
    assert "adapters.mine.url" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert SECRET not in ended.output
    assert KEY not in ended.output
