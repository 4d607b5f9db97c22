"""FinGuard's transaction simulator: publishes a seeded world, or replays a real file."""

import gc

from finguard.adapters.kafka.connection import (
    connection_arguments,
    ensure_topics,
)
from finguard.adapters.kafka.publisher import KafkaPublisher
from finguard.logging import configure_logging
from finguard.program import run_to_exit, stop_on_signals, warn_of
from finguard.settings import load_settings, unknown_settings
from finguard.simulator.cli import parse_job
from finguard.simulator.run import run


def main() -> None:
    """Read the command line, connect, publish, report."""
    settings = load_settings()
    configure_logging("producer", level=settings.log_level, format=settings.log_format)
    warn_of(unknown_settings())
    stop = stop_on_signals()
    job = parse_job()
    connection = connection_arguments(**settings.kafka_connection())
    ensure_topics(connection, **settings.kafka_topics())
    # Messages in flight look like garbage in the making; collecting less often gains a fifth.
    gc.freeze()
    gc.set_threshold(100_000)
    with KafkaPublisher(
        connection, settings.kafka_topic, delivery_timeout_s=job.give_up_s
    ) as publisher:
        run(job, publisher, stop)


if __name__ == "__main__":
    run_to_exit(main)
