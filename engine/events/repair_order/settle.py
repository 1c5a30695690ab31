"""Facts of settlement: documents, notice, the customer's copy, payment."""

from __future__ import annotations

from engine.events.event import Code, Event, Flag, Instant, Money, optional
from engine.events.personal import Words
from engine.events.repair_order.progress import NoticeChannel
from engine.text import Word


class DeliveryPaper(Word):
    """What has to be ready of the papers of delivery; each is a field of `DocumentsReadied`."""

    ORDER_ADVICE = "order_advice_signed", "写明使用建议并签名的委托书", "the order with usage advice, signed"
    STATEMENT = "statement_signed_by_advisor", "签名的结算单", "the statement, signed"
    MAINTENANCE_SHEET = "maintenance_sheet_signed", "签名的定期保养单", "the maintenance sheet, signed"
    BOOKLET = "booklet_stamped", "盖章的保养手册", "the maintenance booklet, stamped"
    NEXT_SERVICE = "next_service_entered", "保养手册上的下次保养信息", "the next service in the booklet"
    ISSUE_SLIP = "parts_issue_slip_id", "备件出库单", "the parts issue slip"


class NoticeResult(Word):
    """Whether the customer was reached."""

    REACHED = "reached", "已联系上", "reached"
    NOT_REACHED = "not_reached", "未联系上", "not reached"


class DocumentsReadied(Event):
    """The documents of delivery, each as it stands."""

    order_advice_signed: Flag | None = optional(
        "委托书已写使用建议并签名", "the order carries usage advice and is signed"
    )
    statement_signed_by_advisor: Flag | None = optional(
        "结算单已由服务顾问签名", "the advisor has signed the statement"
    )
    maintenance_sheet_signed: Flag | None = optional("定期保养单已签名", "the maintenance sheet is signed")
    parts_issue_slip_id: Code | None = optional("备件出库单号", "number of the parts issue slip")
    booklet_stamped: Flag | None = optional("保养手册已盖章", "the maintenance booklet is stamped")
    next_service_entered: Flag | None = optional("保养手册已填写下次保养", "the next service is entered in the booklet")


class CustomerNotified(Event):
    """The customer was called to collect the vehicle."""

    result: NoticeResult | None = optional("是否联系上", "whether the customer was reached")
    channel: NoticeChannel | None = optional("通知方式", "how the customer was told")
    retry_at: Instant | None = optional("未联系上时再次联系的时间", "when to try again, if not reached")


class CustomerCopyReturned(Event):
    """The customer gave the copy of the order back."""

    customer_copy_no: Code | None = optional("收回的客户联编号", "serial of the copy that was given back")


class CustomerCopyLost(Event):
    """The customer has lost the copy of the order."""

    identity_checked: Flag | None = optional("已核验取车人身份", "the identity of who collects was checked")


class CopyLossAccepted(Event):
    """A manager noted that the vehicle may go without the copy."""

    manager_note: Words | None = optional("经理备注", "the manager's note")


class CashierReached(Event):
    """The customer is at the cashier's counter."""

    accompanied_by: Code | None = optional("陪同的服务顾问", "the advisor who came along")


class Paid(Event):
    """Paid, receipt issued."""

    amount: Money | None = optional("收款金额（元）", "amount taken (yuan)")
    receipt_no: Code | None = optional("收据号", "number of the receipt")
    keys_handed: Flag | None = optional("付款后已将钥匙交给客户", "the keys were given to the customer after payment")
