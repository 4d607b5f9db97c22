"""The world: an endless stream of transactions, pure and in event-time order."""

import heapq
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import count
from random import Random
from typing import Final, NamedTuple

import msgspec

from finguard.domain.transaction import Transaction
from finguard.simulator.people import MIN_GAP_US, Registry, User
from finguard.simulator.places import Atlas, City
from finguard.simulator.scenarios import CRIMES, Crime, Scene
from finguard.simulator.shops import HighStreet
from finguard.simulator.till import Till
from finguard.simulator.truth import Fraud

_TRIES: Final = 30
_TRAVELLERS: Final = 0.1
"""At most this share of the users is under way at a time, so that somebody is always there."""


class WorldPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a world follows from: the same plan gives the same transactions.

    Attributes:
        users: how many cardholders there are at any time; a victim's place is taken by a newcomer.
        start_us: event time of the first transaction, in microseconds since 1970.
        step_us: event time from one transaction to the next, on average.
        fraud_rate: share of the transactions that belong to a crime.
    """

    seed: int
    users: int
    start_us: int
    step_us: float
    fraud_rate: float

    @property
    def min_gap_us(self) -> int:
        """How long nobody shops again; less than plausible where few users must keep a high rate.

        At any time about half of the users are free to shop, so that one is quickly found.
        """
        return min(MIN_GAP_US, round(self.users * self.step_us / 2))

    @property
    def is_plausible(self) -> bool:
        """Whether honest users can keep the rate without being taken for card testers."""
        return self.min_gap_us == MIN_GAP_US


class Event(NamedTuple):
    """A transaction and, where it is fraud, its label."""

    transaction: Transaction
    fraud: Fraud | None


class World:
    """Users who shop and travel, and fraudsters among them.

    Iterate over it, once: it never ends.
    """

    def __init__(self, plan: WorldPlan, cities: Sequence[City]) -> None:
        self._plan = plan
        self._rng = Random(plan.seed)  # noqa: S311 - repeatable on purpose, guards nothing
        # Two runs must not share ids: what the detector remembers of the first would be a conflict.
        run = int.from_bytes(blake2b(f"{plan.seed}:{plan.start_us}".encode()).digest()[:8])
        self._atlas = Atlas(cities)
        self._street = HighStreet(self._rng, plan.seed)
        self._till = Till(self._rng, run)
        self._registry = Registry(
            self._rng,
            self._atlas,
            self._street,
            tag=f"{run >> 40:06x}",
            min_gap_us=plan.min_gap_us,
        )
        self._present = [self._registry.newcomer(plan.start_us) for _ in range(plan.users)]
        self._travelling: list[tuple[int, str, User]] = []
        self._scheduled: list[tuple[int, int, Event]] = []
        self._tie_breaker = count()
        self._frauds = 0
        self._next_crimes: list[Crime] = []

    def __iter__(self) -> Iterator[Event]:
        """All events, in event-time order: honest ones at even steps, the others when due."""
        for number in count():
            time_us = self._plan.start_us + round(number * self._plan.step_us)
            if self._scheduled and self._scheduled[0][0] <= time_us:
                yield heapq.heappop(self._scheduled)[2]
                continue
            self._arrive(time_us)
            position = self._find_shopper(time_us)
            user = self._present[position]
            shop, usd = self._registry.choose_purchase(user, time_us)
            yield Event(self._till.ring_up(user, shop, usd, time_us), None)
            if shop.lat is not None and self._crime_is_due(number):
                self._commit_crime(position, time_us)

    def _arrive(self, time_us: int) -> None:
        while self._travelling and self._travelling[0][0] <= time_us:
            self._present.append(heapq.heappop(self._travelling)[2])

    def _find_shopper(self, time_us: int) -> int:
        """Position among those present of somebody awake who has not just shopped."""
        rng = self._rng
        for _ in range(_TRIES):
            position = int(rng.random() * len(self._present))
            user = self._present[position]
            if user.free_us > time_us or not user.awake(time_us, rng.random()):
                continue
            if time_us < user.leaves_us or not self._set_out(position, time_us):
                return position
        # Few users, and all in bed: then somebody cannot sleep.
        return min(range(len(self._present)), key=lambda at: self._present[at].free_us)

    def _set_out(self, position: int, time_us: int) -> bool:
        if len(self._travelling) + 1 > self._plan.users * _TRAVELLERS:
            return False
        user = self._remove(position)
        arrives_us = self._registry.depart(user, time_us)
        heapq.heappush(self._travelling, (arrives_us, user.user_id, user))
        return True

    def _remove(self, position: int) -> User:
        user = self._present[position]
        self._present[position] = self._present[-1]
        self._present.pop()
        return user

    def _crime_is_due(self, number: int) -> bool:
        """Whether the share of fraud so far leaves room for about half of the next crime."""
        if not self._next_crimes:
            self._next_crimes = [crime for crime in CRIMES for _ in range(crime.share)]
            self._rng.shuffle(self._next_crimes)
        expected = self._plan.fraud_rate * number
        return expected >= self._frauds + self._next_crimes[-1].mean_events / 2

    def _commit_crime(self, position: int, time_us: int) -> None:
        """Schedule a crime; its victim's account is closed, and a newcomer takes the place."""
        crime = self._next_crimes.pop()
        victim = self._remove(position)
        self._present.append(self._registry.newcomer(time_us))
        scene = Scene(self._rng, self._atlas, self._street, self._till, victim, time_us)
        for transaction in crime.commit(scene):
            fraud = Fraud(transaction.transaction_id, transaction.user_id, crime.name)
            due = (transaction.time_us, next(self._tie_breaker), Event(transaction, fraud))
            heapq.heappush(self._scheduled, due)
            self._frauds += 1
