"""The loop that publishes messages, and the port it publishes through."""

from collections.abc import Callable, Iterable
from threading import Event
from typing import Protocol

from finguard.simulator.message import Message
from finguard.simulator.pace import Pace
from finguard.simulator.truth import Label

ROOM_CHECK_S = 0.2


class Publisher(Protocol):
    """Where messages go."""

    @property
    def delivered(self) -> int:
        """Messages acknowledged so far."""

    @property
    def failed(self) -> int:
        """Messages that were given up."""

    def wait_for_room(self, timeout_s: float) -> bool:
        """Whether one more message fits, waiting so long at most.

        Raises:
            ServiceUnavailable: when a message failed, or nothing was acknowledged for too long.
        """

    def publish(self, key: bytes | None, value: bytes | None) -> None:
        """Queue a message; call it when there is room."""

    def flush(self) -> None:
        """Wait until everything queued is acknowledged.

        Raises:
            ServiceUnavailable: as in `wait_for_room`.
        """

    def close(self) -> None:
        """Count what is still queued as failed, and let go of the connection."""


def send_all(
    messages: Iterable[Message],
    publisher: Publisher,
    *,
    pace: Pace,
    record: Callable[[Label], None],
    tick: Callable[[], None],
    stop: Event,
) -> None:
    """Publish the messages in their order, each when due, until they end or `stop` is set.

    Raises:
        ServiceUnavailable: see `Publisher`.
    """
    try:
        for message in messages:
            if not pace.wait_for(message.time_us):
                break
            while not publisher.wait_for_room(ROOM_CHECK_S) and not stop.is_set():
                tick()
            if stop.is_set():
                break
            publisher.publish(message.key, message.value)
            if message.label is not None:
                record(message.label)
            tick()
    finally:
        # Also when a file turns out to be damaged: what came before it is good.
        publisher.flush()
