"""What the API answers, with an example of each."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from finguard.adapters.postgres.reading import Bucket
from finguard.domain.triage import Status
from finguard.domain.verdict import Severity


class AmountAtRisk(BaseModel):
    """Amounts of the alerted transactions, each transaction once."""

    by_currency: Annotated[dict[str, Decimal], Field(description="Exact, by ISO 4217 code.")]
    usd_equivalent: Annotated[
        Decimal,
        Field(description="All of them in US dollars by rough equivalents: an approximation."),
    ]
    without_equivalent: Annotated[
        list[str], Field(description="Currencies that `usd_equivalent` had to leave out.")
    ]


class Range(BaseModel):
    """The range of event time that the numbers are of."""

    since: Annotated[datetime, Field(serialization_alias="from", description="Belongs to it.")]
    until: Annotated[datetime, Field(serialization_alias="to", description="Does not.")]


class Summary(Range):
    """All the numbers of one moment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "from": "2026-03-01T00:00:00Z",
                    "to": "2026-03-02T00:00:00Z",
                    "as_of": "2026-03-02T00:00:01.500000Z",
                    "transactions": 1000,
                    "alerts": 12,
                    "alerted_transactions": 10,
                    "fraud_rate": 0.01,
                    "amount_at_risk": {
                        "by_currency": {"EUR": "900", "USD": "1200.5"},
                        "usd_equivalent": "2200.50",
                        "without_equivalent": [],
                    },
                    "by_rule": {"high_value": 7, "impossible_travel": 5},
                    "by_severity": {"low": 0, "medium": 7, "high": 5},
                    "by_status": {
                        "open": 12,
                        "investigating": 0,
                        "confirmed_fraud": 0,
                        "false_positive": 0,
                    },
                    "dead_letters": 1,
                    "open_alerts": 12,
                    "latest_alert_at": "2026-03-01T23:59:12Z",
                }
            ]
        }
    )

    as_of: Annotated[datetime, Field(description="All numbers are of this moment.")]
    transactions: int
    alerts: int
    alerted_transactions: Annotated[int, Field(description="Those with at least one alert.")]
    fraud_rate: Annotated[
        float | None,
        Field(description="`alerted_transactions / transactions`; null without transactions."),
    ]
    amount_at_risk: AmountAtRisk
    by_rule: Annotated[dict[str, int], Field(description="Alerts; rules without any are absent.")]
    by_severity: Annotated[dict[Severity, int], Field(description="Alerts.")]
    by_status: Annotated[dict[Status, int], Field(description="Alerts.")]
    dead_letters: Annotated[
        int, Field(description="Messages that were no transactions, by when Kafka took them.")
    ]
    open_alerts: Annotated[int, Field(description="Of all time, whatever the range.")]
    latest_alert_at: Annotated[
        datetime | None,
        Field(description="`occurred_at` of the newest alert of all time; null without alerts."),
    ]


class TimelineRow(BaseModel):
    """What happened within one bucket."""

    bucket: Annotated[datetime, Field(description="When it begins.")]
    transactions: int
    alerts: int


class Timeline(Range):
    """Every bucket of a range, oldest first, also the empty ones."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "from": "2026-03-01T12:00:00Z",
                    "to": "2026-03-01T13:00:00Z",
                    "bucket": "hour",
                    "rows": [{"bucket": "2026-03-01T12:00:00Z", "transactions": 60, "alerts": 1}],
                }
            ]
        }
    )

    bucket: Bucket
    rows: list[TimelineRow]


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
