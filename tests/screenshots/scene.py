"""A day in the simulated world, worked on by an analyst: what the pictures show."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import httpx

from tests.acceptance.whole import Whole, api_client
from tests.patience import wait_for
from tests.screenshots.shots import Found

LIVE: Final = ("--rate", "20", "--users", "2000", "--seed", "11", "--fraud-rate", "0.02")
"""What goes on while the pictures are taken."""

_USERS: Final = 10_000
_PER_USER: Final = 3
_DAY: Final = timedelta(hours=23, minutes=50)
_FIRST: Final = ("confirmed_fraud", "false_positive", "investigating", "confirmed_fraud")


def furnish(whole: Whole) -> Found:
    """Fill the last day, judge it, decide on some alerts, keep somebody quiet."""
    begin = datetime.now(UTC) - _DAY
    producer = whole.site.start(
        "producer.py",
        *("--rate", "0", "--users", str(_USERS), "--limit", str(_USERS * _PER_USER * 95 // 100)),
        *("--seed", "7", "--fraud-rate", "0.01", "--poison-rate", "0.004"),
        *("--start-time", begin.isoformat()),
    )
    assert producer.wait() == 0, "the producer failed"
    with api_client(whole.api) as client:
        token = client.post(
            "/api/v1/auth/token", data={"username": "admin", "password": "password123"}
        ).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        wait_for(lambda: len(_alerts(client)) >= len(_FIRST) * 5, "enough alerts")
        for number, alert in enumerate(_alerts(client)):
            if number % 3 == 0:
                _decide(client, alert["alert_id"], _FIRST[number // 3 % len(_FIRST)])
        (journey, *_) = _alerts(client, rule="impossible_travel", status="open")
        customer = journey["user_id"]
        client.post(
            f"/api/v1/users/{quote(customer, safe='')}/suppressions",
            json={
                "kind": "snooze",
                "rule": "velocity",
                "reason": "Pays for a conference today; called and confirmed.",
                "expires_at": (datetime.now(UTC) + timedelta(days=2)).isoformat(),
            },
        ).raise_for_status()
        (letter, *_) = client.get("/api/v1/dead-letters").json()["items"]
    return Found(journey["alert_id"], customer, letter["dead_letter_id"])


def _alerts(client: httpx.Client, **filters: str) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/alerts", params={"limit": 100, "sort": "newest", **filters})
    found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return found


def _decide(client: httpx.Client, alert_id: int, status: str) -> None:
    etag = client.get(f"/api/v1/alerts/{alert_id}").headers["ETag"]
    client.patch(
        f"/api/v1/alerts/{alert_id}",
        headers={"If-Match": etag},
        json={"status": status, "note": "Looked at the customer's latest purchases."},
    ).raise_for_status()
