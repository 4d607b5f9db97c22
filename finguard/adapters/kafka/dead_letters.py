"""Publishes poison messages with the reason in their headers."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError

from finguard.domain.effects import DeadLetter
from finguard.errors import ConfigurationError, ServiceUnavailable

MAX_VALUE_BYTES: Final = 512 * 1024
"""A longer message is cut here; its size and digest tell what is missing."""

_FLUSH_TIMEOUT_S: Final = 10.0
_CLOSE_TIMEOUT_S: Final = 5.0
_NEVER_MS: Final = 10 * 365 * 86_400_000
_MAX_REQUEST_BYTES: Final = 2 * 1024 * 1024
_MAX_TEXT: Final = 500


class KafkaDeadLetters:
    """The dead-letter topic.

    kafka-python's own delivery timeout is kept out of reach: once it has let a sent batch expire,
    the producer never recovers. What is not acknowledged in time is given up together with the
    producer, and the caller publishes it again through a new one.

    Args:
        connection: kafka-python's connection arguments.
        topic: the dead-letter topic.
    """

    def __init__(self, connection: Mapping[str, Any], *, topic: str) -> None:
        self._topic = topic
        self._connection = dict(connection)
        self._producer: KafkaProducer | None = None

    def publish(self, letters: Sequence[DeadLetter]) -> None:
        """Send all and wait until all are acknowledged."""
        try:
            if self._producer is None:
                self._producer = self._open()
            sent = [self._send(self._producer, letter) for letter in letters]
            self._producer.flush(timeout=_FLUSH_TIMEOUT_S)
            for future in sent:
                future.get(timeout=0)
        except MessageSizeTooLargeError as error:
            self._give_up()
            raise ConfigurationError(
                f"topic {self._topic} takes no message as large as a dead letter; raise its "
                f"max.message.bytes to {_MAX_REQUEST_BYTES} or more"
            ) from error
        except KafkaError as error:
            self._give_up()
            raise ServiceUnavailable(
                f"Kafka: dead letters not acknowledged: {error or type(error).__name__}",
                service="kafka",
            ) from error

    def _give_up(self) -> None:
        broken, self._producer = self._producer, None
        if broken is not None:
            # `close` would raise while batches wait, and leave its thread running.
            sender = broken._sender  # noqa: SLF001 - there is no public way
            sender.force_close()
            sender.join(_CLOSE_TIMEOUT_S)

    def _open(self) -> KafkaProducer:
        return KafkaProducer(
            **self._connection,
            acks="all",
            enable_idempotence=True,
            allow_auto_create_topics=False,
            linger_ms=0,
            max_block_ms=5_000,
            delivery_timeout_ms=_NEVER_MS,
            request_timeout_ms=4_000,
            max_request_size=_MAX_REQUEST_BYTES,
            metrics_enabled=False,
        )

    def _send(self, producer: KafkaProducer, letter: DeadLetter) -> Any:  # noqa: ANN401 - untyped
        value = letter.record.value
        return producer.send(
            self._topic,
            key=letter.record.key,
            value=value[:MAX_VALUE_BYTES] if value is not None else None,
            headers=headers(letter),
        )


def headers(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """The original headers, then what went wrong and where: texts in UTF-8, as Connect has them."""
    record = letter.record
    value = record.value or b""
    facts: dict[str, object] = {
        "dlq.reason": letter.reason,
        "dlq.stage": letter.stage,
        "dlq.error.class": letter.error_class,
        "dlq.error.message": letter.detail[:_MAX_TEXT],
        "dlq.original.topic": record.topic,
        "dlq.original.partition": record.partition,
        "dlq.original.offset": record.offset,
        "dlq.original.timestamp": record.timestamp,
        "dlq.attempt": letter.attempt,
    }
    if len(value) > MAX_VALUE_BYTES:
        facts["dlq.original.size"] = len(value)
        facts["dlq.original.sha256"] = sha256(value).hexdigest()
    # Kafka allows a header without a value; the client that sends does not.
    kept = [
        (name, data or b"") for name, data in record.headers or () if not name.startswith("dlq.")
    ]
    return kept + [
        (name, str(fact).encode("utf-8", "backslashreplace")) for name, fact in facts.items()
    ]
