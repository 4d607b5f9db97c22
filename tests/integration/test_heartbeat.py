"""The heartbeat: a row while a detector lives, and never a burden on it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres.connection import connect
from finguard.adapters.postgres.heartbeat import (
    Member,
    heartbeat,
    list_detectors,
    list_rules,
    this_process,
)
from finguard.domain.rules import RuleLimits, terms
from finguard.domain.telemetry import LATENCY_BOUNDS_S, Latency, Snapshot
from finguard.errors import ServiceUnavailable
from tests.patience import wait_for

OFTEN_S = 0.02
BUSY = Snapshot(
    partitions=frozenset({2, 0}),
    lag={0: 5, 2: 7},
    positions={0: 100, 2: 200},
    rebuilding={2: 1},
    outage="redis",
    outage_since_s=1_767_225_600.5,
    transactions=100,
    latency=Latency(tuple(range(len(LATENCY_BOUNDS_S) + 1)), 1.5),
)


@pytest.fixture
def opened(database: str) -> Callable[[], Connection]:
    """Opens a connection to the test's database."""
    return lambda: connect(database, application_name="test")


@pytest.fixture
def rows(database: str) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Reads the detectors as the API does."""
    connection = psycopg2.connect(database)
    connection.autocommit = True

    def read() -> list[dict[str, Any]]:
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            return list_detectors(cursor)

    yield read
    connection.close()


def member() -> Member:
    """This very process."""
    return this_process(
        version="1.2.3",
        group="g",
        topic="t",
        http_address="http://127.0.0.1:9464",
        rules=terms(RuleLimits()),
    )


Rows = Callable[[], list[dict[str, Any]]]
Open = Callable[[], Connection]


def test_a_row_appears_is_renewed_and_goes(opened: Open, rows: Rows) -> None:
    """It holds who the detector is and how it is, and nothing is left of a clean end."""
    me = member()
    with heartbeat(opened, me, lambda: BUSY, every_s=OFTEN_S):
        wait_for(lambda: bool(rows()), "the first beat")
        (row,) = rows()
        wait_for(lambda: rows()[0]["beat_at"] > row["beat_at"], "the next beat")
    wait_for(lambda: rows() == [], "the row to go")
    assert me.started_at == row["started_at"]
    assert (me.instance_id, me.host, me.pid) == (row["instance_id"], row["host"], row["pid"])
    assert ("1.2.3", "g", "t", "http://127.0.0.1:9464") == (
        row["version"],
        row["group_id"],
        row["topic"],
        row["http_address"],
    )
    assert ([0, 2], 12, True) == (row["partitions"], row["lag"], row["rebuilding"])
    assert ("redis", datetime(2026, 1, 1, 0, 0, 0, 500_000, UTC)) == (
        row["outage"],
        row["outage_since"],
    )
    assert row["silent_s"] >= 0
    assert ([5, 7], [100, 200], 100) == (row["lags"], row["positions"], row["transactions"])
    assert list(LATENCY_BOUNDS_S) == row["latency_bounds_s"]
    assert (list(range(len(LATENCY_BOUNDS_S) + 1)), 1.5) == (
        row["latency_counts"],
        row["latency_sum_s"],
    )


def test_what_is_not_known_is_null(opened: Open, rows: Rows) -> None:
    """Before the group has decided there are no partitions and no lag."""
    with heartbeat(opened, member(), Snapshot, every_s=OFTEN_S):
        wait_for(lambda: bool(rows()), "the first beat")
        (row,) = rows()
    assert (None, None, None, None) == (
        row["partitions"],
        row["lag"],
        row["outage"],
        row["outage_since"],
    )
    assert (None, None) == (row["lags"], row["positions"])


def test_a_partition_of_unknown_lag_is_null_among_the_others(opened: Open, rows: Rows) -> None:
    """Kafka may know the end of one and not of another; or of none, right after an assignment."""
    known = msgspec.structs.replace(BUSY, lag={2: 7}, positions={})
    with heartbeat(opened, member(), lambda: known, every_s=OFTEN_S):
        wait_for(lambda: bool(rows()), "the first beat")
        (row,) = rows()
    assert ([None, 7], [None, None]) == (row["lags"], row["positions"])


def test_the_rules_are_told_by_those_that_are_not_silent(opened: Open, database: str) -> None:
    """With the limits as JSON; of a detector that died nobody wants to know them."""
    with heartbeat(opened, member(), lambda: BUSY, every_s=OFTEN_S):
        _bury(database, "1 hour")

        def read() -> list[dict[str, Any]]:
            connection = opened()
            with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
                told = list_rules(cursor, silent_after_s=60)
            connection.close()
            return told

        wait_for(lambda: bool(read()), "the first beat")
        (row,) = read()
    assert [msgspec.to_builtins(each) for each in terms(RuleLimits())] == row["rules"]


def test_the_rate_is_that_since_the_last_beat(opened: Open, rows: Rows) -> None:
    """A total that grows is a rate above none; one that stands still is none."""
    total, growth = [0], [0]

    def snapshot() -> Snapshot:
        total[0] += growth[0]
        return Snapshot(transactions=total[0])

    def rate() -> float:
        return float(rows()[0]["transactions_per_second"]) if rows() else -1.0

    with heartbeat(opened, member(), snapshot, every_s=0.2):
        wait_for(lambda: rate() == 0, "the first beat")
        growth[0] = 1_000_000
        wait_for(lambda: rate() > 1_000, "a rate")
        growth[0] = 0
        wait_for(lambda: rate() == 0, "silence")


def test_members_are_listed_by_age_and_the_dead_are_pruned(
    opened: Open, rows: Rows, database: str
) -> None:
    """One that was killed yesterday goes with the next beat of another; today's stays."""
    first, second = member(), member()
    with heartbeat(opened, first, lambda: BUSY, every_s=OFTEN_S):
        wait_for(lambda: len(rows()) == 1, "the first member")
        with heartbeat(opened, second, Snapshot, every_s=OFTEN_S):
            wait_for(lambda: len(rows()) == 2, "the second member")
            assert [first.instance_id, second.instance_id] == [r["instance_id"] for r in rows()]
            for age in ("23 hours", "25 hours"):
                _bury(database, age)
            wait_for(lambda: "25 hours" not in {r["instance_id"] for r in rows()}, "the pruning")
            assert "23 hours" in {r["instance_id"] for r in rows()}


def _bury(database: str, age: str) -> None:
    connection = psycopg2.connect(database)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO detectors (instance_id, host, pid, version, group_id, topic, started_at,"
            " beat_at, transactions_per_second, rebuilding) VALUES"
            " (%s, 'h', 1, 'v', 'g', 't', now() - interval '2 days', now() - %s::interval,"
            " 0, false)",
            (age, age),
        )
    connection.close()


def test_an_outage_of_postgresql_is_survived(opened: Open, rows: Rows) -> None:
    """Connections that fail and that break: the next beat tries again."""
    calls = [0]
    given: list[Connection] = []

    def flaky() -> Connection:
        calls[0] += 1
        if calls[0] < 3:
            raise ServiceUnavailable("away", service="postgresql")
        given.append(opened())
        return given[-1]

    with heartbeat(flaky, member(), lambda: BUSY, every_s=OFTEN_S):
        wait_for(lambda: bool(rows()), "the first beat")
        before = rows()[0]["beat_at"]
        given[0].close()
        wait_for(lambda: rows()[0]["beat_at"] > before, "the next beat")
    wait_for(lambda: rows() == [], "the row to go")


def test_a_fault_of_ours_stops_no_beat(opened: Open, rows: Rows) -> None:
    """A snapshot that cannot be taken once costs one beat."""
    calls = [0]

    def snapshot() -> Snapshot:
        calls[0] += 1
        if calls[0] == 2:
            raise ZeroDivisionError
        return BUSY

    with heartbeat(opened, member(), snapshot, every_s=OFTEN_S):
        wait_for(lambda: bool(rows()), "a beat after all")


def test_ids_are_never_used_twice() -> None:
    """A process that starts again is another member."""
    assert member().instance_id != member().instance_id
