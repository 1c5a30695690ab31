"""Facts of the quotation: its lines, what was checked and disclosed for each, and the ways it may end."""

from __future__ import annotations

from engine.events.event import Attachment, Code, Count, Event, Flag, Instant, Money, Percent, optional, required
from engine.events.personal import Contact, Words
from engine.events.repair_order.progress import NoticeChannel
from engine.text import Word


class OperationKind(Word):
    """What kind of work a line is."""

    REPAIR_WORK = "repair_work", "维修作业", "repair work"
    MAINTENANCE_WORK = "maintenance_work", "保养作业", "maintenance work"
    DIAGNOSIS = "diagnosis", "检测诊断", "diagnosis"
    OVERHAUL = "overhaul", "大修（大事故维修、总成大修）", "overhaul (major accident repair, assembly overhaul)"


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


class Initiator(Word):
    """Who asked for a line."""

    CUSTOMER = "customer", "客户", "customer"
    ADVISOR = "advisor", "服务顾问推荐", "the advisor"
    WORKSHOP = "workshop", "车间", "workshop"


class RepairCategory(Word):
    """What an order is counted as; the first three count for customer churn."""

    FIRST_SERVICE = "first_service", "首保", "first service"
    PERIODIC_MAINTENANCE = "periodic_maintenance", "定期保养", "periodic maintenance"
    GENERAL_REPAIR = "general_repair", "一般维修", "general repair"
    ACCIDENT = "accident", "事故车", "accident"
    DECORATION = "decoration", "装潢", "decoration"
    RELATED_BUSINESS = "related_business", "关联业务", "related business"


class EtiquetteItem(Word):
    """What a spot check of etiquette looks at."""

    SERVICE_GESTURES = "service_gestures", "服务手势", "gestures towards the customer"
    QUOTING_GESTURES = "quoting_gestures", "报价手势", "gestures when presenting the price"


class LineQuoted(Event):
    """One line of the quotation: an operation with its labour and, if it has one, its part.

    A line with an operation code is printed as a standard operation, one without as free text.
    """

    line_id: Code = required("委托项目编号", "the line of the order")
    operation_kind: OperationKind | None = optional("作业类别", "what kind of work it is")
    operation_code: Code | None = optional(
        "标准项目编码（手工描述则不填）", "code of a standard operation; none is free text"
    )
    definite: Flag | None = optional("维修项目已明确", "it is definite what has to be done")
    symptom_id: Code | None = optional("对应的报修项", "the complaint that it answers")
    request_id: Code | None = optional("对应的客户要求", "the customer's request that it fulfils")
    initiated_by: Initiator | None = optional("由谁提出", "who asked for it")
    finding_id: Code | None = optional("依据的检查发现", "the finding that it rests on")
    dismantling_needed: Flag | None = optional("诊断需拆解", "the diagnosis needs dismantling")
    labour_amount: Money | None = optional("工时费（元）", "price of the labour, in yuan")
    planned_hours_tenths: Count | None = optional("计划工时（0.1 小时）", "planned labour, in tenths of an hour")
    part_no: Code | None = optional("备件号", "the part number")
    part_origin: PartOrigin | None = optional("备件来源", "where the part comes from")
    parts_amount: Money | None = optional("备件价（元）", "price of the part, in yuan")
    pay_type: PayType | None = optional("承担方", "who is expected to pay")
    payer_status: PayerStatus | None = optional("承担方是否确定", "how sure the payer is")
    charge_accepted: Flag | None = optional("客户已认可收费", "the customer accepted the charge")


class StockChecked(Event):
    """The stock of a part was looked up."""

    part_no: Code = required("备件号", "the part number")
    in_stock: Flag | None = optional("有库存", "whether it is in stock")


class RiskDisclosed(Event):
    """The customer was told that a warranty line may become chargeable, and consented."""

    line_id: Code = required("委托项目编号", "the line of the order")
    risk_reason: RiskReason | None = optional("可能不能索赔的原因", "why the claim might be refused")
    possible_charge: Money | None = optional("可能的收费（元）", "the possible charge, in yuan")
    consent_signature: Attachment | None = optional("客户同意签字", "the customer's signature of consent")


class InspectionFeeAgreed(Event):
    """The customer was told what dismantling for the diagnosis costs if warranty is refused, and consented."""

    line_id: Code = required("委托项目编号", "the line of the order")
    inspection_fee: Money | None = optional("检查拆装费（元）", "the inspection or dismantling fee, in yuan")
    consent_signature: Attachment | None = optional("客户同意签字", "the customer's signature of consent")


class NextStepAgreed(Event):
    """For a fault that showed and whose repair plan is open: when the plan will be settled and how it is told."""

    symptom_id: Code = required("报修项编号", "the complaint")
    plan_due_at: Instant | None = optional("确定维修方案的时间", "when the repair plan will be settled")
    contact_channel: NoticeChannel | None = optional("联系方式", "how the customer will be told")
    contact: Contact | None = optional("联系号码或地点", "the number, account or place")


class RequestRecorded(Event):
    """The customer asked for something."""

    request_id: Code = required("客户要求编号", "the request")
    chargeable: Flag | None = optional("是否收费", "whether it is charged for")


class RequestRestated(Event):
    """The advisor said a request back to the customer."""

    request_id: Code = required("客户要求编号", "the request")
    confirmed_by_customer: Flag | None = optional("客户已确认", "the customer said that it is right")


class QuoteIssued(Event):
    """Lines, price and completion time were put to the customer."""

    eta: Instant | None = optional("预计完工时间", "estimated completion")
    explained: Flag | None = optional("已逐项解释", "each line was explained")
    repair_category: RepairCategory | None = optional("维修类别", "what the order is counted as")


class EtiquetteScored(Event):
    """A spot check scored the advisor's manners."""

    audit_item: EtiquetteItem = required("抽检项目", "what was looked at")
    score: Percent | None = optional("得分（百分制）", "the score, out of a hundred")


class QuotationDeclined(Event):
    """The customer declined the whole quotation."""

    cancel_reason: Words | None = optional("取消原因", "why the order is cancelled")
    keys_returned: Flag | None = optional("钥匙已归还", "the keys were given back")


class SupplementDeclined(Event):
    """The customer declined the supplement; the order goes on with what was signed before."""

    decline_reason: Words | None = optional("拒绝原因", "why it was declined")


class OrderWithdrawn(Event):
    """The customer withdrew before work began."""

    cancel_reason: Words | None = optional("取消原因", "why the order is cancelled")
    keys_returned: Flag | None = optional("钥匙已归还", "the keys were given back")


class VehicleWithdrawn(Event):
    """The customer took the vehicle away from the workshop."""

    cancel_reason: Words | None = optional("取消原因", "why the order is cancelled")
    keys_returned: Flag | None = optional("钥匙已归还", "the keys were given back")
