"""What all systems read: FinGuard's simulated world as files of messages, the same for a seed."""

import heapq
from collections.abc import Iterable, Iterator
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Final

from finguard.domain.transaction import Transaction, encode
from finguard.simulator.people import DAY_US, HOUR_US, SECOND_US
from finguard.simulator.places import load_cities
from finguard.simulator.simulation import NATURAL_STEP_US, USERS_PER_TPS
from finguard.simulator.world import World, WorldPlan

SEED: Final = 7
USERS: Final = 10_000
FRAUD_RATE: Final = 0.01
START_US: Final = 20_089 * DAY_US  # 2025-01-01
LATE_SHARE: Final = 0.005
MOST_LATE_US: Final = HOUR_US
LIVE_FRAUD_RATE: Final = 0.02
"""Twice as much: what happened before the first message is unknown to the detector, so it can tell
about half of the fraud, and the share of alerts is that of the backlog again."""

LEAD_S: Final = 150
"""Fraud follows its victim's purchase by up to minutes: a world just begun has too little of it."""


def backlog(folder: Path, messages: int) -> Path:
    """A new file of messages of the producer's world, where each user buys three times a day.

    A few events come up to an hour late, so that no system can count on their order.
    """
    events = _some_late(event.transaction for event in natural_world(USERS))
    return _written(folder / "backlog", islice(events, messages))


def live(folder: Path, rate: int, seconds: int) -> Path:
    """A new file of messages to be published at a rate, of as many users as the producer takes."""
    users = round(rate * USERS_PER_TPS)
    plan = WorldPlan(
        seed=SEED,
        users=users,
        start_us=START_US,
        step_us=SECOND_US / rate,
        fraud_rate=LIVE_FRAUD_RATE,
    )
    world = World(plan, load_cities())
    lead = rate * LEAD_S
    events = (event.transaction for event in islice(world, lead, lead + rate * seconds))
    return _written(folder / f"live-{rate}", events)


def natural_world(users: int, *, daily: float = DAY_US / NATURAL_STEP_US) -> World:
    """So many people, each of whom buys something so often a day: by default, three times."""
    plan = WorldPlan(
        seed=SEED,
        users=users,
        start_us=START_US,
        step_us=DAY_US / daily / users,
        fraud_rate=FRAUD_RATE,
    )
    return World(plan, load_cities())


def _some_late(events: Iterable[Transaction]) -> Iterator[Transaction]:
    rng = Random(f"late:{SEED}")  # noqa: S311 - repeatable on purpose, guards nothing
    waiting: list[tuple[int, int, Transaction]] = []
    tie_breaker = count()
    for event in events:
        while waiting and waiting[0][0] <= event.time_us:
            yield heapq.heappop(waiting)[2]
        if rng.random() < LATE_SHARE:
            arrives_us = event.time_us + round(rng.random() * MOST_LATE_US)
            heapq.heappush(waiting, (arrives_us, next(tie_breaker), event))
        else:
            yield event


def _written(file: Path, events: Iterable[Transaction]) -> Path:
    with file.open("wb") as output:
        for event in events:
            output.write(event.user_id.encode() + b"\t" + encode(event) + b"\n")
    return file
