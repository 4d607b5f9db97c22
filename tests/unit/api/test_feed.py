"""The feed's parts that need no database: what a subscriber holds, and what it selects."""

import asyncio

from finguard.api.feed import MAX_PENDING, Batch, Frame, Subscriber, selected


def batch(first: int, count: int) -> Batch:
    """Events in a row."""
    frames = [Frame(first + n, "velocity", "high", False, b"text") for n in range(count)]
    return Batch(frames=frames, last_event_id=first + count - 1, epoch="5f0c1d2e")


def test_subscriber_gets_batches_in_order() -> None:
    """What was put comes out once and in order, also what comes while nobody waits."""

    async def follow() -> list[int]:
        subscriber = Subscriber(0)
        seen: list[int] = []
        for first in (1, 4, 7):
            subscriber.put(batch(first, 3))
            if first > 1:
                seen += [each.last_event_id for each in await subscriber.next_batches()]
        assert not subscriber.ended.is_set()
        return seen

    assert asyncio.run(follow()) == [3, 6, 9]


def test_what_waits_is_bounded() -> None:
    """A subscriber that takes nothing is ended at the limit, and then holds nothing."""

    async def overwhelm() -> None:
        subscriber = Subscriber(0)
        subscriber.put(batch(1, MAX_PENDING))
        assert not subscriber.ended.is_set()
        subscriber.put(batch(MAX_PENDING + 1, 1))
        assert subscriber.ended.is_set()
        assert await subscriber.next_batches() == []

    asyncio.run(overwhelm())


def test_taking_makes_room() -> None:
    """Only what waits counts, not what has been taken."""

    async def keep_up() -> None:
        subscriber = Subscriber(0)
        for first in range(1, 10 * MAX_PENDING, MAX_PENDING):
            subscriber.put(batch(first, MAX_PENDING))
            await subscriber.next_batches()
        assert not subscriber.ended.is_set()

    asyncio.run(keep_up())


def test_filters_select_by_both() -> None:
    """No rules and no severities select all; given ones select what has one of each."""
    frames = [
        Frame(1, "velocity", "high", False, b""),
        Frame(2, "velocity", "low", False, b""),
        Frame(3, "high_value", "high", False, b""),
    ]

    def ids(rules: list[str], severities: list[str]) -> list[int]:
        chosen = selected(frames, rules=rules, severities=severities)
        return [frame.event_id for frame in chosen]

    assert ids([], []) == [1, 2, 3]
    assert ids(["velocity"], []) == [1, 2]
    assert ids([], ["high"]) == [1, 3]
    assert ids(["velocity", "high_value"], ["low"]) == [2]
