"""How to reach Kafka, and the topics that must be there."""

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from kafka.admin import KafkaAdminClient
from kafka.errors import (
    InvalidPartitionsError,
    InvalidReplicationFactorError,
    KafkaError,
    NoError,
    PolicyViolationError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)
from kafka.net import KafkaNetClient
from kafka.net.inet import KafkaNetSocket
from kafka.net.selector import NetworkSelector

from finguard.errors import ConfigurationError, ServiceUnavailable

BOOTSTRAP_TIMEOUT_MS: Final = 5_000
RECONNECT_BACKOFF_MAX_MS: Final = 1_000
"""Kafka-python would wait up to 30 seconds before it looks whether a broker is back."""

T = TypeVar("T")

DEAD_LETTER_MAX_BYTES: Final = 2 * 1024 * 1024
"""A message of the brokers' usual limit of 1 MiB, with the headers that say what is wrong."""


class ClosedWhenRefused(KafkaNetSocket):  # type: ignore[misc]  # kafka-python ships no types
    """A plain connection to a broker whose socket is closed when the broker does not take it.

    Kafka-python's own leaves it to the collector of cycles, which programs like the detector run
    rarely: each attempt of a long outage would hold one more file open.
    """

    SCHEMES = ("direct",)

    async def sock_connect(
        self, net: object, sock: socket.socket, sockaddr: object, timeout_at: float | None = None
    ) -> socket.socket:
        """Wait until the socket is connected; see `KafkaNetSocket`."""
        try:
            await super().sock_connect(net, sock, sockaddr, timeout_at)
        except BaseException:
            sock.close()
            raise
        return sock


class ClosedWhenUnsafe(ssl.SSLSocket):
    """A socket that is closed when its handshake fails, for the same reason."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as its base has it
        """Agree on keys with the broker, as far as that goes without waiting; see `SSLSocket`."""
        try:
            super().do_handshake(block)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError:
            self.close()
            raise


class Tls:
    """What kafka-python takes for an `SSLContext`, made anew for each connection from its files.

    So one that is renewed on disk counts from the next connection, as it does with kafka-python's
    own, which this equals but for the sockets.
    """

    def __init__(self, cafile: str | None, certfile: str | None, keyfile: str | None) -> None:
        self._cafile, self._certfile, self._keyfile = cafile, certfile, keyfile

    def context(self) -> ssl.SSLContext:
        """The context by the files as they are now.

        Raises:
            OSError: one of them cannot be read, or is not what it should be.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslsocket_class = ClosedWhenUnsafe
        if self._cafile is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(self._cafile)
        if self._certfile is not None:
            context.load_cert_chain(self._certfile, self._keyfile)
        return context

    def wrap_socket(
        self, sock: socket.socket, *, server_hostname: str | None, do_handshake_on_connect: bool
    ) -> ssl.SSLSocket:
        """A socket that speaks TLS over a connected one; see `SSLContext.wrap_socket`."""
        return self.context().wrap_socket(
            sock,
            server_hostname=server_hostname,
            do_handshake_on_connect=do_handshake_on_connect,
        )


def connection_arguments(
    *,
    bootstrap_servers: str,
    security_protocol: str = "PLAINTEXT",
    sasl_mechanism: str | None = None,
    sasl_username: str | None = None,
    sasl_password: str | None = None,
    ssl_cafile: str | None = None,
    ssl_certfile: str | None = None,
    ssl_keyfile: str | None = None,
) -> dict[str, Any]:
    """Arguments that kafka-python's consumer, producer and admin client have in common.

    Args:
        bootstrap_servers: `host:port`, several separated by commas.
        security_protocol: `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`.
        sasl_mechanism: `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
        sasl_username: who we are.
        sasl_password: the proof.
        ssl_cafile: PEM file of the authorities to trust; None for the system's.
        ssl_certfile: PEM file of our own certificate, where brokers ask for one.
        ssl_keyfile: PEM file of its key.

    Raises:
        ConfigurationError: when the protocol asks for SASL and a part of it is missing, or for TLS
            and a file is, or is not what it should be.
    """
    arguments: dict[str, Any] = {
        "bootstrap_servers": [server.strip() for server in bootstrap_servers.split(",")],
        "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS,
        # No proxy at all: this is how kafka-python is told which class opens its sockets.
        "proxy_url": f"{ClosedWhenRefused.SCHEMES[0]}://",
        "reconnect_backoff_max_ms": RECONNECT_BACKOFF_MAX_MS,
        "security_protocol": security_protocol,
    }
    if security_protocol.startswith("SASL_"):
        if not (sasl_mechanism and sasl_username and sasl_password):
            raise ConfigurationError(
                f"{security_protocol} needs FINGUARD_KAFKA_SASL_MECHANISM, "
                "FINGUARD_KAFKA_SASL_USERNAME and FINGUARD_KAFKA_SASL_PASSWORD"
            )
        arguments["sasl_mechanism"] = sasl_mechanism
        arguments["sasl_plain_username"] = sasl_username
        arguments["sasl_plain_password"] = sasl_password
    if security_protocol.endswith("SSL"):
        arguments["ssl_context"] = _tls(ssl_cafile, ssl_certfile, ssl_keyfile)
    return arguments


def _tls(cafile: str | None, certfile: str | None, keyfile: str | None) -> Tls:
    files = {"CAFILE": cafile, "CERTFILE": certfile, "KEYFILE": keyfile}
    for name, file in files.items():
        if file is not None and not Path(file).is_file():
            raise ConfigurationError(f"FINGUARD_KAFKA_SSL_{name}: no file {file}")
    tls = Tls(cafile, certfile, keyfile)
    try:
        tls.context()
    except OSError as error:
        given = ", ".join(f"FINGUARD_KAFKA_SSL_{name}" for name, file in files.items() if file)
        raise ConfigurationError(
            f"{given}: not to be read, no PEM file, or of another key ({error})"
        ) from error
    return tls


def opened(kind: Callable[..., T], connection: Mapping[str, Any], **options: object) -> T:
    """Make one of kafka-python's clients; one that fails to leaves no thread and no socket behind.

    Its constructors open sockets and start a thread, and lose sight of both when an address is
    none or no broker answers.
    """
    made: list[KafkaNetClient] = []

    def network(**arguments: object) -> KafkaNetClient:
        net = NetworkSelector(**arguments)
        try:
            made.append(KafkaNetClient(net=net, **arguments))
        except BaseException:
            net.close()
            raise
        return made[-1]

    try:
        return kind(**connection, **options, kafka_client=network)
    except BaseException:
        for client in made:
            client.close()
        raise


def briefly(connection: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    """The same connection for somebody who waits for the answer: no step takes much longer."""
    timeout_ms = int(1000 * timeout_s)
    return {
        **connection,
        "bootstrap_timeout_ms": min(timeout_ms, BOOTSTRAP_TIMEOUT_MS),
        "request_timeout_ms": timeout_ms,
    }


@contextmanager
def connecting(connection: Mapping[str, Any]) -> Iterator[None]:
    """Tell what keeps a new client from working, in one line with the remedy.

    Raises:
        ServiceUnavailable: when no broker answers or lets the client in.
        ConfigurationError: when an address is none.
    """
    servers = ",".join(connection["bootstrap_servers"])
    try:
        yield
    except KafkaError as error:
        cause = str(error) or type(error).__name__
        remedy = "or say where it is with FINGUARD_KAFKA_BOOTSTRAP_SERVERS"
        if connection["security_protocol"] != "PLAINTEXT":
            # The client retries what a broker refuses, and says in its log alone what that was.
            remedy += "; FINGUARD_LOG_LEVEL=debug shows why each attempt failed"
        raise ServiceUnavailable(
            f"Kafka is unreachable at {servers} ({cause}): start it with `make up`, {remedy}"
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"FINGUARD_KAFKA_BOOTSTRAP_SERVERS: {servers}: {error}") from error


def ensure_topics(
    connection: Mapping[str, Any],
    *,
    transactions: str,
    dead_letters: str,
    partitions: int,
    replication_factor: int,
) -> list[str]:
    """Create the two topics where they are missing; safe to call from several programs at once.

    Topics that exist are left as they are, so that an operator's choices stand.

    Args:
        connection: see `connection_arguments`.
        transactions: stamped by the broker, so that no producer's clock decides what is "in the
            future".
        dead_letters: kept for good, and with room for more than the largest message.
        partitions: of each.
        replication_factor: of each.

    Returns:
        The topics it created.

    Raises:
        ServiceUnavailable: when Kafka does not answer.
        ConfigurationError: when Kafka refuses to create a topic so.
    """
    configs = {
        transactions: {"message.timestamp.type": "LogAppendTime"},
        dead_letters: {"retention.ms": "-1", "max.message.bytes": str(DEAD_LETTER_MAX_BYTES)},
    }
    with connecting(connection):
        admin = opened(KafkaAdminClient, connection)
        try:
            missing = _missing(admin, list(configs))
            wanted = {
                topic: {
                    "num_partitions": partitions,
                    "replication_factor": replication_factor,
                    "configs": configs[topic],
                }
                for topic in missing
            }
            created = _create(admin, wanted) if wanted else []
            admin.wait_for_topics(list(configs))
        finally:
            admin.close()
    return created


def _missing(admin: KafkaAdminClient, topics: list[str]) -> list[str]:
    return [
        str(topic["name"])
        for topic in admin.describe_topics(topics)
        if for_code(topic["error_code"]) is UnknownTopicOrPartitionError
    ]


def _create(admin: KafkaAdminClient, wanted: dict[str, dict[str, Any]]) -> list[str]:
    created = []
    for topic in admin.create_topics(wanted, raise_errors=False)["topics"]:
        error = for_code(topic["error_code"])
        if error is NoError:
            created.append(str(topic["name"]))
        elif error in (InvalidPartitionsError, InvalidReplicationFactorError, PolicyViolationError):
            raise ConfigurationError(f"Kafka: topic {topic['name']}: {topic['error_message']}")
        # Another program may have been faster: then the topic is there all the same.
        elif error is not TopicAlreadyExistsError:
            raise error(topic["error_message"])
    return created
