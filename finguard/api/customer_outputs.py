"""What the API answers about customers, with an example of each."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from finguard.adapters.postgres.suppressions import Kind, State
from finguard.api.alert_outputs import RecentTransaction
from finguard.domain.triage import Status
from finguard.domain.verdict import Severity

SUPPRESSION_EXAMPLE: Final[dict[str, Any]] = {
    "suppression_id": 12,
    "user_id": "u-17",
    "kind": "snooze",
    "rule": "impossible_travel",
    "reason": "Travels for work until Friday; called.",
    "state": "active",
    "created_at": "2026-03-02T09:00:00Z",
    "created_by": "alice",
    "expires_at": "2026-03-06T17:00:00Z",
    "withdrawn_at": None,
    "withdrawn_by": None,
}

_PROFILE: Final[dict[str, Any]] = {
    "transactions": 9,
    "flagged": 1,
    "first_at": "2026-02-27T08:30:00Z",
    "last_at": "2026-03-01T12:01:00Z",
    "amounts": [{"currency": "TRY", "transactions": 9, "median": "12.3", "max": "860"}],
    "places": [
        {
            "city": "Istanbul",
            "country": "TR",
            "lat": 41.0082,
            "lon": 28.9784,
            "transactions": 8,
            "last_at": "2026-03-01T12:00:00Z",
        }
    ],
}

_ALERTS: Final[dict[str, Any]] = {
    "total": 3,
    "open": 1,
    "suppressed": 1,
    "first_at": "2026-02-27T08:30:00Z",
    "last_at": "2026-03-01T12:01:00Z",
    "by_rule": {"high_value": 1, "impossible_travel": 2},
    "by_severity": {"low": 0, "medium": 1, "high": 2},
    "by_status": {"open": 1, "investigating": 0, "confirmed_fraud": 1, "false_positive": 1},
    "labels_by_rule": {
        "high_value": {"confirmed_fraud": 0, "false_positive": 1},
        "impossible_travel": {"confirmed_fraud": 1, "false_positive": 0},
    },
}

_TRANSACTION: Final[dict[str, Any]] = {
    "transaction_id": "t-000123",
    "occurred_at": "2026-03-01T12:01:00Z",
    "channel": "in_person",
    "amount": "129.9",
    "currency": "USD",
    "city": "New York",
    "country": "US",
    "lat": 40.7128,
    "lon": -74.006,
    "flagged": True,
    "alert_ids": [4711],
}


def _example(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class Suppression(BaseModel):
    """Somebody's word that a customer's alerts are to be kept quiet."""

    model_config = _example(SUPPRESSION_EXAMPLE)

    suppression_id: int
    user_id: Annotated[str, Field(description="The customer.")]
    kind: Kind
    rule: Annotated[str | None, Field(description="Null: every rule.")]
    reason: str
    state: Annotated[State, Field(description="Only an `active` one counts.")]
    created_at: Annotated[datetime, Field(description="It counts for alerts stored after this.")]
    created_by: str
    expires_at: Annotated[datetime | None, Field(description="It counts for none from then on.")]
    withdrawn_at: datetime | None
    withdrawn_by: str | None


class SuppressionPage(BaseModel):
    """Some of a customer's suppressions, newest first."""

    model_config = _example({"items": [SUPPRESSION_EXAMPLE], "next_cursor": None})

    items: list[Suppression]
    next_cursor: Annotated[
        int | None, Field(description="`cursor` of the next page; null on the last.")
    ]


class Amounts(BaseModel):
    """What a customer spends in one currency."""

    model_config = _example(_PROFILE["amounts"][0])

    currency: Annotated[str, Field(description="ISO 4217.")]
    transactions: int
    median: Annotated[Decimal, Field(description="Exact; the lower of two middle ones.")]
    max: Decimal


class Place(BaseModel):
    """A city where a customer pays in person."""

    model_config = _example(_PROFILE["places"][0])

    city: str
    country: Annotated[str, Field(description="ISO 3166-1 alpha-2.")]
    lat: Annotated[float, Field(description="Of the latest transaction there, as `lon`.")]
    lon: float
    transactions: int
    last_at: datetime


class CustomerProfile(BaseModel):
    """What the detector remembers of a customer, summed up."""

    model_config = _example(_PROFILE)

    transactions: Annotated[int, Field(description="Remembered; not of all time.")]
    flagged: Annotated[int, Field(description="Those whose place was itself found impossible.")]
    first_at: Annotated[datetime, Field(description="Of the remembered ones.")]
    last_at: datetime
    amounts: Annotated[list[Amounts], Field(description="By currency, the most frequent first.")]
    places: Annotated[list[Place], Field(description="The one visited last first.")]


class Labels(BaseModel):
    """What analysts decided."""

    model_config = _example({"confirmed_fraud": 1, "false_positive": 0})

    confirmed_fraud: int
    false_positive: int


class AlertCounts(BaseModel):
    """A customer's alerts of all time, suppressed ones included."""

    model_config = _example(_ALERTS)

    total: int
    open: int
    suppressed: Annotated[int, Field(description="Of `total`.")]
    first_at: Annotated[datetime | None, Field(description="When the transaction happened.")]
    last_at: datetime | None
    by_rule: Annotated[dict[str, int], Field(description="Rules without any are absent.")]
    by_severity: dict[Severity, int]
    by_status: dict[Status, int]
    labels_by_rule: Annotated[
        dict[str, Labels], Field(description="Of each rule in `by_rule`, by analysts.")
    ]


class CustomerLinks(BaseModel):
    """Where the rest is."""

    model_config = _example(
        {
            "alerts": "/api/v1/alerts?user_id=u-17",
            "transactions": "/api/v1/users/u-17/transactions",
            "suppressions": "/api/v1/users/u-17/suppressions",
        }
    )

    alerts: str
    transactions: str
    suppressions: str


class Customer(BaseModel):
    """All that is known of a customer."""

    model_config = _example(
        {
            "user_id": "u-17",
            "profile_available": True,
            "profile": _PROFILE,
            "alerts": _ALERTS,
            "suppressions": [SUPPRESSION_EXAMPLE],
            "links": {
                "alerts": "/api/v1/alerts?user_id=u-17",
                "transactions": "/api/v1/users/u-17/transactions",
                "suppressions": "/api/v1/users/u-17/suppressions",
            },
        }
    )

    user_id: str
    profile_available: Annotated[
        bool, Field(description="Whether the store of customers' profiles could be asked.")
    ]
    profile: Annotated[
        CustomerProfile | None,
        Field(description="Null where nothing is remembered, or the store could not be asked."),
    ]
    alerts: AlertCounts
    suppressions: Annotated[list[Suppression], Field(description="The active ones.")]
    links: CustomerLinks


class CustomerTransaction(RecentTransaction):
    """A transaction that the detector remembers, and what was found in it."""

    model_config = _example(_TRANSACTION)

    alert_ids: Annotated[list[int], Field(description="The alerts on it; mostly none.")]


class CustomerTransactions(BaseModel):
    """All that the detector remembers of a customer, newest first."""

    model_config = _example({"available": True, "items": [_TRANSACTION]})

    available: Annotated[
        bool, Field(description="Whether the store of customers' profiles could be asked.")
    ]
    items: list[CustomerTransaction]
