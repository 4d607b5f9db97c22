"""Answers a question once for all who wait for the answer."""

import asyncio
from collections.abc import Callable, Hashable
from contextlib import AsyncExitStack
from contextvars import Context
from typing import Final, Generic, TypeVar

from anyio import to_thread

from finguard.errors import ServiceUnavailable

AT_ONCE: Final = 4
"""More would not be done sooner, and take the connections that lists are waiting for."""

WAIT_S: Final = 2.5
"""Long enough for a burst; with the work itself, which is cut off, still a matter of seconds."""

Answer = TypeVar("Answer")


class Questions(Generic[Answer]):
    """Who asks joins those that wait for the same question, never work that has already begun.

    So no answer is older than its request, and of each question at most one is being worked on and
    one waits, however many ask.

    Args:
        at_once: pieces of work at a time.
        wait_s: how long a question waits for its work to begin.
    """

    def __init__(self, *, at_once: int = AT_ONCE, wait_s: float = WAIT_S) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._wait_s = wait_s
        self._waiting: dict[Hashable, asyncio.Task[Answer]] = {}
        self._turns: dict[Hashable, asyncio.Lock] = {}

    async def answer(self, question: Hashable, work: Callable[[], Answer]) -> Answer:
        """The answer to a question.

        Args:
            question: what is asked; equal ones have equal answers at any moment.
            work: finds the answer; runs in a thread.

        Raises:
            ServiceUnavailable: when the work could not begin in time.
            Exception: whatever the work raises; all who wait for it get the same.
        """
        task = self._waiting.get(question)
        if task is None:
            # In a context of its own, since it works for all of them.
            task = asyncio.create_task(self._in_turn(question, work), context=Context())
            # Whoever asked may be gone; the error then has nobody to go to.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._waiting[question] = task
        return await asyncio.shield(task)

    async def _in_turn(self, question: Hashable, work: Callable[[], Answer]) -> Answer:
        turn = self._turns.setdefault(question, asyncio.Lock())
        try:
            async with AsyncExitStack() as held:
                try:
                    async with asyncio.timeout(self._wait_s):
                        await held.enter_async_context(turn)
                        await held.enter_async_context(self._slots)
                except TimeoutError as error:
                    raise ServiceUnavailable("statistics have too much to do") from error
                finally:
                    # From here on it is too late to join.
                    del self._waiting[question]
                return await to_thread.run_sync(work)
        finally:
            if question not in self._waiting and not turn.locked():
                del self._turns[question]
