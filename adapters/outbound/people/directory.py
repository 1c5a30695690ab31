"""Directory: who has a role in a shop, and over which channels they are reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from engine import Entry

Language = Literal["zh", "en", "both"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to be told: by channel the address there (a number, a mailbox; empty for a group's channel)."""

    id: str
    channels: Mapping[str, str] = field(repr=False)
    language: Language = "both"


@runtime_checkable
class Directory(Protocol):
    """Knows who has a role. A host writes one over its own tables of staff."""

    def __call__(self, role: str, shop: str, entry: Entry) -> Iterable[Person]:
        """Who has this role in this shop and is to be told of this entry; may raise Undelivered."""
        ...


class Listed(BaseModel):
    """A person, or a group, in a directory file. Without `shops` it is of every shop."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: str
    roles: Annotated[frozenset[str], Field(min_length=1)]
    shops: frozenset[str] = frozenset()
    language: Language = "both"
    channels: Annotated[dict[str, str], Field(min_length=1, repr=False)]


@dataclass(frozen=True, slots=True)
class ListedPeople:
    """The directory that a file lists, read once."""

    people: Sequence[Listed] = field(repr=False)

    def __call__(self, role: str, shop: str, entry: Entry) -> Iterable[Person]:  # noqa: ARG002 - as the port has it
        """Who is listed with this role, in the order of the file."""
        return [
            Person(one.id, one.channels, one.language)
            for one in self.people
            if role in one.roles and (not one.shops or shop in one.shops)
        ]
