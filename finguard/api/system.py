"""What an operator asks: which detectors run, how far behind they are, and what is installed."""

import platform
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Depends

from finguard import __version__
from finguard.adapters.postgres import statistics
from finguard.adapters.postgres.heartbeat import BEAT_EVERY_S, list_detectors
from finguard.api.access import require
from finguard.api.links import Link, leads_to
from finguard.api.problems import GUARDED, documented
from finguard.api.services import Provided
from finguard.api.system_models import (
    Detector,
    Detectors,
    Latency,
    LatencyBucket,
    Partition,
    Version,
)
from finguard.domain.telemetry import quantile

SILENT_AFTER_S: Final = 4 * BEAT_EVERY_S
"""One beat may be late, and two may be lost to a restart of PostgreSQL."""

router = APIRouter(
    prefix="/api/v1/system", tags=["system"], dependencies=[Depends(require("viewer"))]
)


@router.get(
    "/detectors",
    summary="List detectors",
    response_description="The detectors, the eldest first.",
    responses=leads_to(HTTPStatus.OK, Link("list_rules")) | documented(*GUARDED),
)
def list_members(services: Provided) -> Detectors:
    """Detectors with their heartbeat, and the lag, throughput and latency that they tell.

    One that ends cleanly disappears at once; one that does not stays for a day as `silent`.
    """
    with services.database.cursor() as cursor:
        items = [_detector(row) for row in list_detectors(cursor)]
    alive = [item for item in items if item.status == "alive"]
    lags = [item.lag for item in alive]
    known = [lag for lag in lags if lag is not None]
    return Detectors(
        alive=len(alive),
        lag=sum(known) if len(known) == len(lags) else None,
        transactions_per_second=round(sum(item.transactions_per_second for item in alive), 1),
        latency=added([item.latency for item in alive]),
        items=items,
    )


@router.get(
    "/version",
    summary="What is running",
    response_description="The versions.",
    responses=documented(*GUARDED),
)
def read_version(services: Provided) -> Version:
    """Versions of FinGuard, of Python and of the database's tables."""
    with services.database.cursor() as cursor:
        applied = statistics.applied_migrations(cursor)
    return Version(
        version=__version__,
        python=platform.python_version(),
        newest_migration=applied[-1] if applied else None,
    )


def _detector(row: dict[str, Any]) -> Detector:
    status = "alive" if row["silent_s"] < SILENT_AFTER_S else "silent"
    told = {"partitions": _partitions(row), "latency": _latency(row)}
    return Detector.model_validate({**row, **told, "status": status})


def _partitions(row: dict[str, Any]) -> list[Partition] | None:
    owned = row["partitions"]
    if owned is None:
        return None
    unknown = [None] * len(owned)
    told = zip(owned, row["lags"] or unknown, row["positions"] or unknown, strict=True)
    return [Partition(partition=p, lag=lag, position=at) for p, lag, at in told]


def _latency(row: dict[str, Any]) -> Latency | None:
    bounds_s, counts = row["latency_bounds_s"], row["latency_counts"]
    return None if counts is None else _told(bounds_s, counts, row["latency_sum_s"])


def added(latencies: Sequence[Latency | None]) -> Latency | None:
    """One histogram of several; None where one is unknown, or has other bounds."""
    known = [latency for latency in latencies if latency is not None]
    bounds_s = {tuple(bucket.le_s for bucket in latency.buckets) for latency in known}
    if len(known) != len(latencies) or len(bounds_s) != 1:
        return None
    counts = [
        sum(bucket.count for bucket in buckets)
        for buckets in zip(*(latency.buckets for latency in known), strict=True)
    ]
    (shared_s,) = bounds_s
    finite_s = [bound_s for bound_s in shared_s if bound_s is not None]
    return _told(finite_s, counts, sum(latency.sum_s for latency in known))


def _told(bounds_s: Sequence[float], counts: Sequence[int], sum_s: float) -> Latency:
    return Latency(
        count=counts[-1],
        sum_s=round(sum_s, 6),
        p50_s=_estimate(bounds_s, counts, 0.5),
        p99_s=_estimate(bounds_s, counts, 0.99),
        buckets=[
            LatencyBucket(le_s=bound_s, count=count)
            for bound_s, count in zip((*bounds_s, None), counts, strict=True)
        ],
    )


def _estimate(bounds_s: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    estimate = quantile(bounds_s, counts, share)
    return None if estimate is None else round(estimate, 6)
