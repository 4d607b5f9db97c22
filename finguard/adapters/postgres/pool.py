"""A pool of connections that waits when all are busy, and never lends a dead or a hanging one."""

import select
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import BoundedSemaphore, Event
from typing import Any

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres.connection import translated
from finguard.adapters.postgres.watchdog import Watchdog
from finguard.errors import ServiceUnavailable

Row = dict[str, Any]
"""One row by column name, as the query names them."""


class SchemaMissing(ServiceUnavailable):
    """The tables are not there: the database is new, or was emptied under a running program."""


class ConnectionPool:
    """Lends connections to threads, each for a bounded time.

    psycopg2's own pool raises when it is exhausted and lends connections that a restart of the
    server has killed. A watchdog cuts the wire of a loan that takes too long.

    Args:
        open_connection: makes a new connection.
        size: at most so many at a time.
        wait_s: how long a caller waits for a free one.
        hold_s: how long a caller may keep one before it is cut.
    """

    def __init__(
        self,
        open_connection: Callable[[], Connection],
        *,
        size: int,
        wait_s: float,
        hold_s: float,
    ) -> None:
        self._open_connection = open_connection
        self._size = size
        self._wait_s = wait_s
        self._slots = BoundedSemaphore(size)
        self._idle: deque[Connection] = deque()
        self._closing = Event()
        self._watchdog = Watchdog(limit_s=hold_s)

    def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back."""
        self._closing.set()
        self._watchdog.close()
        while (connection := self._idle_connection()) is not None:
            connection.close()

    @contextmanager
    def cursor(self) -> Iterator[RealDictCursor]:
        """A cursor whose statements each stand alone.

        Raises:
            ServiceUnavailable: when PostgreSQL is away, or busy beyond what a caller should wait.
        """
        with (
            translated(),
            _tables_expected(),
            self._lent() as connection,
            connection.cursor(cursor_factory=RealDictCursor) as cursor,
        ):
            yield cursor

    @contextmanager
    def transaction(self) -> Iterator[RealDictCursor]:
        """A cursor whose statements happen together; an exception undoes them."""
        with self.cursor() as cursor:
            cursor.execute("BEGIN")
            yield cursor
            cursor.execute("COMMIT")

    @contextmanager
    def snapshot(self) -> Iterator[RealDictCursor]:
        """A cursor whose queries all see the database as it was at one moment."""
        with self.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield cursor
            cursor.execute("COMMIT")

    @contextmanager
    def _lent(self) -> Iterator[Connection]:
        if not self._slots.acquire(timeout=self._wait_s):
            raise ServiceUnavailable(
                f"all {self._size} connections to PostgreSQL are busy", service="postgresql"
            )
        try:
            connection = self._idle_connection() or self._new_connection()
            try:
                with self._watchdog.watching(connection):
                    yield connection
            finally:
                self._take_back(connection)
        finally:
            self._slots.release()

    def _new_connection(self) -> Connection:
        connection = self._open_connection()
        connection.autocommit = True
        return connection

    def _idle_connection(self) -> Connection | None:
        """The one used last, so that a quiet pool keeps few of them warm."""
        while self._idle:
            with suppress(IndexError):
                connection = self._idle.pop()
                if _is_alive(connection):
                    return connection
                connection.close()
        return None

    def _take_back(self, connection: Connection) -> None:
        """Keep a connection that is as good as new; close any other, which also rolls it back."""
        is_fit = (
            not self._closing.is_set()
            and not connection.closed
            and connection.info.transaction_status == TRANSACTION_STATUS_IDLE
        )
        if is_fit:
            self._idle.append(connection)
        else:
            connection.close()


@contextmanager
def _tables_expected() -> Iterator[None]:
    try:
        yield
    except psycopg2.errors.UndefinedTable as error:
        raise SchemaMissing("PostgreSQL: the tables are missing") from error


def _is_alive(connection: Connection) -> bool:
    """Whether an idle connection is quiet: readable means that the server has said goodbye."""
    if connection.closed:
        return False
    wire = select.poll()
    wire.register(connection.fileno(), select.POLLIN)
    return not wire.poll(0)
