"""The API's figures as JSON, and as Markdown for docs/benchmarks.md.

`python -m bench.api.report` prints the Markdown of the latest results.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bench.figures import stored, table, unaligned
from devstack.layout import CHECKOUT

FILE: Final = CHECKOUT / "bench" / "results" / "api.json"
WORST: Final = 12
"""Operations that the page shows of each load; the file has them all."""

Parts = Mapping[str, Mapping[str, Any]]


def merged(parts: Parts, file: Path = FILE) -> dict[str, Any]:
    """The figures of this run, and those of parts that it did not measure.

    `endpoints` has of each operation what the closed load came to.
    """
    kept = json.loads(file.read_text("utf-8"))["parts"] if file.exists() else {}
    everything: dict[str, Any] = {**kept, **parts}
    endpoints = {
        name: {key: figures[key] for key in ("p50", "p99", "errors")}
        for part in ("lists", "statistics", "ranges")
        if part in everything
        for name, figures in everything[part]["closed"]["operations"].items()
    }
    return {"endpoints": endpoints, "parts": everything}


def markdown(report: Mapping[str, Any], *, worst: int | None = None) -> str:
    """All tables, each with what it was measured on; of operations the worst so many, or all."""
    texts: list[str] = []
    for name, part in report["parts"].items():
        section = _stream(part) if name == "stream" else _operations(name, part, worst)
        texts += ["\n".join(section), f"*{part['measured']}*"]
    return "\n\n".join(texts)


def _operations(name: str, part: Mapping[str, Any], worst: int | None) -> Iterator[str]:
    loads = {load: part[load] for load in ("closed", "paced")}
    yield from table(
        (f"{name}: load", "requests/s", "p50", "p99", "max", "errors", "ms of processor a request"),
        [
            (
                figures["load"],
                f"{figures['requests_per_s']:,}",
                *(f"{figures[key]} ms" for key in ("p50", "p99", "max")),
                f"{figures['errors']:,}",
                f"{figures['api_cpu_ms']} API + {figures['postgres_cpu_ms']} PostgreSQL",
            )
            for figures in loads.values()
        ],
    )
    yield ""
    operations = {load: figures["operations"] for load, figures in loads.items()}
    names = sorted(operations["paced"], key=lambda each: -operations["paced"][each]["p99"])
    yield from table(
        (name, "paced: p50, p99", "closed: p50, p99", "errors"),
        [
            (
                each,
                *(
                    f"{operations[load][each]['p50']}, {operations[load][each]['p99']} ms"
                    for load in ("paced", "closed")
                ),
                f"{sum(operations[load][each]['errors'] for load in operations)}",
            )
            for each in names[:worst]
        ],
    )


def _stream(part: Mapping[str, Any]) -> Iterator[str]:
    yield from table(
        (
            "clients",
            "alerts/s",
            "alerts",
            "clients that got each once, in order",
            "p50",
            "p99",
            "max",
        ),
        [
            (
                f"{part['clients']}",
                f"{part['alerts_per_s']}",
                f"{part['alerts']:,}",
                f"{part['each_once_in_order']}",
                *(f"{part[key]} ms" for key in ("p50", "p99", "max")),
            )
        ],
    )


def main() -> None:
    """Print the latest results as Markdown."""
    print(unaligned(markdown(stored(FILE, "make bench-api"), worst=WORST)))  # noqa: T201


if __name__ == "__main__":
    main()
