"""The index of dead letters in PostgreSQL, as people work with it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import msgspec
from psycopg2.extras import RealDictCursor, execute_values

from finguard.adapters.postgres import audit
from finguard.adapters.postgres.audit import AuditEntry
from finguard.adapters.postgres.queries import named_queries
from finguard.domain.dead_letters import (
    Actor,
    Letter,
    LetterFilter,
    Position,
    Replay,
    SentReplay,
    Status,
    escaped,
)

_SQL: Final = named_queries("dead_letters.sql")


class PostgresLetterIndex:
    """Reads and changes the index; every change stands in the audit log.

    Args:
        transaction: opens a transaction and gives a cursor in it; called from several threads.
    """

    def __init__(self, transaction: Callable[[], AbstractContextManager[RealDictCursor]]) -> None:
        self._transaction = transaction

    def newest(self, wanted: LetterFilter, *, below: Position | None, limit: int) -> list[Letter]:
        """At most `limit` letters, newest first, that come after a position."""
        return self._letters("newest_letters", {**_parameters(wanted, below), "limit": limit})

    def oldest(
        self, wanted: LetterFilter, *, above: Position | None, latest_id: int, limit: int
    ) -> list[Letter]:
        """At most `limit` letters, oldest first, that come after a position."""
        return self._letters(
            "oldest_letters",
            {**_parameters(wanted, above), "latest_id": latest_id, "limit": limit},
        )

    def count(self, wanted: LetterFilter) -> tuple[int, int]:
        """How many letters a filter means, and the newest id of all letters there are."""
        with self._transaction() as cursor:
            cursor.execute(_SQL["count_letters"], _parameters(wanted, None))
            (row,) = cursor.fetchall()
            return row["letters"], row["latest_id"]

    def find(self, ids: Sequence[int]) -> dict[int, Letter]:
        """The letters of these ids that exist."""
        found = self._letters("find_letters", {"ids": list(ids)})
        return {letter.dead_letter_id: letter for letter in found}

    def chain(self, letter: Letter) -> list[Letter]:
        """All attempts of the letter's message, the first one first."""
        return self._letters("read_chain", {"chain": letter.chain})

    def begin(self, replays: Sequence[Replay], actor: Actor) -> set[int]:
        """Note what is about to be sent, except for letters that have changed since they were read.

        Returns:
            The ids of those that may be sent.
        """
        with self._transaction() as cursor:
            now = _lock(cursor, [replay.letter.dead_letter_id for replay in replays])
            ready = [replay for replay in replays if now.get(_id(replay)) == _seen(replay)]
            if ready:
                rows = [(_id(r), r.sha256, r.partition, actor.name) for r in ready]
                execute_values(cursor, _SQL["begin_replays"], rows)
            audit.append(cursor, [_replay_entry(replay, actor) for replay in ready])
            return {_id(replay) for replay in ready}

    def confirm(self, sent: Sequence[SentReplay]) -> None:
        """Note where Kafka has put replays."""
        with self._transaction() as cursor:
            _lock(cursor, [_id(item.replay) for item in sent])
            rows = [
                (_id(item.replay), item.replay.sha256, item.place.partition, item.place.offset)
                for item in sent
            ]
            if rows:
                execute_values(cursor, _SQL["confirm_replays"], rows)

    def discard(self, letters: Sequence[Letter], note: str, actor: Actor) -> set[int]:
        """Discard letters, except for those whose status has changed since they were read.

        Returns:
            The ids of those that were discarded.
        """
        with self._transaction() as cursor:
            now = _lock(cursor, [letter.dead_letter_id for letter in letters])
            ready = [
                letter
                for letter in letters
                if now.get(letter.dead_letter_id, (None, None))[0] == letter.status
            ]
            ids = [letter.dead_letter_id for letter in ready]
            cursor.execute(_SQL["discard_letters"], {"ids": ids, "actor": actor.name, "note": note})
            audit.append(cursor, [_discard_entry(letter, note, actor) for letter in ready])
            return set(ids)

    def _letters(self, query: str, parameters: dict[str, Any]) -> list[Letter]:
        with self._transaction() as cursor:
            cursor.execute(_SQL[query], parameters)
            return [Letter(**row) for row in cursor]


def _parameters(wanted: LetterFilter, place: Position | None) -> dict[str, Any]:
    lists = {
        name: list(chosen) if isinstance(chosen, Sequence) else chosen
        for name, chosen in msgspec.structs.asdict(wanted).items()
    }
    return {
        **lists,
        "place_time": place.published_at if place else None,
        "place_id": place.dead_letter_id if place else None,
    }


def _lock(cursor: RealDictCursor, ids: Sequence[int]) -> dict[int, tuple[Status, str | None]]:
    cursor.execute(_SQL["lock_letters"], {"ids": list(ids)})
    return {row["dead_letter_id"]: (row["status"], row["replay_sha256"]) for row in cursor}


def _id(replay: Replay) -> int:
    return replay.letter.dead_letter_id


def _seen(replay: Replay) -> tuple[Status, str | None]:
    return replay.letter.status, replay.letter.replay_sha256


def _replay_entry(replay: Replay, actor: Actor) -> AuditEntry:
    after: dict[str, Any] = {"status": "replayed", "attempt": replay.letter.attempt + 1}
    if replay.edited:
        # In full: Kafka forgets the message some day, and a person wrote it.
        after["key"] = None if replay.key is None else escaped(replay.key)
        after["value"] = None if replay.value is None else escaped(replay.value)
    return _entry("dead_letter.replay", replay.letter, after, actor)


def _discard_entry(letter: Letter, note: str, actor: Actor) -> AuditEntry:
    return _entry("dead_letter.discard", letter, {"status": "discarded", "note": note}, actor)


def _entry(action: str, letter: Letter, after: dict[str, Any], actor: Actor) -> AuditEntry:
    return AuditEntry(
        actor=actor.name,
        action=action,
        subject=str(letter.dead_letter_id),
        before={"status": letter.status, "attempt": letter.attempt},
        after=after,
        request_id=actor.request_id,
    )
