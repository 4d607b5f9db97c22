"""How far the three witnesses of progress have got, and how far they have to go."""

from collections.abc import Iterable
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient

from finguard.adapters.kafka.source import topic_identity
from tests.acceptance.programs import Site
from tests.chaos.comparison import profile_store
from tests.patience import PATIENCE_S

Offsets = dict[int, int]


def ends(site: Site) -> Offsets:
    """Where each partition of the topic ends now."""
    partitions = range(topic_identity(site.kafka, site.topic).partitions)
    wanted = [TopicPartition(site.topic, partition) for partition in partitions]
    consumer = KafkaConsumer(**site.kafka, enable_auto_commit=False)
    try:
        found = consumer.end_offsets(wanted, timeout_ms=int(1_000 * PATIENCE_S))
    finally:
        consumer.close()
    return {tp.partition: end for tp, end in found.items()}


def levels(site: Site, redis_url: str, partitions: Iterable[int]) -> dict[str, Offsets]:
    """The next offset of each partition by PostgreSQL, Redis and Kafka; 0 where none has a word."""
    topic_id = topic_identity(site.kafka, site.topic).topic_id
    progress = dict(
        site.query(
            "SELECT partition, next_offset FROM progress WHERE group_id = %s AND topic_id = %s",
            site.group,
            topic_id,
        )
    )
    store = profile_store(redis_url, group=site.group, topic_id=topic_id)
    marks, _ = store.load(dict.fromkeys(partitions, ()))
    committed = _committed(site)
    return {
        "PostgreSQL": {p: progress.get(p, 0) for p in partitions},
        "Redis": {p: 0 if (mark := marks[p]) is None else mark + 1 for p in partitions},
        "Kafka": {p: committed.get(p, 0) for p in partitions},
    }


def _committed(site: Site) -> Offsets:
    admin = KafkaAdminClient(**site.kafka)
    try:
        offsets: dict[TopicPartition, Any] = admin.list_group_offsets(site.group)[site.group]
    finally:
        admin.close()
    return {tp.partition: at.offset for tp, at in offsets.items() if tp.topic == site.topic}
