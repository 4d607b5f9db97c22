"""Statistics over the API: the figures of a stretch of event time, and how they went."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, TypeVar

from pydantic import AwareDatetime, Field

from finguard.dashboard.client.alerts import Severity
from finguard.dashboard.client.http import Answer, Connection, Parameters, between

Bucket = Literal["minute", "hour", "day"]

_MAX_AGE_S: Final = 1
"""Of figures: however many look at the same, they are counted about once a second."""


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
    precision_by_rule: dict[str, float | None] = Field(default_factory=dict)
    median_time_to_triage_s: float | None = None
    dead_letters: int
    open_alerts: int = Field(description="of all time")
    latest_alert_at: AwareDatetime | None = Field(description="of all time, by event time")
    earliest_at: AwareDatetime | None = Field(description="of all time: nothing was before")
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


class TopUser(Answer):
    """A customer with many alerts."""

    user_id: str
    alerts: int
    latest_alert_at: AwareDatetime


class TopUsers(Answer):
    """Those with the most alerts of a stretch of event time first."""

    rows: tuple[TopUser, ...]


class Arc(Answer):
    """A journey that the travel rule objected to, from here to the alert."""

    city: str
    country: str
    lat: float
    lon: float
    distance_km: float
    apart_s: float
    impossible: bool


class MapPoint(Answer):
    """Where one alert happened."""

    alert_id: int
    user_id: str
    rule: str
    severity: Severity
    status: str
    city: str
    country: str
    lat: float
    lon: float
    occurred_at: AwareDatetime
    arcs: tuple[Arc, ...] = ()


class Map(Answer):
    """The latest alerts of a stretch of event time, newest first."""

    points: tuple[MapPoint, ...]


Counted = TypeVar("Counted", bound=Answer)


@dataclass(frozen=True)
class Statistics:
    """How much of what."""

    connection: Connection

    def summary(self, start: datetime, end: datetime | None = None) -> Summary:
        """The figures of `[start, end)` in event time."""
        return self._get("/api/v1/stats/summary", Summary, between(start, end))

    def timeline(self, bucket: Bucket, start: datetime, end: datetime | None = None) -> Timeline:
        """Transactions and alerts over `[start, end)`, 2,000 buckets at most."""
        parameters = between(start, end) | {"bucket": bucket}
        return self._get("/api/v1/stats/timeline", Timeline, parameters)

    def map(self, start: datetime, end: datetime | None, limit: int) -> Map:
        """Where the latest alerts of `[start, end)` happened, with the journeys behind them."""
        parameters = between(start, end) | {"limit": str(limit)}
        return self._get("/api/v1/stats/map", Map, parameters)

    def top_users(self, start: datetime, end: datetime | None, limit: int) -> TopUsers:
        """The customers with the most alerts of `[start, end)`."""
        parameters = between(start, end) | {"limit": str(limit)}
        return self._get("/api/v1/stats/top-users", TopUsers, parameters)

    def _get(self, path: str, model: type[Counted], parameters: Parameters) -> Counted:
        return self.connection.get(path, model, parameters, max_age_s=_MAX_AGE_S)
