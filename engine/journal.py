"""Entry: one answer, as canonical bytes sealed to the entry before. What is stored is what is hashed.

Must live here: the bytes of an entry and their seal. Must not be known here: how an answer was found, where it is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from engine.canonical import canonical, instant, moment
from engine.case import Case
from engine.command import Accepted, Actor, Answer, Command, Late
from engine.document import CommandDocument, Document
from engine.errors import BadCommand, BadJournal, GongdanError
from engine.events.event import Event
from engine.events.personal import Personal

FORMAT = 1
LONGEST = 65_535
"""The most bytes an entry may have."""

Said = tuple[str, Mapping[str, object]]
"""What a clause said: its id and its facts."""
Words = tuple[tuple[Said, ...], tuple[Said, ...], tuple[str, ...]]
"""What the clauses said of an answer: refusals, notes, waived."""


def seal(body: bytes) -> str:
    """SHA-256(0x00 ‖ bytes): the chain's link, and the leaf of the later tree."""
    return hashlib.sha256(b"\x00" + body).hexdigest()


@dataclass(frozen=True, slots=True)
class Entry:
    """One sealed answer. `body` is the evidence; everything else is read from it."""

    shop: str
    case: str
    workflow: str
    seq: int
    version: int
    rules: str
    command: Command
    recorded_at: datetime
    accepted: bool
    state: str
    refusals: tuple[Said, ...]
    notes: tuple[Said, ...]
    waived: tuple[str, ...]
    prev: str
    body: bytes = field(repr=False)
    seal: str

    @staticmethod
    def form() -> dict[str, Any]:
        """The JSON schema of an entry's document; its facts are any object, for each kind of fact has its own form."""
        return Document.model_json_schema()

    @classmethod
    def of(cls, case: Case, command: Command, recorded_at: datetime, answer: Answer) -> Self:
        """Seal an answer to the head of its case."""
        refusals, notes, waived = said_by(answer)
        body = canonical(_document(case, command, recorded_at, answer))
        if len(body) > LONGEST:
            raise BadCommand(where=command.name, expected=f"facts that fit an entry of at most {LONGEST} bytes")
        return cls(
            shop=case.shop,
            case=case.id,
            workflow=case.workflow,
            seq=answer.seq,
            version=answer.version,
            rules=case.rules,
            command=command,
            recorded_at=recorded_at,
            accepted=isinstance(answer, Accepted),
            state=answer.state,
            refusals=refusals,
            notes=notes,
            waived=waived,
            prev=case.head,
            body=body,
            seal=seal(body),
        )

    @classmethod
    def read(cls, body: bytes, events: Mapping[str, type[Event]]) -> Self:
        """An entry from its bytes. Raises BadJournal when they are not the canonical bytes of an entry."""
        try:
            data = _DECODE(body.decode())
            said = Document.model_validate(data)
            command = _read_command(said.command, events)
            is_canonical = len(body) <= LONGEST and canonical(data) == body
            recorded_at = moment(said.recorded_at)
        except (ValueError, KeyError, RecursionError, GongdanError):
            raise BadJournal(line=0, expected="entry") from None
        outcome = said.outcome
        accepted = outcome.answer == "accepted"
        if not is_canonical or outcome.event != (command.name if accepted else None):
            raise BadJournal(line=0, expected="canonical")
        return cls(
            shop=said.shop,
            case=said.case,
            workflow=said.workflow,
            seq=said.seq,
            version=said.version,
            rules=said.rules,
            command=command,
            recorded_at=recorded_at,
            accepted=accepted,
            state=outcome.state,
            refusals=tuple((one.clause, one.facts) for one in outcome.refusals),
            notes=tuple((one.clause, one.facts) for one in outcome.notes),
            waived=tuple(outcome.waived),
            prev=said.prev,
            body=body,
            seal=seal(body),
        )


def _no_floats(text: str) -> float:
    raise ValueError(text)


_DECODE = json.JSONDecoder(parse_float=_no_floats).decode


def said_by(answer: Answer) -> Words:
    """What the clauses said of an answer: those that refuse, those that only note, those waived."""
    if isinstance(answer, Accepted):
        return (), tuple((note.clause, note.facts) for note in answer.notes), answer.waived
    return tuple((refusal.clause, refusal.facts) for refusal in answer.refusals), (), ()


def _document(case: Case, command: Command, recorded_at: datetime, answer: Answer) -> dict[str, Any]:
    """An entry as it is written; docs/reference/entry.md says the same."""
    accepted = isinstance(answer, Accepted)
    refusals, notes, waived = said_by(answer)
    return {
        "format": FORMAT,
        "shop": case.shop,
        "case": case.id,
        "workflow": case.workflow,
        "seq": answer.seq,
        "version": answer.version,
        "rules": case.rules,
        "command": _command(command),
        "recorded_at": instant(recorded_at),
        "outcome": {
            "answer": "accepted" if accepted else "refused",
            "state": answer.state,
            "event": command.name if accepted else None,
            "refusals": [{"clause": id_, "facts": facts} for id_, facts in refusals],
            "notes": [{"clause": id_, "facts": facts} for id_, facts in notes],
            "waived": [*waived],
        },
        "prev": case.head,
    }


def _command(command: Command) -> dict[str, Any]:
    late = command.late
    return {
        "id": command.id,
        "name": command.name,
        "actor": {"id": command.actor.id, "role": command.actor.role},
        "occurred_at": None if command.occurred_at is None else instant(command.occurred_at),
        "late": None if late is None else {"reason": late.reason.document(), "paper": late.paper},
        "facts": command.facts.document(),
    }


def _read_command(said: CommandDocument, events: Mapping[str, type[Event]]) -> Command:
    late = said.late
    return Command(
        id=said.id,
        actor=Actor(said.actor.id, said.actor.role),
        facts=events[said.name].from_journal(said.facts),
        occurred_at=None if said.occurred_at is None else moment(said.occurred_at),
        late=None if late is None else Late(Personal.from_document(late.reason), late.paper),
    )
