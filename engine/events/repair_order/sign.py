"""Facts of the order's signature: what was verified, confirmed, printed and signed."""

from __future__ import annotations

from engine.events.event import Attachment, Code, Event, Flag, Instant
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

    owner_phone: Phone | None = None
    deviation_found: Flag | None = None
    corrected_in_dms: Flag | None = None


class SenderIdentified(Event):
    """Who brings the vehicle; when not the owner, with name and telephone."""

    sender_is_owner: Flag | None = None
    sender_name: Name | None = None
    sender_phone: Phone | None = None


class PointConfirmed(Event):
    """One of the five points was explained and answered; `answer` is the customer's wish for wash and old parts."""

    point: Point
    answer: Flag | None = None
    understood: Flag | None = None


class OrderSigned(Event):
    """The customer signed the order, or a supplement to it, before the service advisor.

    First signature: the promised time, written on the order, and the serial of the customer copy that was handed over.
    Supplement: `customer_present` with the signature, or the kept consent of an absent customer.
    """

    customer_signature: Attachment | None = None
    signer_role: SignerRole | None = None
    promised_at: Instant | None = None
    promised_written_on_order: Flag | None = None
    customer_copy_no: Code | None = None
    customer_present: Flag | None = None
    consent_channel: ConsentChannel | None = None
    consent_evidence: Attachment | None = None
