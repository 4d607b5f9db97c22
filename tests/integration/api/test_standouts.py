"""When, who and where stands out: right to the unit against a recount in Python."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.integration.api.history import History
from tests.integration.api.world import NOON, Alert, World, alert

STATS = "/api/v1/stats"
EVER = {"from": "1970-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
RANGES = [
    EVER,
    {"from": "2026-03-01T06:07:00Z", "to": "2026-03-03T18:31:00Z"},
    {"from": "2026-03-02T12:10:00Z", "to": "2026-03-02T12:55:00Z"},
    {"from": "2027-01-01T00:00:00Z", "to": "2028-01-01T00:00:00Z"},
]


def within(history: History, params: dict[str, str]) -> list[Alert]:
    """The alerts of a range."""
    since, until = (datetime.fromisoformat(params[end]) for end in ("from", "to"))
    return [row for row in history.alerts if since <= row["occurred_at"] < until]


def ask(client: httpx.Client, what: str, params: dict[str, Any]) -> dict[str, Any]:
    """An answer that succeeded."""
    answer: dict[str, Any] = client.get(f"{STATS}/{what}", params=params).raise_for_status().json()
    return answer


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu"])
def test_hours_of_the_week_equal_a_recount(
    client: httpx.Client, history: History, zone: str
) -> None:
    """All 168 hours are there, in order, as the zone's clocks show them."""
    for params in ({**EVER}, {"from": "2026-03-01T06:30:00Z", "to": "2026-03-03T18:30:00Z"}):
        answer = ask(client, "hours-of-week", {**params, "zone": zone})
        counted = within(history, {"from": answer["from"], "to": answer["to"]})
        local = [row["occurred_at"].astimezone(ZoneInfo(zone)) for row in counted]
        expected = Counter((moment.isoweekday(), moment.hour) for moment in local)
        rows = {(row["weekday"], row["hour"]): row["alerts"] for row in answer["rows"]}
        assert list(rows) == [(weekday, hour) for weekday in range(1, 8) for hour in range(24)]
        assert {hour: alerts for hour, alerts in rows.items() if alerts} == expected
        assert answer["zone"] == zone


def test_hours_of_the_week_are_widened_to_what_is_counted(client: httpx.Client) -> None:
    """To whole hours, or to quarters where the zone's hours begin within those of UTC."""
    params = {"from": "2026-03-01T06:20:00Z", "to": "2026-03-01T07:05:00Z"}
    hours = ask(client, "hours-of-week", params)
    assert (hours["from"], hours["to"]) == ("2026-03-01T06:00:00Z", "2026-03-01T08:00:00Z")
    quarters = ask(client, "hours-of-week", {**params, "zone": "Asia/Kolkata"})
    assert (quarters["from"], quarters["to"]) == ("2026-03-01T06:15:00Z", "2026-03-01T07:15:00Z")


@pytest.mark.parametrize("params", RANGES)
def test_top_users_equal_a_recount(
    client: httpx.Client, history: History, params: dict[str, str]
) -> None:
    """Those with most alerts first, ties by name, however much of history is asked for."""
    alerts = within(history, params)
    counts = Counter(row["user_id"] for row in alerts)
    expected = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:7]
    rows = ask(client, "top-users", {**params, "limit": 7})["rows"]
    assert [(row["user_id"], row["alerts"]) for row in rows] == expected
    for row in rows:
        of_user = [a["occurred_at"] for a in alerts if a["user_id"] == row["user_id"]]
        assert datetime.fromisoformat(row["latest_alert_at"]) == max(of_user)


@pytest.mark.parametrize("params", RANGES)
def test_top_cities_equal_a_recount(
    client: httpx.Client, history: History, params: dict[str, str]
) -> None:
    """Cities of one name in two countries are two; a transaction counts once."""
    alerts = within(history, params)
    counts = Counter((row["country"], row["city"]) for row in alerts)
    alerted = {(row["user_id"], row["transaction_id"]): row for row in alerts}.values()
    transactions = Counter((row["country"], row["city"]) for row in alerted)
    expected = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:5]
    rows = ask(client, "top-cities", {**params, "limit": 5})["rows"]
    assert [((row["country"], row["city"]), row["alerts"]) for row in rows] == expected
    for row in rows:
        assert row["alerted_transactions"] == transactions[row["country"], row["city"]]


JOURNEY = {
    "compared_with": {
        "transaction_id": "t-1",
        "time_us": 1_772_366_400_000_000,
        "city": "Istanbul",
        "country": "TR",
        "lat": 41.0,
        "lon": 29.0,
        "radius_km": 0.0,
        "was_flagged": False,
    },
    "distance_km": 1737.5,
    "apart_s": 60.0,
    "elapsed_s": 120.0,
    "speed_kmh": None,
    "impossible": True,
}


def test_map_shows_the_latest_alerts_with_their_journeys(
    client: httpx.Client, world: World
) -> None:
    """Newest first and no more than asked for; an arc leads to the place compared with."""
    older, newer, newest = world.store_alerts(
        [
            alert(occurred_at=NOON),
            alert(occurred_at=NOON + timedelta(seconds=1)),
            alert(
                occurred_at=NOON + timedelta(seconds=2),
                rule="impossible_travel",
                evidence={"verdict": "impossible", "journeys": [JOURNEY]},
            ),
        ]
    )
    assert [p["alert_id"] for p in ask(client, "map", EVER)["points"]] == [newest, newer, older]
    first, second = ask(client, "map", {**EVER, "limit": 2})["points"]
    assert (first["alert_id"], second["alert_id"]) == (newest, newer)
    assert second["arcs"] == []
    assert first["arcs"] == [
        {
            "city": "Istanbul",
            "country": "TR",
            "lat": 41.0,
            "lon": 29.0,
            "distance_km": 1737.5,
            "apart_s": 60.0,
            "impossible": True,
        }
    ]


@pytest.mark.parametrize(
    "journeys",
    ["none", 7, {"a": 1}, [1, None], [{}], [{"compared_with": "x"}], [JOURNEY | {"apart_s": "x"}]],
)
def test_map_does_without_journeys_it_cannot_read(
    client: httpx.Client, world: World, journeys: object
) -> None:
    """Evidence is a rule's own, and another version's may look otherwise: the point stays."""
    world.store_alerts([alert(evidence={"journeys": journeys})])
    (point,) = ask(client, "map", EVER)["points"]
    assert point["arcs"] == []


@pytest.mark.parametrize("what", ["top-users", "top-cities", "hours-of-week", "map"])
def test_nothing_stands_out_in_an_empty_system(client: httpx.Client, what: str) -> None:
    """A new system answers, and names nobody."""
    answer = ask(client, what, EVER)
    rows = answer["points"] if what == "map" else answer["rows"]
    assert not any(row["alerts"] for row in rows)


@pytest.mark.parametrize(
    ("what", "params"),
    [
        ("top-users", {"limit": 0}),
        ("top-users", {"limit": 101}),
        ("top-cities", {"zone": "UTC"}),
        ("map", {"limit": 501}),
        ("hours-of-week", {"zone": "nowhere"}),
        ("hours-of-week", {"from": "2026-03-01"}),
    ],
)
def test_standouts_that_cannot_be(client: httpx.Client, what: str, params: dict[str, Any]) -> None:
    """Wrong limits, zones and ranges: 422 with the reason."""
    answer = client.get(f"{STATS}/{what}", params=params)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"]
