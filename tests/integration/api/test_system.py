"""What operators and their programs ask: readiness, detectors, versions, metrics."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from devstack import Stack
from finguard import __version__
from finguard.adapters.postgres.migrate import migrations
from finguard.api.app import create_app
from tests.integration.api.serving import served, sign_in
from tests.integration.api.test_edge import logged_request
from tests.integration.api.world import World
from tests.unit.api.configuration import api_settings

SYSTEM = "/api/v1/system"
NOWHERE = "redis://127.0.0.1:9/0"


def store_detector(world: World, name: str, *, silent_s: float = 0, **changes: Any) -> None:  # noqa: ANN401 - any column
    """A detector's row, as its heart would have left it so long ago."""
    row = {
        "instance_id": name,
        "host": "here",
        "pid": 7,
        "version": "1.2.3",
        "group_id": "g",
        "topic": "transactions",
        "started_at": datetime(2026, 3, 1, tzinfo=UTC),
        "partitions": [0, 1],
        "lag": 5,
        "lags": [5, 0],
        "positions": [105, 90],
        "transactions": 1_000,
        "transactions_per_second": 100.5,
        "latency_bounds_s": [0.01, 0.1],
        "latency_counts": [8, 10, 10],
        "latency_sum_s": 0.125,
        "rebuilding": False,
        **changes,
    }
    marks = ", ".join(["%s"] * len(row))
    world.execute(
        f"INSERT INTO detectors (beat_at, {', '.join(row)})"  # noqa: S608 - our own names
        f" VALUES (clock_timestamp() - make_interval(secs => %s), {marks})",
        silent_s,
        *row.values(),
    )


def test_ready_tells_each_service_and_its_latency(world: World, stack: Stack) -> None:
    """Both services answer, in milliseconds."""
    with served(create_app(api_settings(world.dsn, redis_url=stack.redis_url))) as client:
        answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    for service, required in (("postgresql", True), ("redis", False)):
        told = answer.json()[service]
        assert (told["status"], told["required"]) == ("ok", required)
        assert told["latency_ms"] > 0


def test_ready_without_redis(world: World) -> None:
    """Its absence is told, and is no reason to send requests elsewhere."""
    with served(create_app(api_settings(world.dsn, redis_url=NOWHERE))) as client:
        answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["redis"] == {
        "status": "unavailable",
        "latency_ms": None,
        "required": False,
    }


def test_not_ready_without_postgres() -> None:
    """It is told which service is missing, and when to come again."""
    with served(create_app(api_settings(redis_url=NOWHERE))) as client:
        answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["postgresql"]["latency_ms"] is None
    assert int(answer.headers["Retry-After"]) > 0


def test_detectors_are_listed(client: httpx.Client, world: World) -> None:
    """Each with its heartbeat, lag and throughput; those that have gone silent do not add up."""
    store_detector(world, "a")
    store_detector(
        world,
        "b",
        lag=7,
        transactions_per_second=50.0,
        partitions=[2],
        lags=[7],
        positions=[None],
        latency_counts=[0, 0, 10],
    )
    store_detector(world, "c", silent_s=3_600, lag=1_000)
    answer = client.get(f"{SYSTEM}/detectors").raise_for_status().json()
    assert [(item["instance_id"], item["status"]) for item in answer["items"]] == [
        ("a", "alive"),
        ("b", "alive"),
        ("c", "silent"),
    ]
    assert (answer["alive"], answer["lag"], answer["transactions_per_second"]) == (2, 12, 150.5)
    assert answer["items"][2]["silent_s"] >= 3_600
    assert "pid" not in answer["items"][0]
    assert answer["items"][0]["transactions"] == 1_000
    assert [item["partitions"] for item in answer["items"][:2]] == [
        [
            {"partition": 0, "lag": 5, "position": 105},
            {"partition": 1, "lag": 0, "position": 90},
        ],
        [{"partition": 2, "lag": 7, "position": None}],
    ]


def test_latency_is_told_of_each_detector_and_of_all(client: httpx.Client, world: World) -> None:
    """Cumulative by bound, with estimates; the silent do not add up."""
    store_detector(world, "a")
    store_detector(world, "b", latency_counts=[0, 0, 10], latency_sum_s=5.0)
    store_detector(world, "c", silent_s=3_600)
    answer = client.get(f"{SYSTEM}/detectors").raise_for_status().json()
    assert answer["items"][0]["latency"] == {
        "count": 10,
        "sum_s": 0.125,
        "p50_s": 0.00625,
        "p99_s": 0.0955,
        "buckets": [
            {"le_s": 0.01, "count": 8},
            {"le_s": 0.1, "count": 10},
            {"le_s": None, "count": 10},
        ],
    }
    both = answer["latency"]
    assert [bucket["count"] for bucket in both["buckets"]] == [8, 10, 20]
    assert (both["count"], both["sum_s"], both["p50_s"], both["p99_s"]) == (20, 5.125, 0.1, 0.1)


UNTOLD: dict[str, Any] = dict.fromkeys(
    ("lags", "positions", "transactions", "latency_bounds_s", "latency_counts", "latency_sum_s")
)


def test_a_detector_of_an_earlier_version_leaves_figures_unknown(
    client: httpx.Client, world: World
) -> None:
    """Its own are null, and so are sums that would leave it out."""
    store_detector(world, "a")
    store_detector(world, "b", **UNTOLD)
    answer = client.get(f"{SYSTEM}/detectors").raise_for_status().json()
    assert answer["latency"] is None
    old = answer["items"][1]
    assert (old["transactions"], old["latency"]) == (None, None)
    assert old["partitions"] == [
        {"partition": 0, "lag": None, "position": None},
        {"partition": 1, "lag": None, "position": None},
    ]


def test_lag_is_unknown_while_any_detector_does_not_know(
    client: httpx.Client, world: World
) -> None:
    """A sum that leaves one out would look better than things are."""
    store_detector(world, "a")
    unknown: dict[str, Any] = dict.fromkeys(("lag", "partitions", "lags", "positions"))
    store_detector(world, "b", **unknown, outage="redis", outage_since=NOON)
    answer = client.get(f"{SYSTEM}/detectors").raise_for_status().json()
    assert answer["lag"] is None
    assert answer["items"][1]["outage"] == "redis"


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_no_detectors(client: httpx.Client) -> None:
    """Nobody runs: nothing waits, as far as anybody knows."""
    answer = client.get(f"{SYSTEM}/detectors").raise_for_status().json()
    assert answer == {
        "alive": 0,
        "lag": 0,
        "transactions_per_second": 0,
        "latency": None,
        "items": [],
    }


def test_version(client: httpx.Client) -> None:
    """Of the package, of Python and of the tables."""
    answer = client.get(f"{SYSTEM}/version").raise_for_status().json()
    assert answer["version"] == __version__
    assert answer["schema"] == list(migrations())[-1]
    assert re.fullmatch(r"3\.\d+\.\d+\S*", answer["python"])


def scraped(client: httpx.Client) -> dict[str, float]:
    """Every series of the API's own with its value."""
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.text.splitlines() if line.startswith("finguard_")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_metrics_count_requests_by_template(api: httpx.Client) -> None:
    """By method, route and kind of status, with their durations; ids make no series."""
    sign_in(api)
    for alert_id in (1, 2, 3):
        assert api.get(f"/api/v1/alerts/{alert_id}").status_code == 404
    series = scraped(api)
    route = 'method="GET",route="/api/v1/alerts/{alert_id}"'
    assert series[f'finguard_api_requests_total{{{route},status="4xx"}}'] == 3
    assert series[f"finguard_api_request_seconds_count{{{route}}}"] == 3


def test_nobody_can_make_the_metrics_grow(api: httpx.Client) -> None:
    """Paths and methods that do not exist share one series each."""
    methods = ["PROPFIND", "REPORT", "MERGE", "NOTIFY"]
    for method in methods:
        api.get(f"/nothing/{method}")
        api.request(method, "/health")
    names = [name for name in scraped(api) if name.startswith("finguard_api_requests_total")]
    assert not [name for name in names if any(word in name for word in ("nothing", *methods))]
    assert len([name for name in names if 'method="other"' in name]) == 1
    assert 'finguard_api_requests_total{method="GET",route="(none)",status="4xx"}' in names


def test_metrics_that_are_off(world: World) -> None:
    """There is no page."""
    with served(create_app(api_settings(world.dsn, api_metrics=False))) as client:
        assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize("path", ["/metrics", "/health/ready"])
def test_what_programs_ask_does_not_fill_the_log(api: httpx.Client, path: str) -> None:
    """Every few seconds a line that says nothing would hide those that say something."""
    with capture_logs() as lines:
        assert api.get(path).status_code == 200
        assert logged_request(lines, path)["log_level"] == "debug"
