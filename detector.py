"""FinGuard's fraud detector: a consumer-group member; run as many as there are partitions."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from finguard import __version__
from finguard.adapters.http_pages import Page, health_page, serve_pages
from finguard.adapters.kafka.connection import connection_arguments, ensure_topics
from finguard.adapters.kafka.dead_letters import KafkaDeadLetters
from finguard.adapters.kafka.source import KafkaSource, topic_identity
from finguard.adapters.postgres.connection import connector
from finguard.adapters.postgres.heartbeat import heartbeat, this_process
from finguard.adapters.postgres.ledger import PostgresLedger
from finguard.adapters.postgres.migrate import migrate
from finguard.adapters.prometheus import CONTENT_TYPE, PrometheusTelemetry
from finguard.adapters.redis_profiles import RedisProfiles, connect_redis, refuse_eviction
from finguard.domain.rules import rules, terms
from finguard.domain.telemetry import Snapshot
from finguard.logging import configure_logging
from finguard.pipeline.dead_letter_limit import DeadLetterLimit
from finguard.pipeline.detector import Detector, Policy
from finguard.pipeline.ports import Ports, Telemetry
from finguard.pipeline.status import Status
from finguard.program import run_to_exit, spare_the_collector, stop_on_signals, warn_of
from finguard.settings import Settings, load_settings, unknown_settings


def connect_ports(settings: Settings, telemetry: tuple[Telemetry, ...]) -> Ports:
    """Reach Redis, Kafka and PostgreSQL, and make the topics where they are missing."""
    redis = connect_redis(
        settings.redis_url.get_secret_value(), ssl_cafile=settings.redis_ssl_cafile
    )
    refuse_eviction(redis)
    kafka = connection_arguments(**settings.kafka_connection())
    ensure_topics(kafka, **settings.kafka_topics())
    identity = topic_identity(kafka, settings.kafka_topic)
    group = settings.kafka_group
    source = KafkaSource(kafka, **settings.kafka_membership())
    return Ports(
        source=source,
        archive=source,
        profiles=RedisProfiles(
            redis, namespace=f"{group}/{identity.topic_id}", memory_s=settings.memory_s()
        ),
        ledger=PostgresLedger(
            connector(**settings.postgres_connection(), application_name="finguard-detector"),
            group=group,
            identity=identity,
        ),
        dead_letters=KafkaDeadLetters(kafka, topic=settings.kafka_dead_letter_topic),
        telemetry=telemetry,
    )


def policy(settings: Settings) -> Policy:
    """The rules and limits that the settings ask for."""
    return Policy(
        rules=rules(settings.rule_limits()),
        history=settings.history(),
        dead_letter_limit=DeadLetterLimit(
            settings.dead_letter_max_ratio, settings.dead_letter_max_run
        ),
        accept_data_loss=settings.accept_data_loss,
    )


@contextmanager
def watched(settings: Settings) -> Iterator[tuple[Telemetry, ...]]:
    """Who watches the loop: metrics and health pages over HTTP, and a heartbeat in PostgreSQL."""
    status = Status(max_turn_s=settings.max_turn_s())
    metrics = PrometheusTelemetry(rules=[rule.name for rule in rules(settings.rule_limits())])
    pages = {
        "/metrics": lambda: Page(200, CONTENT_TYPE, metrics.exposition()),
        "/health/live": lambda: health_page(status.live()),
        "/health/ready": lambda: health_page(status.ready()),
    }

    def snapshot() -> Snapshot:
        return msgspec.structs.replace(status.snapshot(), latency=metrics.latency())

    with serve_pages(settings.detector_http_host, settings.detector_http_port, pages) as address:
        member = this_process(
            version=__version__,
            group=settings.kafka_group,
            topic=settings.kafka_topic,
            http_address=address,
            rules=terms(settings.rule_limits()),
        )
        connect = connector(**settings.postgres_connection(), application_name="finguard-heartbeat")
        with heartbeat(connect, member, snapshot):
            yield status, metrics


def main() -> None:
    """Bring the database up to date, then detect until a signal says stop."""
    settings = load_settings()
    configure_logging("detector", level=settings.log_level, format=settings.log_format)
    warn_of(unknown_settings())
    stop = stop_on_signals()
    migrate(**settings.postgres_connection())
    with watched(settings) as telemetry:
        ports = connect_ports(settings, telemetry)
        detector = Detector(ports, policy(settings), stopping=stop.is_set)
        spare_the_collector()
        detector.run()


if __name__ == "__main__":
    run_to_exit(main)
