"""Where money is spent: kinds of shops, and the shops of each city and of the internet."""

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple

from faker import Faker

from finguard.simulator.places import City

SHOPS_A_CITY: Final = 25
ONLINE_SHOPS: Final = 120
SPREAD_KM: Final = 4.0
KM_A_DEGREE: Final = 111.2


class Trade(NamedTuple):
    """A kind of shop.

    Attributes:
        category: as the event says it.
        share: how often people go there, compared with the other trades.
        price: a typical bill, as a multiple of what the customer usually spends.
    """

    category: str
    share: float
    price: float


STREET_TRADES: Final = (
    Trade("groceries", 30, 1.0),
    Trade("restaurant", 18, 0.9),
    Trade("coffee", 14, 0.2),
    Trade("fuel", 10, 1.3),
    Trade("pharmacy", 8, 0.6),
    Trade("transport", 8, 0.3),
    Trade("clothing", 7, 1.8),
    Trade("electronics", 3, 4.0),
    Trade("hotel", 2, 5.0),
)
ONLINE_TRADES: Final = (
    Trade("marketplace", 30, 1.2),
    Trade("food_delivery", 20, 0.7),
    Trade("streaming", 12, 0.3),
    Trade("games", 10, 0.5),
    Trade("fashion", 12, 1.7),
    Trade("electronics", 8, 4.0),
    Trade("airline", 5, 7.0),
    Trade("donation", 3, 0.6),
)
LUXURY_TRADES: Final = (
    Trade("jewellery", 1, 1.0),
    Trade("electronics", 1, 1.0),
    Trade("art", 1, 1.0),
    Trade("travel_agency", 1, 1.0),
)


class Shop(NamedTuple):
    """A shop: online where it has no place of its own."""

    merchant: str
    trade: Trade
    lat: float | None = None
    lon: float | None = None


class HighStreet:
    """All shops; a city's are opened when the first customer comes.

    Draws come from `rng` and names from a Faker with the same seed, so a seed gives the same shops.
    """

    def __init__(self, rng: Random, seed: int) -> None:
        self._rng = rng
        self._faker = Faker("en_US")
        self._faker.seed_instance(seed)
        self._streets: dict[City, list[Shop]] = {}
        self._online = [
            Shop(self._faker.domain_name(), trade) for trade in _draw(ONLINE_TRADES, rng)
        ]

    def in_city(self, city: City) -> Shop:
        """Any shop of a city."""
        shops = self._streets.get(city) or self._open(city)
        return shops[int(self._rng.random() * len(shops))]

    def online(self) -> Shop:
        """Any shop of the internet."""
        return self._online[int(self._rng.random() * len(self._online))]

    def luxury(self, city: City | None) -> Shop:
        """A shop for large bills: in a city, or online where that is None."""
        trade = LUXURY_TRADES[int(self._rng.random() * len(LUXURY_TRADES))]
        name = self._name()
        return Shop(name, trade) if city is None else self._place(name, trade, city)

    def _open(self, city: City) -> list[Shop]:
        shops = [
            self._place(self._name(), trade, city)
            for trade in _draw(STREET_TRADES, self._rng, SHOPS_A_CITY)
        ]
        self._streets[city] = shops
        return shops

    def _name(self) -> str:
        return str(self._faker.company())

    def _place(self, name: str, trade: Trade, city: City) -> Shop:
        """A shop a few kilometres from the centre; nobody's walk to it is ever judged a journey."""
        north_km = max(-3.0, min(3.0, self._rng.gauss(0.0, 1.0))) * SPREAD_KM
        east_km = max(-3.0, min(3.0, self._rng.gauss(0.0, 1.0))) * SPREAD_KM
        lat = city.lat + north_km / KM_A_DEGREE
        # Close enough to a degree of longitude at every city of the table.
        lon = city.lon + east_km / KM_A_DEGREE
        return Shop(name, trade, round(lat, 5), round(lon, 5))


def _draw(trades: Sequence[Trade], rng: Random, count: int = ONLINE_SHOPS) -> list[Trade]:
    weights = list(accumulate(trade.share for trade in trades))
    return [trades[bisect(weights, rng.random() * weights[-1])] for _ in range(count)]
