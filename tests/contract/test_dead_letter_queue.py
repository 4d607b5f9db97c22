"""The dead-letter queue: what is buried is acknowledged, found again, and sent back."""

import gc
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import uuid4

import msgspec
import pytest
from kafka import KafkaConsumer, TopicPartition

from devstack import Stack
from finguard.adapters.kafka.acknowledged import AcknowledgedProducer, Outgoing
from finguard.adapters.kafka.connection import connection_arguments, ensure_topics
from finguard.adapters.kafka.dead_letters import MAX_VALUE_BYTES, KafkaDeadLetters
from finguard.adapters.kafka.letter_archive import KafkaLetterArchive
from finguard.adapters.kafka.replay_topic import KafkaReplayTopic
from finguard.adapters.kafka.source import topic_identity
from finguard.adapters.memory import MemoryDeadLetters
from finguard.adapters.memory_replays import MemoryArchive, MemoryReplayTopic
from finguard.dead_letters.ports import LetterArchive, ReplayTopic
from finguard.domain.dead_letters import Letter, Message, Replay
from finguard.domain.effects import DeadLetter
from finguard.domain.stream import Place, Record, TopicIdentity
from finguard.errors import ServiceUnavailable
from finguard.pipeline.ports import DeadLetterQueue
from tests.patience import PATIENCE_S, wait_for

# kafka-python leaves the sockets of refused connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <:ResourceWarning")

HEADERS = (("traceparent", b"00-1"), ("empty", b""), ("dlq.reason", b"a lie"))


class Queue(NamedTuple):
    """The ports onto one pair of topics, and how to see what arrived in the transactions topic."""

    identity: TopicIdentity
    dead_letters: DeadLetterQueue
    archive: LetterArchive
    replays: ReplayTopic
    arrived: Callable[[], list[Record]]


class KafkaQueue(NamedTuple):
    """Two topics of their own in the real Kafka."""

    queue: Queue
    topic: str
    connection: dict[str, object]


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Such sockets are collected here, not in the middle of somebody else's test."""
    yield
    gc.collect()


@pytest.fixture
def kafka(stack: Stack) -> Iterator[KafkaQueue]:
    """In Kafka, the transactions topic with three partitions."""
    topic = f"queue-{uuid4().hex[:8]}"
    connection = connection_arguments(bootstrap_servers=stack.kafka_bootstrap_servers)
    ensure_topics(
        connection,
        transactions=topic,
        dead_letters=f"{topic}.dlq",
        partitions=3,
        replication_factor=1,
    )
    dead_letters = KafkaDeadLetters(connection, topic=f"{topic}.dlq")
    archive = KafkaLetterArchive(
        connection, topic=topic, dead_letter_topic=f"{topic}.dlq", timeout_s=PATIENCE_S
    )
    replays = KafkaReplayTopic(connection, topic=topic, timeout_s=PATIENCE_S)
    yield KafkaQueue(
        Queue(
            topic_identity(connection, topic),
            dead_letters,
            archive,
            replays,
            lambda: read(connection, topic),
        ),
        topic,
        connection,
    )
    for client in (dead_letters, archive, replays):
        client.close()


@pytest.fixture(params=["memory", "kafka"])
def queue(request: pytest.FixtureRequest) -> Queue:
    """Empty topics."""
    if request.param == "kafka":
        found: KafkaQueue = request.getfixturevalue("kafka")
        return found.queue
    identity = TopicIdentity("transactions", "id-1", 3)
    dead_letters = MemoryDeadLetters()
    log: dict[int, list[Record]] = {}
    return Queue(
        identity,
        dead_letters,
        MemoryArchive(dead_letters.letters),
        MemoryReplayTopic(log, identity=identity, timestamp=0),
        lambda: [record for records in log.values() for record in records],
    )


def dead(
    queue: Queue, offset: int, key: bytes | None, value: bytes | None, partition: int = 0
) -> DeadLetter:
    """A message that is no transaction."""
    record = Record(queue.identity.topic, partition, offset, 17, key, value, HEADERS)
    return DeadLetter(record, "decode", "schema", "broken \ud800", "InvalidMessage", 1)


def filed(queue: Queue, number: int, letter: DeadLetter) -> Letter:
    """The letter as the index has it."""
    now = datetime.now(UTC)
    place = letter.place or Place(0, 0)
    return Letter(
        dead_letter_id=number,
        topic=queue.identity.topic,
        topic_id=queue.identity.topic_id,
        partition=letter.record.partition,
        offset=letter.record.offset,
        stage=letter.stage,
        reason=letter.reason,
        detail=letter.detail,
        error_class=letter.error_class,
        size=len(letter.record.value or b""),
        attempt=1,
        replay_of=None,
        published_at=now,
        recorded_at=now,
        dlq_partition=place.partition,
        dlq_offset=place.offset,
        status="open",
        status_at=None,
        status_by=None,
        status_note=None,
        replay_sha256=None,
        replay_partition=None,
        replay_offset=None,
        followed_by=None,
    )


def bury(queue: Queue, *letters: DeadLetter) -> list[Letter]:
    """Publish letters, numbered from 1."""
    placed = queue.dead_letters.publish(letters)
    return [filed(queue, number, letter) for number, letter in enumerate(placed, start=1)]


def test_what_is_buried_is_found_at_its_place(queue: Queue) -> None:
    """Any bytes come back as they were, in one call for many, with the message's own headers."""
    contents: list[tuple[bytes | None, bytes | None]] = [
        (b"ann", b'{"amount":NaN}'),
        (b"ann", b""),
        (b"bob", None),
        (None, b"\x00\xff\xfe"),
        (None, None),
        *((b"user-%d" % n, b"%d" % n) for n in range(200)),
    ]
    letters = bury(queue, *(dead(queue, n, *content) for n, content in enumerate(contents)))
    found = queue.archive.read(letters[::-1])
    assert [(found[n].key, found[n].value) for n in sorted(found)] == contents
    assert {message.whole for message in found.values()} == {True}
    assert found[1].own_headers == [("traceparent", b"00-1"), ("empty", b"")]


def test_each_letter_has_a_place_of_its_own(queue: Queue) -> None:
    """In the order in which they were given."""
    placed = queue.dead_letters.publish([dead(queue, n, b"%d" % n, b"v") for n in range(50)])
    assert [letter.record.offset for letter in placed] == list(range(50))
    assert len({letter.place for letter in placed} - {None}) == 50


def test_a_replay_arrives_where_it_is_sent(queue: Queue) -> None:
    """In the partition asked for, with its own headers first and then FinGuard's."""
    (letter,) = bury(queue, dead(queue, 0, b"ann", b"v", partition=2))
    replays = [
        Replay(letter=letter, key=b"ann", value=value, own_headers=[("a", b"1")], partition=2)
        for value in (b"v", b"w")
    ]
    places = queue.replays.publish(replays)
    assert places == [Place(2, 0), Place(2, 1)]
    (first, second) = queue.arrived()
    assert (first.partition, first.key, first.value, second.value) == (2, b"ann", b"v", b"w")
    assert list(first.headers) == [("a", b"1"), ("dlq.replay.of", b"1"), ("dlq.attempt", b"1")]
    assert queue.replays.identity() == queue.identity


def test_nothing_to_do_is_no_trouble(queue: Queue) -> None:
    """Empty calls are answered."""
    assert queue.archive.read([]) == {}
    assert queue.replays.publish([]) == []


def test_a_long_message_is_cut_and_completed_from_where_it_came(kafka: KafkaQueue) -> None:
    """Size and digest stand in its headers; while the original exists, it is found in full."""
    value = b"x" * (MAX_VALUE_BYTES + 100_000)
    letter = with_original(kafka, value)
    headers = dict(kafka.queue.archive.read([letter])[1].headers)
    assert headers["dlq.original.size"] == b"%d" % len(value)
    assert headers["dlq.original.sha256"] == sha256(value).hexdigest().encode()
    message = kafka.queue.archive.read([letter])[1]
    assert (message.value == value, message.whole) == (True, True)


@pytest.mark.parametrize("change", [{"topic_id": "another"}, {"offset": 99}])
def test_a_long_message_whose_original_is_gone_stays_cut(
    kafka: KafkaQueue, change: dict[str, object]
) -> None:
    """After the topic was made anew, or retention has deleted it, only the beginning is left."""
    value = b"x" * (MAX_VALUE_BYTES + 1)
    (letter,) = bury(kafka.queue, dead(kafka.queue, int(str(change.get("offset", 0))), b"k", value))
    with_original(kafka, b"an entirely different message")
    message = kafka.queue.archive.read([msgspec.structs.replace(letter, **change)])[1]
    assert (message.value == value[:MAX_VALUE_BYTES], message.whole) == (True, False)


def test_another_message_at_the_originals_offset_is_not_taken_for_it(kafka: KafkaQueue) -> None:
    """The digest tells them apart."""
    value = b"x" * (MAX_VALUE_BYTES + 1)
    (letter,) = bury(kafka.queue, dead(kafka.queue, 0, b"k", value))
    with_original(kafka, b"y" * (MAX_VALUE_BYTES + 1))
    assert not kafka.queue.archive.read([letter])[1].whole


@pytest.mark.parametrize("place", [(None, None), (0, 10_000), (77, 0)])
def test_without_a_known_place_the_original_is_read(
    kafka: KafkaQueue, place: tuple[int | None, int | None]
) -> None:
    """Of a letter from before, or from a dead-letter topic that was made anew."""
    letter = with_original(kafka, b"v")
    lost = msgspec.structs.replace(letter, dlq_partition=place[0], dlq_offset=place[1])
    assert kafka.queue.archive.read([lost]) == {
        1: Message(b"k", b"v", (("traceparent", b"00-1"),), whole=True)
    }


def test_another_letters_place_is_not_taken_for_ones_own(kafka: KafkaQueue) -> None:
    """A dead-letter topic that was made anew holds other letters at the same offsets."""
    mine, other = bury(
        kafka.queue, dead(kafka.queue, 500, b"k", b"mine"), dead(kafka.queue, 501, b"k", b"other")
    )
    strange = msgspec.structs.replace(
        mine, dlq_partition=other.dlq_partition, dlq_offset=other.dlq_offset
    )
    assert kafka.queue.archive.read([strange]) == {}


def test_a_replay_that_the_topic_is_too_narrow_for_is_told(kafka: KafkaQueue) -> None:
    """Whether the client or the broker notices; those beside it are sent all the same."""
    (letter,) = bury(kafka.queue, dead(kafka.queue, 0, b"k", b"v"))
    replays = [
        Replay(letter=letter, key=b"k", value=b"x" * size, own_headers=[], partition=0)
        for size in (1, 1_500_000, 3_000_000, 2)
    ]
    places = kafka.queue.replays.publish(replays)
    assert [place is None for place in places] == [False, True, True, False]
    assert [record.value for record in kafka.queue.arrived()] == [b"x", b"xx"]


def test_a_kafka_that_does_not_answer_is_told_in_time() -> None:
    """Neither reading nor sending hangs, both say what to do, and no thread is left behind."""
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        connection = connection_arguments(bootstrap_servers=address)
        archive = KafkaLetterArchive(connection, topic="t", dead_letter_topic="d", timeout_s=0.5)
        topic = KafkaReplayTopic(connection, topic="t", timeout_s=0.5)
        with pytest.raises(ServiceUnavailable, match="make up"):
            archive.read([])
        with pytest.raises(ServiceUnavailable, match="Kafka"):
            topic.identity()
        with pytest.raises(ServiceUnavailable, match="may have arrived"):
            topic.publish([])
    assert set(threading.enumerate()) <= before


def test_several_threads_read_and_send_at_once(kafka: KafkaQueue) -> None:
    """Each gets its own letter's message, and every replay arrives once."""
    letters = bury(kafka.queue, *(dead(kafka.queue, n, b"k", b"%d" % n) for n in range(20)))

    def work(letter: Letter) -> bytes | None:
        message = kafka.queue.archive.read([letter])[letter.dead_letter_id]
        replay = Replay(
            letter=letter, key=message.key, value=message.value, own_headers=[], partition=0
        )
        kafka.queue.replays.publish([replay])
        return message.value

    with ThreadPoolExecutor(max_workers=8) as threads:
        values = list(threads.map(work, letters))
    assert values == [b"%d" % n for n in range(20)]
    assert Counter(record.value for record in kafka.queue.arrived()) == Counter(values)


@pytest.mark.parametrize("fault", ["frozen", "killed"])
def test_an_outage_of_kafka_is_told_and_survived(
    stack: Stack, kafka: KafkaQueue, fault: str
) -> None:
    """Clients that were at work when Kafka went away say so, and work again when it is back."""
    archive = KafkaLetterArchive(
        kafka.connection, topic=kafka.topic, dead_letter_topic=f"{kafka.topic}.dlq", timeout_s=2
    )
    replays = KafkaReplayTopic(kafka.connection, topic=kafka.topic, timeout_s=2)
    (letter,) = bury(kafka.queue, dead(kafka.queue, 0, b"k", b"v"))
    replay = Replay(letter=letter, key=b"k", value=b"v", own_headers=[], partition=1)

    def works() -> bool:
        try:
            return archive.read([letter])[1].value == b"v" and replays.publish([replay]) != []
        except ServiceUnavailable:
            return False

    wait_for(works, "Kafka to serve")
    (stack.kafka.freeze if fault == "frozen" else stack.kafka.kill)()
    try:
        for _ in range(2):
            with pytest.raises(ServiceUnavailable):
                archive.read([letter])
            with pytest.raises(ServiceUnavailable):
                replays.publish([replay])
    finally:
        (stack.kafka.thaw if fault == "frozen" else stack.kafka.start)()
    wait_for(works, "Kafka to serve again")
    archive.close()
    replays.close()


def with_original(kafka: KafkaQueue, value: bytes) -> Letter:
    """A letter whose message lies in the transactions topic, too, at partition 0, offset 0."""
    producer = AcknowledgedProducer(kafka.connection, timeout_s=PATIENCE_S)
    message = Outgoing(b"k", value, [("traceparent", b"00-1")], partition=0)
    (place,) = producer.publish(kafka.topic, [message])
    producer.close()
    assert place == Place(0, 0)
    (letter,) = bury(kafka.queue, dead(kafka.queue, 0, b"k", value))
    return letter


def read(connection: dict[str, object], topic: str) -> list[Record]:
    """Everything in a topic, partition after partition."""
    consumer = KafkaConsumer(**connection, enable_auto_commit=False)
    try:
        wanted = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        consumer.assign(wanted)
        consumer.seek_to_beginning(*wanted)
        ends = consumer.end_offsets(wanted)
        found: list[Record] = []
        while any(consumer.position(tp) < end for tp, end in ends.items()):
            for records in consumer.poll(timeout_ms=500).values():
                found.extend(records)
        return found
    finally:
        consumer.close()
