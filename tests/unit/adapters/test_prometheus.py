"""The metrics: what the loop told is what is scraped, under names and labels that are bounded."""

import math
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from finguard.adapters.memory import MemoryTelemetry
from finguard.adapters.prometheus import LABELS, METRICS, OTHER, SERVICES, PrometheusTelemetry
from finguard.domain.effects import REASONS, DeadLetter, Effects
from finguard.domain.rules import RuleLimits, rules
from finguard.domain.stream import Record
from finguard.domain.telemetry import (
    LATENCY_BOUNDS_S,
    STEPS,
    Assigned,
    BatchDone,
    LagSeen,
    Latency,
    OutageBegan,
    OutageEnded,
    RebuildBegan,
    RebuildMoved,
    Rejoined,
    Stored,
)
from finguard.errors import Service, ServiceUnavailable
from tests.unit.pipeline.worlds import Faulty, World, topic

ROOT = Path(__file__).parents[3]
RULES = [rule.name for rule in rules(RuleLimits())]
PREFIX = "finguard_detector_"

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(telemetry: PrometheusTelemetry) -> Series:
    """Every series by name and labels, as a Prometheus server would read it."""
    text = telemetry.exposition().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(series: Series, name: str, **labels: str) -> float:
    """One series of FinGuard's."""
    return series[PREFIX + name, tuple(sorted(labels.items()))]


@pytest.fixture
def metrics() -> PrometheusTelemetry:
    """Metrics that nothing was told yet."""
    return PrometheusTelemetry(rules=RULES)


def dead_letter(reason: str) -> DeadLetter:
    """One with a reason."""
    record = Record("transactions", 0, 0, 0, None, b"?")
    return DeadLetter(record, "decode", reason, "", "InvalidMessage", 1)


def test_a_run_of_the_loop_is_counted_as_it_was_told(metrics: PrometheusTelemetry) -> None:
    """The counters equal the ledger, and every batch has been measured."""
    world, told = World(topic()), MemoryTelemetry()
    world.run(wrap=lambda ports: msgspec.structs.replace(ports, telemetry=(told, metrics)))
    series = scrape(metrics)
    assert sum(world.ledger.transactions.values()) == value(series, "transactions_total")
    for rule in RULES:
        alerts = [key for key in world.ledger.alerts if key[2] == rule]
        assert len(alerts) == value(series, "alerts_total", rule=rule)
    assert len(world.ledger.alerts) == value(series, "alert_latency_seconds_count")
    for reason in {letter.reason for letter in world.dead_letters.letters}:
        letters = [each for each in world.dead_letters.letters if each.reason == reason]
        assert len(letters) == value(series, "dead_letters_total", reason=reason)
    batches = [event for event in told.events if isinstance(event, BatchDone)]
    assert len(batches) == value(series, "batch_seconds_count")
    assert sum(batch.records for batch in batches) == value(series, "batch_records_sum")
    assert len(batches) == value(series, "step_seconds_count", step="redis")
    assert len(world.log) == value(series, "partitions")


def test_an_outage_shows_while_it_lasts() -> None:
    """The service that the loop waits for is 1, all others 0, and each outage counts once."""
    metrics = PrometheusTelemetry(rules=RULES)
    seen: list[Series] = []

    def away(number: int) -> BaseException | None:
        if number not in {1, 2}:
            return None
        seen.append(scrape(metrics))
        return ServiceUnavailable("away", service="redis")

    World(topic()).run(
        wrap=lambda ports: msgspec.structs.replace(
            ports,
            telemetry=(metrics,),
            profiles=Faulty(ports.profiles, "load", fails=away),
        )
    )
    before, during, after = *seen, scrape(metrics)
    shown = [
        [value(s, "outage", service=name) for name in SERVICES] for s in (before, during, after)
    ]
    assert [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]] == shown
    assert 1 == value(after, "outages_total", service="redis")


def test_latency_is_told_in_buckets_from_a_millisecond_to_a_minute(
    metrics: PrometheusTelemetry,
) -> None:
    """What lies on a boundary belongs below it; a clock that runs ahead counts as no time."""
    world, told = World(topic()), MemoryTelemetry()
    world.run(wrap=lambda ports: msgspec.structs.replace(ports, telemetry=(told,)))
    alert = next(iter(world.ledger.alerts.values()))
    for latency_us in (-5_000, 1_000, 15_000, 60_000_000, 90_000_000):
        at_us = alert.published_us + latency_us
        metrics.tell(Stored(Effects((), (alert,), (), {}), at_us))
    series = scrape(metrics)
    counts = [
        value(series, "alert_latency_seconds_bucket", le=le)
        for le in ("0.001", "0.01", "0.015", "60.0", "+Inf")
    ]
    assert [2, 2, 3, 4, 5] == counts


def test_the_heartbeat_reads_the_same_histogram(metrics: PrometheusTelemetry) -> None:
    """By the bounds of the domain, each count with those below it, and all at the end."""
    assert Latency() == metrics.latency()
    world, told = World(topic()), MemoryTelemetry()
    world.run(wrap=lambda ports: msgspec.structs.replace(ports, telemetry=(told,)))
    alert = next(iter(world.ledger.alerts.values()))
    for latency_us in (1_000, 15_000, 15_001, 90_000_000):
        metrics.tell(Stored(Effects((), (alert,), (), {}), alert.published_us + latency_us))
    latency = metrics.latency()
    counts = dict(zip((*LATENCY_BOUNDS_S, math.inf), latency.counts, strict=True))
    assert [1, 1, 2, 3, 3, 4] == [counts[le] for le in (0.001, 0.01, 0.015, 0.025, 60, math.inf)]
    assert math.isclose(90.031_001, latency.sum_s)


def test_lag_is_told_for_the_partitions_that_are_owned(metrics: PrometheusTelemetry) -> None:
    """What was taken away vanishes: its new owner tells of it now."""
    metrics.tell(Assigned(frozenset({0, 1})))
    metrics.tell(LagSeen({0: 7, 1: 0}, {}))
    assert 7 == value(scrape(metrics), "lag_records", partition="0")
    metrics.tell(Assigned(frozenset({1})))
    metrics.tell(LagSeen({1: 3}, {}))
    series = scrape(metrics)
    assert 3 == value(series, "lag_records", partition="1")
    assert (f"{PREFIX}lag_records", (("partition", "0"),)) not in series


def test_rebuilds_and_rejoins_are_counted(metrics: PrometheusTelemetry) -> None:
    """How many partitions, how many records, and what is left of them."""
    metrics.tell(RebuildBegan({0: 10, 1: 5}))
    metrics.tell(RebuildMoved(12, {0: 3}))
    series = scrape(metrics)
    assert 2 == value(series, "rebuilds_total")
    assert 12 == value(series, "rebuilt_records_total")
    assert 3 == value(series, "rebuilding_records")
    metrics.tell(Rejoined())
    series = scrape(metrics)
    assert 1 == value(series, "rejoins_total")
    assert 0 == value(series, "rebuilding_records")


@pytest.mark.parametrize("service", SERVICES)
def test_the_wait_moves_from_service_to_service(
    metrics: PrometheusTelemetry, service: Service
) -> None:
    """Only the latest is shown."""
    metrics.tell(OutageBegan("kafka", 0))
    metrics.tell(OutageBegan(service, 0))
    shown = {name: value(scrape(metrics), "outage", service=name) for name in SERVICES}
    assert {name: float(name == service) for name in SERVICES} == shown
    metrics.tell(OutageEnded())
    assert 0 == value(scrape(metrics), "outage", service=service)


def test_unknown_rules_and_reasons_are_folded_into_one(metrics: PrometheusTelemetry) -> None:
    """Whatever comes, no label takes a value that the code does not know."""
    before = scrape(metrics).keys()
    letters = tuple(dead_letter(f"made-up-{number}") for number in range(50))
    metrics.tell(Stored(Effects((), (), letters, {}), 0))
    series = scrape(metrics)
    assert 50 == value(series, "dead_letters_total", reason=OTHER)
    assert before == series.keys()


def test_every_series_is_declared_and_bounded(metrics: PrometheusTelemetry) -> None:
    """Names come from the one table; each label has a list of values, and keeps to it."""
    metrics.tell(Assigned(frozenset(range(6))))
    metrics.tell(LagSeen(dict.fromkeys(range(6), 0), {}))
    allowed: dict[str, set[str]] = {
        "rule": {*RULES, OTHER},
        "reason": {*REASONS, OTHER},
        "step": set(STEPS),
        "service": set(SERVICES),
        "partition": {str(number) for number in range(6)},
    }
    assert LABELS.keys() == allowed.keys()
    declared = {metric.name: metric for metric in METRICS}
    assert len(METRICS) == len(declared)
    text = metrics.exposition().decode()
    families = list(text_string_to_metric_families(text))
    ours = [family for family in families if family.name.startswith(PREFIX)]
    assert {family.name for family in families if family not in ours} <= PROCESS
    assert {_scraped(family) for family in ours} == set(declared)
    for family in ours:
        metric = declared[_scraped(family)]
        assert (metric.kind, metric.meaning) == (family.type, family.documentation)
        for sample in family.samples:
            labels = dict(sample.labels)
            labels.pop("le", None)
            assert labels.keys() == ({metric.label} if metric.label else set())
            for label, said in labels.items():
                assert said in allowed[label]
    series = sum(len(family.samples) for family in ours)
    assert series < 400


PROCESS = {
    "process_virtual_memory_bytes",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_cpu_seconds",
    "process_open_fds",
    "process_max_fds",
}


def _scraped(family: Any) -> str:  # noqa: ANN401 - the parser's own
    return f"{family.name}_total" if family.type == "counter" else str(family.name)


def test_histograms_end_with_everything(metrics: PrometheusTelemetry) -> None:
    """Buckets rise, and the last one that is written holds whatever is larger."""
    for metric in METRICS:
        assert list(metric.buckets) == sorted(set(metric.buckets))
        assert (metric.kind == "histogram") == bool(metric.buckets)
        assert math.inf not in metric.buckets
    metrics.tell(BatchDone(1, {"poll": 1e9, "redis": 1e9}))
    assert 1 == value(scrape(metrics), "batch_seconds_bucket", le="+Inf")


def test_the_reasons_are_those_that_the_code_gives() -> None:
    """A new code must join the list, or its letters would all be `other`."""
    sources = [
        *(ROOT / "finguard/domain").rglob("*.py"),
        *(ROOT / "finguard/pipeline").glob("*.py"),
    ]
    given = {
        code
        for source in sources
        for code in re.findall(
            r'(?:InvalidMessage|_invalid)\(\s*"(\w+)"|_bury\(record, "rule", "(\w+)"',
            source.read_text(),
        )
        for code in code
        if code
    }
    assert given == REASONS


def test_the_documentation_shows_the_table() -> None:
    """docs/operations.md has the line of every metric, and of no other."""
    expected = [
        f"| `{metric.name}` | {metric.kind} | {f'`{metric.label}`' if metric.label else ''} "
        f"| {metric.meaning} |"
        for metric in METRICS
    ]
    shown = [
        line
        for line in (ROOT / "docs/operations.md").read_text().splitlines()
        if line.startswith(f"| `{PREFIX}")
    ]
    assert expected == shown
    for label, values in LABELS.items():
        assert f"- `{label}`: {values}" in (ROOT / "docs/operations.md").read_text()


def test_the_alert_rules_of_the_documentation_name_real_metrics() -> None:
    """Nobody is woken, or left asleep, by a misspelt name."""
    text = (ROOT / "docs/operations.md").read_text()
    names = set(re.findall(rf"\b{PREFIX}\w+", text))
    known = {metric.name for metric in METRICS}
    known |= {f"{m.name}_bucket" for m in METRICS if m.kind == "histogram"}
    assert names - known == set()
