"""Holds: what the law wants kept is not erased, whoever asks, until the hold is lifted.

Must live here: how a hold is placed and lifted, each with its entry. Must not be known here: SQL, what erasing is.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.canonical import instant
from engine.command import Command, Refused, identifier
from engine.desk import Sitting
from engine.erasure import Ledger
from engine.errors import BadCommand
from engine.events.ledger import HoldLifted, HoldPlaced
from engine.events.personal import Personal
from engine.states.ledger import LEDGER
from engine.store import Erasures, Hold, HostConnection
from engine.text import Text

_IN_FORCE = Text("一项有效保全的编号：{numbers}", "the number of a hold in force: {numbers}")
_TARGET = Text("信息主体或单号，二者取一", "a subject or a case, one of the two")


class Placed(NamedTuple):
    """A legal hold: its number, which is its entry in the ledger, and how many values it keeps at present."""

    number: int
    values: int


def place(ledger: Ledger, subject: str | None, case: str | None, reason: str, connection: HostConnection) -> Placed:
    """Put a hold on a subject or a case. Raises what `Shop.place_hold` raises."""
    if (subject is None) == (case is None):
        raise BadCommand(where="hold", expected=_TARGET)
    whose = None if subject is None else Personal.clear(identifier("subject", subject))
    fact = HoldPlaced.read({"whose": whose, "case": case, "reason": reason})
    return ledger.sit(lambda sitting: _placed(ledger, sitting, subject, fact), connection)


def _placed(ledger: Ledger, sitting: Sitting, subject: str | None, fact: HoldPlaced) -> Placed | Refused:
    shop, erasures = ledger.desk.shop, Erasures(sitting.transaction)
    if fact.case is not None:
        ledger.desk.head(sitting.transaction, fact.case)
    head, answered = sitting.transaction.lock(shop, LEDGER, ledger.id)
    if head is None:
        ledger.opened(sitting)
    answer = sitting.apply(LEDGER, Command(ledger.id, ledger.by, fact), None)
    if isinstance(answer, Refused):
        erasures.drop(shop, answer.seq)
        return answer
    if not answered:
        now = instant(sitting.written[-1].recorded_at)
        erasures.place(Hold(shop, answer.seq, subject, fact.case, fact.reason, now))
    return Placed(answer.seq, erasures.on_hold(shop, subject, fact.case))


def lift(ledger: Ledger, number: int, reason: str, connection: HostConnection) -> None:
    """End a hold. Raises what `Shop.lift_hold` raises."""
    fact = HoldLifted.read({"hold": number, "reason": reason})
    ledger.sit(lambda sitting: _lifted(ledger, sitting, fact), connection)


def _lifted(ledger: Ledger, sitting: Sitting, fact: HoldLifted) -> Refused | None:
    shop, erasures = ledger.desk.shop, Erasures(sitting.transaction)
    _, answered = sitting.transaction.lock(shop, LEDGER, ledger.id)
    numbers = [hold.number for hold in erasures.holds() if hold.shop == shop]
    if not answered and fact.hold not in numbers:
        raise BadCommand(where="hold", expected=_IN_FORCE.render({"numbers": numbers}))
    answer = sitting.apply(LEDGER, Command(ledger.id, ledger.by, fact), None)
    if isinstance(answer, Refused):
        return answer
    erasures.lift(shop, fact.hold)
    erasures.drop(shop, fact.hold)
    return None
