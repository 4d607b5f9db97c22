"""What a detector would have stored, written straight into the tables."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own lower case
from psycopg2.extras import Json, execute_values

from finguard.adapters.passwords import hash_password
from finguard.adapters.postgres.queries import named_queries
from finguard.adapters.postgres.users import Role

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

_numbers = count(1)

Alert = dict[str, Any]


def alert(**changes: Any) -> Alert:  # noqa: ANN401 - any column
    """A row of the table of alerts: some transaction of its own, with changes."""
    number = next(_numbers)
    transaction_id = f"t-{number:06}"
    return {
        "user_id": "u-1",
        "transaction_id": transaction_id,
        "rule": "high_value",
        "rule_version": 1,
        "severity": "medium",
        "score": 60,
        "story": "12,500.00 USD at Corner Books: threshold 10,000.00 USD",
        "evidence": {"amount": "12500.00", "threshold": "10000"},
        "incident_id": transaction_id,
        "amount": Decimal("12500.00"),
        "currency": "USD",
        "merchant": "Corner Books",
        "category": "books",
        "channel": "in_person",
        "city": "Berlin",
        "country": "DE",
        "lat": 52.52,
        "lon": 13.405,
        "occurred_at": NOON,
        "published_at": NOON,
        "topic": "transactions",
        "topic_id": "topic-1",
        "partition": 3,
        "offset": number,
        "status": "open",
        **changes,
    }


class World:
    """A database to fill.

    Args:
        dsn: where it is.
    """

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def store_alerts(self, alerts: Sequence[Alert]) -> list[int]:
        """Store alerts; their ids, in order."""
        with self.cursor() as cursor:
            return [_insert(cursor, "alerts", row, "alert_id") for row in alerts]

    def count_transactions(self, counts: Mapping[tuple[datetime, int], int]) -> None:
        """Store transactions by minute and partition."""
        with self.cursor() as cursor:
            for (moment, partition), transactions in counts.items():
                by_minute = [transactions * (number == moment.minute) for number in range(60)]
                hour = moment.replace(minute=0)
                row = (hour, "topic-1", partition, transactions, by_minute)
                execute_values(cursor, named_queries("ledger.sql")["count_transactions"], [row])

    def store_dead_letters(self, published: Sequence[datetime]) -> None:
        """Store a dead letter for each of these moments."""
        with self.cursor() as cursor:
            for offset, moment in enumerate(published):
                row = {
                    "topic": "transactions",
                    "topic_id": "topic-1",
                    "partition": 0,
                    "offset": offset,
                    "stage": "decode",
                    "reason": "schema",
                    "detail": "no amount",
                    "attempt": 1,
                    "published_at": moment,
                }
                _insert(cursor, "dead_letters", row, "dead_letter_id")

    def add_user(self, username: str, password: str, role: Role) -> int:
        """Add somebody who can sign in; their id."""
        row = {"username": username, "password_hash": hash_password(password), "role": role}
        with self.cursor() as cursor:
            return _insert(cursor, "users", row, "id")

    def execute(self, statement: str, *values: object) -> None:
        """Do anything else."""
        with self.cursor() as cursor:
            cursor.execute(statement, values or None)

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask anything."""
        with self.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        """A cursor whose work is committed at the end."""
        connection = psycopg2.connect(self.dsn)
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()


def insert_alert(cursor: Cursor, row: Alert) -> int:
    """Store an alert in a transaction of the caller's; its id."""
    return _insert(cursor, "alerts", row, "alert_id")


def _insert(cursor: Cursor, table: str, row: Mapping[str, Any], returning: str) -> int:
    columns = ", ".join(f'"{column}"' for column in row)
    values = [Json(value) if isinstance(value, dict) else value for value in row.values()]
    marks = ", ".join(["%s"] * len(values))
    cursor.execute(
        f"INSERT INTO {table} ({columns}) VALUES ({marks}) RETURNING {returning}",  # noqa: S608 - our own names
        values,
    )
    row_id: tuple[int] | None = cursor.fetchone()
    assert row_id is not None
    return row_id[0]
