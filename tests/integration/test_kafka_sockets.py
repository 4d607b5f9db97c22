"""What a broker that is away costs the clients that look for it."""

import gc
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaConsumer
from kafka.errors import KafkaError

from devstack import Stack
from devstack.settings import free_ports
from finguard.adapters.kafka import publisher
from finguard.adapters.kafka.connection import connection_arguments, ensure_topics, opened
from finguard.adapters.kafka.publisher import KafkaPublisher
from finguard.adapters.kafka.source import KafkaSource
from finguard.errors import ConfigurationError, ServiceUnavailable
from tests.patience import wait_for

Connection = dict[str, Any]


@pytest.fixture
def no_collection() -> Iterator[None]:
    """No collection of cycles, as in a program that is told to collect rarely."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def topics(connection: Connection) -> None:
    """What every program begins with."""
    ensure_topics(
        connection, transactions="t", dead_letters="t.dlq", partitions=1, replication_factor=1
    )


def source(connection: Connection) -> None:
    """The detector's way to read."""
    KafkaSource(
        connection,
        topic="t",
        group="g",
        max_records=1,
        session_timeout_ms=6_000,
        max_poll_interval_ms=60_000,
    )


CLIENTS: dict[str, Callable[[Connection], object]] = {
    "topics": topics,
    "source": source,
    "publisher": lambda connection: KafkaPublisher(connection, "t"),
    "consumer": lambda connection: opened(KafkaConsumer, connection),
}
"""Each way to reach Kafka that a program can fail with."""


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_attempts_that_a_broker_refuses_leave_no_socket_behind(
    client: Callable[[Connection], object],
) -> None:
    """Else a long outage ends in "too many open files", and the program with it."""
    (port,) = free_ports(1)
    connection = connection_arguments(bootstrap_servers=f"127.0.0.1:{port}")
    connection["bootstrap_timeout_ms"] = 500
    before = sockets()

    with pytest.raises((KafkaError, ServiceUnavailable), match=r"(?i)bootstrap|unreachable"):
        client(connection)

    assert sockets() == before


@pytest.mark.usefixtures("no_collection")
def test_an_address_that_is_none_leaves_no_socket_behind() -> None:
    """The client finds that out when it already has some."""
    before = sockets()
    with pytest.raises(ConfigurationError, match="localhost:kafka"):
        topics(connection_arguments(bootstrap_servers="localhost:kafka"))
    assert sockets() == before


@pytest.mark.usefixtures("no_collection")
def test_a_topic_that_is_missing_leaves_no_socket_behind(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The producer is well by then, and has to be closed."""
    monkeypatch.setattr(publisher, "BLOCK_MS", 1_000)
    connection = connection_arguments(bootstrap_servers=stack.kafka_bootstrap_servers)
    before = sockets()

    with pytest.raises(ServiceUnavailable, match=r"(?i)timeout|metadata"):
        KafkaPublisher(connection, f"missing-{uuid4().hex[:8]}")

    assert sockets() == before


@pytest.mark.usefixtures("no_collection")
def test_handshakes_that_fail_leave_no_socket_behind() -> None:
    """Each attempt with a broker that speaks no TLS would hold a file."""
    broker = ThreadingTCPServer(("127.0.0.1", 0), NoTls)
    # Whoever is left with a socket that nobody closes must not keep the test from its end.
    broker.daemon_threads, broker.block_on_close = True, False
    Thread(target=broker.serve_forever, daemon=True).start()
    connection = connection_arguments(
        bootstrap_servers=f"127.0.0.1:{broker.server_address[1]}", security_protocol="SSL"
    )
    connection["bootstrap_timeout_ms"] = 1_000
    before = sockets()
    try:
        with pytest.raises(KafkaError, match="bootstrap"):
            opened(KafkaConsumer, connection)

        assert NoTls.asked.is_set()
        # The broker's ends are this process' sockets, too, and close when they see that ours have.
        wait_for(lambda: sockets() == before, "all sockets to close")
    finally:
        broker.shutdown()
        broker.server_close()


class NoTls(BaseRequestHandler):
    """Answers whoever asks for a handshake with something else."""

    asked = Event()

    def handle(self) -> None:
        """Answer, and wait until the other side has gone, so that its socket is seen to close."""
        self.asked.set()
        self.request.sendall(b"I speak no TLS")
        while self.request.recv(1024):
            pass


def sockets() -> int:
    """How many this process has open."""
    found = 0
    for descriptor in Path("/dev/fd").iterdir():
        # The one that listed the folder is closed by now.
        with suppress(OSError):
            found += stat.S_ISSOCK(os.fstat(int(descriptor.name)).st_mode)
    return found
