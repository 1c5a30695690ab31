"""Clauses of the order's signature, first and supplementary."""

from __future__ import annotations

from engine.events import repair_order as ro
from engine.guards.clause import NOT_CONCERNED, Attempt, Verdict, clause, met
from engine.guards.figure import Figure, codes
from engine.guards.repair_order.lines import is_signed, is_supplement
from engine.guards.repair_order.order import points
from engine.text import Text


@clause(
    "sign.five-confirmations",
    ro.OrderSigned,
    source="001 P46, 001 P02",
    owns=("point_confirmed.answer",),
    zh="五项确认缺少答复：{missing}。",
    en="Of the five confirmations these have no answer: {missing}.",
    do=Text(
        zh="就项目、价格、完工时间、洗车、旧件逐项取得答复。",
        en="Get an answer on items, price, completion, wash and old parts, one by one.",
    ),
)
def five_confirmations(attempt: Attempt[ro.OrderSigned]) -> Verdict:
    """Each of the five answered; items, price and completion agreed to."""
    if is_supplement(attempt.case, attempt.event):
        return NOT_CONCERNED
    wishes = {ro.Point.WASH, ro.Point.OLD_PARTS}
    given = points(attempt.case)
    missing = [
        point
        for point in ro.Point
        if point not in given or given[point].answer is None or not (given[point].answer or point in wishes)
    ]
    return met(not missing, missing=missing)


@clause(
    "sign.understanding-before-signature",
    ro.OrderSigned,
    source="001 P46, 001 P47",
    owns=("point_confirmed.understood",),
    zh="未确认客户已理解：{points}。",
    en="Not seen to be understood by the customer: {points}.",
    do=Text(zh="逐项讲解到客户理解，再请其签字。", en="Explain each until it is understood; then have it signed."),
)
def understood_first(attempt: Attempt[ro.OrderSigned]) -> Verdict:
    """Each of the five was understood before the signature."""
    if is_supplement(attempt.case, attempt.event):
        return NOT_CONCERNED
    given = points(attempt.case)
    unclear = [point for point in ro.Point if point not in given or given[point].understood is not True]
    return met(not unclear, points=unclear)


@clause(
    "sign.customer-signature",
    ro.OrderSigned,
    ro.OperationStarted,
    ro.SupplementDeclined,
    source="002 L03, 001 P46, 000 T35",
    owns=("order_signed.customer_signature", "order_signed.signer_role"),
    zh="委托书尚无客户签字，不得开工。",
    en="No customer has signed the order: no work may begin.",
    do=Text(zh="先请客户或登记的送修人签字。", en="Have the customer or the recorded sender sign first."),
)
def signed_before_work(
    attempt: Attempt[ro.OrderSigned | ro.OperationStarted | ro.SupplementDeclined],
) -> Verdict:
    """The first signature is there, with the capacity of the signer; without it nothing starts."""
    event = attempt.event
    if isinstance(event, ro.OrderSigned):
        return met(is_supplement(attempt.case, event) or None not in {event.customer_signature, event.signer_role})
    return met(is_signed(attempt.case))


@clause(
    "sign.promised-time-written",
    ro.OrderSigned,
    source="000 T42, 000 T01, 000 T50",
    owns=("order_signed.promised_at", "order_signed.promised_written_on_order"),
    zh="承诺交车时间未写在委托书上（时间：{promised_at}，已写明：{written}）。",
    en="The promised time is not written on the order (time: {promised_at}, written: {written}).",
    do=Text(
        zh="把具体的承诺交车时间写上委托书；口头不算。",
        en="Write a concrete time on the order; an oral one does not count.",
    ),
)
def promise_in_writing(attempt: Attempt[ro.OrderSigned]) -> Verdict:
    """A concrete time, in writing."""
    if is_supplement(attempt.case, attempt.event):
        return NOT_CONCERNED
    promised, written = attempt.event.promised_at, attempt.event.promised_written_on_order
    return met(promised is not None and written is True, promised_at=promised, written=written)


@clause(
    "sign.customer-copy-token",
    ro.OrderSigned,
    source="001 P46",
    owns=("order_signed.customer_copy_no",),
    zh="委托书客户联未交给送修人并登记编号。",
    en="The customer copy was not handed over and its serial recorded.",
    do=Text(
        zh="交付客户联作取车凭证并登记编号。",
        en="Hand over the copy as proof for collection and record its serial.",
    ),
)
def copy_handed_over(attempt: Attempt[ro.OrderSigned]) -> Verdict:
    """The copy's serial is recorded."""
    return (
        NOT_CONCERNED if is_supplement(attempt.case, attempt.event) else met(attempt.event.customer_copy_no is not None)
    )


@clause(
    "work.supplement-written-and-signed",
    ro.OrderSigned,
    source="001 P53",
    owns=("order_signed.customer_signature",),
    zh="增项未由客户在增项栏签字。",
    en="The supplement is not signed by the customer.",
    do=Text(
        zh="把增项、金额、时间写入增项栏并请客户签字。",
        en="Write item, price and time in the supplement column and have it signed.",
    ),
)
def supplement_signed(attempt: Attempt[ro.OrderSigned]) -> Verdict:
    """A present customer signs the supplement."""
    if not is_supplement(attempt.case, attempt.event) or attempt.event.customer_present is not True:
        return NOT_CONCERNED
    return met(attempt.event.customer_signature is not None)


@clause(
    "work.absent-customer-consent-kept",
    ro.OrderSigned,
    source="001 P53",
    owns=("order_signed.consent_evidence", "order_signed.consent_channel"),
    zh="客户不在场，增项须有可留存的确认凭证（方式：{channel}；可用：{durable}）。",
    en="The customer is away: the supplement needs durable evidence of consent (channel: {channel}; "
    "accepted: {durable}).",
    do=Text(zh="取得传真、短信等可留存的确认并登记。", en="Get a fax, a message or the like, and record it."),
)
def absent_consent_kept(
    attempt: Attempt[ro.OrderSigned],
    durable: Figure[tuple[str, ...]] = codes(
        "fax", "sms", "email", "app", "recorded_call", unit="channels", tighter="fewer"
    ),
) -> Verdict:
    """An absent customer's consent is kept in a form that lasts."""
    if not is_supplement(attempt.case, attempt.event) or attempt.event.customer_present is True:
        return NOT_CONCERNED
    kept = attempt.event.consent_evidence is not None and attempt.event.consent_channel in durable.value
    return met(kept, channel=attempt.event.consent_channel, durable=durable.value)
