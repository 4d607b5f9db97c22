"""A producer whose every call ends in time, with each message acknowledged or told as refused."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError

from finguard.adapters.kafka.connection import opened
from finguard.domain.stream import Place

MAX_REQUEST_BYTES: Final = 2 * 1024 * 1024

_CLOSE_TIMEOUT_S: Final = 5.0
_NEVER_MS: Final = 10 * 365 * 86_400_000


class Outgoing(msgspec.Struct, frozen=True):
    """A message on its way; without a partition its key decides."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    partition: int | None = None


class AcknowledgedProducer:
    """Opens Kafka's producer when it is first needed, and anew after every failure.

    kafka-python's own delivery timeout is kept out of reach: once it has let a sent batch expire,
    the producer never recovers. What is not acknowledged in time is given up together with the
    producer, and the caller publishes it again through a new one.

    Args:
        connection: kafka-python's connection arguments.
        timeout_s: how long the acknowledgements of one call may take.
    """

    def __init__(self, connection: Mapping[str, Any], *, timeout_s: float) -> None:
        self._connection = dict(connection)
        self._timeout_s = timeout_s
        self._producer: KafkaProducer | None = None

    def publish(self, topic: str, messages: Sequence[Outgoing]) -> list[Place | None]:
        """Send all and wait until the brokers have answered on every one.

        Returns:
            Where each lies, with offset -1 if that alone is unknown; None for one that the topic
            is too narrow for.

        Raises:
            KafkaError: when one is neither acknowledged nor too large: it may have arrived.
        """
        places = self._attempt(topic, messages)
        if None not in places or len(messages) == 1:
            return places
        # A broker's refusal of one message ends the client, and whatever waited beside it.
        return [
            place or self._attempt(topic, [message])[0]
            for place, message in zip(places, messages, strict=True)
        ]

    def close(self) -> None:
        """Let go of the connection."""
        done, self._producer = self._producer, None
        if done is not None:
            with suppress(KafkaError):
                done.close(_CLOSE_TIMEOUT_S)

    def _attempt(self, topic: str, messages: Sequence[Outgoing]) -> list[Place | None]:
        try:
            if self._producer is None:
                self._producer = self._open()
            sent = [self._send(self._producer, topic, message) for message in messages]
            self._producer.flush(timeout=self._timeout_s)
            places = [_place(future) for future in sent]
        except BaseException:
            self._give_up()
            raise
        if None in places:
            self._give_up()
        return places

    def _open(self) -> KafkaProducer:
        options = {
            "acks": "all",
            "enable_idempotence": True,
            "allow_auto_create_topics": False,
            "linger_ms": 0,
            "max_block_ms": int(500 * self._timeout_s),
            "delivery_timeout_ms": _NEVER_MS,
            "request_timeout_ms": int(400 * self._timeout_s),
            "max_request_size": MAX_REQUEST_BYTES,
            "metrics_enabled": False,
        }
        return opened(KafkaProducer, {**self._connection, **options})

    def _send(self, producer: KafkaProducer, topic: str, message: Outgoing) -> Any:  # noqa: ANN401 - untyped
        try:
            return producer.send(
                topic,
                key=message.key,
                value=message.value,
                headers=message.headers,
                partition=message.partition,
            )
        except MessageSizeTooLargeError:
            return None

    def _give_up(self) -> None:
        broken, self._producer = self._producer, None
        if broken is not None:
            # `close` would raise while batches wait, and leave its thread running.
            sender = broken._sender  # noqa: SLF001 - there is no public way
            sender.force_close()
            sender.join(_CLOSE_TIMEOUT_S)


def _place(future: Any) -> Place | None:  # noqa: ANN401 - untyped
    if future is None:
        return None
    try:
        metadata = future.get(timeout=0)
    except MessageSizeTooLargeError:
        return None
    return Place(metadata.partition, metadata.offset)
