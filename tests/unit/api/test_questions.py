"""Questions: one answer for all who wait, and none that is older than its request puts up with."""

import asyncio
from collections.abc import Coroutine
from threading import Event, Lock
from typing import Any

import pytest

from finguard.api.questions import KEPT, Questions
from finguard.errors import ServiceUnavailable
from tests.patience import PATIENCE_S


class Work:
    """Answers with the number of times it has begun, once it is let."""

    def __init__(self) -> None:
        self.times = 0
        self.at_once = 0
        self.most_at_once = 0
        self.error: Exception | None = None
        self.begun = Event()
        self.let = Event()
        self.let.set()
        self._lock = Lock()

    def __call__(self) -> int:
        """Do it."""
        with self._lock:
            self.times += 1
            number = self.times
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.begun.set()
        assert self.let.wait(timeout=PATIENCE_S)
        with self._lock:
            self.at_once -= 1
        if self.error:
            raise self.error
        return number


class Clock:
    """Shows what it is set to."""

    def __init__(self) -> None:
        self.time_s = 100.0

    def __call__(self) -> float:
        """Look at it."""
        return self.time_s


def run(what: Coroutine[Any, Any, None]) -> None:
    """Run it, and not for ever."""
    asyncio.run(asyncio.wait_for(what, timeout=PATIENCE_S))


async def asked(questions: Questions[int], question: str, work: Work) -> asyncio.Task[int]:
    """A request that has asked, and now waits."""
    task = asyncio.create_task(questions.answer(question, work))
    await asyncio.sleep(0)
    return task


async def begun(questions: Questions[int], question: str, work: Work) -> asyncio.Task[int]:
    """A request whose work has begun, and does not end."""
    work.let.clear()
    task = await asked(questions, question, work)
    assert await asyncio.to_thread(work.begun.wait, PATIENCE_S)
    work.begun.clear()
    return task


def test_those_who_ask_at_once_share_an_answer() -> None:
    """The work is done once."""
    work = Work()

    async def ask() -> None:
        questions = Questions[int](wait_s=PATIENCE_S)
        assert await asyncio.gather(*(questions.answer("a", work) for _ in range(9))) == [1] * 9

    run(ask())


def test_nobody_joins_work_that_has_begun() -> None:
    """Who asks meanwhile waits for the next, all of them for the same one."""
    work = Work()

    async def ask() -> None:
        questions = Questions[int](wait_s=PATIENCE_S)
        first = await begun(questions, "a", work)
        late = [await asked(questions, "a", work) for _ in range(3)]
        work.let.set()
        assert await first == 1
        assert await asyncio.gather(*late) == [2, 2, 2]
        assert await questions.answer("a", work) == 3

    run(ask())
    assert work.most_at_once == 1


def test_other_questions_do_not_wait() -> None:
    """Different questions are worked on at the same time, as many as may be."""
    slow, work = Work(), Work()

    async def ask() -> None:
        questions = Questions[int](at_once=2)
        waiting = await begun(questions, "slow", slow)
        assert [await questions.answer(name, work) for name in "abc"] == [1, 2, 3]
        slow.let.set()
        await waiting

    run(ask())


def test_no_more_than_so_many_at_once() -> None:
    """Further questions wait for their turn, and can be joined meanwhile."""
    work = Work()

    async def ask() -> None:
        questions = Questions[int](at_once=1, wait_s=PATIENCE_S)
        first = await begun(questions, "a", work)
        others = [await asked(questions, name, work) for name in "bcb"]
        work.let.set()
        answers = await asyncio.gather(first, *others)
        assert answers[1] == answers[3]

    run(ask())
    assert (work.times, work.most_at_once) == (3, 1)


def test_errors_reach_all_who_wait() -> None:
    """And nobody after them."""
    work = Work()
    work.error = ValueError("a fault")

    async def ask() -> None:
        questions = Questions[int](wait_s=PATIENCE_S)
        both = await asyncio.gather(
            questions.answer("a", work), questions.answer("a", work), return_exceptions=True
        )
        assert [str(error) for error in both] == ["a fault"] * 2
        work.error = None
        assert await questions.answer("a", work) == 2

    run(ask())


def test_who_gives_up_does_not_take_the_others_along() -> None:
    """Neither while the question waits nor while it is worked on."""
    work = Work()

    async def ask() -> None:
        questions = Questions[int](wait_s=PATIENCE_S)
        first = await begun(questions, "a", work)
        gone, staying = [await asked(questions, "a", work) for _ in range(2)]
        first.cancel()
        gone.cancel()
        for each in (first, gone):
            with pytest.raises(asyncio.CancelledError):
                await each
        work.let.set()
        assert await staying == 2

    run(ask())


def test_nobody_waits_for_long() -> None:
    """A question whose turn does not come is refused, and the next one is asked as usual."""
    work = Work()

    async def ask() -> None:
        questions = Questions[int](at_once=1, wait_s=0.05)
        first = await begun(questions, "a", work)
        for question in ("a", "b"):
            with pytest.raises(ServiceUnavailable):
                await questions.answer(question, work)
        work.let.set()
        assert await first == 1
        assert await questions.answer("b", work) == 2

    run(ask())


def test_a_young_answer_is_given_to_who_takes_one() -> None:
    """Its age counts from when its work began; who says nothing of an age has the work done."""
    work, clock = Work(), Clock()

    async def ask() -> None:
        questions = Questions[int](clock=clock, wait_s=PATIENCE_S)
        first = await begun(questions, "a", work)
        clock.time_s = 103.0
        work.let.set()
        assert await first == 1
        assert await questions.answer("a", work, max_age_s=4) == 1
        assert await questions.answer("b", work, max_age_s=4) == 2
        assert await questions.answer("a", work, max_age_s=3) == 3
        assert await questions.answer("a", work, max_age_s=1) == 3
        assert await questions.answer("a", work) == 4
        clock.time_s = 200.0
        assert await questions.answer("a", work, max_age_s=60) == 5

    run(ask())


def test_no_more_than_so_many_answers_are_kept() -> None:
    """The latest; memory is not for whoever asks for a thousand ranges."""
    work = Work()

    async def ask() -> None:
        questions = Questions[int](wait_s=PATIENCE_S)
        for number in range(KEPT + 1):
            await questions.answer(number, work)
        assert await questions.answer(1, work, max_age_s=60) == 2
        assert await questions.answer(0, work, max_age_s=60) == KEPT + 2

    run(ask())


def test_work_that_has_begun_will_do_for_who_takes_an_older_answer() -> None:
    """However long it takes: its age counts from when it began."""
    work, clock = Work(), Clock()

    async def ask() -> None:
        questions = Questions[int](clock=clock, wait_s=PATIENCE_S)
        first = await begun(questions, "a", work)
        clock.time_s = 100.9
        joined = asyncio.create_task(questions.answer("a", work, max_age_s=1))
        await asyncio.sleep(0)
        clock.time_s = 101.0
        late = asyncio.create_task(questions.answer("a", work, max_age_s=1))
        await asyncio.sleep(0)
        work.let.set()
        assert [await each for each in (first, joined, late)] == [1, 1, 2]

    run(ask())


def test_an_error_is_no_answer_to_keep() -> None:
    """Those get it who waited for it; who takes an old answer has the work done anew."""
    work = Work()

    async def ask() -> None:
        questions = Questions[int](wait_s=PATIENCE_S)
        work.error = ValueError("a fault")
        with pytest.raises(ValueError, match="a fault"):
            await questions.answer("a", work)
        work.error = None
        assert await questions.answer("a", work, max_age_s=60) == 2

    run(ask())
