"""The crimes: each a function from a victim's last honest purchase to the fraud that follows."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final, NamedTuple

from finguard.domain.transaction import Transaction
from finguard.simulator.people import MIN_GAP_US, SECOND_US, User
from finguard.simulator.places import Atlas, City
from finguard.simulator.shops import HighStreet
from finguard.simulator.till import Till
from finguard.simulator.truth import Scenario

FAR_KM: Final = 2_500.0
"""Far enough that no flight within the quarter of an hour that a crime lasts explains it."""

MINUTE_US: Final = 60 * SECOND_US
BURST_US: Final = 50 * SECOND_US
BURST_LEAST: Final = 12


class Scene(NamedTuple):
    """What a fraudster has at hand, and whom: a victim who just shopped in person at `time_us`."""

    rng: Random
    atlas: Atlas
    street: HighStreet
    till: Till
    victim: User
    time_us: int

    def far_city(self) -> City:
        """Where the victim cannot be by now."""
        return self.atlas.draw_far(self.rng, self.victim.place, FAR_KM)

    def soon_us(self, least_us: int, most_us: int) -> int:
        """A moment so long after the victim's purchase."""
        return self.time_us + round(self.rng.uniform(least_us, most_us))

    def burst_us(self, start_us: int, count: int) -> list[int]:
        """Moments of a burst that a window of one minute holds entirely."""
        return sorted(start_us + round(self.rng.random() * BURST_US) for _ in range(count))


def impossible_travel(scene: Scene) -> Iterator[Transaction]:
    """A cloned card is used in person far from where its owner has just used it."""
    city = scene.far_city()
    time_us = scene.soon_us(20 * SECOND_US, 2 * MINUTE_US)
    for _ in range(scene.rng.randint(1, 3)):
        usd = scene.victim.usual_usd * scene.rng.uniform(1.0, 5.0)
        yield scene.till.ring_up(scene.victim, scene.street.in_city(city), usd, time_us, city)
        time_us += round(scene.rng.uniform(MINUTE_US, 3 * MINUTE_US))


def high_value(scene: Scene) -> Iterator[Transaction]:
    """One purchase of more than 10,000 US dollars, online or where the owner is."""
    in_person = scene.rng.random() < 0.3  # noqa: PLR2004 - most such purchases are online
    shop = scene.street.luxury(scene.victim.place if in_person else None)
    usd = 10_500.0 + scene.rng.expovariate(1 / 12_000.0)
    time_us = scene.soon_us(10 * SECOND_US, 2 * MINUTE_US)
    yield scene.till.ring_up(scene.victim, shop, min(usd, 90_000.0), time_us)


def card_testing(scene: Scene) -> Iterator[Transaction]:
    """Many tiny online payments within a minute find out whether a number works; then a big one."""
    rng, victim = scene.rng, scene.victim
    shops = [scene.street.online() for _ in range(2)]
    for time_us in scene.burst_us(
        scene.soon_us(10 * SECOND_US, MINUTE_US), rng.randint(BURST_LEAST, 20)
    ):
        shop = shops[int(rng.random() * 2)]
        yield scene.till.ring_up(victim, shop, rng.uniform(0.3, 4.0), time_us)
    if rng.random() < 0.6:  # noqa: PLR2004 - some numbers turn out to be blocked
        later_us = time_us + round(rng.uniform(MINUTE_US, 3 * MINUTE_US))
        yield scene.till.ring_up(victim, scene.street.online(), rng.uniform(200, 900), later_us)


def account_takeover(scene: Scene) -> Iterator[Transaction]:
    """Somebody in a far city shops online in a burst, then in person, for far more than usual."""
    rng, victim, city = scene.rng, scene.victim, scene.far_city()
    start_us = scene.soon_us(20 * SECOND_US, 2 * MINUTE_US)
    for time_us in scene.burst_us(start_us, rng.randint(BURST_LEAST, 15)):
        usd = min(900.0, victim.usual_usd * rng.uniform(3.0, 10.0))
        yield scene.till.ring_up(victim, scene.street.online(), usd, time_us, city)
    for _ in range(rng.randint(1, 3)):
        time_us += MIN_GAP_US + round(rng.uniform(MINUTE_US, 3 * MINUTE_US))
        usd = min(2_500.0, victim.usual_usd * rng.uniform(5.0, 20.0))
        yield scene.till.ring_up(victim, scene.street.in_city(city), usd, time_us, city)


class Crime(NamedTuple):
    """A scenario, how often it is drawn, and how many events it has on average."""

    name: Scenario
    commit: Callable[[Scene], Iterator[Transaction]]
    share: int
    mean_events: float


CRIMES: Final = (
    Crime("impossible_travel", impossible_travel, 3, 2.0),
    Crime("high_value", high_value, 3, 1.0),
    Crime("card_testing", card_testing, 1, 16.6),
    Crime("account_takeover", account_takeover, 1, 15.5),
)
