"""The dashboard's figures as JSON, and as Markdown for docs/benchmarks.md.

`python -m bench.dashboard.report` prints the Markdown of the latest results.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bench.figures import stored, table, unaligned
from devstack.layout import CHECKOUT

FILE: Final = CHECKOUT / "bench" / "results" / "dashboard.json"

Parts = Mapping[str, Mapping[str, Any]]


def merged(parts: Parts, file: Path = FILE) -> dict[str, Any]:
    """The figures of this run, and those of parts that it did not measure."""
    kept = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return {**kept, **parts}


def markdown(report: Parts) -> str:
    """All tables, each with what it was measured on."""
    tables = {"visits": _visits, "refreshes": _refreshes, "crowd": _crowd}
    texts: list[str] = []
    for name, rows in tables.items():
        if name in report:
            texts += ["\n".join(rows(report[name]["figures"])), f"*{report[name]['measured']}*"]
    return "\n\n".join(texts)


def _visits(figures: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    yield from table(
        ("after the login, to the first figure, row or chart", "p50", "max"),
        [
            (name, *(f"{each[key]:,.0f} ms" for key in ("p50", "max")))
            for name, each in figures.items()
        ],
    )


def _refreshes(figures: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    costs = {
        "ms": "answered in, together",
        "api_cpu_ms": "processor of the API",
        "postgres_cpu_ms": "of PostgreSQL",
        "dashboard_cpu_ms": "of the dashboard",
    }
    yield from table(
        ("each refresh of", "requests", *costs.values()),
        [
            (name, f"{each['requests']}", *(f"{each[key]} ms" for key in costs))
            for name, each in figures.items()
        ],
    )


def _crowd(figures: Mapping[str, Any]) -> Iterator[str]:
    rounds = range(1, len(figures["alone"]) + 1)
    crowd = f"{figures['dashboards']} dashboards"
    yield from table(
        ("the API's lists", *(f"p50, p99 of round {number}" for number in rounds)),
        [
            (label, *(f"{each['p50']}, {each['p99']} ms" for each in figures[key]))
            for label, key in (("no dashboard", "alone"), (crowd, "beside"))
        ],
    )
    yield ""
    kept_up = figures["live_parts_drawn"] / figures["live_parts_asked"]
    yield (
        f"p99 with {crowd}: **{figures['p99_ratio']} times** that without, by the medians of the "
        f"rounds; {figures['requests_per_s']:g} requests/s of others, {figures['errors']} errors; "
        f"the dashboards drew {kept_up:.0%} of the {figures['live_parts_asked']:,} live parts that "
        "were due."
    )


def main() -> None:
    """Print the latest results as Markdown."""
    print(unaligned(markdown(stored(FILE, "make bench-dashboard"))))  # noqa: T201


if __name__ == "__main__":
    main()
