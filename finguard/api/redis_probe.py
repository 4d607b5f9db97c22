"""Whether Redis answers, asked without ever keeping a request waiting for long."""

import asyncio
from time import perf_counter

import redis
from anyio import CapacityLimiter, to_thread


class RedisProbe:
    """Looks at Redis when asked; whoever asks while somebody looks shares what that one sees.

    Args:
        client: with time-outs far below what a supervisor waits.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._looking: asyncio.Task[float | None] | None = None

    async def latency_ms(self) -> float | None:
        """Of one PING; None when there was no answer."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_aside())
        return await asyncio.shield(self._looking)

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()

    async def _look_aside(self) -> float | None:
        """Look in a thread that no other request can keep busy."""
        return await to_thread.run_sync(self._look, limiter=CapacityLimiter(1))

    def _look(self) -> float | None:
        try:
            self._client.ping()
            began_s = perf_counter()
            self._client.ping()
        except redis.RedisError:
            return None
        return round((perf_counter() - began_s) * 1000, 2)
