"""What the detection loop needs of the world; adapters provide it, in memory or for real.

Every method may raise `ServiceUnavailable`; the loop then waits and calls it again. Telemetry alone
may not: it is told what happens, and whatever it raises is kept from the loop.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from finguard.domain.effects import DeadLetter, Effects
from finguard.domain.stream import Bounds, Claim, Poll, ProfileSave, TopicIdentity
from finguard.domain.telemetry import Event


class TransactionSource(Protocol):
    """A group member's view of the transactions topic."""

    def poll(self, *, timeout_s: float) -> Poll:
        """Wait for records or a new assignment, and stay in the group.

        Raises:
            DataLossError: when the next record is no longer there.
        """

    def seek(self, positions: Mapping[int, int]) -> None:
        """Go on reading from these offsets."""

    def pause(self) -> None:
        """Deliver no records until `resume`; polling goes on and keeps the membership."""

    def resume(self) -> None:
        """Deliver again."""

    def commit(self, positions: Mapping[int, int]) -> None:
        """Tell the group how far these partitions are done, without waiting for its answer.

        Raises:
            OwnershipLost: when the group is known to have moved on.
        """

    def rejoin(self) -> None:
        """Leave the group and join it again, for an assignment that holds."""

    def ends(self) -> Mapping[int, int]:
        """Where each partition ends, as far as the latest fetch told: this asks nobody."""

    def close(self) -> None:
        """Wait until what is done is committed, for a bounded time, and leave the group."""


class TransactionArchive(Protocol):
    """Where the topic's records lie."""

    def identity(self) -> TopicIdentity:
        """Which topic this is: one that is deleted and created again is another."""

    def bounds(self, partitions: frozenset[int]) -> dict[int, Bounds]:
        """The offsets each partition holds now."""


class ProfileStore(Protocol):
    """The users' histories, by partition, each partition as of one offset: its watermark.

    A save moves all changed profiles and the watermark together or not at all, so what is stored
    is at every moment the fold of exactly the records up to the watermark.
    """

    def load(
        self, users: Mapping[int, Sequence[str]]
    ) -> tuple[dict[int, int | None], dict[int, dict[str, list[bytes]]]]:
        """Each partition's watermark (None where it has none), and the pages of each user.

        A partition's watermark and pages are of one moment. Users without a page are left out.
        """

    def save(self, saves: Sequence[ProfileSave]) -> dict[int, int | None]:
        """Write each partition whose watermark is still the expected one.

        Returns:
            The partitions that were refused, with the watermark found instead.
        """


class Ledger(Protocol):
    """The record of effects, and of who may write them."""

    def admit(self, identity: TopicIdentity, *, accept_data_loss: bool) -> None:
        """Remember the topic when it is first seen, and insist on it ever after.

        Raises:
            DataLossError: when the topic was created anew or has been given more partitions.
        """

    def claim(self, starts: Mapping[int, int]) -> dict[int, Claim]:
        """Take over partitions; whoever held them can no longer write.

        Args:
            starts: by partition, the offset to begin with where none was ever claimed.
        """

    def record(self, effects: Effects) -> None:
        """Store a batch's effects and move its partitions' progress, or do nothing at all.

        Calling it again with the same effects, after an outage that hid the outcome, is safe.

        Raises:
            OwnershipLost: when a span's epoch is not the latest.
        """


class DeadLetterQueue(Protocol):
    """Where poison goes."""

    def publish(self, letters: Sequence[DeadLetter]) -> tuple[DeadLetter, ...]:
        """Return them with their places once Kafka has acknowledged every one."""


class Telemetry(Protocol):
    """Whoever watches the loop: metrics, health pages, tests."""

    def tell(self, event: Event) -> None:
        """Take note of what has just happened; returns within microseconds and blocks on nothing.

        Called from the loop's thread, some times a batch and never for each message.
        """


class Ports(msgspec.Struct, frozen=True):
    """All of them: the world as the detector knows it.

    Attributes:
        telemetry: whoever watches.
    """

    source: TransactionSource
    archive: TransactionArchive
    profiles: ProfileStore
    ledger: Ledger
    dead_letters: DeadLetterQueue
    telemetry: tuple[Telemetry, ...] = ()
