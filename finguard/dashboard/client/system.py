"""What runs, over the API: detectors, the services behind it, versions, and the audit log."""

from dataclasses import dataclass
from typing import Literal

import httpx
from pydantic import AwareDatetime, Field, JsonValue

from finguard.dashboard.client.http import Answer, Connection


class Partition(Answer):
    """How far a detector is in one of its partitions."""

    partition: int
    lag: int | None
    position: int | None


class LatencyBucket(Answer):
    """Alerts that took no longer than a bound; None bounds all."""

    le_s: float | None
    count: int


class Latency(Answer):
    """How late alerts were since the start, as a cumulative histogram that ends with all."""

    buckets: tuple[LatencyBucket, ...]

    @property
    def bounds_s(self) -> tuple[float, ...]:
        """The bounds, rising."""
        return tuple(bucket.le_s for bucket in self.buckets if bucket.le_s is not None)

    @property
    def counts(self) -> tuple[int, ...]:
        """By bound, how many took no longer; then all."""
        return tuple(bucket.count for bucket in self.buckets)


class Detector(Answer):
    """A member of the group that judges transactions."""

    instance_id: str
    host: str
    version: str
    group_id: str
    topic: str
    started_at: AwareDatetime
    beat_at: AwareDatetime
    silent_s: float
    status: Literal["alive", "silent"]
    partitions: tuple[Partition, ...] | None
    lag: int | None
    transactions_per_second: float
    latency: Latency | None = Field(description="None where it does not tell")
    rebuilding: bool
    outage: str | None
    outage_since: AwareDatetime | None


class Detectors(Answer):
    """Those that run, or have ended without a word within a day; the eldest first."""

    alive: int
    lag: int | None = Field(description="of those alive; None while one does not know")
    transactions_per_second: float
    latency: Latency | None = Field(description="of those alive; None where that is unknown")
    items: tuple[Detector, ...]


class Dependency(Answer):
    """A service, and how it answers."""

    status: Literal["ok", "unavailable"]
    latency_ms: float | None
    required: bool


class Readiness(Answer):
    """Whether the API can serve, and how each service is that it needs."""

    status: Literal["ok", "unavailable"]
    postgresql: Dependency
    redis: Dependency


class Version(Answer):
    """What is running."""

    version: str
    python: str
    newest_migration: str | None = Field(alias="schema")


class AuditRecord(Answer):
    """Who changed what."""

    audit_id: int
    at: AwareDatetime
    actor: str
    action: str
    subject: str
    before: dict[str, JsonValue] | None
    after: dict[str, JsonValue] | None


class AuditPage(Answer):
    """Some entries, newest first, and where the next ones begin."""

    items: tuple[AuditRecord, ...]
    next_cursor: int | None = None


@dataclass(frozen=True)
class System:
    """For operators."""

    connection: Connection

    def detectors(self) -> Detectors:
        """Which detectors run, how far behind they are, and how fast."""
        return self.connection.get("/api/v1/system/detectors", Detectors)

    def readiness(self) -> Readiness:
        """Whether the API can serve, and what it lacks where it cannot.

        Raises:
            ApiUnavailable: nothing answers, or nothing that tells.
        """
        return self.connection.get(
            "/health/ready", Readiness, even_if=httpx.codes.SERVICE_UNAVAILABLE
        )

    def version(self) -> Version:
        """Versions of FinGuard, of Python and of the database's tables."""
        return self.connection.get("/api/v1/system/version", Version)

    def audit_log(self, limit: int, cursor: int | None = None) -> AuditPage:
        """A page of the audit log, newest first; for administrators."""
        given = {"limit": limit, "cursor": cursor}
        parameters = {name: str(value) for name, value in given.items() if value is not None}
        return self.connection.get("/api/v1/audit", AuditPage, parameters)
