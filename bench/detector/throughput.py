"""How fast each system works off the same backlog; all are measured by one method, from outside.

A consumer group's committed offsets are read every fifth of a second. The clock runs from the first
reading that shows progress until the one that shows the end, so that no start-up counts. A second
clock runs from a quarter of the backlog to nineteen twentieths: what it says has no compiler in it
that warms up, no second member that joins, and no wait for a last commit that is due by the clock.
"""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from kafka.admin import KafkaAdminClient

from bench.command import BenchError
from bench.detector.bed import Bed, committed_offsets
from bench.detector.systems import (
    BATCHED,
    FINGUARD,
    KAFKA_STREAMS,
    KAFKA_STREAMS_SINGLE,
    NAIVE,
    QUIX_STREAMS,
    Alert,
    Run,
    System,
    cpu_s,
    running,
)
from bench.detector.workload import backlog

READ_EVERY_S: Final = 0.2
PATIENCE_S: Final = 90.0
NAIVE_SHARE: Final = 0.03
_IN_TURN: Final = (FINGUARD, KAFKA_STREAMS, KAFKA_STREAMS_SINGLE, QUIX_STREAMS, BATCHED)
WARM_SHARE: Final = 0.25
LATE_SHARE: Final = 0.95


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One run's figures; transactions a second, and processor seconds a million transactions.

    Attributes:
        tps: from the first progress to the end. warm_tps: without the first quarter and the end.
        cpu_s: of the system itself. services_cpu_s: of Kafka, Redis and PostgreSQL together.
    """

    tps: float
    warm_tps: float
    cpu_s: float
    services_cpu_s: float


@dataclass(kw_only=True)
class Found:
    """What a system's runs have come to."""

    timings: list[Timing] = field(default_factory=list)
    alerts: dict[str, int] = field(default_factory=dict)
    missing: int = 0
    extra: int = 0

    def figures(self, system: System) -> dict[str, Any]:
        """Medians and spread, for the report."""
        tps = [timing.tps for timing in self.timings]
        return {
            "guarantee": system.guarantee,
            "tps": round(median(tps)),
            "tps_least": round(min(tps)),
            "tps_most": round(max(tps)),
            "warm_tps": round(median(timing.warm_tps for timing in self.timings)),
            "cpu_s_per_million": round(median(timing.cpu_s for timing in self.timings), 1),
            "services_cpu_s_per_million": round(
                median(timing.services_cpu_s for timing in self.timings), 1
            ),
            "rounds": len(tps),
            "alerts": self.alerts,
            "missing": self.missing,
            "extra": self.extra,
        }


def measure_throughput(bed: Bed, *, messages: int, rounds: int) -> dict[str, Any]:
    """Let all systems read one topic in turns, and compare their alerts with FinGuard's."""
    bed.console.line(f"throughput: publishing a backlog of {messages:,}")
    topic = bed.new_topic("backlog")
    bed.publish(topic, backlog(bed.folder, messages))
    held = sum(bed.ends(topic).values())
    if held != messages:
        raise BenchError(f"the topic holds {held:,} messages")
    reference = _Reference()
    found = {system.name: Found() for system in _IN_TURN}
    for number in range(rounds):
        for system in _IN_TURN:
            _measured(bed, system, topic, messages, found[system.name], reference, f"{number + 1}")
    pair = Found()
    _measured(bed, FINGUARD, topic, messages, pair, reference, "two processes", processes=2)
    naive = Found()
    share = round(messages * NAIVE_SHARE)
    _measured(bed, NAIVE, topic, share, naive, reference, f"{share:,} of them")
    bed.delete_topics(topic)
    systems = {system.name: found[system.name].figures(system) for system in _IN_TURN}
    systems[NAIVE.name] = naive.figures(NAIVE)
    return {"messages": messages, "systems": systems, "two_processes": pair.figures(FINGUARD)}


class _Reference:
    """FinGuard's alerts by partition and offset, which all others' are compared with."""

    def __init__(self) -> None:
        self._places: dict[Alert, tuple[int, int]] = {}

    def compare(self, run: Run, found: Found, committed: dict[int, int]) -> None:
        """Note how many alerts a run has left by rule, and where they differ."""
        alerts = run.system.alerts(run)
        if not self._places:
            rows = run.bed.execute(
                run.database,
                'SELECT user_id, transaction_id, rule, partition, "offset" FROM alerts',
            )
            self._places = {(user, tx, rule): (p, at) for user, tx, rule, p, at in rows}
        expected = {alert for alert, (p, at) in self._places.items() if at < committed.get(p, 0)}
        found.missing = len(expected - alerts)
        # What a system has done beyond its last commit is no fault of its.
        found.extra = len(alerts - self._places.keys())
        by_rule = sorted(rule for _, _, rule in alerts)
        found.alerts = {rule: by_rule.count(rule) for rule in dict.fromkeys(by_rule)}


def _measured(
    bed: Bed,
    system: System,
    topic: str,
    messages: int,
    found: Found,
    reference: _Reference,
    title: str,
    *,
    processes: int = 1,
) -> None:
    with running(bed, system, topic, processes=processes) as run:
        timing = _timed(run, messages)
    found.timings.append(timing)
    reference.compare(run, found, bed.committed(run.group, topic))
    bed.delete_topics(run.group)
    alerts = ", ".join(f"{rule} {count:,}" for rule, count in found.alerts.items())
    bed.console.line(
        f"  {system.name} ({title}): {timing.tps:,.0f}/s, warm {timing.warm_tps:,.0f}/s, "
        f"{timing.cpu_s:.0f} + {timing.services_cpu_s:.0f} processor s a million; "
        f"alerts {alerts}; missing {found.missing}, extra {found.extra}"
    )


def _timed(run: Run, total: int) -> Timing:
    stack = run.bed.stack
    services = [pid for pid in (stack.kafka.pid, stack.redis.pid, stack.postgres.pid) if pid]
    with closing(KafkaAdminClient(**run.bed.kafka)) as admin:

        def progress() -> int:
            return sum(committed_offsets(admin, run.group, run.topic).values())

        first = _wait(run, progress, 1)
        used = cpu_s(run.pids()), cpu_s(services)
        warm = _wait(run, progress, int(total * WARM_SHARE))
        late = _wait(run, progress, int(total * LATE_SHARE))
        last = _wait(run, progress, total)
    own, others = cpu_s(run.pids()) - used[0], cpu_s(services) - used[1]
    millions = max(1, last.count - first.count) / 1e6
    return Timing(
        tps=_rate(first, last),
        warm_tps=_rate(warm, late),
        cpu_s=own / millions,
        services_cpu_s=others / millions,
    )


@dataclass(frozen=True)
class _Reading:
    time_s: float
    count: int


def _rate(first: _Reading, last: _Reading) -> float:
    # A backlog that one commit covers says nothing.
    return (last.count - first.count) / max(READ_EVERY_S, last.time_s - first.time_s)


def _wait(run: Run, progress: Callable[[], int], wanted: int) -> _Reading:
    """Read until so many are committed; raise `BenchError` when nothing moves any more."""
    before, moved_s = 0, time.monotonic()
    while True:
        reading = _Reading(time.monotonic(), progress())
        if reading.count >= wanted:
            return reading
        if reading.count > before:
            before, moved_s = reading.count, reading.time_s
        run.insist()
        if reading.time_s - moved_s > PATIENCE_S:
            raise BenchError(
                f"{run.system.name} stands still at {before:,} of {wanted:,}:\n{run.log_end()}"
            )
        time.sleep(READ_EVERY_S)
