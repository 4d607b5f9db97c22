"""Publishes a file of messages; runs in the bench's own environment, as a process of its own.

librdkafka, since a publisher that costs little disturbs what is measured beside it least.

Flat out, or each message at its due time: then the first is due now, every other one so much later
as its event happened later, and each event's timestamp becomes its due time, as if it were live.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka import Producer

STAMP = b'"timestamp":"'
SETTINGS = {
    # As Java's and kafka-python's producers do, so that a user's partition is the same for all.
    "partitioner": "murmur2_random",
    "acks": "all",
    "enable.idempotence": True,
    "batch.size": 131_072,
    "queue.buffering.max.messages": 500_000,
    # A broker that has just started asks for patience; that is no news.
    "log_level": 3,
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GRACE_S = 2.0
LEAST_WAIT_S = 0.001
"""Messages that are due meanwhile go out together: to wait for each awake would cost a core."""


def main() -> None:
    """Publish, and print what came of it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap_servers")
    parser.add_argument("topic")
    parser.add_argument("file", type=Path)
    parser.add_argument("--paced", action="store_true", help="each message at its due time")
    parser.add_argument("--rounds", type=int, default=1, help="again, with other users each time")
    given = parser.parse_args()
    linger_ms = 5 if given.paced else 20
    producer = Producer(
        {**SETTINGS, "bootstrap.servers": given.bootstrap_servers, "linger.ms": linger_ms}
    )
    if given.paced:
        result = publish_paced(producer, given.topic, given.file)
    else:
        result = publish_flat_out(producer, given.topic, given.file, given.rounds)
    json.dump(result, sys.stdout)


def publish_flat_out(producer: Producer, topic: str, file: Path, rounds: int) -> dict[str, float]:
    """Publish all messages, as fast as the broker takes them."""
    sent = 0
    for number in range(rounds):
        prefix = b"" if number == 0 else b"%d-" % number
        for key, value in messages(file):
            renamed = value.replace(b'"user_id":"', b'"user_id":"' + prefix, 1)
            while True:
                try:
                    producer.produce(topic, renamed, prefix + key)
                    break
                except BufferError:
                    producer.poll(0.05)
            sent += 1
            if sent % 10_000 == 0:
                producer.poll(0)
    producer.flush()
    return {"sent": sent}


def publish_paced(producer: Producer, topic: str, file: Path) -> dict[str, float]:
    """Publish each message when it is due.

    Returns:
        When the first was due, in seconds since 1970, and how far the worst one and the one of the
        99th percentile fell behind.
    """
    waiting = [(key, value, happened(value)) for key, value in messages(file)]
    start_s = time.time() + GRACE_S + 4e-6 * len(waiting)
    first = waiting[0][2]
    due = [
        (
            key,
            restamped(value, start_s + (at - first).total_seconds()),
            (at - first).total_seconds(),
        )
        for key, value, at in waiting
    ]
    del waiting
    late_s = []
    for number, (key, value, offset_s) in enumerate(due):
        due_s = start_s + offset_s
        while (ahead_s := due_s - time.time()) > 0:
            producer.poll(0)
            time.sleep(max(ahead_s, LEAST_WAIT_S))
        producer.produce(topic, value, key)
        late_s.append(-ahead_s)
        if number % 1_000 == 0:
            producer.poll(0)
    producer.flush()
    late_s.sort()
    return {
        "sent": len(due),
        "start_s": start_s,
        "behind_p99_ms": 1000 * late_s[int(0.99 * len(late_s))],
        "behind_max_ms": 1000 * late_s[-1],
    }


def messages(file: Path) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each message."""
    with file.open("rb") as lines:
        for line in lines:
            key, _, value = line.rstrip(b"\n").partition(b"\t")
            yield key, value


def happened(value: bytes) -> datetime:
    """When an event says that it happened."""
    begin = value.index(STAMP) + len(STAMP)
    return datetime.fromisoformat(value[begin : value.index(b'"', begin)].decode())


def restamped(value: bytes, at_s: float) -> bytes:
    """The event with another timestamp."""
    begin = value.index(STAMP) + len(STAMP)
    stamp = (EPOCH + timedelta(seconds=at_s)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value[:begin] + stamp.encode() + value[value.index(b'"', begin) :]


if __name__ == "__main__":
    main()
