"""A PostgreSQL that a test may stop, freeze and kill."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack import ServiceHandle
from devstack.launch import daemon_of
from devstack.layout import Layout
from devstack.placement import drop_outside
from devstack.postgres import Postgres
from devstack.settings import free_ports


@dataclass(frozen=True)
class PrivatePostgres:
    """A server that a test may do anything to."""

    handle: ServiceHandle
    dsn: str


@contextmanager
def running_postgres(folder: Path) -> Iterator[PrivatePostgres]:
    """A server with its data below a folder, until the context ends."""
    layout = Layout(folder=folder, cache=Layout.of_checkout().cache)
    (port,) = free_ports(1)
    dsn = f"postgresql://finguard:finguard@127.0.0.1:{port}/finguard"
    service = Postgres(dsn=dsn, layout=layout)
    handle = ServiceHandle(service=service, daemon=daemon_of(service, layout))
    handle.start()
    try:
        yield PrivatePostgres(handle, dsn)
    finally:
        handle.thaw()
        handle.stop()
        drop_outside(folder)
