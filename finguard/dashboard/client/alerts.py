"""Alerts over the API: lists of them, and one with its evidence."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from finguard.dashboard.client.http import Answer, Connection

Severity = Literal["low", "medium", "high"]


class Alert(Answer):
    """One alert as lists show it."""

    alert_id: int
    user_id: str
    transaction_id: str
    rule: str
    severity: Severity
    score: int
    story: str
    amount: Decimal
    currency: str
    merchant: str
    category: str
    channel: str
    city: str
    country: str
    lat: float
    lon: float
    suppressed_by: int | None = Field(description="what keeps it quiet")
    occurred_at: AwareDatetime
    detected_at: AwareDatetime
    incident_id: str
    status: str


class Source(Answer):
    """Where in Kafka the transaction stands."""

    topic: str
    partition: int
    offset: int


class AlertDetail(Alert):
    """One alert with all that explains it."""

    evidence: dict[str, JsonValue]
    rule_version: int
    published_at: AwareDatetime
    source: Source
    incident_alert_ids: tuple[int, ...] = ()


class AlertPage(Answer):
    """Some alerts, newest first, and where the next ones begin."""

    items: tuple[Alert, ...]
    next_cursor: str | None = None


class AlertFilter(BaseModel):
    """Which alerts to list; None and the empty text mean any."""

    model_config = ConfigDict(frozen=True)

    rule: str | None = None
    severity: str | None = None
    status: str | None = None
    user_id: str | None = None
    min_score: int | None = None
    start: datetime | None = None
    end: datetime | None = None

    def parameters(self) -> dict[str, str]:
        """The filter as the API's query parameters."""
        named = {
            "rule": self.rule,
            "severity": self.severity,
            "status": self.status,
            "user_id": self.user_id,
            "min_score": str(self.min_score) if self.min_score else None,
            "from": self.start.isoformat() if self.start else None,
            "to": self.end.isoformat() if self.end else None,
        }
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True)
class Alerts:
    """What the rules found."""

    connection: Connection

    def page(self, chosen: AlertFilter, limit: int, cursor: str | None = None) -> AlertPage:
        """A page of alerts, newest first."""
        parameters = chosen.parameters() | {"limit": str(limit)}
        if cursor:
            parameters["cursor"] = cursor
        return self.connection.get("/api/v1/alerts", AlertPage, parameters)

    def one(self, alert_id: int) -> AlertDetail:
        """One alert with its evidence.

        Raises:
            NotFound: there is none with this number.
        """
        return self.connection.get(f"/api/v1/alerts/{alert_id}", AlertDetail)
