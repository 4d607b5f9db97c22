"""Bounds how long anybody waits for PostgreSQL, also for a server that is frozen."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from time import monotonic, sleep
from typing import Final

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case

_INTERVAL_S: Final = 0.25


class Watchdog:
    """Cuts the wire of a connection that is in use for too long.

    A statement timeout does not help against a server that is frozen, since it is the server that
    keeps it; and its machine goes on to acknowledge what TCP sends.

    Args:
        limit_s: how long a connection may be in use.
    """

    def __init__(self, *, limit_s: float) -> None:
        self._limit_s = limit_s
        self._lock = Lock()
        self._due: dict[Connection, float] = {}
        self._closing = Event()
        self._thread: Thread | None = None

    def close(self) -> None:
        """Stop once nothing is in use any more."""
        self._closing.set()

    @contextmanager
    def watching(self, connection: Connection) -> Iterator[None]:
        """While the context lasts, the connection is in use."""
        with self._lock:
            self._due[connection] = monotonic() + self._limit_s
            if self._thread is None:
                self._thread = Thread(target=self._watch, name="postgres-watchdog", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                del self._due[connection]

    def _watch(self) -> None:
        while self._due or not self._closing.is_set():
            sleep(_INTERVAL_S)
            now = monotonic()
            with self._lock:
                for connection, due in self._due.items():
                    if now > due:
                        _cut(connection)


def _cut(connection: Connection) -> None:
    """Wake whoever waits for this connection's server; the driver then finds it closed."""
    with (
        suppress(OSError, psycopg2.InterfaceError),
        socket.socket(fileno=os.dup(connection.fileno())) as wire,
    ):
        wire.shutdown(socket.SHUT_RDWR)
