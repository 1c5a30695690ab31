"""Facts of the quotation: its lines, what was checked and disclosed for each, and the ways it may end."""

from __future__ import annotations

from engine.events.event import Attachment, Code, Event, Flag, Instant, Money
from engine.events.personal import Words
from engine.text import Word


class OperationKind(Word):
    """What kind of work a line is."""

    REPAIR_WORK = "repair_work", "维修作业", "repair work"
    MAINTENANCE_WORK = "maintenance_work", "保养作业", "maintenance work"
    DIAGNOSIS = "diagnosis", "检测诊断", "diagnosis"


class PayType(Word):
    """Who is expected to pay a line."""

    CUSTOMER_PAY = "customer_pay", "客户付费", "customer"
    WARRANTY = "warranty", "索赔", "warranty"
    INSURANCE_PAY = "insurance_pay", "保险赔付", "insurance"
    GOODWILL = "goodwill", "优惠", "goodwill"
    FREE = "free", "免费", "free"


class PayerStatus(Word):
    """How sure the payer is."""

    PROVISIONAL = "provisional", "暂定", "provisional"
    CONFIRMED = "confirmed", "确定", "confirmed"


class PartOrigin(Word):
    """Where a part comes from."""

    DOMESTIC = "domestic", "国产", "domestic"
    IMPORTED = "imported", "进口", "imported"
    OEM_PART = "oem_part", "原厂", "original"
    OTHER_ORIGIN = "other_origin", "其他来源", "other origin"


class RiskReason(Word):
    """Why a warranty claim might be refused."""

    USE = "use", "使用原因", "use"
    FUEL = "fuel", "油品质量", "fuel quality"
    THIRD_PARTY_REPAIR = "third_party_repair", "外修", "repair elsewhere"
    WEAR = "wear", "磨损", "wear"
    OTHER_RISK = "other_risk", "其他原因", "other"


class LineQuoted(Event):
    """One line of the quotation: an operation with its labour and, if it has one, its part. Amounts in yuan.

    `symptom_id` names the complaint that it answers, `request_id` the customer's request that it fulfils.
    """

    line_id: Code
    operation_kind: OperationKind | None = None
    symptom_id: Code | None = None
    request_id: Code | None = None
    labour_amount: Money | None = None
    part_no: Code | None = None
    part_origin: PartOrigin | None = None
    parts_amount: Money | None = None
    pay_type: PayType | None = None
    payer_status: PayerStatus | None = None
    charge_accepted: Flag | None = None


class StockChecked(Event):
    """The stock of a part was looked up."""

    part_no: Code
    in_stock: Flag | None = None


class RiskDisclosed(Event):
    """The customer was told that a warranty line may become chargeable, how much, and consented by signature."""

    line_id: Code
    risk_reason: RiskReason | None = None
    possible_charge: Money | None = None
    consent_signature: Attachment | None = None


class CauseDetermined(Event):
    """The workshop found the cause of a symptom."""

    symptom_id: Code
    workshop_cause: Code


class RequestRecorded(Event):
    """The customer asked for something, chargeable or not."""

    request_id: Code
    chargeable: Flag | None = None


class QuoteIssued(Event):
    """Lines, price and completion time were put to the customer; `explained`: each was explained."""

    eta: Instant | None = None
    explained: Flag | None = None


class QuotationDeclined(Event):
    """The customer declined the whole quotation."""

    cancel_reason: Words | None = None
    keys_returned: Flag | None = None


class SupplementDeclined(Event):
    """The customer declined the supplement; the order goes on with what was signed before."""

    decline_reason: Words | None = None


class OrderWithdrawn(Event):
    """The customer withdrew before work began."""

    cancel_reason: Words | None = None
    keys_returned: Flag | None = None


class VehicleWithdrawn(Event):
    """The customer took the vehicle away from the workshop."""

    cancel_reason: Words | None = None
    keys_returned: Flag | None = None
