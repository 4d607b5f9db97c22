"""Two pictures of the figures, as SVG written by hand: bars of throughput, curves of latency."""

from collections.abc import Iterator, Mapping
from html import escape
from math import log10
from pathlib import Path
from typing import Any, Final

from bench.detector.report import FINGUARD, RESULTS

WIDTH: Final = 720
LABELS: Final = 130
BAR: Final = 30
HEIGHT: Final = 300
MARGIN: Final = 50
COLOURS: Final = ("#c2410c", "#1d4ed8")
GREY: Final = "#94a3b8"
INK: Final = "#334155"


def draw(report: Mapping[str, Any], folder: Path = RESULTS) -> None:
    """Draw what has been measured."""
    parts = report["parts"]
    if "throughput" in parts:
        _save(folder / "throughput.svg", *_bars(parts["throughput"]["systems"]))
    if "latency" in parts:
        _save(folder / "latency.svg", HEIGHT, _curves(parts["latency"]["rates"]))


def _save(file: Path, height: int, shapes: Iterator[str]) -> None:
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' font-family="sans-serif" font-size="13" fill="{INK}">'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>{"".join(shapes)}</svg>\n',
        encoding="utf-8",
    )


def _bars(systems: Mapping[str, Mapping[str, Any]]) -> tuple[int, Iterator[str]]:
    """A bar for each median, with a line from the slowest round to the fastest."""
    most = max(figures["tps_most"] for figures in systems.values())
    scale = (WIDTH - LABELS - 100) / most

    def shapes() -> Iterator[str]:
        for number, (name, figures) in enumerate(systems.items()):
            top, middle = 40 + number * BAR, 40 + number * BAR + BAR / 2 - 4
            length, colour = figures["tps"] * scale, COLOURS[0] if name == FINGUARD else GREY
            least, greatest = (LABELS + figures[key] * scale for key in ("tps_least", "tps_most"))
            yield _text(LABELS - 8, middle + 5, name, "end")
            yield _rect(LABELS, top, length, BAR - 8, colour)
            yield _line(least, middle, greatest, middle)
            yield _text(max(LABELS + length, greatest) + 8, middle + 5, f"{figures['tps']:,}/s")
        yield _text(8, 22, "Transactions a second, one process; medians, and the spread of rounds")

    return 50 + BAR * len(systems), shapes()


def _curves(rates: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The share of alerts that were visible after so many milliseconds, on a logarithmic axis."""
    most = max(figures["curve"][-1] for figures in rates.values())
    decades = max(1.0, log10(max(10.0, most)))
    right, bottom = WIDTH - 20, HEIGHT - MARGIN

    def across(ms: float) -> float:
        return MARGIN + (right - MARGIN) * log10(max(1.0, ms)) / decades

    for ms in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000):
        if log10(ms) <= decades:
            yield _line(across(ms), 40, across(ms), bottom, "#e2e8f0")
            yield _text(across(ms), bottom + 18, f"{ms:,}", "middle")
    for share in (0.0, 0.5, 0.99):
        height = bottom - share * (bottom - 40)
        yield _line(MARGIN, height, right, height, "#e2e8f0")
        yield _text(MARGIN - 6, height + 5, f"{share:.0%}", "end")
    for (rate, figures), colour in zip(rates.items(), COLOURS, strict=False):
        curve = figures["curve"]
        points = " ".join(
            f"{across(ms):.1f},{bottom - (bottom - 40) * step / (len(curve) - 1):.1f}"
            for step, ms in enumerate(curve)
        )
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        name = f"{int(rate):,}/s: p50 {figures['p50']} ms, p99 {figures['p99']} ms"
        place = 60 + 20 * COLOURS.index(colour)
        yield f'<g fill="{colour}">{_text(MARGIN + 12, place, name)}</g>'
    yield _text(8, 22, "Milliseconds from published until visible in PostgreSQL, share of alerts")


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" fill="{colour}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = INK) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'
