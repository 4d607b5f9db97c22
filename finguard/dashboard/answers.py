"""What the API answers, as the dashboard reads it: unknown fields are left alone."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

Severity = Literal["low", "medium", "high"]
Bucket = Literal["minute", "hour", "day"]


class Answer(BaseModel):
    """Base of all answers: frozen, and open to fields of a newer API."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Token(Answer):
    """A login that worked."""

    access_token: str = Field(min_length=1)
    expires_in: float = Field(gt=0, description="seconds")


class Me(Answer):
    """Who the token belongs to."""

    username: str
    role: str


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


class AmountAtRisk(Answer):
    """The money of all alerted transactions: exact by currency, and roughly in US dollars."""

    by_currency: dict[str, Decimal]
    usd_equivalent: Decimal
    without_equivalent: tuple[str, ...] = ()


class Summary(Answer):
    """The figures of a stretch of event time."""

    transactions: int
    alerts: int
    alerted_transactions: int
    fraud_rate: float | None
    amount_at_risk: AmountAtRisk
    by_rule: dict[str, int]
    by_severity: dict[str, int]
    by_status: dict[str, int]
    dead_letters: int
    open_alerts: int = Field(description="of all time")
    latest_alert_at: AwareDatetime | None = Field(description="of all time, by event time")
    as_of: AwareDatetime


class TimelineRow(Answer):
    """What happened in one bucket of event time."""

    bucket: AwareDatetime
    transactions: int
    alerts: int


class Timeline(Answer):
    """Every bucket of a stretch of event time, in order, the empty ones as well."""

    bucket: Bucket
    rows: tuple[TimelineRow, ...]


class AlertFilter(BaseModel):
    """Which alerts to list; None and the empty text mean any."""

    model_config = ConfigDict(frozen=True)

    rule: str | None = None
    severity: str | None = None
    status: str | None = None
    user_id: str | None = None
    min_score: int | None = None
    start: datetime | None = None

    def parameters(self) -> dict[str, str]:
        """The filter as the API's query parameters."""
        named = {
            "rule": self.rule,
            "severity": self.severity,
            "status": self.status,
            "user_id": self.user_id,
            "min_score": str(self.min_score) if self.min_score else None,
            "from": self.start.isoformat() if self.start else None,
        }
        return {name: value for name, value in named.items() if value}
