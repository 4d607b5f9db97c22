"""What an operator asks: which detectors run, how far behind they are, and what is installed."""

import platform
from typing import Any, Final

from fastapi import APIRouter, Depends

from finguard import __version__
from finguard.adapters.postgres import statistics
from finguard.adapters.postgres.heartbeat import BEAT_EVERY_S, list_detectors
from finguard.api.access import require
from finguard.api.problems import GUARDED, documented
from finguard.api.services import Provided
from finguard.api.system_models import Detector, Detectors, Version

SILENT_AFTER_S: Final = 4 * BEAT_EVERY_S
"""One beat may be late, and two may be lost to a restart of PostgreSQL."""

router = APIRouter(
    prefix="/api/v1/system", tags=["system"], dependencies=[Depends(require("viewer"))]
)


@router.get(
    "/detectors",
    summary="List detectors",
    response_description="The detectors, the eldest first.",
    responses=documented(*GUARDED),
)
def list_members(services: Provided) -> Detectors:
    """Detectors with their heartbeat, their lag and their throughput.

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
    return Detector.model_validate({**row, "status": status})
