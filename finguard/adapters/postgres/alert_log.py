"""What happened to alerts, in one order for all: moved from an inbox into a log and read there."""

import select
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres.alerts import with_columns
from finguard.adapters.postgres.connection import translated
from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.queries import named_queries

_SQL: Final = named_queries("alert_log.sql")

CHANNEL: Final = "finguard_alerts"


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the log.

    Attributes:
        epoch: tells it from the log of another database.
        last_event_id: of the newest event; 0 when there has been none.
        pruned_id: events up to this one have been dropped.
    """

    epoch: str
    last_event_id: int
    pruned_id: int


def any_in_inbox(cursor: RealDictCursor) -> bool:
    """Whether there is anything to move."""
    cursor.execute(_SQL["any_in_inbox"])
    return cursor.fetchone() is not None


def move(transaction: RealDictCursor, *, limit: int) -> int:
    """Move at most `limit` events into the log, in a transaction of its own; how many it were."""
    transaction.execute(_SQL["lock_head"])
    transaction.execute(_SQL["move"], {"limit": limit})
    row = transaction.fetchone()
    return int(row["moved"]) if row else 0


def read_head(cursor: RealDictCursor) -> Head:
    """Where the log begins and ends now."""
    cursor.execute(_SQL["read_head"])
    return msgspec.convert(dict(cursor.fetchone() or {}), Head)


def read_events(cursor: RealDictCursor, *, after: int, limit: int) -> list[Row]:
    """The next events behind one: `event_id`, `happened_version`, and a list's columns."""
    cursor.execute(with_columns(_SQL["read_events"]), {"after": after, "limit": limit})
    return [dict(row) for row in cursor]


def prune(cursor: RealDictCursor, *, keep: int, limit: int) -> None:
    """Drop at most `limit` of the oldest events, and none of the newest `keep`."""
    cursor.execute(_SQL["prune"], {"keep": keep, "limit": limit})


class Listener:
    """Waits for the notification that something has come into the inbox.

    It never asks the server anything but to be told, so a server that hangs cannot hold it up.

    Args:
        connect: opens the one connection that this takes.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connection = connect()
        self._connection.autocommit = True
        with translated(), self._connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def wait(self, timeout_s: float) -> None:
        """Return after a notification, or after the time.

        Raises:
            ServiceUnavailable: when the connection has ended.
        """
        with translated():
            wire = select.poll()
            wire.register(self._connection.fileno(), select.POLLIN)
            if wire.poll(timeout_s * 1_000):
                self._connection.poll()
            self._connection.notifies.clear()
