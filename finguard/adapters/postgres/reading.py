"""What follows from counting alerts and transactions, and the state of the schema."""

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.queries import named_queries

_STATISTICS: Final = named_queries("statistics.sql")

Bucket = Literal["minute", "hour", "day"]

BUCKET_STEPS: Final[dict[Bucket, timedelta]] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """All counts of a range of time, from one snapshot.

    Attributes:
        transactions: that happened in the range.
        alerts: rows of rule, severity, status and their number of alerts.
        alerted: rows of currency, its number of alerted transactions and their amount.
        dead_letters: that Kafka took in the range.
        backlog: `as_of`, `open_alerts` and `latest_alert_at`, whatever the range.
    """

    transactions: int
    alerts: list[Row]
    alerted: list[Row]
    dead_letters: int
    backlog: Row


def tally(snapshot: RealDictCursor, since: datetime, until: datetime) -> Tally:
    """Count everything in `[since, until)`, which must be whole minutes."""

    def rows(name: str) -> list[Row]:
        return _rows(snapshot, _STATISTICS[name], {"since": since, "until": until})

    return Tally(
        transactions=rows("count_transactions")[0]["transactions"],
        alerts=rows("count_alerts"),
        alerted=rows("alerted_transactions"),
        dead_letters=rows("count_dead_letters")[0]["dead_letters"],
        backlog=rows("backlog")[0],
    )


def timeline(cursor: RealDictCursor, since: datetime, until: datetime, bucket: Bucket) -> list[Row]:
    """Transactions and alerts of each bucket in `[since, until)`, which must be whole buckets."""
    parameters = {
        "since": since,
        "until": until,
        "bucket": bucket,
        "step": BUCKET_STEPS[bucket],
    }
    return _rows(cursor, _STATISTICS["timeline"], parameters)


def applied_migrations(cursor: RealDictCursor) -> list[str]:
    """The names of the migrations that the database has, in order."""
    return [row["name"] for row in _rows(cursor, _STATISTICS["applied_migrations"], {})]


def _rows(cursor: RealDictCursor, sql: str, parameters: Row) -> list[Row]:
    cursor.execute(sql, parameters)
    return [dict(row) for row in cursor]
