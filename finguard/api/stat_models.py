"""What statistics answer, with an example of each."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from finguard.api.stat_inputs import Bucket
from finguard.domain.triage import Status
from finguard.domain.verdict import Severity

_DAY: Final = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}


def _example(**fields: Any) -> ConfigDict:  # noqa: ANN401 - any field
    return ConfigDict(json_schema_extra={"examples": [fields]})


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
                    "by_country": {"DE": 4, "US": 8},
                    "by_severity": {"low": 0, "medium": 7, "high": 5},
                    "by_status": {
                        "open": 12,
                        "investigating": 0,
                        "confirmed_fraud": 0,
                        "false_positive": 0,
                    },
                    "precision_by_rule": {"high_value": 0.75, "impossible_travel": None},
                    "median_time_to_triage_s": 5400,
                    "dead_letters": 1,
                    "open_alerts": 12,
                    "latest_alert_at": "2026-03-01T23:59:12Z",
                    "earliest_at": "2025-11-20T00:00:00Z",
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
    by_country: Annotated[
        dict[str, int], Field(description="Alerts, by ISO 3166-1 code; as `by_rule`.")
    ]
    by_severity: Annotated[dict[Severity, int], Field(description="Alerts.")]
    by_status: Annotated[dict[Status, int], Field(description="Alerts.")]
    precision_by_rule: Annotated[
        dict[str, float | None],
        Field(
            description="`confirmed_fraud / (confirmed_fraud + false_positive)` of each rule in "
            "`by_rule`; null where nobody has decided about any of its alerts."
        ),
    ]
    median_time_to_triage_s: Annotated[
        int | None,
        Field(
            description="From the alert to the latest change by an analyst, of those that are no "
            "longer open, in seconds to two significant digits; the lower of two. Null without."
        ),
    ]
    dead_letters: Annotated[
        int, Field(description="Messages that were no transactions, by when Kafka took them.")
    ]
    open_alerts: Annotated[int, Field(description="Of all time, whatever the range.")]
    latest_alert_at: Annotated[
        datetime | None,
        Field(description="`occurred_at` of the newest alert of all time; null without alerts."),
    ]
    earliest_at: Annotated[
        datetime | None,
        Field(
            description="When everything begins, of all time: the first alert's `occurred_at` or "
            "the day (UTC) of the first transaction, whichever is earlier; null without any."
        ),
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
                    "zone": "UTC",
                    "rows": [{"bucket": "2026-03-01T12:00:00Z", "transactions": 60, "alerts": 1}],
                }
            ]
        }
    )

    bucket: Bucket
    zone: Annotated[str, Field(description="By whose clocks; the times are in UTC all the same.")]
    rows: list[TimelineRow]


class WeekHour(BaseModel):
    """One hour of the week."""

    weekday: Annotated[int, Field(ge=1, le=7, description="Monday is 1.")]
    hour: Annotated[int, Field(ge=0, le=23)]
    alerts: int


class Week(Range):
    """Alerts by hour of the week: 168 cells, Monday's first hour first, also the empty ones."""

    model_config = _example(**_DAY, zone="UTC", rows=[{"weekday": 7, "hour": 12, "alerts": 3}])

    zone: Annotated[str, Field(description="Whose clocks tell the hour and the day.")]
    rows: list[WeekHour]


class TopUser(BaseModel):
    """A customer with many alerts."""

    user_id: str
    alerts: int
    latest_alert_at: Annotated[datetime, Field(description="`occurred_at` of the newest of them.")]


class TopUsers(Range):
    """Customers with the most alerts, those first; by name where they have as many."""

    model_config = _example(
        **_DAY,
        rows=[{"user_id": "u-17", "alerts": 5, "latest_alert_at": "2026-03-01T23:59:12Z"}],
    )

    rows: list[TopUser]


class TopCity(BaseModel):
    """A city with many alerts."""

    country: Annotated[str, Field(description="ISO 3166-1 alpha-2.")]
    city: str
    alerts: int
    alerted_transactions: Annotated[int, Field(description="Those with at least one alert.")]


class TopCities(Range):
    """Cities with the most alerts, those first; by country and name where they have as many."""

    model_config = _example(
        **_DAY,
        rows=[{"country": "DE", "city": "Berlin", "alerts": 9, "alerted_transactions": 8}],
    )

    rows: list[TopCity]


class Arc(BaseModel):
    """A journey that the travel rule objected to: from here to the point it belongs to, or back."""

    city: str
    country: str
    lat: float
    lon: float
    distance_km: float
    apart_s: Annotated[float, Field(description="Between the two transactions.")]
    impossible: Annotated[bool, Field(description="Else it is merely improbable.")]


class Point(BaseModel):
    """Where one alert happened."""

    alert_id: int
    user_id: str
    rule: str
    severity: Severity
    status: Status
    city: str
    country: str
    lat: Annotated[float, Field(description="Degrees north.")]
    lon: Annotated[float, Field(description="Degrees east.")]
    occurred_at: datetime
    arcs: Annotated[list[Arc], Field(description="Of impossible travel; other rules have none.")]


class Map(Range):
    """The latest alerts of a range, newest first."""

    model_config = _example(
        **_DAY,
        points=[
            {
                "alert_id": 4711,
                "user_id": "u-17",
                "rule": "impossible_travel",
                "severity": "high",
                "status": "open",
                "city": "New York",
                "country": "US",
                "lat": 40.7128,
                "lon": -74.006,
                "occurred_at": "2026-03-01T12:01:00Z",
                "arcs": [
                    {
                        "city": "Istanbul",
                        "country": "TR",
                        "lat": 41.0082,
                        "lon": 28.9784,
                        "distance_km": 8065.0,
                        "apart_s": 60.0,
                        "impossible": True,
                    }
                ],
            }
        ],
    )

    points: list[Point]
