"""What runs, over the API: detectors, the services behind it, versions, and the audit log."""

from dataclasses import dataclass
from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from finguard.dashboard.client.http import Answer, Connection


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
    partitions: tuple[int, ...] | None
    lag: int | None
    transactions_per_second: float
    rebuilding: bool
    outage: str | None
    outage_since: AwareDatetime | None


class Detectors(Answer):
    """Those that run, or have ended without a word within a day; the eldest first."""

    alive: int
    lag: int | None = Field(description="of those alive; None while one does not know")
    transactions_per_second: float
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
        """Whether the API can serve.

        Raises:
            ApiUnavailable: it cannot, or nothing answers.
        """
        return self.connection.get("/health/ready", Readiness)

    def version(self) -> Version:
        """Versions of FinGuard, of Python and of the database's tables."""
        return self.connection.get("/api/v1/system/version", Version)

    def audit_log(self, limit: int, cursor: int | None = None) -> AuditPage:
        """A page of the audit log, newest first; for administrators."""
        given = {"limit": limit, "cursor": cursor}
        parameters = {name: str(value) for name, value in given.items() if value is not None}
        return self.connection.get("/api/v1/audit", AuditPage, parameters)
