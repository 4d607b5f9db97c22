"""The rules: each a function of a transaction and the history before it.

A new rule is a module here with its function and its limits, one line in `rules`, and its tests.
"""

import msgspec

from finguard.domain.rules.high_value import NAME as HIGH_VALUE
from finguard.domain.rules.high_value import ValueLimits, high_value
from finguard.domain.rules.impossible_travel import NAME as TRAVEL
from finguard.domain.rules.impossible_travel import TravelLimits, impossible_travel
from finguard.domain.rules.velocity import NAME as VELOCITY
from finguard.domain.rules.velocity import VelocityLimits, velocity
from finguard.domain.verdict import Rule

__all__ = ["RuleLimits", "TravelLimits", "ValueLimits", "VelocityLimits", "rules"]


class RuleLimits(msgspec.Struct, frozen=True):
    """Every threshold of every rule."""

    travel: TravelLimits = TravelLimits()
    value: ValueLimits = ValueLimits()
    velocity: VelocityLimits = VelocityLimits()


def rules(limits: RuleLimits) -> tuple[Rule, ...]:
    """All rules with their limits, in the order in which findings appear."""
    travel, value, rate = limits.travel, limits.value, limits.velocity
    # Lambdas, since calling a partial with a keyword takes twice as long.
    return (
        Rule(TRAVEL, lambda event, past, profile: impossible_travel(event, past, profile, travel)),
        Rule(HIGH_VALUE, lambda event, past, profile: high_value(event, past, profile, value)),
        Rule(VELOCITY, lambda event, past, profile: velocity(event, past, profile, rate)),
    )
