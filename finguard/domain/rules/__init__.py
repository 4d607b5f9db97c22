"""The rules: each a function of a transaction and the history before it.

A new rule is a module here with its function, its limits and its terms, one line in `rules` and in
`terms` each, and its tests.
"""

import msgspec

from finguard.domain.rules.high_value import NAME as HIGH_VALUE
from finguard.domain.rules.high_value import ValueLimits, judge_value, value_terms
from finguard.domain.rules.impossible_travel import NAME as TRAVEL
from finguard.domain.rules.impossible_travel import TravelLimits, judge_travel, travel_terms
from finguard.domain.rules.terms import Terms
from finguard.domain.rules.velocity import NAME as VELOCITY
from finguard.domain.rules.velocity import VelocityLimits, judge_velocity, velocity_terms
from finguard.domain.verdict import Rule

__all__ = ["RuleLimits", "Terms", "TravelLimits", "ValueLimits", "VelocityLimits", "rules", "terms"]


class RuleLimits(msgspec.Struct, frozen=True):
    """Every threshold of every rule."""

    travel: TravelLimits = TravelLimits()
    value: ValueLimits = ValueLimits()
    velocity: VelocityLimits = VelocityLimits()


def rules(limits: RuleLimits) -> tuple[Rule, ...]:
    """All rules with their limits, in the order in which findings appear."""
    travel, value, rate = limits.travel, limits.value, limits.velocity
    return (
        Rule(TRAVEL, judge_travel(travel)),
        Rule(HIGH_VALUE, judge_value(value)),
        Rule(VELOCITY, judge_velocity(rate)),
    )


def terms(limits: RuleLimits) -> tuple[Terms, ...]:
    """What all rules judge by, in the same order."""
    return (
        travel_terms(limits.travel),
        value_terms(limits.value),
        velocity_terms(limits.velocity),
    )
