"""Runs the project's commands as processes, as a user would, and reads what they leave behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
from kafka import KafkaConsumer, TopicPartition
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case

from devstack import Stack
from finguard.adapters.kafka.connection import connection_arguments
from finguard.adapters.kafka.source import topic_identity
from finguard.adapters.memory import (
    MemoryDeadLetters,
    MemoryLedger,
    MemoryProfiles,
    MemorySource,
)
from finguard.domain.stream import Record, TopicIdentity
from finguard.pipeline.detector import Detector, Policy
from finguard.pipeline.ports import Ports
from finguard.settings import load_settings
from tests.patience import PATIENCE_S, wait_for

ROOT = Path(__file__).parents[2]


class Site:
    """One deployment on the shared stack: topics, group and database of its own.

    Args:
        folder: where the programs' output goes.
    """

    def __init__(self, stack: Stack, database: str, folder: Path) -> None:
        name = uuid4().hex[:8]
        self.database = database
        self.topic = f"transactions-{name}"
        self.dead_letter_topic = f"{self.topic}.dlq"
        self.group = f"group-{name}"
        self.kafka = connection_arguments(bootstrap_servers=stack.kafka_bootstrap_servers)
        self._folder = folder
        self._reader: Connection | None = None
        self._env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("FINGUARD_")},
            **stack.env(),
            "FINGUARD_POSTGRES_DSN": database,
            "FINGUARD_KAFKA_TOPIC": self.topic,
            "FINGUARD_KAFKA_DEAD_LETTER_TOPIC": self.dead_letter_topic,
            "FINGUARD_KAFKA_GROUP": self.group,
            "FINGUARD_SESSION_TIMEOUT_MS": "2000",
            "PYTHONUNBUFFERED": "1",
            # One that hangs tells where when it is ended; see `Program.wait`.
            "PYTHONFAULTHANDLER": "1",
        }

    @contextmanager
    def running(self, *command: str, env: Mapping[str, str] | None = None) -> Iterator["Program"]:
        """A program that is stopped, if it still runs, when the context ends."""
        program = self.start(*command, env=env)
        try:
            yield program
        finally:
            program.kill()

    def start(self, *command: str, env: Mapping[str, str] | None = None) -> "Program":
        """Start a program of the project: a script's name or `-m`, and its arguments."""
        log = self._folder / f"{Path(command[0]).stem}-{uuid4().hex[:6]}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - the project's own programs
                [sys.executable, *command],
                cwd=ROOT,
                env={**self._env, **(env or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return Program(process, log)

    def produce(self, *arguments: str) -> None:
        """Run the producer to its end."""
        with self.running("producer.py", *arguments) as producer:
            producer.expect_exit(0)

    def finguard(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run an operator's command to its end; its two outputs come back apart."""
        return subprocess.run(  # noqa: S603 - the project's own program
            [sys.executable, "-m", "finguard", *arguments],
            cwd=ROOT,
            env={**self._env, **(env or {})},
            input=stdin,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows from the deployment's database."""
        reader, is_new = self._reader, False
        if reader is None or reader.closed:
            reader, is_new = psycopg2.connect(self.database), True
            reader.autocommit = True
            self._reader = reader
        try:
            with reader.cursor() as cursor:
                cursor.execute(sql, parameters)
                return cursor.fetchall()
        except psycopg2.OperationalError:
            if is_new or not reader.closed:
                raise
            # The server has gone since the last query, and may be back.
            return self.query(sql, *parameters)

    def execute(self, sql: str) -> None:
        """Run statements in the deployment's database."""
        connection = psycopg2.connect(self.database)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql)
        finally:
            connection.close()

    def records(self, topic: str | None = None) -> dict[int, list[Record]]:
        """Everything in a topic, by partition; in the transactions' unless another is named."""
        topic = topic or self.topic
        partitions = range(topic_identity(self.kafka, topic).partitions)
        wanted = [TopicPartition(topic, partition) for partition in partitions]
        consumer = KafkaConsumer(**self.kafka, enable_auto_commit=False)
        try:
            consumer.assign(wanted)
            consumer.seek_to_beginning(*wanted)
            ends = consumer.end_offsets(wanted)
            found: dict[int, list[Record]] = {partition: [] for partition in partitions}
            while any(consumer.position(tp) < end for tp, end in ends.items()):
                for tp, records in consumer.poll(timeout_ms=500).items():
                    found[tp.partition].extend(records)
        finally:
            consumer.close()
        return found

    def wait_until_judged(self) -> None:
        """Wait until the detector has stored the effects of everything in the topic."""
        ends = {partition: len(records) for partition, records in self.records().items()}

        def judged() -> bool:
            rows = self.query("SELECT partition, next_offset FROM progress")
            return dict(rows) == ends

        wait_for(judged, "the detector to judge everything")

    def progress(self) -> int:
        """How many records have had their effects stored."""
        rows = self.query("SELECT coalesce(sum(next_offset), 0) FROM progress")
        return int(rows[0][0])

    def wait_for_progress(self) -> None:
        """Wait until a detector stores some effects."""
        before = self.progress()
        wait_for(lambda: self.progress() > before, "some progress")

    def effects(self) -> dict[str, Any]:
        """What the detector stored, comparable with the oracle's."""
        return {
            "alerts": sorted(
                self.query("SELECT user_id, transaction_id, rule, score, incident_id FROM alerts")
            ),
            "dead_letters": sorted(
                self.query('SELECT partition, "offset", stage, reason FROM dead_letters')
            ),
            "transactions": sorted(
                self.query(
                    "SELECT partition, (extract(epoch FROM minute) / 60)::bigint, transactions"
                    " FROM transactions_per_minute"
                )
            ),
        }

    def oracle(self) -> dict[str, Any]:
        """The effects of one uninterrupted run, in memory, over the same topic."""
        from detector import policy  # noqa: PLC0415 - the very policy that the program builds

        return oracle_effects(self.records(), policy(load_settings()))


class Program:
    """A running command with its output in a file."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def output(self) -> str:
        """Everything it has written so far."""
        return self._log.read_text("utf-8", "replace")

    def expect_output(self, text: str) -> None:
        """Wait until it has written a text."""
        wait_for(
            lambda: text in self.output() or not self.alive, f"{text!r}, not {self.output()!r}"
        )
        assert text in self.output(), self.output()

    def wait(self) -> int:
        """Wait for its end, and tell its exit code; one that hangs is made to say where."""
        try:
            return self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.terminate(signal.SIGABRT)
            self._process.wait(PATIENCE_S)
            raise AssertionError(f"did not end by itself:\n{self.output()}") from None

    def expect_exit(self, code: int) -> None:
        """Wait for its end and insist on its exit code."""
        assert self.wait() == code, self.output()

    def terminate(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to stop."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._process.kill()
        self._process.wait()


def oracle_effects(log: Mapping[int, list[Record]], policy: Policy) -> dict[str, Any]:
    """The effects of judging a whole topic with every port in memory."""
    ledger, _ = judge_in_memory(log, policy)
    return {
        "alerts": sorted(
            (*key, alert.finding.score, alert.incident_id) for key, alert in ledger.alerts.items()
        ),
        "dead_letters": sorted(
            (*place, letter.stage, letter.reason) for place, letter in ledger.dead_letters.items()
        ),
        "transactions": sorted((*minute, count) for minute, count in ledger.transactions.items()),
    }


def judge_in_memory(
    log: Mapping[int, list[Record]], policy: Policy
) -> tuple[MemoryLedger, MemoryProfiles]:
    """What one uninterrupted run over a topic leaves behind."""
    ledger, profiles = MemoryLedger(), MemoryProfiles()
    source = MemorySource(
        log, identity=TopicIdentity("transactions", "oracle", len(log)), max_records=10_000
    )
    ports = Ports(source, source, profiles, ledger, MemoryDeadLetters())
    ends = {p: records[-1].offset + 1 if records else 0 for p, records in log.items()}
    detector = Detector(
        ports,
        policy,
        stopping=lambda: {p: claim.next_offset for p, claim in dict(ledger.claims).items()} == ends,
    )
    detector.run()
    return ledger, profiles
