"""Rollups: whatever happens to alerts, they say what a recount of the alerts says."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - as above
from psycopg2.extras import Json, execute_values

from devstack import Stack
from finguard.adapters.postgres.migrate import migrations
from tests.conftest import create_database, database_dsn
from tests.integration.api.world import NOON, World, alert

ROLLUP_MIGRATION = "0009_alert_rollups"

ROLLUPS = """
SELECT facet, grain, begins::text, key, sum(alerts), sum(transactions), sum(amount)
FROM alert_rollups GROUP BY 1, 2, 3, 4
HAVING (sum(alerts), sum(transactions), sum(amount)) <> (0, 0, 0) ORDER BY 1, 2, 3, 4
"""
USERS = "SELECT user_id, alerts FROM alerts_per_user WHERE alerts <> 0 ORDER BY 1"
DAYS = "SELECT * FROM transactions_per_day WHERE transactions <> 0 ORDER BY 1, 2, 3"

COLUMNS = tuple(alert())
NAMES = ", ".join(f'"{column}"' for column in COLUMNS)
INSERT = f"INSERT INTO alerts ({NAMES}) VALUES %s ON CONFLICT DO NOTHING"  # noqa: S608 - our own names

Step = tuple[str, Any]

new_alerts = st.builds(
    lambda user, number, rule, **changes: alert(
        user_id=f"u-{user}", transaction_id=f"t-{number}", rule=rule, **changes
    ),
    st.integers(0, 2),
    st.integers(0, 3),
    st.sampled_from(["high_value", "velocity", "impossible_travel"]),
    amount=st.decimals(0, 1_000, places=4),
    currency=st.sampled_from(["USD", "JPY"]),
    city=st.sampled_from(["Ulm", "Paris"]),
    partition=st.integers(0, 1),
    status=st.sampled_from(["open", "confirmed_fraud"]),
    occurred_at=st.integers(0, 40 * 1_440).map(lambda minutes: NOON + timedelta(minutes=minutes)),
)
some = st.integers(2, 5)
"""Of all alerts, those whose id this divides."""

steps = st.one_of(
    st.tuples(st.just("insert"), st.lists(new_alerts, max_size=8)),
    st.tuples(
        st.just("triage"),
        st.tuples(
            some,
            st.sampled_from(["open", "investigating", "confirmed_fraud", "false_positive"]),
            st.none() | st.integers(0, 10**6),
        ),
    ),
    st.tuples(st.just("delete"), some),
)


@pytest.fixture
def world(database: str) -> World:
    """A database to fill and to look into."""
    return World(database)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """A connection whose work is never committed."""
    opened = psycopg2.connect(database)
    yield opened
    opened.close()


def do(cursor: Cursor, step: Step) -> None:
    """Do one thing to the alerts."""
    match step:
        case ("insert", rows):
            values = [
                tuple(Json(value) if isinstance(value, dict) else value for value in row.values())
                for row in rows
            ]
            if values:
                execute_values(cursor, INSERT, values)
        case ("triage", (divisor, status, delay_s)):
            cursor.execute(
                "UPDATE alerts SET status = %s,"
                " triaged_at = detected_at + make_interval(secs => %s) WHERE alert_id %% %s = 0",
                (status, delay_s, divisor),
            )
        case ("delete", divisor):
            cursor.execute("DELETE FROM alerts WHERE alert_id %% %s = 0", (divisor,))


def stand(cursor: Cursor) -> list[list[tuple[Any, ...]]]:
    """What the rollups say."""
    found = []
    for query in (ROLLUPS, USERS, DAYS):
        cursor.execute(query)
        found.append(cursor.fetchall())
    return found


def assert_recount_agrees(cursor: Cursor) -> None:
    """Counting everything afresh finds nothing else."""
    counted = stand(cursor)
    cursor.execute("SELECT recount_rollups()")
    assert counted == stand(cursor)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(steps, min_size=1, max_size=8))
def test_any_history_equals_a_recount(connection: Connection, history: list[Step]) -> None:
    """However alerts are stored, triaged and deleted, in whatever order and batches."""
    with connection.cursor() as cursor:
        try:
            for step in history:
                do(cursor, step)
            assert_recount_agrees(cursor)
        finally:
            connection.rollback()


def test_recount_itself_is_right(world: World) -> None:
    """What all else is held against: sums by hand, a transaction at its first alert alone."""
    hour_later = NOON + timedelta(hours=1)
    first = alert(transaction_id="t-1", amount=Decimal("1.5"), city="Ulm", occurred_at=NOON)
    second = {**first, "rule": "velocity", "occurred_at": hour_later}
    third = alert(transaction_id="t-2", amount=Decimal(2), city="Ulm", occurred_at=hour_later)
    world.store_alerts([first, second, third])
    world.execute("SELECT recount_rollups()")
    found = world.query(
        "SELECT grain, begins::text, alerts, transactions, amount FROM alert_rollups"
        " WHERE facet = 'currency' AND key = '{USD}' ORDER BY grain, begins"
    )
    assert [(grain, *numbers) for grain, _, *numbers in found] == [
        ("hour", 1, 1, Decimal("1.5")),
        ("hour", 2, 1, Decimal(2)),
        ("day", 3, 2, Decimal("3.5")),
        ("month", 3, 2, Decimal("3.5")),
        ("ever", 3, 2, Decimal("3.5")),
    ]


def test_transactions_of_days_follow_those_of_hours(world: World) -> None:
    """Added, raised, and forgotten when a group begins anew."""
    late = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
    world.count_transactions({(NOON, 0): 3, (late, 0): 4, (late + timedelta(minutes=1), 0): 5})
    world.count_transactions({(NOON, 0): 1, (NOON, 1): 10})
    days = "SELECT extract(day FROM day AT TIME ZONE 'UTC')::int, partition, transactions"
    days += " FROM transactions_per_day WHERE transactions <> 0 ORDER BY 1, 2"
    assert world.query(days) == [(1, 0, 8), (1, 1, 10), (2, 0, 5)]
    world.execute("DELETE FROM transactions_per_hour WHERE partition = 0")
    assert world.query(days) == [(1, 1, 10)]
    world.execute("TRUNCATE transactions_per_hour")
    assert world.query(days) == []


def test_emptied_tables_have_no_rollups(world: World) -> None:
    """TRUNCATE deletes no rows one by one, and is followed all the same."""
    world.store_alerts([alert()])
    # Who empties everything must mean it: the history of triage refuses otherwise.
    world.execute("ALTER TABLE triage_history DISABLE TRIGGER triage_history_is_append_only")
    world.execute("TRUNCATE alerts CASCADE")
    assert world.query(ROLLUPS) == world.query(USERS) == []


def test_detectors_do_not_wait_for_one_another_nor_for_analysts(world: World) -> None:
    """While one partition's alerts and a triage are not committed yet, another's are stored."""
    (known,) = world.store_alerts([alert(partition=0, user_id="u-0")])
    with world.cursor() as analyst, world.cursor() as one, world.cursor() as other:
        other.execute("SET LOCAL lock_timeout = '2s'")
        analyst.execute("UPDATE alerts SET status = 'investigating' WHERE alert_id = %s", (known,))
        do(one, ("insert", [alert(partition=1, user_id="u-1")]))
        do(other, ("insert", [alert(partition=0, user_id="u-2")]))
    with world.cursor() as cursor:
        assert_recount_agrees(cursor)


@pytest.mark.parametrize(
    "change", ["amount = 1", "occurred_at = now()", "severity = 'low'", "user_id = 'u'"]
)
def test_findings_do_not_change(world: World, change: str) -> None:
    """What the rollups have counted an alert under stays; only people's view of it may change."""
    world.store_alerts([alert()])
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        world.execute(f"UPDATE alerts SET {change}")  # noqa: S608 - our own words
    world.execute("UPDATE alerts SET status = 'confirmed_fraud', triaged_at = now()")


@pytest.mark.parametrize("triage_came_first", [False, True])
def test_migration_counts_what_was_there(stack: Stack, *, triage_came_first: bool) -> None:
    """A database that already has alerts and transactions starts with whole rollups."""
    dsn = database_dsn(stack, create_database(stack))
    world = World(dsn)
    *earlier, newest = [sql for name, sql in migrations().items() if name <= ROLLUP_MIGRATION]
    for sql in earlier:
        world.execute(sql)
    if triage_came_first:
        world.execute("ALTER TABLE alerts ADD COLUMN IF NOT EXISTS triaged_at timestamptz")
    first = alert()
    world.store_alerts([first, {**first, "rule": "velocity"}, alert(currency="JPY")])
    world.count_transactions({(NOON, 0): 3, (NOON, 1): 4})
    assert world.query("SELECT to_regclass('alert_rollups')") == [(None,)]
    world.execute(newest)
    assert world.query(
        "SELECT key[1], alerts, transactions FROM alert_rollups"
        " WHERE facet = 'currency' AND grain = 'ever' ORDER BY 1"
    ) == [("JPY", 1, 1), ("USD", 2, 1)]
    assert world.query("SELECT sum(transactions) FROM transactions_per_day") == [(7,)]
