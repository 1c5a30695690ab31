"""Signals: the names of all that telemetry tells — attributes, spans, metrics — and what each is about.

Must live here: tables. Must not be known here: how anything is told. Where OpenTelemetry's semantic conventions have a
name, it is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

SHOP = "gongdan.shop.id"
CASE = "gongdan.case.id"
WORKFLOW = "gongdan.workflow"
COMMAND = "gongdan.command.name"
COMMAND_ID = "gongdan.command.id"
ANSWER = "gongdan.answer"
STATE = "gongdan.state"
SEQ = "gongdan.seq"
CLAUSES = "gongdan.clauses"
ENTRIES = "gongdan.entries"
LETTER = "gongdan.letter.id"
ATTEMPTS = "gongdan.attempts"
OUTCOME = "gongdan.outcome"
ADAPTER = "messaging.destination.name"
MESSAGE = "messaging.message.id"
SYSTEM = "messaging.system"
OPERATION = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
DATABASE = "db.system.name"
ERROR = "error.type"

ATTRIBUTES: Mapping[str, str] = {
    SHOP: "the shop",
    CASE: "the case",
    WORKFLOW: "the workflow of the case",
    COMMAND: "the command's name",
    COMMAND_ID: "the command's id; of facts that were put together, what their ids begin with",
    ANSWER: "`accepted` or `refused`",
    STATE: "the state of the case after the answer",
    SEQ: "the number of the entry in its case",
    CLAUSES: "the clauses that refuse, by id",
    ENTRIES: "how many entries were written; 0 for an answer that was recorded before",
    LETTER: "the number of the letter in the outbox",
    ATTEMPTS: "how many times it has been tried, this time included",
    OUTCOME: "`delivered`, `failed`, `dead`, or `stopped` when the receiver wants nothing more",
    ADAPTER: "the adapter's name",
    MESSAGE: "the seal of the entry, by which receivers de-duplicate",
    SYSTEM: "`gongdan`",
    OPERATION: "`deliver`",
    OPERATION_TYPE: "`send`",
    DATABASE: "`sqlite` or `postgresql`",
    ERROR: "the class of an error, never its words",
}


class Span(NamedTuple):
    """A span: what it is about, its kind, what it may carry."""

    name: str
    about: str
    kind: str
    attributes: tuple[str, ...]


_ANSWERED = (SHOP, CASE, WORKFLOW, COMMAND, COMMAND_ID, ANSWER, STATE, SEQ, CLAUSES)
_DELIVERED = (SYSTEM, OPERATION, OPERATION_TYPE, ADAPTER, MESSAGE, LETTER, ATTEMPTS, OUTCOME)

APPLY = Span("gongdan.apply", "commands put: from the call to the commit", "internal", (*_ANSWERED, ENTRIES, ERROR))
DECIDE = Span("gongdan.decide", "one command decided", "internal", (*_ANSWERED, ERROR))
COMMIT = Span("gongdan.commit", "a commit, inside another span", "client", (DATABASE, ERROR))
DELIVER = Span("gongdan.deliver", "an entry handed to an adapter", "producer", (*_DELIVERED, *_ANSWERED, ERROR))
SPANS = (APPLY, DECIDE, COMMIT, DELIVER)


class Metric(NamedTuple):
    """A metric: what it is about, its kind, its unit, by which attributes; the bounds of a histogram's buckets."""

    name: str
    about: str
    kind: str
    unit: str
    attributes: tuple[str, ...]
    bounds: tuple[float, ...] = ()


_SHORT = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LONG = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)

DECIDE_SECONDS = Metric(
    "gongdan.decide.duration", "how long deciding took", "histogram", "s", (WORKFLOW, ERROR), _SHORT
)
COMMIT_SECONDS = Metric(
    "gongdan.commit.duration", "how long a commit took", "histogram", "s", (DATABASE, ERROR), _SHORT
)
ANSWERS = Metric("gongdan.answers", "answers written", "counter", "{answer}", (WORKFLOW, ANSWER))
LAG = Metric("gongdan.delivery.lag", "from recording an entry to its delivery", "histogram", "s", (ADAPTER,), _LONG)
FAILURES = Metric("gongdan.delivery.failures", "deliveries that failed", "counter", "{failure}", (ADAPTER, ERROR))
DEAD_LETTERS = Metric("gongdan.delivery.dead_letters", "letters given up", "counter", "{letter}", (ADAPTER,))
WAITING = Metric("gongdan.outbox.waiting", "letters that wait", "gauge", "{letter}", (ADAPTER,))
LATE = Metric("gongdan.outbox.late", "letters that have waited for five minutes", "gauge", "{letter}", (ADAPTER,))
DEAD = Metric("gongdan.outbox.dead", "dead letters nobody has seen to", "gauge", "{letter}", (ADAPTER,))
METRICS = (DECIDE_SECONDS, COMMIT_SECONDS, ANSWERS, LAG, FAILURES, DEAD_LETTERS, WAITING, LATE, DEAD)
