"""The live stream: alerts are written while many clients follow, and each must get each one once.

An alert's delay runs from the moment before its INSERT, so that it includes the commit, until a
client has read the event. The moment travels in the alert's id.
"""

import asyncio
import multiprocessing
import re
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, cast

import psycopg2
import uvloop
from psycopg2.extras import Json, execute_values
from tqdm import tqdm

from bench.api.bed import Bed, Served
from bench.api.client import request
from bench.command import BenchError
from bench.figures import percentiles
from finguard.adapters.postgres.queries import named_queries

TOPIC: Final = "bench-live"
EVERY_S: Final = 0.05
DRAIN_WITHIN_S: Final = 15.0
CONNECT_WITHIN_S: Final = 60.0
_TOKEN: Final = re.compile(rb'"transaction_id":"live-(\d+)-(\d+)"')


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is streamed: alerts a second, for so long, to so many clients."""

    clients: int
    rate: int
    seconds: int

    @property
    def alerts(self) -> int:
        """How many alerts are written."""
        return self.rate * self.seconds


class Follower(asyncio.Protocol):
    """Follows the stream over a connection of its own, and notes what comes and when."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._tail = b""
        self.began = asyncio.Event()
        self.numbers: list[int] = []
        self.delays_ms: list[float] = []
        self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        # Uvloop's transports have the methods, but not the class.
        cast(asyncio.Transport, transport).write(request(self._served, "/api/v1/alerts/stream"))

    def data_received(self, data: bytes) -> None:
        """Note the events that are whole."""
        now_s = time.time()
        # The answer's head counts as begun only with the first event, which says where it begins.
        if not self.began.is_set() and b"\nid: " in data:
            self.began.set()
        whole, _, self._tail = (self._tail + data).rpartition(b"\n\n")
        for number, sent_ns in _TOKEN.findall(whole):
            self.numbers.append(int(number))
            self.delays_ms.append(1000 * (now_s - int(sent_ns) / 1e9))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Remember that it ended."""
        self.is_lost = True


def measure_stream(bed: Bed, served: Served, plan: Plan) -> dict[str, Any]:
    """Write and follow; then forget what was written."""
    try:
        followers = uvloop.run(_measure(bed, served, plan))
    finally:
        with closing(psycopg2.connect(bed.dsn)) as connection, connection:
            connection.cursor().execute("DELETE FROM alerts WHERE topic = %s", (TOPIC,))
    delays_ms = sorted(delay for each in followers for delay in each.delays_ms)
    if not delays_ms:
        raise BenchError("no client got any event")
    expected = list(range(plan.alerts))
    return {
        "clients": plan.clients,
        "alerts_per_s": plan.rate,
        "alerts": plan.alerts,
        "each_once_in_order": sum(each.numbers == expected for each in followers),
        "disconnected": sum(each.is_lost for each in followers),
        "missing": sum(len(set(expected) - set(each.numbers)) for each in followers),
        "doubled": sum(len(each.numbers) - len(set(each.numbers)) for each in followers),
        **percentiles(delays_ms),
    }


async def _measure(bed: Bed, served: Served, plan: Plan) -> Sequence[Follower]:
    loop = asyncio.get_running_loop()
    pairs = [
        await loop.create_connection(lambda: Follower(served), "127.0.0.1", served.port)
        for _ in range(plan.clients)
    ]
    followers = [follower for _, follower in pairs]
    try:
        async with asyncio.timeout(CONNECT_WITHIN_S):
            await asyncio.gather(*(each.began.wait() for each in followers))
    except TimeoutError:
        count = sum(not each.began.is_set() for each in followers)
        raise BenchError(f"{count} of {plan.clients} streams did not begin") from None
    context = multiprocessing.get_context("spawn")
    writer = context.Process(target=write, args=(bed.dsn, plan), daemon=True)
    writer.start()
    try:
        with tqdm(total=plan.alerts, desc="stream", unit="") as bar, suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_WITHIN_S + plan.seconds + DRAIN_WITHIN_S):
                while (least := min(len(each.numbers) for each in followers)) < plan.alerts:
                    bar.update(least - bar.n)
                    await asyncio.sleep(0.1)
                bar.update(plan.alerts - bar.n)
    finally:
        writer.kill()
        writer.join()
    lost = [each.is_lost for each in followers]
    for transport, _ in pairs:
        transport.abort()
    for follower, is_lost in zip(followers, lost, strict=True):
        follower.is_lost = is_lost
    return followers


def write(dsn: str, plan: Plan) -> None:
    """Store alerts in small batches at a steady rate, as a detector does."""
    insert = named_queries("ledger.sql")["insert_alerts"]
    size = round(plan.rate * EVERY_S)
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        begin_s = time.perf_counter()
        for first in range(0, plan.alerts, size):
            due_s = begin_s + first / plan.rate
            time.sleep(max(0.0, due_s - time.perf_counter()))
            last = min(first + size, plan.alerts)
            with connection.cursor() as cursor:
                rows = [_row(number, time.time_ns()) for number in range(first, last)]
                execute_values(cursor, insert, rows)


def _row(number: int, now_ns: int) -> tuple[Any, ...]:
    now = datetime.fromtimestamp(now_ns / 1e9, UTC)
    name = f"live-{number}-{now_ns}"
    story = "12,500.00 USD at Corner Books: threshold 10,000.00 USD"
    evidence = Json({"amount": "12500.00", "threshold": "10000"})
    found = ("high_value", 1, "medium", 60, story, evidence, name)
    amount = Decimal("12500.00")
    paid = (amount, "USD", "Corner Books", "books", "in_person", "Berlin", "DE", 52.52, 13.405)
    return (f"live-{number % 500}", name, *found, *paid, now, now, TOPIC, TOPIC, number % 6, number)
