"""The clauses of quotation, order form and signature: met by a conforming case, and each unmet by one flaw."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine import Accepted, Refused
from engine.events import repair_order as ro
from engine.events.event import Event
from engine.states.repair_order import State as S
from tests import conforming as co
from tests.flaws import CASE, Flaw, changed, desk_at, facts, prepare, put, record, said, without


def quoted(*flaws: Flaw, profile: str = "base") -> Any:
    """The answer to a quotation that was prepared with flaws."""
    return put(prepare(desk_at(S.INSPECTED, profile), ro.QuoteIssued, *flaws), ro.QuoteIssued)


def signed(*flaws: Flaw, profile: str = "base") -> Any:
    """The answer to a first signature that was prepared with flaws."""
    return put(prepare(desk_at(S.QUOTED, profile), ro.OrderSigned, *flaws), ro.OrderSigned)


def supplemented(profile: str = "base", **line: object) -> Any:
    """The answer to a supplement whose line has other values."""
    desk = prepare(desk_at(S.IN_WORK, profile), ro.SupplementFound, changed(ro.LineQuoted, line))
    return put(desk, ro.SupplementFound)


@pytest.mark.parametrize("profile", co.PROFILES)
def test_a_conforming_signature_leaves_no_note(profile):
    assert said(signed(profile=profile)) == set()


# --- dismantling -----------------------------------------------------------------------------------------------------

FEE = "quote.inspection-fee-consent"
DISMANTLED = {"dismantling_needed": True}
AGREED = ro.InspectionFeeAgreed(line_id="L1", inspection_fee=Decimal("150.00"), consent_signature=co.evidence("fee"))
UNAGREED: dict[str, list[Event]] = {
    "nothing agreed": [],
    "no fee": [AGREED.model_copy(update={"inspection_fee": None})],
    "not signed": [AGREED.model_copy(update={"consent_signature": None})],
    "another line": [AGREED.model_copy(update={"line_id": "L2"})],
}


def dismantling(*agreed: Event) -> Any:
    desk = prepare(desk_at(S.INSPECTED), ro.QuoteIssued, changed(ro.LineQuoted, DISMANTLED, line_id="L1"))
    return put(record(desk, *agreed), ro.QuoteIssued)


@pytest.mark.parametrize("agreed", UNAGREED.values(), ids=UNAGREED)
def test_a_line_that_needs_dismantling_is_quoted_with_its_fee(agreed):
    answer = dismantling(*agreed)

    assert isinstance(answer, Refused)
    assert said(answer) == {FEE}
    assert facts(answer, FEE) == {"lines": ["L1"]}


def test_a_fee_that_was_agreed_lets_it_be_quoted_even_where_it_is_nothing():
    assert said(dismantling(AGREED)) == set()
    assert said(dismantling(AGREED.model_copy(update={"inspection_fee": Decimal("0.00")}))) == set()


def test_a_supplement_that_needs_dismantling_has_its_fee_agreed():
    assert said(supplemented(**DISMANTLED)) == {FEE}


def corrected_at(state: str) -> co.Desk:
    """An order of which it shows later that a line needs dismantling."""
    desk = desk_at(state)
    line = next(fact for fact in desk.case(CASE).all(ro.LineQuoted) if fact.event.line_id == "L1")
    return record(desk, line.event.model_copy(update={**DISMANTLED, "corrects": line.version}))


def test_nobody_dismantles_before_the_fee_is_agreed():
    desk = corrected_at(S.IN_WORK)

    assert said(put(desk, ro.OperationStarted, line_id="L1")) == {FEE}
    assert said(put(desk, ro.OperationStarted, line_id="L2")) == set()
    assert said(put(record(desk, AGREED), ro.OperationStarted, line_id="L1")) == set()


def test_no_fee_that_was_not_agreed_is_put_on_the_statement():
    desk = prepare(corrected_at(S.INTERNAL_HANDOVER), ro.StatementPrinted)

    assert said(put(desk, ro.StatementPrinted)) == {FEE}


# --- work that nobody asked for --------------------------------------------------------------------------------------

PUSHED, GROUNDS, ADDED = "quote.no-unrequested-upsell", "inspect.no-exaggeration", "quote.precheck-sells-work"
UNASKED = {"symptom_id": None, "request_id": None}
RECOMMENDED = {**UNASKED, "initiated_by": ro.Initiator.ADVISOR}
LINES: dict[str, tuple[dict[str, Any], set[str], set[str]]] = {
    "answers a complaint": ({}, set(), set()),
    "answers a request": ({"symptom_id": None, "request_id": "r1"}, set(), set()),
    "asked for": ({**UNASKED, "initiated_by": ro.Initiator.CUSTOMER}, set(), set()),
    "nobody knows who asked": (UNASKED, {GROUNDS, PUSHED}, {GROUNDS}),
    "recommended": (RECOMMENDED, {GROUNDS, PUSHED}, {GROUNDS}),
    "by the workshop": ({**UNASKED, "initiated_by": ro.Initiator.WORKSHOP}, {GROUNDS, PUSHED}, {GROUNDS}),
    "recommended on a complaint": ({"initiated_by": ro.Initiator.ADVISOR}, {GROUNDS, PUSHED}, {GROUNDS}),
    "on a finding": ({**RECOMMENDED, "finding_id": "f1"}, set(), {ADDED}),
    "on a finding, not marked": ({**UNASKED, "finding_id": "f1"}, {PUSHED}, {ADDED}),
    "on a finding that is none": ({**RECOMMENDED, "finding_id": "f9"}, {GROUNDS, PUSHED}, {GROUNDS}),
    "free": ({**RECOMMENDED, "pay_type": ro.PayType.GOODWILL, "charge_accepted": None}, {GROUNDS}, {GROUNDS}),
}
"""A line that differs in this, and what is counted of it by faw-toyota and by dpca."""


@pytest.mark.parametrize(("line", "faw", "dpca"), LINES.values(), ids=LINES)
def test_what_nobody_asked_for_rests_on_a_finding_and_is_marked(line, faw, dpca):
    flaw = changed(ro.LineQuoted, line, line_id="L1")

    for profile, noted in (("faw-toyota", faw), ("dpca", dpca), ("lexus", dpca - {ADDED})):
        answer = quoted(flaw, profile=profile)
        assert isinstance(answer, Accepted)
        assert said(answer) == noted


@pytest.mark.parametrize(("measured", "noted"), [(16, set()), (None, {GROUNDS})])
def test_a_measured_advice_is_grounds_enough(measured, noted):
    advice = co.fact(desk_at(S.INSPECTED).case(CASE), ro.AdviceGiven)
    desk = record(desk_at(S.INSPECTED), advice.model_copy(update={"line_id": "L1", "measured_tenths_mm": measured}))
    prepare(desk, ro.QuoteIssued, changed(ro.LineQuoted, RECOMMENDED, line_id="L1"))

    assert said(put(desk, ro.QuoteIssued)) == noted


def test_what_findings_added_is_counted_with_its_value():
    both = changed(ro.LineQuoted, {**RECOMMENDED, "finding_id": "f1"})

    answer = quoted(both, profile="dpca")

    assert facts(answer, ADDED) == {"lines": ["L2", "L1"], "value": "500.00"}


@pytest.mark.parametrize("profile", ["dpca", "faw-toyota"])
def test_a_supplement_rests_on_the_technicians_finding(profile):
    assert said(supplemented(profile, **UNASKED)) == set()


def test_a_line_of_a_supplement_names_a_finding_that_was_made():
    assert said(supplemented("faw-toyota", **UNASKED, finding_id="f9")) == {GROUNDS, PUSHED}


# --- etiquette -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "noted"), [(90, set()), (89, {"quote.etiquette"}), (0, {"quote.etiquette"}), (None, {"quote.etiquette"})]
)
@pytest.mark.parametrize("item", ro.EtiquetteItem)
def test_manners_are_scored_and_never_block(item, score, noted):
    answer = put(desk_at(S.QUOTED, "faw-toyota"), ro.EtiquetteScored, audit_item=item, score=score)

    assert isinstance(answer, Accepted)
    assert said(answer) == noted


# --- the order as a paper --------------------------------------------------------------------------------------------

CATEGORY, PRINTED, UNCLEAR = "order.repair-category", "order.printed-contract", "order.unclear-item-handwritten"


def quoted_with(profile: str, **values: object) -> co.Desk:
    """A quotation with other values, ready to be signed."""
    desk = prepare(desk_at(S.INSPECTED, profile), ro.QuoteIssued)
    put(desk, ro.QuoteIssued, **values)
    return prepare(desk, ro.OrderSigned)


def test_the_order_carries_its_category():
    answer = put(quoted_with("base", repair_category=None), ro.OrderSigned)

    assert said(answer) == {CATEGORY}
    assert facts(answer, CATEGORY) == {"origin": "walk_in", "category": None}


def test_the_order_carries_its_origin():
    desk = desk_at(S.QUOTED)
    arrival = desk.case(CASE).the(ro.VehicleCheckedIn)
    unknown = ro.VehicleCheckedIn(corrects=arrival.version)
    desk.apply(CASE, unknown, by=co.actor("service_advisor"))

    answer = put(prepare(desk, ro.OrderSigned), ro.OrderSigned)

    assert said(answer) == {CATEGORY}
    assert facts(answer, CATEGORY) == {"origin": None, "category": "general_repair"}


PAPERS: dict[str, Flaw] = {
    "not printed": without(ro.OrderPrinted),
    "not kept": changed(ro.OrderPrinted, {"paper": None}),
    "without lines": changed(ro.OrderPrinted, {"line_ids": None}),
    "a line is missing": changed(ro.OrderPrinted, {"line_ids": frozenset({"L1"})}),
    "a line too many": changed(ro.OrderPrinted, {"line_ids": frozenset({"L1", "L2", "L3"})}),
    "without a total": changed(ro.OrderPrinted, {"estimate": None}),
    "a fen less": changed(ro.OrderPrinted, {"estimate": Decimal("499.99")}),
    "a fen more": changed(ro.OrderPrinted, {"estimate": Decimal("500.01")}),
    "without a time": changed(ro.OrderPrinted, {"eta": None}),
    "another time": changed(ro.OrderPrinted, {"eta": co.START + timedelta(hours=7)}),
}


@pytest.mark.parametrize("flaw", PAPERS.values(), ids=PAPERS)
def test_what_is_signed_is_the_quotation_on_paper(flaw):
    answer = signed(flaw)

    assert isinstance(answer, Refused)
    assert said(answer) == {PRINTED}


def test_a_refusal_names_what_differs():
    wrong = {"line_ids": frozenset({"L1"}), "estimate": Decimal("1.00"), "eta": None}

    told = facts(signed(changed(ro.OrderPrinted, wrong)), PRINTED)

    assert told == {
        "printed": True,
        "changed": False,
        "differences": ["items", "price", "eta"],
        "estimate": "1.00",
        "quoted": "500.00",
    }


def test_what_warranty_pays_is_not_in_the_customers_total():
    warranty = {"pay_type": ro.PayType.WARRANTY, "payer_status": ro.PayerStatus.PROVISIONAL, "charge_accepted": None}
    desk = record(desk_at(S.INSPECTED), co.fact(desk_at(S.INSPECTED).case(CASE), ro.RiskDisclosed))
    prepare(desk, ro.QuoteIssued, changed(ro.LineQuoted, warranty, line_id="L1"))
    put(desk, ro.QuoteIssued)
    prepare(desk, ro.OrderSigned, changed(ro.OrderPrinted, {"estimate": Decimal("0.00")}))

    assert said(put(desk, ro.OrderSigned)) == set()


def correct(desk: co.Desk, kind: co.Kind, **values: object) -> co.Desk:
    """Correct the last fact of a kind."""
    fact = desk.case(CASE).the(kind)
    event = co.fact(desk.case(CASE), kind).model_copy(update={**values, "corrects": fact.version})
    return record(desk, event)


@pytest.mark.parametrize("kind", [ro.LineQuoted, ro.QuoteIssued])
def test_a_change_after_printing_voids_the_paper_until_it_is_printed_anew(kind):
    desk = correct(prepare(desk_at(S.QUOTED), ro.OrderSigned), kind)

    stale = put(desk, ro.OrderSigned)
    again = put(record(desk, co.fact(desk.case(CASE), ro.OrderPrinted)), ro.OrderSigned)

    assert said(stale) == {PRINTED}
    assert facts(stale, PRINTED)["changed"] is True
    assert said(again) == set()


def test_a_correction_of_the_print_makes_no_stale_paper_new():
    desk = correct(prepare(desk_at(S.QUOTED), ro.OrderSigned), ro.LineQuoted)
    correct(desk, ro.OrderPrinted)

    assert said(put(desk, ro.OrderSigned)) == {PRINTED}


CHANGED = "work.change-confirmed-immediately"


def corrected(kind: co.Kind, **values: object) -> Any:
    """The answer to a correction of a fact of an order that was quoted and signed, and then had a supplement."""
    desk = prepare(desk_at(S.IN_WORK), ro.SupplementFound)
    record(desk, co.fact(desk.case(CASE), ro.SupplementFound))
    return put(desk, kind, **values, corrects=desk.case(CASE).the(kind).version)


def test_a_supplement_is_corrected_with_the_lines_that_it_put_and_is_no_other_round():
    assert said(corrected(ro.SupplementFound, finding_id="x1")) == set()


def test_a_correction_of_a_supplement_is_told_to_the_customer_too():
    answer = corrected(ro.SupplementFound, finding_id="x1", told_to_customer=False)

    assert facts(answer, CHANGED) == {"lines": ["L-x1"], "told": False}


def test_a_quotation_is_corrected_with_its_own_lines_though_a_supplement_followed():
    quoted_first = desk_at(S.QUOTED).case(CASE).all(ro.LineQuoted)

    answer = corrected(ro.QuoteIssued, explained=False)

    assert facts(answer, "quote.items-price-eta")["lines"] == len(quoted_first) != 1


BY_HAND = ro.OrderHandwritten(image=co.evidence("by-hand"))


def written_by_hand(*events: Event) -> Any:
    """The answer to the signature of an order that was never printed, written by hand at peak."""
    desk = desk_at(S.QUOTED)
    for event in events:
        desk.apply(CASE, event, by=co.actor("service_advisor"))
    return put(prepare(desk, ro.OrderSigned, without(ro.OrderPrinted)), ro.OrderSigned)


def test_an_order_written_by_hand_at_peak_has_no_print_until_it_is_entered():
    assert PRINTED not in said(written_by_hand(BY_HAND))
    assert PRINTED in said(written_by_hand(BY_HAND, ro.HandwrittenOrderEntered()))


def test_a_supplement_is_signed_on_the_paper_that_there_is():
    desk = prepare(desk_at(S.IN_WORK), ro.SupplementFound)
    put(desk, ro.SupplementFound)

    assert said(put(desk, ro.OrderSigned)) == set()


def test_a_supplement_that_nobody_looked_up_in_the_history_is_noted():
    desk = prepare(desk_at(S.IN_WORK), ro.SupplementFound)

    answer = put(desk, ro.SupplementFound, duplicate_or_warranty_hit=None)

    assert said(answer) == {"work.supplement-history-checked"}


ABSENT = "work.absent-customer-consent-kept"


@pytest.mark.parametrize("channel", ro.ConsentChannel)
def test_an_absent_customer_consents_by_what_can_be_kept(channel):
    desk = prepare(desk_at(S.IN_WORK), ro.SupplementFound)
    put(desk, ro.SupplementFound)
    by_phone = ro.OrderSigned(customer_present=False, consent_channel=channel, consent_evidence=co.evidence("consent"))

    answer = desk.apply(CASE, by_phone, by=co.actor("service_advisor"))

    assert said(answer) == ({ABSENT} if channel is ro.ConsentChannel.SPOKEN else set())


def test_a_signature_corrected_later_is_not_held_to_the_paper_again():
    desk = desk_at(S.IN_WORK)
    first = desk.case(CASE).the(ro.OrderSigned)
    correct(desk, ro.LineQuoted)

    answer = put(desk, ro.OrderSigned, corrects=first.version)

    assert isinstance(answer, Accepted)


CODED = {"operation_code": "check-noise-rear-left"}


@pytest.mark.parametrize(
    ("line", "noted"),
    [
        ({"definite": None}, set()),
        ({"definite": False}, set()),
        (CODED, {UNCLEAR}),
        ({**CODED, "definite": False}, {UNCLEAR}),
        ({**CODED, "definite": True}, set()),
    ],
    ids=["free text", "unclear free text", "coded, nobody says definite", "coded and unclear", "coded and definite"],
)
def test_what_is_not_definite_stays_free_text(line, noted):
    desk = prepare(desk_at(S.INSPECTED, "dpca"), ro.QuoteIssued, changed(ro.LineQuoted, line, line_id="L1"))
    put(desk, ro.QuoteIssued)

    answer = put(prepare(desk, ro.OrderSigned), ro.OrderSigned)

    assert isinstance(answer, Accepted)
    assert said(answer) == noted
    if noted:
        assert facts(answer, UNCLEAR) == {"lines": ["L1"]}
