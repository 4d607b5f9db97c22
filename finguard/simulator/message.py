"""What the sender publishes, whatever it comes from."""

from typing import NamedTuple

from finguard.simulator.truth import Label


class Message(NamedTuple):
    """One Kafka message to be.

    Attributes:
        key: the user's id, in UTF-8. value: the event as JSON in UTF-8.
        time_us: the event time, in microseconds since 1970, that paces the sender.
        label: the ground truth, where the message is fraud or poison.
    """

    key: bytes | None
    value: bytes | None
    time_us: int
    label: Label | None = None
