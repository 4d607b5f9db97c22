"""Worlds that the tests look at."""

from collections.abc import Iterable
from functools import cache
from itertools import islice

import msgspec

from finguard.domain.assess import Assessment, assess
from finguard.domain.profile import History, Profile
from finguard.domain.rules import RuleLimits, rules
from finguard.simulator.places import load_cities
from finguard.simulator.world import Event, World, WorldPlan

START_US = 1_767_225_600_000_000
"""2026-01-01T00:00Z"""

LIVE = WorldPlan(seed=11, users=1_000, start_us=START_US, step_us=20_000, fraud_rate=0.01)
"""50 transactions a second, as the producer makes them when nothing else is asked for."""

NATURAL = WorldPlan(seed=12, users=200, start_us=START_US, step_us=144e6, fraud_rate=0.01)
"""Everybody shops three times a day: 20,000 transactions cover 33 days, with many trips."""


SMALL = msgspec.structs.replace(LIVE, users=100, step_us=200_000, fraud_rate=0.1)
"""Quickly made, and with much fraud."""


@cache
def events(plan: WorldPlan, count: int) -> tuple[Event, ...]:
    """The first events of a world."""
    return tuple(islice(World(plan, load_cities()), count))


def judge(stream: Iterable[Event]) -> list[tuple[Event, Assessment]]:
    """What the default rules say of each event."""
    profiles: dict[str, Profile] = {}
    judged = []
    for event in stream:
        user_id = event.transaction.user_id
        assessment = assess(
            event.transaction,
            profiles.get(user_id, Profile()),
            rules(RuleLimits()),
            History(),
        )
        profiles[user_id] = assessment.profile
        judged.append((event, assessment))
    return judged
