"""Tells PostgreSQL every few seconds that a detector lives, and how it is."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from time import monotonic
from typing import Any, Final
from uuid import uuid4

import msgspec
import structlog
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case
from psycopg2.extras import Json, RealDictCursor

from finguard.adapters.postgres.connection import translated
from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.queries import named_queries
from finguard.domain.rules import Terms
from finguard.domain.telemetry import LATENCY_BOUNDS_S, Snapshot
from finguard.errors import ServiceUnavailable

_log = structlog.get_logger()
_SQL: Final = named_queries("detectors.sql")

BEAT_EVERY_S: Final = 3.0
FORGET_AFTER_S: Final = 24 * 3600.0
"""So long the row of a detector that did not end cleanly stays, for people to find."""

GOODBYE_S: Final = 3.0
"""A clean end waits no longer than this for its row to go."""

MAX_LISTED: Final = 1_000


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Who a detector is and what it judges by; the same for all of its life."""

    instance_id: str
    host: str
    pid: int
    started_at: datetime
    version: str
    group: str
    topic: str
    http_address: str | None
    rules: tuple[Terms, ...]


def this_process(
    *, version: str, group: str, topic: str, http_address: str | None, rules: tuple[Terms, ...]
) -> Member:
    """The member that this process is, under an id that no other has ever had."""
    return Member(
        instance_id=str(uuid4()),
        host=socket.gethostname(),
        pid=os.getpid(),
        started_at=datetime.now(UTC),
        version=version,
        group=group,
        topic=topic,
        http_address=http_address,
        rules=rules,
    )


@contextmanager
def heartbeat(
    connect: Callable[[], Connection],
    member: Member,
    snapshot: Callable[[], Snapshot],
    *,
    every_s: float = BEAT_EVERY_S,
) -> Iterator[None]:
    """Keep the member's row fresh on a daemon thread; take it away when the context ends.

    It has a connection of its own, whose every wait is bounded, and no error of it leaves the
    thread: while PostgreSQL is away the row grows old, and that is all.
    """
    heart = _Heart(connect, member, snapshot, every_s)
    thread = Thread(target=heart.run, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        heart.stopping.set()
        thread.join(GOODBYE_S)


def list_detectors(cursor: RealDictCursor, *, limit: int = MAX_LISTED) -> list[Row]:
    """The detectors that run or have ended without a word within a day, the eldest first.

    `silent_s` tells the seconds since the latest beat: several times `BEAT_EVERY_S` means that
    the detector is dead, or cut off from PostgreSQL.
    """
    cursor.execute(_SQL["list_detectors"], {"limit": limit})
    return [dict(row) for row in cursor.fetchall()]


def list_rules(
    cursor: RealDictCursor, *, silent_after_s: float, limit: int = MAX_LISTED
) -> list[Row]:
    """What detectors judge by that have beaten lately, the eldest first.

    `rules` is a list of `Terms` as JSON; None of a detector of a version that did not tell.
    """
    cursor.execute(_SQL["list_rules"], {"silent_after_s": silent_after_s, "limit": limit})
    return [dict(row) for row in cursor.fetchall()]


class _Heart:
    """Beats until it is stopped."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        member: Member,
        snapshot: Callable[[], Snapshot],
        every_s: float,
    ) -> None:
        self._connect = connect
        self._member = msgspec.structs.asdict(member) | {
            "rules": Json(msgspec.to_builtins(member.rules))
        }
        self._snapshot = snapshot
        self._every_s = every_s
        self._connection: Connection | None = None
        self._counted = monotonic(), snapshot().transactions
        self._failing = False
        self.stopping = Event()

    def run(self) -> None:
        while True:
            self._try(self._beat)
            if self.stopping.wait(self._every_s):
                break
        self._try(lambda: self._execute("leave", self._member))
        self._discard()

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except ServiceUnavailable:
            # The loop meets the same outage and tells of it.
            self._discard()
        except Exception:  # noqa: BLE001 - detection must not end for want of a heartbeat
            self._discard()
            if not self._failing:
                self._failing = True
                _log.warning("no heartbeat", exc_info=True)
        else:
            self._failing = False

    def _beat(self) -> None:
        now = self._snapshot()
        since = now.outage_since_s
        owned = None if now.partitions is None else sorted(now.partitions)
        self._execute(
            "beat",
            {
                **self._member,
                "partitions": owned,
                "lags": None if owned is None else [now.lag.get(each) for each in owned],
                "positions": None if owned is None else [now.positions.get(each) for each in owned],
                "lag": sum(now.lag.values()) if now.lag or now.partitions == frozenset() else None,
                "transactions": now.transactions,
                "transactions_per_second": self._rate(now.transactions),
                "latency_bounds_s": list(LATENCY_BOUNDS_S),
                "latency_counts": list(now.latency.counts),
                "latency_sum_s": now.latency.sum_s,
                "rebuilding": bool(now.rebuilding),
                "outage": now.outage,
                "outage_since": None if since is None else datetime.fromtimestamp(since, UTC),
            },
        )
        self._execute("prune", {"age_s": FORGET_AFTER_S})

    def _rate(self, transactions: int) -> float:
        """Transactions a second since the last beat."""
        (then_s, before), now_s = self._counted, monotonic()
        self._counted = now_s, transactions
        return round((transactions - before) / max(now_s - then_s, 1e-3), 1)

    def _execute(self, query: str, parameters: dict[str, Any]) -> None:
        with translated():
            if self._connection is None or self._connection.closed:
                self._connection = self._connect()
            with self._connection, self._connection.cursor() as cursor:
                cursor.execute(_SQL[query], parameters)

    def _discard(self) -> None:
        broken, self._connection = self._connection, None
        if broken is not None:
            broken.close()
