"""Alerts over the API: lists of them, one with its evidence, and all of a list as a file."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from finguard.dashboard.client.http import Answer, Connection, Page

Severity = Literal["low", "medium", "high"]

Sort = Literal["newest", "oldest", "score", "amount"]
"""By when it happened, or the highest first."""


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
    assignee: str | None
    version: int


class Source(Answer):
    """Where in Kafka the transaction stands."""

    topic: str
    partition: int
    offset: int


class RecentTransaction(Answer):
    """A transaction that the detector remembers of the customer; online ones have no place."""

    transaction_id: str
    occurred_at: AwareDatetime
    channel: str
    amount: Decimal
    currency: str
    city: str | None
    country: str | None
    flagged: bool


class AlertDetail(Alert):
    """One alert with all that explains it."""

    evidence: dict[str, JsonValue]
    rule_version: int
    published_at: AwareDatetime
    source: Source
    incident_alert_ids: tuple[int, ...] = ()
    other_alerts: tuple[Alert, ...] = ()
    recent_transactions_available: bool = True
    recent_transactions: tuple[RecentTransaction, ...] = ()


class AlertPage(Page[Alert]):
    """Some alerts, in the order asked for."""


class AlertFilter(BaseModel):
    """Which alerts to list; None, the empty text and nothing to choose from mean any.

    Attributes:
        assigned: whether anybody takes care of it.
        text: words that its story, merchant, city or ids have.
    """

    model_config = ConfigDict(frozen=True)

    rules: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    user_id: str | None = None
    assignee: str | None = None
    assigned: bool | None = None
    min_score: int | None = None
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    text: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    def parameters(self) -> dict[str, str | tuple[str, ...]]:
        """The filter as the API's query parameters."""
        named = {
            "rule": self.rules,
            "severity": self.severities,
            "status": self.statuses,
            "country": self.countries,
            "user_id": self.user_id,
            "assignee": self.assignee,
            "assigned": None if self.assigned is None else str(self.assigned).lower(),
            "min_score": str(self.min_score) if self.min_score else None,
            "min_amount": None if self.min_amount is None else f"{self.min_amount:f}",
            "max_amount": None if self.max_amount is None else f"{self.max_amount:f}",
            "text": self.text,
            "from": self.start.isoformat() if self.start else None,
            "to": self.end.isoformat() if self.end else None,
        }
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True)
class Alerts:
    """What the rules found."""

    connection: Connection

    def page(
        self,
        chosen: AlertFilter,
        limit: int,
        cursor: str | None = None,
        sort: Sort = "newest",
    ) -> AlertPage:
        """A page of alerts; `cursor` is the `next_cursor` of the page before, in the same order."""
        parameters = chosen.parameters() | {"limit": str(limit), "sort": sort}
        if cursor:
            parameters["cursor"] = cursor
        return self.connection.get("/api/v1/alerts", AlertPage, parameters)

    def one(self, alert_id: int) -> AlertDetail:
        """One alert with its evidence.

        Raises:
            NotFound: there is none with this number.
        """
        return self.connection.get(f"/api/v1/alerts/{alert_id}", AlertDetail)

    def export(self, chosen: AlertFilter, limit: int, sort: Sort = "newest") -> bytes:
        """The first alerts of a list as CSV, all of one moment."""
        parameters = chosen.parameters() | {"limit": str(limit), "sort": sort, "format": "csv"}
        return self.connection.download("/api/v1/alerts/export", parameters)
