"""Where the services are to be found: the project's FINGUARD_ variables and `.env` file."""

import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg2
from psycopg2.extensions import parse_dsn

from devstack.errors import StackError

KAFKA_SETTING = "FINGUARD_KAFKA_BOOTSTRAP_SERVERS"
KAFKA_PROTOCOL_SETTING = "FINGUARD_KAFKA_SECURITY_PROTOCOL"
REDIS_SETTING = "FINGUARD_REDIS_URL"
POSTGRES_SETTING = "FINGUARD_POSTGRES_DSN"
API_PORT_SETTING = "FINGUARD_API_PORT"
DASHBOARD_PORT_SETTING = "FINGUARD_DASHBOARD_PORT"

DEFAULTS: Mapping[str, str] = {
    KAFKA_SETTING: "localhost:9092",
    KAFKA_PROTOCOL_SETTING: "PLAINTEXT",
    REDIS_SETTING: "redis://localhost:6379/0",
    POSTGRES_SETTING: "postgresql://finguard:finguard@localhost:5432/finguard",
    API_PORT_SETTING: "8000",
    DASHBOARD_PORT_SETTING: "8501",
}

# Below the range that Linux hands to outgoing connections, so that a service that is down for a
# moment finds its port free when it comes back.
FREE_PORTS = range(20_000, 32_000)


@dataclass(frozen=True, kw_only=True)
class Address:
    """The host and port of a TCP service."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Tell whether a server that listens on 127.0.0.1 is reached at this address."""
        return self.host in {"localhost", "127.0.0.1"}

    def is_listening(self, timeout_s: float = 1.0) -> bool:
        """Tell whether anything accepts connections here."""
        try:
            with socket.create_connection((self.host, self.port), timeout=timeout_s):
                return True
        except OSError:
            return False


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The ports of the three services on 127.0.0.1."""

    kafka: int
    redis: int
    postgres: int

    @classmethod
    def free(cls) -> "Ports":
        """Choose three ports that nobody uses now."""
        kafka, redis, postgres = free_ports(3)
        return cls(kafka=kafka, redis=redis, postgres=postgres)


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """The settings of the project that say where services and front ends listen."""

    kafka_bootstrap_servers: str
    kafka_is_plain: bool
    redis_url: str
    postgres_dsn: str
    api: Address
    dashboard: Address

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "StackSettings":
        """Read the FINGUARD_ variables; raise `StackError` for one that makes no sense."""
        values = {key: environment.get(key) or default for key, default in DEFAULTS.items()}
        return cls(
            kafka_bootstrap_servers=values[KAFKA_SETTING],
            kafka_is_plain=values[KAFKA_PROTOCOL_SETTING] == "PLAINTEXT",
            redis_url=values[REDIS_SETTING],
            postgres_dsn=values[POSTGRES_SETTING],
            api=_front_end(API_PORT_SETTING, values),
            dashboard=_front_end(DASHBOARD_PORT_SETTING, values),
        )


def kafka_addresses(bootstrap_servers: str) -> list[Address]:
    """Return the addresses of a comma-separated bootstrap list."""
    urls = [f"//{server.strip()}" for server in bootstrap_servers.split(",") if server.strip()]
    if not urls:
        raise _unreadable(KAFKA_SETTING)
    return [_address(KAFKA_SETTING, url, default_port=9092) for url in urls]


def redis_address(url: str) -> Address:
    """Return the address of a redis:// or rediss:// URL."""
    if urlsplit(url).scheme not in {"redis", "rediss"}:
        raise _unreadable(REDIS_SETTING)
    return _address(REDIS_SETTING, url, default_port=6379)


def postgres_parameters(dsn: str) -> dict[str, str]:
    """Return the parts of a DSN, given as a URL or in libpq's `key=value` form."""
    try:
        return {key: str(value) for key, value in parse_dsn(dsn).items()}
    except psycopg2.ProgrammingError as error:
        raise _unreadable(POSTGRES_SETTING) from error


def postgres_address(dsn: str) -> Address:
    """Return the address of a DSN; a socket folder or list of hosts counts as its host."""
    parameters = postgres_parameters(dsn)
    host = parameters.get("hostaddr") or parameters.get("host") or "localhost"
    port = parameters.get("port", "5432").partition(",")[0]
    return Address(host=host, port=_port(POSTGRES_SETTING, port))


def free_ports(count: int) -> list[int]:
    """Choose ports of 127.0.0.1 on which a server can listen now."""
    candidates = random.SystemRandom().sample(FREE_PORTS, k=len(FREE_PORTS))
    free = (port for port in candidates if is_free(port))
    return [next(free) for _ in range(count)]


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        # As servers do, so that a connection that has just been closed does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _front_end(setting: str, values: Mapping[str, str]) -> Address:
    return Address(host="localhost", port=_port(setting, values[setting]))


def _address(setting: str, url: str, *, default_port: int) -> Address:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "localhost", parts.port or default_port
    except ValueError as error:
        raise _unreadable(setting) from error
    return Address(host=host, port=port)


def _port(setting: str, text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 2**16:
        return int(text)
    raise _unreadable(setting)


def _unreadable(setting: str) -> StackError:
    # The value is not shown: it may hold a password.
    return StackError(
        f"{setting} cannot be read",
        f"write it like {DEFAULTS[setting]}, in the environment or in .env",
    )
