"""What the API reads of alerts: lists, and one with all that explains it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.queries import named_queries

_ALERTS: Final = named_queries("alerts.sql")

MAX_INCIDENT_ALERTS: Final = 200


class AlertFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts to list; what is None does not restrict.

    Attributes:
        rules: any of these; likewise severities, statuses and countries.
        since: transactions that happened then or later. until: before then.
    """

    rules: Sequence[str] | None = None
    severities: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    countries: Sequence[str] | None = None
    user_id: str | None = None
    min_score: int | None = None
    since: datetime | None = None
    until: datetime | None = None


class Position(msgspec.Struct, frozen=True):
    """A place in the order of alerts: the alert there, newest first."""

    occurred_at: datetime
    alert_id: int


def list_alerts(
    cursor: RealDictCursor, wanted: AlertFilter, *, below: Position | None, limit: int
) -> list[Row]:
    """At most `limit` alerts, newest first, that come after a position."""
    parameters = {
        **msgspec.structs.asdict(wanted),
        "below_time": below.occurred_at if below else None,
        "below_id": below.alert_id if below else None,
        "limit": limit,
    }
    return _rows(cursor, _ALERTS["list_alerts"], parameters)


def read_alert(cursor: RealDictCursor, alert_id: int) -> Row | None:
    """One alert with its evidence, its source and its incident's other alerts, if there is one."""
    for alert in _rows(cursor, _ALERTS["read_alert"], {"alert_id": alert_id}):
        others = _rows(
            cursor, _ALERTS["incident_alert_ids"], {**alert, "limit": MAX_INCIDENT_ALERTS}
        )
        return {**alert, "incident_alert_ids": [other["alert_id"] for other in others]}
    return None


def _rows(cursor: RealDictCursor, sql: str, parameters: Row) -> list[Row]:
    cursor.execute(sql, parameters)
    return [dict(row) for row in cursor]
