"""PostgreSQL away, back, frozen, busy or emptied: 503 meanwhile, and recovery without help.

These tests stop servers, so they run a PostgreSQL of their own.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Semaphore
from time import monotonic, sleep
from typing import Any

import httpx
import psycopg2
import pytest
from structlog.testing import capture_logs

from finguard.adapters.postgres.migrate import ADVISORY_LOCK
from finguard.api.app import create_app
from finguard.settings import Settings
from tests.integration.api.listed import ALERTS
from tests.integration.api.private_services import PrivatePostgres, running_postgres
from tests.integration.api.serving import login, served, sign_in
from tests.integration.api.world import World, alert
from tests.patience import LONGEST_ANSWER_S, PATIENCE_S, wait_for
from tests.unit.api.configuration import api_settings


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivatePostgres]:
    """A PostgreSQL for this module alone."""
    with running_postgres(tmp_path_factory.mktemp("private_postgres")) as running:
        yield running


@pytest.fixture
def settings(server: PrivatePostgres) -> Settings:
    """Settings of an API in front of that server."""
    return api_settings(server.dsn)


@pytest.fixture
def private(settings: Settings) -> Iterator[httpx.Client]:
    """A client of such an API that has signed in."""
    with served(create_app(settings)) as client:
        sign_in(client)
        yield client


def await_health(client: httpx.Client) -> None:
    """Wait until the API says that it is well."""
    wait_for(lambda: client.get("/health").status_code == 200, "the API to be well")


def assert_unavailable(answer: httpx.Response) -> None:
    """The answer is a 503 as it should be."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["type"] == "urn:finguard:problem:service-unavailable"


@pytest.mark.hasty("postgresql")
def test_starts_without_postgres_and_recovers(server: PrivatePostgres, settings: Settings) -> None:
    """An API that finds no database says so in one line, answers 503, and needs no restart."""
    server.handle.stop()
    with capture_logs() as lines, served(create_app(settings)) as client:
        assert_unavailable(login(client))
        health = client.get("/health")
        assert health.status_code == 503
        assert health.json()["postgres"] == {"status": "unavailable", "latency_ms": None}
        assert health.json()["migrations"]["status"] == "unknown"
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").status_code == 503
        assert client.get("/health/ready").headers["Retry-After"]
        server.handle.start()
        await_health(client)
        sign_in(client)
        assert client.get(ALERTS).status_code == 200
    told = [line for line in lines if "PostgreSQL is away" in line["event"]]
    assert len(told) == 1
    assert "exc_info" not in told[0]


@pytest.mark.hasty("postgresql")
def test_restarts_under_load_lose_nothing_but_time(
    server: PrivatePostgres, private: httpx.Client
) -> None:
    """Through an orderly restart and a crash, requests get 200 or 503 and none hangs."""

    def ask(_: int) -> tuple[int, float]:
        began_s = monotonic()
        status = private.get(ALERTS).status_code
        return status, monotonic() - began_s

    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(ask, range(1_500))
        sleep(0.3)
        server.handle.restart()
        sleep(0.3)
        server.handle.restart(immediate=True)
        seen = list(answers)
    statuses = Counter(status for status, _ in seen)
    assert set(statuses) <= {200, 503}
    assert max(seconds for _, seconds in seen) < LONGEST_ANSWER_S
    await_health(private)
    assert [private.get(ALERTS).status_code for _ in range(20)] == [200] * 20


@pytest.mark.hasty("postgresql")
def test_frozen_postgres_holds_nobody_up(server: PrivatePostgres, private: httpx.Client) -> None:
    """A server that keeps its connections and answers nothing is cut off within seconds."""
    assert private.get(ALERTS).status_code == 200
    server.handle.freeze()
    try:
        for _ in range(2):
            began_s = monotonic()
            assert_unavailable(private.get(ALERTS))
            assert monotonic() - began_s < LONGEST_ANSWER_S
        began_s = monotonic()
        assert private.get("/health").status_code == 503
        assert monotonic() - began_s < LONGEST_ANSWER_S
    finally:
        server.handle.thaw()
    await_health(private)
    assert private.get(ALERTS).status_code == 200


def test_frozen_postgres_does_not_look_dead_from_outside(
    server: PrivatePostgres, private: httpx.Client
) -> None:
    """While many requests wait for a frozen server, the process still answers that it lives."""
    asking = Semaphore(0)

    def ask() -> int:
        asking.release()
        return private.get(ALERTS).status_code

    server.handle.freeze()
    with ThreadPoolExecutor(20) as threads:
        try:
            waiting = [threads.submit(ask) for _ in range(20)]
            for _ in waiting:
                assert asking.acquire(timeout=PATIENCE_S)
                assert private.get("/health/live").status_code == 200
            assert not any(answer.done() for answer in waiting)
        finally:
            server.handle.thaw()
        assert [answer.result() for answer in waiting] == [200] * 20


def test_ended_sessions_go_unnoticed(client: httpx.Client, world: World) -> None:
    """Connections that the server has closed are replaced before a request gets one."""
    for _ in range(3):
        assert client.get(ALERTS).status_code == 200
        world.execute(
            "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity"
            " WHERE application_name = 'finguard-api' AND datname = current_database()",
            int(1_000 * PATIENCE_S),
        )
    assert client.get(ALERTS).status_code == 200


@pytest.mark.hasty("postgresql")
def test_busy_database_is_answered_in_time(world: World) -> None:
    """Requests that would wait too long for a lock or a connection get 503, and later 200."""
    world.store_alerts([alert()])
    with served(create_app(api_settings(world.dsn, api_pool_size=2))) as client:
        sign_in(client)
        with closing(psycopg2.connect(world.dsn)) as blocker, ThreadPoolExecutor(6) as threads:
            blocker.cursor().execute("LOCK TABLE alerts IN ACCESS EXCLUSIVE MODE")
            began_s = monotonic()
            answers = list(threads.map(lambda _: client.get(ALERTS), range(6)))
            assert monotonic() - began_s < LONGEST_ANSWER_S
            for answer in answers:
                assert_unavailable(answer)
            await_health(client)
        assert client.get(ALERTS).status_code == 200


def test_emptied_database_is_set_up_again(client: httpx.Client, world: World) -> None:
    """Tables that vanish under the running API come back, with the first user."""
    with closing(psycopg2.connect(world.dsn)) as builder:
        # What makes the tables waits for it.
        builder.cursor().execute("SELECT pg_advisory_lock(%s)", (ADVISORY_LOCK,))
        world.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        assert client.get(ALERTS).status_code == 503
    await_health(client)
    sign_in(client)
    assert client.get(ALERTS).json() == {"items": [], "next_cursor": None}


def test_health_tells_versions_and_latency(api: httpx.Client) -> None:
    """A healthy API says so, with the schema it has and how fast its database answers."""
    health: dict[str, Any] = api.get("/health").json()
    assert health["status"] == "ok"
    assert health["postgres"]["status"] == "ok"
    assert health["postgres"]["latency_ms"] > 0
    assert health["migrations"]["status"] == "current"
    assert health["migrations"]["pending"] == []
    assert "0002_users" in health["migrations"]["applied"]
    assert api.get("/health/ready").json()["status"] == "ok"


def test_missing_migration_is_unhealthy(api: httpx.Client, world: World) -> None:
    """An API whose schema is not the one it needs does not call itself ready."""
    world.execute("DELETE FROM schema_migrations WHERE name = '0002_users'")
    health = api.get("/health")
    assert health.status_code == 503
    assert health.json()["migrations"]["pending"] == ["0002_users"]
    assert api.get("/health/ready").status_code == 503
