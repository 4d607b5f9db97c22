"""The cities where the simulated cardholders live, travel and shop."""

import csv
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import NamedTuple

from finguard.domain.geo import distance_km

CITIES_FILE = Path(__file__).with_name("data") / "cities.csv"


class City(NamedTuple):
    """A city, its centre in degrees and the currency people pay with there."""

    name: str
    country: str
    currency: str
    lat: float
    lon: float
    population: int


def load_cities(path: Path = CITIES_FILE) -> tuple[City, ...]:
    """Read the cities, the largest first."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return tuple(
            City(
                row["name"],
                row["country"],
                row["currency"],
                float(row["lat"]),
                float(row["lon"]),
                int(row["population"]),
            )
            for row in rows
        )


class Atlas:
    """Cities to draw from: the more people live in one, the more often."""

    def __init__(self, cities: Sequence[City]) -> None:
        self._cities = tuple(cities)
        # The square root keeps the giants from crowding out everybody else.
        self._weights = list(accumulate(city.population**0.5 for city in self._cities))

    def draw(self, rng: Random) -> City:
        """Any city."""
        return self._cities[bisect(self._weights, rng.random() * self._weights[-1])]

    def draw_destination(self, rng: Random, origin: City) -> City:
        """A city to travel to: more often a near one than a far one."""
        candidates = [self._draw_other(rng, origin) for _ in range(4)]
        if rng.random() < 0.6:  # noqa: PLR2004 - a habit of the simulated people, named here
            return min(candidates, key=lambda city: between_km(origin, city))
        return candidates[0]

    def draw_far(self, rng: Random, origin: City, least_km: float) -> City:
        """A city at least so far away; the farthest there is, where none is."""
        far = [city for city in self._cities if between_km(origin, city) >= least_km]
        if not far:
            return max(self._cities, key=lambda city: between_km(origin, city))
        return far[int(rng.random() * len(far))]

    def _draw_other(self, rng: Random, origin: City) -> City:
        city = self.draw(rng)
        while city is origin:
            city = self.draw(rng)
        return city


def between_km(one: City, other: City) -> float:
    """Great-circle distance between the centres of two cities."""
    return distance_km(one.lat, one.lon, other.lat, other.lon)
