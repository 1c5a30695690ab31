"""Telemetry: what a host's traces and metrics are told of the engine's work, by OpenTelemetry's API alone.

Must live here: how spans and instruments are used, and the one clock that only says how long something took. Must not
be known here: their names (`engine.signals`), facts, who listens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import Token
from time import perf_counter
from typing import Any, ClassVar, Self

from opentelemetry import metrics, trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.metrics import CallbackOptions, Histogram, Observation
from opentelemetry.trace import INVALID_SPAN, SpanKind, StatusCode

from engine import signals as s
from engine.correlation import About, Value, told
from engine.errors import GongdanError, ReceiverGone
from engine.journal import Entry

_KINDS = {span.name: SpanKind[span.kind.upper()] for span in s.SPANS}
_TRACER = trace.get_tracer("gongdan")
_METER = metrics.get_meter("gongdan")


def _histogram(metric: s.Metric) -> Histogram:
    bounds = metric.bounds
    return _METER.create_histogram(metric.name, metric.unit, metric.about, explicit_bucket_boundaries_advisory=bounds)


_DECIDE_SECONDS = _histogram(s.DECIDE_SECONDS)
_COMMIT_SECONDS = _histogram(s.COMMIT_SECONDS)
_LAG = _histogram(s.LAG)
_ANSWERS, _FAILURES, _DEAD_LETTERS = (
    _METER.create_counter(one.name, one.unit, one.about) for one in (s.ANSWERS, s.FAILURES, s.DEAD_LETTERS)
)

_SENDING: Mapping[str, Value] = {s.SYSTEM: "gongdan", s.OPERATION: "deliver", s.OPERATION_TYPE: "send"}


def _answered(entry: Entry) -> dict[str, Value]:
    return {
        s.SHOP: entry.shop,
        s.CASE: entry.case,
        s.WORKFLOW: entry.workflow,
        s.COMMAND: entry.command.name,
        s.COMMAND_ID: entry.command.id,
        s.ANSWER: _answer(entry),
        s.STATE: entry.state,
        s.SEQ: entry.seq,
        s.CLAUSES: [clause for clause, _ in entry.refusals],
    }


def _answer(entry: Entry) -> str:
    return "accepted" if entry.accepted else "refused"


# --- spans -------------------------------------------------------------------------------------------------------


class _Spanned:
    """A span, current inside `with`; of an error that ends it only the class is told. Cheap while nobody listens."""

    __slots__ = ("_span", "_token")
    _signal: ClassVar[s.Span]

    def __enter__(self) -> Self:
        self._span = self._started()
        self._token: Token[Context] | None = None
        if self._span is not INVALID_SPAN:
            self._token = attach(trace.set_span_in_context(self._span))
        return self

    def _started(self) -> trace.Span:
        return _TRACER.start_span(self._signal.name, kind=_KINDS[self._signal.name])

    def _tell(self, values: Callable[[], Mapping[str, Value]]) -> None:
        if self._token is not None and self._span.is_recording():
            self._span.set_attributes(told(values()))

    def _fail(self, kind: type[BaseException]) -> None:
        self._span.set_attribute(s.ERROR, kind.__name__)
        self._span.set_status(StatusCode.ERROR)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._token is not None:
            detach(self._token)
            if kind is not None:
                self._fail(kind)
            self._span.end()


class Applying(_Spanned):
    """Commands are put. `id`: of the one command, or what the ids of several begin with; None for a batch."""

    __slots__ = ("_given",)
    _signal = s.APPLY

    def __init__(self, shop: str, case: str | None, id: str | None) -> None:
        """Say of what."""
        self._given: dict[str, Value] = {s.SHOP: shop, s.CASE: case, s.COMMAND_ID: id}

    def __enter__(self) -> Self:
        """Begin."""
        super().__enter__()
        self._tell(lambda: self._given)
        return self

    def wrote(self, entries: Sequence[Entry]) -> None:
        """It ended; one entry is told in full, of several each has been told where it was decided."""
        self._tell(lambda: {**(_answered(entries[0]) if len(entries) == 1 else {}), s.ENTRIES: len(entries)})
        for entry in entries:
            _ANSWERS.add(1, {s.WORKFLOW: entry.workflow, s.ANSWER: _answer(entry)})


class _Timed(_Spanned):
    """A span whose length is measured too, by one label."""

    __slots__ = ("_began", "_labels")
    _by: ClassVar[str]
    _seconds: ClassVar[Histogram]

    def __init__(self, label: str) -> None:
        """Nothing is told before `with`."""
        self._labels: dict[str, Value] = {self._by: label}

    def __enter__(self) -> Self:
        super().__enter__()
        self._tell(lambda: self._labels)
        self._began = perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        lasted = perf_counter() - self._began
        self._seconds.record(lasted, self._labels if kind is None else {**self._labels, s.ERROR: kind.__name__})
        super().__exit__(kind)


class Deciding(_Timed):
    """A command is decided by the rules of a workflow."""

    __slots__ = ()
    _signal = s.DECIDE
    _by = s.WORKFLOW
    _seconds = _DECIDE_SECONDS

    def answered(self, entry: Entry) -> None:
        """Tell the answer."""
        self._tell(lambda: _answered(entry))


class Committing(_Timed):
    """A transaction ends on a kind of database; no trace begins so, or a worker that looks for work would fill them."""

    __slots__ = ()
    _signal = s.COMMIT
    _by = s.DATABASE
    _seconds = _COMMIT_SECONDS

    def _started(self) -> trace.Span:
        return INVALID_SPAN if trace.get_current_span() is INVALID_SPAN else super()._started()


class Delivering(_Spanned):
    """A letter is handed to an adapter; log lines meanwhile say which."""

    __slots__ = ("_about", "_adapter", "_tried")
    _signal = s.DELIVER

    def __init__(self, adapter: str, *, shop: str, case: str, letter: int, tried: int) -> None:
        """Say which, and how many times it was tried before."""
        self._adapter = adapter
        self._tried: dict[str, Value] = {s.SHOP: shop, s.CASE: case, s.LETTER: letter, s.ATTEMPTS: tried + 1}
        self._about = About()

    def __enter__(self) -> Self:
        """Begin."""
        super().__enter__()
        self._tell(lambda: {**_SENDING, s.ADAPTER: self._adapter, **self._tried})
        return self

    def takes(self, entry: Entry) -> None:
        """Tell which entry it is."""
        self._about.bind(
            adapter=self._adapter,
            shop=entry.shop,
            case=entry.case,
            letter=self._tried[s.LETTER],
            command=entry.command.id,
        )
        self._tell(lambda: {s.MESSAGE: entry.seal, **_answered(entry)})

    def delivered(self, lag: float) -> None:
        """It arrived, so many seconds after it was recorded."""
        self._tell(lambda: {s.OUTCOME: "delivered"})
        _LAG.record(max(lag, 0.0), {s.ADAPTER: self._adapter})

    def failed(self, error: Exception, *, dead: bool) -> None:
        """It did not."""
        stopped = isinstance(error, ReceiverGone)
        self._tell(lambda: {s.OUTCOME: "dead" if dead else "stopped" if stopped else "failed"})
        self._fail(type(error))
        _FAILURES.add(1, {s.ADAPTER: self._adapter, s.ERROR: type(error).__name__})
        if dead:
            _DEAD_LETTERS.add(1, {s.ADAPTER: self._adapter})

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End."""
        self._about.__exit__()
        super().__exit__(kind)


# --- gauges ------------------------------------------------------------------------------------------------------


Counts = Callable[[], Iterable[Any]]
"""How the queues stand: for each adapter by name, how many letters wait, are late, are dead."""

_counted: list[Counts] = []


@contextmanager
def observed(counts: Counts) -> Iterator[None]:
    """Inside `with`, whoever collects metrics is told how the queues stand, as counted at that moment."""
    _counted.append(counts)
    try:
        yield
    finally:
        _counted.remove(counts)


def _gauge(metric: s.Metric, number: Callable[[Any], int]) -> None:
    def observe(_: CallbackOptions) -> Iterator[Observation]:
        for counts in [*_counted]:
            with suppress(GongdanError):  # a database that is away has no numbers
                yield from [Observation(number(one), {s.ADAPTER: one.adapter}) for one in counts()]

    _METER.create_observable_gauge(metric.name, [observe], metric.unit, metric.about)


_gauge(s.WAITING, lambda one: one.waiting)
_gauge(s.LATE, lambda one: one.late)
_gauge(s.DEAD, lambda one: one.dead)
