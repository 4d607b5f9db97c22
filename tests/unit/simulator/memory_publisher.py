"""A publisher that keeps its messages: a real implementation of the port, without Kafka."""

from collections import deque

from finguard.errors import ServiceUnavailable


class MemoryPublisher:
    """Acknowledges the oldest messages when room is asked for, and all of them at a flush.

    Args:
        capacity: messages that may wait for their acknowledgement.
        breaks_after: from so many acknowledgements on, none comes any more.
    """

    def __init__(self, *, capacity: int = 1_000, breaks_after: int | None = None) -> None:
        self.messages: list[tuple[bytes | None, bytes | None]] = []
        self.most_in_flight = 0
        self._capacity = capacity
        self._breaks_after = breaks_after
        self._in_flight: deque[tuple[bytes | None, bytes | None]] = deque()
        self._failed = 0

    @property
    def delivered(self) -> int:
        """Messages acknowledged so far."""
        return len(self.messages)

    @property
    def failed(self) -> int:
        """Messages given up."""
        return self._failed

    def wait_for_room(self, timeout_s: float) -> bool:
        """Whether one more message fits; never waits."""
        del timeout_s
        if len(self._in_flight) >= self._capacity:
            self._acknowledge(1)
        return True

    def publish(self, key: bytes | None, value: bytes | None) -> None:
        """Queue a message."""
        self._in_flight.append((key, value))
        self.most_in_flight = max(self.most_in_flight, len(self._in_flight))

    def flush(self) -> None:
        """Acknowledge everything queued."""
        self._acknowledge(len(self._in_flight))

    def close(self) -> None:
        """Give up what is still queued."""
        self._failed += len(self._in_flight)
        self._in_flight.clear()

    def _acknowledge(self, count: int) -> None:
        for _ in range(count):
            if self.delivered == self._breaks_after:
                raise ServiceUnavailable("the broker is gone")
            self.messages.append(self._in_flight.popleft())
