"""Answers a question once for all who wait for it, or whom a young answer suits."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import AsyncExitStack
from contextvars import Context
from time import monotonic
from typing import Final, Generic, NamedTuple, TypeVar

from anyio import to_thread

from finguard.errors import ServiceUnavailable

AT_ONCE: Final = 4
"""More would not be done sooner, and take the connections that lists are waiting for."""

WAIT_S: Final = 2.5
"""Long enough for a burst; with the work itself, which is cut off, still a matter of seconds."""

KEPT: Final = 64
"""Answers, the latest; the largest have some hundred kilobytes."""

Answer = TypeVar("Answer")


class _Begun(NamedTuple, Generic[Answer]):
    task: "asyncio.Task[Answer]"
    at_s: float


class Questions(Generic[Answer]):
    """Who asks joins those that wait for the same question, never work that has already begun.

    So no answer is older than its request, and of each question at most one is being worked on and
    one waits, however many ask. Only who says that an answer may be older joins work that has
    begun, or is done, so long ago at most.

    Args:
        at_once: pieces of work at a time.
        wait_s: how long a question waits for its work to begin.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        *,
        at_once: int = AT_ONCE,
        wait_s: float = WAIT_S,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._wait_s = wait_s
        self._waiting: dict[Hashable, asyncio.Task[Answer]] = {}
        self._turns: dict[Hashable, asyncio.Lock] = {}
        self._clock = clock
        self._begun: OrderedDict[Hashable, _Begun[Answer]] = OrderedDict()

    async def answer(
        self, question: Hashable, work: Callable[[], Answer], *, max_age_s: float = 0
    ) -> Answer:
        """The answer to a question.

        Args:
            question: what is asked; equal ones have equal answers at any moment.
            work: finds the answer; runs in a thread.
            max_age_s: work that began less than this ago will do, whether or not it is done.

        Raises:
            ServiceUnavailable: when the work could not begin in time.
            Exception: whatever the work raises; all who wait for it get the same.
        """
        begun = self._begun.get(question)
        if begun is not None and self._clock() - begun.at_s < max_age_s:
            return await asyncio.shield(begun.task)
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
                return await self._done(question, work)
        finally:
            if question not in self._waiting and not turn.locked():
                del self._turns[question]

    async def _done(self, question: Hashable, work: Callable[[], Answer]) -> Answer:
        """Do the work, for those to find who put up with an answer that has begun before them."""
        task: asyncio.Task[Answer] | None = asyncio.current_task()
        if task is None:
            raise RuntimeError("questions are answered in tasks of their own")
        begun = self._begun[question] = _Begun(task, self._clock())
        self._begun.move_to_end(question)
        if len(self._begun) > KEPT:
            self._begun.popitem(last=False)
        try:
            return await to_thread.run_sync(work)
        except BaseException:
            if self._begun.get(question) is begun:
                del self._begun[question]
            raise
