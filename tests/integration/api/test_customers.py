"""Customers: what the detector and the tables know of one, whatever the customer is called."""

import socket
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from random import Random
from urllib.parse import quote

import httpx
import pytest

from devstack import Stack
from finguard.api.app import create_app
from tests.integration.api.detecting import Found, detector
from tests.integration.api.remembering import GROUP, profile, remember, transaction
from tests.integration.api.serving import served, sign_in
from tests.integration.api.world import NOON, World, alert
from tests.patience import PATIENCE_S
from tests.unit.api.configuration import api_settings

PATH = "/api/v1/users"
PARTITIONS = 6

IDS = [
    "u-17",
    "a/b",
    "/",
    "//a//",
    "a/transactions",
    "a/suppressions/1",
    "100%",
    "%2F",
    "%252F",
    "%",
    "a b",
    " ",
    "+",
    "?x=1",
    "#",
    "a;b,c&d=e",
    "...",
    ".a.",
    "a/../b",
    "'; DROP TABLE alerts; --",
    "пользователь",
    "İstanbul ☂",
    "\U0001f600" * 64,
    "e\u0301",
    "\u200d",
    "x" * 64,
    "\\",
    '"{}[]|^`<>',
    "~",
    "admin",
]
"""What the event's definition allows a customer to be called."""


@pytest.fixture
def topic_id(world: World, request: pytest.FixtureRequest) -> str:
    """The topic that the detectors of the test's own group read; Redis is shared by all tests."""
    name = f"topic of {request.node.name}"
    world.execute(
        "INSERT INTO topics (group_id, topic, topic_id, partitions)"
        " VALUES (%s, 'transactions', %s, %s)",
        GROUP,
        name,
        PARTITIONS,
    )
    return name


@pytest.fixture
def remembering(world: World, stack: Stack) -> Iterator[httpx.Client]:
    """A client of an API that can reach Redis."""
    settings = api_settings(world.dsn, redis_url=stack.redis_url, kafka_group=GROUP)
    with served(create_app(settings)) as client:
        sign_in(client)
        yield client


def path_of(user_id: str, *further: str) -> str:
    """A customer's path, with all quoted that can be."""
    quoted = "".join(f"%{byte:02X}" for byte in user_id.encode())
    return "/".join([PATH, quoted, *further])


def test_profile_is_what_was_put_in(remembering: httpx.Client, stack: Stack, topic_id: str) -> None:
    """Amounts by currency, places of transactions in person, first and last, all exact."""
    mine = profile(
        transaction(1, amount=Decimal("10.10")),
        transaction(2, amount=Decimal("30.3001")),
        transaction(3, amount=Decimal("20.2"), lat=52.5, lon=13.4),
        transaction(4, amount=Decimal(40), channel="online", city="Lima", country="PE"),
        transaction(5, amount=Decimal(1000), currency="JPY", city="Ulm", lat=48.4, lon=9.99),
    )
    remember(stack, topic_id, 4, {"u-1": mine, "u-2": profile(transaction(9))})
    answer = remembering.get(f"{PATH}/u-1")
    assert answer.status_code == 200, answer.text
    customer = answer.json()
    assert customer["profile_available"] is True
    assert customer["profile"] == {
        "transactions": 5,
        "flagged": 0,
        "first_at": "2026-03-01T12:01:00Z",
        "last_at": "2026-03-01T12:05:00Z",
        "amounts": [
            {"currency": "EUR", "transactions": 4, "median": "20.2", "max": "40"},
            {"currency": "JPY", "transactions": 1, "median": "1000", "max": "1000"},
        ],
        "places": [
            {
                "city": "Ulm",
                "country": "DE",
                "lat": 48.4,
                "lon": 9.99,
                "transactions": 1,
                "last_at": "2026-03-01T12:05:00Z",
            },
            {
                "city": "Berlin",
                "country": "DE",
                "lat": 52.5,
                "lon": 13.4,
                "transactions": 3,
                "last_at": "2026-03-01T12:03:00Z",
            },
        ],
    }
    assert customer["alerts"]["total"] == 0
    assert customer["suppressions"] == []


@pytest.mark.parametrize("partition", [0, PARTITIONS - 1])
def test_profile_is_found_in_any_partition(
    remembering: httpx.Client, stack: Stack, topic_id: str, partition: int
) -> None:
    """Which partition a customer is in is the producer's choice, and no part of the question."""
    remember(stack, topic_id, partition, {"u-1": profile(transaction(1))})
    assert remembering.get(f"{PATH}/u-1").json()["profile"]["transactions"] == 1


def test_unknown_customer_is_not_found(
    remembering: httpx.Client, stack: Stack, topic_id: str
) -> None:
    """Neither a stranger to all nor one whom only another topic knows."""
    remember(stack, f"{topic_id}, the old one", 0, {"u-1": profile(transaction(1))})
    for further in ([], ["transactions"]):
        answer = remembering.get(path_of("u-1", *further))
        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:finguard:problem:no-such-customer"


@pytest.mark.usefixtures("topic_id")
def test_without_redis_the_rest_comes(world: World) -> None:
    """With Redis away what is stored is shown; whether there is a stranger nobody can tell."""
    world.store_alerts([alert()])
    settings = api_settings(world.dsn, redis_url="redis://127.0.0.1:9/0", kafka_group=GROUP)
    with served(create_app(settings)) as client:
        sign_in(client)
        for _ in range(2):
            answer = client.get(f"{PATH}/u-1")
            assert answer.status_code == 200
            assert answer.json()["profile_available"] is False
            assert answer.json()["profile"] is None
            assert answer.json()["alerts"]["total"] == 1
            transactions = client.get(f"{PATH}/u-1/transactions").json()
            assert transactions == {"available": False, "items": []}
            stranger = client.get(f"{PATH}/u-2")
            assert stranger.status_code == 503
            assert stranger.headers["Retry-After"]


def test_alerts_are_counted(client: httpx.Client, world: World) -> None:
    """Every count is what counting in Python finds; strangers' alerts are not in it."""
    random = Random(3)  # noqa: S311 - a reproducible test
    rows = [
        alert(
            user_id=random.choice(["u-1", "u-1", "u-2"]),
            rule=random.choice(["high_value", "velocity"]),
            severity=random.choice(["low", "high"]),
            status=random.choice(["open", "confirmed_fraud", "false_positive"]),
            occurred_at=NOON + n * timedelta(minutes=1),
        )
        for n in range(60)
    ]
    world.store_alerts(rows)
    mine = [row for row in rows if row["user_id"] == "u-1"]
    counts = client.get(f"{PATH}/u-1").json()["alerts"]
    by_status = Counter(row["status"] for row in mine)
    by_severity = Counter(row["severity"] for row in mine)
    labels = Counter((row["rule"], row["status"]) for row in mine)
    assert counts == {
        "total": len(mine),
        "open": by_status["open"],
        "suppressed": 0,
        "first_at": mine[0]["occurred_at"].isoformat().replace("+00:00", "Z"),
        "last_at": mine[-1]["occurred_at"].isoformat().replace("+00:00", "Z"),
        "by_rule": dict(Counter(row["rule"] for row in mine)),
        "by_severity": {name: by_severity[name] for name in ("low", "medium", "high")},
        "by_status": {
            name: by_status[name]
            for name in ("open", "investigating", "confirmed_fraud", "false_positive")
        },
        "labels_by_rule": {
            rule: {label: labels[rule, label] for label in ("confirmed_fraud", "false_positive")}
            for rule in ("high_value", "velocity")
        },
    }


def test_transactions_name_their_alerts(
    remembering: httpx.Client, world: World, stack: Stack, topic_id: str
) -> None:
    """Newest first, and each with the alerts on it that are the customer's own."""
    remember(stack, topic_id, 2, {"u-1": profile(*(transaction(n) for n in range(1, 4)))})
    first, second, _ = world.store_alerts(
        [
            alert(transaction_id="t-2"),
            alert(transaction_id="t-2", rule="velocity"),
            alert(transaction_id="t-3", user_id="u-2"),
        ]
    )
    answer = remembering.get(f"{PATH}/u-1/transactions").json()
    assert answer["available"] is True
    assert [(item["transaction_id"], item["alert_ids"]) for item in answer["items"]] == [
        ("t-3", []),
        ("t-2", [first, second]),
        ("t-1", []),
    ]
    assert answer["items"][0]["city"] == "Berlin"


def test_any_name_finds_its_customer_and_no_other(
    remembering: httpx.Client, world: World, stack: Stack, topic_id: str
) -> None:
    """Whatever the id is made of, its profile, alerts, transactions and suppressions come."""
    remember(stack, topic_id, 1, {name: profile(transaction(1)) for name in IDS})
    world.store_alerts([alert(user_id=name, transaction_id="t-1") for name in IDS])
    for name in IDS:
        customer = remembering.get(path_of(name))
        assert customer.status_code == 200, (name, customer.text)
        assert customer.json()["user_id"] == name
        assert customer.json()["profile"]["transactions"] == 1
        assert customer.json()["alerts"]["total"] == 1
        links = customer.json()["links"]
        (item,) = remembering.get(links["transactions"]).json()["items"]
        (listed,) = remembering.get(links["alerts"]).json()["items"]
        assert item["alert_ids"] == [listed["alert_id"]]
        assert listed["user_id"] == name
        new = {"kind": "allow", "reason": "known"}
        added = remembering.post(links["suppressions"], json=new)
        assert added.status_code == 201, (name, added.text)
        found = remembering.get(added.headers["Location"])
        assert found.json() == added.json()
        assert found.json()["user_id"] == name
        assert remembering.get(links["suppressions"]).json()["items"] == [added.json()]
    with detector(world.dsn) as detecting:
        detecting.store(*(Found(user_id=name) for name in IDS))
    marked = world.query("SELECT count(*) FROM alerts WHERE suppressed_by IS NOT NULL")
    assert marked == [(len(IDS),)]


@pytest.mark.parametrize("name", [".", ".."])
def test_dots_are_names_where_they_arrive(client: httpx.Client, world: World, name: str) -> None:
    """A client that does not take quoted dots for folders reaches even these customers."""
    world.store_alerts([alert(user_id=name)])
    url = client.base_url
    dots = "%2E" * len(name)
    request = (
        f"GET {PATH}/{dots} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        f"Authorization: {client.headers['Authorization']}\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 80), timeout=PATIENCE_S) as wire:
        wire.sendall(request.encode())
        answer = b"".join(iter(lambda: wire.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert f'"links":{{"alerts":"/api/v1/alerts?user_id={name}"'.encode() in answer
    assert f'"transactions":"{PATH}/{dots}/transactions"'.encode() in answer


@pytest.mark.parametrize(
    "quoted",
    [
        "%00", "a%0Ab", "%7F", "%C2%85", "%E2%80%AE", "%FF", "%ED%A0%80", "%C0%AF", "x" * 65,
        quote("\u00e9" * 65),
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(client: httpx.Client, quoted: str) -> None:
    """Control characters, tricks of direction, bytes that are no UTF-8, and too many characters."""
    new = {"kind": "allow", "reason": "known"}
    for answer in (
        client.get(f"{PATH}/{quoted}"),
        client.get(f"{PATH}/{quoted}/transactions"),
        client.get(f"{PATH}/{quoted}/suppressions"),
        client.post(f"{PATH}/{quoted}/suppressions", json=new),
    ):
        assert answer.status_code == 422
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_paths_beside_are_none(client: httpx.Client) -> None:
    """No customer, no such part of one, and no such method are told apart."""
    assert client.get(PATH).status_code == 404
    assert client.get(f"{PATH}/").status_code == 404
    assert client.get(f"{PATH}/u-1/nothing").status_code == 404
    assert client.get(f"{PATH}//transactions").status_code == 404
    answer = client.put(path_of("a/b", "suppressions"))
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"
