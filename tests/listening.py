"""OpenTelemetry's SDK, in memory: what a host that listens is told. While nobody listens, nothing is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult


class _WhileListening(Sampler):
    on = False

    def should_sample(self, *_args: Any, **_kwargs: Any) -> SamplingResult:
        return SamplingResult(Decision.RECORD_AND_SAMPLE if self.on else Decision.DROP)

    def get_description(self) -> str:
        return "while a test listens"


class _Sdk(NamedTuple):
    sampler: _WhileListening
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader


@cache
def _sdk() -> _Sdk:
    delta = dict.fromkeys((Counter, Histogram), AggregationTemporality.DELTA)
    sdk = _Sdk(_WhileListening(), InMemorySpanExporter(), InMemoryMetricReader(preferred_temporality=delta))
    tracers = TracerProvider(sampler=sdk.sampler)
    tracers.add_span_processor(SimpleSpanProcessor(sdk.exporter))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(MeterProvider(metric_readers=[sdk.reader]))
    return sdk


Labels = tuple[tuple[str, Any], ...]


@dataclass
class Heard:
    """Spans in the order in which they ended, and the metrics of each look since the look before."""

    sdk: _Sdk
    dumps: list[str] = field(default_factory=list)

    def spans(self, name: str = "gongdan") -> list[ReadableSpan]:
        return [span for span in self.sdk.exporter.get_finished_spans() if span.name.startswith(name)]

    def attributes(self, name: str) -> list[dict[str, Any]]:
        return [dict(span.attributes or {}) for span in self.spans(name)]

    def metrics(self) -> dict[str, dict[Labels, Any]]:
        """By name and labels: a count, a value, or the sum and the number of a histogram."""
        found: dict[str, dict[Labels, Any]] = {}
        data = self.sdk.reader.get_metrics_data()
        if data is None:
            return found
        self.dumps.append(data.to_json())
        for metric in (one for resource in data.resource_metrics for one in resource.scope_metrics[0].metrics):
            points = {tuple(sorted(point.attributes.items())): point for point in metric.data.data_points}
            found[metric.name] = {labels: _value(point) for labels, point in points.items()}
        return found

    def everything(self) -> str:
        """Every word that was exported."""
        self.metrics()
        return "\n".join([*(span.to_json() for span in self.sdk.exporter.get_finished_spans()), *self.dumps])


def _value(point: Any) -> Any:
    return point.value if hasattr(point, "value") else (point.sum, point.count)


@contextmanager
def listening() -> Iterator[Heard]:
    """Inside `with` this process listens."""
    sdk = _sdk()
    sdk.exporter.clear()
    sdk.reader.get_metrics_data()
    sdk.sampler.on = True
    try:
        yield Heard(sdk)
    finally:
        sdk.sampler.on = False
        sdk.exporter.clear()
