"""Clauses of hand-over, settlement and departure, at the second and the kilometre where they change their answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.inbound.scenario import Step, play, stage
from adapters.inbound.scenario_file import load
from engine import Accepted, Actor, Answer, Refused
from engine.events import repair_order as ro
from engine.events.event import Event
from engine.states.repair_order import State as S
from tests import conforming as co
from tests.flaws import CASE, desk_at
from tests.support import ADVISOR, MANAGER, START

HAPPY = load(Path(__file__).parent.parent / "scenarios" / "J-happy-path.toml")
CASHIER = Actor("ca-1", "cashier")
TECHNICIAN = Actor("t-1", "technician")
MINUTE = timedelta(minutes=1)

Changes = Mapping[str, Mapping[str, Any]]


class Delivery:
    """The happy path, told step by step on a clock that a test moves."""

    def __init__(self, before: str, profile: str = "dpca", change: Changes | None = None, without: str = "") -> None:
        self.change = change or {}
        self.engine = stage()
        self.shop = self.engine.shop("S1", profile=profile)
        self.shop.open("RO-1", by=ADVISOR)
        self.left = [
            step
            for step in HAPPY.steps
            if (not step.only or profile in step.only) and not (without and step.matches(without))
        ]
        self.go_on(before)

    def go_on(self, before: str) -> None:
        """Tell what comes before a step."""
        while not self.left[0].matches(before):
            step = self.left.pop(0)
            notes(self.put(self._fact(step), by=step.by))

    def next(self, after: timedelta = MINUTE) -> Answer:
        """Tell the next step, this long after the one before."""
        step = self.left.pop(0)
        return self.put(self._fact(step), by=step.by, after=after)

    def put(self, event: Event, by: Actor = ADVISOR, after: timedelta = MINUTE) -> Answer:
        """Put something of one's own, this long after the step before."""
        self.engine.world.clock.now += after
        return self.shop.apply("RO-1", event, by=by)

    def _fact(self, step: Step) -> Event:
        changed = [facts for selector, facts in self.change.items() if step.matches(selector)]
        return self.shop.fact(step.name, {**step.facts, **(changed[0] if changed else {})})


def notes(answer: Answer) -> dict[str, Mapping[str, object]]:
    """What an accepted answer noted: clause and facts."""
    assert isinstance(answer, Accepted), [refusal.text.en for refusal in answer.refusals]
    return {note.clause: note.facts for note in answer.notes}


def refused(answer: Answer) -> tuple[str, ...]:
    assert isinstance(answer, Refused)
    return answer.clauses


@pytest.mark.parametrize("profile", co.PROFILES)
def test_the_happy_path_leaves_no_note(profile):
    played = play(replace(HAPPY, profile=profile), stage())

    assert [note for step in played.steps for note in notes(step.answer)] == []


WARRANTY_LINE: Changes = {
    "line_quoted:L2": {"labour_amount": "60.00", "pay_type": "warranty", "payer_status": "provisional"},
    "statement_line_listed:L2": {"labour_amount": "60.00"},
    "report_reviewed": {"warranty_fields_complete": True},
}


def with_a_warranty_line(before: str) -> Delivery:
    """An order with a line for the customer and one for warranty."""
    delivery = Delivery("quote_issued", change=WARRANTY_LINE)
    delivery.put(
        ro.RiskDisclosed(
            line_id="L2", risk_reason=ro.RiskReason.WEAR, possible_charge=60, consent_signature=co.evidence("risk")
        )
    )
    delivery.go_on(before)
    return delivery


# --- internal hand-over ----------------------------------------------------------------------------------------------

COMPARED = "handover.promised-time-compared"
PROMISED = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def minutes_until(delivery: Delivery, moment: datetime) -> timedelta:
    return moment - delivery.engine.world.clock()


@pytest.mark.parametrize(
    ("late", "noted"), [(timedelta(0), None), (timedelta(seconds=1), 1), (timedelta(hours=2), 120)]
)
def test_a_vehicle_ready_after_its_promised_time_is_noted_with_its_minutes(late, noted):
    delivery = Delivery("handover_signed")

    said = notes(delivery.next(after=minutes_until(delivery, PROMISED + late)))

    assert said.get(COMPARED, {}).get("minutes_late") == noted


def test_the_promise_that_is_compared_is_the_last_one_confirmed():
    delivery = Delivery("work_finished")
    moved = ro.EtaChanged(
        new_promised_at=PROMISED + timedelta(hours=1),
        reason=co.words("待件"),
        customer_confirmed=True,
        consent_evidence=co.evidence("eta"),
    )
    delivery.put(moved)
    delivery.go_on("handover_signed")

    said = notes(delivery.next(after=minutes_until(delivery, PROMISED + timedelta(minutes=61))))

    assert said[COMPARED]["minutes_late"] == 1


REPORT = "handover.report-corrected"
REVIEWED = ro.ReportReviewed(unclear_lines=(), missed_lines=(), inspector_signed=True)


@pytest.mark.parametrize(
    "flaw", [{"unclear_lines": None}, {"missed_lines": None}, {"missed_lines": ("L2",)}, {"inspector_signed": False}]
)
def test_a_report_that_is_not_in_order_is_refused(flaw):
    answer = Delivery("report_reviewed").put(REVIEWED.model_copy(update=flaw))

    assert refused(answer) == (REPORT,)


def test_a_correction_from_before_the_quality_pass_does_not_make_an_unclear_line_clear():
    delivery = Delivery("work_finished")
    version = next(fact.version for fact in delivery.shop.case("RO-1").all(ro.OperationReported))
    again = ro.OperationReported(line_id="L1", action="oil-changed", result=ro.OperationResult.DONE, corrects=version)
    delivery.put(again, by=TECHNICIAN)
    delivery.go_on("report_reviewed")
    review = REVIEWED.model_copy(update={"unclear_lines": ("L1",)})

    before = delivery.put(review)
    delivery.put(again, by=TECHNICIAN)
    after = delivery.put(review)

    assert refused(before) == (REPORT,)
    assert notes(after) == {}


@pytest.mark.parametrize(("complete", "fine"), [(None, False), (False, False), (True, True)])
def test_the_warranty_fields_are_asked_for_where_a_line_is_warranty(complete, fine):
    delivery = with_a_warranty_line(before="report_reviewed")

    answer = delivery.put(REVIEWED.model_copy(update={"warranty_fields_complete": complete}))

    assert isinstance(answer, Accepted) is fine


# --- the statement ---------------------------------------------------------------------------------------------------

ACCOUNTS = "settle.by-account-type"


def paid_with(*printed: ro.AccountType, given: bool = False) -> dict[str, Mapping[str, object]]:
    """The notes on the payment of such an order, for which these statements were printed before the customer's."""
    delivery = with_a_warranty_line(before="statement_printed")
    for account in printed:
        delivery.put(
            ro.StatementPrinted(
                statement_no="ST-9", printed_from=ro.PrintedFrom.DMS, account_type=account, given_to_customer=given
            )
        )
    delivery.go_on("paid")
    return notes(delivery.next())


def test_a_statement_for_each_account_and_only_his_own_to_the_customer_leaves_no_note():
    assert paid_with(ro.AccountType.WARRANTY) == {}


def test_an_account_without_its_statement_or_in_the_wrong_hands_is_noted():
    assert paid_with()[ACCOUNTS] == {
        "accounts": ["customer", "warranty"],
        "printed": ["customer"],
        "given": ["customer"],
    }
    assert paid_with(ro.AccountType.WARRANTY, given=True)[ACCOUNTS]["given"] == ["customer", "warranty"]


def test_an_order_of_the_customers_account_alone_needs_one_statement_and_no_account():
    delivery = Delivery("paid", change={"statement_printed": {"account_type": None, "given_to_customer": None}})

    assert notes(delivery.next()) == {}


@pytest.mark.parametrize(("listed", "fine"), [("done", False), ("not_done", True)])
def test_the_statement_states_the_result_that_the_report_has_by_then(listed, fine):
    delivery = Delivery("statement_printed", change={"statement_line_listed:L2": {"result": listed}})
    version = delivery.shop.case("RO-1").all(ro.OperationReported)[-1].version
    not_done = ro.OperationReported(line_id="L2", action="none", result=ro.OperationResult.NOT_DONE, corrects=version)
    delivery.put(not_done, by=TECHNICIAN)

    answer = delivery.next()

    assert isinstance(answer, Accepted) is fine
    assert fine or refused(answer) == ("settle.all-payables-listed",)


def test_an_order_without_a_part_is_delivered_without_an_issue_slip():
    no_part = {"part_no": None, "part_origin": None, "parts_amount": None}
    change = {
        "line_quoted:L1": no_part,
        "order_printed": {"estimate": "300.00"},
        "statement_line_listed:L1": {"parts_amount": None},
        "documents_readied": {"parts_issue_slip_id": None},
    }

    delivery = Delivery("documents_readied", change=change, without="part_issued")

    assert notes(delivery.next()) == {}


# --- the notice ------------------------------------------------------------------------------------------------------

NOTICE = "settle.customer-notified-at-once"
RETRY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
NOBODY_ANSWERED = ro.CustomerNotified(
    result=ro.NoticeResult.NOT_REACHED, channel=ro.NoticeChannel.PHONE, retry_at=RETRY
)
ANSWERED = ro.CustomerNotified(result=ro.NoticeResult.REACHED, channel=ro.NoticeChannel.PHONE)


@pytest.mark.parametrize(("after", "late"), [(timedelta(minutes=10), None), (timedelta(minutes=10, seconds=1), 1)])
def test_the_customer_is_called_within_the_minutes_after_all_is_prepared(after, late):
    said = notes(Delivery("customer_notified").next(after=after))

    assert said.get(NOTICE, {}).get("minutes_late") == late


@pytest.mark.parametrize("missing", ["result", "channel", "retry_at"])
def test_a_notice_says_how_with_what_result_and_when_it_is_tried_again(missing):
    answer = Delivery("customer_notified").put(NOBODY_ANSWERED.model_copy(update={missing: None}))

    assert NOTICE in notes(answer)


@pytest.mark.parametrize(("late", "noted"), [(timedelta(0), False), (timedelta(seconds=1), True)])
def test_the_next_try_is_due_when_it_was_planned(late, noted):
    delivery = Delivery("customer_notified")
    first = delivery.put(NOBODY_ANSWERED)

    second = delivery.put(ANSWERED, after=minutes_until(delivery, RETRY + late))

    assert notes(first) == {}
    assert (NOTICE in notes(second)) is noted


def test_a_notice_after_one_that_reached_the_customer_is_never_late():
    delivery = Delivery("customer_notified")
    delivery.put(ANSWERED)

    assert notes(delivery.put(ANSWERED, after=timedelta(hours=1))) == {}


def test_a_correction_of_a_notice_is_as_old_as_the_notice():
    delivery = Delivery("customer_notified")
    delivery.put(ANSWERED)
    version = delivery.shop.case("RO-1").the(ro.CustomerNotified).version

    again = delivery.put(ANSWERED.model_copy(update={"corrects": version}), after=timedelta(hours=1))

    assert notes(again) == {}


def paid_after(*told: Event) -> dict[str, Mapping[str, object]]:
    """The notes on a payment before which this was told instead of the notice."""
    delivery = Delivery("customer_notified")
    delivery.left.pop(0)
    for event in told:
        delivery.put(event)
    delivery.go_on("paid")
    return notes(delivery.next())


BOARD = ro.BoardUpdated(board_status="internal-handover")


def test_by_payment_the_customer_was_reached_and_the_board_updated_while_away():
    assert paid_after(NOBODY_ANSWERED, BOARD, ANSWERED) == {}


def test_a_payment_before_which_nobody_was_reached_is_noted():
    assert paid_after()[NOTICE]["result"] is None
    assert paid_after(NOBODY_ANSWERED, BOARD)[NOTICE]["result"] == "not_reached"


def test_a_board_that_was_not_updated_while_the_customer_was_away_is_noted_at_payment():
    assert paid_after(BOARD, ANSWERED)[NOTICE]["board"] is False


# --- the explanation -------------------------------------------------------------------------------------------------


def test_free_services_are_shown_where_there_were_some():
    seen = {"work_shown": {"shown": ["repaired_place", "exterior", "interior", "belongings"]}}
    none_free = {"line_quoted:L2": {"pay_type": "customer_pay", "charge_accepted": True}}
    unwashed = {"point_confirmed:wash": {"answer": False}}

    some = Delivery("paid", change=seen)
    none = Delivery("paid", change={**seen, **none_free, **unwashed}, without="vehicle_washed")

    assert notes(some.next())["settle.work-shown-at-vehicle"] == {"missing": ["free_services"]}
    assert notes(none.next()) == {}


@pytest.mark.parametrize(
    ("keep", "disposition", "fine"),
    [
        (True, "returned", True),
        (True, "disposed", False),
        (False, "disposed", True),
        (False, "warranty_return", False),
    ],
)
def test_an_old_part_becomes_what_the_customer_chose(keep, disposition, fine):
    change = {"point_confirmed:old_parts": {"answer": keep}, "old_parts_shown": {"disposition": disposition}}

    said = notes(Delivery("paid", change=change).next())

    assert ("settle.old-parts-shown" not in said) is fine


def test_an_old_part_under_warranty_goes_back_whatever_the_customer_chose():
    change = {
        "line_quoted:L1": {"pay_type": "warranty", "payer_status": "provisional"},
        "order_printed": {"estimate": "0.00"},
        "report_reviewed": {"warranty_fields_complete": True},
        "statement_printed": {"account_type": "warranty", "given_to_customer": False},
        "old_parts_shown": {"disposition": "warranty_return"},
        "paid": {"amount": "0.00"},
    }
    delivery = Delivery("quote_issued", change=change)
    delivery.put(
        ro.RiskDisclosed(
            line_id="L1", risk_reason=ro.RiskReason.WEAR, possible_charge=720, consent_signature=co.evidence("risk")
        )
    )
    delivery.go_on("paid")

    assert notes(delivery.next()) == {}


USAGE = "settle.usage-and-next-service-told"
REPAIR_ONLY: Changes = {
    "purpose_recorded": {"purposes": ["repair"], "primary_purpose": "repair"},
    "line_quoted:L1": {"operation_kind": "repair_work"},
}


def test_after_a_repair_the_next_maintenance_is_told_though_the_repair_does_not_say_when_it_is_due():
    told = ro.UsageTold(cautions_told=True, next_service_km=90_000, next_service_on=date(2028, 1, 1))
    delivery = Delivery("usage_told", profile="base", change=REPAIR_ONLY)

    assert notes(delivery.put(told)) == {}
    assert refused(delivery.put(told.model_copy(update={"next_service_km": None}))) == (USAGE,)


def usage_told(now: datetime, **values: object) -> Answer:
    """The next maintenance told at that time with other values, by the conforming story."""
    desk = desk_at(S.INTERNAL_HANDOVER, now=now)
    usage = co.fact(desk.case(CASE), ro.UsageTold).model_copy(update={"return_check_on": None, **values})
    return desk.apply(CASE, usage, by=co.actor(ADVISOR.role))


def test_six_months_end_with_the_last_day_of_a_shorter_month():
    august = datetime(2026, 8, 31, 1, 0, tzinfo=UTC)

    assert isinstance(usage_told(august, next_service_on=date(2027, 2, 28)), Accepted)
    assert refused(usage_told(august, next_service_on=date(2027, 3, 1))) == (USAGE,)


def test_a_day_is_the_day_in_china():
    before_midnight = datetime(2026, 11, 22, 15, 59, tzinfo=UTC)

    assert refused(usage_told(before_midnight, next_service_on=date(2027, 5, 23))) == (USAGE,)
    assert isinstance(usage_told(before_midnight + MINUTE, next_service_on=date(2027, 5, 23)), Accepted)


def test_a_maintenance_that_is_due_already_is_no_next_one():
    assert refused(usage_told(START, next_service_on=date(2026, 11, 23))) == (USAGE,)
    assert isinstance(usage_told(START, next_service_on=date(2026, 11, 24)), Accepted)


@pytest.mark.parametrize("field", ["next_service_km", "intermediate_check_km"])
def test_what_is_due_at_todays_reading_is_still_to_come_a_kilometre_later(field):
    reading = desk_at(S.INTERNAL_HANDOVER).case(CASE).the(ro.InspectionCompleted).event.odometer_in_km

    assert refused(usage_told(START, **{field: reading})) == (USAGE,)
    assert isinstance(usage_told(START, **{field: reading + 1}), Accepted)


def test_a_time_at_the_end_of_the_calendar_is_refused_and_breaks_no_guard():
    desk = desk_at(S.INTERNAL_HANDOVER)
    usage = co.fact(desk.case(CASE), ro.UsageTold)
    end = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)

    answer = desk.apply(CASE, usage, by=co.actor(ADVISOR.role), occurred_at=end)

    assert "flow.out-of-order" in refused(answer)


# --- the cashier -----------------------------------------------------------------------------------------------------

CASHIER_CLOCK = "settle.cashier-two-minutes"


@pytest.mark.parametrize(("taken", "noted"), [(timedelta(minutes=2), None), (timedelta(minutes=2, seconds=1), 3)])
def test_the_cashier_has_two_minutes_to_the_second(taken, noted):
    said = notes(Delivery("paid", profile="faw-toyota").next(after=taken))

    assert said.get(CASHIER_CLOCK, {}).get("minutes_taken") == noted


def test_nobody_knows_how_long_the_cashier_took_when_the_counter_was_not_recorded():
    said = notes(Delivery("paid", profile="faw-toyota", without="cashier_reached").next())

    assert said[CASHIER_CLOCK]["minutes_taken"] is None
    assert said["settle.accompany-to-cashier"]["accompanied_by"] is None


def test_a_payment_that_is_corrected_an_hour_later_took_no_longer():
    delivery = Delivery("paid", profile="faw-toyota")
    delivery.next()
    paid = delivery.shop.case("RO-1").the(ro.Paid)

    again = delivery.put(paid.event.model_copy(update={"corrects": paid.version}), by=CASHIER, after=timedelta(hours=1))

    assert notes(again) == {}


def test_only_the_cashier_issues_a_gate_pass():
    delivery = Delivery("gate_pass_issued")
    gate_pass = ro.GatePassIssued(gate_pass_no="GP-1", belongings_reminded=True)

    assert refused(delivery.put(gate_pass)) == ("flow.role",)
    assert notes(delivery.put(gate_pass, by=CASHIER)) == {}


# --- written by hand -------------------------------------------------------------------------------------------------

BY_HAND = "peak.handwritten-order-entered"


def written_by_hand() -> Delivery:
    """An order that is written by hand at peak."""
    delivery = Delivery("purpose_recorded")
    delivery.put(ro.PeakRaised(reinforcement=("sa-2",)), by=MANAGER)
    return delivery


def test_an_order_written_by_hand_at_peak_is_kept_as_an_image():
    delivery = written_by_hand()

    without = delivery.put(ro.OrderHandwritten())
    kept = delivery.put(ro.OrderHandwritten(image=co.evidence("paper")))

    assert refused(without) == (BY_HAND,)
    assert isinstance(kept, Accepted)


def test_an_order_written_by_hand_is_not_paid_before_it_is_entered():
    delivery = written_by_hand()
    delivery.put(ro.OrderHandwritten(image=co.evidence("paper")))
    delivery.go_on("paid")

    answer = delivery.next()

    assert isinstance(answer, Refused)
    assert answer.refusals[0].facts == {"peak": True, "image": True, "entered": False}


# --- ways out --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lacking", ["cancel_reason", "keys_returned"])
@pytest.mark.parametrize(
    ("kind", "state"),
    [(ro.QuotationDeclined, S.QUOTED), (ro.OrderWithdrawn, S.SIGNED), (ro.VehicleWithdrawn, S.IN_WORK)],
)
def test_each_way_out_needs_a_reason_and_the_keys_back(kind, state, lacking):
    desk = desk_at(state)
    for step in co.preparation(desk.case("RO-1"), kind):
        co.put(desk, "RO-1", step)
    leaving = co.fact(desk.case("RO-1"), kind).model_copy(update={lacking: None})

    answer = desk.apply("RO-1", leaving, by=co.actor_for(kind, state))

    assert refused(answer) == ("decline.order-cancelled-cleanly",)
