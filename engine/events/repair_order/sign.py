"""Facts of the order's signature: what was verified, confirmed, printed and signed."""

from __future__ import annotations

from typing import Annotated

from engine.events.event import Attachment, Code, Event, Flag, Instant, Listed, Money, optional, required
from engine.events.personal import Name, Phone
from engine.text import Word


class Point(Word):
    """One of the five confirmations."""

    ITEMS = "items", "维修项目", "repair items"
    PRICE = "price", "预估价格", "estimated price"
    ETA = "eta", "预计完工时间", "estimated completion"
    WASH = "wash", "是否洗车", "wash"
    OLD_PARTS = "old_parts", "旧件去留", "old parts"


class SignerRole(Word):
    """In what capacity the order was signed."""

    OWNER = "owner", "车主", "owner"
    SENDER_SIGNS = "sender_signs", "送修人签署", "sender"
    AUTHORISED = "authorised", "受托人", "authorised person"


class ConsentChannel(Word):
    """How the consent of an absent customer was kept."""

    FAX = "fax", "传真", "fax"
    SMS = "sms", "短信", "text message"
    EMAIL = "email", "电子邮件", "e-mail"
    APP = "app", "应用", "app"
    RECORDED_CALL = "recorded_call", "录音电话", "recorded call"
    SPOKEN = "spoken", "口头电话", "spoken only"


class CustomerDataVerified(Event):
    """The customer's data were verified; what deviated was corrected in the DMS before printing."""

    owner_phone: Phone | None = optional("车主电话", "the owner's telephone")
    deviation_found: Flag | None = optional("资料有出入", "something deviated")
    corrected_in_dms: Flag | None = optional("已在系统改正", "it was corrected in the DMS")


class SenderIdentified(Event):
    """Who brings the vehicle; when not the owner, with name and telephone."""

    sender_is_owner: Flag | None = optional("送修人就是车主", "the sender is the owner")
    sender_name: Name | None = optional("送修人姓名", "the sender's name")
    sender_phone: Phone | None = optional("送修人电话", "the sender's telephone")


class OrderPrinted(Event):
    """The order was printed: the paper, and what stands on it of the quotation."""

    paper: Attachment | None = optional("打印的委托书", "the printed order")
    line_ids: Annotated[frozenset[Code], Listed] | None = optional("委托书上的项目编号", "the lines on the paper")
    estimate: Money | None = optional(
        "委托书上的客户预估总价（元）", "the customer's estimated total on the paper, in yuan"
    )
    eta: Instant | None = optional("委托书上的预计完工时间", "the estimated completion on the paper")


class PointConfirmed(Event):
    """One of the five points was explained and answered."""

    point: Point = required("确认事项", "which of the five")
    answer: Flag | None = optional("客户答复（洗车、旧件：要或不要）", "the answer; for wash and old parts the wish")
    understood: Flag | None = optional("客户已理解", "the customer understood it")


class OrderSigned(Event):
    """The customer signed the order, or a supplement to it, before the service advisor.

    First signature: with the promised time and the customer copy. Supplement: with the customer present, or with the
    kept consent of an absent one.
    """

    customer_signature: Attachment | None = optional("客户签字", "the customer's signature")
    signer_role: SignerRole | None = optional("签字人身份", "in what capacity it was signed")
    promised_at: Instant | None = optional("承诺交车时间", "when the vehicle is promised")
    promised_written_on_order: Flag | None = optional(
        "承诺时间已写在委托书上", "the promised time is written on the order"
    )
    customer_copy_no: Code | None = optional("已交付的客户联编号", "serial of the customer copy that was handed over")
    customer_present: Flag | None = optional("客户在场", "the customer was present")
    consent_channel: ConsentChannel | None = optional("不在场时的确认方式", "how an absent customer consented")
    consent_evidence: Attachment | None = optional("确认凭证", "the kept evidence of the consent")
