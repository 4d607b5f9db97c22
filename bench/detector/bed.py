"""The test bed: the services, the bench's own programs, and what every part asks of them."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psycopg2
import redis
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
)
from psycopg2.extensions import make_dsn

from bench.command import BenchError
from bench.detector.equipment import Equipment
from devstack import BENCHMARK_JAVA_OPTIONS, Stack, running_stack
from devstack.console import Console
from devstack.layout import CHECKOUT, Layout
from finguard.adapters.kafka.connection import connection_arguments, ensure_topics

PARTITIONS: Final = 6


@dataclass(frozen=True, kw_only=True)
class Bed:
    """Running services, and a folder for files and logs that goes in the end."""

    stack: Stack
    equipment: Equipment
    folder: Path
    console: Console

    @property
    def kafka(self) -> dict[str, Any]:
        """Arguments for kafka-python's clients."""
        return connection_arguments(bootstrap_servers=self.stack.kafka_bootstrap_servers)

    def new_topic(self, name: str) -> str:
        """Make a topic as FinGuard makes its own, and its dead-letter topic beside it."""
        topic = f"{name}-{uuid4().hex[:6]}"
        ensure_topics(
            self.kafka,
            transactions=topic,
            dead_letters=f"{topic}.dlq",
            partitions=PARTITIONS,
            replication_factor=1,
        )
        return topic

    def new_plain_topic(self, topic: str) -> None:
        """Make the topic that a peer writes its alerts to."""
        wanted = {topic: {"num_partitions": PARTITIONS, "replication_factor": 1}}
        with closing(KafkaAdminClient(**self.kafka)) as admin:
            admin.create_topics(wanted)

    def publish(self, topic: str, file: Path, *options: str) -> None:
        """Publish a file of messages as fast as the broker takes them."""
        self.start_publishing(topic, file, *options).result()

    def start_publishing(self, topic: str, file: Path, *options: str) -> "Publishing":
        """Publish in a process beside."""
        servers = self.stack.kafka_bootstrap_servers
        arguments = (servers, topic, str(file), *options)
        return Publishing(
            subprocess.Popen(  # noqa: S603 - the project's own program
                [self.equipment.python, "-m", "bench.detector.publish", *arguments],
                cwd=CHECKOUT,
                stdout=subprocess.PIPE,
            )
        )

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """The offsets that a group has committed."""
        with closing(KafkaAdminClient(**self.kafka)) as admin:
            return committed_offsets(admin, group, topic)

    def ends(self, topic: str) -> dict[int, int]:
        """Where each partition ends."""
        wanted = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
        with closing(KafkaConsumer(**self.kafka)) as consumer:
            return {tp.partition: end for tp, end in consumer.end_offsets(wanted).items()}

    def values(self, topic: str) -> Iterator[bytes]:
        """All values of a topic that belong to no aborted transaction."""
        with closing(
            KafkaConsumer(**self.kafka, enable_auto_commit=False, isolation_level="read_committed")
        ) as consumer:
            wanted = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
            consumer.assign(wanted)
            consumer.seek_to_beginning(*wanted)
            ends = consumer.end_offsets(wanted)
            while any(consumer.position(tp) < end for tp, end in ends.items()):
                for records in consumer.poll(timeout_ms=500).values():
                    yield from (record.value for record in records)

    def delete_topics(self, prefix: str) -> None:
        """Delete the topics whose name begins so: a peer's output and what it made for itself."""
        with closing(KafkaAdminClient(**self.kafka)) as admin:
            found = [name for name in admin.list_topics() if prefix in name]
            if found:
                admin.delete_topics(found)

    def new_database(self) -> str:
        """Make an empty database and return its DSN."""
        name = f"bench_{uuid4().hex[:8]}"
        self.execute(self.stack.postgres_dsn, f"CREATE DATABASE {name}")
        return str(make_dsn(self.stack.postgres_dsn, dbname=name))

    def execute(self, dsn: str, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement by itself, and return its rows."""
        with closing(psycopg2.connect(dsn)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def clear(self) -> None:
        """Leave nothing behind for the next system to pay for."""
        with redis.Redis.from_url(self.stack.redis_url) as client:
            client.flushall()
        os.sync()


class Publishing:
    """A publisher at work."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def result(self) -> dict[str, float]:
        """Wait for its end, and return what it says; raise `BenchError` when it has failed."""
        output, _ = self._process.communicate()
        if self._process.returncode:
            raise BenchError("the publisher has failed")
        found: dict[str, float] = json.loads(output)
        return found

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def committed_offsets(admin: KafkaAdminClient, group: str, topic: str) -> dict[int, int]:
    """The offsets that a group has committed of a topic; none while it has no coordinator yet."""
    wanted = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
    try:
        found = admin.list_group_offsets({group: wanted})[group]
    except (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError):
        return {}
    return {tp.partition: at.offset for tp, at in found.items() if at.offset > 0}


@contextmanager
def running_bed(equipment: Equipment, console: Console) -> Iterator[Bed]:
    """Run the services, Kafka's Java with its usual compilers, until the context ends."""
    folder = Layout.of_checkout().folder / "bench" / uuid4().hex[:8]
    folder.mkdir(parents=True)
    try:
        with running_stack(folder / "stack", kafka_java_options=BENCHMARK_JAVA_OPTIONS) as stack:
            yield Bed(stack=stack, equipment=equipment, folder=folder, console=console)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
