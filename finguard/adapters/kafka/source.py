"""The transactions topic read as a member of a consumer group."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import (
    CommitFailedError,
    FencedInstanceIdError,
    GroupAuthorizationFailedError,
    IllegalGenerationError,
    IllegalStateError,
    InvalidSessionTimeoutError,
    KafkaError,
    KafkaTimeoutError,
    LogTruncationError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    RebalanceInProgressError,
    SaslAuthenticationFailedError,
    TopicAuthorizationFailedError,
    UnknownMemberIdError,
    UnknownTopicOrPartitionError,
)
from kafka.structs import OffsetAndMetadata

from finguard.adapters.kafka.connection import opened
from finguard.adapters.kafka.record_batches import QuickPartitionRecords
from finguard.domain.stream import Bounds, Poll, Record, TopicIdentity
from finguard.errors import ConfigurationError, DataLossError, OwnershipLost, ServiceUnavailable

_log = structlog.get_logger()

CALL_TIMEOUT_MS: Final = 5_000
COMMIT_AGAIN_S: Final = 1.0
"""After a commit that failed: Kafka is away, or the group is about to decide anew."""

COMMIT_TIMEOUT_S: Final = 60.0

METADATA_MAX_AGE_MS: Final = 30_000
"""So soon added partitions are noticed, in which users' new records lie apart from their history;
kafka-python's own five minutes would also be the longest stall after an assignment of nothing."""

_REFUSALS: Final = (
    GroupAuthorizationFailedError,
    InvalidSessionTimeoutError,
    SaslAuthenticationFailedError,
    TopicAuthorizationFailedError,
)
_MOVED_ON: Final = (
    CommitFailedError,
    FencedInstanceIdError,
    IllegalGenerationError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)


class KafkaSource:
    """A group member. It commits nothing by itself and never resets an offset by itself.

    Args:
        connection: kafka-python's connection arguments.
        topic: the transactions topic. group: the consumer group.
        max_records: at the most so many a poll.
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        *,
        topic: str,
        group: str,
        max_records: int,
        session_timeout_ms: int,
        max_poll_interval_ms: int,
    ) -> None:
        self._connection = dict(connection)
        self._topic = topic
        self._listener = _Listener()
        # Offsets that are done, and those of them that the group has acknowledged.
        self._done: dict[int, int] = {}
        self._told: dict[int, int] = {}
        self._next_commit_s = 0.0
        with _translated():
            self._consumer = opened(
                KafkaConsumer,
                self._connection,
                group_id=group,
                enable_auto_commit=False,
                # Nothing may ever be skipped silently: a missing offset is an error, and where to
                # start is decided from PostgreSQL and Redis.
                auto_offset_reset="none",
                allow_auto_create_topics=False,
                max_poll_records=max_records,
                max_partition_fetch_bytes=1024 * 1024,
                fetch_max_bytes=8 * 1024 * 1024,
                session_timeout_ms=session_timeout_ms,
                heartbeat_interval_ms=max(1, session_timeout_ms // 10),
                max_poll_interval_ms=max_poll_interval_ms,
                metadata_max_age_ms=METADATA_MAX_AGE_MS,
                metrics_enabled=False,
            )
            # There is no public way to choose how records are read; the class it replaces is an
            # attribute meant to be found on the instance, and a test compares the two.
            self._consumer._fetcher.PartitionRecords = QuickPartitionRecords  # noqa: SLF001
            self._consumer.subscribe([topic], listener=self._listener)

    def poll(self, *, timeout_s: float) -> Poll:
        """Wait for records or a new assignment."""
        found: Mapping[TopicPartition, Sequence[Record]] = {}
        reachable = True
        try:
            with _translated():
                self._send_offsets()
                found = self._consumer.poll(timeout_ms=max(0, int(timeout_s * 1000)))
        except NoOffsetForPartitionError:
            pass  # Just assigned and never committed: the caller seeks next.
        except DataLossError:
            if not self._listener.pending:
                raise
            # Just assigned, and the committed offset is gone: the caller finds out how much.
        except ServiceUnavailable as error:
            # The client looks for its brokers by itself; there is nothing to do but to wait.
            _log.debug("Kafka cannot serve; polling on", cause=str(error))
            reachable = False
            time.sleep(timeout_s)
        except OwnershipLost:
            pass  # The client joins the group again and is given a new assignment.
        reachable = reachable and self._connected()
        assigned = self._listener.take()
        if assigned is not None:
            self._forget_offsets()
            return Poll({}, assigned, reachable)
        return Poll({tp.partition: records for tp, records in found.items()}, None, reachable)

    def _connected(self) -> bool:
        """Whether there is a broker at the other end of any connection."""
        connections = self._consumer._manager._conns  # noqa: SLF001 - there is no public way
        return any(connection.connected for connection in list(connections.values()))

    def seek(self, positions: Mapping[int, int]) -> None:
        """Go on reading from these offsets."""
        for partition, offset in positions.items():
            self._consumer.seek(self._tp(partition), offset)

    def pause(self) -> None:
        """Deliver no records until `resume`."""
        self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        """Deliver again."""
        self._consumer.resume(*self._consumer.paused())

    def commit(self, positions: Mapping[int, int]) -> None:
        """Send offsets on their way; what cannot go now goes with a later call of `poll`."""
        self._done.update(positions)
        self._send_offsets()

    def _send_offsets(self) -> None:
        """Send what the group has not acknowledged yet, one request at a time."""
        now_s = time.monotonic()
        if now_s < self._next_commit_s:
            return
        news = {p: at for p, at in self._done.items() if self._told.get(p) != at}
        if news:
            # Until the answer, or until none can be expected any more.
            self._next_commit_s = now_s + COMMIT_TIMEOUT_S
            with _translated():
                self._consumer.commit_async(self._offsets(news), callback=self._hear)

    def _hear(self, offsets: Mapping[TopicPartition, OffsetAndMetadata], answer: object) -> None:
        """The group's answer, brought by a later call of the client in this thread."""
        if isinstance(answer, Exception):
            self._next_commit_s = time.monotonic() + COMMIT_AGAIN_S
        else:
            self._next_commit_s = 0.0
            self._told.update({tp.partition: sent.offset for tp, sent in offsets.items()})

    def _forget_offsets(self) -> None:
        self._done, self._told, self._next_commit_s = {}, {}, 0.0

    def rejoin(self) -> None:
        """Leave the group and join it again."""
        self._forget_offsets()
        with _translated():
            self._consumer.unsubscribe()
            self._listener.take()
            self._consumer.subscribe([self._topic], listener=self._listener)

    def ends(self) -> dict[int, int]:
        """Where the brokers said, with the latest fetch, that each partition ends."""
        found: dict[int, int] = {}
        for partition in self._consumer.assignment():
            # The assignment may change meanwhile, on another thread.
            with suppress(IllegalStateError, KeyError):
                end = self._consumer.highwater(partition)
                if end is not None:
                    found[partition.partition] = end
        return found

    def close(self) -> None:
        """Commit what is done, as far as Kafka is there to hear it, and leave the group."""
        try:
            self._consumer.commit(self._offsets(self._done), timeout_ms=CALL_TIMEOUT_MS)
        except KafkaError as error:
            _log.warning("the last offsets are not committed", cause=type(error).__name__)
        finally:
            self._consumer.close(autocommit=False, timeout_ms=CALL_TIMEOUT_MS)

    def _offsets(self, positions: Mapping[int, int]) -> dict[TopicPartition, OffsetAndMetadata]:
        return {self._tp(p): OffsetAndMetadata(at, "", -1) for p, at in positions.items()}

    def identity(self) -> TopicIdentity:
        """The topic as the brokers know it now."""
        return topic_identity(self._connection, self._topic)

    def bounds(self, partitions: frozenset[int]) -> dict[int, Bounds]:
        """The offsets that each partition holds."""
        wanted = [self._tp(partition) for partition in partitions]
        with _translated():
            starts = self._consumer.beginning_offsets(wanted, timeout_ms=CALL_TIMEOUT_MS)
            ends = self._consumer.end_offsets(wanted, timeout_ms=CALL_TIMEOUT_MS)
        return {tp.partition: Bounds(starts[tp], ends[tp]) for tp in wanted}

    def _tp(self, partition: int) -> TopicPartition:
        return TopicPartition(self._topic, partition)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc] # kafka-python is untyped
    """Notes the newest assignment; it runs on the IO loop, where nothing may block."""

    def __init__(self) -> None:
        self._assigned: frozenset[int] | None = None

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Do nothing: a rebalance ends with an assignment, which drops what was in hand."""

    def on_partitions_lost(self, lost: set[TopicPartition]) -> None:
        """Stop working for partitions that the group has given to others."""
        del lost
        self._assigned = frozenset()

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Note what this member owns now."""
        self._assigned = frozenset(tp.partition for tp in assigned)

    @property
    def pending(self) -> bool:
        """Whether there is an assignment that nobody has taken note of yet."""
        return self._assigned is not None

    def take(self) -> frozenset[int] | None:
        """The assignment that nobody has taken note of yet."""
        assigned, self._assigned = self._assigned, None
        return assigned


def topic_identity(connection: Mapping[str, Any], topic: str) -> TopicIdentity:
    """Ask the brokers which topic this is.

    Raises:
        ServiceUnavailable: when none answers, or the topic does not exist (yet).
    """
    with _translated():
        admin = opened(KafkaAdminClient, connection)
        try:
            return described_topic(admin, topic)
        finally:
            admin.close()


def described_topic(admin: KafkaAdminClient, topic: str) -> TopicIdentity:
    """The same, of a client that is there already."""
    with _translated():
        (found,) = admin.describe_topics([topic])
    if found.get("error_code"):
        raise ServiceUnavailable(f"Kafka: topic {topic} does not exist", service="kafka")
    return TopicIdentity(topic, str(found["topic_id"]), len(found["partitions"]))


@contextmanager
def _translated() -> Iterator[None]:
    """Kafka's errors in FinGuard's terms; what is not understood passes through and ends the run.

    Raises:
        DataLossError: the record wanted next is gone. OwnershipLost: the group has moved on.
        ServiceUnavailable: anything that Kafka itself calls worth retrying.
    """
    try:
        yield
    except (OffsetOutOfRangeError, LogTruncationError) as error:
        raise DataLossError(f"Kafka no longer holds the next record: {error}") from error
    except _MOVED_ON as error:
        raise OwnershipLost(f"Kafka: {type(error).__name__}") from error
    except (KafkaTimeoutError, UnknownTopicOrPartitionError) as error:
        raise _away(error) from error
    except _REFUSALS as error:
        raise ConfigurationError(f"Kafka refuses: {error or type(error).__name__}") from error
    except KafkaError as error:
        if not getattr(error, "retriable", False):
            raise
        raise _away(error) from error


def _away(error: KafkaError) -> ServiceUnavailable:
    return ServiceUnavailable(f"Kafka: {error or type(error).__name__}", service="kafka")
