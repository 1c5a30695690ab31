"""What traces, metrics and log lines tell of the engine's work: enough to follow it, and never anything personal."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.semconv._incubating.attributes import messaging_attributes
from opentelemetry.semconv.attributes import db_attributes, error_attributes
from opentelemetry.trace import SpanKind, StatusCode
from structlog.contextvars import bound_contextvars, get_contextvars, merge_contextvars
from structlog.testing import capture_logs

from adapters.bootstrap import bootstrap
from adapters.inbound.scenario import Step, play, stage
from adapters.inbound.scenario_file import load
from adapters.worker import work
from engine import (
    Adapter,
    Attempt,
    Catalogue,
    Clause,
    Engine,
    Entry,
    GongdanError,
    Late,
    Personal,
    Profile,
    ReceiverGone,
    Retry,
    Shop,
    StaleVersion,
    Text,
    Undeliverable,
    UnknownCommand,
    Verdict,
    clause,
    met,
    signals,
    standard_catalogue,
)
from engine.events import ledger
from engine.events import repair_order as ro
from tests.docs import ROOT
from tests.listening import Heard, listening
from tests.support import ADVISOR, START, Clock, world

FILES = sorted((ROOT / "scenarios").glob("*.toml"))
PAGE = ROOT / "docs/how-to/observe.md"
EVENTS = standard_catalogue().events
SECRET = "张三丰13800138000"
SECRETS = ("13800138000", "LFMAP86C8A0123456", "鄂A12Z45", SECRET)
"""One for each form that a personal value may have."""
TRACES = ("张三丰", *SECRETS, *(one.encode("unicode_escape").decode() for one in SECRETS))


@dataclass
class Hand:
    """An adapter that logs a line, and fails, while it is told to, in words that nobody should read."""

    name: str = "hand"
    how: Exception | None = None

    def deliver(self, _entry: Entry) -> None:
        structlog.get_logger("hand").info("carried")
        if self.how is not None:
            raise self.how

    def close(self) -> None:
        """Nothing is held."""


def engine_with(url: str, *adapters: Adapter, clock: Clock | None = None) -> Engine:
    engine = bootstrap(
        url, upgrade=True, adapters=adapters, world=world(clock), retry=Retry(deadline=timedelta(days=1))
    )
    for adapter in adapters:
        engine.subscribe(adapter.name)
    return engine


@pytest.fixture
def heard() -> Iterator[Heard]:
    with listening() as one:
        yield one


def names(heard: Heard) -> list[str]:
    return [span.name for span in heard.spans()]


# --- spans -------------------------------------------------------------------------------------------------------


def test_a_command_is_one_span_with_deciding_and_committing_inside(database: str, heard: Heard):
    engine = engine_with(database)

    with trace.get_tracer("host").start_as_current_span("request") as request:
        engine.shop("S1").open("RO-1", by=ADVISOR, id="c-1")
    engine.store.close()

    decide, commit, apply = heard.spans()
    assert [one.name for one in (decide, commit, apply)] == ["gongdan.decide", "gongdan.commit", "gongdan.apply"]
    assert decide.parent == commit.parent == apply.context
    assert apply.parent == request.get_span_context()
    assert [one.kind for one in (decide, commit, apply)] == [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.INTERNAL]
    assert commit.attributes == {"db.system.name": database.split(":", maxsplit=1)[0].split("+", maxsplit=1)[0]}


def test_an_answer_is_told_by_its_ids_and_codes(heard: Heard):
    shop = engine_with("sqlite://").shop("S1")
    shop.open("RO-1", by=ADVISOR, id="c-1")

    shop.apply("RO-1", ro.OrderSigned(), by=ADVISOR, id="c-2")

    told = {
        "gongdan.shop.id": "S1",
        "gongdan.case.id": "RO-1",
        "gongdan.workflow": "repair_order",
        "gongdan.command.name": "order_signed",
        "gongdan.command.id": "c-2",
        "gongdan.answer": "refused",
        "gongdan.state": "new",
        "gongdan.seq": 2,
        "gongdan.clauses": ("flow.not-open",),
    }
    assert heard.attributes("gongdan.decide")[-1] == told
    assert heard.attributes("gongdan.apply")[-1] == {**told, "gongdan.entries": 1}


def test_of_facts_put_together_each_is_decided_in_a_span_of_its_own(heard: Heard):
    shop = engine_with("sqlite://").shop("S1")
    shop.open("RO-1", by=ADVISOR)

    shop.apply_all("RO-1", [ro.VehicleCheckedIn(), ro.WaitTick()], by=ADVISOR, id="both")

    *_, first, second = heard.attributes("gongdan.decide")
    assert [one["gongdan.command.id"] for one in (first, second)] == ["both.1", "both.2"]
    assert heard.attributes("gongdan.apply")[-1] == {
        "gongdan.shop.id": "S1",
        "gongdan.case.id": "RO-1",
        "gongdan.command.id": "both",
        "gongdan.entries": 2,
    }


def test_a_batch_is_one_span_and_each_of_its_commands_is_told_where_it_was_decided(heard: Heard):
    batch = engine_with("sqlite://").shop("S1").batch()
    for case in ("RO-1", "RO-2"):
        batch.open(case, by=ADVISOR)

    batch.run()

    assert [one["gongdan.case.id"] for one in heard.attributes("gongdan.decide")] == ["RO-1", "RO-2"]
    assert heard.attributes("gongdan.apply") == [{"gongdan.shop.id": "S1", "gongdan.entries": 2}]


def test_a_recorded_answer_is_given_without_deciding(heard: Heard):
    shop = engine_with("sqlite://").shop("S1")
    for _ in range(2):
        shop.open("RO-1", by=ADVISOR, id="c-1")

    assert names(heard).count("gongdan.decide") == 1
    assert [one["gongdan.entries"] for one in heard.attributes("gongdan.apply")] == [1, 0]


def test_a_mistake_is_told_as_the_class_of_its_error(heard: Heard):
    shop = engine_with("sqlite://").shop("S1")
    shop.open("RO-1", by=ADVISOR)

    with pytest.raises(StaleVersion):
        shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR, expected=7, id="c-2")

    span = heard.spans("gongdan.apply")[-1]
    assert span.attributes == {
        "gongdan.shop.id": "S1",
        "gongdan.case.id": "RO-1",
        "gongdan.command.id": "c-2",
        "error.type": "StaleVersion",
    }
    assert (span.status.status_code, span.status.description, span.events) == (StatusCode.ERROR, None, ())


def test_on_a_host_s_connection_the_commit_is_the_host_s(tmp_path: Path, heard: Heard):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    shop = engine_with(url).shop("S1")
    host = sqlalchemy.create_engine(url)

    with host.begin() as connection:
        connection.exec_driver_sql("BEGIN")
        shop.open("RO-1", by=ADVISOR, connection=connection)
    host.dispose()

    assert names(heard) == ["gongdan.decide", "gongdan.apply"]


def test_a_worker_that_finds_nothing_leaves_no_trace(heard: Heard):
    engine = engine_with("sqlite://", Hand())

    engine.deliver()

    assert names(heard) == []
    assert heard.metrics()["gongdan.commit.duration"]


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        (None, "delivered"),
        (ConnectionError(SECRET), "failed"),
        (Undeliverable("no such person"), "dead"),
        (ReceiverGone("left"), "stopped"),
    ],
)
def test_a_delivery_is_told_with_its_outcome(heard: Heard, how: Exception | None, outcome: str):
    engine = engine_with("sqlite://", Hand(how=how))
    engine.shop("S1").open("RO-1", by=ADVISOR, id="c-1")

    engine.deliver()

    (entry,) = engine.shop("S1").entries("RO-1")
    (span,) = heard.spans("gongdan.deliver")
    assert span.kind is SpanKind.PRODUCER
    assert dict(span.attributes) == {
        "messaging.system": "gongdan",
        "messaging.operation.name": "deliver",
        "messaging.operation.type": "send",
        "messaging.destination.name": "hand",
        "messaging.message.id": entry.seal,
        "gongdan.letter.id": 1,
        "gongdan.attempts": 1,
        "gongdan.outcome": outcome,
        "gongdan.shop.id": "S1",
        "gongdan.case.id": "RO-1",
        "gongdan.workflow": "repair_order",
        "gongdan.command.name": "case_opened",
        "gongdan.command.id": "c-1",
        "gongdan.answer": "accepted",
        "gongdan.state": "new",
        "gongdan.seq": 1,
        "gongdan.clauses": (),
        **({} if how is None else {"error.type": type(how).__name__}),
    }
    assert (span.status.is_ok, span.status.description, span.events) == (how is None, None, ())


# --- metrics -----------------------------------------------------------------------------------------------------


def labels(**values: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name.replace("_", "."), value) for name, value in values.items()))


@dataclass
class Early:
    """An adapter during whose deliveries the clock is put back."""

    clock: Clock
    name: str = "early"

    def deliver(self, _entry: Entry) -> None:
        self.clock.forward(minutes=-1)

    def close(self) -> None:
        """Nothing is held."""


EARLY = (("messaging.destination.name", "early"),)
HAND = (("messaging.destination.name", "hand"),)


def test_answers_are_counted_by_workflow_once_they_are_written(heard: Heard):
    shop = engine_with("sqlite://").shop("S1")
    shop.open("RO-1", by=ADVISOR, id="c-1")
    shop.open("RO-1", by=ADVISOR, id="c-1")
    shop.apply("RO-1", ro.OrderSigned(), by=ADVISOR)
    shop.apply_all("RO-1", [ro.VehicleCheckedIn(), ro.OrderSigned()], by=ADVISOR)

    found = heard.metrics()

    assert found["gongdan.answers"] == {
        labels(gongdan_answer="accepted", gongdan_workflow="repair_order"): 1,
        labels(gongdan_answer="refused", gongdan_workflow="repair_order"): 1,
    }
    ((seconds, times),) = found["gongdan.decide.duration"].values()
    assert times == 4
    assert 0 < seconds < 60


def test_deciding_that_ends_in_a_mistake_is_measured_with_its_class(heard: Heard):
    shop = engine_with("sqlite://").shop("S1")
    shop.open("RO-1", by=ADVISOR)
    heard.metrics()

    with pytest.raises(UnknownCommand):
        shop.apply("RO-1", ledger.PersonalRevealed(case="RO-1", seq=1, paths=("x",), to="t", purpose="p"), by=ADVISOR)

    (point,) = heard.metrics()["gongdan.decide.duration"]
    assert point == labels(error_type="UnknownCommand", gongdan_workflow="repair_order")
    assert heard.attributes("gongdan.decide")[-1] == dict(point)


def test_a_lost_race_shows_as_a_commit_that_failed_and_another_one(postgresql: str, heard: Heard):
    theirs = engine_with(postgresql)
    other = theirs.shop("S1")
    other.open("RO-1", by=ADVISOR, id="c-1")
    meddling = [lambda: other.apply("RO-1", ro.OrderSigned(), by=ADVISOR, id="first")]

    def clock() -> datetime:
        if meddling:
            meddling.pop()()
        return START

    engine = bootstrap(postgresql, world=replace(world(), clock=clock))
    engine.shop("S1").apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR, id="second")
    for one in (engine, theirs):
        one.store.close()

    apply = heard.spans("gongdan.apply")[-1]
    inside = [span for span in heard.spans() if span.parent == apply.context and span.name != "gongdan.apply"]
    assert [(span.name, span.attributes.get("error.type")) for span in inside] == [
        ("gongdan.decide", None),
        ("gongdan.commit", "LostRace"),
        ("gongdan.decide", None),
        ("gongdan.commit", None),
    ]
    assert labels(db_system_name="postgresql", error_type="LostRace") in heard.metrics()["gongdan.commit.duration"]


def test_the_lag_of_a_delivery_is_the_time_since_its_entry_was_recorded(heard: Heard):
    clock = Clock()
    engine = engine_with("sqlite://", Hand(), clock=clock)
    engine.shop("S1").open("RO-1", by=ADVISOR)
    clock.forward(minutes=2)

    engine.deliver()

    assert heard.metrics()["gongdan.delivery.lag"] == {HAND: (120.0, 1)}


def test_no_lag_is_negative_where_clocks_disagree(heard: Heard):
    clock = Clock()
    engine = engine_with("sqlite://", Early(clock), clock=clock)
    engine.shop("S1").open("RO-1", by=ADVISOR)

    engine.deliver()

    assert heard.metrics()["gongdan.delivery.lag"] == {EARLY: (0.0, 1)}


def test_failures_and_dead_letters_are_counted_by_adapter(heard: Heard):
    hand, clock = Hand(how=ConnectionError(SECRET)), Clock()
    engine = engine_with("sqlite://", hand, clock=clock)
    engine.shop("S1").open("RO-1", by=ADVISOR)

    engine.deliver()
    hand.how = Undeliverable("no such person")
    clock.forward(hours=1)
    engine.deliver()

    found = heard.metrics()
    assert found["gongdan.delivery.failures"] == {
        (("error.type", "ConnectionError"), *HAND): 1,
        (("error.type", "Undeliverable"), *HAND): 1,
    }
    assert found["gongdan.delivery.dead_letters"] == {HAND: 1}
    assert heard.attributes("gongdan.deliver")[-1]["gongdan.attempts"] == 2


def test_the_queue_is_told_while_it_is_observed(heard: Heard):
    clock = Clock()
    engine = engine_with("sqlite://", Hand(how=Undeliverable("no such person")), clock=clock)
    engine.shop("S1").open("RO-1", by=ADVISOR)
    engine.deliver()
    clock.forward(hours=1)
    engine.shop("S1").open("RO-2", by=ADVISOR)

    with engine.observe():
        during = heard.metrics()
    after = heard.metrics()

    (count,) = engine.outbox.counts()
    told = {name: during[f"gongdan.outbox.{name}"][HAND] for name in ("waiting", "late", "dead")}
    assert told == {"waiting": count.waiting, "late": count.late, "dead": count.dead}
    assert (count.waiting, count.dead) == (1, 1)
    assert not any(name.startswith("gongdan.outbox") for name in after)


@dataclass
class Watchman:
    """An adapter that looks at the metrics during a delivery, and then ends the work."""

    heard: Heard
    stop: threading.Event
    seen: dict[str, Any] = field(default_factory=dict)
    name: str = "hand"

    def deliver(self, _entry: Entry) -> None:
        self.seen = self.heard.metrics()
        self.stop.set()

    def close(self) -> None:
        """Nothing is held."""


def test_a_worker_tells_the_queue_while_it_works(tmp_path: Path, heard: Heard):
    watchman = Watchman(heard, threading.Event())
    engine = engine_with(f"sqlite:///{tmp_path / 'shop.db'}", watchman)
    engine.shop("S1").open("RO-1", by=ADVISOR)

    done = work(engine, [watchman], watchman.stop)

    assert done.delivered == 1
    assert watchman.seen["gongdan.outbox.waiting"] == {HAND: 1}
    assert "gongdan.outbox.waiting" not in heard.metrics()


def test_a_database_that_is_away_has_no_numbers_and_breaks_no_collection(tmp_path: Path, heard: Heard):
    engine = engine_with(f"sqlite:///{tmp_path / 'shop.db'}", Hand())
    engine.store.close()
    (tmp_path / "shop.db").write_bytes(b"no database")

    with engine.observe():
        found = heard.metrics()

    assert not any(name.startswith("gongdan.outbox") for name in found)


# --- log lines ---------------------------------------------------------------------------------------------------


@contextmanager
def merged() -> Iterator[list[dict[str, Any]]]:
    """The log lines of a host that merges the context."""
    with capture_logs(processors=[merge_contextvars]) as lines:
        yield lines


def test_an_answer_and_its_delivery_are_found_by_one_correlation_id():
    engine = engine_with("sqlite://", Hand(how=ConnectionError(SECRET)))

    with merged() as lines:
        engine.shop("S1").open("RO-1", by=ADVISOR, id="c-1")
        engine.deliver()

    accepted, carried, failed = lines
    ids = {"shop": "S1", "case": "RO-1", "command": "c-1", "correlation_id": "c-1"}
    assert accepted.items() >= ids.items()
    assert carried == {"event": "carried", "log_level": "info", **ids, "adapter": "hand", "letter": 1}
    assert failed.items() >= {**ids, "event": "delivery_failed"}.items()
    assert get_contextvars() == {}


def test_a_host_s_own_correlation_id_is_in_every_line():
    engine = engine_with("sqlite://", Hand())

    with merged() as lines, bound_contextvars(correlation_id="request-42", case="the host's"):
        engine.shop("S1").open("RO-1", by=ADVISOR)
        engine.deliver()
        before = get_contextvars()

    assert [(line["event"], line["correlation_id"], line["case"]) for line in lines] == [
        ("accepted", "request-42", "RO-1"),
        ("carried", "request-42", "RO-1"),
    ]
    assert before == {"correlation_id": "request-42", "case": "the host's"}


def test_a_line_of_a_clause_says_what_it_was_asked_about():
    @clause("house.logs", ro.VehicleCheckedIn, source="s", zh="一", en="a", do=Text("二", "b"))
    def logs(attempt: Attempt[ro.VehicleCheckedIn]) -> Verdict:
        structlog.get_logger("house").info("asked")
        return met(True)

    shop = bootstrap("sqlite://", upgrade=True, catalogue=with_clause(logs), world=world()).shop("S1", profile="house")
    shop.open("RO-1", by=ADVISOR)
    shop.open("RO-2", by=ADVISOR)
    batch = shop.batch()
    for case in ("RO-1", "RO-2"):
        batch.apply(case, ro.VehicleCheckedIn(), by=ADVISOR, id=f"in-{case}")

    with merged() as lines:
        batch.run()

    asked = [line for line in lines if line["event"] == "asked"]
    told = [line for line in lines if line["event"] == "accepted"]
    assert [(line["case"], line["command"], line["correlation_id"]) for line in asked] == [
        ("RO-1", "in-RO-1", "in-RO-1"),
        ("RO-2", "in-RO-2", "in-RO-2"),
    ]
    assert [line["correlation_id"] for line in told] == ["in-RO-1", "in-RO-2"]


HOUSE = """
name = "house"
version = "1"
extends = "base"
label = { zh = "本店", en = "Our house" }
[clauses.repair_order]
"house.logs" = {}
"""


def with_clause(rule: Clause) -> Catalogue:
    """What ships, and a house profile with a clause of its own."""
    ours = standard_catalogue()
    profiles = {**ours.profiles, "house": Profile.load(HOUSE)}
    return replace(ours, clauses={**ours.clauses, rule.id: rule}, profiles=profiles)


# --- nothing personal --------------------------------------------------------------------------------------------


@dataclass
class Ears:
    """Everything that anybody could hear."""

    heard: Heard
    lines: list[Any]
    caplog: pytest.LogCaptureFixture

    def secrets(self) -> list[str]:
        said = f"{self.heard.everything()}{self.lines}{self.caplog.text}{[one.__dict__ for one in self.caplog.records]}"
        return [trace for trace in TRACES if trace in said]


@pytest.fixture
def ears(heard: Heard, caplog: pytest.LogCaptureFixture) -> Iterator[Ears]:
    caplog.set_level(logging.DEBUG)
    with merged() as lines:
        yield Ears(heard, lines, caplog)


def valid(step: Step, name: str) -> str:
    """The secret that a personal field takes for valid."""
    return next(one for one in SECRETS if getattr(EVENTS[step.name].read({**step.facts, name: one}), name).valid)


def spoken(step: Step) -> Step:
    """A step with a secret in each of its personal fields."""
    secrets = {name: valid(step, name) for name in EVENTS[step.name].personal}
    late = None if step.late is None else Late(Personal.clear(SECRET), step.late.paper)
    return replace(step, facts={**step.facts, **secrets}, late=late)


@pytest.mark.broad
def test_no_scenario_lets_a_personal_value_be_heard(ears: Ears):
    hand = Hand(how=ConnectionError(SECRET))
    engine = stage()
    engine.subscribe("hand")

    for file in FILES:
        scenario = load(file)
        steps, start = (tuple(map(spoken, some)) for some in (scenario.steps, scenario.start))
        play(replace(scenario, id=file.stem, steps=steps, start=start), engine)
        engine.deliver([hand])

    assert len(ears.heard.spans("gongdan.apply")) > len(FILES)
    assert ears.heard.spans("gongdan.deliver")
    assert ears.secrets() == []


PUTS = st.tuples(
    st.sampled_from(sorted(kind for kind, event in EVENTS.items() if event.personal)),
    st.text(max_size=20),
    st.sampled_from(["RO-1", "RO-2", SECRET, f"RO {SECRET}"]),
    st.sampled_from([None, "c-1", SECRET]),
    st.booleans(),
)


@pytest.mark.broad
@settings(deadline=None, max_examples=60)
@given(st.lists(PUTS, max_size=8))
def test_whatever_is_put_no_personal_value_is_heard(puts: list[tuple[str, str, str, str | None, bool]]):
    with listening() as heard, merged() as lines:
        engine = engine_with("sqlite://", Hand(how=ConnectionError(SECRET)))
        shop = engine.shop("S1")
        shop.open("RO-1", by=ADVISOR)
        for one in puts:
            attempt(shop, *one)
        engine.deliver()
        said = f"{heard.everything()}{lines}"

    assert "gongdan.apply" in said
    assert [trace for trace in TRACES if trace in said] == []


def fact(kind: str, text: str) -> Any:
    return EVENTS[kind].read(dict.fromkeys(EVENTS[kind].personal, f"{SECRET}{text}"))


def late(text: str) -> Late:
    return Late(Personal.clear(f"{SECRET}{text}"), "P-1")


def attempt(shop: Shop, kind: str, text: str, case: str, id_: str | None, is_late: bool) -> None:
    """Put a fact by itself and in a batch; what is wrong with it is told as a class."""
    batch = shop.batch()
    with suppress(GongdanError):
        shop.apply(case, fact(kind, text), by=ADVISOR, id=id_, late=late(text) if is_late else None)
    with suppress(GongdanError):
        batch.apply(case, fact(kind, text), by=ADVISOR, id=id_)
        batch.run()


def test_a_text_that_is_no_id_is_told_as_nothing(ears: Ears):
    shop = engine_with("sqlite://").shop("S1")

    with pytest.raises(GongdanError):
        shop.apply(SECRET, ro.VehicleCheckedIn(), by=ADVISOR, id="c-1")

    assert ears.heard.attributes("gongdan.apply") == [
        {"gongdan.shop.id": "S1", "gongdan.command.id": "c-1", "error.type": "BadCommand"}
    ]
    assert ears.secrets() == []


# --- names -------------------------------------------------------------------------------------------------------


def test_every_name_is_told_and_no_other(heard: Heard):
    hand = Hand(how=ConnectionError("x"))
    engine = engine_with("sqlite://", hand, clock=(clock := Clock()))
    engine.shop("S1").open("RO-1", by=ADVISOR)
    with pytest.raises(GongdanError):
        engine.shop("S1").open("RO-1", by=ADVISOR)
    engine.deliver()
    hand.how = Undeliverable("x")
    clock.forward(hours=1)
    engine.deliver()
    hand.how = None
    engine.outbox.retry(adapter="hand")
    engine.deliver()
    with engine.observe():
        engine.shop("S1").open("RO-2", by=ADVISOR)
        found = heard.metrics()

    allowed = {span.name: {*span.attributes} for span in signals.SPANS}
    assert {span.name for span in heard.spans()} == {*allowed}
    assert all({*span.attributes} <= allowed[span.name] for span in heard.spans())
    assert {*found} == {metric.name for metric in signals.METRICS}
    by = {metric.name: {*metric.attributes} for metric in signals.METRICS}
    assert all({name for name, _ in point} <= by[metric] for metric, points in found.items() for point in points)


def test_every_attribute_says_what_it_is():
    used = {name for one in (*signals.SPANS, *signals.METRICS) for name in one.attributes}

    assert used == {*signals.ATTRIBUTES}


def test_names_that_are_not_ours_are_those_of_the_semantic_conventions():
    known = {
        value
        for module in (messaging_attributes, db_attributes, error_attributes)
        for name, value in vars(module).items()
        if name.isupper()
    }

    assert {name for name in signals.ATTRIBUTES if not name.startswith("gongdan.")} <= known


def test_the_page_names_every_event_that_is_logged():
    table = PAGE.read_text("utf-8").split("## Log lines")[1].split("## Spans")[0]
    told = {name for line in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)}
    sources = [path.read_text("utf-8") for folder in ("engine", "adapters") for path in (ROOT / folder).rglob("*.py")]
    calls = re.compile(r'_log\.(?:log\(\s*[^"]*?,|\w+\()\s*f?((?:"\w+(?:\{\w+\})?")(?: if [\w.]+ else "\w+")?)')
    logged = {name for text in sources for call in calls.findall(text) for name in re.findall(r'"(\w+)', call)}

    assert {name for name in told if not name.startswith("letters_")} | {"letters_"} == logged


def test_the_example_of_the_page_prints_what_stands_below_it(tmp_path: Path):
    run = re.search(r"<!-- run alone -->\n```python\n(.*?)```\n\n```text\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert run is not None

    command = [sys.executable, "-W", "error", "-c", run[1]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert (done.stderr, done.stdout) == ("", run[2])
