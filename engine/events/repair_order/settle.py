"""Facts of delivery: hand-over check, price, statement, documents, notice, explanation, signature, payment."""

from __future__ import annotations

from engine.events.event import Attachment, Code, Event, Flag, Money
from engine.events.personal import Words
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


class NoticeResult(Word):
    """Whether the customer was reached."""

    REACHED = "reached", "已联系上", "reached"
    NOT_REACHED = "not_reached", "未联系上", "not reached"


class LineConfirmedDone(Event):
    """The advisor confirmed that one line of the order is done."""

    line_id: Code
    done: Flag | None = None


class HandoverSigned(Event):
    """The advisor examined papers and vehicle and signed the key-received box."""

    documents_checked: Flag | None = None
    vehicle_checked: Flag | None = None
    key_received_signature: Attachment | None = None


class LinePriceDecided(Event):
    """A manager decided what becomes of a line that rose above what was signed."""

    line_id: Code
    decision: PriceDecision | None = None
    consent_evidence: Attachment | None = None


class TotalDecided(Event):
    """A manager decided, with the customer's consent, up to what total the order may be billed (yuan)."""

    approved_total: Money | None = None
    consent_evidence: Attachment | None = None


class StatementLineListed(Event):
    """One line of the statement. Amounts in yuan; `action` is the report's code, `advice_id` the advice printed."""

    line_id: Code
    line_type: LineType | None = None
    worded_from: WordedFrom | None = None
    labour_amount: Money | None = None
    parts_amount: Money | None = None
    advice_id: Code | None = None


class StatementPrinted(Event):
    """The settlement statement was printed."""

    statement_no: Code | None = None
    printed_from: PrintedFrom | None = None


class StatementRechecked(Event):
    """The advisor checked the printed statement again."""


class DocumentsReadied(Event):
    """The documents of delivery, each as it stands."""

    order_advice_signed: Flag | None = None
    statement_signed_by_advisor: Flag | None = None
    maintenance_sheet_signed: Flag | None = None
    parts_issue_slip_id: Code | None = None
    booklet_stamped: Flag | None = None
    next_service_entered: Flag | None = None


class CustomerNotified(Event):
    """The customer was called to collect the vehicle."""

    result: NoticeResult | None = None


class LineExplained(Event):
    """One line of the statement was explained to the customer."""

    line_id: Code


class StatementSigned(Event):
    """The customer signed the statement and, after a maintenance, the maintenance sheet."""

    statement_signature: Attachment | None = None
    maintenance_sheet_signature: Attachment | None = None


class CustomerCopyReturned(Event):
    """The customer gave the copy of the order back."""

    customer_copy_no: Code | None = None


class CustomerCopyLost(Event):
    """The customer has lost the copy; `identity_checked`: somebody checked who collects."""

    identity_checked: Flag | None = None


class CopyLossAccepted(Event):
    """A manager noted that the vehicle may go without the copy."""

    manager_note: Words | None = None


class Paid(Event):
    """Paid, receipt issued, keys to the customer. Amount in yuan."""

    amount: Money | None = None
    receipt_no: Code | None = None
