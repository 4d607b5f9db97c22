"""The index of dead letters in memory."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from finguard.domain.dead_letters import (
    Actor,
    Letter,
    LetterFilter,
    Position,
    Replay,
    SentReplay,
    digest,
)
from finguard.domain.effects import DeadLetter, Resolution
from finguard.domain.stream import TopicIdentity


class MemoryLetters:
    """The index as a dictionary; `audit` holds (actor, action, letter) of every change."""

    def __init__(self) -> None:
        self.rows: dict[int, Letter] = {}
        self.audit: list[tuple[str, str, int]] = []

    def bury(self, identity: TopicIdentity, letter: DeadLetter) -> bool:
        """Write a letter down; whether it was new."""
        parent = self._sent_as(letter.replays, letter.record.partition, _digest(letter))
        row = _row(len(self.rows) + 1, identity, letter, parent)
        if parent is not None and parent.status == "open":
            self._change(parent.dead_letter_id, status="replayed")
        if any(_same(row, other) for other in self.rows.values()):
            return False
        self.rows[row.dead_letter_id] = row
        return True

    def resolve(self, resolution: Resolution) -> None:
        """Close the chain that was judged well."""
        letter = self._sent_as(resolution.dead_letter_id, resolution.partition, resolution.sha256)
        for row in self.chain(letter) if letter else []:
            if row.status in {"open", "replayed"}:
                self._change(row.dead_letter_id, status="resolved", status_by="detector")

    def newest(self, wanted: LetterFilter, *, below: Position | None, limit: int) -> list[Letter]:
        """At most `limit` letters, newest first, that come after a position."""
        rows = [row for row in self._wanted(wanted) if below is None or _rank(row) < _rank(below)]
        return sorted(rows, key=_rank, reverse=True)[:limit]

    def oldest(
        self, wanted: LetterFilter, *, above: Position | None, latest_id: int, limit: int
    ) -> list[Letter]:
        """At most `limit` letters, oldest first, that come after a position."""
        rows = [
            row
            for row in self._wanted(wanted)
            if row.dead_letter_id <= latest_id and (above is None or _rank(row) > _rank(above))
        ]
        return sorted(rows, key=_rank)[:limit]

    def count(self, wanted: LetterFilter) -> tuple[int, int]:
        """How many letters a filter means, and the highest id there is."""
        return len(list(self._wanted(wanted))), max(self.rows, default=0)

    def find(self, ids: Sequence[int]) -> dict[int, Letter]:
        """The letters of these ids that exist."""
        return {id_: self._seen(self.rows[id_]) for id_ in ids if id_ in self.rows}

    def chain(self, letter: Letter) -> list[Letter]:
        """All attempts of the letter's message."""
        rows = [self._seen(row) for row in self.rows.values() if row.chain == letter.chain]
        return sorted(rows, key=lambda row: row.attempt)

    def begin(self, replays: Sequence[Replay], actor: Actor) -> set[int]:
        """Note what is about to be sent."""
        begun = set()
        for replay in replays:
            id_ = replay.letter.dead_letter_id
            now = self.rows[id_]
            if (now.status, now.replay_sha256) != (
                replay.letter.status,
                replay.letter.replay_sha256,
            ):
                continue
            self._change(
                id_,
                replay_sha256=replay.sha256,
                replay_partition=replay.partition,
                replay_offset=None,
                status="open",
                status_by=actor.name,
                status_note=None,
            )
            self.audit.append((actor.name, "dead_letter.replay", id_))
            begun.add(id_)
        return begun

    def confirm(self, sent: Sequence[SentReplay]) -> None:
        """Note where replays were put."""
        for item in sent:
            now = self.rows[item.replay.letter.dead_letter_id]
            if now.replay_sha256 == item.replay.sha256:
                self._change(
                    now.dead_letter_id,
                    replay_partition=item.place.partition,
                    replay_offset=item.place.offset,
                    status="replayed" if now.status == "open" else now.status,
                )

    def discard(self, letters: Sequence[Letter], note: str, actor: Actor) -> set[int]:
        """Discard letters whose status is still what it was."""
        done = set()
        for letter in letters:
            id_ = letter.dead_letter_id
            if id_ in self.rows and self.rows[id_].status == letter.status:
                self._change(id_, status="discarded", status_by=actor.name, status_note=note)
                self.audit.append((actor.name, "dead_letter.discard", id_))
                done.add(id_)
        return done

    def _change(self, id_: int, **fields: object) -> None:
        if "status_by" in fields:
            fields["status_at"] = datetime.now(UTC)
        self.rows[id_] = msgspec.structs.replace(self.rows[id_], **fields)

    def _seen(self, row: Letter) -> Letter:
        later = [
            other
            for other in self.rows.values()
            if other.chain == row.chain and other.attempt > row.attempt
        ]
        last = max(later, key=lambda other: other.attempt, default=None)
        return msgspec.structs.replace(row, followed_by=last.dead_letter_id if last else None)

    def _sent_as(self, id_: int | None, partition: int, sha256: str) -> Letter | None:
        """The letter, if these bytes in this partition are what was sent for it."""
        row = self.rows.get(id_ or 0)
        if row is None or row.replay_sha256 != sha256:
            return None
        return row if row.replay_partition in {None, partition} else None

    def _wanted(self, wanted: LetterFilter) -> Iterable[Letter]:
        for row in self.rows.values():
            if (
                (wanted.reasons is None or row.reason in wanted.reasons)
                and (wanted.stages is None or row.stage in wanted.stages)
                and (wanted.statuses is None or row.status in wanted.statuses)
                and (wanted.since is None or row.published_at >= wanted.since)
                and (wanted.until is None or row.published_at < wanted.until)
            ):
                yield self._seen(row)


def _digest(letter: DeadLetter) -> str:
    return digest(letter.record.key, letter.record.value)


def _rank(place: Letter | Position) -> tuple[datetime, int]:
    return place.published_at, place.dead_letter_id


def _same(one: Letter, other: Letter) -> bool:
    """Whether they are the same record, or the same attempt of one chain."""
    record = (one.topic_id, one.partition, one.offset)
    if record == (other.topic_id, other.partition, other.offset):
        return True
    chain = one.replay_of, one.attempt
    return one.replay_of is not None and chain == (other.replay_of, other.attempt)


def _row(id_: int, identity: TopicIdentity, letter: DeadLetter, parent: Letter | None) -> Letter:
    record, place = letter.record, letter.place
    return Letter(
        dead_letter_id=id_,
        topic=identity.topic,
        topic_id=identity.topic_id,
        partition=record.partition,
        offset=record.offset,
        stage=letter.stage,
        reason=letter.reason,
        detail=letter.detail,
        error_class=letter.error_class,
        size=len(record.value or b""),
        attempt=parent.attempt + 1 if parent else 1,
        replay_of=parent.chain if parent else None,
        published_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        recorded_at=datetime.now(UTC),
        dlq_partition=place.partition if place else None,
        dlq_offset=place.offset if place else None,
        status="open",
        status_at=None,
        status_by=None,
        status_note=None,
        replay_sha256=None,
        replay_partition=None,
        replay_offset=None,
        followed_by=None,
    )
