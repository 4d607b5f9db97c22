"""Which topic a name stands for, asked through one client that is kept until it fails."""

from collections.abc import Mapping
from contextlib import suppress
from threading import Lock
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from finguard.adapters.kafka.connection import connecting, opened
from finguard.adapters.kafka.source import described_topic
from finguard.domain.stream import TopicIdentity


class TopicIdentities:
    """Asks anew each time, since a topic may be deleted and created again; for several threads.

    Args:
        connection: see `connection_arguments`.
    """

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self._connection = connection
        self._opening = Lock()
        self._admin: KafkaAdminClient | None = None

    def of(self, topic: str) -> TopicIdentity:
        """Which topic this is, and of how many partitions.

        Raises:
            ServiceUnavailable: when no broker answers, or the topic does not exist (yet).
        """
        with connecting(self._connection):
            try:
                return described_topic(self._opened(), topic)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Let go of the connection."""
        done, self._admin = self._admin, None
        if done is not None:
            with suppress(KafkaError):
                done.close()

    def _opened(self) -> KafkaAdminClient:
        with self._opening:
            admin = self._admin
            if admin is None:
                admin = self._admin = opened(KafkaAdminClient, self._connection)
            return admin
