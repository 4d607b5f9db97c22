"""Every query of the statistics finds its rows by an index, however many there are."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres.queries import named_queries

SINCE = datetime(2026, 3, 1, 6, 7, tzinfo=UTC)
UNTIL = datetime(2026, 3, 3, 18, 31, tzinfo=UTC)
RANGE = {"since": SINCE, "until": UNTIL}
PIECES: dict[str, Any] = {
    "grains": ["minute", "hour", "day", "month", "ever"],
    "begins": [str(SINCE)] * 5,
    "ends": [str(UNTIL)] * 5,
    "facets": ["verdict", "place"],
    "limit": 10,
}
BUCKETS = {"bounds": [SINCE, UNTIL], **RANGE}
ROLLUPS = {f"rollups_{grain}_pkey" for grain in ("day", "month", "ever")}

QUERIES: list[tuple[str, dict[str, Any], set[str]]] = [
    ("extent", {}, {"alerts_by_time"}),
    ("count_transactions", PIECES, {"transactions_per_day_pkey", "transactions_per_hour_pkey"}),
    ("count_alerts", PIECES, ROLLUPS | {"rollups_hour_other_pkey", "alerts_by_time"}),
    ("count_dead_letters", RANGE, {"dead_letters_by_time"}),
    ("dead_letters_by_bucket", BUCKETS, {"dead_letters_by_time"}),
    ("backlog", {}, {"rollups_ever_pkey", "alerts_by_time"}),
    (
        "transactions_by_bucket",
        {**PIECES, **BUCKETS},
        {"transactions_per_day_pkey", "transactions_per_hour_pkey"},
    ),
    (
        "alerts_by_bucket",
        {**PIECES, **BUCKETS},
        {"rollups_quarter_pkey", "rollups_hour_total_pkey", "rollups_day_pkey", "alerts_by_time"},
    ),
    (
        "alerts_by_hour_of_week",
        {**RANGE, "grain": "hour", "zone": "Europe/Berlin"},
        {"rollups_hour_total_pkey"},
    ),
    (
        "alerts_by_hour_of_week",
        {**RANGE, "grain": "quarter", "zone": "Asia/Kolkata"},
        {"rollups_quarter_pkey"},
    ),
    ("top_cities", PIECES, ROLLUPS | {"rollups_hour_other_pkey", "alerts_by_time"}),
    ("top_users_ever", PIECES, {"alerts_per_user_by_alerts", "alerts_by_user"}),
    ("top_users", {**RANGE, "limit": 10}, {"alerts_by_time"}),
    ("latest_places", {**RANGE, "limit": 10}, {"alerts_by_time"}),
]


@pytest.fixture
def cursor(database: str) -> Iterator[RealDictCursor]:
    """A session that scans a table only where there is no other way to read it."""
    connection = psycopg2.connect(database)
    with connection, connection.cursor(cursor_factory=RealDictCursor) as opened:
        opened.execute("SET enable_seqscan = off")
        yield opened
    connection.close()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every step of a plan."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


@pytest.mark.parametrize(("query", "parameters", "indexes"), QUERIES)
def test_statistics_read_indexes(
    cursor: RealDictCursor, query: str, parameters: dict[str, Any], indexes: set[str]
) -> None:
    """These indexes, and no scan of a table."""
    sql = named_queries("statistics.sql")[query]
    cursor.execute(f"EXPLAIN (FORMAT json) {sql}", parameters)
    steps = list(nodes(cursor.fetchall()[0]["QUERY PLAN"][0]["Plan"]))
    assert indexes <= {step["Index Name"] for step in steps if "Index Name" in step}
    assert not [step for step in steps if step["Node Type"] == "Seq Scan"]


def test_every_query_is_explained() -> None:
    """A query that is added without its index being named here is found."""
    assert {query for query, _, _ in QUERIES} | {"applied_migrations"} == set(
        named_queries("statistics.sql")
    )
