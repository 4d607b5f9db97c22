"""Alerts: filters, pages and details."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import httpx

from finguard.api.cursor import decode_cursor
from tests.integration.api.listed import ALERTS, listed
from tests.integration.api.world import NOON, Alert, World, alert

HOUR = timedelta(hours=1)

ITEM_FIELDS = {
    "alert_id",
    "user_id",
    "transaction_id",
    "rule",
    "severity",
    "score",
    "story",
    "amount",
    "currency",
    "merchant",
    "category",
    "channel",
    "city",
    "country",
    "lat",
    "lon",
    "occurred_at",
    "detected_at",
    "incident_id",
    "status",
    "assignee",
    "triaged_at",
    "version",
    "suppressed_by",
}
DETAIL_FIELDS = ITEM_FIELDS | {
    "evidence",
    "rule_version",
    "published_at",
    "source",
    "incident_alert_ids",
    "other_alerts",
    "notes",
    "recent_transactions_available",
    "recent_transactions",
}

Params = dict[str, str | int | list[str]]


def various(random: Random, count: int) -> list[Alert]:
    """Alerts that differ in everything that can be filtered by, many of them at equal times."""
    return [
        alert(
            rule=random.choice(["high_value", "velocity", "impossible_travel"]),
            severity=random.choice(["low", "medium", "high"]),
            status=random.choice(["open", "investigating", "confirmed_fraud", "false_positive"]),
            user_id=random.choice(["u-1", "u-2", "user with spaces", "пользователь"]),
            country=random.choice(["DE", "TR", "US"]),
            score=random.choice([0, 40, 60, 100]),
            occurred_at=NOON + random.randrange(48) * HOUR,
        )
        for _ in range(count)
    ]


def expected(stored: list[Alert], ids: list[int]) -> list[int]:
    """Ids of the alerts, newest first, as Python sees it."""
    pairs = [(row["occurred_at"], alert_id) for row, alert_id in zip(stored, ids, strict=True)]
    return [alert_id for _, alert_id in sorted(pairs, reverse=True)]


def test_no_alerts_are_an_empty_page(client: httpx.Client) -> None:
    """A new system has an empty list, and no next page."""
    assert client.get(ALERTS).json() == {"items": [], "next_cursor": None}


def test_item_has_exactly_these_fields(client: httpx.Client, world: World) -> None:
    """The dashboard relies on the names; money is an exact string and times are in UTC."""
    world.store_alerts([alert(amount=Decimal("999999999999.9999"), score=100)])
    (item,) = client.get(ALERTS).json()["items"]
    assert set(item) == ITEM_FIELDS
    assert item["amount"] == "999999999999.9999"
    assert item["occurred_at"] == "2026-03-01T12:00:00Z"
    assert (item["lat"], item["lon"], item["score"]) == (52.52, 13.405, 100)


def test_amounts_are_plain_decimals(client: httpx.Client, world: World) -> None:
    """No exponent, no zeros that the source did not mean."""
    shown = {"0": "0", "1000": "1000", "12.50": "12.5", "0.0001": "0.0001", "1E+3": "1000"}
    world.store_alerts([alert(amount=Decimal(stored)) for stored in reversed(shown)])
    items = client.get(ALERTS).json()["items"]
    assert [item["amount"] for item in items] == list(shown.values())


def test_pages_of_any_size_make_the_whole_list(client: httpx.Client, world: World) -> None:
    """Page by page comes every alert once, newest first, also among equal times."""
    stored = various(Random(3), 200)  # noqa: S311 - a reproducible test
    ids = world.store_alerts(stored)
    for limit in (3, 50, 199, 200):
        assert listed(client, limit=limit) == expected(stored, ids), limit


def test_pages_stay_right_while_alerts_arrive(client: httpx.Client, world: World) -> None:
    """New alerts before, at and after the page's end neither repeat nor displace the others."""
    random = Random(7)  # noqa: S311 - a reproducible test
    stored = various(random, 120)
    first_ids = world.store_alerts(stored)
    seen: list[int] = []
    cursor: str | None = None
    while True:
        params: Params = {"limit": 10}
        if cursor:
            params["cursor"] = cursor
        page = client.get(ALERTS, params=params).json()
        seen += [item["alert_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        world.store_alerts(
            [
                alert(occurred_at=NOON + 100 * HOUR),
                alert(occurred_at=decode_cursor(cursor).occurred_at),
                *various(random, 3),
            ]
        )
    assert len(set(seen)) == len(seen)
    assert set(first_ids) <= set(seen)
    known = set(first_ids)
    in_order = [alert_id for alert_id in seen if alert_id in known]
    assert in_order == expected(stored, first_ids)


def test_last_page_has_no_next(client: httpx.Client, world: World) -> None:
    """A list that ends with a full page says so, instead of leading to an empty one."""
    world.store_alerts([alert() for _ in range(4)])
    assert client.get(ALERTS, params={"limit": 4}).json()["next_cursor"] is None
    assert client.get(ALERTS, params={"limit": 3}).json()["next_cursor"] is not None


def test_microseconds_are_kept_in_order(client: httpx.Client, world: World) -> None:
    """Times that differ in their last digit are told apart by pages of one."""
    instant = datetime(2026, 3, 1, 12, 0, 0, 999_999, tzinfo=UTC)
    microsecond = timedelta(microseconds=1)
    ids = world.store_alerts(
        [alert(occurred_at=instant + n * microsecond) for n in (0, 2, 1, 1, -1)]
    )
    assert listed(client, limit=1) == [ids[1], ids[3], ids[2], ids[0], ids[4]]


WRONG_PARAMETERS = [
    ("limit", "0"),
    ("limit", "201"),
    ("limit", "-1"),
    ("limit", "1.5"),
    ("limit", "NaN"),
    ("limit", "9" * 5_000),
    ("min_score", "101"),
    ("min_score", "Infinity"),
    ("severity", "urgent"),
    ("status", "closed"),
    ("country", "de"),
    ("country", "GERMANY"),
    ("rule", "Robert'); DROP TABLE alerts;--"),
    ("user_id", ""),
    ("user_id", "x" * 65),
    ("user_id", "nul\x00"),
    ("from", "yesterday"),
    ("from", "2026-03-01T12:00:00"),
    ("cursor", "nonsense"),
    ("cursor", "A" * 36),
    ("sort", "merchant"),
    ("min_amount", "NaN"),
    ("max_amount", "1e400"),
    ("min_amount", "0.00001"),
    ("min_amount", "1e3"),
    ("min_amount", "1_000"),
    ("max_amount", "\u0663"),
    ("max_amount", "+5"),
    ("max_amount", " 5"),
    ("max_amount", "1000000000000.0001"),
    ("assignee", "Nobody Known"),
    ("assigned", "perhaps"),
    ("currency", "eur"),
    ("text", "x" * 101),
    ("text", "nul\x00"),
    ("Rule", "velocity"),
]


def test_wrong_parameters_are_named(client: httpx.Client) -> None:
    """Each is refused with 422 under its name, and its value is not repeated."""
    for name, value in WRONG_PARAMETERS:
        answer = client.get(ALERTS, params={name: value})
        assert answer.status_code == 422, (name, value)
        assert answer.headers["Content-Type"] == "application/problem+json"
        (error,) = answer.json()["errors"]
        assert error["where"].startswith(f"query.{name}")


def test_detail_explains_the_alert(client: httpx.Client, world: World) -> None:
    """The detail has all of the item, the evidence as it was stored, and the record's place."""
    evidence = {"journeys": [{"speed_kmh": None, "city": "Şirnak"}], "limits": {"km": 0.1}}
    (alert_id,) = world.store_alerts([alert(evidence=evidence, partition=5, offset=2**40)])
    detail = client.get(f"{ALERTS}/{alert_id}").json()
    (item,) = client.get(ALERTS).json()["items"]
    assert set(detail) == DETAIL_FIELDS
    assert {key: detail[key] for key in item} == item
    assert detail["evidence"] == evidence
    assert detail["source"] == {"topic": "transactions", "partition": 5, "offset": 2**40}
    assert detail["rule_version"] == 1
    assert detail["published_at"] == "2026-03-01T12:00:00Z"


def test_detail_lists_the_rest_of_the_incident(client: httpx.Client, world: World) -> None:
    """The incident's other alerts come oldest first; another customer's same id is no part."""
    ids = world.store_alerts(
        [
            alert(incident_id="t-first", occurred_at=NOON + HOUR),
            alert(incident_id="t-first"),
            alert(incident_id="t-first", rule="velocity"),
            alert(incident_id="t-other"),
            alert(incident_id="t-first", user_id="u-2"),
        ]
    )
    assert client.get(f"{ALERTS}/{ids[1]}").json()["incident_alert_ids"] == [ids[2], ids[0]]
    assert client.get(f"{ALERTS}/{ids[3]}").json()["incident_alert_ids"] == []


NO_ALERTS = [
    ("4711", 404),
    (str(2**53 - 1), 404),
    ("0", 422),
    ("-1", 422),
    (str(2**53), 422),
    ("9" * 5_000, 422),
    ("1e3", 422),
    ("NaN", 422),
    ("%00", 422),
    ("%FF", 422),
    ("..%2f..%2fetc", 404),
]


def test_alerts_that_are_not_there(client: httpx.Client) -> None:
    """An unknown id is 404 and what is no id is 422, both as problems."""
    for alert_id, status in NO_ALERTS:
        answer = client.get(f"{ALERTS}/{alert_id}")
        assert answer.status_code == answer.json()["status"] == status, alert_id
