"""An alert's detail: the customer's other alerts, and what the detector remembers of them."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from devstack import Stack
from finguard.api.app import create_app
from tests.integration.api.listed import ALERTS
from tests.integration.api.remembering import GROUP, profile, remember, transaction
from tests.integration.api.serving import served, sign_in
from tests.integration.api.world import NOON, World, alert
from tests.unit.api.configuration import api_settings


@pytest.fixture
def remembering(world: World, stack: Stack) -> Iterator[httpx.Client]:
    """A client of an API that can reach Redis."""
    settings = api_settings(world.dsn, redis_url=stack.redis_url, kafka_group=GROUP)
    with served(create_app(settings)) as client:
        sign_in(client)
        yield client


def test_recent_transactions_are_what_the_detector_remembers(
    remembering: httpx.Client, world: World, stack: Stack
) -> None:
    """Both channels come, newest first and exact, from the alert's own topic and partition."""
    topic_id = "topic-of-test-1"
    (stored,) = world.store_alerts([alert(topic_id=topic_id, partition=4)])
    mine = profile(
        transaction(1),
        transaction(3, amount=Decimal(1000), currency="JPY"),
        transaction(2, channel="online", city="Lima", country="PE"),
    )
    remember(stack, topic_id, 4, {"u-1": mine, "u-2": profile(transaction(9))})
    detail = remembering.get(f"{ALERTS}/{stored}").json()
    assert detail["recent_transactions_available"] is True
    assert [
        (row["transaction_id"], row["channel"], row["amount"])
        for row in detail["recent_transactions"]
    ] == [("t-3", "in_person", "1000"), ("t-2", "online", "12.5"), ("t-1", "in_person", "12.5")]
    oldest = detail["recent_transactions"][-1]
    assert oldest == {
        "transaction_id": "t-1",
        "occurred_at": "2026-03-01T12:01:00Z",
        "channel": "in_person",
        "amount": "12.5",
        "currency": "EUR",
        "city": "Berlin",
        "country": "DE",
        "lat": 52.52,
        "lon": -13.405,
        "flagged": False,
    }


def test_expired_profile_is_no_outage(remembering: httpx.Client, world: World) -> None:
    """Where the detector remembers nothing of a customer, there is nothing, and that is known."""
    (stored,) = world.store_alerts([alert(topic_id="topic-of-test-2")])
    detail = remembering.get(f"{ALERTS}/{stored}").json()
    assert detail["recent_transactions_available"] is True
    assert detail["recent_transactions"] == []


def test_unreadable_profile_is_told(remembering: httpx.Client, world: World, stack: Stack) -> None:
    """A profile in a form that this version does not know costs no more than itself."""
    (stored,) = world.store_alerts([alert(topic_id="topic-of-test-3", partition=0)])
    remember(stack, "topic-of-test-3", 0, {"u-1": b"\xc1 no profile"})
    answer = remembering.get(f"{ALERTS}/{stored}")
    assert answer.status_code == 200
    assert answer.json()["recent_transactions_available"] is False


def test_without_redis_the_rest_comes(client: httpx.Client, world: World) -> None:
    """With Redis away the alert is shown all the same, and says what is missing."""
    (stored,) = world.store_alerts([alert()])
    for _ in range(2):
        answer = client.get(f"{ALERTS}/{stored}")
        assert answer.status_code == 200
        assert answer.json()["recent_transactions_available"] is False
        assert answer.json()["recent_transactions"] == []
        assert answer.json()["evidence"]


def test_other_alerts_are_the_customers(client: httpx.Client, world: World) -> None:
    """The newest alerts of the same customer come along, without this one and strangers'."""
    mine = world.store_alerts(
        [alert(user_id="u-9", occurred_at=NOON + n * timedelta(hours=1)) for n in range(25)]
    )
    world.store_alerts([alert(user_id="u-8")])
    detail = client.get(f"{ALERTS}/{mine[24]}").json()
    others = [row["alert_id"] for row in detail["other_alerts"]]
    assert others == mine[4:24][::-1]
