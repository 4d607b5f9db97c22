"""Every query about customers finds its rows by an index, and so does what marks an alert."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg2.extras import execute_values

from finguard.adapters.postgres.queries import named_queries
from tests.integration.api.test_alert_lists import FILL
from tests.integration.api.world import World, alert

PARAMETERS: dict[str, Any] = {
    "group": "group",
    "topic": "transactions",
    "user_id": "u-7",
    "transaction_ids": ["t-7", "t-1007"],
    "suppression_id": 7,
    "kind": "allow",
    "rule": None,
    "reason": "known",
    "author": "alice",
    "expires_at": datetime(2026, 3, 1, tzinfo=UTC),
    "longest": timedelta(days=1),
    "below": 7,
    "limit": 50,
}

INDEXES = {
    "customers.sql": {
        "known_topic": "topics_pkey",
        "count_alerts": "alerts_by_user",
        "alerts_of_transactions": "alerts_user_id_transaction_id_rule_key",
    },
    "suppressions.sql": {
        "list_active": "suppressions_that_count",
        "list_suppressions": "suppressions_by_user",
        "read_suppression": "suppressions_",
        "any_suppression": "suppressions_by_user",
        "withdraw_suppression": "suppressions_",
    },
}
WITHOUT_TABLE = {"columns", "lock_customer", "can_expire", "add_suppression"}
"""Parts, functions, and what only adds a row."""


@pytest.fixture
def world(database: str) -> World:
    """Thirty thousand alerts of a thousand customers, and for each of these a few suppressions."""
    world = World(database)
    world.execute(FILL)
    world.execute(
        "INSERT INTO suppressions (user_id, kind, rule, reason, created_by, withdrawn_at,"
        " withdrawn_by) SELECT 'u-' || n % 1000, 'allow', 'rule_' || n, 'r', 'alice',"
        " CASE WHEN n % 4 > 0 THEN now() END, CASE WHEN n % 4 > 0 THEN 'alice' END"
        " FROM generate_series(1, 20000) AS n"
    )
    world.execute("ANALYZE alerts; ANALYZE suppressions")
    return world


def test_customers_are_found_by_an_index(world: World) -> None:
    """The one named here, or any of its table, and no scan of a table that grows."""
    for file, indexes in INDEXES.items():
        queries = named_queries(file)
        assert set(queries) == set(indexes) | (WITHOUT_TABLE & set(queries)), file
        for name, index in indexes.items():
            sql = queries[name].replace("{columns}", queries.get("columns", ""))
            with world.cursor() as cursor:
                # A topic's table has one row.
                cursor.execute("SET LOCAL enable_seqscan = " + ("off" if "topic" in name else "on"))
                cursor.execute(f"EXPLAIN {sql}", PARAMETERS)
                plan = "\n".join(line for (line,) in cursor)
            assert index in plan, (name, plan)
            assert "Seq Scan" not in plan, (name, plan)


def test_marking_an_alert_is_one_look_into_an_index(world: World) -> None:
    """However many entries there are, and however many alerts a statement stores."""
    sql = named_queries("ledger.sql")["insert_alerts"]
    rows = []
    for _ in range(500):
        row = {**alert(), "evidence": "{}"}
        del row["status"]
        rows.append(tuple(row.values()))
    with world.cursor() as cursor:
        execute_values(cursor, f"EXPLAIN {sql}", rows, page_size=500)
        plan = "\n".join(line for (line,) in cursor)
    assert "suppressions_that_count" in plan, plan
    assert "Seq Scan" not in plan, plan


def test_a_statement_of_one_moment(database: str) -> None:
    """All alerts of a statement are of one moment, which decides for all of them alike."""
    sql = named_queries("ledger.sql")["insert_alerts"]
    world = World(database)
    rows = []
    for _ in range(300):
        row = {**alert(), "evidence": "{}"}
        del row["status"]
        rows.append(tuple(row.values()))
    with world.cursor() as cursor:
        execute_values(cursor, sql, rows, page_size=1_000)
    assert world.query("SELECT count(*), count(DISTINCT detected_at) FROM alerts") == [(300, 1)]
    in_order = world.query("SELECT transaction_id FROM alerts ORDER BY alert_id")
    assert in_order == [(row[1],) for row in rows]
