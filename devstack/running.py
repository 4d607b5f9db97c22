"""A real stack for tests and benchmarks, whose services can be killed, frozen and restarted."""

import contextlib
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devstack.console import Console
from devstack.kafka import DEVELOPMENT_JAVA_OPTIONS
from devstack.launch import launch, launch_all, stop_all
from devstack.layout import Layout
from devstack.lifecycle import Lifecycle
from devstack.placement import drop_outside
from devstack.processes import Daemon
from devstack.service import Service
from devstack.settings import (
    KAFKA_SETTING,
    POSTGRES_SETTING,
    REDIS_SETTING,
    Ports,
    StackSettings,
)


@dataclass(frozen=True, kw_only=True)
class ServiceHandle:
    """One running service; it keeps its port and its data through all that is done to it."""

    service: Service
    daemon: Daemon

    @property
    def pid(self) -> int | None:
        """Return the pid of its main process, or nothing while it is down."""
        return self.daemon.pid

    def start(self) -> None:
        """Start it if it is down, and wait until it is ready."""
        launch(self.service, self.daemon, threading.Event())

    def stop(self) -> None:
        """Stop it in an orderly way."""
        self.daemon.stop(self.service.stop_signal)

    def kill(self) -> None:
        """End all its processes at once by SIGKILL, as a crash would."""
        self.daemon.kill()

    def restart(self, *, immediate: bool = False) -> None:
        """Stop it, or with `immediate` kill it, and wait until it is ready again."""
        if immediate:
            self.kill()
        else:
            self.stop()
        self.start()

    def freeze(self) -> None:
        """Stop all its processes where they are: connections stay open and nothing answers."""
        self.daemon.freeze()

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        self.daemon.thaw()


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Where the services are, and a handle on each."""

    kafka_bootstrap_servers: str
    redis_url: str
    postgres_dsn: str
    kafka: ServiceHandle
    redis: ServiceHandle
    postgres: ServiceHandle

    def env(self) -> dict[str, str]:
        """Return the variables that point the project's programs to this stack."""
        return {
            KAFKA_SETTING: self.kafka_bootstrap_servers,
            REDIS_SETTING: self.redis_url,
            POSTGRES_SETTING: self.postgres_dsn,
        }


@contextlib.contextmanager
def running_stack(
    folder: Path,
    *,
    ports: Ports | None = None,
    kafka_java_options: Sequence[str] = DEVELOPMENT_JAVA_OPTIONS,
) -> Iterator[Stack]:
    """Run Kafka, Redis and PostgreSQL with their data in `folder` until the context ends.

    Args:
        folder: An empty folder for data and logs. As root, PostgreSQL's data may have to be kept
            elsewhere; they are deleted in the end.
        ports: Ports on 127.0.0.1; free ones if not given.
        kafka_java_options: Options for the broker's Java; `BENCHMARK_JAVA_OPTIONS` for speed.

    Raises:
        StackError: A service could not be downloaded or started; nothing is left running.
    """
    layout = Layout(folder=folder, cache=Layout.of_checkout().cache)
    variables = _variables(ports or Ports.free())
    settings = StackSettings.load(variables)
    console = Console(sys.stderr)
    life = Lifecycle.of(settings, layout, console, kafka_java_options)
    pairs = {service.name: (service, life.daemon(service)) for service in life.services}
    try:
        with Layout.of_checkout().locked():
            life.fetch()
        launch_all(pairs, console)
        yield _running(pairs, variables)
    finally:
        stop_all(list(pairs.values()))
        drop_outside(folder)


def _variables(ports: Ports) -> dict[str, str]:
    return {
        KAFKA_SETTING: f"127.0.0.1:{ports.kafka}",
        REDIS_SETTING: f"redis://127.0.0.1:{ports.redis}/0",
        POSTGRES_SETTING: f"postgresql://finguard:finguard@127.0.0.1:{ports.postgres}/finguard",
    }


def _running(pairs: Mapping[str, tuple[Service, Daemon]], variables: Mapping[str, str]) -> Stack:
    handles = {
        name: ServiceHandle(service=service, daemon=daemon)
        for name, (service, daemon) in pairs.items()
    }
    return Stack(
        kafka_bootstrap_servers=variables[KAFKA_SETTING],
        redis_url=variables[REDIS_SETTING],
        postgres_dsn=variables[POSTGRES_SETTING],
        kafka=handles["kafka"],
        redis=handles["redis"],
        postgres=handles["postgres"],
    )
