"""The publisher: everything queued is acknowledged or told as failed, in order."""

from collections.abc import Callable, Iterator
from typing import NamedTuple
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, TopicPartition

from devstack import Stack
from finguard.adapters.kafka.connection import connection_arguments, ensure_topics
from finguard.adapters.kafka.publisher import KafkaPublisher
from finguard.simulator.sender import Publisher
from tests.unit.simulator.memory_publisher import MemoryPublisher

Sent = list[tuple[bytes | None, bytes | None]]


class Outlet(NamedTuple):
    """A publisher, and how to see what arrived; its messages are in order for each key."""

    publisher: Publisher
    arrived: Callable[[], Sent]


@pytest.fixture(params=["memory", "kafka"])
def outlet(request: pytest.FixtureRequest) -> Iterator[Outlet]:
    """A publisher with room for 500 messages, onto an empty topic."""
    if request.param == "memory":
        memory = MemoryPublisher(capacity=500)
        yield Outlet(memory, lambda: memory.messages)
        return
    stack: Stack = request.getfixturevalue("stack")
    connection = connection_arguments(bootstrap_servers=stack.kafka_bootstrap_servers)
    topic = f"publisher-{uuid4().hex[:8]}"
    ensure_topics(
        connection,
        transactions=topic,
        dead_letters=f"{topic}.dlq",
        partitions=3,
        replication_factor=1,
    )
    with KafkaPublisher(connection, topic, max_in_flight=500) as kafka:
        yield Outlet(kafka, lambda: _read(stack, topic))


def test_a_new_publisher_has_room_and_no_counts(outlet: Outlet) -> None:
    """Nothing happened yet, and flushing nothing is no trouble."""
    assert outlet.publisher.wait_for_room(0.0)
    outlet.publisher.flush()
    assert (outlet.publisher.delivered, outlet.publisher.failed) == (0, 0)


def test_bytes_arrive_as_they_are(outlet: Outlet) -> None:
    """Poison is published unchanged: no key, no value, empty ones, any bytes."""
    sent: Sent = [
        (b"ann", b'{"amount":1}'),
        (b"bob", b""),
        (b"eve", None),
        (None, b"\x00\xff\xfe"),
        ("żółw".encode(), b"[" * 20_000),
    ]
    for key, value in sent:
        outlet.publisher.publish(key, value)
    outlet.publisher.flush()
    assert set(outlet.arrived()) == set(sent)


def test_a_flush_waits_for_everything(outlet: Outlet) -> None:
    """After it, all is delivered and nothing is in flight."""
    for number in range(200):
        outlet.publisher.publish(b"ann", b"%d" % number)
    outlet.publisher.flush()
    assert (outlet.publisher.delivered, outlet.publisher.failed) == (200, 0)
    assert len(outlet.arrived()) == 200


def test_each_keys_messages_keep_their_order(outlet: Outlet) -> None:
    """Ten times as many messages as there is room for, sent as the sender does."""
    for number in range(5_000):
        while not outlet.publisher.wait_for_room(5.0):
            pass
        outlet.publisher.publish(b"user-%d" % (number % 7), b"%d" % number)
    outlet.publisher.flush()
    for user in range(7):
        numbers = [int(value or b"") for key, value in outlet.arrived() if key == b"user-%d" % user]
        assert numbers == list(range(user, 5_000, 7))


def test_closing_is_final_and_harmless(outlet: Outlet) -> None:
    """Twice is as good as once, and what was delivered stays delivered."""
    outlet.publisher.publish(b"ann", b"1")
    outlet.publisher.flush()
    outlet.publisher.close()
    outlet.publisher.close()
    assert (outlet.publisher.delivered, outlet.publisher.failed) == (1, 0)


def _read(stack: Stack, topic: str) -> Sent:
    """Everything in a topic, partition after partition."""
    consumer = KafkaConsumer(
        bootstrap_servers=stack.kafka_bootstrap_servers, enable_auto_commit=False
    )
    try:
        wanted = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        consumer.assign(wanted)
        consumer.seek_to_beginning(*wanted)
        ends = consumer.end_offsets(wanted)
        found: Sent = []
        while any(consumer.position(tp) < end for tp, end in ends.items()):
            for records in consumer.poll(timeout_ms=500).values():
                found.extend((record.key, record.value) for record in records)
        return found
    finally:
        consumer.close()
