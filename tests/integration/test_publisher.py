"""The publisher and the topics on a real broker, in good days and bad ones."""

import gc
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from structlog.testing import capture_logs

from devstack import Stack
from finguard.adapters.kafka.connection import connection_arguments, ensure_topics
from finguard.adapters.kafka.publisher import KafkaPublisher
from finguard.errors import ConfigurationError, ServiceUnavailable

Connection = dict[str, Any]

# kafka-python leaves the sockets of refused connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <:ResourceWarning")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Such sockets are collected here, not in the middle of somebody else's test."""
    yield
    gc.collect()


@pytest.fixture
def connection(stack: Stack) -> Connection:
    """How to reach the broker."""
    return connection_arguments(bootstrap_servers=stack.kafka_bootstrap_servers)


@pytest.fixture
def topic(connection: Connection) -> str:
    """An empty topic."""
    name = f"publisher-{uuid4().hex[:8]}"
    _ensure(connection, name)
    return name


def _ensure(connection: Connection, name: str, *, partitions: int = 3) -> list[str]:
    return ensure_topics(
        connection,
        transactions=name,
        dead_letters=f"{name}.dlq",
        partitions=partitions,
        replication_factor=1,
    )


@contextmanager
def _frozen(stack: Stack) -> Iterator[None]:
    """A broker that keeps its connections and answers nothing."""
    stack.kafka.freeze()
    try:
        yield
    finally:
        stack.kafka.thaw()


def _values(connection: Connection, topic: str) -> Counter[bytes]:
    consumer = KafkaConsumer(**connection, enable_auto_commit=False)
    try:
        wanted = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        consumer.assign(wanted)
        consumer.seek_to_beginning(*wanted)
        ends = consumer.end_offsets(wanted)
        found: Counter[bytes] = Counter()
        while any(consumer.position(tp) < end for tp, end in ends.items()):
            for records in consumer.poll(timeout_ms=500).values():
                found.update(record.value for record in records)
        return found
    finally:
        consumer.close()


def test_an_outage_is_told_and_survived(stack: Stack, connection: Connection, topic: str) -> None:
    """While the broker is silent memory stays bounded; then everything arrives, once."""
    with (
        capture_logs() as logs,
        KafkaPublisher(connection, topic, max_in_flight=100, silence_s=0.5) as publisher,
    ):
        with _frozen(stack):
            for number in range(100):
                publisher.publish(b"ann", b"%d" % number)
            waits = [publisher.wait_for_room(0.2) for _ in range(10)]
        assert waits == [False] * 10
        publisher.flush()
        assert (publisher.delivered, publisher.failed) == (100, 0)
    events = [log["event"] for log in logs]
    # Acknowledgements may come so late on a busy machine that it is told again.
    assert events == ["Kafka is unreachable; waiting", "Kafka is back"] * (len(events) // 2)
    assert events != []
    assert _values(connection, topic) == Counter(b"%d" % number for number in range(100))


def test_a_killed_broker_loses_and_doubles_nothing(
    stack: Stack, connection: Connection, topic: str
) -> None:
    """SIGKILL in the middle of the stream and a restart: each message arrives exactly once."""
    with KafkaPublisher(connection, topic, max_in_flight=500) as publisher:
        with ThreadPoolExecutor() as pool:
            for number in range(6_000):
                while not publisher.wait_for_room(1.0):
                    pass
                publisher.publish(b"user-%d" % (number % 50), b"%d" % number)
                if number == 2_000:
                    restart = pool.submit(stack.kafka.restart, immediate=True)
            restart.result()
        publisher.flush()
        assert (publisher.delivered, publisher.failed) == (6_000, 0)
    assert _values(connection, topic) == Counter(b"%d" % number for number in range(6_000))


def test_a_broker_that_stays_away_is_given_up(
    stack: Stack, connection: Connection, topic: str
) -> None:
    """After the delivery timeout the run fails in one line, and what was in flight is counted."""
    with (
        KafkaPublisher(connection, topic, silence_s=0.2, delivery_timeout_s=1.0) as publisher,
        _frozen(stack),
    ):
        for number in range(10):
            publisher.publish(b"ann", b"%d" % number)
        with pytest.raises(
            ServiceUnavailable, match=r"has acknowledged nothing for \d+ s; 10 mess"
        ):
            publisher.flush()
        with pytest.raises(ServiceUnavailable):
            publisher.wait_for_room(0.0)
        publisher.close()
        assert (publisher.delivered, publisher.failed) == (0, 10)


def test_bytes_in_flight_are_bounded_too(stack: Stack, connection: Connection, topic: str) -> None:
    """A few large messages fill the room as many small ones do."""
    with KafkaPublisher(connection, topic, max_in_flight_bytes=100_000) as publisher:
        with _frozen(stack):
            for _ in range(2):
                assert publisher.wait_for_room(0.1)
                publisher.publish(b"ann", b"x" * 60_000)
            assert not publisher.wait_for_room(0.1)
        publisher.flush()
        assert publisher.delivered == 2


def test_a_message_that_kafka_refuses_ends_the_run(connection: Connection, topic: str) -> None:
    """Larger than any request may be: counted as failed, told, and nothing more is taken."""
    with KafkaPublisher(connection, topic) as publisher:
        with pytest.raises(ServiceUnavailable, match="Kafka did not take a message"):
            publisher.publish(b"ann", b"x" * 2_000_000)
        with pytest.raises(ServiceUnavailable, match="Kafka did not take a message"):
            publisher.flush()
        assert (publisher.delivered, publisher.failed) == (0, 1)


def test_an_unreachable_broker_is_told_with_its_remedy() -> None:
    """One line: where, and what to do."""
    connection = connection_arguments(bootstrap_servers="127.0.0.1:1")
    connection["bootstrap_timeout_ms"] = 500
    for attempt in (lambda: KafkaPublisher(connection, "t"), lambda: _ensure(connection, "t")):
        with pytest.raises(ServiceUnavailable, match=r"unreachable at 127\.0\.0\.1:1 .*make up"):
            attempt()


def test_an_address_that_is_none_is_told() -> None:
    """A wrong setting, not an outage."""
    connection = connection_arguments(bootstrap_servers="localhost:kafka")
    with pytest.raises(ConfigurationError, match="BOOTSTRAP_SERVERS: localhost:kafka"):
        _ensure(connection, "t")


def test_a_broker_that_does_not_speak_tls_is_told(stack: Stack) -> None:
    """With a hint where the client's own reason can be read."""
    connection = connection_arguments(
        bootstrap_servers=stack.kafka_bootstrap_servers, security_protocol="SSL"
    )
    connection["bootstrap_timeout_ms"] = 1_000
    with pytest.raises(ServiceUnavailable, match="FINGUARD_LOG_LEVEL=debug"):
        _ensure(connection, "t")


def test_topics_are_made_for_their_purpose(connection: Connection) -> None:
    """Transactions are stamped by the broker; dead letters are kept for good and may be large."""
    name = f"made-{uuid4().hex[:8]}"
    assert _ensure(connection, name, partitions=4) == [name, f"{name}.dlq"]
    admin = KafkaAdminClient(**connection)
    try:
        topics = admin.describe_topics([name, f"{name}.dlq"])
        assert [len(topic["partitions"]) for topic in topics] == [4, 4]
        configs = _configs(admin, name), _configs(admin, f"{name}.dlq")
    finally:
        admin.close()
    assert configs[0]["message.timestamp.type"] == "LogAppendTime"
    assert configs[1]["message.timestamp.type"] == "CreateTime"
    assert configs[1]["retention.ms"] == "-1"
    assert configs[1]["max.message.bytes"] == "2097152"


def test_topics_that_exist_are_left_alone(connection: Connection) -> None:
    """Another number of partitions is the operator's choice; nothing is created again."""
    name = f"kept-{uuid4().hex[:8]}"
    _ensure(connection, name, partitions=2)
    assert _ensure(connection, name, partitions=5) == []
    admin = KafkaAdminClient(**connection)
    try:
        (topic,) = admin.describe_topics([name])
    finally:
        admin.close()
    assert len(topic["partitions"]) == 2


def test_programs_that_start_together_agree(connection: Connection) -> None:
    """Of several that find the topics missing, each is content, and each topic is made once."""
    name = f"raced-{uuid4().hex[:8]}"
    with ThreadPoolExecutor(4) as pool:
        made = [pool.submit(_ensure, connection, name) for _ in range(4)]
    assert Counter(topic for one in made for topic in one.result()) == {
        name: 1,
        f"{name}.dlq": 1,
    }


def test_what_the_brokers_cannot_do_is_told(connection: Connection) -> None:
    """Three replicas on one broker is a wrong setting, not an outage."""
    name = f"replicated-{uuid4().hex[:8]}"
    with pytest.raises(ConfigurationError, match=f"topic {name}: .*replication factor"):
        ensure_topics(
            connection,
            transactions=name,
            dead_letters=f"{name}.dlq",
            partitions=1,
            replication_factor=3,
        )


def _configs(admin: KafkaAdminClient, topic: str) -> dict[str, str]:
    described = admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all"
    )
    return {name: config["value"] for name, config in described["topic"][topic].items()}
