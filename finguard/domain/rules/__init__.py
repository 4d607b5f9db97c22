"""The rules: each a function of a transaction and the history before it.

A new rule is a module here with its function and its limits, one line in `rules`, and its tests.
"""

import msgspec

from finguard.domain.rules.high_value import NAME as HIGH_VALUE
from finguard.domain.rules.high_value import ValueLimits, judge_value
from finguard.domain.rules.impossible_travel import NAME as TRAVEL
from finguard.domain.rules.impossible_travel import TravelLimits, judge_travel
from finguard.domain.rules.velocity import NAME as VELOCITY
from finguard.domain.rules.velocity import VelocityLimits, judge_velocity
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
    return (
        Rule(TRAVEL, judge_travel(travel)),
        Rule(HIGH_VALUE, judge_value(value)),
        Rule(VELOCITY, judge_velocity(rate)),
    )
