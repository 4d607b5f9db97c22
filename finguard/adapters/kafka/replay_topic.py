"""The transactions topic as replays reach it."""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from kafka.errors import KafkaError

from finguard.adapters.kafka.acknowledged import AcknowledgedProducer, Outgoing
from finguard.adapters.kafka.connection import briefly
from finguard.adapters.kafka.identities import TopicIdentities
from finguard.domain.dead_letters import Replay
from finguard.domain.stream import Place, TopicIdentity
from finguard.errors import ServiceUnavailable


class KafkaReplayTopic:
    """Publishes replays; safe to use from several threads, each call bounded in time.

    Args:
        connection: see `connection_arguments`.
        topic: the transactions topic.
        timeout_s: how long Kafka may take for one step.
    """

    def __init__(
        self, connection: Mapping[str, Any], *, topic: str, timeout_s: float = 4.0
    ) -> None:
        self._connection = briefly(connection, timeout_s)
        self._topic = topic
        self._timeout_s = timeout_s
        self._busy = Lock()
        self._identities = TopicIdentities(self._connection)
        self._producer = AcknowledgedProducer(self._connection, timeout_s=timeout_s)

    def identity(self) -> TopicIdentity:
        """Which topic this is, and of how many partitions."""
        return self._identities.of(self._topic)

    def publish(self, replays: Sequence[Replay]) -> list[Place | None]:
        """Return where Kafka has put each, or None for one that the topic is too narrow for."""
        messages = [
            Outgoing(replay.key, replay.value, replay.headers, replay.partition)
            for replay in replays
        ]
        if not self._busy.acquire(timeout=self._timeout_s):
            raise ServiceUnavailable("Kafka: other replays are still on their way; try again")
        try:
            return self._producer.publish(self._topic, messages)
        except KafkaError as error:
            raise ServiceUnavailable(
                "Kafka did not acknowledge the replay, which may have arrived all the same "
                f"({error or type(error).__name__}); to try it again does no harm"
            ) from error
        finally:
            self._busy.release()

    def close(self) -> None:
        """Let go of the connections."""
        self._producer.close()
        self._identities.close()
