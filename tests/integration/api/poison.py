"""Dead letters in the real Kafka and PostgreSQL, as a detector leaves them."""

from collections.abc import Sequence
from uuid import uuid4

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from finguard.adapters.kafka.acknowledged import AcknowledgedProducer, Outgoing
from finguard.adapters.kafka.connection import connection_arguments, ensure_topics
from finguard.adapters.kafka.dead_letters import KafkaDeadLetters
from finguard.adapters.kafka.source import topic_identity
from finguard.adapters.postgres.connection import connect
from finguard.adapters.postgres.ledger import PostgresLedger
from finguard.domain.dead_letters import digest
from finguard.domain.effects import DeadLetter, Effects, Resolution, Span, Stage
from finguard.domain.stream import Record
from finguard.settings import Settings
from tests.contract.test_dead_letter_queue import read
from tests.integration.api.world import NOON, World
from tests.patience import PATIENCE_S
from tests.unit.api.configuration import api_settings

KEY = b"user-1"
GOOD = (
    b'{"transaction_id":"t1","user_id":"user-1","amount":5,"currency":"USD","merchant":"m",'
    b'"category":"c","channel":"online","city":"Istanbul","country":"TR","lat":41,"lon":29,'
    b'"timestamp":"2025-12-31T12:00:00Z"}'
)
BAD = GOOD.replace(b'"amount":5', b'"amount":NaN')
HOSTILE = b"\x1b[2J\x1b]0;owned\x07 \xe2\x80\xae <script>alert(1)</script> \x00\xff\xed\xa0\x80"


class Poison:
    """Two topics of their own, and the hand that writes dead letters down.

    Args:
        servers: where Kafka is.
        world: the database of the API.
    """

    def __init__(self, servers: str, world: World) -> None:
        self.topic = f"poison-{uuid4().hex[:8]}"
        self.servers = servers
        self.connection = connection_arguments(bootstrap_servers=servers)
        ensure_topics(
            self.connection,
            transactions=self.topic,
            dead_letters=f"{self.topic}.dlq",
            partitions=3,
            replication_factor=1,
        )
        identity = topic_identity(self.connection, self.topic)
        self._world = world
        self._producer = AcknowledgedProducer(self.connection, timeout_s=PATIENCE_S)
        self._queue = KafkaDeadLetters(self.connection, topic=f"{self.topic}.dlq")
        self._ledger = PostgresLedger(
            lambda: connect(world.dsn, application_name="test"), group="group", identity=identity
        )
        self._ledger.admit(identity, accept_data_loss=False)

    def close(self) -> None:
        """Let go of all connections."""
        self._producer.close()
        self._queue.close()
        self._ledger.close()

    def settings(self, **changes: object) -> Settings:
        """Settings of an API that works with these topics."""
        topics = {"kafka_topic": self.topic, "kafka_dead_letter_topic": f"{self.topic}.dlq"}
        servers = {"kafka_bootstrap_servers": self.servers}
        return api_settings(self._world.dsn, **{**servers, **topics, **changes})

    def bury(
        self,
        *values: bytes,
        stage: Stage = "decode",
        reason: str = "schema",
        detail: str = "broken",
        headers: Sequence[tuple[str, bytes]] = (("traceparent", b"00-1"),),
        replays: int | None = None,
        is_in_topic: bool = True,
    ) -> list[int]:
        """Ids of new letters, a second apart, in the order of the values.

        Args:
            values: of the messages.
            stage: where they failed.
            reason: why.
            detail: why, for a person.
            headers: of each.
            replays: the letter they replay, if any.
            is_in_topic: whether the original is there; else retention has deleted it.
        """
        messages = [Outgoing(KEY, value, list(headers), partition=1) for value in values]
        places = self._producer.publish(self.topic, messages) if is_in_topic else []
        offsets = [place.offset for place in places if place] or range(900, 900 + len(values))
        noon_ms = int(1_000 * NOON.timestamp())
        letters = self._queue.publish(
            [
                DeadLetter(
                    Record(self.topic, 1, offset, noon_ms + 1_000 * offset, KEY, value, headers),
                    stage,
                    reason,
                    detail,
                    "InvalidMessage",
                    1,
                    replays,
                )
                for offset, value in zip(offsets, values, strict=True)
            ]
        )
        self._record(letters)
        rows = self._world.query(
            'SELECT dead_letter_id FROM dead_letters WHERE topic = %s AND "offset" = ANY (%s)'
            ' ORDER BY "offset"',
            self.topic,
            list(offsets),
        )
        return [letter_id for (letter_id,) in rows]

    def judge_well(self, letter_id: int, value: bytes) -> None:
        """What a detector does that finds a letter's replay good."""
        self._record((), [Resolution(letter_id, digest(KEY, value), 1)])

    def expire(self) -> None:
        """Let retention delete all that lies in both topics."""
        admin = KafkaAdminClient(**self.connection)
        try:
            partitions = [
                TopicPartition(topic, partition)
                for topic in (self.topic, f"{self.topic}.dlq")
                for partition in range(3)
            ]
            admin.delete_records(dict.fromkeys(partitions, -1))
        finally:
            admin.close()

    def arrived(self) -> list[Record]:
        """All records of the transactions topic."""
        return read(self.connection, self.topic)

    def _record(
        self, letters: Sequence[DeadLetter], resolutions: Sequence[Resolution] = ()
    ) -> None:
        claim = self._ledger.claim({1: 0})[1]
        span = Span(1, claim.epoch, claim.next_offset, claim.next_offset + 1_000)
        self._ledger.record(Effects((span,), (), tuple(letters), {}, tuple(resolutions)))
