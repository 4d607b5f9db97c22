"""A Kafka that a test may freeze and kill."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack import ServiceHandle
from devstack.kafka import Kafka
from devstack.launch import daemon_of
from devstack.layout import Layout
from devstack.placement import drop_outside
from devstack.settings import free_ports


@dataclass(frozen=True)
class PrivateKafka:
    """A broker that a test may do anything to."""

    handle: ServiceHandle
    servers: str


@contextmanager
def running_kafka(folder: Path) -> Iterator[PrivateKafka]:
    """A broker with its data below a folder, until the context ends."""
    layout = Layout(folder=folder, cache=Layout.of_checkout().cache)
    (port,) = free_ports(1)
    servers = f"127.0.0.1:{port}"
    service = Kafka(bootstrap_servers=servers, layout=layout)
    handle = ServiceHandle(service=service, daemon=daemon_of(service, layout))
    handle.start()
    try:
        yield PrivateKafka(handle, servers)
    finally:
        # An orderly stop may take long after a crash, and nobody wants its data.
        handle.kill()
        drop_outside(folder)
