"""Quix Streams with state in RocksDB and exactly-once on; runs in the bench's own environment.

Kafka's transactions tie the input's offsets, the alerts and the state's changelog together, so
each event has its effects once as long as only Kafka is looked at.
"""

import os
from collections.abc import Iterator
from typing import Any

from quixstreams import Application, State

from bench.peers.rules import Alert, assess

COMMIT_INTERVAL_S = float(os.environ.get("BENCH_QUIX_COMMIT_S", "1"))
"""Its default is 5; nobody reads an alert, or knows of the progress, before the commit."""


def detect(event: dict[str, Any], state: State) -> Iterator[Alert]:
    """Judge one event with its user's state."""
    in_person, online = state.get("history") or ([], [])
    alerts = assess(event, in_person, online)
    state.set("history", (in_person, online))
    return iter(alerts)


def main() -> None:
    """Build the pipeline and run it."""
    app = Application(
        broker_address=os.environ["BENCH_KAFKA"],
        consumer_group=os.environ["BENCH_GROUP"],
        processing_guarantee="exactly-once",
        auto_offset_reset="earliest",
        commit_interval=COMMIT_INTERVAL_S,
        state_dir=os.environ["BENCH_STATE"],
        loglevel="WARNING",
    )
    transactions = app.topic(os.environ["BENCH_TOPIC"], value_deserializer="json")
    alerts = app.topic(os.environ["BENCH_OUTPUT"], value_serializer="json")
    frame = app.dataframe(transactions)
    frame = frame.apply(detect, stateful=True, expand=True)
    frame.to_topic(alerts)
    app.run()


if __name__ == "__main__":
    main()
