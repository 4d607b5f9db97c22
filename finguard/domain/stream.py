"""The transactions topic as detection sees it: records, offsets and who owns a partition."""

from collections.abc import Mapping, Sequence

import msgspec


class Record(msgspec.Struct, frozen=True, gc=False):
    """A Kafka record, as any source hands it over.

    Attributes:
        offset: the record's place in the partition.
        timestamp: when Kafka took it, milliseconds since 1970.
        headers: names and values; a value may be absent.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


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
        reachable: whether any broker is connected; clients look for them silently when not.
    """

    records: Mapping[int, Sequence[Record]]
    assigned: frozenset[int] | None = None
    reachable: bool = True


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
    """The changed profiles of one partition, as pages: see `finguard.domain.profile`.

    Attributes:
        expected: the watermark the profiles were folded from.
        watermark: the offset of the last record folded in.
        added: by user, a page to add to those that are stored.
        rewritten: by user, a page to take the place of all that are stored.
    """

    partition: int
    expected: int | None
    watermark: int
    added: Mapping[str, bytes]
    rewritten: Mapping[str, bytes] = {}
