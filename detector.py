"""FinGuard's fraud detector: a consumer-group member; run as many as there are partitions."""

from finguard.adapters.kafka.connection import connection_arguments, ensure_topics
from finguard.adapters.kafka.dead_letters import KafkaDeadLetters
from finguard.adapters.kafka.source import KafkaSource, topic_identity
from finguard.adapters.postgres.connection import connector
from finguard.adapters.postgres.ledger import PostgresLedger
from finguard.adapters.postgres.migrate import migrate
from finguard.adapters.redis_profiles import RedisProfiles, connect_redis, refuse_eviction
from finguard.domain.rules import rules
from finguard.logging import configure_logging
from finguard.pipeline.dead_letter_limit import DeadLetterLimit
from finguard.pipeline.detector import Detector, Policy, Ports
from finguard.program import run_to_exit, spare_the_collector, stop_on_signals, warn_of
from finguard.settings import Settings, load_settings, unknown_settings


def connect_ports(settings: Settings) -> Ports:
    """Reach PostgreSQL, Redis and Kafka, and make there what the first run lacks."""
    dsn = settings.postgres_dsn.get_secret_value()
    migrate(dsn, sslmode=settings.postgres_sslmode)
    redis = connect_redis(
        settings.redis_url.get_secret_value(), ssl_cafile=settings.redis_ssl_cafile
    )
    refuse_eviction(redis)
    kafka = connection_arguments(**settings.kafka_connection())
    ensure_topics(kafka, **settings.kafka_topics())
    identity = topic_identity(kafka, settings.kafka_topic)
    group = settings.kafka_group
    source = KafkaSource(
        kafka,
        topic=settings.kafka_topic,
        group=group,
        max_records=settings.batch_max_records,
        session_timeout_ms=settings.session_timeout_ms,
        max_poll_interval_ms=settings.max_poll_interval_ms,
    )
    return Ports(
        source=source,
        archive=source,
        profiles=RedisProfiles(
            redis, namespace=f"{group}/{identity.topic_id}", memory_s=settings.memory_s()
        ),
        ledger=PostgresLedger(
            connector(dsn, sslmode=settings.postgres_sslmode, application_name="finguard-detector"),
            group=group,
            identity=identity,
        ),
        dead_letters=KafkaDeadLetters(kafka, topic=settings.kafka_dead_letter_topic),
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


def main() -> None:
    """Connect, then detect until a signal says stop."""
    settings = load_settings()
    configure_logging("detector", level=settings.log_level, format=settings.log_format)
    warn_of(unknown_settings())
    stop = stop_on_signals()
    detector = Detector(connect_ports(settings), policy(settings), stopping=stop.is_set)
    spare_the_collector()
    detector.run()


if __name__ == "__main__":
    run_to_exit(main)
