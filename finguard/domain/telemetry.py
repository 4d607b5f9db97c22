"""What a detector tells of itself while it runs, as values that any listener can use."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, get_args

import msgspec

from finguard.domain.effects import Effects
from finguard.errors import Service

Step = Literal["poll", "load", "assess", "dead_letters", "postgresql", "redis"]
"""The steps of a batch, in the order of docs/delivery.md; the commit to Kafka is not waited for."""

STEPS: Final[tuple[Step, ...]] = get_args(Step)

# Finer around what is promised: 15 and 60 ms at the middle and at the end.
LATENCY_BOUNDS_S: Final = (
    *(0.001, 0.002, 0.005, 0.01, 0.015, 0.025, 0.04, 0.06, 0.1, 0.15, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""What every histogram of the latency counts by, from a published event to its durable alert."""


class Latency(msgspec.Struct, frozen=True):
    """How long alerts took from the moment Kafka took the event until they were durable.

    Attributes:
        counts: how many took no longer than each of `LATENCY_BOUNDS_S`; then how many there were.
        sum_s: all of them together.
    """

    counts: tuple[int, ...] = (0,) * (len(LATENCY_BOUNDS_S) + 1)
    sum_s: float = 0.0


def quantile(bounds_s: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """Estimate the time that so large a share of the alerts did not exceed, in seconds.

    Within a bucket they count as evenly spread; of those beyond the last bound no more is known
    than that bound. None where there are none.

    Args:
        bounds_s: rising.
        counts: how many took no longer, by bound, and one more for all.
        share: from 0 to 1.
    """
    rank = share * counts[-1]
    if not counts[-1]:
        return None
    lower_s, below = 0.0, 0
    for bound_s, count in zip(bounds_s, counts, strict=False):
        if count >= rank and count > below:
            return lower_s + (bound_s - lower_s) * (rank - below) / (count - below)
        lower_s, below = bound_s, count
    return lower_s


class Turned(msgspec.Struct, frozen=True):
    """The loop has come round once more, or still waits for a service and polls."""


class Assigned(msgspec.Struct, frozen=True):
    """The group has decided anew.

    Attributes:
        partitions: all that this member owns from now on; none where it only stands by.
    """

    partitions: frozenset[int]


class Rejoined(msgspec.Struct, frozen=True):
    """Another member had taken over; this one has left the group and asks to be let in again."""


class RebuildBegan(msgspec.Struct, frozen=True):
    """Redis lacks profiles that Kafka still knows: they are folded again before anything new.

    Attributes:
        records: by partition, how many are to be folded.
    """

    records: Mapping[int, int]


class RebuildMoved(msgspec.Struct, frozen=True):
    """A part of a rebuild is done.

    Attributes:
        folded: records since the last word.
        remaining: by partition; empty when all profiles are whole.
    """

    folded: int
    remaining: Mapping[int, int]


class Stored(msgspec.Struct, frozen=True):
    """A batch's effects are durable in PostgreSQL.

    Attributes:
        at_us: when, microseconds since 1970.
    """

    effects: Effects
    at_us: int


class BatchDone(msgspec.Struct, frozen=True):
    """A batch has been through every step.

    Attributes:
        records: how many were polled.
        steps: seconds that each step took, waits for a service that was away included.
    """

    records: int
    steps: Mapping[Step, float]


class LagSeen(msgspec.Struct, frozen=True):
    """How far behind this member is.

    Attributes:
        lag: by partition, how many records wait; for all partitions whose end is known.
        positions: by partition, the offset of the next record to judge; for all that are owned.
    """

    lag: Mapping[int, int]
    positions: Mapping[int, int]


class OutageBegan(msgspec.Struct, frozen=True):
    """A service is away, and the loop waits for it and for no other.

    Attributes:
        since_s: since when the loop waits, seconds since 1970.
    """

    service: Service
    since_s: float


class OutageEnded(msgspec.Struct, frozen=True):
    """The loop no longer waits for a service."""


Event = (
    Turned
    | Assigned
    | Rejoined
    | RebuildBegan
    | RebuildMoved
    | Stored
    | BatchDone
    | LagSeen
    | OutageBegan
    | OutageEnded
)


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """How a detector is at one moment, put together from what was told.

    Attributes:
        partitions: what it owns; None before the group has decided, or while it decides anew.
        lag: by partition, how many records wait.
        positions: by partition, the offset of the next record to judge.
        rebuilding: by partition, how many records are left to fold before anything new is judged.
        outage: the service that it waits for, since `outage_since_s`, seconds since 1970.
        transactions: judged since it started.
        latency: of the alerts since it started.
    """

    partitions: frozenset[int] | None = None
    lag: Mapping[int, int] = {}
    positions: Mapping[int, int] = {}
    rebuilding: Mapping[int, int] = {}
    outage: Service | None = None
    outage_since_s: float | None = None
    transactions: int = 0
    latency: Latency = Latency()


class Health(msgspec.Struct, frozen=True):
    """The answer to a probe.

    Attributes:
        well: whether the probe succeeds. facts: why or why not, JSON-ready.
    """

    well: bool
    facts: Mapping[str, Any]
