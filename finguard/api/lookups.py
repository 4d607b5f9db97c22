"""Looks up what many requests want to know at the same time with one query."""

import asyncio
from collections.abc import Callable, Mapping
from contextvars import Context
from typing import Final, Generic, TypeVar

from anyio import CapacityLimiter, to_thread

from finguard.errors import ServiceUnavailable

MAX_TOGETHER: Final = 200

Key = TypeVar("Key")
Value = TypeVar("Value")


class Lookups(Generic[Key, Value]):
    """Gathers what is asked while a look-up runs, and asks for all of it in the next.

    A thread and a statement for each request would cost more than what they find out. Nobody is
    ever told the outcome of a look-up that had begun before they asked.

    Args:
        look_up: finds values for at most `MAX_TOGETHER` keys; runs in a thread, once at a time.
    """

    def __init__(self, look_up: Callable[[list[Key]], Mapping[Key, Value]]) -> None:
        self._look_up = look_up
        self._asked: dict[Key, asyncio.Future[Value | None]] = {}
        self._worker: asyncio.Task[None] | None = None

    async def find(self, key: Key) -> Value | None:
        """The value of a key; None where there is none.

        Raises:
            ServiceUnavailable: when the look-up cannot be made, or the one before it could not:
                those who wait for a server that is away do not wait for it twice.
        """
        future = self._asked.get(key)
        if future is None:
            future = self._asked[key] = asyncio.get_running_loop().create_future()
            # Who asks no longer wants to know of it; the future must not complain about that.
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
        if self._worker is None or self._worker.done():
            # Begins after everybody whose request is there already has asked. In a context of its
            # own, since it works for all of them.
            self._worker = asyncio.create_task(self._work(), context=Context())
        return await asyncio.shield(future)

    async def _work(self) -> None:
        limiter = CapacityLimiter(1)
        while self._asked:
            together = self._taken()
            try:
                found = await to_thread.run_sync(self._look_up, [*together], limiter=limiter)
            except Exception as error:  # noqa: BLE001 - whatever it is, those who asked are told
                failed = [*together.values()]
                if isinstance(error, ServiceUnavailable):
                    # Some of them may have asked for the same keys.
                    failed += self._asked.values()
                    self._asked = {}
                for future in failed:
                    future.set_exception(error)
            else:
                for key, future in together.items():
                    future.set_result(found.get(key))

    def _taken(self) -> dict[Key, asyncio.Future[Value | None]]:
        taken = {key: self._asked[key] for key in [*self._asked][:MAX_TOGETHER]}
        self._asked = {key: each for key, each in self._asked.items() if key not in taken}
        return taken
