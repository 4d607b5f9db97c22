"""Publishes poison messages with the reason in their headers."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec
from kafka.errors import KafkaError

from finguard.adapters.kafka.acknowledged import (
    MAX_REQUEST_BYTES,
    AcknowledgedProducer,
    Outgoing,
)
from finguard.domain.dead_letters import ATTEMPT_HEADER, own_headers
from finguard.domain.effects import DeadLetter
from finguard.domain.stream import Place
from finguard.errors import ConfigurationError, ServiceUnavailable

MAX_VALUE_BYTES: Final = 512 * 1024
"""A longer message is cut here; its size and digest tell what is missing."""

PARTITION_HEADER: Final = "dlq.original.partition"
OFFSET_HEADER: Final = "dlq.original.offset"
TOPIC_HEADER: Final = "dlq.original.topic"
SIZE_HEADER: Final = "dlq.original.size"
"""Only on a message that was cut."""

DIGEST_HEADER: Final = "dlq.original.sha256"
NO_VALUE_HEADER: Final = "dlq.original.no_value"
"""Only on a message that had neither key nor value, which Kafka's client does not send."""

_FLUSH_TIMEOUT_S: Final = 10.0
_MAX_TEXT: Final = 500


class KafkaDeadLetters:
    """The dead-letter topic.

    Args:
        connection: kafka-python's connection arguments.
        topic: the dead-letter topic.
    """

    def __init__(self, connection: Mapping[str, Any], *, topic: str) -> None:
        self._topic = topic
        self._producer = AcknowledgedProducer(connection, timeout_s=_FLUSH_TIMEOUT_S)

    def publish(self, letters: Sequence[DeadLetter]) -> tuple[DeadLetter, ...]:
        """Send all, wait until all are acknowledged, and say where each lies."""
        try:
            places = self._producer.publish(self._topic, [_outgoing(item) for item in letters])
        except KafkaError as error:
            raise ServiceUnavailable(
                f"Kafka: dead letters not acknowledged: {error or type(error).__name__}",
                service="kafka",
            ) from error
        return tuple(
            msgspec.structs.replace(letter, place=self._known(place))
            for letter, place in zip(letters, places, strict=True)
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._producer.close()

    def _known(self, place: Place | None) -> Place | None:
        if place is None:
            raise ConfigurationError(
                f"topic {self._topic} takes no message as large as a dead letter; raise its "
                f"max.message.bytes to {MAX_REQUEST_BYTES} or more"
            )
        return place if place.offset >= 0 else None


def _outgoing(letter: DeadLetter) -> Outgoing:
    key, value = letter.record.key, letter.record.value
    if key is None and value is None:
        value = b""
    cut = value[:MAX_VALUE_BYTES] if value is not None else None
    return Outgoing(key, cut, headers(letter))


def headers(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """The original headers, then what went wrong and where: texts in UTF-8, as Connect has them."""
    record = letter.record
    value = record.value or b""
    facts: dict[str, object] = {
        "dlq.reason": letter.reason,
        "dlq.stage": letter.stage,
        "dlq.error.class": letter.error_class,
        "dlq.error.message": letter.detail[:_MAX_TEXT],
        TOPIC_HEADER: record.topic,
        PARTITION_HEADER: record.partition,
        OFFSET_HEADER: record.offset,
        "dlq.original.timestamp": record.timestamp,
        ATTEMPT_HEADER: letter.attempt,
    }
    if len(value) > MAX_VALUE_BYTES:
        facts[SIZE_HEADER] = len(value)
        facts[DIGEST_HEADER] = sha256(value).hexdigest()
    if record.key is None and record.value is None:
        facts[NO_VALUE_HEADER] = "true"
    return own_headers(record.headers or ()) + [
        (name, str(fact).encode("utf-8", "backslashreplace")) for name, fact in facts.items()
    ]
