"""The rules: each a function of a transaction and the history before it.

A new rule is a module here with its function and its limits, one line in `rules`, and its tests.
"""

from functools import partial

import msgspec

from finguard.domain.rules.high_value import ValueLimits, high_value
from finguard.domain.rules.impossible_travel import TravelLimits, impossible_travel
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
    return (
        Rule("impossible_travel", partial(impossible_travel, limits=limits.travel)),
        Rule("high_value", partial(high_value, limits=limits.value)),
        Rule("velocity", partial(velocity, limits=limits.velocity)),
    )
