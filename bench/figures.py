"""What all measurements say of a distribution, and how they show it."""

from collections.abc import Iterator, Sequence


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
