"""The cardholders: where each lives, what each usually spends, and when each travels."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from finguard.simulator.places import Atlas, City, between_km
from finguard.simulator.shops import HighStreet, Shop

SECOND_US: Final = 1_000_000
HOUR_US: Final = 3_600 * SECOND_US
DAY_US: Final = 24 * HOUR_US

MIN_GAP_US: Final = 7 * SECOND_US
"""Honest people leave as much time: at most nine purchases a minute; eleven would be velocity."""

TRIP_SPEED_KMH: Final = 600.0
TRIP_OVERHEAD_US: Final = 3 * HOUR_US
"""Door to door: slower in the air and longer at airports than the travel rule asks for."""

DAYS_BETWEEN_TRIPS: Final = 20.0
MAX_DAYS_AWAY: Final = 8.0
AWAY_AT_FIRST: Final = 0.05

ORDINARY_MAX_USD: Final = 1_000.0
LARGE_USD: Final = (1_500.0, 8_000.0)
LARGE_SHARE: Final = 0.002
LARGE_GAP_US: Final = HOUR_US
"""Together: nine purchases in a minute, one of them large, stay below 20,000 USD."""

FAVOURITES: Final = 6
FAVOURITE_SHARE: Final = 0.8

_ACTIVITY: Final = (
    *(0.15, 0.1, 0.1, 0.1, 0.1, 0.15, 0.3, 0.5, 0.7, 0.8, 0.85, 0.9),
    *(1.0, 1.0, 0.9, 0.85, 0.85, 0.95, 1.0, 1.0, 0.9, 0.7, 0.45, 0.25),
)
"""How likely people shop in each hour of their day, compared with the busiest."""


@dataclass(slots=True, eq=False)
class User:
    """A cardholder.

    Attributes:
        user_id: also the key of the user's events.
        home: where the user lives. place: where the user is, or is travelling to.
        usual_usd: the user's typical bill. online_share: how much of it is paid online.
        favourites: shops at home that the user keeps returning to.
        free_us: no purchase before this time. leaves_us: when the next trip or the return begins.
        large_us: no large purchase before this time.
    """

    user_id: str
    home: City
    place: City
    usual_usd: float
    online_share: float
    favourites: Sequence[Shop]
    leaves_us: int
    free_us: int = 0
    large_us: int = 0

    def awake(self, time_us: int, chance: float) -> bool:
        """Whether a draw between 0 and 1 finds the user out shopping, by the sun at their place."""
        solar_us = time_us + self.place.lon / 15.0 * HOUR_US
        return chance < _ACTIVITY[int(solar_us // HOUR_US) % 24]


class Registry:
    """Where cardholders come from and how they move and shop.

    Args:
        rng: draws everything. tag: part of all user ids, so that two runs share no users.
        min_gap_us: nobody shops twice within it.
    """

    def __init__(
        self, rng: Random, atlas: Atlas, street: HighStreet, *, tag: str, min_gap_us: int
    ) -> None:
        self._rng = rng
        self._atlas = atlas
        self._street = street
        self._tag = tag
        self._min_gap_us = min_gap_us
        self._users = 0

    def newcomer(self, time_us: int) -> User:
        """A user nobody has seen before; a few are away from home when their story begins."""
        self._users += 1
        rng = self._rng
        home = self._atlas.draw(rng)
        away = rng.random() < AWAY_AT_FIRST
        return User(
            user_id=f"user-{self._tag}-{self._users:05d}",
            home=home,
            place=self._atlas.draw_destination(rng, home) if away else home,
            usual_usd=min(250.0, max(6.0, rng.lognormvariate(3.4, 0.6))),
            online_share=0.1 + 0.5 * rng.random(),
            favourites=[self._street.in_city(home) for _ in range(FAVOURITES)],
            leaves_us=time_us + (self._days_away_us() if away else self._days_home_us()),
        )

    def depart(self, user: User, time_us: int) -> int:
        """Send the user on a trip, or home from one.

        Returns:
            When the user arrives; until then there is nothing to buy.
        """
        origin = user.place
        away = origin is user.home
        user.place = self._atlas.draw_destination(self._rng, origin) if away else user.home
        distance_km = between_km(origin, user.place)
        arrives_us = time_us + TRIP_OVERHEAD_US + round(distance_km / TRIP_SPEED_KMH * HOUR_US)
        user.leaves_us = arrives_us + (self._days_away_us() if away else self._days_home_us())
        return arrives_us

    def choose_purchase(self, user: User, time_us: int) -> tuple[Shop, float]:
        """What the user buys now: the shop, and the bill in US dollars."""
        rng = self._rng
        user.free_us = time_us + self._min_gap_us
        if rng.random() < LARGE_SHARE and time_us >= user.large_us:
            user.large_us = time_us + LARGE_GAP_US
            online = rng.random() < user.online_share
            low, high = LARGE_USD
            return self._street.luxury(None if online else user.place), rng.uniform(low, high)
        shop = self._choose_shop(user)
        usd = user.usual_usd * shop.trade.price * rng.lognormvariate(0.0, 0.45)
        return shop, min(usd, ORDINARY_MAX_USD)

    def _choose_shop(self, user: User) -> Shop:
        rng = self._rng
        if rng.random() < user.online_share:
            return self._street.online()
        if user.place is user.home and rng.random() < FAVOURITE_SHARE:
            return user.favourites[int(rng.random() * FAVOURITES)]
        return self._street.in_city(user.place)

    def _days_home_us(self) -> int:
        return round(self._rng.expovariate(1 / DAYS_BETWEEN_TRIPS) * DAY_US)

    def _days_away_us(self) -> int:
        return round(self._rng.uniform(1.0, MAX_DAYS_AWAY) * DAY_US)
