"""Statistics: right to the unit against a recount in Python."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.integration.api.history import MINUTE, History, recount
from tests.integration.api.world import NOON, World, alert

SUMMARY = "/api/v1/stats/summary"
TIMELINE = "/api/v1/stats/timeline"


def summary(client: httpx.Client, **params: str) -> dict[str, Any]:
    """A summary with its numbers as the recount has them."""
    answer = client.get(SUMMARY, params=params).raise_for_status().json()
    at_risk = answer.pop("amount_at_risk")
    ends = {name: answer[name] for name in ("earliest_at", "latest_alert_at")}
    return {
        **answer,
        "by_currency": {code: Decimal(amount) for code, amount in at_risk["by_currency"].items()},
        "usd_equivalent": Decimal(at_risk["usd_equivalent"]),
        "without_equivalent": at_risk["without_equivalent"],
        **{name: end and datetime.fromisoformat(end) for name, end in ends.items()},
    }


RANGES = [
    ("1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z"),
    ("2026-03-01T06:00:00Z", "2026-03-02T18:30:00Z"),
    ("2026-03-01T00:00:00+01:00", "2026-03-02T00:00:00+01:00"),
    ("2026-03-02T12:00:00Z", "2026-03-02T12:01:00Z"),
    ("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"),
]


def test_summary_equals_a_recount(client: httpx.Client, history: History) -> None:
    """Every number of every range is what counting one by one gives."""
    for since, until in RANGES:
        answer = summary(client, **{"from": since, "to": until})
        begin, end = (datetime.fromisoformat(moment) for moment in (since, until))
        assert datetime.fromisoformat(answer.pop("from")) == begin
        assert datetime.fromisoformat(answer.pop("to")) == end
        del answer["as_of"]
        assert answer == recount(history, begin, end)


def test_summary_says_when_it_was_true(client: httpx.Client) -> None:
    """`as_of` is the moment of the snapshot, by the database's clock."""
    before = datetime.now(UTC)
    as_of = datetime.fromisoformat(summary(client)["as_of"])
    assert before - timedelta(seconds=1) < as_of < datetime.now(UTC) + timedelta(seconds=1)


@pytest.mark.parametrize(
    "taken", ["max-age=60", "no-transform, Max-Age=99999", "max-age=2147483648"]
)
def test_an_older_answer_is_for_who_takes_one(
    client: httpx.Client, world: World, taken: str
) -> None:
    """Twenty who look at the same figures cost one count; all others get what is true now."""
    span = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}

    def alerts(cache_control: str) -> int:
        answer = client.get(SUMMARY, params=span, headers={"Cache-Control": cache_control})
        return int(answer.raise_for_status().json()["alerts"])

    assert alerts(taken) == 0
    world.store_alerts([alert(occurred_at=NOON)])
    assert alerts(taken) == 0
    assert alerts("max-age=0") == 1
    assert alerts(taken) == 1


@pytest.mark.parametrize(
    "said",
    [
        "",
        "no-cache",
        "max-age",
        "max-age=-1",
        "s-max-age=60",
        "x=max-age=60",
        "max-age=60, no-cache",
    ],
)
def test_what_says_nothing_of_an_age_gets_no_older_answer(
    client: httpx.Client, world: World, said: str
) -> None:
    """Nor does it hurt."""
    assert summary(client)["open_alerts"] == 0
    world.store_alerts([alert(occurred_at=NOON)])
    answer = client.get(SUMMARY, headers={"Cache-Control": said}).raise_for_status()
    assert answer.json()["open_alerts"] == 1


def test_summary_of_nothing(client: httpx.Client) -> None:
    """A new system has zeros, and no rate rather than a division by zero."""
    answer = summary(client)
    assert (answer["transactions"], answer["alerts"], answer["fraud_rate"]) == (0, 0, None)
    assert answer["latest_alert_at"] is None
    assert answer["by_severity"] == {"low": 0, "medium": 0, "high": 0}


def test_summary_says_where_everything_begins(client: httpx.Client, world: World) -> None:
    """With the first alert, or on the day of the first transaction; nothing lies before it."""
    assert summary(client)["earliest_at"] is None
    world.store_alerts([alert(occurred_at=NOON)])
    assert summary(client)["earliest_at"] == NOON
    world.count_transactions({(NOON - timedelta(days=40), 0): 1})
    assert summary(client)["earliest_at"] == datetime(2026, 1, 20, tzinfo=UTC)


def test_summary_without_a_range_is_of_the_last_day(client: httpx.Client, world: World) -> None:
    """What happened a minute ago counts and what happened two days ago does not."""
    now = datetime.now(UTC)
    world.store_alerts([alert(occurred_at=now - MINUTE), alert(occurred_at=now - 2_880 * MINUTE)])
    answer = summary(client)
    assert (answer["alerts"], answer["open_alerts"]) == (1, 2)


def test_partial_minutes_are_widened(client: httpx.Client, world: World) -> None:
    """Counters know whole minutes only, so both ends move outwards and the answer says so."""
    world.store_alerts([alert(occurred_at=NOON + timedelta(seconds=1))])
    world.count_transactions({(NOON, 0): 4})
    answer = summary(client, **{"from": "2026-03-01T12:00:30Z", "to": "2026-03-01T12:00:31Z"})
    assert (answer["from"], answer["to"]) == ("2026-03-01T12:00:00Z", "2026-03-01T12:01:00Z")
    assert (answer["transactions"], answer["alerts"], answer["fraud_rate"]) == (4, 1, 0.25)


def test_large_sums_are_exact(client: httpx.Client, world: World) -> None:
    """Money is added as decimals: no digit is lost to a float."""
    largest = Decimal("999999999999.9999")
    world.store_alerts([alert(amount=largest) for _ in range(3)])
    answer = summary(client, **{"from": "2026-01-01T00:00:00Z"})
    assert answer["by_currency"] == {"USD": 3 * largest}


@pytest.mark.parametrize(
    ("bucket", "step", "since", "until"),
    [
        ("minute", MINUTE, "2026-03-01T10:00:00Z", "2026-03-02T10:00:00Z"),
        ("hour", 60 * MINUTE, "2026-02-27T00:00:00Z", "2026-03-06T00:00:00Z"),
        ("day", 1_440 * MINUTE, "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z"),
    ],
)
def test_timeline_equals_a_recount(
    client: httpx.Client, history: History, bucket: str, step: timedelta, since: str, until: str
) -> None:
    """Every bucket is there, in order, with its exact numbers; empty ones have zeros."""
    params = {"from": since, "to": until, "bucket": bucket}
    rows = client.get(TIMELINE, params=params).raise_for_status().json()["rows"]
    begin, end = (datetime.fromisoformat(moment) for moment in (since, until))
    expected = []
    while begin < end:
        numbers = recount(history, begin, begin + step)
        expected.append(
            {
                "bucket": begin.isoformat().replace("+00:00", "Z"),
                "transactions": numbers["transactions"],
                "alerts": numbers["alerts"],
            }
        )
        begin += step
    assert rows == expected
    assert any(row["alerts"] for row in rows)


def test_timeline_without_a_range_is_of_the_last_day(client: httpx.Client, world: World) -> None:
    """Twenty-five hours are touched by 24, and the last holds what happens now."""
    world.store_alerts([alert(occurred_at=datetime.now(UTC))])
    answer = client.get(TIMELINE).json()
    assert answer["bucket"] == "hour"
    assert len(answer["rows"]) == 25
    assert answer["rows"][-1]["alerts"] == 1


def test_timeline_adds_up_to_the_summary(client: httpx.Client, history: History) -> None:
    """Rows and summary of one range tell the same story."""
    params = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-04T00:00:00Z"}
    rows = client.get(TIMELINE, params=params).json()["rows"]
    total = summary(client, **params)
    assert sum(row["transactions"] for row in rows) == total["transactions"]
    assert sum(row["alerts"] for row in rows) == total["alerts"] == len(history.alerts)


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu"])
def test_days_of_a_zone_equal_a_recount(client: httpx.Client, history: History, zone: str) -> None:
    """A day begins at the zone's midnight, on a quarter of an hour if need be."""
    clocks = ZoneInfo(zone)
    midnights = [datetime(2026, 2, 27, tzinfo=clocks) + timedelta(days=n) for n in range(8)]
    params = {"from": _shown(midnights[0]), "to": _shown(midnights[-1]), "bucket": "day"}
    answer = client.get(TIMELINE, params={**params, "zone": zone}).raise_for_status().json()
    expected = []
    for begin, end in pairwise(midnights):
        numbers = recount(history, begin, end)
        expected.append(
            {
                "bucket": _shown(begin),
                "transactions": numbers["transactions"],
                "alerts": numbers["alerts"],
            }
        )
    assert answer["rows"] == expected
    assert answer["zone"] == zone


def test_hours_of_a_zone_equal_a_recount(client: httpx.Client, history: History) -> None:
    """Where every hour lies across two of UTC."""
    begin = datetime(2026, 3, 1, 6, 15, tzinfo=UTC)
    params = {"from": _shown(begin), "to": _shown(begin + 48 * 60 * MINUTE), "bucket": "hour"}
    rows = client.get(TIMELINE, params={**params, "zone": "Asia/Kathmandu"}).json()["rows"]
    assert len(rows) == 48
    for number, row in enumerate(rows):
        since = begin + number * 60 * MINUTE
        numbers = recount(history, since, since + 60 * MINUTE)
        expected = (_shown(since), numbers["transactions"], numbers["alerts"])
        assert (row["bucket"], row["transactions"], row["alerts"]) == expected


def test_the_day_of_a_change_of_clocks_is_longer(client: httpx.Client, world: World) -> None:
    """What happened in its 25th hour belongs to it."""
    world.store_alerts([alert(occurred_at=datetime(2026, 10, 25, 22, 30, tzinfo=UTC))])
    params = {"from": "2026-10-24T22:00:00Z", "to": "2026-10-26T23:00:00Z", "bucket": "day"}
    rows = client.get(TIMELINE, params={**params, "zone": "Europe/Berlin"}).json()["rows"]
    assert [(row["bucket"], row["alerts"]) for row in rows] == [
        ("2026-10-24T22:00:00Z", 1),
        ("2026-10-25T23:00:00Z", 0),
    ]


IMPOSSIBLE_TIMELINES = [
    {"bucket": "week"},
    {"bucket": "minute", "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T09:21:00Z"},
    {"bucket": "hour", "from": "1970-01-01T00:00:00Z"},
    {"from": "2026-03-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"},
    {"from": "2026-03-01"},
    {"step": "1"},
    {"zone": "Mars/Olympus"},
]


def test_timelines_that_cannot_be(client: httpx.Client) -> None:
    """Unknown buckets, too many of them, empty ranges: 422 with the reason."""
    for params in IMPOSSIBLE_TIMELINES:
        answer = client.get(TIMELINE, params=params)
        assert answer.status_code == 422, params
        assert answer.json()["errors"][0]["message"]


def test_longest_timeline_is_served(client: httpx.Client) -> None:
    """Exactly 2,000 buckets are not too many."""
    params = {"bucket": "minute", "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T09:20:00Z"}
    assert len(client.get(TIMELINE, params=params).json()["rows"]) == 2_000
