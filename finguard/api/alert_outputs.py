"""What the API answers about alerts, with an example of each."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from finguard.adapters.postgres.alerts import MAX_INCIDENT_ALERTS, MAX_OTHER_ALERTS
from finguard.domain.transaction import Channel
from finguard.domain.triage import Status
from finguard.domain.verdict import Severity

ALERT_EXAMPLE: Final[dict[str, Any]] = {
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
    "status": "investigating",
    "assignee": "alice",
    "triaged_at": "2026-03-01T12:09:30Z",
    "version": 3,
    "suppressed_by": None,
}

_CHANGE: Final[dict[str, Any]] = {
    "version": 2,
    "at": "2026-03-01T12:05:00Z",
    "actor": "alice",
    "status_before": "open",
    "status_after": "investigating",
    "assignee_before": None,
    "assignee_after": "alice",
    "note": None,
}


class Alert(BaseModel):
    """One rule's finding on one transaction, and what analysts made of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [ALERT_EXAMPLE]})

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
    assignee: Annotated[str | None, Field(description="The user who takes care of it.")]
    triaged_at: Annotated[datetime | None, Field(description="When it was last changed.")]
    version: Annotated[int, Field(ge=1, description="Raised by each change; also the `ETag`.")]
    suppressed_by: Annotated[
        int | None,
        Field(description="The suppression that counted when it was stored, and keeps it quiet."),
    ]


class AlertPage(BaseModel):
    """Some alerts, in the order asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"items": [ALERT_EXAMPLE], "next_cursor": "AgAABkwTuP_HAGEAAAAAABPZcAAAAAAAABJn"}
            ]
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


class Note(BaseModel):
    """What an analyst wrote."""

    author: str
    at: datetime
    text: str


class RecentTransaction(BaseModel):
    """A transaction that the detector remembers of the customer."""

    transaction_id: str
    occurred_at: datetime
    channel: Channel
    amount: Annotated[Decimal, Field(description="Exact; in units of `currency`.")]
    currency: str
    city: Annotated[str | None, Field(description="Of transactions in person, as the next three.")]
    country: str | None
    lat: float | None
    lon: float | None
    flagged: Annotated[bool, Field(description="Its place was itself found impossible.")]


class AlertDetail(Alert):
    """One alert with all that explains it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **ALERT_EXAMPLE,
                    "evidence": {
                        "verdict": "impossible",
                        "journeys": [{"distance_km": 8065.0, "apart_s": 60.0, "elapsed_s": 120.0}],
                    },
                    "rule_version": 1,
                    "published_at": "2026-03-01T12:01:00.120000Z",
                    "source": {"topic": "transactions", "partition": 3, "offset": 90210},
                    "incident_alert_ids": [4712],
                    "other_alerts": [{**ALERT_EXAMPLE, "alert_id": 4712, "rule": "high_value"}],
                    "notes": [
                        {"author": "alice", "at": "2026-03-01T12:09:30Z", "text": "Called them."}
                    ],
                    "recent_transactions_available": True,
                    "recent_transactions": [
                        {
                            "transaction_id": "t-000122",
                            "occurred_at": "2026-03-01T12:00:00Z",
                            "channel": "in_person",
                            "amount": "12.3",
                            "currency": "TRY",
                            "city": "Istanbul",
                            "country": "TR",
                            "lat": 41.0082,
                            "lon": 28.9784,
                            "flagged": False,
                        }
                    ],
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
    other_alerts: Annotated[
        list[Alert],
        Field(
            description=f"The customer's other alerts, newest first; {MAX_OTHER_ALERTS} at most."
        ),
    ]
    notes: Annotated[list[Note], Field(description="Newest first; the history has them all.")]
    recent_transactions_available: Annotated[
        bool, Field(description="Whether the store of customers' profiles could be asked.")
    ]
    recent_transactions: Annotated[
        list[RecentTransaction],
        Field(description="What the detector remembers of the customer, newest first."),
    ]


class Change(BaseModel):
    """One change by an analyst."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CHANGE]})

    version: Annotated[int, Field(description="Of the alert, after the change.")]
    at: datetime
    actor: Annotated[str, Field(description="Who made it.")]
    status_before: Status
    status_after: Status
    assignee_before: str | None
    assignee_after: str | None
    note: str | None


class History(BaseModel):
    """Changes of an alert, oldest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_CHANGE], "more": False}]})

    items: list[Change]
    more: Annotated[
        bool, Field(description="Whether more follow; pass the last `version` as `after`.")
    ]


class BulkResult(BaseModel):
    """What became of one alert."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "alert_id": 4711,
                    "outcome": "stale",
                    "detail": "Somebody has changed the alert since; nothing was done.",
                    "current": ALERT_EXAMPLE,
                }
            ]
        }
    )

    alert_id: int
    outcome: Annotated[
        Literal["changed", "unchanged", "stale", "refused", "missing"],
        Field(
            description="`unchanged` was so already, also by this very request before; `stale` "
            "had another version; `refused` cannot go to that status; `missing` is no alert."
        ),
    ]
    detail: Annotated[str | None, Field(description="Why nothing was done, where nothing was.")]
    current: Annotated[Alert | None, Field(description="The alert as it is now.")]


class BulkOutcome(BaseModel):
    """What became of each alert, in the request's order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "results": [
                        {
                            "alert_id": 4711,
                            "outcome": "changed",
                            "detail": None,
                            "current": ALERT_EXAMPLE,
                        }
                    ]
                }
            ]
        }
    )

    results: list[BulkResult]
