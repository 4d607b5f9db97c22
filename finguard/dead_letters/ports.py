"""What work with dead letters needs of the world; every method may raise `ServiceUnavailable`."""

from collections.abc import Sequence
from typing import Protocol

from finguard.domain.dead_letters import (
    Actor,
    Letter,
    LetterFilter,
    Message,
    Position,
    Replay,
    SentReplay,
)
from finguard.domain.stream import Place, TopicIdentity


class LetterIndex(Protocol):
    """The list of dead letters, and what has become of each."""

    def newest(self, wanted: LetterFilter, *, below: Position | None, limit: int) -> list[Letter]:
        """At most `limit` letters, newest first, that come after a position."""

    def oldest(
        self, wanted: LetterFilter, *, above: Position | None, latest_id: int, limit: int
    ) -> list[Letter]:
        """At most `limit` letters up to `latest_id`, oldest first, that come after a position."""

    def count(self, wanted: LetterFilter) -> tuple[int, int]:
        """How many letters a filter means, and the highest id of all letters there are."""

    def find(self, ids: Sequence[int]) -> dict[int, Letter]:
        """The letters of these ids that exist."""

    def chain(self, letter: Letter) -> list[Letter]:
        """All attempts of the letter's message, the first one first."""

    def begin(self, replays: Sequence[Replay], actor: Actor) -> set[int]:
        """Note and audit what will be sent, except for letters that changed since they were read.

        Returns:
            The ids of those that may be sent.
        """

    def confirm(self, sent: Sequence[SentReplay]) -> None:
        """Note where Kafka has put replays; what the detector has said meanwhile stays."""

    def discard(self, letters: Sequence[Letter], note: str, actor: Actor) -> set[int]:
        """Discard and audit letters, except for those that changed since they were read.

        Returns:
            The ids of those that were discarded.
        """


class LetterArchive(Protocol):
    """Where letters' messages are kept."""

    def read(self, letters: Sequence[Letter]) -> dict[int, Message]:
        """The messages that still exist, by letter; whole wherever they still are."""


class ReplayTopic(Protocol):
    """The transactions topic."""

    def identity(self) -> TopicIdentity:
        """Which topic this is."""

    def publish(self, replays: Sequence[Replay]) -> list[Place | None]:
        """Return where each was put once all are acknowledged; None for one that is too large."""
