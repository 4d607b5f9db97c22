"""Clients that cost as little as may be, since they share the machine with what they measure.

Closed: each sends its next request as soon as it has the answer to the one before, so that there
are always as many under way as there are clients. Paced: each sends its requests when they are due,
at random moments of a given rate; latency counts from the due moment, so that a stall that keeps a
client from sending is not forgiven.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from random import Random
from time import perf_counter
from typing import Final

import uvloop
from tqdm import tqdm

from bench.api.bed import Served
from bench.api.operations import Operation

MAX_BYTES: Final = 16 * 2**20


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much is asked.

    Attributes:
        clients: at a time. times: how often each operation is asked for.
        rate: requests a second of each client; None for as fast as the answers come.
    """

    clients: int
    times: int
    rate: float | None = None


@dataclass
class Measured:
    """Milliseconds of each operation's answers, and what was no good answer."""

    seconds: float = 0.0
    latencies_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


class Connection:
    """One connection, kept alive."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> tuple[int, bytes]:
        """Status and body; raises `OSError` or `EOFError` when the connection breaks."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(
                "127.0.0.1", self._served.port, limit=MAX_BYTES
            )
        self._writer.write(request(self._served, path))
        head = await self._reader.readuntil(b"\r\n\r\n")
        body = await self._reader.readexactly(_content_length(head))
        return int(head[9:12]), body

    def close(self) -> None:
        """Close it; the next request opens another."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def request(served: Served, path: str) -> bytes:
    """A GET as it goes over the wire."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
        f"Authorization: Bearer {served.token}\r\n\r\n"
    ).encode()


def measure(served: Served, operations: Sequence[Operation], load: Load, title: str) -> Measured:
    """Ask for all operations, so often each and in random order."""
    return uvloop.run(_measure(served, operations, load, title))


async def _measure(
    served: Served, operations: Sequence[Operation], load: Load, title: str
) -> Measured:
    order = [operation for operation in operations for _ in range(load.times)]
    rng = Random(7)  # noqa: S311 - repeatable on purpose, guards nothing
    rng.shuffle(order)
    measured = Measured()
    with tqdm(total=len(order), desc=title, unit="") as bar:
        waiting = deque(order)

        def dues() -> Iterator[float]:
            due_s = perf_counter()
            while load.rate is not None:
                due_s += rng.expovariate(load.rate)
                yield due_s

        async def client() -> None:
            with closing(Connection(served)) as connection:
                pace = dues()
                while waiting:
                    operation = waiting.popleft()
                    due_s = next(pace, None)
                    if due_s is not None:
                        await asyncio.sleep(max(0.0, due_s - perf_counter()))
                    await _ask(connection, operation, due_s, measured)
                    bar.update()

        begin_s = perf_counter()
        await asyncio.gather(*(client() for _ in range(load.clients)))
        measured.seconds = perf_counter() - begin_s
    return measured


async def _ask(
    connection: Connection, operation: Operation, due_s: float | None, measured: Measured
) -> None:
    path = operation.path()
    begin_s = perf_counter() if due_s is None else due_s
    try:
        status, body = await connection.get(path)
    except (OSError, EOFError) as error:
        connection.close()
        measured.errors[operation.name].append(f"{type(error).__name__}: {path}")
        return
    measured.latencies_ms[operation.name].append(1000 * (perf_counter() - begin_s))
    if status != 200:  # noqa: PLR2004 - OK
        measured.errors[operation.name].append(f"{status}: {path} {body[:200]!r}")


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    begin = lowered.index(b"content-length:") + len(b"content-length:")
    return int(lowered[begin : lowered.index(b"\r\n", begin)])
