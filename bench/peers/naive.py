"""The naive loop of most tutorials: one message at a time, each effect by itself.

Per message one GET and one SET of Redis and one commit of its offset; per alert one insert. A crash
between the steps leaves some of them done: the event is in the profile and will be judged again.
"""

import json
import os
from typing import Any

import psycopg2
import redis
from kafka import KafkaConsumer

from bench.peers.batched import TABLE, row
from bench.peers.rules import assess

INSERT = "INSERT INTO peer_alerts VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"


def main() -> None:
    """Read one, judge it, store it, commit it; for ever."""
    consumer = KafkaConsumer(
        os.environ["BENCH_TOPIC"],
        bootstrap_servers=os.environ["BENCH_KAFKA"],
        group_id=os.environ["BENCH_GROUP"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    profiles = redis.Redis.from_url(os.environ["BENCH_REDIS"])
    database = psycopg2.connect(os.environ["BENCH_POSTGRES"])
    with database, database.cursor() as cursor:
        cursor.execute(TABLE)
    for message in consumer:
        event = json.loads(message.value)
        stored: Any = profiles.get(event["user_id"])
        in_person, online = json.loads(stored) if stored else ([], [])
        for alert in assess(event, in_person, online):
            with database, database.cursor() as cursor:
                cursor.execute(INSERT, row(alert))
        profiles.set(event["user_id"], json.dumps((in_person, online)))
        consumer.commit()


if __name__ == "__main__":
    main()
