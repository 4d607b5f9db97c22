"""What the API answers, with an example of each."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from finguard.adapters.postgres.reading import MAX_INCIDENT_ALERTS
from finguard.api.inputs import Status
from finguard.domain.transaction import Channel
from finguard.domain.verdict import Severity

_ALERT: dict[str, Any] = {
    "alert_id": 4711,
    "user_id": "u-17",
    "transaction_id": "t-000123",
    "rule": "impossible_travel",
    "severity": "high",
    "score": 97,
    "story": "New York 1 minute after Istanbul: 8,065 km, would need 483,900 km/h; limit 1,000",
    "amount": "129.9",
    "currency": "USD",
    "merchant": "Corner Books",
    "category": "books",
    "channel": "in_person",
    "city": "New York",
    "country": "US",
    "lat": 40.7128,
    "lon": -74.006,
    "occurred_at": "2026-03-01T12:01:00Z",
    "detected_at": "2026-03-01T12:01:00.181000Z",
    "incident_id": "t-000123",
    "status": "open",
}


class Alert(BaseModel):
    """One rule's finding on one transaction."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ALERT]})

    alert_id: int
    user_id: Annotated[str, Field(description="The customer.")]
    transaction_id: Annotated[str, Field(description="Unique per customer.")]
    rule: str
    severity: Severity
    score: Annotated[int, Field(ge=0, le=100)]
    story: Annotated[str, Field(description="One sentence with the values and the limit.")]
    amount: Annotated[Decimal, Field(description="Exact; in units of `currency`.")]
    currency: Annotated[str, Field(description="ISO 4217.")]
    merchant: str
    category: str
    channel: Channel
    city: str
    country: Annotated[str, Field(description="ISO 3166-1 alpha-2.")]
    lat: Annotated[float, Field(description="Degrees north.")]
    lon: Annotated[float, Field(description="Degrees east.")]
    occurred_at: Annotated[datetime, Field(description="When the transaction happened.")]
    detected_at: Annotated[datetime, Field(description="When the alert was stored.")]
    incident_id: Annotated[
        str, Field(description="The customer's transaction that opened the incident.")
    ]
    status: Status


class AlertPage(BaseModel):
    """Some alerts, newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"items": [_ALERT], "next_cursor": "AQAGTO4_8R8AAAAAAAAAEmc"}]
        }
    )

    items: list[Alert]
    next_cursor: Annotated[
        str | None, Field(description="`cursor` of the next page; null on the last.")
    ]


class Source(BaseModel):
    """The Kafka record that the transaction came in."""

    topic: str
    partition: int
    offset: int


class AlertDetail(Alert):
    """One alert with all that explains it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_ALERT,
                    "evidence": {
                        "verdict": "impossible",
                        "journeys": [{"distance_km": 8065.0, "apart_s": 60.0, "elapsed_s": 120.0}],
                    },
                    "rule_version": 1,
                    "published_at": "2026-03-01T12:01:00.120000Z",
                    "source": {"topic": "transactions", "partition": 3, "offset": 90210},
                    "incident_alert_ids": [4712],
                }
            ]
        }
    )

    evidence: Annotated[
        dict[str, Any], Field(description="The values compared; their names are the rule's own.")
    ]
    rule_version: int
    published_at: Annotated[datetime, Field(description="When Kafka took the transaction.")]
    source: Source
    incident_alert_ids: Annotated[
        list[int],
        Field(
            description=f"The incident's other alerts, oldest first; {MAX_INCIDENT_ALERTS} at most."
        ),
    ]


class PostgresHealth(BaseModel):
    """Whether PostgreSQL answers."""

    status: Literal["ok", "unavailable"]
    latency_ms: Annotated[float | None, Field(description="Of one small query.")]


class MigrationsHealth(BaseModel):
    """Whether the tables are those that this version needs."""

    status: Literal["current", "pending", "failed", "unknown"]
    applied: list[str]
    pending: list[str]


class Health(BaseModel):
    """How the API and what it needs are."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "ok",
                    "version": "0.1.0",
                    "postgres": {"status": "ok", "latency_ms": 0.61},
                    "migrations": {
                        "status": "current",
                        "applied": ["0001_detection", "0002_users"],
                        "pending": [],
                    },
                }
            ]
        }
    )

    status: Literal["ok", "unavailable"]
    version: str
    postgres: PostgresHealth
    migrations: MigrationsHealth


class Signal(BaseModel):
    """Yes or no, in the answer's status as well."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok", "unavailable"]
