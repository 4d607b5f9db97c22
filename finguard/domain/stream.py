"""The transactions topic as detection sees it: records, offsets and who owns a partition."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class Record(Protocol):
    """A Kafka record, as kafka-python hands it over."""

    @property
    def topic(self) -> str:
        """The topic's name."""

    @property
    def partition(self) -> int:
        """The partition's number."""

    @property
    def offset(self) -> int:
        """The record's place in the partition."""

    @property
    def timestamp(self) -> int:
        """When Kafka took it, milliseconds since 1970."""

    @property
    def key(self) -> bytes | None:
        """The message's key."""

    @property
    def value(self) -> bytes | None:
        """The message itself."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """The message's headers."""


class Place(msgspec.Struct, frozen=True):
    """Where a record lies in its topic."""

    partition: int
    offset: int


class TopicIdentity(msgspec.Struct, frozen=True):
    """A topic, told from another of the same name.

    Attributes:
        topic_id: given by Kafka when the topic is created.
        partitions: how many; a user's partition follows from it.
    """

    topic: str
    topic_id: str
    partitions: int


class Poll(msgspec.Struct, frozen=True):
    """What one poll brought.

    Attributes:
        records: by partition, in offset order.
        assigned: the partitions this member owns, where the group has just decided anew.
    """

    records: Mapping[int, Sequence[Record]]
    assigned: frozenset[int] | None = None


class Bounds(msgspec.Struct, frozen=True):
    """The offsets that a partition holds: `[start, end)`."""

    start: int
    end: int


class Claim(msgspec.Struct, frozen=True):
    """A member's right to write for one partition.

    Attributes:
        epoch: counts the claims on the partition; only the latest may write.
        next_offset: every record below it has had its effects on PostgreSQL.
    """

    partition: int
    epoch: int
    next_offset: int


class ProfileSave(msgspec.Struct, frozen=True):
    """The changed profiles of one partition.

    Attributes:
        expected: the watermark the profiles were folded from.
        watermark: the offset of the last record folded in.
    """

    partition: int
    expected: int | None
    watermark: int
    profiles: Mapping[str, bytes]
