"""A batched loop without guarantees: what a good engineer writes in an afternoon.

It reads many messages at once, one Redis round trip to load and one to store, one insert of many
rows, then the commit. Nothing ties the three together: a crash between two of them doubles an
event in a profile or loses it, a second copy that wakes up late overwrites the first one's work,
and what Redis loses is never noticed.
"""

import json
import os
from typing import Any

import psycopg2
import redis
from kafka import KafkaConsumer
from psycopg2.extras import Json, execute_values

from bench.peers.rules import Alert, Track, assess

BATCH = 5_000
TABLE = """
CREATE TABLE IF NOT EXISTS peer_alerts (
  user_id text, transaction_id text, rule text, evidence jsonb,
  PRIMARY KEY (user_id, transaction_id, rule)
)
"""
INSERT = "INSERT INTO peer_alerts VALUES %s ON CONFLICT DO NOTHING"


def main() -> None:
    """Read, judge, store, commit; for ever."""
    consumer = KafkaConsumer(
        os.environ["BENCH_TOPIC"],
        bootstrap_servers=os.environ["BENCH_KAFKA"],
        group_id=os.environ["BENCH_GROUP"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=BATCH,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    profiles = redis.Redis.from_url(os.environ["BENCH_REDIS"])
    database = psycopg2.connect(os.environ["BENCH_POSTGRES"])
    with database, database.cursor() as cursor:
        cursor.execute(TABLE)
    while True:
        polled = consumer.poll(timeout_ms=500)
        events = [json.loads(record.value) for records in polled.values() for record in records]
        if not events:
            continue
        alerts = judge(events, profiles)
        if alerts:
            with database, database.cursor() as cursor:
                execute_values(cursor, INSERT, [row(alert) for alert in alerts], page_size=1_000)
        consumer.commit()


def judge(events: list[dict[str, Any]], profiles: "redis.Redis") -> list[Alert]:
    """Load the profiles of a batch, fold its events in, and store them."""
    users = list({event["user_id"]: None for event in events})
    stored: list[Any] = profiles.mget(users)
    histories: dict[str, tuple[Track, Track]] = {
        user: json.loads(packed) if packed else ([], [])
        for user, packed in zip(users, stored, strict=True)
    }
    alerts: list[Alert] = []
    for event in events:
        alerts += assess(event, *histories[event["user_id"]])
    pipeline = profiles.pipeline(transaction=False)
    pipeline.mset({user: json.dumps(history) for user, history in histories.items()})
    pipeline.execute()
    return alerts


def row(alert: Alert) -> tuple[Any, ...]:
    """An alert as a row of the table."""
    return alert["user_id"], alert["transaction_id"], alert["rule"], Json(alert)


if __name__ == "__main__":
    main()
