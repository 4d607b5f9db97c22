"""Gathered look-ups: few of them, and none that began before somebody asked."""

import asyncio
from collections.abc import Coroutine, Mapping
from threading import Event
from typing import Any

import pytest

from finguard.api.lookups import MAX_TOGETHER, Lookups
from finguard.errors import ServiceUnavailable
from tests.patience import PATIENCE_S


class Table:
    """Finds values, once it is let, and notes what it was asked for.

    Args:
        values: what there is.
    """

    def __init__(self, **values: int) -> None:
        self.values = dict(values)
        self.asked: list[list[str]] = []
        self.begun = Event()
        self.let = Event()
        self.let.set()
        self.error: Exception | None = None

    def look_up(self, keys: list[str]) -> Mapping[str, int]:
        """The values as they are when this begins."""
        self.asked.append(keys)
        found = {key: self.values[key] for key in keys if key in self.values}
        self.begun.set()
        assert self.let.wait(timeout=PATIENCE_S)
        if self.error:
            raise self.error
        return found


def run(what: Coroutine[Any, Any, None]) -> None:
    """Run it, and not for ever."""
    asyncio.run(asyncio.wait_for(what, timeout=PATIENCE_S))


async def begin(table: Table) -> None:
    """Wait until a look-up has begun."""
    assert await asyncio.to_thread(table.begun.wait, PATIENCE_S)
    table.begun.clear()


def test_those_who_ask_at_once_share_a_look_up() -> None:
    """One look-up finds the values of all, and nothing for what is not there."""
    table = Table(a=1, b=2)

    async def ask() -> None:
        lookups = Lookups(table.look_up)
        found = await asyncio.gather(*map(lookups.find, ("a", "b", "a", "none")))
        assert found == [1, 2, 1, None]

    run(ask())
    assert table.asked == [["a", "b", "none"]]


def test_nobody_is_told_what_was_found_before_they_asked() -> None:
    """Who asks while a look-up runs gets the outcome of the next."""
    table = Table(a=1)

    async def ask() -> None:
        lookups = Lookups(table.look_up)
        table.let.clear()
        first = asyncio.create_task(lookups.find("a"))
        await begin(table)
        del table.values["a"]
        second = asyncio.create_task(lookups.find("a"))
        await asyncio.sleep(0)
        table.let.set()
        assert await first == 1
        assert await second is None

    run(ask())
    assert table.asked == [["a"], ["a"]]


def test_many_keys_take_several_look_ups() -> None:
    """No statement grows without a bound."""
    table = Table()

    async def ask() -> None:
        lookups = Lookups(table.look_up)
        await asyncio.gather(*(lookups.find(str(number)) for number in range(MAX_TOGETHER + 1)))

    run(ask())
    assert [len(keys) for keys in table.asked] == [MAX_TOGETHER, 1]


def test_errors_reach_all_who_asked() -> None:
    """The next look-up is made all the same."""
    table = Table(a=1, b=2)

    async def ask() -> None:
        lookups = Lookups(table.look_up)
        table.error = RuntimeError("a fault")
        both = await asyncio.gather(lookups.find("a"), lookups.find("b"), return_exceptions=True)
        assert [str(error) for error in both] == ["a fault"] * 2
        table.error = None
        assert await lookups.find("a") == 1

    run(ask())


def test_nobody_waits_twice_for_a_server_that_is_away() -> None:
    """Who waits behind a look-up that finds the server away hears of it at once."""
    table = Table()

    async def ask() -> None:
        lookups = Lookups(table.look_up)
        table.let.clear()
        table.error = ServiceUnavailable("away")
        first = asyncio.create_task(lookups.find("a"))
        await begin(table)
        others = [asyncio.create_task(lookups.find(key)) for key in ("a", "b")]
        await asyncio.sleep(0)
        table.let.set()
        for each in (first, *others):
            with pytest.raises(ServiceUnavailable):
                await each

    run(ask())
    assert table.asked == [["a"]]


def test_who_gives_up_does_not_take_the_others_along() -> None:
    """A cancelled request leaves its look-up to those who still wait."""
    table = Table(a=1)

    async def ask() -> None:
        lookups = Lookups(table.look_up)
        table.let.clear()
        gone, staying = (asyncio.create_task(lookups.find("a")) for _ in range(2))
        await begin(table)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        table.let.set()
        assert await staying == 1

    run(ask())
