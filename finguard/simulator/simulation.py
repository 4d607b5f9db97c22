"""The simulated world as a job for the sender."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Final

from finguard.errors import FinGuardError
from finguard.simulator.people import DAY_US, SECOND_US
from finguard.simulator.places import load_cities
from finguard.simulator.run import Job
from finguard.simulator.stream import world_messages
from finguard.simulator.till import EPOCH
from finguard.simulator.world import World, WorldPlan

LEAST_USERS: Final = 1_000
USERS_PER_TPS: Final = 20.0

NATURAL_STEP_US: Final = DAY_US / 3
"""From one purchase of a person to the next, where nobody asks for a rate."""

HASTE: Final = "so few users keep this rate only by shopping as fast as card testers do"

UNLIMITED_PAST_US: Final = 30 * DAY_US


class UsageError(FinGuardError):
    """Options that contradict each other or the clock."""


@dataclass(frozen=True, kw_only=True)
class SimulationOptions:
    """What to simulate; `cli` tells what each option means.

    Attributes:
        rate: transactions a second; 0 for as fast as possible.
        users: None for as many as the rate calls for, at least 1,000.
        start_us: event time of the first transaction, in microseconds since 1970; None for now,
            or, as fast as possible, for so far back that the last one happens about now.
    """

    seed: int
    rate: float = 50.0
    users: int | None = None
    limit: int | None = None
    fraud_rate: float = 0.01
    poison_rate: float = 0.002
    start_us: int | None = None
    labels: Path | None = None


def simulation_job(options: SimulationOptions, now_us: int) -> Job:
    """Build the world and the stream of its messages.

    Raises:
        UsageError: when the options contradict each other or the clock.
    """
    users = options.users or max(LEAST_USERS, ceil(options.rate * USERS_PER_TPS))
    step_us = SECOND_US / options.rate if options.rate else NATURAL_STEP_US / users
    start_us = _start_us(options, step_us, now_us)
    plan = WorldPlan(
        seed=options.seed,
        users=users,
        start_us=start_us,
        step_us=step_us,
        fraud_rate=options.fraud_rate,
    )
    messages = world_messages(
        World(plan, load_cities()), seed=options.seed, poison_rate=options.poison_rate
    )
    return Job(
        messages=islice(messages, options.limit),
        speed=1.0 if options.rate else None,
        total=lambda: options.limit,
        title="simulating",
        facts={
            "users": users,
            "rate": options.rate or "as fast as possible",
            "repeat_with": _repeat_with(options, plan),
        },
        warning="" if plan.is_plausible else HASTE,
        labels=options.labels,
    )


def _repeat_with(options: SimulationOptions, plan: WorldPlan) -> str:
    start = EPOCH + timedelta(microseconds=plan.start_us)
    return (
        f"--seed {plan.seed} --start-time {start.isoformat()} --rate {options.rate:g} "
        f"--users {plan.users} --fraud-rate {plan.fraud_rate:g} "
        f"--poison-rate {options.poison_rate:g}"
    )


def _start_us(options: SimulationOptions, step_us: float, now_us: int) -> int:
    start_us = options.start_us
    if start_us is None:
        # At full speed event time outruns the clock, and an event must not lie in the future.
        span_us = UNLIMITED_PAST_US if options.limit is None else round(options.limit * step_us)
        start_us = now_us if options.rate else now_us - span_us
    if start_us > now_us:
        raise UsageError("--start-time lies in the future; the detector refuses such events")
    if start_us < 0:
        raise UsageError("the run would begin before 1970; give more --users or a --start-time")
    return start_us
