"""Facts of departure and of what follows it."""

from __future__ import annotations

from engine.events.event import Code, Count, Event, Flag
from engine.text import Word


class FollowUpOutcome(Word):
    """How the follow-up case was closed."""

    CALLED = "called", "已回访", "called"
    NO_CONSENT = "no_consent", "客户不同意回访", "no consent to calls"
    UNREACHABLE = "unreachable", "多次未联系上", "unreachable"


class KitRemoved(Event):
    """The protection kit was taken off."""

    customer_present: Flag | None = None


class GatePassIssued(Event):
    """The customer received a gate pass with the receipt."""

    gate_pass_no: Code | None = None


class VehicleLeft(Event):
    """Security let the vehicle out against the gate pass."""

    gate_pass_no: Code | None = None


class FollowUpClosed(Event):
    """The follow-up case is closed; recorded by the host until the follow-up workflow exists."""

    follow_up_case_id: Code | None = None
    outcome: FollowUpOutcome | None = None
    open_complaints: Count | None = None


class ComebackOpened(Event):
    """The same fault came back: a new order was opened and linked; this one stays closed."""

    linked_order_id: Code | None = None
    same_symptom: Flag | None = None
    manager_informed: Flag | None = None
