"""Settings of adapters: a TOML file with one line for each, its secrets read from the environment or from files.

Must live here: what such a file may say, and how a mistake in it is told. Must not be known here: any one adapter.

    [adapters]
    screen = "console"
    dms = { kind = "webhook", url = "https://dms.example/hooks", secrets = ["env:DMS_SECRET"] }
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from adapters.complaints import complaint, shown
from engine import Adapter, BadSettings, Text
from engine.events.event import ID_PATTERN

GROUP = "gongdan.adapters"
"""The entry points by which a package brings a kind of adapter: the name of the kind, and its class."""
EXTRAS = {"webhook": "webhook", "broker": "brokers", "people": "people"}
"""The extra of this package that a kind needs."""

_LARGEST = 64 * 1024
_LONGEST_LINE = 4096
_DEEPEST = 16
_NAME = re.compile(ID_PATTERN)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_LINE = re.compile(r"at line (\d+)")

_READABLE = Text("一个可读取的文件", "a file that can be read")
_SIZE = Text("至多 64 KiB、每行至多 4096 字节的文件", "a file of at most 64 KiB, its lines of at most 4096 bytes")
_UTF8 = Text("UTF-8 编码的文字", "text in UTF-8")
_TOML = Text("TOML；第 {line} 行有误", "TOML; line {line} is not")
_TOML_DEPTH = Text("不嵌套这么深的 TOML", "TOML that is not nested so deep")
_TABLES = ("adapters", "retention")
_TABLE = Text("其中一张表：{tables}", "one of the tables: {tables}").render({"tables": _TABLES})
_ADAPTERS = Text("一张表：每行一个适配器，名称 = 设置", "a table with a line for each adapter: its name = its settings")
_NAMED = Text(
    "适配器名称：1 至 100 个 A-Z a-z 0-9 . _ : @ / + -",
    "the names of adapters: 1 to 100 of A-Z a-z 0-9 . _ : @ / + -",
)
_KINDED = Text('适配器类型，如 "console"，或含 kind 的表', 'a kind, such as "console", or a table with its kind')
_KIND = Text("以下适配器类型之一：{known}", "one of the kinds of adapters: {known}")
_CLAIMED = Text(
    "只由一个软件包提供的适配器类型；现有：{packages}",
    "a kind that one package brings alone; it is claimed by {packages}",
)
_INSTALLED = Text(
    "已安装其所需软件包的适配器类型：pip install 'gongdan[{extra}]'",
    "a kind whose packages are installed: pip install 'gongdan[{extra}]'",
)
_IMPORTED = Text("可载入的适配器类型；{kind} 载入时出错：{error}", "a kind that can be loaded; {kind} raised {error}")
_BUILT = Text("{kind} 可用的设置；建立时出错：{error}", "settings that {kind} can be built with; it raised {error}")
_FITTING = Text(
    "有 name、deliver、close 的适配器类型；{kind} 没有",
    "a kind with name, deliver and close; {kind} has not all of them",
)
_OWN_NAME = Text("空缺：名称在等号左边", "left out: the name is on the left")
_REFERENCE = Text(
    "env: 加环境变量名，或 file: 加文件路径", "env: and the name of a variable, or file: and the path of a file"
)
_SECRET = Text(
    "取自 {source} 的文字：须已设置，不为空，UTF-8，至多 64 KiB",
    "what {source} holds: set, not empty, in UTF-8, at most 64 KiB",
)
_SHALLOW = Text("不嵌套这么深的设置", "settings that are not nested so deep")


def installed() -> tuple[EntryPoint, ...]:
    """The kinds of adapters that the installed packages bring."""
    return tuple(entry_points(group=GROUP))


def load_adapters(
    path: Path, environ: Mapping[str, str], kinds: Iterable[EntryPoint] | None = None
) -> tuple[Adapter, ...]:
    """The adapters that a settings file names, in its order; `kinds` are those of the installed packages.

    A relative `file:` lies beside the settings file. Raises BadSettings, which names the setting and what is expected
    there, and never shows its value; what was built until then is closed.
    """
    known = installed() if kinds is None else tuple(kinds)
    lines = [_line(name, said, _Secrets(environ, path.parent)) for name, said in _read(path).items()]
    classes = [_class(line, known) for line in lines]
    with ExitStack() as building:
        adapters = []
        for line, make in zip(lines, classes, strict=True):
            adapters.append(_built(line, make))
            building.callback(_give_up, adapters[-1])
        building.pop_all()
    return tuple(adapters)


def _give_up(adapter: Adapter) -> None:
    with suppress(Exception):  # the mistake in the settings is what counts
        adapter.close()


# --- the file ----------------------------------------------------------------------------------------------------


def tables(path: Path) -> dict[str, Any]:
    """The tables of a settings file, as they stand there. Raises BadSettings."""
    document = _parsed(path)
    unknown = [name for name in document if name not in _TABLES]
    if unknown:
        raise BadSettings(where=shown(unknown[0]), expected=_TABLE)
    return document


def _read(path: Path) -> dict[str, Any]:
    """The table of adapters, as it stands in the file."""
    adapters = tables(path).get("adapters")
    if not isinstance(adapters, dict):
        raise BadSettings(where="adapters", expected=_ADAPTERS)
    return adapters


def _parsed(path: Path) -> dict[str, Any]:
    raw = _bytes(path)
    if raw is None:
        raise BadSettings(where=path.name, expected=_READABLE)
    if len(raw) > _LARGEST or any(len(line) > _LONGEST_LINE for line in raw.splitlines()):
        raise BadSettings(where=path.name, expected=_SIZE)
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadSettings(where=path.name, expected=_UTF8) from None
    except RecursionError:
        raise BadSettings(where=path.name, expected=_TOML_DEPTH) from None
    except tomllib.TOMLDecodeError as error:
        line = _LINE.search(str(error))
        number = line[1] if line else raw.count(b"\n") + 1
        raise BadSettings(where=path.name, expected=_TOML.render({"line": number})) from None


def _bytes(path: Path) -> bytes | None:
    """The first bytes of a file, one more than are allowed; None where there is no regular file to read."""
    try:
        if not path.is_file():  # a pipe would make us wait for ever
            return None
        with path.open("rb") as file:
            return file.read(_LARGEST + 1)
    except OSError:
        return None


# --- one line ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """What the file says of one adapter; `where` is the setting that names its kind."""

    name: str
    where: str
    kind: str
    settings: Mapping[str, Any]

    @property
    def place(self) -> str:
        """The name of all its settings."""
        return f"adapters.{self.name}"


def _line(name: str, said: object, secrets: _Secrets) -> _Line:
    if not _NAME.fullmatch(name):
        raise BadSettings(where="adapters", expected=_NAMED)
    place = f"adapters.{name}"
    match said:
        case str():
            return _Line(name, place, said, {})
        case {"kind": str() as kind, **settings}:
            if "name" in settings:
                raise BadSettings(where=f"{place}.name", expected=_OWN_NAME)
            return _Line(name, f"{place}.kind", kind, secrets.put_into(place, settings))
        case dict():
            raise BadSettings(where=f"{place}.kind", expected=_KINDED)
        case _:
            raise BadSettings(where=place, expected=_KINDED)


@dataclass(frozen=True, slots=True)
class _Secrets:
    """Where the values come from that a settings file does not hold itself."""

    environ: Mapping[str, str]
    folder: Path

    def put_into(self, where: str, settings: Mapping[Any, Any]) -> dict[str, Any]:
        """Settings with every reference replaced by what it stands for."""
        return {name: self._value(f"{where}.{shown(name)}", value, 1) for name, value in settings.items()}

    def _value(self, where: str, value: object, depth: int) -> object:
        if depth > _DEEPEST:
            raise BadSettings(where=where, expected=_SHALLOW)
        match value:
            case dict():
                return {name: self._value(f"{where}.{shown(name)}", one, depth + 1) for name, one in value.items()}
            case list():
                return [self._value(f"{where}.{index}", one, depth + 1) for index, one in enumerate(value)]
            case str() if value.startswith(("env:", "file:")):
                return self._secret(where, value)
            case _:
                return value

    def _secret(self, where: str, reference: str) -> str:
        source, _, name = reference.partition(":")
        if not name or (source == "env" and not _VARIABLE.fullmatch(name)):
            raise BadSettings(where=where, expected=_REFERENCE)
        try:
            raw = self._variable(name) if source == "env" else _bytes(self.folder / name) or b""
            secret = raw.decode("utf-8-sig").rstrip() if len(raw) <= _LARGEST else ""
        except UnicodeError:
            secret = ""
        if not secret:
            raise BadSettings(where=where, expected=_SECRET.render({"source": reference}))
        return secret

    def _variable(self, name: str) -> bytes:
        return self.environ.get(name, "").encode()


# --- the adapter -------------------------------------------------------------------------------------------------


def _class(line: _Line, known: Iterable[EntryPoint]) -> Callable[..., Any]:
    """The class of a kind, from the package that brings it."""
    claims = [one for one in known if one.name == line.kind]
    if not claims:
        expected = _KIND.render({"known": sorted({one.name for one in known})})
        raise BadSettings(where=line.where, expected=expected)
    if len(claims) > 1:
        packages = sorted(one.dist.name if one.dist else one.value for one in claims)
        raise BadSettings(where=line.where, expected=_CLAIMED.render({"packages": packages}))
    try:
        return cast("Callable[..., Any]", claims[0].load())
    except Exception as error:  # noqa: BLE001 - whatever a foreign package does on import, its kind cannot be used
        raise BadSettings(where=line.where, expected=_why(line.kind, error)) from None


def _why(kind: str, error: Exception) -> Text:
    if isinstance(error, ImportError) and kind in EXTRAS:
        return _INSTALLED.render({"extra": EXTRAS[kind]})
    return _IMPORTED.render({"kind": kind, "error": type(error).__name__})


def _built(line: _Line, make: Callable[..., Any]) -> Adapter:
    try:
        adapter = make(name=line.name, **line.settings)
        fits = adapter.name == line.name and callable(adapter.deliver) and callable(adapter.close)
    except BadSettings as error:
        where = f"{line.place}.{error.facts['where']}"
        raise BadSettings(where=where, expected=error.facts["expected"]) from None
    except ValidationError as error:
        parts, wanted = complaint(error, line.settings)
        raise BadSettings(where=".".join([line.place, *parts]), expected=wanted) from None
    except Exception as error:  # noqa: BLE001 - a foreign class may raise anything, with any value in its message
        expected = _BUILT.render({"kind": line.kind, "error": type(error).__name__})
        raise BadSettings(where=line.place, expected=expected) from None
    if not fits:
        raise BadSettings(where=line.where, expected=_FITTING.render({"kind": line.kind}))
    return cast("Adapter", adapter)
