"""What all measurements say of a distribution, how they show it, and where they keep it."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any


def percentiles(ordered_ms: list[float]) -> dict[str, float]:
    """What is told of a distribution, in milliseconds."""
    return {
        "p50": round(at(ordered_ms, 0.50), 1),
        "p99": round(at(ordered_ms, 0.99), 1),
        "max": round(ordered_ms[-1], 1),
    }


def at(ordered: list[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    return ordered[max(0, min(len(ordered) - 1, round(share * len(ordered)) - 1))]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table, in Markdown whose columns are also aligned."""
    lines = [list(heads), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for number, line in enumerate(lines):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"


def store(report: Mapping[str, Any], file: Path) -> None:
    """Write the figures."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def stored(file: Path, command: str) -> dict[str, Any]:
    """The latest figures; without any the program ends, and names the command that makes some."""
    if not file.exists():
        sys.exit(f"there are no results yet: {command}")
    report: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return report


def unaligned(markdown: str) -> str:
    """The same for a file, where there is no need for aligned columns."""
    return re.sub(r" {2,}\|", " |", markdown)
