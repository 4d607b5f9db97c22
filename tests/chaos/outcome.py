"""Runs a row, and tells what came of it as a line of the summary."""

import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import redis

from devstack import Stack
from finguard.adapters.kafka.source import topic_identity
from tests.acceptance.programs import Site
from tests.chaos.comparison import difference, profile_store
from tests.chaos.rows import Row
from tests.chaos.trial import Trial

TITLES: Final = ("#", "fault", "kills", "messages", "missing", "duplicated", "recovery s", "pass")


class Outcome(msgspec.Struct, kw_only=True):
    """One row's figures.

    Attributes:
        kills: how often something was killed, frozen, emptied or otherwise harmed.
        messages: how many were to be judged.
        missing: effects of the oracle that are not stored.
        duplicated: stored effects that the oracle does not have.
        recovery_s: the longest time from the end of a fault until no lag was left.
        failure: what is wrong; empty when nothing is.
    """

    row: int
    fault: str
    kills: int = 0
    messages: int = 0
    missing: int = 0
    duplicated: int = 0
    recovery_s: float | None = None
    took_s: float = 0.0
    failure: str = ""
    machine: str = ""

    @property
    def passed(self) -> bool:
        """Whether the fault has cost nothing but a bounded time."""
        return not self.failure


def run(stack: Stack, site: Site, row: Row, parameters: Mapping[str, Any] | None = None) -> Outcome:
    """Provoke a row's fault, and hold what it leaves behind against the oracle.

    Args:
        stack: the services.
        site: a deployment that nobody has used.
        row: the fault.
        parameters: those of the whole run unless given.
    """
    outcome = Outcome(row=row.number, fault=row.fault)
    trial = Trial(stack, site)
    began_s = time.monotonic()
    try:
        with _mending(stack):
            row.provoke(trial, **(row.whole if parameters is None else parameters))
            _judge(trial, outcome)
    except Exception:  # noqa: BLE001 - whatever it is, the row has failed, and the others go on
        outcome.failure = traceback.format_exc()
    outcome.kills = trial.kills
    outcome.took_s = round(time.monotonic() - began_s, 1)
    if trial.recovery_s is not None:
        outcome.recovery_s = round(trial.recovery_s, 1)
    return outcome


def _judge(trial: Trial, outcome: Outcome) -> None:
    site = trial.site
    logs = trial.logs or [site.records()]
    topic_id = topic_identity(site.kafka, site.topic).topic_id
    store = profile_store(trial.stack.redis_url, group=site.group, topic_id=topic_id)
    found = difference(site, store, logs)
    outcome.messages = sum(len(records) for log in logs for records in log.values())
    outcome.missing, outcome.duplicated = found.missing, found.duplicated
    outcome.failure = "; ".join(found.examples)


@contextmanager
def _mending(stack: Stack) -> Iterator[None]:
    """Leave the services as the next row needs them, however this one ends."""
    try:
        yield
    finally:
        for service in (stack.kafka, stack.redis, stack.postgres):
            service.thaw()
            service.start()
        with redis.Redis.from_url(stack.redis_url) as client:
            client.config_set("maxmemory", 0)
            client.config_set("maxmemory-policy", "noeviction")


def cells(outcome: Outcome) -> Sequence[str]:
    """The line of the summary."""
    return (
        str(outcome.row),
        outcome.fault,
        f"{outcome.kills:,}",
        f"{outcome.messages:,}",
        f"{outcome.missing:,}",
        f"{outcome.duplicated:,}",
        "-" if outcome.recovery_s is None else f"{outcome.recovery_s:.1f}",
        "yes" if outcome.passed else "NO",
    )
