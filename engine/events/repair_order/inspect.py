"""Facts of the interview, the walk-around and the observation of a symptom."""

from __future__ import annotations

from engine.events.event import Attachment, Code, Count, Event, Flag, Percent
from engine.events.personal import Words
from engine.text import Word


class ComplaintType(Word):
    """What kind of fault is complained of."""

    NOISE = "noise", "异响", "noise"
    ELECTRICAL = "electrical", "电气线路", "electrical"
    OTHER = "other", "其他", "other"


class CloseReason(Word):
    """Why a complaint line would be closed without a repair."""

    WITHDRAWN_BY_CUSTOMER = "withdrawn_by_customer", "客户撤回", "withdrawn by the customer"
    NOT_EXISTING = "not_existing", "判为不存在", "judged not to exist"


class FindingResult(Word):
    """What is wrong at a checkpoint of the walk-around."""

    DAMAGED = "damaged", "损伤", "damaged"
    ABNORMAL = "abnormal", "异常", "abnormal"
    MISSING = "missing", "缺失", "missing"


class ObservationChoice(Word):
    """How a symptom that did not show is observed."""

    IN_USE = "in_use", "继续使用观察", "in use by the customer"
    IN_SHOP = "in_shop", "留厂观察", "in the workshop"


class ComplaintRecorded(Event):
    """One fault, in the customer's words, with how often and in what condition it shows."""

    symptom_id: Code
    complaint_type: ComplaintType | None = None
    customer_words: Words | None = None
    frequency: Words | None = None
    operating_condition: Words | None = None


class SymptomChecked(Event):
    """A complaint was checked at the vehicle.

    `reproduced`: the symptom showed; `customer_confirmed_same`: customer and advisor agree that it is the one
    complained of; `verified_component`: the code of the part verified physically; `suspected_cause`: a cause, if one
    was written down; `prior_repair_checked`: the surroundings were examined for traces of an earlier repair.
    """

    symptom_id: Code
    reproduced: Flag | None = None
    customer_confirmed_same: Flag | None = None
    verified_component: Code | None = None
    suspected_cause: Code | None = None
    prior_repair_checked: Flag | None = None


class ComplaintClosed(Event):
    """A complaint line was taken off the order without a repair."""

    symptom_id: Code
    reason: CloseReason | None = None


class WalkaroundStarted(Event):
    """The walk-around began; `customer_present`: together with the customer."""

    customer_present: Flag | None = None


class WalkaroundFinished(Event):
    """The walk-around ended."""


class FindingNoted(Event):
    """Something not in order at a checkpoint; `written_on_order`: it stands on the order."""

    finding_id: Code
    checkpoint: Code | None = None
    result: FindingResult | None = None
    written_on_order: Flag | None = None


class FindingTold(Event):
    """A finding was pointed out to the customer, with what should be done about it."""

    finding_id: Code
    proposed_handling: Code | None = None


class ConditionAcknowledged(Event):
    """The customer signed the recorded condition of the vehicle."""

    condition_signature: Attachment | None = None


class InspectionCompleted(Event):
    """Interview, pre-check and walk-around are done.

    Odometer readings in km, fuel level in percent; a reading below the previous one needs a note.
    """

    odometer_in_km: Count | None = None
    previous_odometer_km: Count | None = None
    odometer_note: Words | None = None
    fuel_percent: Percent | None = None


class ObservationChosen(Event):
    """For a symptom that did not show, the customer chose how it is observed; the cycle is in days."""

    symptom_id: Code
    observation_choice: ObservationChoice | None = None
    observation_cycle_days: Count | None = None


class SymptomSeen(Event):
    """The symptom under observation showed."""

    symptom_id: Code


class VehicleReturned(Event):
    """The customer came back with the vehicle under observation."""


class DeclaredGone(Event):
    """The symptom is declared gone and its observation closed."""

    symptom_id: Code
