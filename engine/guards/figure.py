"""Figures of the SOP: a value with its unit, and which way is tighter. A guard's keyword parameters with defaults."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from operator import ge, le
from typing import Any, Generic, Literal, TypeVar

V = TypeVar("V", int, Decimal, tuple[str, ...])
Tighter = Literal["lower", "higher", "more", "fewer"]
_NO_LOOSER = {"lower": le, "fewer": le, "higher": ge, "more": ge}


@dataclass(frozen=True, slots=True)
class Figure(Generic[V]):
    """A figure of the SOP: its value in force, its unit, which way is tighter, and whether the source names it.

    `house` marks a figure that no source gives: our own choice, a profile may set it.
    """

    value: V
    unit: str
    tighter: Tighter
    house: bool = False

    def document(self) -> object:
        """The value as rules are stored: integers and lists as they are, decimals as text."""
        value: Any = self.value
        match value:
            case tuple():
                return [*value]
            case Decimal():
                return str(value)
            case _:
                return value

    def having(self, document: object) -> Figure[V]:
        """The same figure with a value from a profile or a stored body. Raises ValueError for another type."""
        return Figure(self._read(document), self.unit, self.tighter, self.house)

    def no_looser_than(self, below: Figure[V]) -> bool:
        """The value is at least as tight as another one of the same figure."""
        compare = _NO_LOOSER[self.tighter]
        return bool(compare(_measured(self.value), _measured(below.value)))

    def _read(self, document: object) -> Any:
        if isinstance(document, bool):
            document = None
        if isinstance(self.value, tuple) and isinstance(document, list) and all(isinstance(x, str) for x in document):
            return tuple(document)
        if isinstance(self.value, Decimal) and isinstance(document, str | int) and _is_number(document):
            return Decimal(document)
        if isinstance(self.value, int) and isinstance(document, int):
            return document
        message = f"a figure in {self.unit}, such as {self.document()!r}"
        raise ValueError(message)


def _measured(value: Any) -> Any:
    """What is compared of a value: of a list, which codes are in it."""
    return frozenset(value) if isinstance(value, tuple) else value


def _is_number(document: str | int) -> bool:
    try:
        return Decimal(document).is_finite()
    except ArithmeticError:
        return False


def percent(value: str, *, tighter: Tighter, house: bool = False) -> Figure[Decimal]:
    """A figure in percent."""
    return Figure(Decimal(value), "percent", tighter, house)


def minutes(value: int, *, tighter: Tighter, house: bool = False) -> Figure[int]:
    """A figure in minutes."""
    return Figure(value, "minutes", tighter, house)


def number(value: int, unit: str, *, tighter: Tighter, house: bool = False) -> Figure[int]:
    """A figure that counts."""
    return Figure(value, unit, tighter, house)


def codes(*value: str, unit: str, tighter: Tighter, house: bool = False) -> Figure[tuple[str, ...]]:
    """A figure that lists codes."""
    return Figure(value, unit, tighter, house)
