"""Lists of alerts in the order and with the filters an analyst asks for, and each alert."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.queries import named_queries

_SQL: Final = named_queries("alerts.sql")

MAX_INCIDENT_ALERTS: Final = 200
MAX_OTHER_ALERTS: Final = 20

MAX_STREAM_COUNTRIES: Final = 5
"""With more, merging the newest of each kind in each country costs more than it spares."""

Sort = Literal["newest", "oldest", "score", "amount"]


class AlertFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts to list; what is None does not restrict.

    Attributes:
        rules: any of these; likewise severities, statuses, countries and currencies.
        assignee: a user's name. assigned: whether anybody is.
        min_amount: this much or more, whatever the currency. max_amount: or less.
        since: transactions that happened then or later. until: before then.
        suppressed: whether a suppression counted when it was stored.
        text: words that the alert must have.
    """

    rules: Sequence[str] | None = None
    severities: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    countries: Sequence[str] | None = None
    currencies: Sequence[str] | None = None
    user_id: str | None = None
    assignee: str | None = None
    assigned: bool | None = None
    min_score: int | None = None
    max_score: int | None = None
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    since: datetime | None = None
    until: datetime | None = None
    suppressed: bool | None = None
    text: str | None = None

    def any_of(self, name: str) -> Sequence[str] | None:
        """The values of one of the filters that take several."""
        values: Sequence[str] | None = getattr(self, name)
        return values

    @property
    def is_of_countries(self) -> bool:
        """Whether it restricts countries, and besides these no more than time."""
        return self._restricted() == {"countries"}

    @property
    def is_of_kinds(self) -> bool:
        """Whether it restricts kinds or few countries, and besides these no more than time."""
        restricted = self._restricted()
        has_few_countries = len(self.countries or ()) <= MAX_STREAM_COUNTRIES
        return bool(restricted) and restricted <= _KIND_FIELDS and has_few_countries

    def _restricted(self) -> set[str]:
        """What it restricts besides time.

        To leave the suppressed ones out is no restriction, since it skips a few; to want them alone
        is, since it skips nearly all.
        """
        given = msgspec.structs.asdict(self)
        if not self.suppressed:
            given["suppressed"] = None
        return {name for name, value in given.items() if value is not None} - _TIME_FIELDS


_KIND_FIELDS: Final = {"rules", "severities", "statuses", "countries"}
_TIME_FIELDS: Final = {"since", "until"}
_SINGULAR: Final[dict[str, str]] = {
    "rules": "rule",
    "severities": "severity",
    "statuses": "status",
    "countries": "country",
    "currencies": "currency",
}
"""Filters that take several values, and the column of each."""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a list of alerts: all that the alert there is ordered by, which never changes."""

    sort: Sort
    occurred_at: datetime
    score: int
    amount: Decimal
    alert_id: int

    @classmethod
    def of(cls, alert: Mapping[str, Any], sort: Sort) -> "Position":
        """The place of a row that a list has given."""
        return cls(
            sort=sort,
            occurred_at=alert["occurred_at"],
            score=alert["score"],
            amount=alert["amount"],
            alert_id=alert["alert_id"],
        )


class _Order(msgspec.Struct, frozen=True):
    """How a list is ordered, and what lies beyond a position in it."""

    order: str
    beyond: str
    is_of_time: bool = False


_ORDERS: Final[dict[Sort, _Order]] = {
    "newest": _Order(
        "occurred_at DESC, alert_id DESC",
        "(occurred_at, alert_id) < (%(at_time)s, %(at_id)s)",
        is_of_time=True,
    ),
    "oldest": _Order(
        "occurred_at, alert_id",
        "(occurred_at, alert_id) > (%(at_time)s, %(at_id)s)",
        is_of_time=True,
    ),
    "score": _Order(
        "score DESC, occurred_at DESC, alert_id DESC",
        "(score, occurred_at, alert_id) < (%(at_score)s::smallint, %(at_time)s, %(at_id)s)",
    ),
    "amount": _Order(
        # Not the column of the result, which has lost its trailing zeros and thereby its index.
        "alerts.amount DESC, alerts.alert_id DESC",
        "(amount, alert_id) < (%(at_amount)s, %(at_id)s)",
    ),
}


def list_query(
    wanted: AlertFilter, sort: Sort, *, after: Position | None, limit: int
) -> tuple[str, Row]:
    """The query for a list, and its values."""
    values: Row = {
        "at_time": after.occurred_at if after else None,
        "at_score": after.score if after else None,
        "at_amount": after.amount if after else None,
        "at_id": after.alert_id if after else None,
        "limit": limit,
    }
    column = _merged_column(wanted, sort)
    if column is None and _ORDERS[sort].is_of_time and wanted.is_of_kinds:
        distinct = {name: sorted(set(wanted.any_of(name) or ())) or None for name in _SINGULAR}
        return _ordered("list_alerts_of_kinds", sort), {**values, **_matching(wanted), **distinct}
    if column is None:
        return _ordered("list_alerts", sort), {**values, **_matching(wanted)}
    # Restricted by its streams, and not once more, which would look like fewer to the planner.
    streams = set(wanted.any_of(column) or ())
    rest = msgspec.structs.replace(wanted, **{column: None})
    query = _ordered("list_alerts_merged", sort, stream=_SINGULAR[column])
    return query, {**values, **_matching(rest), "streams": sorted(streams)}


def declare_export(
    snapshot: RealDictCursor, wanted: AlertFilter, *, sort: Sort, limit: int
) -> None:
    """Begin to read a list of any length; `fetch_export` has it in parts."""
    # Merging kinds is for pages: it would collect everything before the first row.
    query = _SQL["declare_export"].format(query=_ordered("list_all_alerts", sort))
    snapshot.execute(query, {**_matching(wanted), "limit": limit})


def fetch_export(snapshot: RealDictCursor, count: int) -> list[Row]:
    """The next so many alerts; none at the end."""
    return _rows(snapshot, _SQL["fetch_export"], {"count": count})


def _merged_column(wanted: AlertFilter, sort: Sort) -> str | None:
    """Which filter's values to merge the lists of; None where one index has the order already."""
    if wanted.is_of_countries and (sort == "score" or _ORDERS[sort].is_of_time):
        return "countries"
    candidates = {"score": ("severities",), "amount": ("currencies", "countries")}.get(sort, ())
    return next((name for name in candidates if len(wanted.any_of(name) or ()) > 1), None)


def _matching(wanted: AlertFilter) -> Row:
    """The values of the filters; a single one of several by itself."""
    values: Row = msgspec.structs.asdict(wanted)
    for several, one in _SINGULAR.items():
        given = values[several] or ()
        is_one = len(given) == 1
        values[one] = next(iter(given)) if is_one else None
        values[several] = None if is_one else values[several]
    return values


def _ordered(name: str, sort: Sort, *, stream: str = "") -> str:
    order = _ORDERS[sort]
    return _SQL[name].format(
        columns=_SQL["columns"],
        matching=_SQL["matching"],
        beyond=order.beyond,
        order=order.order,
        order_of_first=order.order.replace("alerts.", "first."),
        stream=stream,
    )


def list_alerts(
    cursor: RealDictCursor,
    wanted: AlertFilter,
    *,
    sort: Sort = "newest",
    after: Position | None = None,
    limit: int,
) -> list[Row]:
    """At most `limit` alerts in an order, from behind a position in the same order."""
    return _rows(cursor, *list_query(wanted, sort, after=after, limit=limit))


def read_alert(cursor: RealDictCursor, alert_id: int) -> Row | None:
    """One alert with its evidence, its source, its incident's and its user's other alerts."""
    for alert in _rows(cursor, with_columns(_SQL["read_alert"]), {"alert_id": alert_id}):
        incident = _rows(
            cursor, _SQL["incident_alert_ids"], {**alert, "limit": MAX_INCIDENT_ALERTS}
        )
        others = _rows(
            cursor, with_columns(_SQL["other_alerts"]), {**alert, "limit": MAX_OTHER_ALERTS}
        )
        return {
            **alert,
            "incident_alert_ids": [other["alert_id"] for other in incident],
            "other_alerts": others,
        }
    return None


def has_alert(cursor: RealDictCursor, alert_id: int) -> bool:
    """Whether there is such an alert."""
    return bool(_rows(cursor, _SQL["has_alert"], {"alert_id": alert_id}))


def with_columns(sql: str) -> str:
    """A query with the columns of a list's alert in the place for them."""
    return sql.format(columns=_SQL["columns"])


def _rows(cursor: RealDictCursor, sql: str, parameters: Row) -> list[Row]:
    """By way of a plain cursor: psycopg2 takes four times as long for a page of its own rows."""
    with cursor.connection.cursor() as plain:
        plain.execute(sql, parameters)
        names = [column.name for column in plain.description or ()]
        return [dict(zip(names, values, strict=True)) for values in plain]
