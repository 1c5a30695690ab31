"""The ledger of a shop: entries that belong to no repair order. One case, in one state, in which facts are recorded."""

from __future__ import annotations

from engine.events import ledger
from engine.roles import Role as R
from engine.states.workflow import Workflow, note
from engine.text import Text, Word

LEDGER = "ledger"
"""The workflow, and the id of the one case that each shop has of it."""


class State(Word):
    """Where a ledger stands: it never moves. Its state is an end, so that no list of open work shows it."""

    RECORDING = "recording", "记录中", "recording"


_MAY_SEE = {*R} - {R.CUSTOMER, R.SENDER, R.OEM}

WORKFLOW = Workflow(
    name=LEDGER,
    label=Text(zh="门店台账", en="Ledger of the shop"),
    states=State,
    initial=str(State.RECORDING),
    ends=frozenset({str(State.RECORDING)}),
    rows=note(ledger.PersonalRevealed, State, _MAY_SEE, "给出个人信息", "Personal data revealed"),
    path=(),
    keeper=R.SYSTEM,
    remembers=False,
)
