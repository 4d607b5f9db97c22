"""Real Kafka, Redis and PostgreSQL for this checkout, from Python packages and Maven jars alone."""

from devstack.errors import StackError
from devstack.kafka import BENCHMARK_JAVA_OPTIONS
from devstack.running import ServiceHandle, Stack, running_stack
from devstack.settings import Ports

__all__ = [
    "BENCHMARK_JAVA_OPTIONS",
    "Ports",
    "ServiceHandle",
    "Stack",
    "StackError",
    "running_stack",
]
