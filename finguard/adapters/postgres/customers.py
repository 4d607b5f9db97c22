"""What the tables know of a bank's customer."""

from collections.abc import Sequence
from typing import Final

import msgspec
from psycopg2.extras import RealDictCursor

from finguard.adapters.postgres.pool import Row
from finguard.adapters.postgres.queries import named_queries

_SQL: Final = named_queries("customers.sql")


class KnownTopic(msgspec.Struct, frozen=True):
    """The topic that a group of detectors reads."""

    topic_id: str
    partitions: int


def known_topic(cursor: RealDictCursor, *, group: str, topic: str) -> KnownTopic | None:
    """The topic of this name that the group reads; None before any detector has run."""
    cursor.execute(_SQL["known_topic"], {"group": group, "topic": topic})
    row = cursor.fetchone()
    return KnownTopic(**row) if row else None


def count_alerts(cursor: RealDictCursor, user_id: str) -> list[Row]:
    """A customer's alerts by `rule`, `severity`, `status` and `is_suppressed`, with their times."""
    cursor.execute(_SQL["count_alerts"], {"user_id": user_id})
    return [dict(row) for row in cursor]


def alerts_of_transactions(
    cursor: RealDictCursor, user_id: str, transaction_ids: Sequence[str]
) -> dict[str, list[int]]:
    """Ids of alerts by transaction, of those of a customer's transactions that have any."""
    parameters = {"user_id": user_id, "transaction_ids": list(transaction_ids)}
    cursor.execute(_SQL["alerts_of_transactions"], parameters)
    return {row["transaction_id"]: row["alert_ids"] for row in cursor}
