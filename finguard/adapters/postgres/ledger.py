"""The detector's ledger in PostgreSQL: all effects of a batch and its progress in one commit."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - as above
from psycopg2.extras import Json, execute_values

from finguard.adapters.postgres.connection import translated
from finguard.adapters.postgres.queries import named_queries
from finguard.adapters.postgres.watchdog import Watchdog
from finguard.domain.dead_letters import digest
from finguard.domain.effects import Alert, DeadLetter, Effects, Resolution
from finguard.domain.stream import Claim, TopicIdentity
from finguard.errors import DataLossError, OwnershipLost

_SQL: Final = named_queries("ledger.sql")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE: Final = 1_000
_PATIENCE_S: Final = 10.0
"""Twice what the server allows a statement."""

T = TypeVar("T")


class PostgresLedger:
    """Stores effects, fenced by the epoch of each partition's claim.

    Args:
        connect: opens a connection; called again after every failure.
        group: the consumer group. identity: the topic.
        patience_s: how long a transaction may take; longer, and the server counts as frozen.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        group: str,
        identity: TopicIdentity,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._connect = connect
        self._group = group
        self._identity = identity
        self._connection: Connection | None = None
        self._watchdog = Watchdog(limit_s=patience_s)

    def close(self) -> None:
        """Give the connection back."""
        self._watchdog.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def admit(self, identity: TopicIdentity, *, accept_data_loss: bool) -> None:
        """Insist on the topic that the group began with."""
        self._transact(lambda cursor: self._admit(cursor, identity, accept=accept_data_loss))
        if identity != self._identity:
            raise DataLossError(
                f"topic {identity.topic} has changed under the running detector; start it again"
            )

    def claim(self, starts: Mapping[int, int]) -> dict[int, Claim]:
        """Raise each partition's epoch; the row lock waits for a predecessor's open commit."""
        return self._transact(lambda cursor: self._claim(cursor, starts))

    def record(self, effects: Effects) -> None:
        """Store all effects in one transaction, or none."""
        self._transact(lambda cursor: self._record(cursor, effects))

    def _transact(self, work: Callable[[Cursor], T]) -> T:
        """Run `work` in a transaction of its own; after any failure the connection is dropped."""
        try:
            with translated():
                if self._connection is None or self._connection.closed:
                    self._connection = self._connect()
                with (
                    self._watchdog.watching(self._connection),
                    self._connection,
                    self._connection.cursor() as cursor,
                ):
                    return work(cursor)
        except BaseException:
            self._discard()
            raise

    def _discard(self) -> None:
        broken, self._connection = self._connection, None
        if broken is not None:
            broken.close()

    def _admit(self, cursor: Cursor, identity: TopicIdentity, *, accept: bool) -> None:
        parameters = {
            "group": self._group,
            "topic": identity.topic,
            "topic_id": identity.topic_id,
            "partitions": identity.partitions,
        }
        cursor.execute(_SQL["first_sight_of_topic"], parameters)
        cursor.execute(_SQL["known_topic"], parameters)
        topic_id, partitions = cursor.fetchone() or (None, None)
        if topic_id != identity.topic_id:
            if not accept:
                raise DataLossError(
                    f"topic {identity.topic} was deleted and created again since this group read "
                    "it; what the old one still held is lost. Set FINGUARD_ACCEPT_DATA_LOSS=true "
                    "to read the new one from its start"
                )
            cursor.execute(_SQL["accept_new_topic"], parameters)
        elif partitions != identity.partitions:
            raise DataLossError(
                f"topic {identity.topic} had {partitions} partitions and now has "
                f"{identity.partitions}: users' histories would be split over two. Set "
                "FINGUARD_KAFKA_GROUP to a new name to judge the topic afresh"
            )

    def _claim(self, cursor: Cursor, starts: Mapping[int, int]) -> dict[int, Claim]:
        claims: dict[int, Claim] = {}
        for partition, start in sorted(starts.items()):
            cursor.execute(
                _SQL["claim_partition"],
                {**self._key(), "partition": partition, "start": start},
            )
            epoch, next_offset = cursor.fetchone() or (0, 0)
            if epoch == 1:
                cursor.execute(_SQL["forget_counts"], {**self._key(), "partition": partition})
            claims[partition] = Claim(partition, epoch, next_offset)
        return claims

    def _record(self, cursor: Cursor, effects: Effects) -> None:
        if self._advance(cursor, effects):
            self._insert_alerts(cursor, effects.alerts)
            self._insert_dead_letters(cursor, effects.dead_letters)
            self._count(cursor, effects.transactions)
            self._resolve(cursor, effects.resolutions)

    def _advance(self, cursor: Cursor, effects: Effects) -> bool:
        """Move the progress of every span; False where this very batch had done it before.

        Raises:
            OwnershipLost: when any of them belongs to another epoch.
        """
        cursor.execute(
            _SQL["advance_progress"],
            {
                **self._key(),
                "partitions": [span.partition for span in effects.spans],
                "epochs": [span.epoch for span in effects.spans],
                "firsts": [span.first for span in effects.spans],
                "ends": [span.end for span in effects.spans],
            },
        )
        moved = cursor.rowcount
        if moved == len(effects.spans):
            return True
        cursor.execute(_SQL["read_progress"], self._key())
        progress = {partition: (epoch, offset) for partition, epoch, offset in cursor.fetchall()}
        if moved == 0 and all(
            progress.get(span.partition) == (span.epoch, span.end) for span in effects.spans
        ):
            return False
        raise OwnershipLost(f"the epochs of {sorted(progress)} have moved on")

    def _insert_alerts(self, cursor: Cursor, alerts: Sequence[Alert]) -> None:
        rows = [self._alert_row(alert) for alert in alerts]
        if rows:
            execute_values(cursor, _SQL["insert_alerts"], rows, page_size=_PAGE)

    def _insert_dead_letters(self, cursor: Cursor, letters: Sequence[DeadLetter]) -> None:
        rows = [self._dead_letter_row(letter) for letter in letters]
        if rows:
            execute_values(cursor, _SQL["insert_dead_letters"], rows, page_size=_PAGE)
        replays = [
            (
                letter.replays,
                digest(letter.record.key, letter.record.value),
                letter.record.partition,
            )
            for letter in letters
            if letter.replays is not None
        ]
        if replays:
            execute_values(cursor, _SQL["mark_replayed"], replays, page_size=_PAGE)

    def _resolve(self, cursor: Cursor, resolutions: Sequence[Resolution]) -> None:
        rows = [(r.dead_letter_id, r.sha256, r.partition) for r in resolutions]
        if rows:
            execute_values(cursor, _SQL["resolve_letters"], rows, page_size=_PAGE)

    def _count(self, cursor: Cursor, transactions: Mapping[tuple[int, int], int]) -> None:
        hours: dict[tuple[int, int], list[int]] = {}
        for (partition, minute), count in transactions.items():
            hour, number = divmod(minute, 60)
            minutes = hours.get((hour, partition))
            if minutes is None:
                minutes = hours[hour, partition] = [0] * 60
            minutes[number] = count
        # In one order, so that two members never wait for one another.
        rows = [
            (_moment(hour * 3_600_000_000), self._identity.topic_id, partition, sum(of), of)
            for (hour, partition), of in sorted(hours.items())
        ]
        if rows:
            execute_values(cursor, _SQL["count_transactions"], rows, page_size=_PAGE)

    def _alert_row(self, alert: Alert) -> tuple[Any, ...]:
        transaction, finding = alert.transaction, alert.finding
        return (
            transaction.user_id,
            transaction.transaction_id,
            finding.rule,
            finding.rule_version,
            finding.severity,
            finding.score,
            finding.story,
            Json(finding.evidence),
            alert.incident_id,
            transaction.amount,
            transaction.currency,
            transaction.merchant,
            transaction.category,
            transaction.channel,
            transaction.city,
            transaction.country,
            transaction.lat,
            transaction.lon,
            transaction.timestamp,
            _moment(alert.published_us),
            self._identity.topic,
            self._identity.topic_id,
            alert.partition,
            alert.offset,
        )

    def _dead_letter_row(self, letter: DeadLetter) -> tuple[Any, ...]:
        record = letter.record
        return (
            self._identity.topic,
            self._identity.topic_id,
            record.partition,
            record.offset,
            letter.stage,
            letter.reason,
            _storable(letter.detail),
            letter.error_class,
            len(record.value or b""),
            letter.place.partition if letter.place else None,
            letter.place.offset if letter.place else None,
            _moment(record.timestamp * 1000),
            letter.replays,
            digest(record.key, record.value) if letter.replays is not None else None,
        )

    def _key(self) -> dict[str, Any]:
        return {
            "group": self._group,
            "topic": self._identity.topic,
            "topic_id": self._identity.topic_id,
        }


def _moment(time_us: int) -> datetime:
    """A point in time; the last one there is for a producer that stamps in another unit."""
    try:
        return _EPOCH + timedelta(microseconds=time_us)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _storable(text: str) -> str:
    """A message's own words without what PostgreSQL's text cannot hold."""
    return text.encode("ascii", "backslashreplace").decode().replace("\0", "\\0")[:500]
