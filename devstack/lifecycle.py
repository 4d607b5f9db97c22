"""The three services of a stack: bring them up, take them down, tell how they are."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from devstack.console import Console
from devstack.errors import NotServingError, StackError
from devstack.kafka import DEVELOPMENT_JAVA_OPTIONS, Kafka
from devstack.launch import daemon_of, launch_all, stop_all
from devstack.layout import Layout
from devstack.placement import drop_outside
from devstack.postgres import Postgres
from devstack.processes import Daemon
from devstack.redis import Redis
from devstack.service import Service
from devstack.settings import Address, StackSettings


@dataclass(frozen=True, kw_only=True)
class ServiceStatus:
    """How one service is."""

    title: str
    address: str
    state: str
    is_healthy: bool
    log: str


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """Starts and stops the services of one layout; none is started that is there already."""

    services: Sequence[Service]
    layout: Layout
    console: Console

    @classmethod
    def of(
        cls,
        settings: StackSettings,
        layout: Layout,
        console: Console,
        kafka_java_options: Sequence[str] = DEVELOPMENT_JAVA_OPTIONS,
    ) -> "Lifecycle":
        """Return the life of the three services that the settings describe."""
        kafka = Kafka(
            bootstrap_servers=settings.kafka_bootstrap_servers,
            is_plain=settings.kafka_is_plain,
            layout=layout,
            java_options=kafka_java_options,
        )
        redis = Redis(url=settings.redis_url, layout=layout)
        postgres = Postgres(dsn=settings.postgres_dsn, layout=layout)
        return cls(services=(kafka, redis, postgres), layout=layout, console=console)

    def daemon(self, service: Service) -> Daemon:
        """Return the process that runs, or would run, a service of this stack."""
        return daemon_of(service, self.layout)

    def up(self) -> list[Service]:
        """Make every service usable; return those that were started for it."""
        with self.layout.locked():
            wanted = [service for service in self.services if not self._is_provided(service)]
            launches = {service.name: (service, self.daemon(service)) for service in wanted}
            started = [service for service, daemon in launches.values() if daemon.pid is None]
            for service in started:
                service.fetch(self.console)
            launch_all(launches, self.console)
        return started

    def fetch(self) -> None:
        """Download what the services that can run here need."""
        for service in self.services:
            if service.is_embeddable:
                service.fetch(self.console)

    def down(self, services: Sequence[Service] | None = None) -> None:
        """Stop the services, or some of them, that run as part of this stack; leave all others."""
        with self.layout.locked():
            chosen = self.services if services is None else services
            pairs = [(service, self.daemon(service)) for service in chosen]
            running = [(service, daemon) for service, daemon in pairs if daemon.pid is not None]
            stop_all(running)
            for service, _ in running:
                self.console.line(f"  {service.title:<11}stopped")

    def clean(self) -> None:
        """Drop the data and logs of the stopped services; keep what was downloaded."""
        with self.layout.locked():
            for name in [*(service.name for service in self.services), "logs", "run"]:
                path = self.layout.folder / name
                if path.is_symlink():
                    path.unlink()
                elif path.exists():
                    shutil.rmtree(path)
            drop_outside(self.layout.folder)
            drop_outside(self.layout.cache)

    def status(self) -> list[ServiceStatus]:
        """Ask every service how it is."""
        return [self._status(service) for service in self.services]

    def _status(self, service: Service) -> ServiceStatus:
        pid = self.daemon(service).pid
        try:
            service.probe()
            is_healthy, state = True, "external"
        except NotServingError as error:
            is_healthy = False
            state = f"external, {error}" if service.address.is_listening() else "down"
        return ServiceStatus(
            title=service.title,
            address=str(service.address),
            state=f"embedded, pid {pid}" if pid else state,
            is_healthy=is_healthy,
            log=os.path.relpath(self.daemon(service).log) if pid else "-",
        )

    def _is_provided(self, service: Service) -> bool:
        """Tell whether somebody else already runs it; raise `StackError` if it is no use."""
        if self._is_ours(service):
            return False
        if service.is_embeddable and not service.address.is_listening():
            return False
        try:
            service.probe()
        except NotServingError as error:
            raise _unusable(service, str(error)) from error
        self.console.line(f"  {service.title:<11}found on {service.address}, used as it is")
        return True

    def _is_ours(self, service: Service) -> bool:
        """Tell whether it runs as part of this stack, under the address that is set now."""
        daemon = self.daemon(service)
        record = daemon.record
        if record is None:
            return False
        if record.address != str(service.address):
            daemon.stop(service.stop_signal)
            return False
        daemon.thaw()
        return True


def listener_of(address: Address) -> str:
    """Name the program that listens on a port of this machine, as far as it can be known."""
    try:
        for link in psutil.net_connections("tcp"):
            if (
                link.status == psutil.CONN_LISTEN
                and link.pid
                and link.laddr
                and link.laddr.port == address.port
            ):
                return f"{psutil.Process(link.pid).name()} (pid {link.pid})"
    except psutil.Error:
        pass  # only root may ask on some systems
    return "another program"


def _unusable(service: Service, reason: str) -> StackError:
    if not service.is_embeddable:
        return StackError(
            f"{service.title} at {service.address} cannot be used: it {reason}",
            f"start it there, or correct {service.setting}",
        )
    return StackError(
        f"port {service.address.port}, wanted for {service.title}, is taken by"
        f" {listener_of(service.address)}, which {reason}",
        f"stop that program, or set {service.setting} to a free port or to a working"
        f" {service.title}",
    )
