"""Reads dead letters' messages where they lie: in the dead-letter topic, or where they began."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from threading import Lock
from time import monotonic
from typing import Any, Final

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from finguard.adapters.kafka.connection import briefly, connecting, opened
from finguard.adapters.kafka.dead_letters import (
    DIGEST_HEADER,
    NO_VALUE_HEADER,
    OFFSET_HEADER,
    PARTITION_HEADER,
    SIZE_HEADER,
    TOPIC_HEADER,
)
from finguard.adapters.kafka.identities import TopicIdentities
from finguard.domain.dead_letters import Letter, Message
from finguard.domain.stream import Place, Record
from finguard.errors import ServiceUnavailable

_MAX_POLL_RECORDS: Final = 100


class KafkaLetterArchive:
    """Finds messages by their places; safe to use from several threads, bounded in time.

    Args:
        connection: see `connection_arguments`.
        topic: the transactions topic. dead_letter_topic: where letters lie.
        timeout_s: how long one call may take, and Kafka for one step of it.
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        *,
        topic: str,
        dead_letter_topic: str,
        timeout_s: float = 4.0,
    ) -> None:
        self._connection = briefly(connection, timeout_s)
        self._topic = topic
        self._dead_letter_topic = dead_letter_topic
        self._timeout_s = timeout_s
        self._busy = Lock()
        self._identities = TopicIdentities(self._connection)
        self._consumer: KafkaConsumer | None = None

    def read(self, letters: Sequence[Letter]) -> dict[int, Message]:
        """The messages that Kafka still holds, by letter; one that was cut is completed if it can.

        Raises:
            ServiceUnavailable: when Kafka does not answer in time.
        """
        if not self._busy.acquire(timeout=self._timeout_s):
            raise ServiceUnavailable("Kafka: other dead letters are still being read; try again")
        try:
            return self._read(letters)
        except BaseException:
            self._drop()
            raise
        finally:
            self._busy.release()

    def close(self) -> None:
        """Let go of the connections."""
        with self._busy:
            self._drop()
            self._identities.close()

    def _read(self, letters: Sequence[Letter]) -> dict[int, Message]:
        if self._consumer is None:
            with connecting(self._connection):
                self._consumer = self._open()
        try:
            buried = self._buried(self._consumer, letters)
            wanting = [
                letter
                for letter in letters
                if (found := buried.get(letter.dead_letter_id)) is None or not found.whole
            ]
            return buried | self._originals(self._consumer, wanting, buried)
        except KafkaError as error:
            raise ServiceUnavailable(
                f"Kafka: dead letters cannot be read: {error or type(error).__name__}"
            ) from error

    def _open(self) -> KafkaConsumer:
        return opened(
            KafkaConsumer,
            self._connection,
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            max_poll_records=_MAX_POLL_RECORDS,
            metrics_enabled=False,
        )

    def _buried(self, consumer: KafkaConsumer, letters: Sequence[Letter]) -> dict[int, Message]:
        places = {
            letter.dead_letter_id: Place(letter.dlq_partition, letter.dlq_offset)
            for letter in letters
            if letter.dlq_partition is not None and letter.dlq_offset is not None
        }
        found = self._fetch(consumer, self._dead_letter_topic, places.values())
        return {
            letter.dead_letter_id: _message(found[places[letter.dead_letter_id]])
            for letter in letters
            if letter.dead_letter_id in places
            and places[letter.dead_letter_id] in found
            and _is_that(letter, found[places[letter.dead_letter_id]])
        }

    def _originals(
        self, consumer: KafkaConsumer, letters: Sequence[Letter], buried: Mapping[int, Message]
    ) -> dict[int, Message]:
        if not letters:
            return {}
        # A topic that was deleted and created again holds other messages at the same offsets.
        topic_id = self._identities.of(self._topic).topic_id
        places = {
            letter.dead_letter_id: Place(letter.partition, letter.offset)
            for letter in letters
            if letter.topic_id == topic_id
        }
        found = self._fetch(consumer, self._topic, places.values())
        originals = {}
        for letter_id, place in places.items():
            if place in found:
                message = _completed(buried.get(letter_id), found[place])
                if message is not None:
                    originals[letter_id] = message
        return originals

    def _fetch(
        self, consumer: KafkaConsumer, topic: str, places: Iterable[Place]
    ) -> dict[Place, Record]:
        """The records at these places, as far as they exist."""
        offsets: dict[int, list[int]] = defaultdict(list)
        for place in places:
            offsets[place.partition].append(place.offset)
        if not offsets:
            return {}
        existing = consumer.partitions_for_topic(topic) or set()
        deadline_s = monotonic() + self._timeout_s
        found: dict[Place, Record] = {}
        for partition in sorted(offsets.keys() & existing):
            records = self._walk(
                consumer, TopicPartition(topic, partition), offsets[partition], deadline_s
            )
            found |= {Place(partition, record.offset): record for record in records}
        return found

    def _walk(
        self, consumer: KafkaConsumer, tp: TopicPartition, offsets: list[int], deadline_s: float
    ) -> list[Record]:
        consumer.assign([tp])
        timeout_ms = int(1000 * self._timeout_s)
        begin = consumer.beginning_offsets([tp], timeout_ms=timeout_ms)[tp]
        end = consumer.end_offsets([tp], timeout_ms=timeout_ms)[tp]
        wanted = sorted({offset for offset in offsets if begin <= offset < end}, reverse=True)
        found: list[Record] = []
        position = -1
        while wanted:
            if position != wanted[-1]:
                position = wanted[-1]
                consumer.seek(tp, position)
            left_s = deadline_s - monotonic()
            if left_s <= 0:
                raise ServiceUnavailable("Kafka: the dead letters could not be read in time")
            for record in consumer.poll(timeout_ms=int(1000 * left_s)).get(tp, ()):
                position = record.offset + 1
                # What lies before the record is gone, as in a compacted topic.
                while wanted and wanted[-1] < record.offset:
                    wanted.pop()
                if wanted and wanted[-1] == record.offset:
                    found.append(record)
                    wanted.pop()
        return found

    def _drop(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with suppress(KafkaError):
                consumer.close(autocommit=False, timeout_ms=int(1000 * self._timeout_s))


def _is_that(letter: Letter, record: Record) -> bool:
    """Whether it is the letter's own record: the topic may have been created anew since."""
    facts = dict(record.headers)
    return (
        facts.get(TOPIC_HEADER) == letter.topic.encode()
        and facts.get(PARTITION_HEADER) == b"%d" % letter.partition
        and facts.get(OFFSET_HEADER) == b"%d" % letter.offset
    )


def _message(record: Record) -> Message:
    facts = dict(record.headers)
    value = None if NO_VALUE_HEADER in facts else record.value
    return Message(record.key, value, tuple(record.headers), whole=SIZE_HEADER not in facts)


def _completed(buried: Message | None, original: Record) -> Message | None:
    """The original in full; None if it is not what was buried."""
    if buried is None:
        return Message(original.key, original.value, tuple(original.headers))
    expected = dict(buried.headers).get(DIGEST_HEADER)
    if sha256(original.value or b"").hexdigest().encode() != expected:
        return None
    return msgspec.structs.replace(buried, value=original.value, whole=True)
