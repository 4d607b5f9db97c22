"""A Kafka and a PostgreSQL that a test may stop, freeze and kill."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack import ServiceHandle
from devstack.kafka import Kafka
from devstack.launch import daemon_of
from devstack.layout import Layout
from devstack.placement import drop_outside
from devstack.postgres import Postgres
from devstack.service import Service
from devstack.settings import free_ports


@dataclass(frozen=True)
class PrivateKafka:
    """A broker that a test may do anything to."""

    handle: ServiceHandle
    servers: str


@dataclass(frozen=True)
class PrivatePostgres:
    """A server that a test may do anything to."""

    handle: ServiceHandle
    dsn: str


@contextmanager
def running_kafka(folder: Path) -> Iterator[PrivateKafka]:
    """A broker with its data below a folder, until the context ends."""
    (port,) = free_ports(1)
    servers = f"127.0.0.1:{port}"
    with _running(
        folder,
        lambda layout: Kafka(bootstrap_servers=servers, layout=layout),
        # An orderly stop may take long after a crash, and nobody wants its data.
        end=ServiceHandle.kill,
    ) as handle:
        yield PrivateKafka(handle, servers)


@contextmanager
def running_postgres(folder: Path) -> Iterator[PrivatePostgres]:
    """A server with its data below a folder, until the context ends."""
    (port,) = free_ports(1)
    dsn = f"postgresql://finguard:finguard@127.0.0.1:{port}/finguard"
    with _running(
        folder, lambda layout: Postgres(dsn=dsn, layout=layout), end=_thaw_and_stop
    ) as handle:
        yield PrivatePostgres(handle, dsn)


@contextmanager
def _running(
    folder: Path, service_in: Callable[[Layout], Service], end: Callable[[ServiceHandle], None]
) -> Iterator[ServiceHandle]:
    layout = Layout(folder=folder, cache=Layout.of_checkout().cache)
    service = service_in(layout)
    handle = ServiceHandle(service=service, daemon=daemon_of(service, layout))
    handle.start()
    try:
        yield handle
    finally:
        end(handle)
        drop_outside(folder)


def _thaw_and_stop(handle: ServiceHandle) -> None:
    """A killed PostgreSQL would leave a piece of shared memory to the system."""
    handle.thaw()
    handle.stop()
