"""Whether the API lives, and whether it can serve; open to all, so they tell no secrets."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Response

from finguard import __version__
from finguard.api.database import Database, Probe
from finguard.api.outputs import Health, MigrationsHealth, PostgresHealth, Signal
from finguard.api.problems import RETRY_AFTER_S
from finguard.api.services import Provided
from finguard.api.system_models import Dependency, Readiness

router = APIRouter(prefix="/health", tags=["health"])


@router.get(
    "",
    summary="How is it",
    response_description="All is well.",
    responses={503: {"model": Health, "description": "Something that the API needs is away."}},
)
async def check_health(response: Response, services: Provided) -> Health:
    """The state of the API and of what it needs; 503 when it cannot serve."""
    probe = await services.database.probe()
    health = _health(probe, services.database)
    if health.status != "ok":
        _say_unavailable(response)
    return health


@router.get("/live", summary="Is it alive", response_description="It is.")
async def check_live() -> Signal:
    """Whether the process answers at all; a restart helps when it does not."""
    return Signal(status="ok")


@router.get(
    "/ready",
    summary="Can it serve",
    response_description="It can.",
    responses={503: {"model": Readiness, "description": "Send requests elsewhere for now."}},
)
async def check_ready(response: Response, services: Provided) -> Readiness:
    """Whether requests would be answered; 503 when not.

    Redis is the detectors' need before it is the API's: without it nearly all goes on.
    """
    probe, redis_ms = await asyncio.gather(services.database.probe(), services.redis.latency_ms())
    status = _health(probe, services.database).status
    if status != "ok":
        _say_unavailable(response)
    return Readiness(
        status=status,
        postgresql=_dependency(probe.latency_ms, required=True),
        redis=_dependency(redis_ms, required=False),
    )


def _dependency(latency_ms: float | None, *, required: bool) -> Dependency:
    return Dependency(
        status="unavailable" if latency_ms is None else "ok",
        latency_ms=latency_ms,
        required=required,
    )


def _health(probe: Probe, database: Database) -> Health:
    is_there = probe.latency_ms is not None
    migrations = _migrations(probe, database)
    return Health(
        status="ok" if is_there and migrations.status == "current" else "unavailable",
        version=__version__,
        postgres=PostgresHealth(
            status="ok" if is_there else "unavailable", latency_ms=probe.latency_ms
        ),
        migrations=migrations,
    )


def _migrations(probe: Probe, database: Database) -> MigrationsHealth:
    if probe.latency_ms is None:
        return MigrationsHealth(status="unknown", applied=[], pending=[])
    if database.state == "failed":
        return MigrationsHealth(status="failed", applied=probe.applied, pending=probe.pending)
    is_current = database.state == "ready" and not probe.pending
    return MigrationsHealth(
        status="current" if is_current else "pending", applied=probe.applied, pending=probe.pending
    )


def _say_unavailable(response: Response) -> None:
    response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
