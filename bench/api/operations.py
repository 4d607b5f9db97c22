"""What is asked of the API: each operation under its name, with values that differ each time."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final, NamedTuple, get_args
from urllib.parse import urlencode

import psycopg2
from psycopg2.extras import RealDictCursor

from bench.api.filling import ANALYSTS, DAYS
from finguard.adapters.postgres.alerts import Position, Sort
from finguard.api.cursor import encode_cursor

SORTS: Final[tuple[Sort, ...]] = get_args(Sort)
SAMPLE: Final = 2_000
LONG_DAYS: Final = 79
"""Most of the history, and no more hours than a timeline may have."""
_ALERTS: Final = "/api/v1/alerts"
_STATS: Final = "/api/v1/stats"
_SAMPLE: Final = """
SELECT * FROM alerts
WHERE alert_id IN (
  SELECT least + floor((most - least) * random())::bigint
  FROM (SELECT min(alert_id) AS least, max(alert_id) AS most FROM alerts) AS ids,
    generate_series(1, %s))
"""

Parameters = Mapping[str, Any]


class Operation(NamedTuple):
    """One kind of request: `path` makes one, anew each time."""

    name: str
    path: Callable[[], str]


class Chance:
    """Draws values as they occur: common ones often.

    Args:
        dsn: where the alerts are.
        seed: the same seed draws the same.
    """

    def __init__(self, dsn: str, seed: int) -> None:
        self._rng = Random(seed)  # noqa: S311 - repeatable on purpose, guards nothing
        with closing(psycopg2.connect(dsn)) as connection:
            cursor = connection.cursor(cursor_factory=RealDictCursor)
            cursor.execute(_SAMPLE, (SAMPLE,))
            self._alerts: list[dict[str, Any]] = [dict(row) for row in cursor]
            cursor.execute("SELECT max(occurred_at) AS latest FROM alerts")
            self.latest: datetime = cursor.fetchall()[0]["latest"]

    def alert(self) -> dict[str, Any]:
        """Any alert."""
        return self._rng.choice(self._alerts)

    def some(self, column: str, count: int) -> list[Any]:
        """So many different values of a column, as they occur."""
        found: dict[Any, None] = {}
        while len(found) < count:
            found[self.alert()[column]] = None
        return list(found)

    def analyst(self) -> str:
        """Any analyst."""
        return f"analyst-{self._rng.randrange(ANALYSTS):02}"

    def moment(self) -> datetime:
        """Any minute of the history."""
        return self.latest - timedelta(minutes=self._rng.randrange(60, 60 * 24 * DAYS))

    def minutes(self, below: int) -> int:
        """Any number of minutes below this."""
        return self._rng.randrange(below)

    def cursor(self, sort: Sort) -> str:
        """A place anywhere in a list of that order."""
        return encode_cursor(Position.of(self.alert(), sort))


def lists(chance: Chance) -> Iterator[Operation]:
    """The list with each filter and with some combinations, in each order, also deep inside."""

    def asking(
        name: str, filters: Callable[[], Parameters], *, deep: bool = False
    ) -> Iterator[Operation]:
        for sort in SORTS:

            def path(sort: Sort = sort) -> str:
                place = {"cursor": chance.cursor(sort)} if deep else {}
                return _path(_ALERTS, {"sort": sort, **filters(), **place})

            yield Operation(f"{name}, {sort}", path)

    filters = _filters(chance)
    for name, filter_ in filters.items():
        yield from asking(name, filter_)
    for name in (
        "all",
        "status",
        "country",
        "text, common",
        "status + country",
        "status + from to",
    ):
        yield from asking(f"deep: {name}", filters[name], deep=True)
    yield Operation("detail", lambda: f"{_ALERTS}/{chance.alert()['alert_id']}")


def _filters(chance: Chance) -> dict[str, Callable[[], Parameters]]:
    def any_of(column: str, count: int = 1) -> Callable[[], Parameters]:
        return lambda: {column: chance.some(column, count)}

    def both(*parts: Callable[[], Parameters]) -> Callable[[], Parameters]:
        return lambda: {name: value for part in parts for name, value in part().items()}

    def days() -> Parameters:
        begin = chance.moment()
        return {"from": _text(begin), "to": _text(begin + timedelta(days=7))}

    def opened() -> Parameters:
        return {"status": "open"}

    def score_range() -> Parameters:
        return {"min_score": 70, "max_score": 90}

    def amount_range() -> Parameters:
        return {"min_amount": "1000", "max_amount": "5000"}

    def mine() -> Parameters:
        return {"assignee": chance.analyst()}

    def words(text: str) -> Callable[[], Parameters]:
        return lambda: {"text": text}

    single: dict[str, Callable[[], Parameters]] = {
        "all": dict,
        "rule": any_of("rule"),
        "severity": any_of("severity"),
        "status": any_of("status"),
        "statuses": lambda: {"status": ["open", "investigating"]},
        "country": any_of("country"),
        "countries": any_of("country", 4),
        "many countries": any_of("country", 12),
        "currency": any_of("currency"),
        "user": any_of("user_id"),
        "assignee": mine,
        "assigned": lambda: {"assigned": "true"},
        "unassigned": lambda: {"assigned": "false"},
        "min_score": lambda: {"min_score": 95},
        "max_score": lambda: {"max_score": 45},
        "min_amount": lambda: {"min_amount": "100000"},
        "max_amount": lambda: {"max_amount": "20"},
        "from": lambda: {"from": _text(chance.moment())},
        "to": lambda: {"to": _text(chance.moment())},
        "text, common": words("coffee"),
        "text, merchant": lambda: {"text": chance.alert()["merchant"]},
        "text, two cities": lambda: {"text": " ".join(chance.some("city", 2))},
        "text, id": lambda: {"text": chance.alert()["transaction_id"]},
        "text, prefix": lambda: {"text": str(chance.alert()["city"])[:4]},
    }
    return {
        **single,
        "from to": days,
        "scores": score_range,
        "amounts": amount_range,
        "status + country": both(opened, any_of("country")),
        "status + countries": both(opened, any_of("country", 4)),
        "status + many countries": both(opened, any_of("country", 12)),
        "status + from to": both(opened, days),
        "rule + severity + status": both(any_of("rule"), any_of("severity"), opened),
        "status + scores": both(opened, score_range),
        "status + amounts": both(opened, amount_range),
        "status + unassigned": both(opened, lambda: {"assigned": "false"}),
        "status + assignee": both(any_of("status"), mine),
        "assignee + from to": both(mine, days),
        "currency + min_amount": both(any_of("currency"), lambda: {"min_amount": "5000"}),
        "currency + status": both(any_of("currency"), opened),
        "country + min_score": both(any_of("country"), lambda: {"min_score": 90}),
        "country + text": both(any_of("country"), words("coffee")),
        "status + text": both(opened, lambda: {"text": chance.alert()["merchant"]}),
        "user + status": both(any_of("user_id"), opened),
        "scores + from to": both(score_range, days),
    }


def statistics(chance: Chance) -> Iterator[Operation]:
    """Every statistic of all there is."""
    between = {"from": "1970-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
    yield from _of_span("all", lambda: between)
    for bucket, zone, days in (
        ("day", "UTC", DAYS),
        ("day", "Asia/Kolkata", DAYS),
        ("hour", "UTC", LONG_DAYS),
        ("hour", "Asia/Kolkata", LONG_DAYS),
    ):
        span = partial(_span, chance, timedelta(days=days))
        yield _statistic("timeline", f"{days} days", span, {"bucket": bucket, "zone": zone})


def ranges(chance: Chance) -> Iterator[Operation]:
    """Every statistic of parts of the history, to the minute."""
    yield from _of_span(f"{LONG_DAYS} days", partial(_span, chance, timedelta(days=LONG_DAYS)))
    day = partial(_span, chance, timedelta(days=1))
    yield from _of_span("1 day", day)
    yield _statistic("timeline", "1 day", day, {"bucket": "minute", "zone": "UTC"})


def _of_span(span: str, between: Callable[[], Parameters]) -> Iterator[Operation]:
    for name, parameters in (
        ("summary", {}),
        ("hours-of-week", {"zone": "UTC"}),
        ("hours-of-week", {"zone": "Europe/Berlin"}),
        ("hours-of-week", {"zone": "Asia/Kolkata"}),
        ("top-users", {}),
        ("top-cities", {}),
        ("map", {}),
    ):
        yield _statistic(name, span, between, parameters)


def _statistic(
    name: str, span: str, between: Callable[[], Parameters], parameters: Parameters
) -> Operation:
    told = " ".join(str(value) for value in parameters.values())
    return Operation(
        f"{name} {told}, {span}".replace(" ,", ","),
        lambda: _path(f"{_STATS}/{name}", {**between(), **parameters}),
    )


def _span(chance: Chance, length: timedelta) -> Parameters:
    """A range that ends within the last day, at any minute."""
    end = chance.latest - timedelta(minutes=chance.minutes(24 * 60))
    return {"from": _text(end - length), "to": _text(end)}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _path(path: str, parameters: Parameters) -> str:
    return f"{path}?{urlencode(parameters, doseq=True)}"
