"""The desk for dead letters as requests use it: each is answered in time, whatever Kafka does."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final, TypeVar

import structlog
from anyio import CapacityLimiter, fail_after, to_thread

from finguard.adapters.kafka.connection import connection_arguments
from finguard.adapters.kafka.letter_archive import KafkaLetterArchive
from finguard.adapters.kafka.replay_topic import KafkaReplayTopic
from finguard.adapters.postgres.dead_letters import PostgresLetterIndex
from finguard.api.database import Database
from finguard.dead_letters.desk import Desk
from finguard.dead_letters.outcomes import Edit, Outcome
from finguard.domain.dead_letters import Actor, Letter, Message
from finguard.errors import ConfigurationError, ServiceUnavailable
from finguard.settings import Settings

LONGEST_S: Final = 4.0
"""Whatever waits for Kafka is answered by then; a thread that is still at it comes to its end."""

_STEP_S: Final = 2.0
_RETRY_PAUSE_S: Final = 1.0
_AT_ONCE: Final = 4

_log = structlog.get_logger()

T = TypeVar("T")


class SparedArchive:
    """The archive, left alone for a second after it has failed."""

    def __init__(self, archive: KafkaLetterArchive) -> None:
        self._archive = archive
        self._not_before_s = 0.0

    def read(self, letters: Sequence[Letter]) -> dict[int, Message]:
        """The messages that still exist, by letter.

        Raises:
            ServiceUnavailable: when Kafka does not answer, or has just failed to.
        """
        if monotonic() < self._not_before_s:
            raise ServiceUnavailable("Kafka has just failed to answer", service="kafka")
        try:
            return self._archive.read(letters)
        except ServiceUnavailable:
            self._not_before_s = monotonic() + _RETRY_PAUSE_S
            raise

    def close(self) -> None:
        """Let go of the connections."""
        self._archive.close()


class LetterDesk:
    """What the routes do with dead letters.

    What needs Kafka happens in few threads of its own, so that an outage of Kafka, for which each
    request waits for seconds, takes none from what does not need Kafka.

    Args:
        index: in PostgreSQL.
        archive: where messages lie. topic: where replays go.
        max_attempts: a message that was tried so often is not replayed any more.
    """

    def __init__(
        self,
        index: PostgresLetterIndex,
        archive: SparedArchive,
        topic: KafkaReplayTopic,
        *,
        max_attempts: int,
    ) -> None:
        self.index = index
        self._archive = archive
        self._topic = topic
        self._desk = Desk(index, archive, topic, max_attempts=max_attempts)
        self._threads = CapacityLimiter(_AT_ONCE)

    @classmethod
    def of(cls, settings: Settings, database: Database) -> "LetterDesk":
        """The one on the real services; nothing is connected before it is needed."""
        kafka = connection_arguments(**settings.kafka_connection())
        archive = KafkaLetterArchive(
            kafka,
            topic=settings.kafka_topic,
            dead_letter_topic=settings.kafka_dead_letter_topic,
            timeout_s=_STEP_S,
        )
        return cls(
            PostgresLetterIndex(database.transaction),
            SparedArchive(archive),
            KafkaReplayTopic(kafka, topic=settings.kafka_topic, timeout_s=_STEP_S),
            max_attempts=settings.dead_letter_max_attempts,
        )

    async def message(self, letter: Letter) -> Message | None:
        """A letter's message; None where Kafka holds it no longer.

        Raises:
            ServiceUnavailable: when Kafka does not answer in time.
        """
        found = await self._in_time(lambda: self._archive.read([letter]))
        return found.get(letter.dead_letter_id)

    async def replay(
        self, ids: Sequence[int], actor: Actor, *, edit: Edit | None = None, again: bool = False
    ) -> list[Outcome]:
        """Send letters' messages again: see `Desk.replay`.

        Raises:
            ServiceUnavailable: when a service does not answer in time; to try again is safe.
        """
        return await self._in_time(
            lambda: self._desk.replay(ids, actor, edit=edit, again=again),
        )

    def discard(self, ids: Sequence[int], note: str, actor: Actor) -> list[Outcome]:
        """Say of letters that nothing will come of them; needs no Kafka."""
        return self._desk.discard(ids, note, actor)

    def close(self) -> None:
        """Let go of the connections."""
        self._topic.close()
        self._archive.close()

    async def _in_time(self, work: Callable[[], T]) -> T:
        try:
            with fail_after(LONGEST_S):
                return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._threads)
        except TimeoutError as error:
            raise ServiceUnavailable("Kafka takes too long to answer", service="kafka") from error
        except ConfigurationError as error:
            # Such as a password that the brokers refuse: an operator's matter, and it may pass.
            _log.error("Kafka cannot be used", reason=str(error))
            raise ServiceUnavailable(str(error), service="kafka") from error
