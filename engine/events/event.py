"""Event: a fact of the floor, in the past tense, frozen; and the few types that facts are made of.

Must live here: what every fact has in common. Must not be known here: any workflow, any clause, any storage.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Self, cast

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from engine.canonical import instant
from engine.errors import BadCommand
from engine.events.personal import JOURNAL, Personal, RecordClass, record_class
from engine.text import Text

ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,99}"


_DATED = re.compile(r"[0-9]{4}-")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


def _amount(value: object) -> object:
    """Refuse what pydantic would kindly convert: a float as money."""
    if isinstance(value, (Decimal, int, str)) and not isinstance(value, bool):
        return value
    expected = "an amount as text with at most two decimals, such as '1280.50'"
    raise PydanticCustomError("kind", "should be {expected}", {"expected": expected})


def _time(value: object) -> object:
    """Refuse what pydantic would kindly convert: a number as a time, be it text."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DATED.match(value)):
        return value
    raise _no_time()


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first and the last day of the calendar, in another zone
        raise _no_time() from None


def _day(value: object) -> object:
    """Refuse what pydantic would kindly convert: a number or a time as a date."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and _DAY.match(value):
            return date.fromisoformat(value)
    except ValueError:  # no such day
        pass
    raise PydanticCustomError("kind", "should be {expected}", {"expected": "a date, such as '2027-05-22'"})


def _no_time() -> PydanticCustomError:
    expected = "a time with its zone, such as '2026-11-22T09:00:00+08:00'"
    return PydanticCustomError("kind", "should be {expected}", {"expected": expected})


Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=0, lt=2**53)]
Percent = Annotated[int, Strict(), Field(ge=0, le=100)]
Code = Annotated[str, Field(pattern=f"^{ID_PATTERN}$")]
"""An opaque identifier: ASCII, at most 100 characters. Never a name, a phone or a sentence."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""32 bytes in hexadecimal: a SHA-256, or a public key."""
Money = Annotated[
    Decimal,
    BeforeValidator(_amount),
    Field(ge=0, max_digits=14, decimal_places=2),
    PlainSerializer(lambda amount: f"{abs(amount):.2f}", return_type=str),  # decimals have a minus zero
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,12}(\.\d{1,2})?$"}),
]
"""An amount in yuan (CNY); two decimals; never a float."""
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_time),
    AfterValidator(_utc),
    PlainSerializer(instant, return_type=str),
]
Day = Annotated[date, BeforeValidator(_day), PlainSerializer(date.isoformat, return_type=str)]
"""A day of the calendar, on the floor."""
Listed = PlainSerializer(sorted, return_type=list[str])
"""Sets are written in order, so that the same fact is the same bytes."""


def optional(zh: str, en: str) -> Any:
    """A field that may stay empty: None is not recorded. Its meaning, with its unit, is what a form shows."""
    return Field(default=None, description=f"{zh} / {en}")


def required(zh: str, en: str) -> Any:
    """A field without which a fact is no fact, with its meaning."""
    return Field(description=f"{zh} / {en}")


class Attachment(BaseModel):
    """A photo, a signature, a fax: its digest, its kind and where the host keeps it. The bytes stay with the host."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Digest
    media_type: Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9.+-]{1,60}$")]
    uri: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]{1,500}$")]


class Event(BaseModel):
    """A fact. Every field that a clause owns is optional: None means not recorded, and the clause refuses.

    `kind` is the class name in snake_case, and the name of the command that brings it.
    `corrects` is the version under which the fact that this one replaces was first recorded; the last wins, all stay.
    `subject` is the opaque id of the person whose personal data this fact carries; None is the case itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: ClassVar[str]
    personal: ClassVar[Mapping[str, RecordClass]]

    corrects: Count | None = None
    subject: Code | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        """Name the kind and remember which fields are personal, and of which class."""
        super().__pydantic_init_subclass__(**kwargs)
        cls.kind = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        cls.personal = {
            name: record_class(info.annotation, *info.metadata)
            for name, info in cls.model_fields.items()
            if "Personal" in repr(info.annotation)
        }

    @classmethod
    @cache
    def form(cls) -> dict[str, Any]:
        """The JSON schema of this fact, drawn up once: what a form asks for."""
        return cls.model_json_schema()

    @classmethod
    @cache
    def shape(cls) -> dict[str, Any]:
        """The form without its words: what rules are pinned to, so that a better wording is no other rule."""
        shape: dict[str, Any] = _wordless(cls.form())
        return shape

    @classmethod
    def read(cls, facts: Mapping[str, object]) -> Self:
        """A fact from plain data, as a host or a terminal brings it.

        Raises BadCommand, which names the field and the expected type, never the value.
        """
        return cls._read(facts, context=None)

    @classmethod
    def from_journal(cls, facts: Mapping[str, object]) -> Self:
        """A fact from a sealed entry: its personal values are commitments."""
        return cls._read(facts, context=JOURNAL)

    @classmethod
    def _read(cls, facts: Mapping[str, object], context: dict[str, bool] | None) -> Self:
        try:
            return cls.model_validate(facts, context=context)
        except ValidationError as error:
            raise bad_command(cls.kind, error) from None

    def document(self) -> dict[str, Any]:
        """The fact as it stands in an entry: JSON values, nothing that was not recorded."""
        return self.model_dump(mode="json", exclude_none=True)

    def clear_values(self) -> dict[str, Personal]:
        """The personal values that this fact still carries in clear, by field."""
        values = {name: cast("Personal | None", getattr(self, name)) for name in self.personal}
        return {name: value for name, value in values.items() if value is not None and value.value is not None}

    def sealed(self, salt: Callable[[str], bytes]) -> Self:
        """The same fact with commitments in the place of personal values; `salt` gives the salt of a field."""
        clear = self.clear_values()
        return (
            self.model_copy(update={name: value.sealed(salt(name)) for name, value in clear.items()}) if clear else self
        )


def _wordless(form: Any) -> Any:
    """A schema without its sentences; a property that is called like one of them is no sentence."""
    match form:
        case dict():
            words = {name for name in ("title", "description") if isinstance(form.get(name), str)}
            return {name: _wordless(part) for name, part in form.items() if name not in words}
        case list():
            return [_wordless(part) for part in form]
        case _:
            return form


def bad_command(kind: str, error: ValidationError) -> BadCommand:
    """The first thing wrong with some facts: where, and what was expected. The value is never repeated."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join([kind, *(str(part) for part in first["loc"])])
    return BadCommand(where=where, expected=_expected(first["type"], first["msg"], first.get("ctx", {})))


def _expected(problem: str, message: str, context: Mapping[str, object]) -> object:
    """What should have stood there: with its limit in both languages, or words that BadCommand spells out."""
    if problem in _LIMITS:
        name, words = _LIMITS[problem]
        return words.render({"limit": context[name]})
    return _EXPECTED.get(problem) or re.sub(r"^(Input|Value|Decimal input)? ?should (be|have) ", "", message)


_EXPECTED = {"extra_forbidden": "left out: no such field", "missing": "given", "model_type": "a valid dictionary"}
_LIMITS = {
    "enum": ("expected", Text("以下之一：{limit}", "one of {limit}")),
    "less_than_equal": ("le", Text("不大于 {limit} 的数", "a number of at most {limit}")),
    "less_than": ("lt", Text("小于 {limit} 的数", "a number below {limit}")),
    "greater_than_equal": ("ge", Text("不小于 {limit} 的数", "a number of at least {limit}")),
    "string_pattern_mismatch": ("pattern", Text("形如 {limit} 的文字", "text of the form {limit}")),
}
