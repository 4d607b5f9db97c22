"""The bench's figures as JSON, as a table for people, and as Markdown for docs/benchmarks.md.

`python -m bench.detector.report` prints the Markdown of the latest results.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bench.figures import stored, table, unaligned
from devstack.layout import CHECKOUT

RESULTS: Final = CHECKOUT / "bench" / "results"
FILE: Final = RESULTS / "detector.json"
FINGUARD: Final = "FinGuard"
FAST_PEERS: Final = ("Kafka Streams", "Kafka Streams, one thread", "Quix Streams")
NAIVE: Final = "Naive loop"

Parts = Mapping[str, Mapping[str, Any]]


def merged(parts: Parts, file: Path = FILE) -> dict[str, Any]:
    """The figures of this run; parts that it did not measure are kept from the file.

    Each part knows its own machine and date, so that none is taken for another's.
    """
    kept = json.loads(file.read_text("utf-8"))["parts"] if file.exists() else {}
    everything = {**kept, **parts}
    return {**summary(everything), "parts": everything}


def summary(parts: Parts) -> dict[str, Any]:
    """The few figures that others look for, of those parts that were measured."""
    found: dict[str, Any] = {}
    if "throughput" in parts:
        systems = parts["throughput"]["systems"]
        tps = {name: figures["tps"] for name, figures in systems.items()}
        warm = {name: figures["warm_tps"] for name, figures in systems.items()}
        own = tps.pop(FINGUARD)
        found = {
            "finguard_tps": own,
            "peers": tps,
            "ratio_to_fastest_peer": round(own / max(tps[peer] for peer in FAST_PEERS), 2),
            "warm_ratio_to_fastest_peer": round(
                warm[FINGUARD] / max(warm[peer] for peer in FAST_PEERS), 2
            ),
            "ratio_to_naive": round(own / tps[NAIVE], 1),
            "two_processes_tps": parts["throughput"]["two_processes"]["tps"],
        }
    if "latency" in parts:
        found["latency_ms"] = {
            rate: {name: figures[name] for name in ("p50", "p99", "max")}
            for rate, figures in parts["latency"]["rates"].items()
        }
    if "memory" in parts:
        found["rss_mb"] = parts["memory"]["resident"]["max_mb"]
        found["rss_drift_mb"] = parts["memory"]["resident"]["drift_mb"]
    if "redis" in parts:
        daily = parts["redis"]["by_purchases_a_day"]
        found["redis_bytes_per_user"] = daily["2"]["bytes_per_user"]
        found["redis_bytes_per_busy_user"] = daily["3"]["bytes_per_user"]
    return found


def markdown(report: Mapping[str, Any]) -> str:
    """All tables, each with what it was measured on."""
    parts: Parts = report["parts"]
    sections = {
        "throughput": _throughput,
        "latency": _latency,
        "memory": _memory,
        "redis": _redis,
    }
    texts: list[str] = []
    for name, section in sections.items():
        if name in parts:
            measured = parts[name]["measured"]
            texts += ["\n".join(section(parts[name], report)), f"*{measured}*"]
    return "\n\n".join(texts)


def _throughput(part: Mapping[str, Any], report: Mapping[str, Any]) -> Iterator[str]:
    systems: Mapping[str, Mapping[str, Any]] = part["systems"]
    own = systems[FINGUARD]
    rows = [
        (
            name,
            f"{figures['tps']:,}",
            f"{figures['tps_least']:,} to {figures['tps_most']:,}",
            f"{own['tps'] / figures['tps']:.2f}",
            f"{figures['warm_tps']:,}",
            f"{own['warm_tps'] / figures['warm_tps']:.2f}",
            f"{figures['cpu_s_per_million']:.0f} + {figures['services_cpu_s_per_million']:.0f}",
            _difference(figures),
            figures["guarantee"],
        )
        for name, figures in systems.items()
    ]
    yield from table(
        (
            "system, one process",
            "transactions/s",
            "spread",
            "FinGuard is so many times as fast",
            "once warm",
            "times once warm",
            "processor s a million, own + services",
            "alerts against FinGuard's",
            "each event's effects",
        ),
        rows,
    )
    counts = ", ".join(f"{count:,} {rule}" for rule, count in own["alerts"].items())
    pair = part["two_processes"]
    yield ""
    yield (
        f"Backlog of {part['messages']:,}, {own['rounds']} rounds; alerts: {counts}. "
        f"FinGuard in two processes: {pair['tps']:,}/s, once warm {pair['warm_tps']:,}/s "
        f"({_difference(pair)}). Against the fastest of Kafka Streams and Quix Streams: "
        f"{report['ratio_to_fastest_peer']:.2f} times; against the naive loop: "
        f"{report['ratio_to_naive']:.1f} times."
    )


def _difference(figures: Mapping[str, Any]) -> str:
    missing, extra = figures["missing"], figures["extra"]
    return "the same" if missing == extra == 0 else f"{missing:,} missing, {extra:,} more"


def _latency(part: Mapping[str, Any], _report: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (
            f"{int(rate):,}",
            *(f"{figures[name]:.1f} ms" for name in ("p50", "p99", "max")),
            f"{figures['alerts']:,}",
            " / ".join(f"{figures['from_due'][name]:.1f}" for name in ("p50", "p99", "max")),
            f"{figures['publisher_behind_max']:.1f} ms",
        )
        for rate, figures in part["rates"].items()
    ]
    yield from table(
        (
            "transactions/s",
            "p50",
            "p99",
            "max",
            "alerts",
            "from when due, p50 / p99 / max in ms",
            "publisher at most behind",
        ),
        rows,
    )


def _memory(part: Mapping[str, Any], _report: Mapping[str, Any]) -> Iterator[str]:
    resident = part["resident"]
    fifths = " → ".join("?" if mb is None else f"{mb:.0f}" for mb in resident["fifths_mb"])
    yield from table(
        ("detector resident, max", "median of each fifth, MB", "drift, first to last", "messages"),
        [
            (
                f"{resident['max_mb']:.0f} MB",
                fifths,
                f"{resident['drift_mb']:+.1f} MB",
                f"{resident['messages']:,}",
            )
        ],
    )


def _redis(part: Mapping[str, Any], _report: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (
            f"{daily}",
            f"{figures['bytes_per_user']:.0f}",
            f"{figures['packed_bytes_per_profile']:.0f}",
            f"{figures['transactions_per_profile']:.1f}",
            f"{part['users']:,}",
        )
        for daily, figures in part["by_purchases_a_day"].items()
    ]
    yield from table(
        (
            "purchases a day",
            "bytes of Redis a user",
            "of them pages",
            "transactions in a profile",
            "users",
        ),
        rows,
    )


def main() -> None:
    """Print the latest results as Markdown."""
    print(unaligned(markdown(stored(FILE, "make bench-detector"))))  # noqa: T201


if __name__ == "__main__":
    main()
