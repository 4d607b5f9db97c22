"""What follows from counting: sums of a range, how it went, and who and where stands out."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg2
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres.pieces import (
    ALERT_GRAINS,
    EVERYTHING,
    TRANSACTION_GRAINS,
    Grain,
    Piece,
    bucket_pieces,
    pieces,
)
from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.queries import named_queries

_SQL: Final = named_queries("statistics.sql")
_SUMMED: Final = ["verdict", "place", "currency", "triage"]


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """All counts of a range of time, from one snapshot.

    Attributes:
        transactions: that happened in the range.
        alerts: rows of rule, severity, status and their number of alerts.
        countries: rows of country and its number of alerts.
        alerted: rows of currency, its number of alerted transactions and their amount.
        triaged: rows of seconds from detection to triage, and their number of alerts.
        dead_letters: that Kafka took in the range.
        backlog: `as_of`, `open_alerts`, `latest_alert_at` and `earliest_at`, whatever the range.
    """

    transactions: int
    alerts: list[Row]
    countries: list[Row]
    alerted: list[Row]
    triaged: list[Row]
    dead_letters: int
    backlog: Row


def tally(snapshot: RealDictCursor, since: datetime, until: datetime) -> Tally:
    """Count everything in `[since, until)`, which must be whole minutes."""
    span = {"since": since, "until": until}
    counted = _rows(
        snapshot,
        "count_alerts",
        {**_arrays(_alert_pieces(snapshot, since, until)), "facets": _SUMMED},
    )
    transactions = _arrays(pieces(since, until, TRANSACTION_GRAINS))
    return Tally(
        transactions=_rows(snapshot, "count_transactions", transactions)[0]["transactions"],
        alerts=_of_facet(counted, "verdict", ("rule", "severity", "status")),
        countries=_of_facet(counted, "place", ("country",)),
        alerted=[
            row for row in _of_facet(counted, "currency", ("currency",)) if row["transactions"]
        ],
        triaged=_of_facet(counted, "triage", ("seconds",)),
        dead_letters=_rows(snapshot, "count_dead_letters", span)[0]["dead_letters"],
        backlog=_rows(snapshot, "backlog", {})[0],
    )


def timeline(snapshot: RealDictCursor, bounds: Sequence[datetime]) -> list[Row]:
    """Transactions and alerts of each bucket, zeros included.

    Args:
        snapshot: where to look.
        bounds: the begin of every bucket, in order, and the last one's end; whole minutes in UTC.
    """
    parameters = {"bounds": _literal(bounds), **_arrays(bucket_pieces(bounds))}

    def by_number(query: str) -> dict[int, int]:
        return {row["number"]: row["counted"] for row in _rows(snapshot, query, parameters)}

    transactions, alerts = by_number("transactions_by_bucket"), by_number("alerts_by_bucket")
    return [
        {
            "bucket": begin,
            "transactions": transactions.get(number, 0),
            "alerts": alerts.get(number, 0),
        }
        for number, begin in enumerate(bounds[:-1], 1)
    ]


def dead_letters_by_bucket(cursor: RealDictCursor, bounds: Sequence[datetime]) -> list[Row]:
    """How many there were (`counted`) by bucket (its `number` from 1), `reason` and `status`."""
    span = {"bounds": _literal(bounds), "since": bounds[0], "until": bounds[-1]}
    return _rows(cursor, "dead_letters_by_bucket", span)


def hours_of_week(
    cursor: RealDictCursor, since: datetime, until: datetime, *, zone: str, grain: Grain
) -> list[Row]:
    """Alerts by `weekday` (Monday is 1) and `hour` of a zone's clocks; only those with any.

    Args:
        cursor: where to look.
        since: the begin.
        until: the end; both are whole grains.
        zone: as IANA names it.
        grain: `hour` where the zone's hours begin when UTC's do, else `quarter`.

    Raises:
        ValueError: when the database knows no such zone.
    """
    parameters = {"since": since, "until": until, "zone": zone, "grain": grain}
    try:
        return _rows(cursor, "alerts_by_hour_of_week", parameters)
    except psycopg2.errors.InvalidParameterValue as error:
        raise ValueError("the database does not know this time zone") from error


def top_users(
    snapshot: RealDictCursor, since: datetime, until: datetime, *, limit: int
) -> list[Row]:
    """Those with the most alerts first; fast for everything, else as long as the range."""
    covers_all = list(_alert_pieces(snapshot, since, until)) == [EVERYTHING]
    query = "top_users_ever" if covers_all else "top_users"
    return _rows(snapshot, query, {"since": since, "until": until, "limit": limit})


def top_cities(
    snapshot: RealDictCursor, since: datetime, until: datetime, *, limit: int
) -> list[Row]:
    """Those with the most alerts first; `[since, until)` must be whole minutes."""
    parameters = _arrays(_alert_pieces(snapshot, since, until))
    return _rows(snapshot, "top_cities", {**parameters, "limit": limit})


def latest_places(
    cursor: RealDictCursor, since: datetime, until: datetime, *, limit: int
) -> list[Row]:
    """Where the latest alerts happened, newest first, with `journeys` as their evidence has it."""
    parameters = {"since": since, "until": until, "limit": limit}
    return _rows(cursor, "latest_places", parameters)


def extent(cursor: RealDictCursor) -> tuple[datetime, datetime] | None:
    """When the first and the last alert of all happened; None without any."""
    row = _rows(cursor, "extent", {})[0]
    return None if row["earliest"] is None else (row["earliest"], row["latest"])


def applied_migrations(cursor: RealDictCursor) -> list[str]:
    """The names of the migrations that the database has, in order."""
    return [row["name"] for row in _rows(cursor, "applied_migrations", {})]


def _alert_pieces(snapshot: RealDictCursor, since: datetime, until: datetime) -> Iterable[Piece]:
    found = extent(snapshot)
    if found is None:
        return []
    earliest, latest = found
    if since <= earliest and latest < until:
        return [EVERYTHING]
    return pieces(since, until, ALERT_GRAINS)


def _arrays(of: Iterable[Piece]) -> Row:
    """Pieces as the queries take them."""
    listed = list(of)
    return {
        "grains": [piece.grain for piece in listed],
        "begins": [_moment(piece, piece.since) for piece in listed],
        "ends": [_moment(piece, piece.until) for piece in listed],
    }


def _literal(bounds: Sequence[datetime]) -> str:
    """An array as PostgreSQL reads it, since the driver takes long for 2,000 moments."""
    return "{" + ",".join(map(datetime.isoformat, bounds)) + "}"


def _moment(piece: Piece, moment: datetime) -> Any:  # noqa: ANN401 - what psycopg2 adapts
    if piece is EVERYTHING:
        return "-infinity" if moment is piece.since else "infinity"
    return str(moment)


def _of_facet(counted: list[Row], facet: str, names: Sequence[str]) -> list[Row]:
    """The rows of a facet, with the parts of its key under their names."""
    return [
        {**row, **dict(zip(names, row["key"], strict=True))}
        for row in counted
        if row["facet"] == facet
    ]


def _rows(cursor: RealDictCursor, query: str, parameters: Row) -> list[Row]:
    """By way of a plain cursor: psycopg2 takes several times as long for rows of its own."""
    with cursor.connection.cursor() as plain:
        plain.execute(_SQL[query], parameters)
        names = [column.name for column in plain.description or ()]
        return [dict(zip(names, values, strict=True)) for values in plain]
