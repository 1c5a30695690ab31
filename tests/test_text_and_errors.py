"""What a person reads is in both languages; errors carry their parts across processes; bytes are canonical."""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import BadCommand, GongdanError, Role, Text, standard_catalogue
from engine.canonical import canonical, digest, instant, moment
from engine.events import WORDS
from engine.text import Word

IN_CHINA = timezone(timedelta(hours=8))


# --- Text ---------------------------------------------------------------------------------------------------------

FACT = Text(zh="“{it}”", en="'{it}'")
CODES = {"floor_mat": Text(zh="脚垫", en="floor mat")}


@pytest.mark.parametrize(
    ("fact", "zh", "en"),
    [
        (True, "是", "yes"),
        (False, "否", "no"),
        (None, "未记录", "not recorded"),
        ([], "无", "none"),
        ((), "无", "none"),
        ("floor_mat", "脚垫", "floor mat"),
        ("floor", "floor", "floor"),
        (["floor_mat", "x", None], "脚垫、x、未记录", "floor mat, x, not recorded"),
        (("floor_mat", ["x", True]), "脚垫、x、是", "floor mat, x, yes"),
        (Text(zh="地址", en="address"), "地址", "address"),
        ("2026-11-22T01:30:00.000000Z", "2026-11-22 01:30:00 UTC", "2026-11-22 01:30:00 UTC"),
        (0, "0", "0"),
        (1, "1", "1"),
        ("", "", ""),
        ("{it}", "{it}", "{it}"),
    ],
)
def test_a_fact_is_spelled_in_each_language(fact: object, zh: str, en: str):
    assert FACT.render({"it": fact}, CODES) == Text(f"“{zh}”", f"'{en}'")


def test_without_words_a_code_stands_as_it_is():
    assert FACT.render({"it": "floor_mat"}) == Text("“floor_mat”", "'floor_mat'")


def test_a_text_on_one_line_has_both_languages_chinese_first():
    assert str(Text("签字", "Sign")) == "签字 / Sign"


def test_a_word_is_its_code_and_carries_its_label():
    class Tool(Word):
        """A tool."""

        WRENCH = "wrench", "扳手", "wrench"

    assert Tool("wrench") is Tool.WRENCH
    assert Tool.WRENCH == "wrench"
    assert str(Tool.WRENCH) == "wrench"
    assert Tool.WRENCH.label == Text("扳手", "wrench")


def test_every_code_that_a_person_may_meet_has_a_label_in_both_languages():
    words = standard_catalogue().words

    assert [code for code, label in words.items() if not re.search("[\u4e00-\u9fff]", label.zh)] == []
    assert [code for code, label in words.items() if not re.search("[A-Za-z]", label.en)] == []


def test_the_words_of_the_catalogue_hold_facts_roles_states_and_commands():
    words = standard_catalogue().words

    assert set(WORDS) <= set(words)
    assert {str(role) for role in Role} <= set(words)
    assert words["in-work"].zh == "施工中"
    assert words["order_signed"].en == "Order signed"


# --- errors -------------------------------------------------------------------------------------------------------


def _all(kind: type[GongdanError]) -> Iterator[type[GongdanError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _all(below)


def _places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


KINDS = tuple(_all(GongdanError))


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_says_the_same_parts_in_both_languages(kind: type[GongdanError]):
    assert kind.words.zh.strip()
    assert kind.words.en.strip()
    assert _places(kind.words.zh) == _places(kind.words.en)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_crosses_a_process_border_whole(kind: type[GongdanError]):
    facts = {name: [f"a {name}", 7, None] for name in _places(kind.words.en)}
    error = kind(**facts)

    again = pickle.loads(pickle.dumps(error))

    assert type(again) is kind
    assert (again.facts, again.text, again.args) == (facts, error.text, error.args)


@pytest.mark.parametrize("kind", KINDS)
def test_the_message_of_an_error_has_both_languages_and_every_part(kind: type[GongdanError]):
    facts = {name: f"<{name}>" for name in _places(kind.words.en)}
    error = kind(**facts)

    assert str(error) == f"{error.text.en} / {error.text.zh}"
    for part in facts.values():
        assert part in error.text.zh
        assert part in error.text.en


def test_an_error_made_of_parts_is_the_error():
    assert BadCommand.of({"where": "x", "expected": "y"}).text == BadCommand(where="x", expected="y").text


# --- canonical bytes ----------------------------------------------------------------------------------------------


def test_canonical_bytes_are_sorted_tight_and_in_utf_8():
    assert canonical({"b": [1, None, True], "a": {"d": "签", "c": "\n"}}) == (
        '{"a":{"c":"\\n","d":"签"},"b":[1,null,true]}'.encode()
    )


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_cannot_write_has_no_canonical_bytes(number: float):
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(number)


def test_a_digest_is_sha_256_in_hexadecimal():
    assert digest(b"gongdan") == hashlib.sha256(b"gongdan").hexdigest()


@pytest.mark.parametrize(
    ("when", "written"),
    [
        (datetime(2026, 11, 22, 9, 30, tzinfo=IN_CHINA), "2026-11-22T01:30:00.000000Z"),
        (datetime(2026, 11, 22, 1, 30, 0, 5, tzinfo=UTC), "2026-11-22T01:30:00.000005Z"),
        (datetime(999, 1, 1, tzinfo=UTC), "0999-01-01T00:00:00.000000Z"),
        (datetime.min.replace(tzinfo=UTC), "0001-01-01T00:00:00.000000Z"),
        (datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_a_moment_is_written_in_utc_with_six_fraction_digits(when: datetime, written: str):
    assert instant(when) == written


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T01:30:00Z",
        "2026-11-22T01:30:00.000000+00:00",
        "2026-11-22 01:30:00.000000Z",
        "2026-11-22T01:30:00.000000Z ",
        "2026-11-22T24:00:00.000000Z",
        "2026-13-22T01:30:00.000000Z",
        "",
    ],
)
def test_a_moment_has_one_spelling(text: str):
    with pytest.raises(ValueError, match=r".*"):
        moment(text)


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_moments_read_back_and_sort_as_text_like_in_time(one: datetime, other: datetime):
    assert moment(instant(one)) == one
    assert (instant(one) < instant(other)) == (one < other)
