"""The stack that tests and benchmarks run on: real services that lose nothing."""

import os
from collections.abc import Iterator

import psutil
import psycopg2
import pytest
import redis
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from psycopg2.extensions import connection

from devstack import Stack, running_stack
from devstack.processes import Record, is_alive
from tests.patience import PATIENCE_S

PARTITION = TopicPartition("survivors", 0)


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of these tests' own, because they kill its services."""
    with running_stack(tmp_path_factory.mktemp("own stack")) as stack:
        yield stack


@pytest.fixture
def link(own_stack: Stack) -> Iterator[connection]:
    """A connection to the database."""
    link = psycopg2.connect(own_stack.postgres_dsn)
    link.autocommit = True
    yield link
    link.close()


def test_redis_comes_back_with_its_data(own_stack: Stack) -> None:
    """A killed Redis answers again on the same port, and what it had acknowledged is there."""
    with redis.Redis.from_url(own_stack.redis_url) as client:
        client.set("survivor", "yes")
    pid = own_stack.redis.pid
    own_stack.redis.restart(immediate=True)
    assert own_stack.redis.pid not in {pid, None}
    with redis.Redis.from_url(own_stack.redis_url) as client:
        assert client.get("survivor") == b"yes"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_postgres_comes_back_with_its_data(own_stack: Stack, link: connection) -> None:
    """A killed PostgreSQL recovers what was committed, with none of its old processes left."""
    assert own_stack.postgres.pid is not None
    old = psutil.Process(own_stack.postgres.pid).children(recursive=True)
    with link.cursor() as cursor:
        cursor.execute("CREATE TABLE survivor AS SELECT 'żółw' AS name")
    own_stack.postgres.restart(immediate=True)
    assert not any(map(is_alive, old))
    again = psycopg2.connect(own_stack.postgres_dsn)
    with again.cursor() as cursor:
        cursor.execute("SELECT name FROM survivor")
        assert cursor.fetchone() == ("żółw",)
    again.close()


def test_postgres_starts_beside_the_remains_of_a_killed_one(own_stack: Stack) -> None:
    """After `kill -9` of the main process alone, others of it linger, and its pid file stays."""
    assert own_stack.postgres.pid is not None
    main = psutil.Process(own_stack.postgres.pid)
    others = main.children(recursive=True)
    others[0].suspend()
    main.kill()
    main.wait()
    own_stack.postgres.start()
    assert not any(map(is_alive, others))


def test_postgres_is_as_in_production(link: connection) -> None:
    """UTF-8 text, an owner without superuser rights, a password that is never sent in the clear."""
    with link.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, pg_encoding_to_char(encoding),"
            " current_setting('password_encryption'), current_setting('fsync')"
            " FROM pg_roles, pg_database WHERE rolname = current_user AND datname = 'finguard'"
        )
        assert cursor.fetchone() == ("finguard", False, "UTF8", "scram-sha-256", "on")


def test_kafka_comes_back_with_its_data(own_stack: Stack) -> None:
    """A killed broker still has every acknowledged record, and creates no topic unasked."""
    servers = own_stack.kafka_bootstrap_servers
    with KafkaAdminClient(bootstrap_servers=servers) as admin:
        admin.create_topics([NewTopic(PARTITION.topic, num_partitions=1, replication_factor=1)])
    producer = KafkaProducer(bootstrap_servers=servers, acks="all")
    producer.send(PARTITION.topic, b"yes").get(timeout=PATIENCE_S)
    producer.close()
    own_stack.kafka.restart(immediate=True)
    consumer = KafkaConsumer(
        bootstrap_servers=servers,
        allow_auto_create_topics=True,
        consumer_timeout_ms=int(1_000 * PATIENCE_S),
    )
    consumer.assign([PARTITION])
    consumer.seek_to_beginning(PARTITION)
    assert next(iter(consumer)).value == b"yes"
    consumer.partitions_for_topic("unasked")
    assert "unasked" not in consumer.topics()
    consumer.close()


def test_a_frozen_service_answers_only_after_the_thaw(own_stack: Stack) -> None:
    """Freezing keeps the port open and the answers back, as a hanging machine would."""
    with redis.Redis.from_url(own_stack.redis_url, socket_timeout=0.3, retry=None) as client:
        own_stack.redis.freeze()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        own_stack.redis.thaw()
    with redis.Redis.from_url(own_stack.redis_url) as client:
        assert client.ping()


def test_a_stopped_service_starts_again(own_stack: Stack) -> None:
    """Stopping and starting are idempotent, and a service that is down has no pid."""
    own_stack.redis.stop()
    own_stack.redis.stop()
    assert own_stack.redis.pid is None
    own_stack.redis.start()
    own_stack.redis.start()
    assert own_stack.redis.pid is not None


def test_the_services_listen_on_loopback_only(own_stack: Stack) -> None:
    """Nothing of a developer's stack can be reached from the network."""
    handles = (own_stack.kafka, own_stack.redis, own_stack.postgres)
    pids = {handle.pid for handle in handles}
    addresses = {
        link.laddr.ip.removeprefix("::ffff:")
        for pid in pids
        for link in psutil.Process(pid).net_connections("inet")
        if link.status == psutil.CONN_LISTEN and link.laddr
    }
    assert addresses == {"127.0.0.1"}


def test_the_services_do_not_hear_the_terminals_ctrl_c(own_stack: Stack) -> None:
    """Each has a session of its own, so that devstack can stop them in order."""
    for handle in (own_stack.kafka, own_stack.redis, own_stack.postgres):
        assert handle.pid is not None
        assert os.getsid(handle.pid) == handle.pid != os.getsid(0)


def test_the_environment_points_programs_to_the_stack(own_stack: Stack) -> None:
    """A program started with these variables finds these services and no others."""
    assert own_stack.env() == {
        "FINGUARD_KAFKA_BOOTSTRAP_SERVERS": own_stack.kafka_bootstrap_servers,
        "FINGUARD_REDIS_URL": own_stack.redis_url,
        "FINGUARD_POSTGRES_DSN": own_stack.postgres_dsn,
    }
    assert isinstance(own_stack.kafka.daemon.record, Record)
