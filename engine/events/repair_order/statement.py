"""Facts of price and statement: what a manager decides, what is listed, printed and checked again."""

from __future__ import annotations

from engine.events.event import Attachment, Code, Event, Flag, Money, optional, required
from engine.events.repair_order.work import OperationResult
from engine.text import Word


class PriceDecision(Word):
    """What a manager decides about a line that rose unannounced."""

    BILL_QUOTED = "bill_quoted", "按原报价结算", "bill at the quoted price"
    REPLACE_PART = "replace_part", "换回原报价件", "replace by the quoted part"
    CUSTOMER_CONSENTS = "customer_consents", "说明后客户同意", "the customer consents"


class LineType(Word):
    """What a line of the statement is."""

    OPERATION = "operation", "作业项目", "operation"
    ADVICE = "advice", "建议提醒", "advice"


class WordedFrom(Word):
    """Where the wording of a statement line comes from."""

    REPAIR_REPORT = "repair_report", "维修报告", "repair report"
    COMPLAINT = "complaint", "报修描述", "complaint"


class PrintedFrom(Word):
    """What printed the statement."""

    DMS = "dms", "品牌DMS", "brand DMS"
    HAND = "hand", "手工", "by hand"


class AccountType(Word):
    """Whose account a statement is for."""

    CUSTOMER = "customer", "客户", "customer"
    WARRANTY = "warranty", "索赔", "warranty"
    INSURANCE = "insurance", "保险", "insurance"
    INTERNAL = "internal", "内部", "internal"


class LinePriceDecided(Event):
    """A manager decided what becomes of a line that rose above what was signed."""

    line_id: Code = required("委托书项目号", "line of the order")
    decision: PriceDecision | None = optional("经理的裁定", "what the manager decided")
    consent_evidence: Attachment | None = optional("客户同意的凭证", "evidence of the customer's consent")


class TotalDecided(Event):
    """A manager decided, with the customer's consent, up to what total the order may be billed."""

    approved_total: Money | None = optional("批准的结算总额（元）", "the total approved (yuan)")
    consent_evidence: Attachment | None = optional("客户同意的凭证", "evidence of the customer's consent")


class StatementLineListed(Event):
    """One line of the statement: an operation with its charge and its result, or an advice printed as words."""

    line_id: Code = required(
        "结算单项目号；作业与委托书项目号相同", "line of the statement; an operation's is its order line"
    )
    line_type: LineType | None = optional("作业项目或建议提醒", "operation or advice")
    worded_from: WordedFrom | None = optional("文字出自何处", "where its wording comes from")
    labour_amount: Money | None = optional("工时费（元）", "charge for labour (yuan)")
    parts_amount: Money | None = optional("备件费（元）", "charge for parts (yuan)")
    result: OperationResult | None = optional("单上写明的作业结果", "the result that the line states")
    advice_id: Code | None = optional("所印的建议", "the advice that is printed")


class StatementPrinted(Event):
    """The settlement statement was printed, as one of those of its order where it has several accounts."""

    statement_no: Code | None = optional("结算单号", "number of the statement")
    printed_from: PrintedFrom | None = optional("由何处打印", "what printed it")
    account_type: AccountType | None = optional("账类", "whose account it is for")
    given_to_customer: Flag | None = optional("交给客户", "it goes to the customer")


class StatementRechecked(Event):
    """The advisor checked the printed statement again."""
