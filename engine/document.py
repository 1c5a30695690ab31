"""The shape of an entry's document: every field, its type, and nothing besides. docs/reference/entry.md says the same.

Must live here: what a reader accepts as an entry. Must not be known here: events, bytes, seals.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0, lt=2**53)]
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Facts = dict[str, Any]


class _Exact(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class ActorDocument(_Exact):
    """Who acted."""

    id: str
    role: str


class LateDocument(_Exact):
    """Why a fact was recorded late."""

    reason: Facts
    paper: str


class CommandDocument(_Exact):
    """What was put."""

    id: str
    name: str
    actor: ActorDocument
    occurred_at: str | None
    late: LateDocument | None
    facts: Facts


class SaidDocument(_Exact):
    """What a clause said."""

    clause: str
    facts: Facts


class OutcomeDocument(_Exact):
    """What was answered."""

    answer: Literal["accepted", "refused"]
    state: str
    event: str | None
    refusals: list[SaidDocument]
    notes: list[SaidDocument]
    waived: list[str]


class Document(_Exact):
    """An entry."""

    format: Literal[1]
    shop: str
    case: str
    workflow: str
    seq: Count
    version: Count
    rules: Hex
    command: CommandDocument
    recorded_at: str
    outcome: OutcomeDocument
    prev: Hex
