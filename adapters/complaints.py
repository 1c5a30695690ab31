"""What pydantic's error means: which setting is wrong, and what should have stood there, in both languages.

A message of pydantic's may repeat a value, so none is passed on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from engine import Text

_LONGEST = 60


def shown(part: object) -> str:
    """A part of a setting's name: no longer than a person reads, and nothing in it that could steer a terminal."""
    text = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in str(part)[: _LONGEST + 1])
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def complaint(error: ValidationError, settings: Mapping[str, Any]) -> tuple[list[str], Text]:
    """The first thing wrong with some settings: the parts of its name, and what was expected."""
    first = error.errors(include_url=False, include_input=False)[0]
    problem, loc = first["type"], first["loc"]
    parts = [*_leading(loc, settings), *(loc[-1:] if problem in _MISSING else ())]
    expected = _EXPECTED.get(problem, _USABLE).render({**first.get("ctx", {}), "problem": problem})
    return [shown(part) for part in parts], expected


def _leading(loc: Iterable[int | str], settings: Any) -> Iterable[int | str]:
    """The parts that lead somewhere in the settings; the rest is pydantic's own, such as the member of a union."""
    for part in loc:
        places = dict(enumerate(settings)) if isinstance(settings, list) else settings
        if isinstance(places, Mapping) and part in places:
            settings = places[part]
            yield part


_MISSING = ("missing", "missing_argument", "missing_keyword_only_argument")
_GIVEN = Text("必填", "given")
_LEFT_OUT = Text("空缺：没有此设置", "left out: no such setting")
_TEXT = Text("文字", "text")
_WHOLE = Text("整数", "a whole number")
_NUMBER = Text("数", "a number")
_FLAG = Text("true 或 false", "true or false")
_LIST = Text("列表", "a list")
_GROUP = Text("一组设置", "a table of settings")
_ONE_OF = Text("以下之一：{expected}", "one of {expected}")
_URL = Text("网址", "a URL")
_USABLE = Text("可用的值（{problem}）", "a value that can be used ({problem})")
_EXPECTED: Mapping[str, Text] = {
    **dict.fromkeys(("missing", "missing_argument", "missing_keyword_only_argument"), _GIVEN),
    **dict.fromkeys(("extra_forbidden", "unexpected_keyword_argument"), _LEFT_OUT),
    "string_type": _TEXT,
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), _NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _FLAG),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), _LIST),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "dataclass_type"), _GROUP),
    **dict.fromkeys(("literal_error", "enum"), _ONE_OF),
    **dict.fromkeys(("url_type", "url_parsing"), _URL),
    "url_scheme": Text("以 {expected_schemes} 开头的网址", "a URL that begins with {expected_schemes}"),
    "string_pattern_mismatch": Text("形如 {pattern} 的文字", "text of the form {pattern}"),
    "string_too_short": Text("至少 {min_length} 字的文字", "text of at least {min_length} characters"),
    "string_too_long": Text("至多 {max_length} 字的文字", "text of at most {max_length} characters"),
    "too_short": Text("至少 {min_length} 项", "at least {min_length} of them"),
    "too_long": Text("至多 {max_length} 项", "at most {max_length} of them"),
    "greater_than": Text("大于 {gt} 的数", "a number above {gt}"),
    "greater_than_equal": Text("不小于 {ge} 的数", "a number of at least {ge}"),
    "less_than": Text("小于 {lt} 的数", "a number below {lt}"),
    "less_than_equal": Text("不大于 {le} 的数", "a number of at most {le}"),
}
"""What should have stood there, by the type of pydantic's error."""
