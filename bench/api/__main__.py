"""Measures the API with millions of alerts in PostgreSQL; `make bench-api` runs it."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from bench.api.bed import Bed, Served, running_bed, serving
from bench.api.client import Load, Measured, measure
from bench.api.filling import fill
from bench.api.operations import Chance, Operation, lists, ranges, statistics
from bench.api.report import FILE, markdown, merged
from bench.api.services import processor_s, server_pid, versions
from bench.api.stream import Plan, measure_stream
from bench.command import BenchError, run, wanted_parts
from bench.figures import percentiles, store
from devstack.console import Console

DEFAULT_ALERTS = 5_000_000
CLIENTS = 20
PARTS = ("lists", "statistics", "ranges", "stream")


def main() -> int:
    """Measure the parts asked for, one after the other, and report after each."""
    parser = argparse.ArgumentParser(prog="make bench-api", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="parts to measure")
    parser.add_argument("--alerts", type=int, default=DEFAULT_ALERTS, help="in PostgreSQL")
    parser.add_argument("--workers", type=int, default=1, help="processes of the API")
    parser.add_argument("--times", type=int, default=100, help="that each operation is asked for")
    parser.add_argument("--rate", type=float, default=2.0, help="requests/s of a paced client")
    parser.add_argument("--seconds", type=int, default=60, help="of the stream")
    given = parser.parse_args()
    wanted = wanted_parts(parser, given.only, PARTS)
    return run(lambda console, load: _measure(wanted, given, console, load))


def _measure(
    wanted: Sequence[str], given: argparse.Namespace, console: Console, load: float
) -> None:
    with running_bed(console) as bed:
        fill(bed.dsn, given.alerts)
        where = (
            f"{versions(bed)}; {given.alerts:,} alerts; API processes: {given.workers}; "
            f"load before {load:.1f}"
        )
        with serving(bed, workers=given.workers) as served:
            chance = Chance(bed.dsn, seed=7)
            parts: dict[str, Callable[[], dict[str, Any]]] = {
                "lists": lambda: _loads("lists", bed, served, list(lists(chance)), given),
                "statistics": lambda: _loads(
                    "statistics", bed, served, list(statistics(chance)), given
                ),
                "ranges": lambda: _loads("ranges", bed, served, list(ranges(chance)), given),
                "stream": lambda: measure_stream(
                    bed, served, Plan(clients=200, rate=100, seconds=given.seconds)
                ),
            }
            for name in wanted:
                report = merged({name: {**parts[name](), "measured": where}})
                store(report, FILE)
    print(markdown(report))  # noqa: T201
    console.line(f"All figures: {os.path.relpath(FILE)}")


def _loads(
    title: str, bed: Bed, served: Served, operations: list[Operation], given: argparse.Namespace
) -> dict[str, Any]:
    """Both loads, after some requests that warm up what a running system has warm."""
    measure(served, operations, Load(clients=4, times=2), f"{title}: warm-up")
    loads = {
        "closed": Load(clients=CLIENTS, times=given.times),
        "paced": Load(clients=CLIENTS, times=given.times, rate=given.rate),
    }
    return {
        name: _figures(bed, served, operations, load, f"{title}: {name}")
        for name, load in loads.items()
    }


def _figures(
    bed: Bed, served: Served, operations: list[Operation], load: Load, title: str
) -> dict[str, Any]:
    postgres = server_pid(bed)
    before = [processor_s(pid) for pid in (served.pid, postgres)]
    measured = measure(served, operations, load, title)
    used_ms = [
        1000 * (processor_s(pid) - was)
        for pid, was in zip((served.pid, postgres), before, strict=True)
    ]
    everything = sorted(ms for each in measured.latencies_ms.values() for ms in each)
    if not everything:
        raise BenchError("the API answered nothing")
    for name, errors in measured.errors.items():
        bed.console.line(f"{name}: {len(errors)} errors, such as {errors[0]}")
    return {
        "load": _told(load),
        "requests_per_s": round(len(everything) / measured.seconds),
        **percentiles(everything),
        "errors": sum(map(len, measured.errors.values())),
        "api_cpu_ms": round(used_ms[0] / len(everything), 2),
        "postgres_cpu_ms": round(used_ms[1] / len(everything), 2),
        "operations": {each.name: _operation(measured, each.name) for each in operations},
    }


def _operation(measured: Measured, name: str) -> dict[str, Any]:
    latencies_ms = sorted(measured.latencies_ms[name]) or [float("nan")]
    return {**percentiles(latencies_ms), "errors": len(measured.errors.get(name, ()))}


def _told(load: Load) -> str:
    if load.rate is None:
        return f"closed: {load.clients} clients, each sends as soon as it is answered"
    return f"paced: {load.clients} clients, each {load.rate:g} requests/s at random moments"


if __name__ == "__main__":
    sys.exit(main())
