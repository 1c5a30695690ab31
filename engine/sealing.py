"""Sealing a command: personal values out, commitments in; and telling a retried command from another one.

Must live here: what is compared and what is kept apart. Must not be known here: where values are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from engine.canonical import canonical
from engine.command import Command, Late
from engine.errors import BadCommand
from engine.events.common import CaseOpened
from engine.events.personal import Personal
from engine.ports import NewSalt

LATE_REASON = "late.reason"
"""The path of the one personal value that is not a field of the fact."""

Kept = Mapping[str, tuple[bytes, str]]
"""Salt and value of each personal value that was not erased, by path."""


@dataclass(frozen=True, slots=True)
class SealedCommand:
    """A command without personal values, and what stays beside the journal: path, salt and value of each."""

    command: Command
    subject: str
    values: tuple[tuple[str, bytes, str], ...]


def seal(command: Command, case: str, new_salt: NewSalt) -> SealedCommand:
    """Replace every personal value by a salted commitment. Their subject is the fact's, or the case itself.

    Raises BadCommand for a commitment that does not come from here.
    """
    for where, value in _personal(command):
        if value.value is None:
            raise BadCommand(where=where, expected="a value in clear; only a journal holds commitments")
    clear = command.facts.clear_values()
    late = command.late
    if not clear and late is None:
        return SealedCommand(command, case, ())
    salts = {path: new_salt() for path in clear}
    values = [(path, salts[path], value.value or "") for path, value in clear.items()]
    if late is not None:
        salt = new_salt()
        values.append((LATE_REASON, salt, late.reason.value or ""))
        late = Late(late.reason.sealed(salt), late.paper)
    sealed = replace(command, facts=command.facts.sealed(salts.__getitem__), late=late)
    return SealedCommand(sealed, command.facts.subject or case, tuple(values))


def _personal(command: Command) -> Iterator[tuple[str, Personal]]:
    """Every personal value of a command, in clear or not, with its path."""
    given = ((name, getattr(command.facts, name)) for name in command.facts.personal)
    yield from ((f"{command.name}.{name}", value) for name, value in given if value is not None)
    if command.late is not None:
        yield LATE_REASON, command.late.reason


def is_same(recorded: Command, again: Command, kept: Kept) -> bool:
    """The command in clear is the recorded one: recommitted with the kept salts; what was erased is not compared."""
    if isinstance(again.facts, CaseOpened):
        return isinstance(recorded.facts, CaseOpened) and recorded.actor == again.actor
    if type(recorded.facts) is not type(again.facts):
        return False
    facts = again.facts.model_copy(
        update={
            name: _recommitted(value, kept.get(name), getattr(recorded.facts, name))
            for name, value in again.facts.clear_values().items()
        }
    )
    late = again.late
    if late is not None:
        was = recorded.late.reason if recorded.late else None
        late = Late(_recommitted(late.reason, kept.get(LATE_REASON), was), late.paper)
    same_frame = (recorded.actor, recorded.occurred_at, recorded.late) == (
        again.actor,
        again.occurred_at,
        late,
    )
    return same_frame and canonical(recorded.facts.document()) == canonical(facts.document())


def _recommitted(value: Personal, kept: tuple[bytes, str] | None, recorded: Personal | None) -> Personal:
    if kept is not None:
        return value.sealed(kept[0])
    if recorded is not None and (recorded.given, recorded.valid) == (value.given, value.valid):
        return recorded
    return value.sealed(b"")
