"""Every port in memory: real implementations for tests, and the oracle that faults are held to."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

import msgspec

from finguard.adapters.memory_letters import MemoryLetters
from finguard.domain.effects import Alert, DeadLetter, Effects
from finguard.domain.stream import (
    Bounds,
    Claim,
    Place,
    Poll,
    ProfileSave,
    Record,
    TopicIdentity,
)
from finguard.domain.telemetry import Event
from finguard.errors import DataLossError, OwnershipLost


class MemorySource:
    """A topic with one member in its group.

    Args:
        log: the records by partition.
        assignments: what the group assigns, one after the other: the first at the first poll, the
            next ones whenever nothing is delivered. Without any, all partitions at once.
    """

    def __init__(
        self,
        log: Mapping[int, Sequence[Record]],
        *,
        identity: TopicIdentity,
        max_records: int = 500,
        assignments: Sequence[frozenset[int]] = (),
    ) -> None:
        self._log = {partition: list(records) for partition, records in log.items()}
        self._identity = identity
        self._max_records = max_records
        self._positions: dict[int, int] = {}
        self._paused = False
        self._assignments = list(assignments) or [frozenset(self._log)]
        self._joined = False
        self.committed: dict[int, int] = {}

    def poll(self, *, timeout_s: float) -> Poll:
        """The assignment first, then what each partition holds from its position on."""
        del timeout_s
        if not self._joined:
            self._joined = True
            return Poll({}, self._assignments[0])
        found = {} if self._paused else self._fetch()
        if not found and len(self._assignments) > 1:
            del self._assignments[0]
            self._paused = False
            self._positions = {}
            return Poll({}, self._assignments[0])
        return Poll(found)

    def _fetch(self) -> dict[int, Sequence[Record]]:
        found: dict[int, Sequence[Record]] = {}
        room = self._max_records
        for partition, position in self._positions.items():
            log = self._log[partition]
            first = bisect_left(log, position, key=lambda record: record.offset)
            if records := log[first : first + room]:
                found[partition] = records
                self._positions[partition] = records[-1].offset + 1
                room -= len(records)
        return found

    def seek(self, positions: Mapping[int, int]) -> None:
        """Go on reading from these offsets."""
        self._positions.update(positions)

    def pause(self) -> None:
        """Deliver no records until `resume`."""
        self._paused = True

    def resume(self) -> None:
        """Deliver again."""
        self._paused = False

    def commit(self, positions: Mapping[int, int]) -> None:
        """Remember how far the group has got."""
        self.committed.update(positions)

    def rejoin(self) -> None:
        """Be assigned everything anew at the next poll."""
        self._joined = False

    def ends(self) -> dict[int, int]:
        """Where each partition ends."""
        return {p: log[-1].offset + 1 if log else 0 for p, log in self._log.items()}

    def close(self) -> None:
        """Leave the group."""
        self._joined = False

    def identity(self) -> TopicIdentity:
        """The topic."""
        return self._identity

    def bounds(self, partitions: frozenset[int]) -> dict[int, Bounds]:
        """The offsets that each partition holds."""
        return {
            partition: Bounds(log[0].offset, log[-1].offset + 1) if log else Bounds(0, 0)
            for partition in partitions
            for log in (self._log[partition],)
        }


class MemoryProfiles:
    """The profile store as dictionaries."""

    def __init__(self) -> None:
        self.watermarks: dict[int, int] = {}
        self.pages: dict[int, dict[str, list[bytes]]] = {}

    def load(
        self, users: Mapping[int, Sequence[str]]
    ) -> tuple[dict[int, int | None], dict[int, dict[str, list[bytes]]]]:
        """Watermarks, and the pages that exist."""
        return (
            {partition: self.watermarks.get(partition) for partition in users},
            {
                partition: {user: list(stored[user]) for user in wanted if user in stored}
                for partition, wanted in users.items()
                for stored in (self.pages.get(partition, {}),)
            },
        )

    def save(self, saves: Sequence[ProfileSave]) -> dict[int, int | None]:
        """Write every partition whose watermark is still the expected one."""
        refused: dict[int, int | None] = {}
        for save in saves:
            found = self.watermarks.get(save.partition)
            if found != save.expected:
                refused[save.partition] = found
                continue
            stored = self.pages.setdefault(save.partition, {})
            for user, page in save.added.items():
                stored.setdefault(user, []).append(page)
            stored.update({user: [page] for user, page in save.rewritten.items()})
            self.watermarks[save.partition] = save.watermark
        return refused


class MemoryLedger:
    """The ledger as dictionaries, with the same fencing."""

    def __init__(self) -> None:
        self.topic: TopicIdentity | None = None
        self.claims: dict[int, Claim] = {}
        self.alerts: dict[tuple[str, str, str], Alert] = {}
        self.dead_letters: dict[tuple[int, int], DeadLetter] = {}
        self.letters = MemoryLetters()
        self.transactions: dict[tuple[int, int], int] = {}

    def admit(self, identity: TopicIdentity, *, accept_data_loss: bool) -> None:
        """Insist on the topic that was seen first."""
        known = self.topic or identity
        if known.topic_id != identity.topic_id and not accept_data_loss:
            raise DataLossError(f"topic {identity.topic} was deleted and created again")
        if known.topic_id == identity.topic_id and known.partitions != identity.partitions:
            raise DataLossError(f"topic {identity.topic} has been given more partitions")
        self.topic = identity

    def claim(self, starts: Mapping[int, int]) -> dict[int, Claim]:
        """Raise each partition's epoch."""
        for partition, start in starts.items():
            old = self.claims.get(partition, Claim(partition, 0, start))
            self.claims[partition] = Claim(partition, old.epoch + 1, old.next_offset)
        return {partition: self.claims[partition] for partition in starts}

    def record(self, effects: Effects) -> None:
        """Store all effects, or none."""
        claims = [(self.claims[span.partition], span) for span in effects.spans]
        if all(claim.epoch == s.epoch and claim.next_offset == s.end for claim, s in claims):
            return
        if any(claim.epoch != s.epoch or claim.next_offset != s.first for claim, s in claims):
            raise OwnershipLost("another member claimed the partition")
        for span in effects.spans:
            self.claims[span.partition] = Claim(span.partition, span.epoch, span.end)
        self._store(effects)

    def _store(self, effects: Effects) -> None:
        for alert in effects.alerts:
            transaction = alert.transaction
            key = transaction.user_id, transaction.transaction_id, alert.finding.rule
            self.alerts.setdefault(key, alert)
        for letter in effects.dead_letters:
            record = letter.record
            identity = self.topic or TopicIdentity(record.topic, "unknown", 1)
            if self.letters.bury(identity, letter):
                self.dead_letters[record.partition, record.offset] = letter
        for minute, count in effects.transactions.items():
            self.transactions[minute] = self.transactions.get(minute, 0) + count
        for resolution in effects.resolutions:
            self.letters.resolve(resolution)


class MemoryDeadLetters:
    """The dead-letter topic as a list."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    def publish(self, letters: Sequence[DeadLetter]) -> tuple[DeadLetter, ...]:
        """Keep them."""
        first = len(self.letters)
        self.letters.extend(letters)
        return tuple(
            msgspec.structs.replace(letter, place=Place(0, first + number))
            for number, letter in enumerate(letters)
        )


class MemoryTelemetry:
    """Everything that was told, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)
