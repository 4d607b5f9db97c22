"""What replays need of Kafka, in memory: the buried messages, and the topic they go back to."""

from collections.abc import Sequence

from finguard.domain.dead_letters import Letter, Message, Replay
from finguard.domain.effects import DeadLetter
from finguard.domain.stream import Place, Record, TopicIdentity


class MemoryArchive:
    """The dead-letter topic as `MemoryDeadLetters` keeps it; nothing is ever cut or lost."""

    def __init__(self, letters: Sequence[DeadLetter]) -> None:
        self._letters = letters

    def read(self, letters: Sequence[Letter]) -> dict[int, Message]:
        """The messages at the letters' places."""
        return {
            letter.dead_letter_id: Message(record.key, record.value, record.headers)
            for letter in letters
            if letter.dlq_offset is not None
            for record in (self._letters[letter.dlq_offset].record,)
        }


class MemoryReplayTopic:
    """The end of a log; a replay without a partition goes to the first.

    Args:
        log: the topic's records by partition; replays are added to it.
        timestamp: of new records, in milliseconds since 1970.
    """

    def __init__(
        self, log: dict[int, list[Record]], *, identity: TopicIdentity, timestamp: int
    ) -> None:
        self._log = log
        self._identity = identity
        self._timestamp = timestamp

    def identity(self) -> TopicIdentity:
        """The topic."""
        return self._identity

    def publish(self, replays: Sequence[Replay]) -> list[Place | None]:
        """Append them."""
        return [self._append(replay) for replay in replays]

    def _append(self, replay: Replay) -> Place:
        partition = 0 if replay.partition is None else replay.partition
        records = self._log.setdefault(partition, [])
        offset = records[-1].offset + 1 if records else 0
        records.append(
            Record(
                self._identity.topic,
                partition,
                offset,
                self._timestamp,
                replay.key,
                replay.value,
                tuple(replay.headers),
            )
        )
        return Place(partition, offset)
