"""Facts of the workshop: hand-over, dispatch, operations, parts, findings, advice, interruptions."""

from __future__ import annotations

from engine.events.event import Attachment, Code, Count, Event, Flag, Instant, Money, Percent
from engine.events.personal import Words
from engine.events.repair_order.quote import PartOrigin
from engine.text import Word


class OperationResult(Word):
    """What came of an operation."""

    DONE = "done", "已完成", "done"
    NOT_DONE = "not_done", "未完成", "not done"


class FollowUp(Word):
    """What becomes of extra work that a technician found."""

    SUPPLEMENT_NOW = "supplement_now", "立即增项", "supplement now"
    BOOK_LATER = "book_later", "另行预约", "book later"
    DROPPED = "dropped", "不再处理", "dropped"


class SuspendReason(Word):
    """Why work rests."""

    WAITING_PARTS = "waiting_parts", "待件", "waiting for parts"
    WAITING_CUSTOMER = "waiting_customer", "待客户决定", "waiting for the customer"
    WAITING_SYMPTOM = "waiting_symptom", "待故障再现", "waiting for the symptom"


class Zone(Word):
    """Where a vehicle stands."""

    INTERRUPTED = "interrupted", "维修中断区", "interrupted-repair zone"
    BAY = "bay", "工位", "bay"
    YARD = "yard", "停车区", "yard"


class ReplaceBefore(Word):
    """By when a worn part has to be replaced."""

    NOW = "now", "立即", "now"
    BEFORE_NEXT_SERVICE = "before_next_service", "下次保养前", "before the next service"
    LATER = "later", "下次保养后", "after the next service"


class AcceptanceRecorded(Event):
    """The vehicle was accepted with its existing damage, each as a code of the job order; none is an empty list."""

    damage_entries: tuple[Code, ...] | None = None


class OrderHandedToWorkshop(Event):
    """Order and keys went to the workshop; `received_by` is who took them."""

    order_handed: Flag | None = None
    keys_handed: Flag | None = None
    received_by: Code | None = None


class WorkDispatched(Event):
    """Work was assigned to a technician whose skill and free hours fit; hours in tenths."""

    technician_id: Code | None = None
    skill_ok: Flag | None = None
    hours_available_tenths: Count | None = None


class OperationStarted(Event):
    """A technician began one line."""

    line_id: Code


class OperationReported(Event):
    """The repair report of one line: what was done, as a code, and with what result."""

    line_id: Code
    action: Code | None = None
    result: OperationResult | None = None


class ProgressNoted(Event):
    """How far the work is, in percent, told to the customer or not."""

    percent_done: Percent | None = None
    told_to_customer: Flag | None = None


class EtaChanged(Event):
    """A new promised time, explained, confirmed by the customer, its consent kept."""

    new_promised_at: Instant | None = None
    reason: Words | None = None
    customer_confirmed: Flag | None = None
    consent_evidence: Attachment | None = None


class PartIssued(Event):
    """The store issued a part for a line. Amount in yuan for the line."""

    line_id: Code
    part_no: Code
    part_origin: PartOrigin | None = None
    parts_amount: Money | None = None


class ExtraWorkFound(Event):
    """A technician wrote down an omission or extra work, and what becomes of it."""

    finding_id: Code
    follow_up: FollowUp | None = None


class SupplementFound(Event):
    """A supplement was put to the customer: what was found, why, and the new time. Its lines were quoted before."""

    finding_id: Code | None = None
    told_to_customer: Flag | None = None
    reason: Words | None = None
    new_promised_at: Instant | None = None


class AdviceGiven(Event):
    """A worn or unsafe part was advised for replacement.

    `measured_tenths_mm`: the measurement in tenths of a millimetre; `wording`: the template that names the risk.
    """

    advice_id: Code
    safety_related: Flag | None = None
    replace_before: ReplaceBefore | None = None
    measured_tenths_mm: Count | None = None
    wording: Code | None = None
    noted_on_order: Flag | None = None
    line_id: Code | None = None


class AdviceDeclined(Event):
    """The customer declined an advice and signed for it."""

    advice_id: Code
    decline_reason: Words | None = None
    decline_signature: Attachment | None = None


class WorkSuspended(Event):
    """Work rests: why, and where the vehicle stands."""

    suspend_reason: SuspendReason | None = None
    vehicle_zone: Zone | None = None


class WorkResumed(Event):
    """The reason is gone; work goes on."""


class WorkFinished(Event):
    """The technician has finished; the repair report is written."""
