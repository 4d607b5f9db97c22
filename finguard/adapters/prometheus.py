"""What the detector tells, as metrics for Prometheus."""

import time
from collections.abc import Collection, Mapping
from typing import Final, Literal

import msgspec
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.process_collector import ProcessCollector

from finguard.domain.effects import REASONS, Effects
from finguard.domain.telemetry import (
    LATENCY_BOUNDS_S,
    STEPS,
    Assigned,
    BatchDone,
    Event,
    LagSeen,
    Latency,
    OutageBegan,
    OutageEnded,
    RebuildBegan,
    RebuildMoved,
    Rejoined,
    Stored,
    Turned,
)

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

OTHER: Final = "other"
"""Stands for every value of a label that is not in its list, so that no list can grow."""

Label = Literal["rule", "reason", "step", "service", "partition"]

LABELS: Final[Mapping[Label, str]] = {
    "rule": "the rules that run, and `other`",
    "reason": "the codes of `finguard/domain/effects.py`, and `other`",
    "step": "the steps of docs/delivery.md",
    "service": "`kafka`, `redis`, `postgresql`, and `unknown`",
    "partition": "the partitions that this detector owns now",
}
"""What each label may say: a list that the code knows, or the partitions of one topic."""

SERVICES: Final = ("kafka", "redis", "postgresql", "unknown")

# From an idle loop's batch of one record to the longest that anybody should see.
_BATCH_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_STEP_S: Final = (0.0001, 0.0005, *_BATCH_S)
_RECORDS: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)


class Metric(msgspec.Struct, frozen=True):
    """One metric: its name as it is scraped, its meaning, and its labels if it has any."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    label: Label | None = None
    buckets: tuple[float, ...] = ()


TRANSACTIONS: Final = Metric(
    "finguard_detector_transactions_total", "counter", "Transactions judged and stored."
)
ALERTS: Final = Metric(
    "finguard_detector_alerts_total", "counter", "Alerts stored in PostgreSQL.", "rule"
)
DEAD_LETTERS: Final = Metric(
    "finguard_detector_dead_letters_total",
    "counter",
    "Messages sent to the dead-letter topic and listed in PostgreSQL.",
    "reason",
)
LATENCY: Final = Metric(
    "finguard_detector_alert_latency_seconds",
    "histogram",
    "From the moment Kafka took an event until its alert is durable in PostgreSQL.",
    buckets=LATENCY_BOUNDS_S,
)
BATCH_RECORDS: Final = Metric(
    "finguard_detector_batch_records", "histogram", "Records in a batch.", buckets=_RECORDS
)
BATCH_SECONDS: Final = Metric(
    "finguard_detector_batch_seconds",
    "histogram",
    "A batch's steps after its poll, taken together; it is written while the next is judged.",
    buckets=_BATCH_S,
)
STEP_SECONDS: Final = Metric(
    "finguard_detector_step_seconds",
    "histogram",
    "One step of a batch; `poll` includes the wait for records to come.",
    "step",
    _STEP_S,
)
LAG: Final = Metric(
    "finguard_detector_lag_records",
    "gauge",
    "Records that wait, as of the latest batch; not renewed during an outage.",
    "partition",
)
PARTITIONS: Final = Metric("finguard_detector_partitions", "gauge", "Partitions owned.")
OUTAGE: Final = Metric(
    "finguard_detector_outage", "gauge", "1 while the loop waits for this service.", "service"
)
OUTAGES: Final = Metric(
    "finguard_detector_outages_total", "counter", "Outages that began.", "service"
)
REBUILDS: Final = Metric(
    "finguard_detector_rebuilds_total",
    "counter",
    "Partitions whose profiles had to be folded again from Kafka.",
)
REBUILT: Final = Metric(
    "finguard_detector_rebuilt_records_total", "counter", "Records folded again."
)
REBUILDING: Final = Metric(
    "finguard_detector_rebuilding_records",
    "gauge",
    "Records left to fold again before anything new is judged.",
)
REJOINS: Final = Metric(
    "finguard_detector_rejoins_total",
    "counter",
    "Times that another member had taken over, and this one joined the group again.",
)
LAST_TURN: Final = Metric(
    "finguard_detector_last_turn_timestamp_seconds",
    "gauge",
    "When the loop last came round, seconds since 1970.",
)

METRICS: Final = (
    *(TRANSACTIONS, ALERTS, DEAD_LETTERS, LATENCY, BATCH_RECORDS, BATCH_SECONDS, STEP_SECONDS),
    *(LAG, PARTITIONS, OUTAGE, OUTAGES, REBUILDS, REBUILT, REBUILDING, REJOINS, LAST_TURN),
)
"""All of them; docs/operations.md shows the same table, and a test holds the two together."""


class PrometheusTelemetry:
    """Keeps the metrics in a registry of its own, with those of the process beside them.

    Args:
        rules: the names of the rules that run.
    """

    def __init__(self, *, rules: Collection[str]) -> None:
        # Else a second series would stand beside each counter, and say when it was made.
        disable_created_metrics()  # type: ignore[no-untyped-call] # the package forgot it
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._transactions = self._counter(TRANSACTIONS)
        # Every series is there from the start: a rate needs a first value to rise from.
        self._alerts = self._counters(ALERTS, [*rules, OTHER])
        self._dead_letters = self._counters(DEAD_LETTERS, [*sorted(REASONS), OTHER])
        self._latency = self._histogram(LATENCY)
        self._batch_records = self._histogram(BATCH_RECORDS)
        self._batch_seconds = self._histogram(BATCH_SECONDS)
        steps = self._histogram(STEP_SECONDS)
        self._steps = {step: steps.labels(step) for step in STEPS}
        self._lag = self._gauge(LAG)
        self._partitions = self._gauge(PARTITIONS)
        outage = self._gauge(OUTAGE)
        self._outage = {service: outage.labels(service) for service in SERVICES}
        self._outages = self._counters(OUTAGES, SERVICES)
        self._rebuilds = self._counter(REBUILDS)
        self._rebuilt = self._counter(REBUILT)
        self._rebuilding = self._gauge(REBUILDING)
        self._rejoins = self._counter(REJOINS)
        self._last_turn = self._gauge(LAST_TURN)
        self._last_turn.set_to_current_time()

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def latency(self) -> Latency:
        """What the histogram of the latency says now; for any thread to ask."""
        (family,) = self._latency.collect()
        values = {(each.name, each.labels.get("le")): each.value for each in family.samples}
        counts = [int(value) for (_, bound), value in values.items() if bound is not None]
        return Latency(tuple(counts), values[f"{LATENCY.name}_sum", None])

    def tell(self, event: Event) -> None:  # noqa: C901 - an arm for each kind of event
        """Count."""
        match event:
            case Turned():
                self._last_turn.set(time.time())
            case Stored(effects, at_us):
                self._count(effects, at_us)
            case BatchDone():
                self._measure(event)
            case LagSeen(lag):
                for partition, records in lag.items():
                    self._lag.labels(str(partition)).set(records)
            case Assigned(partitions):
                self._own(len(partitions))
            case Rejoined():
                self._rejoins.inc()
                self._own(0)
            case RebuildBegan(records):
                self._rebuilds.inc(len(records))
                self._rebuilding.inc(sum(records.values()))
            case RebuildMoved(folded, remaining):
                self._rebuilt.inc(folded)
                self._rebuilding.set(sum(remaining.values()))
            case OutageBegan(service):
                self._wait_for(service)
                self._outages[service].inc()
            case OutageEnded():
                self._wait_for(None)

    def _count(self, effects: Effects, at_us: int) -> None:
        self._transactions.inc(sum(effects.transactions.values()))
        for alert in effects.alerts:
            rule = alert.finding.rule
            self._alerts.get(rule, self._alerts[OTHER]).inc()
            # The broker's clock and this one may differ.
            self._latency.observe(max(0, at_us - alert.published_us) / 1e6)
        for letter in effects.dead_letters:
            self._dead_letters.get(letter.reason, self._dead_letters[OTHER]).inc()

    def _measure(self, batch: BatchDone) -> None:
        self._batch_records.observe(batch.records)
        for step, seconds in batch.steps.items():
            self._steps[step].observe(seconds)
        self._batch_seconds.observe(sum(batch.steps.values()) - batch.steps.get("poll", 0))

    def _own(self, partitions: int) -> None:
        """Forget what was known of other partitions: they are for their new owners to tell."""
        self._partitions.set(partitions)
        self._lag.clear()
        self._rebuilding.set(0)

    def _wait_for(self, service: str | None) -> None:
        for name, gauge in self._outage.items():
            gauge.set(name == service)

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.meaning, _labels(metric), registry=self._registry)

    def _counters(self, metric: Metric, values: Collection[str]) -> dict[str, Counter]:
        counter = self._counter(metric)
        return {value: counter.labels(value) for value in values}

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(metric.name, metric.meaning, _labels(metric), registry=self._registry)

    def _histogram(self, metric: Metric) -> Histogram:
        return Histogram(
            metric.name,
            metric.meaning,
            _labels(metric),
            registry=self._registry,
            buckets=metric.buckets,
        )


def _labels(metric: Metric) -> tuple[str, ...]:
    return () if metric.label is None else (metric.label,)
