"""Personal data: how a name, a phone or a customer's words stay out of the journal and still can be proven.

A `Personal` value is given in clear by a host and sealed before anything is decided: the journal keeps a salted
commitment, SHA-256(salt ‖ value), and beside it what a replay needs to know (given, valid). Salt and value live in a
side table that can be erased; the chain stays whole and every verdict unchanged.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Annotated, Any, Self, get_args

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from engine.text import Word

JOURNAL = {"journal": True}
"""Validation context of the journal reader, the only one that may bring ready-made commitments."""

_LONGEST = 4000
_HALF = re.compile(r"[\ud800-\udfff]")
TEXT = f"valid text of at most {_LONGEST} characters"
"""What a personal value should be."""

_PARTS = ("commitment", "given", "valid")
_COMMITMENT = re.compile(r"[0-9a-f]{64}")


class RecordClass(Word):
    """What kind of record a personal value belongs to, and so how long it is kept. The type of a field names it."""

    CONTACT = "contact", "联系方式", "contact data"
    RECORD = "record", "维修记录", "repair record"
    VEHICLE = "vehicle", "车辆标识", "vehicle id"


def record_class(*annotations: object) -> RecordClass:
    """The class that the parts of a field's annotation name; the repair record where none does."""
    parts = [*annotations]
    while parts:
        part = parts.pop()
        if isinstance(part, RecordClass):
            return part
        parts.extend(get_args(part))
    return RecordClass.RECORD


class Personal:
    """A personal value: in clear on its way in (`value`), a commitment ever after. Its repr shows neither.

    Not a dataclass: pydantic would ignore its schema hook.
    """

    __slots__ = ("commitment", "given", "valid", "value")

    def __init__(self, value: str | None, commitment: str | None = None, *, given: bool = True, valid: bool = True):
        """Hosts write `Personal.clear("…")`; the journal reader gives the commitment."""
        self.value = value
        self.commitment = commitment
        self.given = given
        self.valid = valid

    def __repr__(self) -> str:
        """Only what a journal shows."""
        return f"Personal(given={self.given}, valid={self.valid})"

    def __eq__(self, other: object) -> bool:
        """Equal in value, or in commitment."""
        return isinstance(other, Personal) and self._parts() == other._parts()

    def __hash__(self) -> int:
        """As equal as `__eq__` says."""
        return hash(self._parts())

    def _parts(self) -> tuple[str | None, str | None, bool, bool]:
        return self.value, self.commitment, self.given, self.valid

    @classmethod
    def clear(cls, text: str) -> Self:
        """A value as the host brings it."""
        given = bool(text.strip())
        return cls(text, given=given, valid=given)

    @property
    def ok(self) -> bool:
        """Given, and of the form its kind demands. All that a guard may ask."""
        return self.given and self.valid

    @property
    def readable(self) -> bool:
        """Text that can be sealed, or sealed already."""
        return self.value is None or _is_text(self.value)

    def sealed(self, salt: bytes) -> Self:
        """The same, as a commitment."""
        if self.value is None:
            return self
        commitment = hashlib.sha256(salt + self.value.encode()).hexdigest()
        return type(self)(None, commitment, given=self.given, valid=self.valid)

    def checked(self, check: Callable[[str], bool]) -> Self:
        """The same, judged by the form of its kind; what is sealed was judged before."""
        if self.value is None:
            return self
        return type(self)(self.value, given=self.given, valid=self.given and check(self.value.strip()))

    @classmethod
    def from_document(cls, document: Any) -> Personal:
        """The sealed form read back. Raises ValueError when it is none."""
        whole = isinstance(document, dict) and set(document) == {*_PARTS}
        match [document[part] for part in _PARTS] if whole else []:
            case [str() as commitment, bool() as given, bool() as valid] if _COMMITMENT.fullmatch(commitment):
                return cls(None, commitment, given=given, valid=valid)
        message = "a commitment with given and valid"
        raise ValueError(message)

    def document(self) -> dict[str, object]:
        """The sealed form, as it stands in an entry."""
        if self.commitment is None:
            message = "a personal value reached a document in clear"
            raise ValueError(message)
        return {"commitment": self.commitment, "given": self.given, "valid": self.valid}

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Read text from a host and commitments from the journal; write commitments only."""
        return core_schema.with_info_plain_validator_function(
            _read, serialization=core_schema.plain_serializer_function_ser_schema(cls.document)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """What a form shows: a text field, marked as personal."""
        return {"type": "string", "maxLength": _LONGEST, "x-personal": True}


def _read(value: object, info: core_schema.ValidationInfo) -> Personal:
    if info.context and info.context.get("journal"):
        return Personal.from_document(value)
    text = value.value if isinstance(value, Personal) else value
    if isinstance(text, str) and _is_text(text):
        return Personal.clear(text)
    raise PydanticCustomError("personal", "should be {expected}", {"expected": TEXT})


def _is_text(text: str) -> bool:
    """Not too long, and no half of a surrogate pair, which has no bytes to seal."""
    return len(text) <= _LONGEST and not _HALF.search(text)


def _matches(pattern: str) -> AfterValidator:
    compiled = re.compile(pattern, re.ASCII)  # or \d takes the digits of every script
    return AfterValidator(lambda value: value.checked(lambda text: bool(compiled.fullmatch(text))))


Words = Personal
"""Free text: what a customer said, a reason, a note."""
Name = Annotated[Personal, RecordClass.CONTACT]
"""A person's name."""
Contact = Annotated[Personal, RecordClass.CONTACT]
"""How a person is reached, in whatever form."""
Phone = Annotated[
    Personal,
    _matches(r"(\+?86[- ]?)?1[3-9]\d{9}|0\d{2,3}[- ]?\d{7,8}|[48]00[- ]?\d{3}[- ]?\d{4}"),
    RecordClass.CONTACT,
]
"""A Chinese mobile, landline or service number."""
Vin = Annotated[Personal, _matches(r"[A-HJ-NPR-Z0-9]{17}"), RecordClass.VEHICLE]
"""A vehicle identification number (17 characters, no I, O, Q)."""
Plate = Annotated[
    Personal,
    _matches(r"[\u4e00-\u9fff][A-Z]([A-HJ-NP-Z0-9]{5,6}|[A-HJ-NP-Z0-9]{4}[\u4e00-\u9fff])"),
    RecordClass.VEHICLE,
]
"""A Chinese number plate."""
