"""The idempotent producer: bounded in memory and in time, whatever happens to the brokers."""

from collections.abc import Mapping
from threading import Condition
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self

import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError

from finguard.adapters.kafka.connection import connecting, opened
from finguard.errors import ServiceUnavailable

MAX_IN_FLIGHT: Final = 10_000
MAX_IN_FLIGHT_BYTES: Final = 16 * 1024 * 1024
ROOMY: Final = 0.75
SILENCE_S: Final = 5.0
"""Without any acknowledgement for so long, the outage is told."""

DELIVERY_TIMEOUT_S: Final = 120.0
CLOSE_TIMEOUT_S: Final = 5.0

BLOCK_MS: Final = 10_000
_NEVER_MS: Final = 10 * 365 * 86_400_000

_log = structlog.get_logger()


class KafkaPublisher:
    """Publishes to one topic, acknowledged by all in-sync replicas, each message once.

    kafka-python 3.0 neither bounds its buffer nor recovers once it has let a batch expire that it
    had already sent: it waits for a new producer id that it never requests. So the messages in
    flight are counted here, its own timeout is out of reach, and what nobody acknowledges in time
    is given up here, together with the producer.

    Args:
        connection: see `connection_arguments`.
        topic: must exist.
        max_in_flight: messages that may wait for their acknowledgement.
        max_in_flight_bytes: likewise their size.
        silence_s: without any acknowledgement for so long, the outage is logged.
        delivery_timeout_s: without any for so long, what is in flight is given up.

    Raises:
        ServiceUnavailable: when no broker answers.
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        topic: str,
        *,
        max_in_flight: int = MAX_IN_FLIGHT,
        max_in_flight_bytes: int = MAX_IN_FLIGHT_BYTES,
        silence_s: float = SILENCE_S,
        delivery_timeout_s: float = DELIVERY_TIMEOUT_S,
    ) -> None:
        self._topic = topic
        self._servers = ",".join(connection["bootstrap_servers"])
        self._max_in_flight = max_in_flight
        self._max_in_flight_bytes = max_in_flight_bytes
        self._silence_s = silence_s
        self._delivery_timeout_s = delivery_timeout_s
        self._changed = Condition()
        self._delivered = self._failed = 0
        self._in_flight = self._in_flight_bytes = 0
        self._last_sign_s = 0.0
        self._unreachable = False
        self._first_error: Exception | None = None
        with connecting(connection):
            self._producer = _open(connection, topic)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def delivered(self) -> int:
        """Messages acknowledged so far."""
        return self._delivered

    @property
    def failed(self) -> int:
        """Messages refused or given up; of these, those given up may have arrived all the same."""
        return self._failed

    def wait_for_room(self, timeout_s: float) -> bool:
        """Whether one more message fits, waiting so long at most.

        Raises:
            ServiceUnavailable: when a message was refused, or nothing was acknowledged for the
                delivery timeout.
        """
        self._watch()
        if self._is_below(1.0):
            return True
        with self._changed:
            # Then until there is room for many: waking up for each one halves the throughput.
            return self._changed.wait_for(lambda: self._is_below(ROOMY), timeout_s)

    def publish(self, key: bytes | None, value: bytes | None) -> None:
        """Queue a message, its partition chosen by its key; does not wait for room.

        Raises:
            ServiceUnavailable: when the client refuses it.
        """
        size = len(key or b"") + len(value or b"")
        with self._changed:
            if not self._in_flight:
                self._last_sign_s = monotonic()
            self._in_flight += 1
            self._in_flight_bytes += size
        try:
            future = self._producer.send(self._topic, value, key)
        except KafkaError as error:
            self._refused(size, error)
            raise self._refusal() from error
        future.add_callback(lambda _metadata: self._acknowledged(size))
        future.add_errback(lambda error: self._refused(size, error))

    def flush(self) -> None:
        """Wait until everything is acknowledged.

        Raises:
            ServiceUnavailable: as `wait_for_room` does.
        """
        with self._changed:
            while self._in_flight:
                self._watch()
                self._changed.wait(self._silence_s / 5)
            self._watch()

    def close(self) -> None:
        """Give up what is still in flight, and let go of the connection."""
        if self._in_flight:
            # `close` would raise while batches wait, and leave its thread running.
            sender = self._producer._sender  # noqa: SLF001 - there is no public way
            sender.force_close()
            sender.join(CLOSE_TIMEOUT_S)
        if not self._in_flight:
            self._producer.close(CLOSE_TIMEOUT_S)
        with self._changed:
            self._failed += self._in_flight
            self._in_flight = self._in_flight_bytes = 0

    def _is_below(self, share: float) -> bool:
        return (
            self._in_flight < self._max_in_flight * share
            and self._in_flight_bytes < self._max_in_flight_bytes * share
        )

    def _watch(self) -> None:
        """Notice that Kafka is silent, or that a message is lost."""
        if self._first_error is not None:
            raise self._refusal()
        if not self._in_flight:
            return
        silent_s = monotonic() - self._last_sign_s
        if silent_s >= self._silence_s and not self._unreachable:
            self._unreachable = True
            _log.warning(
                "Kafka is unreachable; waiting", servers=self._servers, in_flight=self._in_flight
            )
        if silent_s >= self._delivery_timeout_s:
            raise ServiceUnavailable(
                f"Kafka at {self._servers} has acknowledged nothing for {silent_s:.0f} s; "
                f"{self._in_flight} messages are given up"
            )

    def _refusal(self) -> ServiceUnavailable:
        error = self._first_error
        return ServiceUnavailable(f"Kafka did not take a message: {error or type(error).__name__}")

    def _acknowledged(self, size: int) -> None:
        """Count one more; runs on the client's own thread."""
        with self._changed:
            self._delivered += 1
            back, self._unreachable = self._unreachable, False
            self._settle(size)
        if back:
            _log.info("Kafka is back", servers=self._servers)

    def _refused(self, size: int, error: Exception) -> None:
        with self._changed:
            self._failed += 1
            self._first_error = self._first_error or error
            self._settle(size)

    def _settle(self, size: int) -> None:
        self._last_sign_s = monotonic()
        self._in_flight -= 1
        self._in_flight_bytes -= size
        if self._is_below(ROOMY):
            self._changed.notify_all()


def _open(connection: Mapping[str, Any], topic: str) -> KafkaProducer:
    producer = opened(
        KafkaProducer,
        connection,
        acks="all",
        enable_idempotence=True,
        allow_auto_create_topics=False,
        linger_ms=20,
        batch_size=128 * 1024,
        delivery_timeout_ms=_NEVER_MS,
        max_block_ms=BLOCK_MS,
        metrics_enabled=False,
    )
    try:
        # Fetches the partitions now, so that `send` never has to wait for them.
        producer.partitions_for(topic)
    except BaseException:
        producer.close(CLOSE_TIMEOUT_S)
        raise
    return producer
