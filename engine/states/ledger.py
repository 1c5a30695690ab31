"""The ledger of a shop: entries that belong to no repair order. One case, in one state, in which facts are recorded."""

from __future__ import annotations

from engine.events import ledger
from engine.roles import Role as R
from engine.states.workflow import Workflow, note
from engine.text import Text, Word

LEDGER = "ledger"
"""The workflow, and the id of the one case that each shop has of it."""
LOG = "ledger"
"""The id of no shop, but of the log itself: in its ledger stands what concerns all shops."""


class State(Word):
    """Where a ledger stands: it never moves. Its state is an end, so that no list of open work shows it."""

    RECORDING = "recording", "记录中", "recording"


_MAY_SEE = {*R} - {R.CUSTOMER, R.SENDER, R.OEM}
_MAY_ERASE = {R.SERVICE_MANAGER, R.SYSTEM}
"""Who answers for the records of a shop, and the sweep that ends their terms. A hold is no program's to place."""

WORKFLOW = Workflow(
    name=LEDGER,
    label=Text(zh="门店台账", en="Ledger of the shop"),
    states=State,
    initial=str(State.RECORDING),
    ends=frozenset({str(State.RECORDING)}),
    rows=(
        *note(ledger.PersonalRevealed, State, _MAY_SEE, "给出个人信息", "Personal data revealed"),
        *note(ledger.HeadsRecorded, State, {R.SYSTEM}, "记录各单链头", "Heads recorded"),
        *note(ledger.KeyAnnounced, State, {R.SYSTEM}, "公布签名密钥", "Signing key announced"),
        *note(ledger.JournalExported, State, _MAY_SEE, "导出日志", "Journal exported"),
        *note(ledger.SubjectRestricted, State, _MAY_ERASE, "限制个人信息", "Personal data restricted"),
        *note(ledger.SubjectErased, State, _MAY_ERASE, "抹除个人信息", "Personal data erased"),
        *note(ledger.HoldPlaced, State, {R.SERVICE_MANAGER}, "法律保全", "Legal hold placed"),
        *note(ledger.HoldLifted, State, {R.SERVICE_MANAGER}, "解除保全", "Legal hold lifted"),
    ),
    path=(),
    keeper=R.SYSTEM,
    remembers=False,
)
